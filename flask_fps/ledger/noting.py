"""Short steps that only write something down about a payment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..records import Payment
from ..records import State
from . import inbox
from .models import ParkedRow
from .models import PaymentRow
from .moves import journal
from .moves import move
from .moves import MOVES
from .reading import locked_row
from .reading import payment_record

S = State


def begun(session: Session, payment: Payment, redirect: str, handle: str | None, until: datetime | None) -> bool:
    """Remember where the buyer is sent; false if nobody is awaited there.

    The payment has moved since it was opened, or somebody else has begun it meanwhile and sent the buyer elsewhere.
    """
    row = locked_row(session, payment.reference)
    if S(row.state) is not payment.state or (row.redirect_url is not None and row.gateway_handle != handle):
        return False
    row.redirect_url, row.redirect_until, row.gateway_handle = redirect, until, handle
    return True


def note(session: Session, now: datetime, reference: str, event: str, detail: Mapping[str, Any]) -> None:
    journal(session, locked_row(session, reference), event, now, **detail)


def turned_away(
    session: Session,
    now: datetime,
    reference: str,
    arrival: inbox.Arrival,
    inbox_id: int | None,
    standing: str,
    detail: str,
) -> Payment:
    """Note a verified return that brought no authorization. It never proves that none exists."""
    row, to = locked_row(session, reference), State(standing)
    is_news = kept(session, now, arrival, inbox_id, row)
    if to in MOVES[State(row.state)]:
        move(session, row, to, now, why=detail)
    elif is_news:  # else whoever reloads a return would fill the story of the payment
        journal(session, row, "return", now, standing=standing, detail=detail)
    return payment_record(row)


def still_away(
    session: Session, now: datetime, reference: str, owner: str, next_at: datetime, end: datetime | None
) -> tuple[State, Payment]:
    """The provider knows no authorization: ask again at ``next_at``, or end it once ``end`` has passed.

    Gives the state it was in before, and the payment as it is now.
    """
    row = locked_row(session, reference)
    before = S(row.state)
    ours = row.lease_owner == owner
    if ours and end is not None and now >= end and S.EXPIRED in MOVES[S(row.state)]:
        move(session, row, S.EXPIRED, now, why="the buyer never authorized it", due_at=None)
        unpark_row(session, now, row)
    elif ours:
        row.due_at = next_at
    release(row, owner)
    return before, payment_record(row)


def kept(session: Session, now: datetime, arrival: inbox.Arrival, inbox_id: int | None, row: PaymentRow) -> bool:
    """The arrival is dealt with: written down now, or marked where it waited; false if that was done before."""
    if inbox_id is None:
        return inbox.keep(session, now, arrival, "valid", done=True, payment_id=row.id) is not None
    inbox.finish(session, now, inbox_id, "processed", "valid")
    return True


def park(
    session: Session, now: datetime, reference: str, reason: str, owner: str | None = None, seen: State | None = None
) -> Payment:
    """Park a payment for an operator: nothing drives it any more until what it waits for arrives.

    :param seen: the state for which that was decided: if it has moved since, it stays where it is.
    """
    row = locked_row(session, reference)
    if seen is None or row.state == seen.value:
        park_row(session, now, row, reason)
    release(row, owner)
    return payment_record(row)


def park_row(session: Session, now: datetime, row: PaymentRow, reason: str) -> bool:
    """Once for each reason: what waits already, a delivery of it say, hides nothing that is found later.

    :return: false if it is parked for this already.
    """
    row.due_at = None
    known = select(ParkedRow.id).where(
        ParkedRow.payment_id == row.id,
        ParkedRow.resolved_at.is_(None),
        ParkedRow.delivery_id.is_(None),
        ParkedRow.refund_id.is_(None),
        ParkedRow.reason == reason,
    )
    if session.scalar(known.limit(1)) is not None:
        return False
    session.add(ParkedRow(account=row.account, gateway=row.gateway, payment_id=row.id, reason=reason, parked_at=now))
    journal(session, row, "parked", now, reason=reason)
    session.flush()
    session.refresh(row, ["parked_reason"])
    return True


def unpark_row(session: Session, now: datetime, row: PaymentRow) -> None:
    """What a person was to find out is known now."""
    if row.parked_reason is None:
        return
    open_rows = select(ParkedRow).where(ParkedRow.payment_id == row.id, ParkedRow.resolved_at.is_(None))
    for parked in session.scalars(open_rows):
        parked.resolved_at, parked.resolution = now, f"it was {row.state} after all"
    journal(session, row, "unparked", now, found=row.state)
    session.flush()
    session.refresh(row, ["parked_reason"])


def release(row: PaymentRow, owner: str | None) -> None:
    """Give up the lease, if it is still this owner's."""
    if owner is not None and row.lease_owner == owner:
        row.lease_owner = row.lease_until = None
