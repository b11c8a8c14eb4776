"""What goes back to a caller."""

from __future__ import annotations

from dataclasses import dataclass

from ...protocol import wire
from ..bank import BankError
from ..bank import ids
from .door import Call
from .errors import http_status
from .errors import internal_error

CONTENT_TYPE = "text/xml;charset=UTF-8"


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    content_type: str = CONTENT_TYPE
    #: How much of it never arrives: nothing, :data:`~..http.WHOLE` or :data:`~..http.HALF`.
    cut: str = ""


def refusal(call: Call, error: BankError) -> Reply:
    """The answer to a request that was let in and is refused, in its dialect."""
    status, body = call.dialect.render_refusal(
        call.action, http_status(error.code), error.code, (error.message, *error.others), ids.request_id()
    )
    return Reply(status, body)


def error_reply(error: BankError) -> Reply:
    """The answer at the front door."""
    return Reply(http_status(error.code), wire.render_error(error.code, error.message, ids.request_id()))


def internal_failure() -> Reply:
    """The answer when the sandbox itself is at fault."""
    return error_reply(internal_error())
