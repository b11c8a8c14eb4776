"""What arrived, kept byte for byte before anything is done about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlalchemy import select
from sqlalchemy.orm import Session

from .backoff import Backoff
from .claiming import claim_row
from .models import InboxRow
from .models import PaymentRow
from .reading import row_of
from .served import is_served
from .served import Served

#: A returned query or a notification is never longer than this.
LARGEST_BODY = 64 * 1024


@dataclass(frozen=True)
class Arrival:
    """One message from outside, as it came."""

    #: ``return`` or ``notification``.
    source: str
    #: Our own URL it came to: the one it was signed for.
    url: str
    body: bytes
    account: str
    gateway: str
    #: The payment it speaks of, where that is known.
    payment: str | None = None
    #: What a notification came with, by name.
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return hashlib.sha256(b"\n".join((self.source.encode(), self.url.encode(), self.body))).hexdigest()


@dataclass(frozen=True)
class Waiting:
    """An arrival that still has to be processed."""

    id: int
    arrival: Arrival
    received_at: datetime


def keep(
    session: Session,
    now: datetime,
    arrival: Arrival,
    verdict: str,
    *,
    done: bool,
    payment_id: int | None = None,
    again: bool = False,
) -> int | None:
    """Write an arrival down; ``None`` if the very same one is here already and was dealt with.

    :param again: then it is to be dealt with once more.
    """
    known = session.scalar(select(InboxRow).where(InboxRow.digest == arrival.digest).with_for_update())
    if known:
        if done and known.done_at is None:
            known.done_at, known.verdict = now, verdict
        elif again:
            _open_again(known, now, arrival)
        return None if known.done_at else known.id
    row = InboxRow(
        account=arrival.account,
        gateway=arrival.gateway,
        digest=arrival.digest,
        source=arrival.source,
        verdict=verdict,
        payment_id=payment_id or _payment_id(session, arrival),
        url=arrival.url,
        body=arrival.body[:LARGEST_BODY],
        headers=dict(arrival.headers) or None,
        received_at=now,
        done_at=now if done else None,
        due_at=None if done else now,
        attempts=0,
    )
    session.add(row)
    session.flush()
    return row.id


def _open_again(known: InboxRow, now: datetime, arrival: Arrival) -> None:
    """If a worker is processing it, it will see that it arrived again."""
    known.received_at = now
    if known.done_at is not None:
        known.done_at, known.due_at, known.attempts = None, now, 0
        known.headers = dict(arrival.headers) or None


def _payment_id(session: Session, arrival: Arrival) -> int | None:
    if arrival.payment is None:
        return None
    return session.scalar(select(PaymentRow.id).where(PaymentRow.reference == arrival.payment))


def claim(session: Session, now: datetime, id: int, owner: str, lease: timedelta) -> Waiting | None:
    """Take one waiting arrival, so that nobody else processes it meanwhile."""
    free = InboxRow.done_at.is_(None), _free(now)
    held = {"lease_owner": owner, "lease_until": now + lease, "attempts": InboxRow.attempts + 1}
    if not claim_row(session, InboxRow, id, *free, **held):
        return None
    row = session.get_one(InboxRow, id)
    payment = session.scalar(select(PaymentRow.reference).where(PaymentRow.id == row.payment_id))
    arrival = Arrival(row.source, row.url, row.body, row.account, row.gateway, payment, row.headers or {})
    return Waiting(id, arrival, row.received_at)


def due(session: Session, now: datetime, limit: int, served: Served, *, early: bool = False) -> list[int]:
    """What is to be done now; ``early``: before its time, too."""
    query = select(InboxRow.id).where(InboxRow.done_at.is_(None), _free(now), is_served(InboxRow, served))
    query = query if early else query.where(InboxRow.due_at <= now)
    return list(session.scalars(query.order_by(InboxRow.due_at).limit(limit)))


def due_of(session: Session, now: datetime, reference: str, served: Served) -> list[int]:
    """Arrivals of one payment that wait, for the payment's own page."""
    row = row_of(session, reference)
    if row is None:
        return []
    waits = InboxRow.done_at.is_(None), InboxRow.due_at <= now, _free(now), is_served(InboxRow, served)
    query = select(InboxRow.id).where(InboxRow.payment_id == row.id, *waits)
    return list(session.scalars(query.order_by(InboxRow.id)))


def waits(session: Session, reference: str) -> bool:
    """Is there an arrival of this payment that is not dealt with, due or not?"""
    query = select(InboxRow.id).join(PaymentRow, PaymentRow.id == InboxRow.payment_id)
    waiting = query.where(PaymentRow.reference == reference, InboxRow.done_at.is_(None))
    return session.scalar(waiting.limit(1)) is not None


def finish(
    session: Session, now: datetime, id: int, note: str, verdict: str | None = None, seen: datetime | None = None
) -> None:
    """It is dealt with.

    :param seen: when it had been received as it was dealt with: if it came again since, it is due once more.
    """
    row = session.get_one(InboxRow, id, with_for_update=True)
    row.note, row.verdict, row.lease_owner, row.lease_until = note, verdict or row.verdict, None, None
    if seen is not None and row.received_at > seen:
        row.due_at, row.attempts = now, 0
    else:
        row.done_at = now


def postpone(session: Session, now: datetime, id: int, note: str, delays: Backoff) -> None:
    row = session.get_one(InboxRow, id, with_for_update=True)
    row.due_at = now + delays.after(row.attempts)
    row.note, row.lease_owner, row.lease_until = note, None, None


def _free(now: datetime) -> ColumnElement[bool]:
    return InboxRow.lease_until.is_(None) | (InboxRow.lease_until <= now)
