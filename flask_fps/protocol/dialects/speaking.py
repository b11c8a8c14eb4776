"""Speaking any version in the words of the newest: for whoever must not care which one it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import Protocol
from typing import TYPE_CHECKING
from typing import TypeVar

from ...errors import ServiceError
from ..messages import Message

if TYPE_CHECKING:
    from ..client import Client

R = TypeVar("R")

#: The status code of a Pay or Reserve that pends until its caller tries it again (2007-01-08 alone).
TEMPORARY_DECLINE = "TemporaryDecline"


@dataclass(frozen=True)
class RoleTokens:
    """The tokens that stand for our own roles, where there are any."""

    caller: str | None = None
    recipient: str | None = None


class Speaker(Protocol):
    """Takes the messages of ``messages`` and gives their results, whatever is spoken on the wire."""

    def parameters(self, message: Message[Any]) -> Mapping[str, str]:
        """The message as it will be sent: to be stored, and sent by :meth:`send_parameters`."""

    def send(self, message: Message[R]) -> R:
        """Raises as :meth:`~flask_fps.protocol.client.Client.send`."""

    def send_parameters(self, message_type: type[Message[R]], parameters: Mapping[str, str]) -> R:
        """Raises as :meth:`~flask_fps.protocol.client.Client.send_parameters`."""

    def retry(self, transaction_id: str) -> None:
        """Try a transaction again that was declined for the moment (:data:`TEMPORARY_DECLINE`).

        Raises as :meth:`~flask_fps.protocol.client.Client.send`.
        """


@dataclass(frozen=True)
class Plain:
    """The versions that these messages are of."""

    client: Client

    def parameters(self, message: Message[Any]) -> Mapping[str, str]:
        return message.parameters()

    def send(self, message: Message[R]) -> R:
        return self.client.send(message)

    def send_parameters(self, message_type: type[Message[R]], parameters: Mapping[str, str]) -> R:
        return self.client.send_parameters(message_type, parameters)

    def retry(self, transaction_id: str) -> None:
        raise ServiceError("InvalidAction", "this API version tries again by itself", http_status=400)
