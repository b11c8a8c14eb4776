"""The ledger's steps about what is to be delivered: each row of the outbox is claimed, handed over and marked."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from . import handing
from . import outbox
from .handing import ClaimLost
from .leasing import Lease
from .outbox import Delivery
from .store import Store


@dataclass(frozen=True)
class Deliveries:
    """What is to be delivered, found as :attr:`flask_fps.ledger.Ledger.deliveries`; each method is one step."""

    _store: Store

    @property
    def share_session(self) -> bool:
        """Do handlers work in one transaction with the delivery mark?"""
        return self._store.home.session is not None

    def due(self, limit: int, *, early: bool = False) -> list[int]:
        """What is to be delivered now; ``early``: before its time, too."""
        return self._store.read(lambda session: outbox.due(session, self._store.clock(), limit, early=early))

    def due_of(self, reference: str, *, named: bool) -> list[int]:
        """What is to be delivered of one payment; ``named``: by named handlers, too."""
        return self._store.read(lambda session: outbox.due_of(session, self._store.clock(), reference, named=named))

    def claim(self, id: int, lease: Lease, handlers: Iterable[str] = (), *, early: bool = False) -> Delivery | None:
        """Take one row of the outbox: :func:`flask_fps.ledger.outbox.claim`."""
        return self._store.write(
            lambda session, now: outbox.claim(session, now, id, lease.owner, lease.lasts, handlers, early=early)
        )

    def renew(self, delivery: Delivery, lasts: timedelta) -> bool:
        """Hold a claim for longer; false if another worker has it now."""
        return self._store.write(lambda session, now: outbox.renew(session, now, delivery, lasts))

    def hand_over(self, delivery: Delivery, call: Callable[[Any], None]) -> None:
        """Run the handlers and write the mark: in one transaction where the shop's session is the ledger's.

        :raises ClaimLost: another worker has the delivery now; nothing of ours was kept.
        """
        open_session = self._store.home.session
        if open_session is None:
            call(None)
            self.mark(delivery)
        else:
            with open_session() as session:
                handing.deliver_in(session, self._store.engine, delivery, self._store.now, call)

    def mark(self, delivery: Delivery) -> None:
        """Write the delivery mark by itself.

        :raises ClaimLost: another worker has the delivery now.
        """
        if not self._store.write(lambda session, now: outbox.mark(session.connection(), now, delivery)):
            raise ClaimLost(f"delivery of {delivery.payment.reference} is claimed by another worker")

    def failed(self, delivery: Delivery, error: str) -> bool:
        """Note that a handler raised; true if the delivery is now parked for an operator."""
        return self._store.write(lambda session, now: outbox.failed(session, now, delivery, error, self._store.backoff))

    def give_back(self, delivery: Delivery, wait: timedelta = timedelta()) -> None:
        """Drop a claim unused: :func:`flask_fps.ledger.outbox.give_back`."""
        self._store.write(lambda session, now: outbox.give_back(session, now, delivery, wait))
