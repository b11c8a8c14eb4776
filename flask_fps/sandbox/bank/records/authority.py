"""What people have agreed to: tokens, instruments, subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ....money import Money
from ..limits import Limit
from ..limits import Usage
from ..periods import Period


@dataclass(frozen=True, kw_only=True)
class Token:
    """A payment token: an account's leave for one caller to do something (FPS API reference, *Token*)."""

    token_id: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted`` (TokenType).
    token_type: str
    #: What it is good for: ``Pay`` (as its sender, Reserve too), ``Receive`` (as the recipient of payments),
    #: ``Refund`` (as the sender of refunds), ``FundPrepaid``, ``SettleDebt``, or ``Own``: an account's instruction to
    #: itself, in :attr:`instruction`.
    use: str = "Pay"
    #: E-mail addresses: on whose account it is installed, for which caller, and who may be paid with it.
    sender: str
    caller: str
    recipient: str
    #: Where it may pay more than one: every one of them.
    recipients: tuple[str, ...] = ()
    #: Of the co-branded request; a namespace apart from the API's references.
    caller_reference: str
    #: The most, and where there is one the least, of a single payment.
    amount: Money
    least: Money | None = None
    #: ``ABT``, ``ACH`` or ``CC``; ``Prepaid`` or ``Debt`` where it spends an instrument.
    method: str
    #: The prepaid or credit instrument that it spends, funds or settles.
    instrument_id: str | None = None
    #: How often and for how much it may be used, and how far that has gone: as many of one as of the other.
    limits: tuple[Limit, ...] = ()
    usages: tuple[Usage, ...] = ()
    #: Of a recipient's token: which ways to pay he takes (none named: all), whether FPS's fee is his, and what the
    #: caller may take at most, in money and in percent; ``None``: nothing was agreed.
    accepts: tuple[str, ...] = ()
    pays_fees: bool = True
    max_fixed_fee: Money | None = None
    max_variable_fee: Decimal | None = None
    #: GateKeeper text of an ``Own`` token.
    instruction: str | None = None
    reason: str = ""
    friendly_name: str = ""
    created_at: datetime
    starts_at: datetime | None = None
    #: ``None``: it does not expire.
    expires_at: datetime | None
    #: The transaction that used it up.
    used_by: str | None = None
    cancelled_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Unused, not cancelled and within its life."""
        return self.used_by is None and self.cancelled_at is None and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def pays(self, email: str) -> bool:
        """May this account be paid with it?"""
        return email in (self.recipients or (self.recipient,))


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A prepaid balance or a line of credit that one recipient keeps for one sender."""

    instrument_id: str
    #: ``Prepaid`` or ``Debt``, as the payment method is called.
    kind: str
    #: E-mail addresses: who spends it, and who issued it.
    sender: str
    recipient: str
    #: The most that may be on it, or be owed.
    limit: Money
    #: What is on it, or owed.
    balance: Money
    #: What is on its way: a funding, or a settlement of the debt.
    pending: Money
    created_at: datetime
    starts_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Payments of one amount that come by themselves."""

    subscription_id: str
    #: E-mail addresses.
    sender: str
    recipient: str
    description: str
    amount: Money
    #: So many first payments are of this amount.
    promotional_amount: Money | None = None
    promotional_count: int = 0
    method: str
    frequency: Period
    lasts: Period | None = None
    started_at: datetime
    ends_at: datetime | None = None
    #: When the next payment is made; ``None``: never.
    next_at: datetime | None
    #: ``Active``, ``Cancelled`` or ``Completed``.
    status: str = "Active"
    #: Of its payments, oldest first.
    transaction_ids: tuple[str, ...] = ()
    ipn_url: str | None = None

    def amount_of(self, number: int) -> Money:
        """What the payment after so many others comes to."""
        if self.promotional_amount is not None and number < self.promotional_count:
            return self.promotional_amount
        return self.amount
