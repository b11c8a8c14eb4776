"""The numbers the bank goes by: fees, limits, speeds, lifetimes. All may be set.

FPS's fee schedule was never in its developer guides; the defaults fit the one sample they print (ten
cents on a card payment of one dollar). Where the guides are silent and money depends on the answer,
there is a switch (``switches.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from decimal import Decimal
from decimal import ROUND_HALF_UP

from ...money import Money

CURRENCY = "USD"
NOTHING = Money(0, CURRENCY)
#: Account balance, bank account, credit card: FPS's names of the ways to pay.
METHODS = ("ABT", "ACH", "CC")


@dataclass(frozen=True)
class Fee:
    """What FPS takes of an amount: a share and a fixed part in cents, from ``least`` cents on."""

    share: Decimal
    fixed: int
    least: int = 0

    def of(self, amount: Money) -> Money:
        """Half-up to the cent and never above the amount."""
        exact = amount.minor * self.share + self.fixed
        return Money(min(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), amount.minor), amount.currency)


_FEES: Mapping[str, tuple[Fee, ...]] = {
    "ABT": (Fee(Decimal("0.015"), 1),),
    "ACH": (Fee(Decimal("0.020"), 5),),
    "CC": (Fee(Decimal("0.050"), 5), Fee(Decimal("0.029"), 30, least=1000)),
}
_SPEED: Mapping[str, timedelta] = {
    "ABT": timedelta(0),
    "ACH": timedelta(days=3),
    "CC": timedelta(seconds=1),
}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Everything about the bank that may differ; the defaults are the running sandbox."""

    #: By payment method, in rising order of ``least``.
    fees: Mapping[str, tuple[Fee, ...]] = field(default_factory=lambda: dict(_FEES))
    #: From Pay to its end, on the sandbox's clock; zero answers in the call itself.
    speed: Mapping[str, timedelta] = field(default_factory=lambda: dict(_SPEED))
    refund_speed: timedelta = timedelta(seconds=1)
    #: In cents.
    largest: int = 1_000_000
    #: A single-use token lives this long from its creation.
    token_life: timedelta = timedelta(hours=3)
    #: What is reserved and not settled is released after this long.
    reserve_life: timedelta = timedelta(days=7)
    #: A caller's reference is remembered this long from its first use.
    reference_life: timedelta = timedelta(days=7)
    #: The least MaxBatchSize that GetAccountActivity takes.
    smallest_batch: int = 20
    #: How far a request's Timestamp may be from now, either way.
    request_window: timedelta = timedelta(minutes=15)

    def fee(self, method: str, amount: Money) -> Money:
        """FPS's fee on a payment of this amount by this method."""
        fitting = [fee for fee in self.fees.get(method, ()) if amount.minor >= fee.least]
        return fitting[-1].of(amount) if fitting else Money(0, amount.currency)
