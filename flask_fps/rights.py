"""Who may have what was paid for: the right to one line of an order, and what it is worth now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

#: The most downloads, and the most days, that are given to a buyer at once.
MOST_AT_ONCE = 10_000


class Right(str, Enum):
    """What a grant is worth now."""

    HELD = "held"
    USED_UP = "used up"
    EXPIRED = "expired"
    REVOKED = "revoked"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Grant:
    """The right of a buyer to one line of a paid order."""

    id: int
    sku: str
    quantity: int
    buyer: str
    payment: str
    created_at: datetime
    data: Any = None
    #: How often it may be downloaded in all, and how often that was begun; ``None``: without limit.
    downloads: int | None = None
    used: int = 0
    #: The use that was begun last goes on until then: every request within it is part of it.
    window_until: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    #: Why, in the words of who revoked it.
    revoked_reason: str | None = None

    def right(self, now: datetime) -> Right:
        """What it is worth at this time."""
        if self.revoked_at is not None:
            return Right.REVOKED
        if self.is_open(now):
            return Right.HELD
        if self.expires_at is not None and now >= self.expires_at:
            return Right.EXPIRED
        return Right.USED_UP if self.left == 0 else Right.HELD

    def is_open(self, now: datetime) -> bool:
        """Is a use under way, so that another request costs nothing?"""
        return self.window_until is not None and now < self.window_until

    @property
    def left(self) -> int | None:
        """How many more uses may be begun; ``None``: as many as one likes."""
        return None if self.downloads is None else max(0, self.downloads - self.used)

    @property
    def is_counted(self) -> bool:
        """Must a use be written down before a byte is given?"""
        return self.downloads is not None


def covered(grants: Iterable[Grant], wanted: Mapping[str, int], now: datetime) -> set[str]:
    """Which of these are owned now, in the quantity that is wanted of each.

    Several purchases of one thing add up. One that is the buyer's own and was lent besides counts once.
    """
    owned = Counter[str]()
    for grant in {grant.id: grant for grant in grants}.values():
        if grant.right(now) is Right.HELD:
            owned[grant.sku] += grant.quantity
    return {sku for sku, quantity in wanted.items() if owned[sku] >= quantity}
