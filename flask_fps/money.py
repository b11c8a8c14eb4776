"""Money as integer minor units with a currency; :class:`~decimal.Decimal` only at the edges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context
from decimal import Decimal
from decimal import Inexact

from .errors import OrderError

#: Digits after the point, by ISO 4217 code. FPS itself knows USD only.
EXPONENTS = {"USD": 2, "EUR": 2, "GBP": 2, "CAD": 2, "AUD": 2, "CHF": 2, "JPY": 0}
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
#: No single payment is larger than this many minor units (ten thousand million dollars).
LARGEST = 10**12

#: Raises instead of rounding, whatever precision a shop has set for its own sums.
_EXACT = Context(prec=64, traps=[Inexact])
_PLAIN_NUMBER = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True)
class Money:
    """An amount in the smallest unit of its currency: ``Money(10, "USD")`` is ten cents."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, value: Decimal | int | str, currency: str) -> Money:
        """Read a price exactly.

        A string must be plain ASCII digits with an optional point; nothing is ever rounded.

        :raises TypeError: for a float, which cannot hold most prices exactly.
        :raises OrderError: for anything else that is not a price in this currency.
        """
        exponent = exponent_of(currency)
        try:
            minor = _decimal(value).scaleb(exponent, _EXACT).quantize(Decimal(1), context=_EXACT)
        except Inexact:
            raise OrderError(
                f"{value} has more than {exponent} digits after the point: round it to whole cents first"
            ) from None
        if not 0 <= minor <= LARGEST:
            raise OrderError(f"{value} {currency} is not an amount that can be paid")
        return cls(int(minor), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in the currency's main unit, with all its digits: ``Decimal("0.10")``."""
        return Decimal(self.minor).scaleb(-exponent_of(self.currency), _EXACT)

    def __str__(self) -> str:
        """For people: ``$0.10``, ``12.00 CHF``."""
        symbol = SYMBOLS.get(self.currency)
        return f"{symbol}{self.decimal:,}" if symbol else f"{self.decimal:,} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise OrderError(f"{self} and {other} are of two currencies: one order, one currency")
        return other.minor


def exponent_of(currency: str) -> int:
    """Digits after the point in this currency.

    :raises OrderError: for a currency this package does not know.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise OrderError(
            f"{currency!r} is not a currency this package knows: use one of {', '.join(EXPONENTS)}"
        ) from None


def _decimal(value: Decimal | int | str) -> Decimal:
    if isinstance(value, float):
        raise TypeError(f"a price must not be a float: {value!r} is not exact; write Decimal('{value}') or '{value}'")
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise TypeError(f"a price is a Decimal, an int or a str, not {type(value).__name__}")
    if isinstance(value, str) and not _PLAIN_NUMBER.fullmatch(value):
        raise OrderError(f"{value!r} is not a price: write plain digits such as '0.10'")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > LARGEST:
        raise OrderError(f"{value} is not an amount that can be paid")
    return number
