"""Authorizations that will not be paid with and are owed back to their buyers.

Where authorizing holds the buyer's money, forgetting one would keep it for days: so each stands
here from the commit that decided against it until the provider has answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..records import Payment
from .backoff import Backoff
from .claiming import claim_row
from .journal import journal
from .models import PaymentRow
from .models import ReleaseRow
from .reading import payment_record
from .reading import payments_with_lines
from .served import is_served
from .served import Served


@dataclass(frozen=True)
class Release:
    """One authorization to give back, claimed."""

    id: int
    payment: Payment
    authorization_id: str
    #: When it was decided.
    owed_since: datetime
    #: Who claimed it.
    owner: str


def owe(session: Session, now: datetime, payment: PaymentRow, authorization_id: str) -> bool:
    """From this commit on, this authorization is to be given back; once, however often it is said.

    :return: false if it was owed already.
    """
    known = select(ReleaseRow.id).where(
        ReleaseRow.payment_id == payment.id, ReleaseRow.authorization_id == authorization_id
    )
    if session.scalar(known) is not None:
        return False
    session.add(
        ReleaseRow(
            account=payment.account,
            gateway=payment.gateway,
            payment_id=payment.id,
            authorization_id=authorization_id,
            created_at=now,
            due_at=now,
            attempts=0,
        )
    )
    return True


def due(session: Session, now: datetime, limit: int, served: Served, *, early: bool = False) -> list[int]:
    query = select(ReleaseRow.id).where(ReleaseRow.released_at.is_(None), _free(now), is_served(ReleaseRow, served))
    query = query if early else query.where(ReleaseRow.due_at <= now)
    return list(session.scalars(query.order_by(ReleaseRow.due_at).limit(limit)))


def due_of(session: Session, now: datetime, reference: str) -> list[int]:
    query = select(ReleaseRow.id).join(PaymentRow, PaymentRow.id == ReleaseRow.payment_id)
    waiting = ReleaseRow.released_at.is_(None), ReleaseRow.due_at <= now, _free(now)
    return list(session.scalars(query.where(PaymentRow.reference == reference, *waiting).order_by(ReleaseRow.id)))


def claim(session: Session, now: datetime, id: int, owner: str, lease: timedelta) -> Release | None:
    free = ReleaseRow.released_at.is_(None), _free(now)
    held = {"lease_owner": owner, "lease_until": now + lease, "attempts": ReleaseRow.attempts + 1}
    if not claim_row(session, ReleaseRow, id, *free, **held):
        return None
    row = session.get_one(ReleaseRow, id)
    payment = session.execute(payments_with_lines().where(PaymentRow.id == row.payment_id)).unique().scalar_one()
    return Release(id, payment_record(payment), row.authorization_id, row.created_at, owner)


def ended(session: Session, now: datetime, release: Release, result: str, said: str) -> None:
    row = session.get_one(ReleaseRow, release.id, with_for_update=True)
    if row.released_at is not None:
        return
    row.released_at, row.due_at, row.lease_owner, row.lease_until = now, None, None, None
    payment = session.get_one(PaymentRow, row.payment_id)
    journal(session, payment, "authorization given back", now, result=result, said=said[:500])


def postpone(session: Session, now: datetime, release: Release, delays: Backoff) -> None:
    row = session.get_one(ReleaseRow, release.id, with_for_update=True)
    if row.lease_owner == release.owner and row.released_at is None:
        row.due_at, row.lease_owner, row.lease_until = now + delays.after(row.attempts), None, None


def _free(now: datetime) -> ColumnElement[bool]:
    return ReleaseRow.lease_until.is_(None) | (ReleaseRow.lease_until <= now)
