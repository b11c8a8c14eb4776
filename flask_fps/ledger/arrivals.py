"""The ledger's steps about what arrived: returns and notifications that are kept before they are dealt with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import inbox
from .inbox import Arrival
from .inbox import Waiting
from .leasing import Lease
from .store import Store


@dataclass(frozen=True)
class Arrivals:
    """What arrived, found as :attr:`flask_fps.ledger.Ledger.arrivals`; each method is one step."""

    _store: Store

    def keep_return(self, arrival: Arrival, verdict: str) -> None:
        """Keep a return that could not be checked yet; it is processed later."""
        self._store.write(lambda session, now: inbox.keep(session, now, arrival, verdict, done=False, again=True))

    def keep_notification(self, arrival: Arrival, verdict: str, *, again: bool = False) -> int | None:
        """Keep a notification; its id if it is still to be processed.

        :param again: process it even if the very same one was dealt with before.
        """
        return self._store.write(
            lambda session, now: inbox.keep(session, now, arrival, verdict, done=False, again=again)
        )

    def claim(self, id: int, lease: Lease) -> Waiting | None:
        """Take one, so that nobody else processes it meanwhile; ``None`` if somebody has it or it is done."""
        return self._store.write(lambda session, now: inbox.claim(session, now, id, lease.owner, lease.lasts))

    def finish(self, id: int, note: str, verdict: str | None = None, seen: datetime | None = None) -> None:
        """It is dealt with: :func:`flask_fps.ledger.inbox.finish`."""
        self._store.write(lambda session, now: inbox.finish(session, now, id, note, verdict, seen))

    def postpone(self, waiting: Waiting, note: str) -> None:
        """Try it again later."""
        self._store.write(lambda session, now: inbox.postpone(session, now, waiting.id, note, self._store.backoff))

    def due(self, limit: int, *, early: bool = False) -> list[int]:
        """What is to be processed now; ``early``: before its time, too."""
        now, serves = self._store.clock(), self._store.serves
        return self._store.read(lambda session: inbox.due(session, now, limit, serves, early=early))

    def due_of(self, reference: str) -> list[int]:
        """What is to be processed of one payment."""
        now, serves = self._store.clock(), self._store.serves
        return self._store.read(lambda session: inbox.due_of(session, now, reference, serves))

    def waits(self, reference: str) -> bool:
        """Has something arrived about this payment that is not dealt with?"""
        return self._store.read(lambda session: inbox.waits(session, reference))
