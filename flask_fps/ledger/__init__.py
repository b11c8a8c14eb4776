"""The ledger: what is known of every payment, and every durable step it takes.

Each method is one step: one short transaction on a connection of its own, committed when the method
returns, tried again by itself where the database says that another try may pass. No method calls out.
What a step asks the ledger itself (a gateway may, when it freezes a request) it reads on its own connection.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from datetime import datetime
from datetime import timedelta
from typing import Any
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ..money import Money
from ..records import Booked
from ..records import Intent
from ..records import JournalEntry
from ..records import Kind
from ..records import Outcome
from ..records import Payment
from ..records import State
from . import accepting
from . import handing
from . import heartbeats
from . import inbox
from . import leasing
from . import noting
from . import opening
from . import outbox
from . import owners
from . import reading
from . import releases
from . import reserving
from . import schema
from . import settling
from .accepting import Accepted as Accepted
from .accepting import Proof as Proof
from .accepting import Terms as Terms
from .aftermath import Judged as Judged
from .aftermath import Misjudged as Misjudged
from .backoff import Backoff as Backoff
from .browsing import Page as Page
from .browsing import Search as Search
from .browsing import Takings as Takings
from .engine import DATABASE_TIME
from .engine import own_engine as own_engine
from .engine import reading as reading_from
from .engine import step
from .engine import Steps
from .engine import system_time as system_time
from .engine import writing
from .handing import ClaimLost as ClaimLost
from .handing import HandlerEndedTransaction as HandlerEndedTransaction
from .health import Backlog as Backlog
from .home import Home as Home
from .home import home_of as home_of
from .inbox import Arrival as Arrival
from .inbox import Waiting as Waiting
from .leasing import AWAY as AWAY
from .leasing import Lease as Lease
from .leasing import Taken as Taken
from .leasing import Task as Task
from .leasing import Windows as Windows
from .opening import Draft as Draft
from .opening import Opening as Opening
from .operating import Operations as Operations
from .outbox import COMPLETED as COMPLETED
from .outbox import Delivery as Delivery
from .parking import Decision as Decision
from .pruning import Pruned as Pruned
from .refunding import TakenRefund as TakenRefund
from .refunding import Wish as Wish
from .refunds import Refunds as Refunds
from .releases import Release as Release
from .reserving import Asked as Asked
from .reserving import Claim as Claim
from .reserving import Make as Make
from .returning import Returned as Returned
from .rights import Rights
from .role_tokens import RoleTokens
from .served import Served
from .settling import Settled as Settled

T = TypeVar("T")
Clock = Callable[[], datetime]


class Ledger(Rights):
    """One ledger in one database.

    :param home: where the database is.
    :param clock: aware UTC time. Leases and due times are counted on it, on PostgreSQL on the database's own
        clock: then what counts is by how much this one differs from the system's.
    """

    def __init__(self, home: Home, clock: Clock) -> None:
        self._engine = home.engine
        self._session = home.session
        self._clock = clock
        self._database_ahead = timedelta()
        self._steps = Steps()
        self.backoff = Backoff()
        #: Only of these accounts and gateways is anything due here that would need their providers.
        self.serves: Served = None
        #: What operators ask and do.
        self.operator = Operations(self._read, self._write)
        #: Money that goes back.
        self.role_tokens = RoleTokens(self._read, self._write)
        self.refunds = Refunds(self._read, self._write, lambda: self.clock(), lambda: self.backoff, lambda: self.serves)

    @property
    def engine(self) -> Engine:
        return self._engine()

    def clock(self) -> datetime:
        """The time that leases and due times are counted on, as far as it is known without asking the database."""
        return self._clock() + self._database_ahead

    def _now(self, told: datetime | None) -> datetime:
        """The time of a step, by what its database told."""
        if told is not None:
            self._database_ahead = told - system_time()
        return self.clock()

    def _write(self, action: Callable[[Session, datetime], T]) -> T:
        def run() -> T:
            with writing(self.engine) as session, self._steps.entered(session):
                return action(session, self._now(session.info[DATABASE_TIME]))

        return step(run)

    def _read(self, action: Callable[[Session], T]) -> T:
        under_way = self._steps.under_way
        if under_way is not None:
            with under_way.no_autoflush:
                return action(under_way)

        def run() -> T:
            with reading_from(self.engine) as session:
                return action(session)

        return step(run)

    def tables_version(self) -> str | None:
        """The version that the tables have; ``None`` where there are none."""
        return step(lambda: schema.current(self.engine))

    # What is known

    def payment(self, reference: str) -> Payment | None:
        return self._read(lambda session: reading.payment_of(session, reference))

    def payment_of_intent(self, reference: str) -> Payment | None:
        """The payment of which this is the reference, or the reference of one of its intents."""
        return self._read(lambda session: reading.payment_of_intent(session, reference))

    def payment_by_handle(self, account: str, handle: str) -> Payment | None:
        """The payment that the provider itself calls this."""
        return self._read(lambda session: reading.payment_by_handle(session, account, handle))

    def intent(self, payment: str) -> Intent | None:
        """The newest request that was to pay or reserve this payment."""
        return self._read(lambda session: reading.newest_intent(session, payment, (Kind.PAY, Kind.RESERVE)))

    def newest_intent(self, payment: str) -> Intent | None:
        """The newest request about what this payment brings: to pay, reserve, settle or cancel."""
        inward = Kind.PAY, Kind.RESERVE, Kind.SETTLE, Kind.CANCEL
        return self._read(lambda session: reading.newest_intent(session, payment, inward))

    def intent_named(self, reference: str) -> Intent | None:
        return self._read(lambda session: reading.intent_of(session, reference))

    def journal(self, reference: str) -> list[JournalEntry]:
        return self._read(lambda session: reading.journal_of(session, reference))

    def newest(self, limit: int | None = None, *, parked: bool = False) -> list[Payment]:
        """The newest payments first; ``parked``: of those that wait for a person."""
        return self._read(lambda session: reading.newest_payments(session, limit, parked=parked))

    # The order

    def open_payment(self, draft: Draft) -> tuple[Opening, Payment | None]:
        """The payment that serves this order now: :func:`flask_fps.ledger.opening.open_payment`."""
        return self._write(lambda session, now: opening.open_payment(session, now, draft))

    def standing_payment(self, draft: Draft) -> tuple[Opening, Payment | None] | None:
        """What answers this order already: :func:`flask_fps.ledger.opening.standing_payment`."""
        now = self.clock()
        return self._read(lambda session: opening.standing_payment(session, now, draft))

    def begun(self, payment: Payment, redirect: str, handle: str | None, until: datetime | None = None) -> bool:
        """Remember what a provider that had to be asked said when the attempt began.

        :param until: when ``redirect`` stops working.
        :return: false if the payment has moved, or was begun elsewhere, meanwhile: then nobody must be sent there.
        """
        return self._write(lambda session, now: noting.begun(session, payment, redirect, handle, until))

    # The return

    def keep_return(self, arrival: Arrival, verdict: str) -> None:
        """Keep a return that could not be checked yet; it is processed from the inbox."""
        self._write(lambda session, now: inbox.keep(session, now, arrival, verdict, done=False, again=True))

    def turned_away(
        self, reference: str, arrival: Arrival, inbox_id: int | None, standing: str, detail: str
    ) -> Payment:
        """A verified return without an authorization: ``abandoned`` or ``refused``."""
        return self._write(
            lambda session, now: noting.turned_away(session, now, reference, arrival, inbox_id, standing, detail)
        )

    def accept(self, proof: Proof, intent: Intent, lease: Lease, terms: Terms) -> Accepted:
        """Take an authorization in: :func:`flask_fps.ledger.accepting.accept`."""
        return self._write(lambda session, now: accepting.accept(session, now, proof, intent, lease, terms))

    def hold(self, reference: str, lease: Lease, *, early: bool = False) -> Payment | None:
        """Lease a payment whose buyer has not come back, if it is due and free."""
        return self._write(lambda session, now: leasing.hold(session, now, reference, lease, early=early))

    def still_away(
        self, payment: Payment, lease: Lease, next_at: datetime, end: datetime | None = None
    ) -> tuple[State, Payment]:
        """The provider knows no authorization, or one that is just being brought: ask again at ``next_at``.

        :param end: past it the payment has expired.
        :return: the state it was in before, and the payment as it is now.
        """
        return self._write(
            lambda session, now: noting.still_away(session, now, payment.reference, lease.owner, next_at, end)
        )

    # The request that pays

    def take(self, candidate: Intent, lease: Lease, windows: Windows, *, early: bool = False) -> Taken | None:
        """Lease a payment that is due, and say what to do: :func:`flask_fps.ledger.leasing.take`."""
        return self._write(lambda session, now: leasing.take(session, now, candidate, lease, windows, early=early))

    def resend(self, intent: Intent, lease: Lease) -> Intent | None:
        return self._write(lambda session, now: leasing.resend(session, now, intent, lease))

    def settle(self, intent: Intent, outcome: Outcome, lease: Lease, handlers: Iterable[str]) -> Settled:
        """Merge an answer into its payment: :func:`flask_fps.ledger.settling.settle`."""
        return self._write(
            lambda session, now: settling.settle(session, now, intent, outcome, lease, handlers, self.backoff)
        )

    # What is reserved

    def ask_of_hold(self, wish: Claim, make: Make, lease: Lease) -> Asked:
        """Write down that a hold is to be settled or cancelled: :func:`flask_fps.ledger.reserving.ask`."""
        return self._write(lambda session, now: reserving.ask(session, now, wish, make, lease))

    def foreseen_of_hold(self, wish: Claim) -> Money | None:
        """What would be taken or given up, if it were asked for now: :func:`flask_fps.ledger.reserving.foreseen`."""
        return self._read(lambda session: reserving.foreseen(session, wish))

    def take_hold(
        self, reference: str, make: Make, lease: Lease, windows: Windows, *, early: bool = False
    ) -> Taken | None:
        """Lease a reserved payment that is due: :func:`flask_fps.ledger.reserving.take`."""
        return self._write(
            lambda session, now: reserving.take(session, now, reference, make, lease, windows, early=early)
        )

    def park(self, reference: str, reason: str, owner: str | None = None, seen: State | None = None) -> Payment:
        """Put a payment before a person: :func:`flask_fps.ledger.noting.park`."""
        return self._write(lambda session, now: noting.park(session, now, reference, reason, owner, seen))

    def note(self, reference: str, event: str, **detail: Any) -> None:
        self._write(lambda session, now: noting.note(session, now, reference, event, detail))

    def unfinished_payments(self) -> list[str]:
        """References of all payments that may still move, due or not."""
        return self._read(lambda session: reading.unfinished_payments(session, self.serves))

    def transactions_since(self, account: str, since: datetime) -> list[Booked]:
        """What this ledger believes of the provider's transactions since then."""
        return self._read(lambda session: reading.transactions_since(session, account, since))

    def unseen(self, for_longer_than: timedelta) -> int:
        """How much of any kind has been due for so long."""
        return sum(queue.due for queue in self.operator.queues(self.clock() - for_longer_than).values())

    def due_payments(self, limit: int) -> list[str]:
        return self._read(lambda session: reading.due_payments(session, self.clock(), limit, self.serves))

    # The inbox

    def keep_notification(self, arrival: Arrival, verdict: str, *, again: bool = False) -> int | None:
        """Keep a notification; its id if it is still to be processed.

        :param again: process it even if the very same one was dealt with before.
        """
        return self._write(lambda session, now: inbox.keep(session, now, arrival, verdict, done=False, again=again))

    def claim_arrival(self, id: int, lease: Lease) -> Waiting | None:
        return self._write(lambda session, now: inbox.claim(session, now, id, lease.owner, lease.lasts))

    def finish_arrival(self, id: int, note: str, verdict: str | None = None, seen: datetime | None = None) -> None:
        """It is dealt with: :func:`flask_fps.ledger.inbox.finish`."""
        self._write(lambda session, now: inbox.finish(session, now, id, note, verdict, seen))

    def postpone_arrival(self, waiting: Waiting, note: str) -> None:
        self._write(lambda session, now: inbox.postpone(session, now, waiting.id, note, self.backoff))

    def due_arrivals(self, limit: int, *, early: bool = False) -> list[int]:
        return self._read(lambda session: inbox.due(session, self.clock(), limit, self.serves, early=early))

    def due_arrivals_of(self, reference: str) -> list[int]:
        return self._read(lambda session: inbox.due_of(session, self.clock(), reference))

    def waits(self, reference: str) -> bool:
        """Has something arrived about this payment that is not dealt with?"""
        return self._read(lambda session: inbox.waits(session, reference))

    # The outbox

    @property
    def shares_session(self) -> bool:
        """Do handlers work in one transaction with the delivery mark?"""
        return self._session is not None

    def due_deliveries(self, limit: int, *, early: bool = False) -> list[int]:
        return self._read(lambda session: outbox.due(session, self.clock(), limit, early=early))

    def due_deliveries_of(self, reference: str, *, named: bool) -> list[int]:
        return self._read(lambda session: outbox.due_of(session, self.clock(), reference, named=named))

    def claim_delivery(
        self, id: int, lease: Lease, handlers: Iterable[str] = (), *, early: bool = False
    ) -> Delivery | None:
        """Take one row of the outbox: :func:`flask_fps.ledger.outbox.claim`."""
        return self._write(
            lambda session, now: outbox.claim(session, now, id, lease.owner, lease.lasts, handlers, early=early)
        )

    def renew_delivery(self, delivery: Delivery, lasts: timedelta) -> bool:
        return self._write(lambda session, now: outbox.renew(session, now, delivery, lasts))

    def hand_over(self, delivery: Delivery, call: Callable[[Any], None]) -> None:
        """Run the handlers and write the mark: in one transaction where the shop's session is the ledger's.

        :raises ClaimLost: another worker has the delivery now; nothing of ours was kept.
        """
        if self._session is None:
            call(None)
            self.mark(delivery)
        else:
            with self._session() as session:
                handing.deliver_in(session, self.engine, delivery, self._now, call)

    def mark(self, delivery: Delivery) -> None:
        """Write the delivery mark by itself.

        :raises ClaimLost: another worker has the delivery now.
        """
        marked = self._write(lambda session, now: outbox.mark(session.connection(), now, delivery))
        if not marked:
            raise ClaimLost(f"delivery of {delivery.payment.reference} is claimed by another worker")

    def delivery_failed(self, delivery: Delivery, error: str) -> bool:
        """Note that a handler raised; true if the delivery is now put before a person."""
        return self._write(lambda session, now: outbox.failed(session, now, delivery, error, self.backoff))

    def give_back(self, delivery: Delivery, wait: timedelta = timedelta()) -> None:
        """Drop a claim unused: :func:`flask_fps.ledger.outbox.give_back`."""
        self._write(lambda session, now: outbox.give_back(session, now, delivery, wait))

    # What is owed back

    def due_releases(self, limit: int, *, early: bool = False) -> list[int]:
        return self._read(lambda session: releases.due(session, self.clock(), limit, self.serves, early=early))

    def due_releases_of(self, reference: str) -> list[int]:
        return self._read(lambda session: releases.due_of(session, self.clock(), reference))

    def claim_release(self, id: int, lease: Lease) -> Release | None:
        return self._write(lambda session, now: releases.claim(session, now, id, lease.owner, lease.lasts))

    def release_ended(self, release: Release, result: str, said: str) -> None:
        self._write(lambda session, now: releases.ended(session, now, release, result, said))

    def postpone_release(self, release: Release) -> None:
        self._write(lambda session, now: releases.postpone(session, now, release, self.backoff))

    # Buyers and workers

    def adopt(self, guest: str, buyer: str) -> int:
        """Move what a guest bought to the buyer he turned out to be; how many payments moved."""
        return self._write(lambda session, now: owners.adopt(session, now, guest, buyer))

    def beat(self, worker: str) -> None:
        self._write(lambda session, now: heartbeats.beat(session, now, worker))

    def worker_seen(self, within: timedelta) -> bool:
        return self._read(lambda session: heartbeats.seen_within(session, self.clock(), within))
