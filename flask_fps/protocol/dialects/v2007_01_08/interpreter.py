"""What is said in the words of later versions, said in those of 2007-01-08, and its answers back again.

Tokens for our own roles are added; what later versions call ``Pending`` had three names. There was no Cancel:
what is reserved is released after seven days.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import TYPE_CHECKING
from typing import TypeVar

from ....errors import ServiceError
from ...messages import Message
from ..speaking import RoleTokens
from . import messages
from .saying import SAY
from .saying import say
from .saying import TYPES
from .understanding import UNDERSTAND

if TYPE_CHECKING:
    from ...client import Client

R = TypeVar("R")


@dataclass(frozen=True)
class Interpreter:
    """Between a caller of today and a service of 2007.

    :param tokens: asked when a request is made that needs them.
    """

    client: Client
    tokens: Callable[[], RoleTokens]

    def parameters(self, message: Message[Any]) -> Mapping[str, str]:
        """An action that this version lacks stays as it is: it is stored like any other, and refused as it is sent."""
        return say(message, self.tokens).parameters() if type(message) in SAY else message.parameters()

    def send(self, message: Message[R]) -> R:
        if type(message) not in SAY:
            raise _unsaid(type(message))
        return self._later(type(message), self.client.send(say(message, self.tokens)))

    def send_parameters(self, message_type: type[Message[R]], parameters: Mapping[str, str]) -> R:
        if message_type not in TYPES:
            raise _unsaid(message_type)
        return self._later(message_type, self.client.send_parameters(TYPES[message_type], parameters))

    def retry(self, transaction_id: str) -> None:
        self.client.send(messages.RetryTransaction(original_transaction_id=transaction_id))

    def _later(self, message_type: type[Message[R]], answer: Any) -> R:
        understood: R = UNDERSTAND[message_type](answer)
        return understood


def _unsaid(message: type[Message[Any]]) -> ServiceError:
    return ServiceError("InvalidAction", f"API version 2007-01-08 has no {message.action}", http_status=400)
