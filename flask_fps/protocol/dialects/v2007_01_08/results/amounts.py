"""Sums of money, and what is left of a limit. FPS API reference 2007-01-08, *Complex Types*."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from .... import values
from ....schema import named


@dataclass(frozen=True)
class Amount:
    """An exact sum of money: ``Amount(Decimal("0.10"))``.

    :raises TypeError: for a float.
    :raises ValueError: for what is no plain number.
    """

    value: Decimal = field(metadata=named("Amount"))
    currency_code: str = field(default="USD", metadata=named(first=True, stated=True))

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", values.exact(self.value))


@dataclass(frozen=True, kw_only=True)
class TokenUsageLimit:
    """How much of one limit of a token is left."""

    count: int | None = None
    amount: Amount | None = None
    last_reset_count: int | None = None
    last_reset_amount: Amount | None = None
    last_reset_time_stamp: datetime | None = None
