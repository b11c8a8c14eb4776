"""Taking away what nobody will ask for again: messages and journal lines of payments that are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy import delete
from sqlalchemy import exists
from sqlalchemy import func
from sqlalchemy import Select
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session

from ..records import FINAL
from .models import DeliveryRow
from .models import InboxRow
from .models import JournalRow
from .models import ParkedRow
from .models import PaymentRow
from .models import RefundRow
from .models import ReleaseRow

#: The column of another table that says which payment its row is about.
Owner = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]


@dataclass(frozen=True)
class Pruned:
    """How much was taken away."""

    payments: int = 0
    messages: int = 0
    journal: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(self.payments + other.payments, self.messages + other.messages, self.journal + other.journal)


def count(session: Session, before: datetime) -> int:
    """Of how many payments something is to be taken away."""
    return session.scalar(select(func.count()).select_from(_over(before).subquery())) or 0


def prune(session: Session, before: datetime, limit: int) -> Pruned:
    """Take away what there is of the oldest ``limit`` payments that are over; nothing is left to do at zero payments.

    The payments themselves, their requests, transactions, refunds and grants stay for ever; so does what arrives or is
    written down about them meanwhile.
    """
    ids = list(session.scalars(_over(before).order_by(PaymentRow.id).limit(limit)))
    if not ids:
        return Pruned()
    looked_at = InboxRow.done_at.is_not(None), InboxRow.received_at < before
    messages = session.execute(delete(InboxRow).where(InboxRow.payment_id.in_(ids), *looked_at))
    lines = session.execute(delete(JournalRow).where(JournalRow.payment_id.in_(ids), JournalRow.at < before))
    return Pruned(len(ids), messages.rowcount, lines.rowcount)  # type: ignore[attr-defined]


def prune_strays(session: Session, before: datetime) -> int:
    """Take away messages that were about no payment of ours, once they were looked at; how many."""
    strays = InboxRow.payment_id.is_(None), InboxRow.done_at.is_not(None), InboxRow.received_at < before
    return int(session.execute(delete(InboxRow).where(*strays)).rowcount)  # type: ignore[attr-defined]


def _over(before: datetime) -> Select[int]:
    """Payments whose story ended before then and still has lines: final, delivered, and nothing open about them."""
    return select(PaymentRow.id).where(
        PaymentRow.state.in_([state.value for state in FINAL]),
        PaymentRow.created_at < before,
        _has(JournalRow.payment_id),
        ~_has(JournalRow.payment_id, JournalRow.at >= before),
        ~_has(InboxRow.payment_id, InboxRow.done_at.is_(None) | (InboxRow.received_at >= before)),
        ~_has(DeliveryRow.payment_id, DeliveryRow.state.in_(("due", "parked"))),
        ~_has(ParkedRow.payment_id, ParkedRow.resolved_at.is_(None)),
        ~_has(ReleaseRow.payment_id, ReleaseRow.released_at.is_(None)),
        ~_has(RefundRow.payment_id, RefundRow.settled_at.is_(None), RefundRow.state != "failed"),
    )


def _has(
    owner: InstrumentedAttribute[int] | InstrumentedAttribute[int | None], *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    return exists().where(owner == PaymentRow.id, *conditions)
