"""Sums of money, and what a card statement says of them."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal

from .. import values
from ..schema import named


@dataclass(frozen=True)
class Amount:
    """An exact sum of money: ``Amount(Decimal("0.10"))``.

    :raises TypeError: for a float.
    :raises ValueError: for what is no plain number.
    """

    value: Decimal
    currency_code: str = field(default="USD", metadata=named(first=True, stated=True))

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", values.exact(self.value))

    def __str__(self) -> str:
        """As notifications write it: ``USD 2.22``."""
        return f"{self.currency_code} {values.number(self.value)}"


@dataclass(frozen=True, kw_only=True)
class DescriptorPolicy:
    """What the buyer's card statement says."""

    #: ``Static`` or ``Dynamic``.
    soft_descriptor_type: str | None = None
    #: Whose customer service is named: ``Caller`` or ``Recipient``.
    cs_owner: str | None = field(default=None, metadata=named("CSOwner"))
