"""Records in the order of their moments, line by line: a stretch costs what it holds, whatever the line holds."""

from __future__ import annotations

from bisect import bisect_left
from bisect import bisect_right
from bisect import insort
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Iterator
from datetime import datetime
from typing import Generic
from typing import TypeVar

R = TypeVar("R")

_Entry = tuple[datetime, str]
#: Sorts behind every key of a moment.
_LAST = "\U0010ffff"


class Timeline(Generic[R]):
    """Keys of records, in lines by name; each line is sorted by moment, then by key.

    :param names: the lines a record stands in; none for a record that is in no line.
    :param moment: where in them it stands.
    """

    def __init__(self, names: Callable[[R], Iterable[Hashable]], moment: Callable[[R], datetime]) -> None:
        self._names = names
        self._moment = moment
        self._lines: dict[Hashable, list[_Entry]] = {}

    def move(self, key: str, old: R | None, new: R | None) -> None:
        """A record is put, changed or (``None``) removed."""
        before, after = self._places(key, old), self._places(key, new)
        for name, entry in before - after:
            line = self._lines[name]
            del line[bisect_left(line, entry)]
        for name, entry in after - before:
            insort(self._lines.setdefault(name, []), entry)

    def length(self, name: Hashable) -> int:
        return len(self._lines.get(name, ()))

    def stretch(
        self, name: Hashable, start: datetime | None = None, end: datetime | None = None, *, newest_first: bool = False
    ) -> Iterator[str]:
        """The keys of one line between two moments, both included. The line must not change meanwhile."""
        line = self._lines.get(name, [])
        first = 0 if start is None else bisect_left(line, (start, ""))
        behind = len(line) if end is None else bisect_right(line, (end, _LAST))
        places = range(first, behind)
        return (line[place][1] for place in (reversed(places) if newest_first else places))

    def _places(self, key: str, record: R | None) -> set[tuple[Hashable, _Entry]]:
        if record is None:
            return set()
        names = tuple(self._names(record))
        if not names:
            return set()
        entry = (self._moment(record), key)
        return {(name, entry) for name in names}
