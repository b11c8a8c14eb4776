"""What every token has in common that a person's yes makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import ids
from ..records import Token


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Who said yes to whom, and when."""

    #: E-mail addresses: who agreed (of a recipient's token: that recipient), and whose application asked.
    sender: str
    caller: str
    #: Of the co-branded request: ``callerReference``, or ``callerReferenceSender``.
    caller_reference: str
    #: The payment method he chose: ``ABT``, ``ACH`` or ``CC``; of a recipient's token it is not looked at.
    method: str
    at: datetime
    #: ``paymentReason``.
    reason: str = ""
    #: ``validityStart`` and ``validityExpiry``; ``None`` where the request does not say.
    starts_at: datetime | None = None
    expires_at: datetime | None = None

    def token(self, **more: Any) -> Token:
        """A token with all that is said here; ``more`` has the rest of its fields, and overrules."""
        said: dict[str, Any] = {
            "token_id": ids.token_id(),
            "sender": self.sender,
            "caller": self.caller,
            "recipient": self.caller,
            "caller_reference": self.caller_reference,
            "method": self.method,
            "reason": self.reason,
            "friendly_name": f"Friendly{int(self.at.timestamp())}",
            "created_at": self.at,
            "starts_at": self.starts_at,
            "expires_at": self.expires_at,
        }
        return Token(**(said | more))
