"""What the rooms of this package hand each other: frozen, and free of the database and of Flask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from .goods import DEFAULT_ACCOUNT as DEFAULT_ACCOUNT
from .goods import Item as Item
from .goods import Line as Line
from .goods import Order as Order
from .goods import reason_of as reason_of
from .money import Money
from .rights import covered as covered
from .rights import Grant as Grant
from .rights import Right as Right


class State(str, Enum):
    """Where a payment stands. ``paid``, ``failed``, ``expired`` and ``cancelled`` are final."""

    STARTED = "started"
    ABANDONED = "abandoned"
    REFUSED = "refused"
    AUTHORIZED = "authorized"
    PAYING = "paying"
    UNKNOWN = "unknown"
    PENDING = "pending"
    RESERVED = "reserved"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.value


#: The id of a buyer who has not signed in begins with this.
GUEST = "guest:"
#: So many characters of a provider's own name of a thing (an attempt, an authorization, a transaction) are kept.
PROVIDER_NAME_LENGTH = 512
#: No payment ever leaves these.
FINAL = frozenset({State.PAID, State.FAILED, State.EXPIRED, State.CANCELLED})
#: Of one order, at most one payment may stand in these (the ledger's unique index says so too).
CLAIMING = frozenset({State.PAYING, State.UNKNOWN, State.PENDING, State.RESERVED, State.PAID})


@dataclass(frozen=True)
class Payment:
    """One attempt to pay one order, as it stood when it was read. It never changes under you."""

    #: Public name of this payment, unguessable; FPS knows it as ``callerReference``.
    reference: str
    state: State
    #: The snapshot of what is paid for.
    items: tuple[Line, ...]
    money: Money
    #: The shop's stable id of the buyer, or a guest id.
    buyer: str
    account: str
    gateway: str
    order_key: str
    reason: str
    next_url: str | None
    #: The URL the provider sends the buyer back to, as it was signed: returns are verified against it.
    return_url: str
    #: Where the provider posts notifications for this payment.
    notify_url: str
    created_at: datetime
    redirect_url: str | None = None
    gateway_handle: str | None = None
    #: What the buyer authorised (FPS: the sender token id).
    authorization_id: str | None = None
    #: ``balance``, ``bank`` or ``card``, else whatever the provider calls it.
    method: str | None = None
    transaction_id: str | None = None
    payer: str | None = None
    authorized_at: datetime | None = None
    paid_at: datetime | None = None
    delivered_at: datetime | None = None
    due_at: datetime | None = None
    #: How often somebody has set about taking it further.
    asked: int = 0
    closed_at: datetime | None = None
    superseded_by: str | None = None
    parked_reason: str | None = None
    #: What was given back so far or is on its way, in minor units.
    refunded: int = 0
    #: Where the buyer can be written to.
    contact: str | None = None
    #: The buyer's money is held first, and taken when the shop settles.
    reserve: bool = False
    #: Of a reserved payment: when the provider drops the hold.
    hold_until: datetime | None = None
    #: What was taken, in minor units, where it is less than :attr:`money`: a reservation settled in part.
    paid_amount: int | None = None

    @property
    def amount(self) -> Decimal:
        """What the buyer approved, in the main unit of :attr:`currency`; :attr:`paid_money` is what was taken."""
        return self.money.decimal

    @property
    def currency(self) -> str:
        return self.money.currency

    @property
    def is_paid(self) -> bool:
        return self.state is State.PAID

    @property
    def paid_money(self) -> Money:
        """What was taken of a paid payment: all that was approved, or the part that a reservation was settled for."""
        return self.money if self.paid_amount is None else Money(self.paid_amount, self.currency)

    @property
    def refunded_money(self) -> Money:
        return Money(self.refunded, self.currency)

    @property
    def refundable_money(self) -> Money:
        """What may still be given back."""
        return Money(max(self.paid_money.minor - self.refunded, 0), self.currency)

    def line_money(self, line: Line) -> Money:
        """What one of the items costs in all."""
        return Money(line.amount, self.currency)


class IntentState(str, Enum):
    """What is known of one request that moves money."""

    FROZEN = "frozen"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    PENDING = "pending"
    RESERVED = "reserved"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    #: Refused for now: the same wish may be sent again as a new request.
    REFUSED = "refused"

    def __str__(self) -> str:
        return self.value


class Kind(str, Enum):
    """What a request is to do with a payment's money."""

    PAY = "pay"
    RESERVE = "reserve"
    SETTLE = "settle"
    CANCEL = "cancel"
    REFUND = "refund"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Intent:
    """One frozen request to move a payment's money: sent again, it is sent exactly like this."""

    #: The request's own idempotency key (FPS: ``CallerReference`` of the Pay call).
    reference: str
    #: A :class:`Kind`.
    kind: str
    #: The payment it belongs to.
    payment: str
    money: Money
    authorization_id: str
    #: Every parameter of the provider's request but its time, its key and its signature.
    parameters: Mapping[str, str]
    #: Of a request to reserve: how long the provider holds the money, from the authorization on.
    holds_for: timedelta | None = None
    state: IntentState = IntentState.FROZEN
    #: How often its bytes may have left, and how many of those sends are known to have moved nothing.
    sends: int = 0
    harmless_sends: int = 0
    first_sent_at: datetime | None = None


