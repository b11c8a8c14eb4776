"""No money."""

from __future__ import annotations

from ....money import Money
from ..rules import CURRENCY

NOTHING = Money(0, CURRENCY)
