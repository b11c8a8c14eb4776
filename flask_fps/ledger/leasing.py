"""The right to act for a payment: who holds it, and what is to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..records import CLAIMING
from ..records import Intent
from ..records import IntentState
from ..records import Kind
from ..records import Payment
from ..records import State
from .models import IntentRow
from .models import PaymentRow
from .moves import journal
from .moves import move
from .reading import free_row
from .reading import intent_of
from .reading import intent_record
from .reading import intent_row
from .reading import locked_row
from .reading import payment_record

S = State
#: The buyer was sent away, and no authorization is known.
AWAY = frozenset({S.STARTED, S.ABANDONED, S.REFUSED})
#: What a payment's authorization is used for.
PAYING = (Kind.PAY.value, Kind.RESERVE.value)


@dataclass(frozen=True)
class Lease:
    """The right to act for a payment: by whom, and for how long."""

    owner: str
    lasts: timedelta
    #: After this moment of the holder's own clock somebody else may act: nothing is sent any more.
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Windows:
    """How long after what a request may go out.

    :param pay: from the authorization, the first time.
    :param resend: from the first time, again and exactly as it was.
    """

    pay: timedelta
    resend: timedelta


class Task(Enum):
    """What the holder of a payment's lease is to do next."""

    SEND = "send"
    FIND = "find"
    CHECK = "check"
    #: Nothing will be paid: give the authorization back.
    RELEASE = "release"
    #: It is too late to pay: unless that was done, and forgotten here, the payment has ended.
    EXPIRE = "expire"


@dataclass(frozen=True)
class Taken:
    """A payment under lease, and the request in question."""

    payment: Payment
    intent: Intent
    task: Task


def order_engaged_by_another(session: Session, row: PaymentRow) -> bool:
    claiming = [state.value for state in CLAIMING]
    query = select(PaymentRow.id).where(
        PaymentRow.account == row.account,
        PaymentRow.order_key == row.order_key,
        PaymentRow.state.in_(claiming),
        PaymentRow.closed_at.is_(None),
        PaymentRow.id != row.id,
    )
    return session.scalar(query.limit(1)) is not None


def freeze(session: Session, now: datetime, row: PaymentRow, intent: Intent) -> IntentRow:
    stored = IntentRow(
        account=row.account,
        gateway=row.gateway,
        payment_id=row.id,
        reference=intent.reference,
        kind=intent.kind,
        state=IntentState.FROZEN.value,
        amount=intent.money.minor,
        currency=intent.money.currency,
        authorization_id=intent.authorization_id,
        parameters=dict(intent.parameters),
        sends=0,
        harmless_sends=0,
        created_at=now,
    )
    session.add(stored)
    if intent.holds_for is not None:
        row.hold_until = (row.authorized_at or now) + intent.holds_for
    return stored


def send_under_lease(session: Session, now: datetime, row: PaymentRow, stored: IntentRow, lease: Lease) -> Intent:
    until = now + lease.lasts
    holds = {"lease_owner": lease.owner, "lease_until": until, "due_at": until, "attempts": row.attempts + 1}
    move(session, row, S.PAYING, now, why=f"sending {stored.kind} {stored.reference}", **holds)
    count_send(stored, now)
    return intent_record(stored, row.reference)


def too_old_to_pay(session: Session, now: datetime, reference: str, lease: Lease) -> Payment | None:
    """End a payment whose authorization is too old to be paid with; ``None`` if somebody else has taken it further."""
    row = locked_row(session, reference)
    if row.state != S.AUTHORIZED.value or row.lease_owner != lease.owner:
        return None
    released = {"due_at": None, "lease_owner": None, "lease_until": None}
    move(session, row, S.EXPIRED, now, why="the authorization is too old to be paid with", **released)
    return payment_record(row)


def count_send(stored: IntentRow, now: datetime) -> None:
    stored.sends += 1
    stored.first_sent_at = stored.first_sent_at or now
    stored.last_sent_at = now


