"""API version 2007-01-08, the first: a token for every role, GateKeeper, results that are fetched.

===================  =============================================================================
``messages``         the actions and their parameters
``results``          what their answers hold
``answers``          the form of answers and refusals
``names``            the spellings that clients of the time used
``own_tokens``       tokens for one's own roles
``interpreter``      this version for whoever speaks the newest
===================  =============================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING
from typing import TypeVar

from ...messages import Message
from ...wire import Answer
from ..base import Dialect
from ..speaking import RoleTokens
from ..speaking import Speaker
from . import answers
from . import names
from .interpreter import Interpreter
from .messages import ACTIONS

if TYPE_CHECKING:
    from ...client import Client

R = TypeVar("R")


class First(Dialect):
    """2007-01-08."""

    with_caller_token = True
    zone_may_lack = True

    def action(self, name: str) -> type[Message[Any]] | None:
        """Names of actions are read ignoring case, too."""
        return _BY_LOWER_CASE.get(name.lower())

    def spelled(self, message: type[Message[Any]], name: str) -> str | None:
        return names.spelled(message, name, self.version)

    def render_answer(self, action: str, result: object | None, request_id: str) -> bytes:
        return answers.render(action, result, self.namespace, request_id)

    def parse_answer(self, body: bytes, message: type[Message[R]]) -> Answer[R]:
        return answers.parse(body, message, self.namespace)

    def render_refusal(
        self, action: str, status: int, code: str, reasons: Sequence[str], request_id: str
    ) -> tuple[int, bytes]:
        """What FPS itself is to blame for has the form it has at the front door."""
        if status >= 500:
            return super().render_refusal(action, status, code, reasons, request_id)
        return 200, answers.render_refusal(action, code, reasons, self.namespace, request_id)

    def speaker(self, client: Client, tokens: Callable[[], RoleTokens]) -> Speaker:
        return Interpreter(client, tokens)


_BY_LOWER_CASE = {name.lower(): message for name, message in ACTIONS.items()}

#: Signature version 1 is what this version's clients had; version 2 came while it still answered.
V2007_01_08 = First("2007-01-08", ACTIONS, signatures=("1", "2"))
