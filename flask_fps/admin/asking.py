"""What an operator asks for in an address, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta
from datetime import timezone

from ..ledger import Search
from ..records import State

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: What a database can hold as a row's number.
LARGEST = 2**63 - 1
#: Which parts of an address make the search; all others are the page's own.
PARTS = ("q", "state", "parked", "since", "until")


def search_of(given: Mapping[str, str], accounts: tuple[str, ...], gateways: tuple[str, ...]) -> Search:
    """The search that an address asks for; what makes no sense in it is left out."""
    until = _day(given.get("until", ""))
    return Search(
        text=given.get("q", "").replace("\x00", "")[:255],
        state=_state(given.get("state", "")),
        parked=bool(given.get("parked")),
        since=_day(given.get("since", "")),
        until=until + DAY if until else None,
        accounts=accounts,
        gateways=gateways,
    )


def _state(name: str) -> State | None:
    return State(name) if name in {state.value for state in State} else None


def _day(text: str) -> datetime | None:
    """Midnight, UTC, where this day begins; days that no shop has seen are left out."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None


def key_of(text: str) -> tuple[datetime, int] | None:
    """Where the page before this one ended, as :func:`written` wrote it."""
    moment, _, id = text.partition(".")
    if not (moment.isdecimal() and id.isdecimal() and len(moment) < 20 and int(id) <= LARGEST):
        return None
    try:
        return EPOCH + timedelta(microseconds=int(moment)), int(id)
    except OverflowError:
        return None


def written(key: tuple[datetime, int]) -> str:
    moment, id = key
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}.{id}"
