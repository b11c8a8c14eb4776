"""What an operator asks of a ledger, and what is done to it: each method is one step, as in the ledger itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..records import Payment
from ..records import State
from . import browsing
from . import exporting
from . import health
from . import parking
from . import pruning
from . import served as served_rows
from .browsing import Key
from .browsing import Page
from .browsing import Search
from .browsing import Takings
from .exporting import Numbered
from .health import Backlog
from .health import Queue
from .parking import Decision
from .parking import Reason
from .pruning import Pruned
from .served import Served
from .served import Unserved
from .store import Store


@dataclass(frozen=True)
class Operations:
    """The operator's side of a ledger, found as :attr:`flask_fps.ledger.Ledger.operator`."""

    _store: Store

    # Looking

    def page(self, search: Search, limit: int, after: Key | None = None) -> Page:
        """The newest payments that fit: :func:`flask_fps.ledger.browsing.page`."""
        return self._store.read(lambda session: browsing.page(session, search, limit, after))

    def daily(self, today: datetime, days: int) -> list[Takings]:
        """What was paid on each of the last days: :func:`flask_fps.ledger.browsing.daily`."""
        return self._store.read(lambda session: browsing.daily(session, today, days))

    def queues(self, moment: datetime) -> dict[str, Queue]:
        """What has been due since ``moment``, by kind: :func:`flask_fps.ledger.health.queues`."""
        return self._store.read(lambda session: health.queues(session, moment))

    def backlog(self, moment: datetime) -> Backlog:
        """What has been due since ``moment`` and what is parked: :func:`flask_fps.ledger.health.backlog`."""
        return self._store.read(lambda session: health.backlog(session, moment))

    def unserved(self, moment: datetime, served: Served) -> list[Unserved]:
        """What was due at ``moment`` and cannot be done here: :func:`flask_fps.ledger.served.unserved`."""
        return self._store.read(lambda session: served_rows.unserved(session, moment, served))

    def states(self) -> dict[str, int]:
        """How many payments are in each state."""
        return self._store.read(health.states)

    def count(self, what: str) -> int:
        """How many ``payments``, ``refunds`` or ``grants`` there are."""
        return self._store.read(lambda session: exporting.count(session, what))

    def rows(self, what: str, after: int, limit: int) -> list[Numbered]:
        """Some of them, oldest first: :func:`flask_fps.ledger.exporting.rows`."""
        return self._store.read(lambda session: exporting.rows(session, what, after, limit))

    def columns(self, what: str) -> tuple[str, ...]:
        """What each of those rows says, in order."""
        return exporting.COLUMNS[what]

    def waiting(self, reference: str) -> list[tuple[str, str | None]]:
        """Handlers that have not delivered this payment yet, each with what it raised last."""
        return self._store.read(lambda session: parking.waiting(session, reference))

    def payment_of_transaction(self, account: str, gateway: str, transaction_id: str) -> str | None:
        """The reference of the payment that one of the provider's transactions belongs to."""
        return self._store.read(
            lambda session: browsing.payment_of_transaction(session, account, gateway, transaction_id)
        )

    # Deciding about what is parked

    def decided(self, reference: str, what: str, decision: Decision, **detail: Any) -> None:
        """Write down what a person wants before it is done."""
        self._store.write(lambda session, now: parking.decided(session, now, reference, what, decision, **detail))

    def reasons(self, reference: str) -> list[Reason]:
        """All that this payment is parked for, oldest first."""
        return self._store.read(lambda session: parking.reasons(session, reference))

    def dismiss(self, reference: str, reason: Reason, decision: Decision) -> Payment:
        """A person has seen to one of these."""
        return self._store.write(lambda session, now: parking.dismiss(session, now, reference, reason, decision))

    def end_unpaid(self, seen: Payment, to: State, decision: Decision, proof: str) -> Payment:
        """End a payment of which it is proven that no money moved.

        :raises Refused: it has moved on since it was ``seen``.
        """
        return self._store.write(lambda session, now: parking.end_unpaid(session, now, seen, to, decision, proof))

    def redeliver(self, reference: str, decision: Decision, *, parked: bool, handler: str | None) -> list[int]:
        """Make deliveries due again, and give their places in the outbox.

        :raises Refused: there is nothing of that kind, or somebody delivers it right now.
        """
        return self._store.write(
            lambda session, now: parking.redeliver(session, now, reference, decision, parked=parked, handler=handler)
        )

    # Taking away

    def prunable(self, before: datetime) -> int:
        """Of how many payments :meth:`prune` takes something away."""
        return self._store.read(lambda session: pruning.count(session, before))

    def prune(self, before: datetime, limit: int) -> Pruned:
        """Take away messages and journal lines of payments that are over: :func:`flask_fps.ledger.pruning.prune`."""
        return self._store.write(lambda session, now: pruning.prune(session, before, limit))

    def prune_strays(self, before: datetime) -> int:
        """Take away messages that were about no payment of ours; how many."""
        return self._store.write(lambda session, now: pruning.prune_strays(session, before))
