"""Payments that cannot be taken further: whoever drives them meets an error that nobody foresaw."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..records import FINAL
from ..records import Payment
from ..records import State
from .backoff import Backoff
from .journal import journal
from .journal import STUMBLED
from .models import JournalRow
from .models import PaymentRow
from .noting import park_row
from .reading import locked_row
from .reading import payment_record

#: After so many errors, with nothing learned in between, a person is asked: about three hours.
STUMBLES_MAX = 12
#: After one of these the payment is getting on.
PROGRESS = ("moved", "answer")


def stumble(session: Session, now: datetime, reference: str, said: str, delays: Backoff) -> tuple[Payment, bool]:
    """Whoever drove this payment met an error: later again, so that others have their turn, and then a person.

    Gives the payment as it is now, and whether that has parked it for an operator.
    """
    row = locked_row(session, reference)
    times = _stumbles(session, row) + 1
    journal(session, row, STUMBLED, now, error=said[:500], times=times)
    driven, rested = row.due_at is not None and State(row.state) not in FINAL, row.parked_reason is not None
    if driven and times >= STUMBLES_MAX:
        park_row(session, now, row, f"it could not be taken further: {said[:500]}")
    if driven and (times < STUMBLES_MAX or row.state == State.RESERVED.value):  # a hold is looked after until its end
        row.due_at = max(row.due_at or now, now + delays.after(times))
    payment = payment_record(row)
    return payment, payment.parked_reason is not None and not rested


def _stumbles(session: Session, row: PaymentRow) -> int:
    session.flush()
    story = JournalRow.payment_id == row.id
    progress = session.scalar(select(func.max(JournalRow.id)).where(story, JournalRow.event.in_(PROGRESS)))
    since = JournalRow.event == STUMBLED, JournalRow.id > (progress or 0)
    return session.scalar(select(func.count()).select_from(JournalRow).where(story, *since)) or 0
