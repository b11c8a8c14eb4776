"""Whose purchases are whose: what a guest bought moves to him when he signs in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .models import GrantRow
from .models import PaymentRow
from .moves import journal
from .opening import rekeyed


def adopt(session: Session, now: datetime, guest: str, buyer: str) -> int:
    """Move all payments and grants of a guest to a buyer; how many payments moved.

    A payment whose new order key the unique index refuses (the buyer has one of that order himself)
    keeps its old key.
    """
    rows = list(session.scalars(select(PaymentRow).where(PaymentRow.buyer == guest)))
    for row in rows:
        row.buyer = buyer
        journal(session, row, "buyer signed in", now, guest=guest, buyer=buyer)
        session.flush()
        if row.key_is_ours:
            _rekey(session, now, row, rekeyed(session, row, buyer))
    _move_grants(session, guest, buyer, [row.id for row in rows])
    return len(rows)


def _move_grants(session: Session, guest: str, buyer: str, payments: list[int]) -> None:
    """The live ones, by whatever payment they came, and those of his payments that were revoked."""
    live, of_his_payments = GrantRow.revoked_at.is_(None), GrantRow.payment_id.in_(payments)
    for which in (live, of_his_payments):  # one index each
        session.execute(update(GrantRow).where(GrantRow.buyer == guest, which).values(buyer=buyer))


def _rekey(session: Session, now: datetime, row: PaymentRow, key: str) -> None:
    try:
        with session.begin_nested():
            session.execute(update(PaymentRow).where(PaymentRow.id == row.id).values(order_key=key))
    except IntegrityError:
        journal(session, row, "order key kept", now, wanted=key)
