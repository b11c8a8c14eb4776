"""The ledger's steps that give money back; as in the ledger itself, each is one short transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..money import Money
from ..records import Intent
from ..records import Outcome
from ..records import Refund
from ..records import RefundState
from . import refunding
from . import returning
from .aftermath import given_back
from .aftermath import Judged
from .leasing import Lease
from .models import IntentRow
from .models import PaymentRow
from .models import RefundRow
from .models import TransactionRow
from .refunding import Freeze
from .refunding import TakenRefund
from .refunding import Window
from .refunding import Wish
from .returning import Returned
from .served import is_served
from .served import Served
from .store import Store


@dataclass(frozen=True)
class Refunds:
    """What is known of refunds and how they are taken on, found as :attr:`flask_fps.ledger.Ledger.refunds`."""

    _store: Store

    # What is known

    def of(self, payment: str) -> list[Refund]:
        """The refunds of a payment, oldest first."""
        return self._store.read(lambda session: _of(session, payment))

    def of_account(self, account: str, since: datetime) -> list[Refund]:
        """Those that have a transaction and were asked for, or seen, since then."""
        return self._store.read(lambda session: _of_account(session, account, since))

    def given_back(self, payment: str) -> int:
        """Minor units of a payment's refunds that are done."""
        return self._store.read(lambda session: given_back(session, payment))

    def named(self, reference: str) -> int | None:
        """The refund that this request is, or was, about."""
        return self._store.read(lambda session: _named(session, reference))

    def by_transaction(self, account: str, transaction_id: str) -> int | None:
        return self._store.read(lambda session: refunding.by_transaction(session, account, transaction_id))

    def payment_paid_by(self, account: str, transaction_id: str) -> str | None:
        """The payment that this transaction of the provider paid, or was to, or paid a second time."""
        return self._store.read(lambda session: _payment_paid_by(session, account, transaction_id))

    def due(self, limit: int, *, early: bool = False) -> list[int]:
        """What is to be driven now; ``early``: before its time, and what waits for a person, too."""
        return self._store.read(
            lambda session: _due(session, self._store.clock(), limit, self._store.serves, early=early)
        )

    def due_of(self, payment: str) -> list[int]:
        return self._store.read(lambda session: _due_of(session, self._store.clock(), payment))

    def foreseen(self, wish: Wish) -> Money | None:
        """What this would give back, if it were asked for now: :func:`flask_fps.ledger.refunding.foreseen`."""
        return self._store.read(lambda session: refunding.foreseen(session, wish))

    # What is done

    def ask(self, wish: Wish, make: Freeze, lease: Lease) -> TakenRefund:
        """Write a refund down and take its lease: :func:`flask_fps.ledger.refunding.ask`."""
        return self._store.write(lambda session, now: refunding.ask(session, now, wish, make, lease))

    def claim(self, id: int, make: Freeze, lease: Lease, resend: Window, *, early: bool = False) -> TakenRefund | None:
        """Lease a refund that is due, and say what to do: :func:`flask_fps.ledger.refunding.claim`."""
        return self._store.write(
            lambda session, now: refunding.claim(session, now, id, make, lease, resend, early=early)
        )

    def resend(self, taken: TakenRefund, lease: Lease) -> Intent | None:
        return self._store.write(lambda session, now: refunding.resend(session, now, taken, lease))

    def answered(self, id: int, reference: str | None, outcome: Outcome, lease: Lease, judged: Judged) -> Returned:
        """Merge an answer into its refund: :func:`flask_fps.ledger.returning.answered`."""
        return self._store.write(
            lambda session, now: returning.answered(
                session, now, id, reference, outcome, lease, judged, self._store.backoff
            )
        )

    def adopt(self, payment: str, outcome: Outcome, judged: Judged) -> Returned | None:
        """Take in what somebody else gave back: :func:`flask_fps.ledger.returning.adopt`."""
        return self._store.write(
            lambda session, now: returning.adopt(session, now, payment, outcome, judged, self._store.backoff)
        )

    def park(self, id: int, reason: str, lease: Lease, seen: RefundState | None = None) -> Returned:
        """Park a refund for an operator: :func:`flask_fps.ledger.returning.park`."""
        return self._store.write(lambda session, now: returning.park(session, now, id, reason, lease, seen))


def _of(session: Session, payment: str) -> list[Refund]:
    query = select(RefundRow, PaymentRow).join(PaymentRow, PaymentRow.id == RefundRow.payment_id)
    found = session.execute(query.where(PaymentRow.reference == payment).order_by(RefundRow.id))
    return [refunding.refund_record(refund, row.reference) for refund, row in found]


def _of_account(session: Session, account: str, since: datetime) -> list[Refund]:
    query = select(RefundRow, PaymentRow.reference).join(PaymentRow, PaymentRow.id == RefundRow.payment_id)
    mine = RefundRow.account == account, RefundRow.created_at >= since, RefundRow.transaction_id.is_not(None)
    found = session.execute(query.where(*mine).order_by(RefundRow.id))
    return [refunding.refund_record(refund, reference) for refund, reference in found]


def _named(session: Session, reference: str) -> int | None:
    """An earlier request of the same refund has the same name before its ``x``."""
    first = reference.partition("x")[0]
    query = select(RefundRow.id).join(IntentRow, IntentRow.id == RefundRow.intent_id)
    later = IntentRow.reference.startswith(f"{first}x", autoescape=True)
    return session.scalar(query.where((IntentRow.reference == first) | later).limit(1))


def _payment_paid_by(session: Session, account: str, transaction_id: str) -> str | None:
    query = select(PaymentRow.reference).join(TransactionRow, TransactionRow.payment_id == PaymentRow.id)
    known = TransactionRow.account == account, TransactionRow.transaction_id == transaction_id
    return session.scalar(query.where(*known).limit(1))


def _due(session: Session, now: datetime, limit: int, served: Served, *, early: bool) -> list[int]:
    query = select(RefundRow.id).where(_free(now), is_served(RefundRow, served))
    if early:
        query = query.where(RefundRow.state.in_([state.value for state in refunding.OPEN]))
    else:
        query = query.where(RefundRow.due_at <= now)
    return list(session.scalars(query.order_by(RefundRow.due_at, RefundRow.id).limit(limit)))


def _due_of(session: Session, now: datetime, payment: str) -> list[int]:
    query = select(RefundRow.id).join(PaymentRow, PaymentRow.id == RefundRow.payment_id)
    return list(session.scalars(query.where(PaymentRow.reference == payment, RefundRow.due_at <= now, _free(now))))


def _free(now: datetime) -> ColumnElement[bool]:
    return RefundRow.lease_until.is_(None) | (RefundRow.lease_until <= now)
