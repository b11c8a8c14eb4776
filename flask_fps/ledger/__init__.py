"""The ledger: what is known of every payment, and every durable step it takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from ..money import Money
from ..records import Booked
from ..records import Intent
from ..records import JournalEntry
from ..records import Kind
from ..records import Outcome
from ..records import Payment
from ..records import State
from . import accepting
from . import heartbeats
from . import leasing
from . import noting
from . import opening
from . import owners
from . import reading
from . import recalling
from . import reserving
from . import schema
from . import settling
from . import stumbling
from .accepting import Accepted as Accepted
from .accepting import Proof as Proof
from .accepting import Terms as Terms
from .aftermath import Judged as Judged
from .aftermath import Misjudged as Misjudged
from .arrivals import Arrivals as Arrivals
from .backoff import Backoff as Backoff
from .backoff import INTENTS_MAX as INTENTS_MAX
from .browsing import Page as Page
from .browsing import Search as Search
from .browsing import Takings as Takings
from .contacts import as_contact as as_contact
from .deliveries import Deliveries as Deliveries
from .engine import own_engine as own_engine
from .engine import step
from .engine import system_time as system_time
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
from .parking import Reason as Reason
from .pruning import Pruned as Pruned
from .recalling import Recalled as Recalled
from .refunding import TakenRefund as TakenRefund
from .refunding import Wish as Wish
from .refunds import Refunds as Refunds
from .releases import Releases as Releases
from .releasing import Release as Release
from .reserving import Asked as Asked
from .reserving import Claim as Claim
from .reserving import Make as Make
from .returning import Returned as Returned
from .rights import Rights as Rights
from .role_tokens import RoleTokens
from .settling import Settled as Settled
from .store import Store as Store


class Ledger:
    """One ledger in one database.

    Each method, and each method of its parts, is one step: :mod:`flask_fps.ledger.store`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        #: Returns and notifications that are to be processed.
        self.arrivals = Arrivals(store)
        #: What is to be delivered.
        self.deliveries = Deliveries(store)
        #: Authorizations that are owed back.
        self.releases = Releases(store)
        #: What buyers may have.
        self.rights = Rights(store)
        #: What operators ask and do.
        self.operator = Operations(store)
        #: Tokens that stand for our own roles.
        self.role_tokens = RoleTokens(store)
        #: Money that goes back.
        self.refunds = Refunds(store)

    @property
    def engine(self) -> Engine:
        return self.store.engine

    def clock(self) -> datetime:
        """The time that leases and due times are counted on: :meth:`flask_fps.ledger.store.Store.clock`."""
        return self.store.clock()

    def tables_version(self) -> str | None:
        """The version that the tables have; ``None`` where there are none."""
        return step(lambda: schema.current(self.engine))

    # What is known

    def payment(self, reference: str) -> Payment | None:
        return self.store.read(lambda session: reading.payment_of(session, reference))

    def references_beginning(self, text: str, limit: int) -> list[str]:
        """At most so many references that begin like this."""
        return self.store.read(lambda session: reading.references_beginning(session, text, limit))

    def payment_of_intent(self, reference: str) -> Payment | None:
        """The payment of which this is the reference, or the reference of one of its intents."""
        return self.store.read(lambda session: reading.payment_of_intent(session, reference))

    def payment_by_handle(self, account: str, handle: str) -> Payment | None:
        """The payment that the provider itself calls this."""
        return self.store.read(lambda session: reading.payment_by_handle(session, account, handle))

    def intent(self, payment: str) -> Intent | None:
        """The newest request that was to pay or reserve this payment."""
        return self.store.read(lambda session: reading.newest_intent(session, payment, (Kind.PAY, Kind.RESERVE)))

    def newest_intent(self, payment: str) -> Intent | None:
        """The newest request about what this payment brings: to pay, reserve, settle or cancel."""
        inward = Kind.PAY, Kind.RESERVE, Kind.SETTLE, Kind.CANCEL
        return self.store.read(lambda session: reading.newest_intent(session, payment, inward))

    def intent_named(self, reference: str) -> Intent | None:
        return self.store.read(lambda session: reading.intent_of(session, reference))

    def journal(self, reference: str) -> list[JournalEntry]:
        return self.store.read(lambda session: reading.journal_of(session, reference))

    def newest(self, limit: int | None = None, *, parked: bool = False) -> list[Payment]:
        """The newest payments first; ``parked``: of those that are parked."""
        return self.store.read(lambda session: reading.newest_payments(session, limit, parked=parked))

    # The order

    def open_payment(self, draft: Draft) -> tuple[Opening, Payment | None]:
        """The payment that serves this order now: :func:`flask_fps.ledger.opening.open_payment`."""
        return self.store.write(lambda session, now: opening.open_payment(session, now, draft))

    def standing_payment(self, draft: Draft) -> tuple[Opening, Payment | None] | None:
        """What answers this order already: :func:`flask_fps.ledger.opening.standing_payment`."""
        now = self.clock()
        return self.store.read(lambda session: opening.standing_payment(session, now, draft))

    def begun(self, payment: Payment, redirect: str, handle: str | None, until: datetime | None = None) -> bool:
        """Remember what a provider that had to be asked said when the attempt began.

        :param until: when ``redirect`` stops working.
        :return: false if the payment has moved, or was begun elsewhere, meanwhile: then nobody must be sent there.
        """
        return self.store.write(lambda session, now: noting.begun(session, payment, redirect, handle, until))

    # The return

    def turned_away(
        self, reference: str, arrival: Arrival, inbox_id: int | None, standing: str, detail: str
    ) -> Payment:
        """A verified return without an authorization: ``abandoned`` or ``refused``."""
        return self.store.write(
            lambda session, now: noting.turned_away(session, now, reference, arrival, inbox_id, standing, detail)
        )

    def accept(self, proof: Proof, intent: Intent, lease: Lease, terms: Terms) -> Accepted:
        """Take an authorization in: :func:`flask_fps.ledger.accepting.accept`."""
        return self.store.write(lambda session, now: accepting.accept(session, now, proof, intent, lease, terms))

    def hold(self, reference: str, lease: Lease, *, early: bool = False) -> Payment | None:
        """Lease a payment whose buyer has not come back, if it is due and free."""
        return self.store.write(lambda session, now: leasing.hold(session, now, reference, lease, early=early))

    def still_away(
        self, payment: Payment, lease: Lease, next_at: datetime, end: datetime | None = None
    ) -> tuple[State, Payment]:
        """The provider knows no authorization, or one that is just being brought: ask again at ``next_at``.

        :param end: past it the payment has expired.
        :return: the state it was in before, and the payment as it is now.
        """
        return self.store.write(
            lambda session, now: noting.still_away(session, now, payment.reference, lease.owner, next_at, end)
        )

    # The request that pays

    def take(self, candidate: Intent, lease: Lease, windows: Windows, *, early: bool = False) -> Taken | None:
        """Lease a payment that is due, and say what to do: :func:`flask_fps.ledger.leasing.take`."""
        return self.store.write(lambda session, now: leasing.take(session, now, candidate, lease, windows, early=early))

    def too_old(self, reference: str, lease: Lease) -> Payment | None:
        """End a payment whose authorization moved nothing: :func:`flask_fps.ledger.leasing.too_old_to_pay`."""
        return self.store.write(lambda session, now: leasing.too_old_to_pay(session, now, reference, lease))

    def recall(self, intent: Intent, transaction_id: str, lease: Lease) -> Recalled:
        """Write down a request that brought this transaction: :func:`flask_fps.ledger.recalling.recall`."""
        return self.store.write(lambda session, now: recalling.recall(session, now, intent, transaction_id, lease))

    def resend(self, intent: Intent, lease: Lease) -> Intent | None:
        return self.store.write(lambda session, now: leasing.resend(session, now, intent, lease))

    def settle(self, intent: Intent, outcome: Outcome, lease: Lease, handlers: Iterable[str]) -> Settled:
        """Merge an answer into its payment: :func:`flask_fps.ledger.settling.settle`."""
        return self.store.write(
            lambda session, now: settling.settle(session, now, intent, outcome, lease, handlers, self.store.backoff)
        )

    # What is reserved

    def ask_of_hold(self, wish: Claim, make: Make, lease: Lease) -> Asked:
        """Write down that a hold is to be settled or cancelled: :func:`flask_fps.ledger.reserving.ask`."""
        return self.store.write(lambda session, now: reserving.ask(session, now, wish, make, lease))

    def foreseen_of_hold(self, wish: Claim) -> Money | None:
        """What would be taken or given up, if it were asked for now: :func:`flask_fps.ledger.reserving.foreseen`."""
        return self.store.read(lambda session: reserving.foreseen(session, wish))

    def take_hold(
        self, reference: str, make: Make, lease: Lease, windows: Windows, *, early: bool = False
    ) -> Taken | None:
        """Lease a reserved payment that is due: :func:`flask_fps.ledger.reserving.take`."""
        return self.store.write(
            lambda session, now: reserving.take(session, now, reference, make, lease, windows, early=early)
        )

    def park(self, reference: str, reason: str, owner: str | None = None, seen: State | None = None) -> Payment:
        """Park a payment for an operator: :func:`flask_fps.ledger.noting.park`."""
        return self.store.write(lambda session, now: noting.park(session, now, reference, reason, owner, seen))

    def stumble(self, reference: str, said: str) -> tuple[Payment, bool]:
        """Driving this payment met an error: :func:`flask_fps.ledger.stumbling.stumble`."""
        return self.store.write(
            lambda session, now: stumbling.stumble(session, now, reference, said, self.store.backoff)
        )

    def note(self, reference: str, event: str, **detail: Any) -> None:
        self.store.write(lambda session, now: noting.note(session, now, reference, event, detail))

    def unfinished_payments(self) -> list[str]:
        """References of all payments that may still move, due or not."""
        return self.store.read(lambda session: reading.unfinished_payments(session, self.store.serves))

    def transactions_since(self, account: str, since: datetime) -> list[Booked]:
        """What this ledger believes of the provider's transactions since then."""
        return self.store.read(lambda session: reading.transactions_since(session, account, since))

    def unseen(self, for_longer_than: timedelta) -> int:
        """How much of any kind has been due for so long."""
        return sum(queue.due for queue in self.operator.queues(self.clock() - for_longer_than).values())

    def due_payments(self, limit: int) -> list[str]:
        return self.store.read(lambda session: reading.due_payments(session, self.clock(), limit, self.store.serves))

    # Buyers and workers

    def adopt(self, guest: str, buyer: str) -> int:
        """Move what a guest bought to the buyer who signed in; how many payments moved."""
        return self.store.write(lambda session, now: owners.adopt(session, now, guest, buyer))

    def beat(self, worker: str) -> None:
        self.store.write(lambda session, now: heartbeats.beat(session, now, worker))

    def worker_seen(self, within: timedelta) -> bool:
        return self.store.read(lambda session: heartbeats.seen_within(session, self.clock(), within))
