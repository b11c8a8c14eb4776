"""Whose purchases are whose: what a guest bought moves to the account at sign-in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .claiming import lock_payments
from .models import ClaimRow
from .models import GrantRow
from .models import PaymentRow
from .moves import journal
from .opening import rekeyed


def adopt(session: Session, now: datetime, guest: str, buyer: str) -> int:
    """Move all payments and grants of a guest to a buyer; how many payments moved.

    A payment whose new order key the unique index refuses (the buyer has one of that order already)
    keeps its old key.
    """
    lock_payments(session, PaymentRow.buyer == guest)
    rows = list(session.scalars(select(PaymentRow).where(PaymentRow.buyer == guest)))
    for row in rows:
        row.buyer = buyer
        journal(session, row, "buyer signed in", now, guest=guest, buyer=buyer)
        session.flush()
        if row.key_is_ours:
            _rekey(session, now, row, rekeyed(session, row, buyer))
    _move_grants(session, guest, buyer)
    return len(rows)


def _move_grants(session: Session, guest: str, buyer: str) -> None:
    """A buyer's grants, by whatever payment they came, and those that were lent."""
    session.execute(update(GrantRow).where(GrantRow.buyer == guest).values(buyer=buyer))
    has = select(ClaimRow.grant_id).where(ClaimRow.buyer == buyer)
    session.execute(delete(ClaimRow).where(ClaimRow.buyer == guest, ClaimRow.grant_id.in_(has)))
    session.execute(update(ClaimRow).where(ClaimRow.buyer == guest).values(buyer=buyer))


def _rekey(session: Session, now: datetime, row: PaymentRow, key: str) -> None:
    try:
        with session.begin_nested():
            session.execute(update(PaymentRow).where(PaymentRow.id == row.id).values(order_key=key))
    except IntegrityError:
        journal(session, row, "order key kept", now, wanted=key)
