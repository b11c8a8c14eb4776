"""Where a buyer can be written to, and when that was done last."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from sqlalchemy import or_
from sqlalchemy import update
from sqlalchemy.orm import Session

from ..records import Payment
from ..records import State
from .models import PaymentRow
from .reading import locked_row
from .reading import payment_record
from .reading import payments_with_lines


def spelled(address: str) -> str:
    """An address as it is compared: nobody means two people by upper and lower case."""
    return address.strip().lower()


def reach(session: Session, reference: str, contact: str) -> None:
    row = locked_row(session, reference)
    row.contact = row.contact or spelled(contact)[:255]


def to_be_written(session: Session, now: datetime, contact: str, apart: timedelta, limit: int) -> list[Payment]:
    """The newest paid ones of this address; each is given to one of those who ask at the same time."""
    rested = or_(PaymentRow.written_at.is_(None), PaymentRow.written_at <= now - apart)
    query = payments_with_lines().where(
        PaymentRow.contact == spelled(contact), PaymentRow.state == State.PAID.value, rested
    )
    rows = session.execute(query.order_by(PaymentRow.id.desc())).unique().scalars().all()[:limit]
    return [payment_record(row) for row in rows if _mine(session, now, row.id, row.written_at)]


def _mine(session: Session, now: datetime, id: int, before: datetime | None) -> bool:
    same = PaymentRow.written_at.is_(None) if before is None else PaymentRow.written_at == before
    taken = session.execute(
        update(PaymentRow)
        .where(PaymentRow.id == id, same)
        .values(written_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]
