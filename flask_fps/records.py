"""What the rooms of this package hand each other: frozen, and free of the database and of Flask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from .errors import OrderError
from .money import Money

#: The JSON of an item's ``data`` is at most this long.
DATA_BYTES = 1024
SKU_LENGTH = 128
REASON_LENGTH = 255
QUANTITY_MAX = 10_000


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
#: No payment ever leaves these.
FINAL = frozenset({State.PAID, State.FAILED, State.EXPIRED, State.CANCELLED})
#: Of one order, at most one payment may stand in these (the ledger's unique index says so too).
CLAIMING = frozenset({State.PAYING, State.UNKNOWN, State.PENDING, State.RESERVED, State.PAID})


@dataclass(frozen=True)
class Item:
    """One thing the shop sells, priced by the shop's own code.

    :param sku: the shop's stable name for it; what a buyer owns is known by this.
    :param price: of one piece: Decimal, int or plain-digit str. A float is refused.
    :param reason: what the buyer reads on the payment page.
    :param quantity: how many pieces this line sells.
    :param currency: ISO 4217 code; ``None`` is the shop's ``FPS_CURRENCY``.
    :param data: JSON-able, at most 1 KiB; comes back as ``payment.items[0].data``.
    :param repeatable: it may be bought again by who owns it already (then the order needs the
        shop's own ``order_key``).
    :raises OrderError: for what cannot be sold; the message says what to change.
    """

    sku: str
    price: Decimal | int | str
    reason: str
    quantity: int = field(default=1, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    data: Any = field(default=None, kw_only=True)
    repeatable: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        _text("sku", self.sku, SKU_LENGTH)
        _text("reason", self.reason, REASON_LENGTH)
        if isinstance(self.quantity, bool) or not isinstance(self.quantity, int):
            raise OrderError(f"the quantity of {self.sku} is {self.quantity!r}: use a whole number")
        if not 1 <= self.quantity <= QUANTITY_MAX:
            raise OrderError(f"the quantity of {self.sku} is {self.quantity}: use 1 to {QUANTITY_MAX}")
        if Money.parse(self.price, self.currency or "USD").minor == 0:
            raise OrderError(f"{self.sku} costs nothing: return None instead of an Item, there is nothing to pay")
        if len(_json(self.sku, self.data)) > DATA_BYTES:
            raise OrderError(f"the data of {self.sku} is over {DATA_BYTES} bytes of JSON: store it and pass its key")


@dataclass(frozen=True)
class Line:
    """An item as it was when the order was made: the snapshot that is paid for and delivered."""

    sku: str
    reason: str
    quantity: int
    #: Price of one piece, in minor units of the order's currency.
    unit_amount: int
    data: Any = None
    repeatable: bool = False

    @property
    def amount(self) -> int:
        """Price of the whole line, in minor units."""
        return self.unit_amount * self.quantity


@dataclass(frozen=True)
class Order:
    """The wish for items. It has no row of its own; the ledger knows it by ``key``."""

    lines: tuple[Line, ...]
    currency: str
    reason: str
    #: A path of the shop to go to once it is paid, or ``None``.
    next_url: str | None = None
    #: The shop's own key; ``None`` lets the ledger derive one from buyer and goods.
    key: str | None = None

    @property
    def total(self) -> Money:
        return Money(sum(line.amount for line in self.lines), self.currency)

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple(line.sku for line in self.lines)


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
    #: ``ABT``, ``ACH`` or ``CC`` on FPS.
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
    #: What was given back so far, in minor units.
    refunded: int = 0

    @property
    def amount(self) -> Decimal:
        """What is paid, in the main unit of :attr:`currency`."""
        return self.money.decimal

    @property
    def currency(self) -> str:
        return self.money.currency

    @property
    def is_paid(self) -> bool:
        return self.state is State.PAID

    @property
    def refunded_money(self) -> Money:
        return Money(self.refunded, self.currency)

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

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Intent:
    """One frozen request to move a payment's money: sent again, it is sent exactly like this."""

    #: The request's own idempotency key (FPS: ``CallerReference`` of the Pay call).
    reference: str
    #: ``pay`` here; later ``reserve``, ``settle``, ``cancel``, ``refund``.
    kind: str
    #: The payment it belongs to.
    payment: str
    money: Money
    authorization_id: str
    #: Every parameter of the provider's request but its time, its key and its signature.
    parameters: Mapping[str, str]
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
    #: Who was paid, as the provider names him.
    payee: str | None = field(default=None, compare=False)

    @property
    def other_payee(self) -> str:
        """What to tell an operator where the money did not go to us."""
        named = f" ({self.payee})" if self.payee else ""
        return f"somebody else was paid{named}: is the recipient in the settings the right one?"


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
    request_id: str | None = None
    #: Present when the provider was asked for the transaction (:meth:`Gateway.status`, ``find``).
    facts: Facts | None = None


@dataclass(frozen=True)
class Grant:
    """The right of a buyer to one line of a paid order."""

    sku: str
    quantity: int
    buyer: str
    payment: str
    created_at: datetime
    data: Any = None


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


def _text(name: str, value: object, length: int) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > length:
        raise OrderError(f"an item's {name} is a text of 1 to {length} characters, not {value!r:.80}")
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise OrderError(f"an item's {name} must not hold control characters or half characters: {value!r:.80}")


def _json(sku: str, data: Any) -> bytes:
    try:
        return json.dumps(data, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise OrderError(
            f"the data of {sku} cannot be stored as JSON ({error}): use plain dicts, lists and strings"
        ) from error
