"""The sandbox's own time: real time, moved forward by whoever drives the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from datetime import timedelta
from datetime import timezone


class SandboxClock:
    """Now, for every rule of the bank. It runs with real time and can be moved ahead.

    :param source: seconds since the epoch; the machine's clock by default.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead = timedelta(0)

    @classmethod
    def stopped_at(cls, moment: datetime) -> SandboxClock:
        """A clock that stands still at this moment (aware) until it is moved."""
        return cls(moment.timestamp)

    @property
    def ahead(self) -> timedelta:
        """How far this clock was moved."""
        return self._ahead

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self.unmoved() + self._ahead

    def unmoved(self) -> datetime:
        """What callers' own clocks show: moving ours ages the books, not them."""
        return datetime.fromtimestamp(self._source(), timezone.utc)

    def advance(self, seconds: float) -> datetime:
        """Move the clock ahead and return the new now.

        :raises ValueError: for a step back: what has settled cannot unsettle.
        """
        if seconds < 0:
            raise ValueError("the clock only moves ahead")
        self._ahead += timedelta(seconds=seconds)
        return self.now()

    def rewind(self, ahead: timedelta = timedelta(0)) -> None:
        """Back to real time, or to a known distance ahead of it: for a reset and for saved books."""
        self._ahead = ahead
