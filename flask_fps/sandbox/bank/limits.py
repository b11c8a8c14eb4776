"""How often, and for how much, a token may be used; and how much of that is used up.

FPS API reference, *TokenUsageLimit*; co-branded parameters ``globalAmountLimit``, ``usageLimitType1`` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime

from ...money import Money
from .periods import Period
from .rules import NOTHING


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most so much, or so often, in each period; without a period, ever. Exactly one of the first two is set."""

    amount: Money | None = None
    count: int | None = None
    period: Period | None = None

    def allows(self, usage: Usage, amount: Money) -> bool:
        """May this much be paid on top of what was paid in the same window?"""
        if self.amount is not None:
            return usage.amount.minor + amount.minor <= self.amount.minor
        return self.count is None or usage.count < self.count


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one limit has counted, in the window that began last and in the one before."""

    started_at: datetime
    count: int = 0
    amount: Money = NOTHING
    last_count: int = 0
    last_amount: Money = NOTHING

    def at(self, now: datetime, limit: Limit) -> Usage:
        """The same as it stands now: a new window has begun, or not."""
        windows = 0 if limit.period is None else limit.period.passed(self.started_at, now)
        if not windows or limit.period is None:
            return self
        begun = limit.period.after(self.started_at, windows)
        if windows > 1:
            return Usage(started_at=begun)
        return Usage(started_at=begun, last_count=self.count, last_amount=self.amount)

    def plus(self, amount: Money) -> Usage:
        return replace(self, count=self.count + 1, amount=self.amount + amount)

    def minus(self, amount: Money) -> Usage:
        """A use that came to nothing, in the window that it was counted in."""
        return replace(self, count=self.count - 1, amount=self.amount - amount)
