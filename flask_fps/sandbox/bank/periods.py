"""Spans of calendar time, as limits and recurring payments count them: ``1 Month``, ``7 Days``."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from ...protocol.pipelines import PERIOD

_SECONDS = {"hour": 3600, "day": 86400}
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Period:
    """So many hours, days, months or years of the calendar."""

    count: int
    #: ``hour``, ``day``, ``month`` or ``year``.
    unit: str

    def __str__(self) -> str:
        return f"{self.count} {self.unit.capitalize()}{'s' if self.count > 1 else ''}"

    def after(self, start: datetime, times: int = 1) -> datetime:
        """So many periods later; the 31st of a month is its last day where it has no 31st.

        What lies beyond the calendar is its last moment, which never comes.
        """
        try:
            return self._after(start, times)
        except (OverflowError, ValueError):
            return datetime.max.replace(tzinfo=start.tzinfo)

    def _after(self, start: datetime, times: int) -> datetime:
        if self.unit in _SECONDS:
            return start + timedelta(seconds=_SECONDS[self.unit] * self.count * times)
        year, month = divmod(start.year * 12 + start.month - 1 + _MONTHS[self.unit] * self.count * times, 12)
        return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))

    def passed(self, start: datetime, now: datetime) -> int:
        """How many whole periods lie between the two; none where the start is still to come."""
        if now < start:
            return 0
        times = int((now - start) / (self.after(start) - start))
        while self.after(start, times + 1) <= now:
            times += 1
        while times and self.after(start, times) > now:
            times -= 1
        return times


def parse(text: str) -> Period:
    """A period as the co-branded request writes it, in any case, with or without blank and plural.

    :raises ValueError: for anything else.
    """
    found = PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r:.40} is no period: write a whole number and a unit, such as '1 Month'")
    return Period(int(found["number"]), found["unit"].lower())
