"""What is asked of a dialect, by those who send requests and by those who answer them."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import ClassVar
from typing import TYPE_CHECKING
from typing import TypeVar

from .. import signing
from ..messages import Message
from ..wire import Answer
from ..wire import namespace
from ..wire import parse_error
from ..wire import render_error
from .speaking import Plain
from .speaking import RoleTokens
from .speaking import Speaker

if TYPE_CHECKING:
    from ..client import Client

R = TypeVar("R")


@dataclass(frozen=True)
class Dialect(ABC):
    """One version of the API."""

    version: str
    #: Its actions, by their names on the wire.
    actions: Mapping[str, type[Message[Any]]]
    #: The signature versions that a service of this version takes; a client of ours makes the first.
    signatures: tuple[str, ...]

    #: Does every request that moves money show a token of its caller?
    with_caller_token: ClassVar[bool] = False
    #: May a timestamp lack its ``Z``?
    zone_may_lack: ClassVar[bool] = False

    @property
    def namespace(self) -> str:
        """The XML namespace."""
        return namespace(self.version)

    # -------------------------------------------------------------------------------- requests

    def action(self, name: str) -> type[Message[Any]] | None:
        """The action that a request names."""
        return self.actions.get(name)

    def accepts(self, message: type[Message[Any]], name: str) -> bool:
        """Is this a parameter of the action?"""
        return self.spelled(message, name) is not None

    def spelled(self, message: type[Message[Any]], name: str) -> str | None:
        """The documented spelling of a parameter's name, or ``None`` for one the action does not have."""
        return name if message.accepts(name, self.version) else None

    def signed(self, method: str, url: str, params: Mapping[str, str], secret: str) -> dict[str, str]:
        """The parameters with the signature that clients of this version made."""
        return _SIGN[self.signatures[0]](method, url, params, secret)

    # -------------------------------------------------------------------------------- answers

    @abstractmethod
    def render_answer(self, action: str, result: object | None, request_id: str) -> bytes:
        """A successful answer."""

    @abstractmethod
    def parse_answer(self, body: bytes, message: type[Message[R]]) -> Answer[R]:
        """Read the answer to a request of this kind that came with HTTP 200.

        :raises ServiceError: if it says no.
        :raises OutcomeUnknown: if it is anything but exactly such an answer.
        """

    def render_refusal(
        self, action: str, status: int, code: str, reasons: Sequence[str], request_id: str
    ) -> tuple[int, bytes]:
        """What says no to a request that was let in: HTTP status and body.

        :param status: the HTTP status this code goes out with since 2008.
        :param reasons: one sentence or more; most versions can tell one.
        """
        return status, render_error(code, reasons[0], request_id)

    parse_error = staticmethod(parse_error)

    def speaker(self, client: Client, tokens: Callable[[], RoleTokens]) -> Speaker:
        """Whoever speaks this version for one who only knows the newest.

        :param tokens: of our own roles, for a version that wants them.
        """
        return Plain(client)


def _sign_v1(_method: str, _url: str, params: Mapping[str, str], secret: str) -> dict[str, str]:
    named = {**params, "SignatureVersion": "1"}
    return {**named, "Signature": signing.sign_v1(named, secret)}


def _sign_v2(method: str, url: str, params: Mapping[str, str], secret: str) -> dict[str, str]:
    named = {**params, "SignatureMethod": signing.HMAC_SHA256, "SignatureVersion": "2"}
    return {**named, "Signature": signing.sign(method, url, named, secret)}


_SIGN = {"1": _sign_v1, "2": _sign_v2}
