"""What a co-branded request asks for, value by value.

FPS developer guide, *Generic Parameters* and the page of each pipeline. A bad value never stops the request at the
door: it goes back to its caller as ``CE`` with the parameter's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal

from ...money import Money
from ...protocol import values
from ...protocol.pipelines import REFERENCE_LENGTH
from . import periods
from .limits import Limit
from .periods import Period
from .rules import CURRENCY
from .rules import METHODS
from .rules import Rules

#: Shown on the confirmation page only; nothing says that they add up.
AMOUNT_PARTS = ("itemTotal", "shipping", "handling", "giftWrapping", "discount", "tax")
#: ``validityStart`` may lie ahead this far.
AHEAD = Period(1, "year")
#: The use case of 2007 writes ``ba`` for a bank account.
_METHOD_NAMES = {"abt": "ABT", "ach": "ACH", "ba": "ACH", "cc": "CC"}
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,8}(\.0{1,2})?", re.ASCII)
_PERCENTAGE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)


class NotWellFormed(ValueError):
    """The name of a parameter whose value is bad."""


@dataclass(frozen=True)
class Asked:
    """A request's parameters, read at a moment. An empty value counts as none.

    :raises NotWellFormed: from every method, naming the first parameter whose value is bad.
    """

    params: Mapping[str, str]
    rules: Rules
    now: datetime

    def amount(self, name: str, largest: int | None = None) -> Money:
        """More than nothing, and no more than so many cents."""
        money = self._money(name)
        if not money.minor > 0 or (largest is not None and money.minor > largest):
            raise NotWellFormed(name)
        return money

    def payment(self, name: str) -> Money:
        """What a single payment may come to."""
        return self.amount(name, self.rules.largest)

    def maybe_payment(self, name: str) -> Money | None:
        return self.payment(name) if self.params.get(name) else None

    @property
    def is_of_2007(self) -> bool:
        """Does it come from the first years, when neither of these was sent?"""
        return not {"signature", "version"} & self.params.keys()

    def fee(self, name: str) -> Money:
        """An amount that may be nothing."""
        return self._money(name)

    def percentage(self, name: str) -> Decimal:
        text = self.params.get(name, "")
        if not _PERCENTAGE.fullmatch(text) or Decimal(text) > 100:
            raise NotWellFormed(name)
        return Decimal(text)

    def flag(self, name: str) -> bool:
        try:
            return values.boolean(self.params.get(name) or "false")
        except ValueError:
            raise NotWellFormed(name) from None

    def needed_flag(self, name: str) -> bool:
        if not self.params.get(name):
            raise NotWellFormed(name)
        return self.flag(name)

    def one_of(self, name: str, allowed: Iterable[str], default: str) -> str:
        value = self.params.get(name) or default
        if value not in allowed:
            raise NotWellFormed(name)
        return value

    def period(self, name: str) -> Period:
        try:
            return periods.parse(self.params.get(name, ""))
        except ValueError:
            raise NotWellFormed(name) from None

    def reference(self, name: str) -> str:
        value = self.params.get(name, "")
        if not 0 < len(value.encode()) <= REFERENCE_LENGTH:
            raise NotWellFormed(name)
        return value

    def tokens(self, name: str) -> tuple[str, ...]:
        """The ids in a comma list; none where it is not there."""
        return tuple(one.strip() for one in self.params[name].split(",")) if self.params.get(name) else ()

    def methods(self) -> tuple[str, ...]:
        """``paymentMethod`` as FPS's kinds; absent it means the balance, in 2007 everything."""
        text = self.params.get("paymentMethod", "")
        if not text:
            return METHODS if self.is_of_2007 else ("ABT",)
        kinds = {_METHOD_NAMES.get(name.strip().lower()) for name in text.split(",")}
        if None in kinds:
            raise NotWellFormed("paymentMethod")
        return tuple(kind for kind in METHODS if kind in kinds)

    def starts_at(self) -> datetime | None:
        """``validityStart``: not before now, as a caller's own clock may show it, nor more than a year ahead."""
        start = self._moment("validityStart")
        if start is not None and not self.now - self.rules.request_window <= start <= AHEAD.after(self.now):
            raise NotWellFormed("validityStart")
        return start

    def expires_at(self) -> datetime | None:
        """``validityExpiry``: after its start, and after now."""
        expiry = self._moment("validityExpiry")
        if expiry is not None and expiry <= max(self.now, self.starts_at() or self.now):
            raise NotWellFormed("validityExpiry")
        return expiry

    def limits(self) -> tuple[Limit, ...]:
        """``usageLimitType1`` with its value and its period, and the same with 2."""
        return tuple(limit for limit in (self._limit("1"), self._limit("2")) if limit is not None)

    def check_what_is_shown(self) -> None:
        """What no token holds, and the pages show all the same."""
        if self.params.get("currencyCode", CURRENCY) != CURRENCY:
            raise NotWellFormed("currencyCode")
        for name in AMOUNT_PARTS:
            if self.params.get(name):
                self._money(name)
        for name in ("collectShippingAddress", "isRecipientCobranding", "reserve"):
            self.flag(name)

    def _money(self, name: str) -> Money:
        text = self.params.get(name, "")
        if not _AMOUNT.fullmatch(text):
            raise NotWellFormed(name)
        return Money.parse(text, CURRENCY)

    def _moment(self, name: str) -> datetime | None:
        """Seconds since 1970; one client of the time sent ISO dates."""
        text = self.params.get(name, "")
        if not text:
            return None
        try:
            if _SECONDS.fullmatch(text):
                return datetime.fromtimestamp(0, timezone.utc) + timedelta(seconds=int(text))
            return values.moment(text).astimezone(timezone.utc)
        except (ValueError, OverflowError):
            raise NotWellFormed(name) from None

    def _limit(self, number: str) -> Limit | None:
        kind, value, period = (f"usageLimit{part}{number}" for part in ("Type", "Value", "Period"))
        if not self.params.get(kind):
            if self.params.get(value) or self.params.get(period):
                raise NotWellFormed(kind)
            return None
        stretch = self.period(period) if self.params.get(period) else None
        if self.one_of(kind, ("Amount", "Count"), "") == "Amount":
            return Limit(amount=self.amount(value), period=stretch)
        if not _COUNT.fullmatch(self.params.get(value, "")):
            raise NotWellFormed(value)
        return Limit(count=int(Decimal(self.params[value])), period=stretch)
