"""How single values are written on FPS's wire, and how they are read back."""

from __future__ import annotations

import re
from datetime import date
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: What can be told in any zone: a day from either end of the calendar.
_FIRST = datetime.min.replace(tzinfo=timezone.utc) + timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=timezone.utc) - timedelta(days=1)


def camel(attribute: str) -> str:
    """``caller_reference`` as the wire writes it: ``callerReference``."""
    first, *rest = attribute.split("_")
    return first + "".join(word.capitalize() for word in rest)


def exact(value: Decimal | int | str) -> Decimal:
    """A number without any loss: plain digits, no exponent, no rounding.

    :raises TypeError: for a float, which cannot hold most prices exactly.
    :raises ValueError: for anything else that is not a plain number.
    """
    if isinstance(value, (float, bool)) or not isinstance(value, (Decimal, int, str)):
        raise TypeError(f"an amount is a Decimal, an int or a str, not {value!r:.40}")
    text = value if isinstance(value, str) else f"{value:f}"
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r:.40} is not a plain number such as '0.10'")
    return Decimal(text)


def number(value: Decimal, places: int = 2) -> str:
    """At least so many digits after the point, and never fewer than the value has: ``0.10``."""
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # exact() let no infinity in
    return f"{value:.{max(places, -exponent)}f}"


def whole(text: str) -> int:
    """:raises ValueError: for what is not a plain whole number."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r:.40} is not a whole number")
    return int(text)


def boolean(text: str) -> bool:
    """FPS wrote ``True`` and ``False``; clients of the time any case.

    :raises ValueError: for anything else.
    """
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r:.40} is neither True nor False") from None


def moment(text: str) -> datetime:
    """An ISO 8601 date or time, aware; without a zone it is UTC, without a time midnight there.

    Java's SDK writes its calendar as XML Schema does, where a date may have a zone: ``2012-01-01-08:00``.

    :raises ValueError: for any other form.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r:.40} is not in ISO 8601 format")
    fraction = (match["fraction"] or "0").ljust(6, "0")[:6]
    zone = "+00:00" if match["zone"] in (None, "Z") else match["zone"]
    return datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00:00'}.{fraction}{zone}")


def utc(value: datetime) -> str:
    """As requests carry it: ``2009-10-06T07:53:11Z``, with milliseconds where there are any."""
    value = value.astimezone(timezone.utc)
    text = value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def pacific(value: datetime) -> str:
    """As answers carry it: ``2009-10-05T22:50:08.010-07:00``, in the local time of FPS.

    The calendar's first and last day cannot be told in every zone; they are written as the days next to them.
    """
    return _local(value).isoformat(timespec="milliseconds")


def pacific_day(value: datetime) -> str:
    """As notifications carry it: ``Sep 27, 2009``, in the local time of FPS and in no language but its own."""
    local = _local(value)
    return f"{_MONTHS[local.month - 1]} {local.day:02d}, {local.year}"


def _local(value: datetime) -> datetime:
    value = min(max(value, _FIRST), _LAST)
    return value.astimezone(_pacific_zone(value))


def _pacific_zone(value: datetime) -> timezone:
    """Pacific time by the rule in force since 2007, FPS's first year; no time zone database is needed."""
    standard = value.astimezone(timezone(timedelta(hours=-8))).replace(tzinfo=None)
    begin = datetime.combine(_sunday(standard.year, 3, 2), datetime.min.time()) + timedelta(hours=2)
    end = datetime.combine(_sunday(standard.year, 11, 1), datetime.min.time()) + timedelta(hours=1)
    return timezone(timedelta(hours=-7 if begin <= standard < end else -8))


def _sunday(year: int, month: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))
