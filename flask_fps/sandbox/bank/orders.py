"""What every request to move money says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from .records import Labels
from .settlement import Ending


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What an order may count on: the rules were not the same in all years."""

    #: The least cents by card or bank account.
    smallest: int = 2
    #: What can hold money for somebody.
    reserves_on: tuple[str, ...] = ("ABT", "CC")
    #: What a declined card comes to: a failure, or :data:`~.settlement.TEMPORARY`, to be tried again by the caller.
    declines_with: str = "TransactionDenied"

    def least(self, method: str) -> int:
        """The least cents one may move by this method: a balance may move a single one."""
        return self.smallest if method in ("ACH", "CC") else 1


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a caller asks for, whatever it is that moves."""

    caller_reference: str
    caller_description: str | None = None
    sender_description: str | None = None
    #: Still pending after this long, it fails.
    timeout: timedelta | None = None
    ipn_url: str | None = None
    caller_date: datetime | None = None
    #: DescriptorPolicy: whose name the sender's card statement has, and whether it is the sender's description instead.
    statement_by: str = "Recipient"
    dynamic_statement: bool = False
    terms: Terms = Terms()
    labels: Labels | None = None
    #: When and how it shall end, whatever its method says; ``None`` leaves that to the method.
    ending: Ending | None = None
