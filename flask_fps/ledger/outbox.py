"""The outbox: what is still owed for a paid payment, claimed by lease, retried with back-off, then parked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from enum import Enum

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import insert
from sqlalchemy import literal_column
from sqlalchemy import select
from sqlalchemy import true
from sqlalchemy import update
from sqlalchemy.orm import Session

from ..records import Payment
from .backoff import Backoff
from .claiming import claim_row
from .claiming import lock_payments
from .models import DeliveryRow
from .models import JournalRow
from .models import ParkedRow
from .models import PaymentRow
from .moves import journal
from .reading import payment_record
from .reading import payments_with_lines
from .reading import row_of

#: The outbox row of the signal ``payment_completed``; all others are named handlers.
COMPLETED = "payment_completed"
#: A handler that raised this often is parked for an operator.
ATTEMPTS_MAX = 10
#: Written out and not bound, so that a prepared statement may use the partial index.
IS_DUE = DeliveryRow.state == literal_column("'due'")


class Progress(str, Enum):
    DUE = "due"
    DONE = "done"
    PARKED = "parked"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Delivery:
    """One outbox entry, claimed."""

    id: int
    handler: str
    payment: Payment
    #: Who claimed it: the mark is written only for them.
    owner: str


def fill(
    session: Session, now: datetime, row: PaymentRow, handlers: Iterable[str], owner: str, lease: timedelta
) -> tuple[Delivery, ...]:
    """Write the outbox rows of a payment that has just been paid; the first is claimed for ``owner``."""
    completed = _owed(row, COMPLETED, now)
    completed.lease_owner, completed.lease_until = owner, now + lease
    session.add(completed)
    session.add_all(_owed(row, handler, now) for handler in handlers if handler != COMPLETED)
    session.flush()
    return (Delivery(completed.id, COMPLETED, payment_record(row), owner),)


def _owed(row: PaymentRow, handler: str, now: datetime) -> DeliveryRow:
    return DeliveryRow(
        account=row.account,
        gateway=row.gateway,
        payment_id=row.id,
        handler=handler,
        state=Progress.DUE.value,
        created_at=now,
        due_at=now,
        attempts=0,
    )


def due(session: Session, now: datetime, limit: int, *, early: bool = False) -> list[int]:
    """What is to be delivered now; ``early``: before its time, too."""
    query = select(DeliveryRow.id).where(IS_DUE, _free(now))
    query = query if early else query.where(DeliveryRow.due_at <= now)
    return list(session.scalars(query.order_by(DeliveryRow.due_at).limit(limit)))


def due_of(session: Session, now: datetime, reference: str, *, named: bool) -> list[int]:
    """Outbox rows of one payment that are due; without ``named`` only that of ``payment_completed``."""
    row = row_of(session, reference)
    if row is None:
        return []
    query = select(DeliveryRow.id).where(
        DeliveryRow.payment_id == row.id, DeliveryRow.state == "due", DeliveryRow.due_at <= now, _free(now)
    )
    if not named:
        query = query.where(DeliveryRow.handler == COMPLETED)
    return list(session.scalars(query.order_by(DeliveryRow.id)))


def claim(
    session: Session,
    now: datetime,
    id: int,
    owner: str,
    lease: timedelta,
    handlers: Iterable[str] = (),
    *,
    early: bool = False,
) -> Delivery | None:
    """Take one row that is due (``early``: even before), so that nobody else delivers it meanwhile.

    What was fully refunded meanwhile is withdrawn instead: whoever had claimed it did not come to its end.
    Who takes that of ``payment_completed`` adds what is owed by their ``handlers``: the process that learned of
    the payment may not have known them all.
    """
    free = DeliveryRow.state == "due", _free(now), true() if early else DeliveryRow.due_at <= now
    if not claim_row(session, DeliveryRow, id, *free, lease_owner=owner, lease_until=now + lease):
        return None
    row = session.get_one(DeliveryRow, id)
    payment = session.execute(payments_with_lines().where(PaymentRow.id == row.payment_id)).unique().scalar_one()
    if wholly_refunded(payment):
        _withdraw(session, now, row, payment)
        return None
    if row.handler == COMPLETED:
        _add_missing(session, now, payment, handlers)
    return Delivery(id, row.handler, payment_record(payment), owner)


def _withdraw(session: Session, now: datetime, row: DeliveryRow, payment: PaymentRow) -> None:
    """Drop the claim; where a step about its refunds is under way, what comes of that decides at the next claim."""
    row.lease_owner = row.lease_until = None
    if not lock_payments(session, PaymentRow.id == payment.id, skip=True):
        return
    session.refresh(payment, ["refunded"])
    if wholly_refunded(payment):
        row.state, row.due_at = Progress.WITHDRAWN.value, None
        journal(session, payment, "delivery withdrawn", now, handler=row.handler)


def wholly_refunded(row: PaymentRow) -> bool:
    """All that was paid was given back, or is on its way."""
    return row.refunded >= (row.amount if row.paid_amount is None else row.paid_amount)


def _add_missing(session: Session, now: datetime, payment: PaymentRow, handlers: Iterable[str]) -> None:
    there = set(session.scalars(select(DeliveryRow.handler).where(DeliveryRow.payment_id == payment.id)))
    session.add_all(_owed(payment, handler, now) for handler in handlers if handler not in there)


def renew(session: Session, now: datetime, delivery: Delivery, lease: timedelta) -> bool:
    renewed = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery.id, DeliveryRow.lease_owner == delivery.owner, DeliveryRow.state == "due")
        .values(lease_until=now + lease)
        .execution_options(synchronize_session=False)
    )
    return bool(renewed.rowcount == 1)  # type: ignore[attr-defined]


def still_ours(connection: Connection, delivery: Delivery) -> bool:
    """Is the claim ours, and nobody else about to take it over? From here to the commit nobody can."""
    held = select(DeliveryRow.state, DeliveryRow.lease_owner).where(DeliveryRow.id == delivery.id)
    row = connection.execute(held.with_for_update(key_share=True, skip_locked=True)).one_or_none()
    return row is not None and tuple(row) == ("due", delivery.owner)


def mark(connection: Connection, now: datetime, delivery: Delivery) -> bool:
    """Write the delivery mark; false if the claim was lost meanwhile."""
    marked = connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery.id, DeliveryRow.state == "due", DeliveryRow.lease_owner == delivery.owner)
        .values(state=Progress.DONE.value, delivered_at=now, lease_owner=None, lease_until=None, due_at=None)
    )
    if marked.rowcount != 1:
        return False
    owner = select(PaymentRow.id, PaymentRow.account, PaymentRow.gateway).where(
        PaymentRow.reference == delivery.payment.reference
    )
    payment = connection.execute(owner).one()
    connection.execute(
        insert(JournalRow).values(
            account=payment.account,
            gateway=payment.gateway,
            payment_id=payment.id,
            at=now,
            event="delivered",
            detail={"handler": delivery.handler},
        )
    )
    return True


def failed(session: Session, now: datetime, delivery: Delivery, error: str, delays: Backoff) -> bool:
    """Note that a handler raised; true if it is now parked for an operator."""
    row = session.get_one(DeliveryRow, delivery.id, with_for_update=True)
    if row.lease_owner != delivery.owner or row.state != "due":
        return False
    payment = session.execute(payments_with_lines().where(PaymentRow.id == row.payment_id)).unique().scalar_one()
    row.attempts += 1
    row.last_error = error[:2000]
    row.lease_owner = row.lease_until = None
    row.due_at = now + delays.after(row.attempts)
    journal(session, payment, "delivery failed", now, handler=row.handler, attempt=row.attempts, error=error[:500])
    if row.attempts < ATTEMPTS_MAX:
        return False
    row.state, row.due_at = Progress.PARKED.value, None
    reason = f"paid, but {row.handler} raised {row.attempts} times, last: {error[:200]}"
    session.add(
        ParkedRow(
            account=row.account,
            gateway=row.gateway,
            payment_id=row.payment_id,
            delivery_id=row.id,
            reason=reason,
            parked_at=now,
        )
    )
    journal(session, payment, "parked", now, reason=reason)
    return True


def give_back(session: Session, now: datetime, delivery: Delivery, wait: timedelta) -> None:
    """Drop a claim unused; nobody takes it up before ``wait`` is over."""
    row = session.get_one(DeliveryRow, delivery.id, with_for_update=True)
    if row.lease_owner == delivery.owner and row.state == "due":
        row.lease_owner = row.lease_until = None
        row.due_at = now + wait


def _free(now: datetime) -> ColumnElement[bool]:
    return DeliveryRow.lease_until.is_(None) | (DeliveryRow.lease_until <= now)
