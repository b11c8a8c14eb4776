"""Is anything waiting that should not wait? A few index look-ups, however large the ledger is.

Only :func:`states` counts all payments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy import func
from sqlalchemy import literal_column
from sqlalchemy import Select
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session

from ..records import State
from .journal import STUMBLED
from .models import DeliveryRow
from .models import HeartbeatRow
from .models import InboxRow
from .models import JournalRow
from .models import ParkedRow
from .models import PaymentRow
from .models import RefundRow
from .models import ReleaseRow

#: What each kind of work waits by, and which of it still waits. Written out, so that the partial indexes serve.
QUEUES: dict[str, tuple[InstrumentedAttribute[datetime | None], ColumnElement[bool]]] = {
    "payments": (PaymentRow.due_at, PaymentRow.due_at.is_not(None)),
    "messages": (InboxRow.due_at, InboxRow.done_at.is_(None)),
    "releases": (ReleaseRow.due_at, ReleaseRow.released_at.is_(None)),
    "refunds": (RefundRow.due_at, RefundRow.due_at.is_not(None)),
    "deliveries": (DeliveryRow.due_at, DeliveryRow.state == literal_column("'due'")),
}


@dataclass(frozen=True)
class Queue:
    """One kind of work that is due."""

    due: int
    #: The time of what has been due longest.
    since: datetime | None


@dataclass(frozen=True)
class Backlog:
    """What waits in a ledger, and for whom."""

    #: Payments that are parked.
    parked: int
    #: By kind: ``payments``, ``messages``, ``releases``, ``refunds``, ``deliveries``.
    queues: dict[str, Queue]
    #: When a worker was last seen.
    worker_seen_at: datetime | None
    #: Payments whose driving meets an error.
    stumbling: int = 0


def states(session: Session) -> dict[str, int]:
    """How many payments are in each state: all are counted in an index, a million in about 0.15 seconds."""
    query = select(PaymentRow.state, func.count()).group_by(PaymentRow.state)
    counted = {row[0]: row[1] for row in session.execute(query)}
    return {state.value: counted.get(state.value, 0) for state in State}


def queues(session: Session, moment: datetime) -> dict[str, Queue]:
    """What was due at ``moment`` and still is, by kind."""
    return {name: _queue(session, name, moment) for name in QUEUES}


def backlog(session: Session, moment: datetime) -> Backlog:
    """What was due at ``moment`` and still is, what is parked, and when a worker was last seen."""
    parked = select(func.count(ParkedRow.payment_id.distinct())).where(ParkedRow.resolved_at.is_(None))
    return Backlog(
        parked=session.scalar(parked) or 0,
        queues=queues(session, moment),
        worker_seen_at=session.scalar(select(func.max(HeartbeatRow.beat_at))),
        stumbling=_stumbling(session),
    )


def _queue(session: Session, name: str, moment: datetime) -> Queue:
    due_at, waits = QUEUES[name]
    query: Select[int, datetime | None] = select(func.count(), func.min(due_at)).where(waits, due_at <= moment)
    count, since = session.execute(query).one()
    return Queue(count, since)


def _stumbling(session: Session) -> int:
    """How many payments are to be driven on, and could not be when that was tried last."""
    story = select(JournalRow.event).where(JournalRow.payment_id == PaymentRow.id).correlate(PaymentRow)
    newest = story.order_by(JournalRow.id.desc()).limit(1).scalar_subquery()
    query = select(func.count()).select_from(PaymentRow).where(PaymentRow.due_at.is_not(None), newest == STUMBLED)
    return session.scalar(query) or 0
