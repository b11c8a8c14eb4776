"""The ledger's steps about authorizations that are owed back to their buyers."""

from __future__ import annotations

from dataclasses import dataclass

from . import releasing
from .leasing import Lease
from .releasing import Release
from .store import Store


@dataclass(frozen=True)
class Releases:
    """What is owed back, found as :attr:`flask_fps.ledger.Ledger.releases`; each method is one step."""

    _store: Store

    def due(self, limit: int, *, early: bool = False) -> list[int]:
        """What is to be given back now; ``early``: before its time, too."""
        now, serves = self._store.clock(), self._store.serves
        return self._store.read(lambda session: releasing.due(session, now, limit, serves, early=early))

    def due_of(self, reference: str) -> list[int]:
        """What is to be given back of one payment."""
        return self._store.read(lambda session: releasing.due_of(session, self._store.clock(), reference))

    def claim(self, id: int, lease: Lease) -> Release | None:
        """Take one, so that nobody else gives it back meanwhile; ``None`` if somebody has it or it is done."""
        return self._store.write(lambda session, now: releasing.claim(session, now, id, lease.owner, lease.lasts))

    def ended(self, release: Release, result: str, said: str) -> None:
        """The provider has answered, or the authorization is past its own time."""
        self._store.write(lambda session, now: releasing.ended(session, now, release, result, said))

    def postpone(self, release: Release) -> None:
        """Try it again later."""
        self._store.write(lambda session, now: releasing.postpone(session, now, release, self._store.backoff))
