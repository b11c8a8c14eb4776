"""The last 30 days as bars, drawn by the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from ..ledger import Takings
from ..money import Money
from ..words import money
from ..words import say
from ..words import short_day

DAYS = 30
#: In the drawing's own units; the page scales it.
WIDTH, HEIGHT, GAP = 600, 120, 4
#: A day with takings is seen, however small they are.
LEAST = 3


@dataclass(frozen=True)
class Bar:
    """One day."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Chart:
    """All of them, and what they come to."""

    bars: tuple[Bar, ...]
    total: Money
    payments: int
    first: datetime
    last: datetime


def chart(takings: Iterable[Takings], today: datetime, currency: str) -> Chart:
    """What was paid in this currency, a bar for each day that ends with ``today``."""
    of_day = {each.day: each for each in takings if each.money.currency == currency}
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    amounts = [of_day[day].money.minor if day in of_day else 0 for day in days]
    highest = max(amounts)
    step = WIDTH / DAYS
    bars = []
    for number, (day, amount) in enumerate(zip(days, amounts, strict=True)):
        height = max(amount / highest * HEIGHT, LEAST) if amount else 0
        bars.append(Bar(number * step, HEIGHT - height, step - GAP, height, _label(day, of_day.get(day))))
    payments = sum(each.payments for each in of_day.values())
    return Chart(tuple(bars), Money(sum(amounts), currency), payments, days[0], days[-1])


def _label(day: datetime, takings: Takings | None) -> str:
    if takings is None:
        return say("%(day)s: nothing", day=short_day(day))
    total, number = money(takings.money), takings.payments
    return say("%(day)s: %(total)s, payments: %(number)s", day=short_day(day), total=total, number=number)
