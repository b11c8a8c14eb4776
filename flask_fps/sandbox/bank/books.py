"""All the shelves, one lock, and changes that happen whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from functools import cached_property
from typing import Any
from typing import Protocol

from .records import Account
from .records import Instrument
from .records import Note
from .records import Notice
from .records import Reference
from .records import Result
from .records import Run
from .records import Subscription
from .records import Token
from .records import TransactionRecord
from .shelf import Shelf
from .timeline import Timeline

#: The one line of a timeline that has no other.
ALL = "all"
_NEVER = datetime.max.replace(tzinfo=timezone.utc)


class Store(Protocol):
    """Where the books outlive the process."""

    def load(self, shelves: Mapping[str, Shelf[Any]]) -> None:
        """Fill empty shelves with what was saved."""

    def save(self, shelves: Mapping[str, Shelf[Any]]) -> None:
        """Write every shelf's changes, durably and together."""

    def close(self) -> None: ...


class Books:
    """Everything the bank knows."""

    def __init__(self, store: Store | None = None) -> None:
        self.accounts = Shelf(Account, lambda one: one.email, {"access_key": lambda one: one.access_key})
        self.tokens = Shelf(
            Token,
            lambda one: one.token_id,
            {
                "reference": lambda one: (one.caller, one.caller_reference),
                "sender": lambda one: one.sender,
                "caller": lambda one: one.caller,
            },
        )
        self.instruments = Shelf(
            Instrument, lambda one: one.instrument_id, {"recipient": lambda one: (one.recipient, one.kind)}
        )
        charges = Timeline[Subscription](lambda one: (ALL,) if one.next_at else (), lambda one: one.next_at or _NEVER)
        self.subscriptions = Shelf(Subscription, lambda one: one.subscription_id, timelines={"charges": charges})
        self.transactions = Shelf(
            TransactionRecord,
            lambda one: one.transaction_id,
            {"pending": lambda one: True if one.is_pending else None},
            {
                "activity": Timeline(activity_lines, lambda one: one.received_at),
                "ends": Timeline(lambda one: (ALL,) if one.settles_at else (), lambda one: one.settles_at or _NEVER),
            },
        )
        self.runs = Shelf(
            Run,
            lambda one: one.run_id,
            {
                "reference": lambda one: (one.caller, one.caller_reference),
                "further": lambda one: (one.caller, one.further_reference) if one.further_reference else None,
            },
        )
        self.references = Shelf(Reference, lambda one: reference_key(one.account, one.action, one.reference))
        self.notices = Shelf(
            Notice,
            lambda one: one.notice_id,
            {"state": lambda one: one.state},
            {"due": Timeline(lambda one: (ALL,) if one.is_open else (), lambda one: one.due_at or _NEVER)},
        )
        self.results = Shelf(Result, lambda one: one.transaction_id, {"account": lambda one: one.account})
        self.notes = Shelf(Note, lambda one: one.name)
        self._lock = threading.RLock()
        self._depth = 0
        self._store = store
        self._last_stamp: datetime | None = None
        if store is not None:
            store.load(self.shelves)
            self._settle()
        self._last_stamp = max((one.received_at for one in self.transactions), default=None)
        self._last_notice = max((int(one.notice_id) for one in self.notices), default=0)

    @cached_property
    def shelves(self) -> dict[str, Shelf[Any]]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Shelf)}

    @contextmanager
    def change(self) -> Iterator[None]:
        """Alone with the books: what is put inside stands together, or, on any error, not at all.

        May be nested; the outermost one decides and saves.
        """
        with self._lock:
            self._depth += 1
            try:
                yield
                if self._depth == 1 and self._store is not None:
                    self._store.save(self.shelves)
            except BaseException:
                if self._depth == 1:
                    self._undo()
                raise
            else:
                if self._depth == 1:
                    self._settle()
            finally:
                self._depth -= 1

    def stamp(self, now: datetime) -> datetime:
        """A moment for a new transaction: whole milliseconds, and no two are the same."""
        stamp = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if self._last_stamp is not None and stamp <= self._last_stamp:
            stamp = self._last_stamp + timedelta(milliseconds=1)
        self._last_stamp = stamp
        return stamp

    def notice_id(self) -> str:
        """Of a new notice; never of an earlier one, though the books were cleared while that was being posted."""
        self._last_notice += 1
        return f"{self._last_notice:08d}"

    def latest(self, now: datetime) -> datetime:
        """The later of now and the last stamp: those of one moment were spread over the next."""
        return max(now, self._last_stamp or now)

    def clear(self) -> None:
        for shelf in self.shelves.values():
            shelf.clear()
        self._last_stamp = None

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def _settle(self) -> None:
        for shelf in self.shelves.values():
            shelf.settle()

    def _undo(self) -> None:
        for shelf in self.shelves.values():
            shelf.undo()


def activity_lines(transaction: TransactionRecord) -> Iterator[tuple[str, str]]:
    """One line of each party for all it took part in, and one for each thing that may be asked for."""
    parties = {"Sender": transaction.sender, "Recipient": transaction.recipient, "Caller": transaction.caller}
    for role, email in parties.items():
        yield email, role
        for value in (ALL, transaction.operation, transaction.method, transaction.status):
            yield email, value


def reference_key(account: str, action: str, reference: str) -> str:
    return f"{account}\n{action}\n{reference}"
