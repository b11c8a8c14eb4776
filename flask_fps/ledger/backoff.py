"""How long to wait before something is tried again, and how often it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: After so many requests, each refused and proven to have moved nothing, a payment or a refund fails.
INTENTS_MAX = 5


@dataclass(frozen=True)
class Backoff:
    """Doubling waits, up to a limit."""

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)

    def after(self, attempts: int) -> timedelta:
        """The wait after this many attempts."""
        return min(self.first * (1 << min(max(attempts - 1, 0), 16)), self.longest)
