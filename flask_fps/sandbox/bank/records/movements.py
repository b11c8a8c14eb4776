"""Money moved, or about to move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ....money import Money
from ..rules import NOTHING


@dataclass(frozen=True)
class Standing:
    """An account's balance right after a transaction moved."""

    email: str
    balance: Money


@dataclass(frozen=True)
class StatusChange:
    """One entry of a transaction's history."""

    at: datetime
    status: str
    code: str
    amount: Money
    standings: tuple[Standing, ...] = ()

    def balance_of(self, email: str) -> Money | None:
        """The account's balance right after it."""
        return next((standing.balance for standing in self.standings if standing.email == email), None)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a caller of 2007-01-08 wrote on a transaction, and what shows that he is one."""

    caller_token_id: str | None = None
    sender_reference: str | None = None
    recipient_reference: str | None = None
    recipient_description: str | None = None
    meta_data: str | None = None


@dataclass(frozen=True, kw_only=True)
class TransactionRecord:
    """One movement of money, done, under way or failed (FPS API reference, TransactionDetail)."""

    transaction_id: str
    #: FPSOperation; a Settle turns ``Reserve`` into ``Settle``.
    operation: str
    caller_reference: str
    amount: Money
    fees: Money
    #: ``Caller`` or ``Recipient``.
    fees_paid_by: str
    sender: str
    recipient: str
    caller: str
    #: The key the request was signed with.
    access_key: str
    method: str
    #: ``Pending``, ``Success``, ``Failure``, ``Reserved`` or ``Cancelled``.
    status: str
    status_code: str
    status_message: str
    received_at: datetime
    completed_at: datetime | None = None
    #: While it is pending or reserved: when that ends. A pending one ends well with ``Success``, else with the
    #: status code of a failure; a reserved one expires.
    settles_at: datetime | None = None
    ends_with: str = "Success"
    #: The status code while it is pending.
    waits_with: str = "PendingNetworkResponse"
    #: What is held of the sender's money, and until when; ``None`` where nothing is.
    held: Money | None = None
    held_until: datetime | None = None
    #: Its pending end is that of a Cancel.
    cancelling: bool = False
    history: tuple[StatusChange, ...] = ()
    standings: tuple[Standing, ...] = ()
    sender_token_id: str | None = None
    recipient_token_id: str | None = None
    #: The prepaid or credit instrument it spends, funds, settles or writes off.
    instrument_id: str | None = None
    caller_description: str | None = None
    sender_description: str | None = None
    #: What the sender's card statement says.
    statement: str = ""
    #: Only where the request came in 2007-01-08: then its end is a result to fetch.
    labels: Labels | None = None
    #: The caller's own timestamp.
    caller_date: datetime | None = None
    #: Of a refund: the transaction it gives back. Of that one: its refunds.
    parent_id: str | None = None
    refund_ids: tuple[str, ...] = ()
    #: Promised back so far, amount and fee.
    refunded: Money
    fees_refunded: Money
    #: What the caller takes of it, fixed and in percent, and what that is on this amount; of a refund, what he gives
    #: back. What he has given back so far.
    fixed_fee: Money | None = None
    variable_fee: Decimal | None = None
    marketplace_fees: Money = NOTHING
    marketplace_refunded: Money = NOTHING
    #: Begun in the account manager, not by a call.
    by_hand: bool = False
    #: A refund of the caller's fee alone.
    of_fee: bool = False
    #: The subscription it is a payment of.
    subscription_id: str | None = None
    #: OverrideIPNURL of the request.
    ipn_url: str | None = None

    @property
    def is_pending(self) -> bool:
        return self.status == "Pending"

    @property
    def fee_payer(self) -> str:
        """Whose account FPS's fee is taken from; of a refund, who gets it back."""
        seller = self.sender if self.operation == "Refund" else self.recipient
        return self.caller if self.fees_paid_by == "Caller" else seller

    def involves(self, email: str) -> bool:
        """True where the account took part in any role."""
        return email in (self.sender, self.recipient, self.caller)

    def balance_of(self, email: str) -> Money | None:
        """The account's balance right after this transaction last moved."""
        return next((standing.balance for standing in self.standings if standing.email == email), None)