class Result(str, Enum):
    """What became of a request that moves money."""

    SUCCESS = "success"
    PENDING = "pending"
    RESERVED = "reserved"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    #: Sent, or perhaps sent, and no readable answer. Never a "no".
    UNKNOWN = "unknown"
    #: Proven: not one byte left this machine.
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Facts:
    """What the provider says of a transaction when asked under our own keys."""

    reference: str | None
    money: Money | None
    #: Did the money go to this shop? ``None``: the answer does not say.
    ours: bool | None
    #: Who was paid, as the provider has the name.
    payee: str | None = field(default=None, compare=False)
    #: Of money that went back: the transaction it came from.
    gives_back: str | None = None
    #: It was taken back from us, by a bank and not by the shop.
    chargeback: bool = False

    @property
    def other_payee(self) -> str:
        """What to tell an operator where the money did not go to us."""
        named = f" ({self.payee})" if self.payee else ""
        return f"somebody else was paid{named}: is the recipient in FPS_RECIPIENT_EMAIL the right one?"


@dataclass(frozen=True)
class Outcome:
    """What became of a request that moves money."""

    result: Result
    transaction_id: str | None = None
    payer: str | None = None
    method: str | None = None
    #: The provider's error code or status code.
    code: str | None = None
    message: str = ""
    #: The provider documents that the same wish may succeed later.
    retryable: bool = False
    #: Turned away before anybody looked at what it asked for: our own keys or clock are wrong.
    unread: bool = False
    #: Proven: the provider's books were read to their end, and it is not in them (:meth:`Gateway.find`).
    absent: bool = False
    #: Of a transaction that pends: it goes on only if it is tried again (:meth:`~flask_fps.gateways.Retries.retry`).
    declined_for_now: bool = False
    request_id: str | None = None
    #: Present when the provider was asked for the transaction (:meth:`Gateway.status`, ``find``).
    facts: Facts | None = None

    @property
    def moved_nothing(self) -> bool:
        """Of the send that it answers: never out, or refused without a transaction. Earlier sends are not in it."""
        return self.result is Result.NOT_SENT or (self.result is Result.FAILURE and self.transaction_id is None)


class RefundState(str, Enum):
    """How far the money is on its way back. Only a ``failed`` refund gives its amount back to what is left."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Refund:
    """Money that goes back to the buyer, as it stood when it was read."""

    #: The payment it belongs to.
    payment: str
    #: Of one payment, the same key is the same refund.
    key: str
    money: Money
    state: RefundState
    #: ``refund``: asked for here; ``adopted``: made by hand at the provider; ``chargeback``: taken back by a bank.
    kind: str
    created_at: datetime
    transaction_id: str | None = None
    #: When it was done, or failed.
    settled_at: datetime | None = None
    #: What the provider said last.
    said: str | None = None

    @property
    def amount(self) -> Decimal:
        """What goes back, in the main unit of :attr:`currency`."""
        return self.money.decimal

    @property
    def currency(self) -> str:
        return self.money.currency


@dataclass(frozen=True)
class Booked:
    """One of the provider's transactions, as the ledger has it."""

    transaction_id: str
    payment: str
    #: The reference of the request that made it.
    intent: str
    result: Result
    money: Money
    is_paid: bool


@dataclass(frozen=True)
class JournalEntry:
    """One line of a payment's story."""

    at: datetime
    event: str
    detail: Mapping[str, Any]
    from_state: str | None = None
    to_state: str | None = None


def is_guest(buyer: str) -> bool:
    """Is this the id of somebody known by a cookie only?"""
    return buyer.startswith(GUEST)
