"""Where a buyer can be written to, and when that was done last."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..records import Payment
from ..records import State
from .claiming import lock_payments
from .models import PaymentRow
from .reading import locked_row
from .reading import payment_record
from .reading import payments_with_lines

#: No address that mail can be sent to is longer.
CONTACT_LENGTH = 254


def spelled(address: str) -> str:
    """An address as it is compared: nobody means two people by upper and lower case."""
    return address.strip().lower()


def as_contact(address: str | None) -> str | None:
    """What can be kept as an address to write to. None is cut: it would be another's."""
    contact = spelled(address) if address else ""
    return contact if 0 < len(contact) <= CONTACT_LENGTH else None


def reach(session: Session, reference: str, contact: str) -> None:
    row = locked_row(session, reference)
    row.contact = row.contact or as_contact(contact)


def to_be_written(session: Session, now: datetime, contact: str, apart: timedelta, limit: int) -> list[Payment]:
    """Paid payments of this address, unless it was written to within ``apart``; never-written first.

    Then those that were written about longest ago. Of requests at the same time one gets them. The whole address
    rests, not each purchase: else the buyer of much would be flooded the more.
    """
    his = PaymentRow.contact == spelled(contact)
    lock_payments(session, his)
    if session.scalar(select(PaymentRow.id).where(his, PaymentRow.written_at > now - apart).limit(1)) is not None:
        return []
    query = payments_with_lines().where(his, PaymentRow.state == State.PAID.value)
    order = PaymentRow.written_at.is_not(None), PaymentRow.written_at, PaymentRow.id.desc()
    rows = session.execute(query.order_by(*order)).unique().scalars().all()[:limit]
    for row in rows:
        row.written_at = now
    return [payment_record(row) for row in rows]