def take(
    session: Session, now: datetime, candidate: Intent, lease: Lease, windows: Windows, *, early: bool = False
) -> Taken | None:
    """Lease a payment that is to be driven on, or ``None``: held, not due yet, or nothing to do.

    ``candidate`` is frozen here if the last request was refused for good and may be made anew. What is before
    a person is only asked about, and only if somebody wants it (``early``).
    """
    row = free_row(session, candidate.payment)
    if row is None or is_held(row, now) or not is_due(row, now, early):
        return None
    if row.state == S.AUTHORIZED.value:
        return _take_authorized(session, now, row, candidate, lease, windows.pay)
    stored = _last_intent(session, row)
    if stored is None or row.state not in (S.PAYING.value, S.UNKNOWN.value, S.PENDING.value):
        return None
    take_lease(row, now, lease)
    if row.state == S.PENDING.value:
        return Taken(payment_record(row), intent_record(stored, row.reference), Task.CHECK)
    if stored.sends > 1 or row.parked_reason is not None or too_old(stored, now, windows.resend):
        return Taken(payment_record(row), intent_record(stored, row.reference), Task.FIND)
    count_send(stored, now)
    journal(session, row, "sending again", now, reference=stored.reference, sends=stored.sends)
    return Taken(payment_record(row), intent_record(stored, row.reference), Task.SEND)


def too_old(stored: IntentRow, now: datetime, resend: timedelta) -> bool:
    return stored.first_sent_at is not None and now > stored.first_sent_at + resend


def _take_authorized(
    session: Session, now: datetime, row: PaymentRow, candidate: Intent, lease: Lease, pay_within: timedelta
) -> Taken | None:
    if row.parked_reason is not None:
        return None
    if row.authorized_at is not None and now >= row.authorized_at + pay_within:
        take_lease(row, now, lease)
        return Taken(payment_record(row), candidate, Task.EXPIRE)
    if order_engaged_by_another(session, row):
        move(session, row, S.CANCELLED, now, why="another payment of this order was first", due_at=None)
        return Taken(payment_record(row), candidate, Task.RELEASE)
    last = _last_intent(session, row)
    reusable = last is not None and last.state in (IntentState.FROZEN.value, IntentState.NOT_SENT.value)
    if not reusable and intent_of(session, candidate.reference):  # somebody was faster since it was thought of
        return None
    stored = last if last is not None and reusable else freeze(session, now, row, candidate)
    intent = send_under_lease(session, now, row, stored, lease)
    return Taken(payment_record(row), intent, Task.SEND)


def hold(session: Session, now: datetime, reference: str, lease: Lease, *, early: bool) -> Payment | None:
    """Lease a payment whose buyer has not come back, to ask the provider about it."""
    row = free_row(session, reference)
    if row is None or S(row.state) not in AWAY or is_held(row, now) or not is_due(row, now, early):
        return None
    take_lease(row, now, lease)
    return payment_record(row)


def take_lease(row: PaymentRow, now: datetime, lease: Lease) -> None:
    row.lease_owner, row.lease_until = lease.owner, now + lease.lasts
    row.due_at, row.attempts = row.lease_until, row.attempts + 1


def is_due(row: PaymentRow, now: datetime, early: bool) -> bool:
    return early or (row.due_at is not None and row.due_at <= now)


def is_held(row: PaymentRow, now: datetime) -> bool:
    return row.lease_until is not None and row.lease_until > now


def resend(session: Session, now: datetime, intent: Intent, lease: Lease) -> Intent | None:
    """Count one more send of an intent, or ``None`` if the lease was lost meanwhile."""
    row = locked_row(session, intent.payment)
    if row.lease_owner != lease.owner or not is_held(row, now):
        return None
    row.lease_until = row.due_at = now + lease.lasts
    stored = intent_row(session, intent.reference)
    if stored.sends == intent.sends:  # else it was counted, and only the commit was reported lost
        count_send(stored, now)
        journal(session, row, "sending again", now, reference=stored.reference, sends=stored.sends)
    return intent_record(stored, row.reference)


def _last_intent(session: Session, row: PaymentRow) -> IntentRow | None:
    query = select(IntentRow).where(IntentRow.payment_id == row.id, IntentRow.kind.in_(PAYING))
    return session.scalar(query.order_by(IntentRow.id.desc()).limit(1))
