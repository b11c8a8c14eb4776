"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from datetime import timezone

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


class Clock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta | float) -> None:
        """Seconds, or a timedelta."""
        self.now += by if isinstance(by, timedelta) else timedelta(seconds=by)
