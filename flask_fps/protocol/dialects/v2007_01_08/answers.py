"""The answers of API version 2007-01-08: the result stands in the root itself, beside the status of the request.

Only the root and ``TransactionResponse`` are in the namespace, under the prefix that clients of the time
counted on. A refusal comes with HTTP 200 and may tell several reasons. FPS API reference 2007-01-08.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType
from typing import Any
from typing import TYPE_CHECKING
from typing import TypeVar

from ....errors import OutcomeUnknown
from ....errors import ServiceError
from ... import codes
from ... import wire
from ...messages import Message
from ...wire import leaf
from ...wire import only
from ...wire import tag
from ...wire import text_of
from ...wire import Unreadable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

R = TypeVar("R")

PREFIX = "ns3"
QUALIFIED = frozenset({"TransactionResponse"})
#: What the schema has behind the status of the request.
BEHIND = "DiscardErrors"


def render(action: str, result: object | None, namespace: str, request_id: str) -> bytes:
    """A successful answer."""
    pieces = [] if result is None else list(wire.elements(result, _prefixed))
    behind = [piece for piece in pieces if piece.startswith(f"<{BEHIND}>")]
    before = [piece for piece in pieces if piece not in behind]
    return _document(action, namespace, [*before, leaf("Status", "Success"), *behind], request_id)


def render_refusal(action: str, code: str, reasons: Iterable[str], namespace: str, request_id: str) -> bytes:
    """A refusal with its reasons, all under one code."""
    entries = "".join(tag("Errors", "".join(_entry(code, reason))) for reason in reasons)
    return _document(action, namespace, [leaf("Status", "Failure"), tag("Errors", entries)], f"{request_id}:0")


def parse(body: bytes, message: type[Message[R]], namespace: str) -> wire.Answer[R]:
    """Read the answer to a request of this kind that came with HTTP 200.

    :raises ServiceError: if the request was refused.
    :raises OutcomeUnknown: if it is anything but exactly such an answer, or the service failed.
    """
    with wire.understood(message.action):
        root = wire.document(body)
        if (error := wire.error_of(root, 200)) is not None:
            raise error
        wire.check_root(root, f"{{{namespace}}}{message.action}Response")
        _check_accepted(root, message.action, namespace)
        result: Any = None
        if message.result is not NoneType:
            result = wire.read(root, message.result, lambda name: _qualified(name, namespace))
        return wire.Answer(result, text_of(only(root, "RequestId")))


def _check_accepted(root: Element, action: str, namespace: str) -> None:
    status, errors = text_of(only(root, "Status")), root.find("Errors")
    if status == "Success" and errors is None:
        return
    if status != "Failure" or errors is None or root.find(f"{{{namespace}}}TransactionResponse") is not None:
        raise Unreadable(f"its status is {status!r:.20}, and the rest does not go with it")
    raise _refusal(root, action)


def _refusal(root: Element, action: str) -> Exception:
    entries = only(root, "Errors").findall("Errors")
    if not entries:
        raise Unreadable("a refusal without a reason")
    code = wire.code_of(only(entries[0], "ErrorCode"))
    reasons = "; ".join(text_of(only(entry, "ReasonText")) for entry in entries)
    if text_of(only(entries[0], "ErrorType")) != "Business":
        return OutcomeUnknown(f"{action} was answered by a failure of the service ({code}: {reasons})")
    return ServiceError(
        code,
        reasons,
        request_id=text_of(only(root, "RequestId")),
        http_status=200,
        retryable=text_of(only(entries[0], "IsRetriable")) == "true",
    )


def _entry(code: str, reason: str) -> Iterable[str]:
    yield leaf("ErrorType", "Business")
    yield leaf("IsRetriable", "true" if codes.retryable(code) else "false")
    yield leaf("ErrorCode", code)
    yield leaf("ReasonText", reason)


def _document(action: str, namespace: str, pieces: Iterable[str], request_id: str) -> bytes:
    content = "".join([*pieces, leaf("RequestId", request_id)])
    root = f"{PREFIX}:{action}Response"
    return f'{wire.DECLARATION}<{root} xmlns:{PREFIX}="{namespace}">{content}</{root}>'.encode()


def _qualified(name: str, namespace: str) -> str:
    return f"{{{namespace}}}{name}" if name in QUALIFIED else name


def _prefixed(name: str) -> str:
    return f"{PREFIX}:{name}" if name in QUALIFIED else name
