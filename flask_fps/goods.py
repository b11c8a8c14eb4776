"""What is sold: the items a shop offers, and the lines of an order as they were when it was made."""

from __future__ import annotations

import json
from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .errors import OrderError
from .money import Money

#: The JSON of an item's ``data`` is at most this long.
DATA_BYTES = 1024
SKU_LENGTH = 128
REASON_LENGTH = 255
QUANTITY_MAX = 10_000
#: The account of the plain ``FPS_*`` keys.
DEFAULT_ACCOUNT = "default"


@dataclass(frozen=True)
class Item:
    """One thing the shop sells, priced by the shop's own code.

    :param sku: the shop's stable name for it; what a buyer owns is known by this.
    :param price: of one piece: Decimal, int or plain-digit str. A float is refused.
    :param reason: what the buyer reads on the payment page.
    :param quantity: how many pieces this line sells; where a gate or :meth:`FPS.is_paid` asks, how many must be owned.
    :param currency: ISO 4217 code; ``None`` is the shop's ``FPS_CURRENCY``.
    :param data: JSON-able, at most 1 KiB; comes back as ``payment.items[0].data``.
    :param repeatable: it may be bought again by who owns it already (then the order needs the
        shop's own ``order_key``).
    :param downloads: how often each piece may be downloaded; ``None`` is the shop's ``FPS_DOWNLOAD_LIMIT``, 0
        without limit.
    :param days: for how many days it may be downloaded; ``None`` is the shop's ``FPS_DOWNLOAD_DAYS``, 0 for ever.
    :raises OrderError: for what cannot be sold; the message says what to change.
    """

    sku: str
    price: Decimal | int | str
    reason: str
    quantity: int = field(default=1, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    data: Any = field(default=None, kw_only=True)
    repeatable: bool = field(default=False, kw_only=True)
    downloads: int | None = field(default=None, kw_only=True)
    days: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _text("sku", self.sku, SKU_LENGTH)
        _text("reason", self.reason, REASON_LENGTH)
        _whole(self.sku, "quantity", self.quantity, least=1)
        for name, limit in (("downloads", self.downloads), ("days", self.days)):
            if limit is not None:
                _whole(self.sku, name, limit, least=0)
        if self._minor_price() == 0:
            raise OrderError(f"{self.sku} costs nothing: return None instead of an Item, there is nothing to pay")
        if len(_json(self.sku, self.data)) > DATA_BYTES:
            raise OrderError(f"the data of {self.sku} is over {DATA_BYTES} bytes of JSON: store it and pass its key")

    def _minor_price(self) -> int:
        try:
            return Money.parse(self.price, self.currency or "USD").minor
        except (OrderError, TypeError) as error:
            raise type(error)(f"the price of {self.sku}: {error}") from None


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
    #: How often each piece, and for how many days, it may be downloaded; ``None``: without limit.
    downloads: int | None = None
    days: int | None = None

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
    #: Hold the buyer's money first; the shop takes it later.
    reserve: bool = False
    #: Whose money it becomes, for the payment's whole life.
    account: str = DEFAULT_ACCOUNT

    @property
    def total(self) -> Money:
        return Money(sum(line.amount for line in self.lines), self.currency)

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple(line.sku for line in self.lines)

    def without(self, skus: Collection[str]) -> Order:
        """The order of all other lines."""
        rest = tuple(line for line in self.lines if line.sku not in skus)
        return replace(self, lines=rest, reason=reason_of(rest))


def reason_of(lines: Sequence[Item | Line]) -> str:
    """What the buyer reads an order is for."""
    first = lines[0].reason if lines[0].quantity == 1 else f"{lines[0].quantity} × {lines[0].reason}"
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"{first[: REASON_LENGTH - len(more)]}{more}"


def _whole(sku: str, name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise OrderError(f"the {name} of {sku} is {value!r}: use a whole number")
    if not least <= value <= QUANTITY_MAX:
        raise OrderError(f"the {name} of {sku} is {value}: use {least} to {QUANTITY_MAX}")


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
