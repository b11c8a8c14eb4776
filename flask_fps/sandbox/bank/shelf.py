"""A shelf of the books: records by key, found by other names too, and put back if a change fails."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import datetime
from typing import Generic
from typing import TypeVar

from .timeline import Timeline

R = TypeVar("R")
Name = Callable[[R], "Hashable | None"]


class Shelf(Generic[R]):
    """Records of one kind. Not locked: :class:`~.books.Books` is.

    :param kind: the records' class.
    :param key: what a record is known by.
    :param names: further names to find records by; a name of ``None`` is not listed.
    :param timelines: the records in the order of a moment of theirs.
    """

    def __init__(
        self,
        kind: type[R],
        key: Callable[[R], str],
        names: Mapping[str, Name[R]] | None = None,
        timelines: Mapping[str, Timeline[R]] | None = None,
    ) -> None:
        self.kind = kind
        self._key = key
        self._names = dict(names or {})
        self.timelines = dict(timelines or {})
        self._records: dict[str, R] = {}
        self._lists: dict[tuple[str, Hashable], dict[str, None]] = {}
        self._before: dict[str, R | None] = {}

    def __iter__(self) -> Iterator[R]:
        """In the order they were first put here."""
        return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: str) -> R | None:
        return self._records.get(key)

    def find(self, name: str, value: Hashable) -> list[R]:
        """Every record with this value of this name, oldest first."""
        return [self._records[key] for key in self._lists.get((name, value), ())]

    def stretch(
        self,
        timeline: str,
        name: Hashable,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        newest_first: bool = False,
    ) -> Iterator[R]:
        """The records in one line of a timeline between two moments; nothing may be put until they are read."""
        keys = self.timelines[timeline].stretch(name, start, end, newest_first=newest_first)
        return (self._records[key] for key in keys)

    def put(self, record: R) -> R:
        """Set a record in its place, in an older one's too."""
        self._change(self._key(record), record)
        return record

    def remove(self, key: str) -> None:
        self._change(key, None)

    def clear(self) -> None:
        for key in list(self._records):
            self.remove(key)

    def changes(self) -> dict[str, R | None]:
        """What was put (or removed: ``None``) since the last :meth:`settle`."""
        return {key: self._records.get(key) for key in self._before}

    def settle(self) -> None:
        """The changes stand."""
        self._before.clear()

    def undo(self) -> None:
        """The changes did not happen."""
        for key, record in reversed(list(self._before.items())):
            self._set(key, record)
        self._before.clear()

    def _change(self, key: str, record: R | None) -> None:
        self._before.setdefault(key, self._records.get(key))
        self._set(key, record)

    def _set(self, key: str, record: R | None) -> None:
        old = self._records.get(key)
        for name, name_of in self._names.items():
            self._list(name, key, old and name_of(old), record and name_of(record))
        for timeline in self.timelines.values():
            timeline.move(key, old, record)
        if record is None:
            self._records.pop(key, None)
        else:
            self._records[key] = record

    def _list(self, name: str, key: str, old: Hashable | None, new: Hashable | None) -> None:
        if old == new:
            return
        if old is not None:
            listed = self._lists[name, old]
            del listed[key]
            if not listed:
                del self._lists[name, old]
        if new is not None:
            self._lists.setdefault((name, new), {})[key] = None
