"""From items to an order, and to the plain values that its signed link carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import OrderError
from .money import Money
from .records import DEFAULT_ACCOUNT
from .records import Item
from .records import Line
from .records import Order
from .records import reason_of

#: No order is dearer than this, in whole units of its currency.
LARGEST_TOTAL = 10_000_000
#: How long a shop's own ``order_key`` may be.
ORDER_KEY_LENGTH = 120
NEXT_URL_LENGTH = 2000


@dataclass(frozen=True)
class Shop:
    """What holds for every item that does not say otherwise."""

    currency: str
    downloads: int | None = None
    days: int | None = None
    account: str = DEFAULT_ACCOUNT


def make_order(
    items: Iterable[Item],
    shop: Shop | str,
    *,
    next_url: str | None = None,
    key: str | None = None,
    reserve: bool = False,
) -> Order:
    """The order of these items, priced now.

    :param shop: what holds for every item that does not say otherwise; a currency will do.
    :raises OrderError: for no items, the same one twice, two currencies, an unusable ``next_url`` or
        ``order_key``, or a repeatable item without a key of the shop's.
    """
    shop = Shop(shop) if isinstance(shop, str) else shop
    items = only_items(items)
    if not items:
        raise OrderError("an order needs at least one Item")
    _one_currency(items, shop.currency)
    _each_once(items)
    order = Order(
        lines=tuple(_line(item, shop) for item in items),
        currency=items[0].currency or shop.currency,
        reason=reason_of(items),
        next_url=_local(next_url),
        key=_shop_key(key, items),
        reserve=bool(reserve),
        account=shop.account,
    )
    if order.total.minor > Money.parse(LARGEST_TOTAL, order.currency).minor:
        raise OrderError(f"{order.total} is more than one payment can carry")
    return order


def only_items(items: Iterable[Item]) -> tuple[Item, ...]:
    """These items.

    :raises TypeError: one of them is something else.
    """
    found = tuple(items)
    for item in found:
        if not isinstance(item, Item):
            raise TypeError(
                f"what is sold is an Item, several Items, or None where nothing is to pay, not {item!r:.80}"
            )
    return found


def payload_of(order: Order) -> dict[str, Any]:
    """The order as plain JSON values, short: it travels in a URL."""
    return {
        "l": [_line_values(line) for line in order.lines],
        "c": order.currency,
        "r": order.reason,
        "n": order.next_url,
        "k": order.key,
        **({"h": 1} if order.reserve else {}),
        **({"a": order.account} if order.account != DEFAULT_ACCOUNT else {}),
    }


def _line_values(line: Line) -> list[Any]:
    terms = [line.downloads, line.days] if (line.downloads, line.days) != (None, None) else []
    return [line.sku, line.reason, line.quantity, line.unit_amount, line.data, line.repeatable, *terms]


def order_of(payload: Mapping[str, Any]) -> Order:
    """The order behind a payload that this shop signed."""
    lines = tuple(Line(*values) for values in payload["l"])
    more = bool(payload.get("h")), payload.get("a", DEFAULT_ACCOUNT)
    return Order(lines, payload["c"], payload["r"], payload["n"], payload["k"], *more)


def _line(item: Item, shop: Shop) -> Line:
    return Line(
        sku=item.sku,
        reason=item.reason,
        quantity=item.quantity,
        unit_amount=Money.parse(item.price, item.currency or shop.currency).minor,
        data=item.data,
        repeatable=item.repeatable,
        downloads=_limit(item.downloads, shop.downloads),
        days=_limit(item.days, shop.days),
    )


def _limit(own: int | None, of_the_shop: int | None) -> int | None:
    """0 is the item's way to say: without limit, whatever the shop's setting."""
    return of_the_shop if own is None else own or None


def _each_once(items: tuple[Item, ...]) -> None:
    twice = sorted(sku for sku, count in Counter(item.sku for item in items).items() if count > 1)
    if twice:
        raise OrderError(f"{', '.join(twice)} stands in this order more than once: use one Item with quantity=")


def _one_currency(items: tuple[Item, ...], currency: str) -> None:
    currencies = {item.currency or currency for item in items}
    if len(currencies) > 1:
        raise OrderError(f"one order, one currency: these items are priced in {', '.join(sorted(currencies))}")


def _shop_key(key: Any, items: tuple[Item, ...]) -> str | None:
    if key is None:
        if any(item.repeatable for item in items):
            raise OrderError("a repeatable item needs your own order_key: it tells one purchase of it from the next")
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= ORDER_KEY_LENGTH or key.startswith("fps:"):
        raise OrderError(
            f"order_key is a text of 1 to {ORDER_KEY_LENGTH} characters, not beginning with 'fps:', and not {key!r:.80}"
        )
    return key


def _local(next_url: Any) -> str | None:
    """Only a path of this shop: a browser reads ``//host`` and ``/\\host`` as another server."""
    if next_url is None:
        return None
    if not isinstance(next_url, str):
        raise OrderError(f"next_url is a path of this shop such as '/download/1', not {next_url!r:.80}")
    strange = any(ord(character) <= 32 or character == "\\" or ord(character) == 127 for character in next_url)
    if strange or not next_url.startswith("/") or next_url.startswith("//") or len(next_url) > NEXT_URL_LENGTH:
        raise OrderError(f"next_url is a path of this shop such as '/download/1', not {next_url!r:.80}")
    return next_url
