"""The move table, and the one function that moves a payment's state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ..errors import InvalidTransition
from ..records import State
from .journal import journal as journal
from .models import PaymentRow
from .releasing import owe

S = State
#: From where to where. What is not here never happens, whatever arrives in whatever order.
MOVES: dict[State, frozenset[State]] = {
    S.STARTED: frozenset({S.AUTHORIZED, S.ABANDONED, S.REFUSED, S.EXPIRED}),
    S.ABANDONED: frozenset({S.AUTHORIZED, S.EXPIRED}),
    S.REFUSED: frozenset({S.AUTHORIZED, S.EXPIRED}),
    S.AUTHORIZED: frozenset({S.PAYING, S.EXPIRED, S.FAILED, S.CANCELLED}),
    S.PAYING: frozenset({S.PAID, S.PENDING, S.RESERVED, S.UNKNOWN, S.FAILED, S.CANCELLED, S.AUTHORIZED}),
    S.UNKNOWN: frozenset({S.PAID, S.PENDING, S.RESERVED, S.FAILED, S.CANCELLED}),
    S.PENDING: frozenset({S.PAID, S.RESERVED, S.FAILED, S.CANCELLED}),
    S.RESERVED: frozenset({S.PAID, S.CANCELLED, S.FAILED}),
    S.PAID: frozenset(),
    S.FAILED: frozenset(),
    S.EXPIRED: frozenset(),
    S.CANCELLED: frozenset(),
}
#: Nothing was paid, and nothing will be: what the buyer authorized is given back.
UNUSED = frozenset({S.FAILED, S.EXPIRED, S.CANCELLED})


def move(session: Session, payment: PaymentRow, to: State, at: datetime, *, why: str, **columns: Any) -> None:
    """Compare-and-set the state, with whatever columns change with it, and journal why.

    An authorization that will now never be paid with is owed back to the buyer from the same commit on.

    :raises InvalidTransition: the move is not in the table, or another process moved first.
    """
    origin = State(payment.state)
    if to not in MOVES[origin]:
        raise InvalidTransition(origin, to)
    moved = session.execute(
        update(PaymentRow)
        .where(PaymentRow.id == payment.id, PaymentRow.state == origin.value)
        .values(state=to.value, **columns)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise InvalidTransition(origin, to)
    for name, value in {"state": to.value, **columns}.items():
        set_committed_value(payment, name, value)
    journal(session, payment, "moved", at, origin=origin, to=to, why=why)
    if to in UNUSED and payment.authorization_id is not None:
        owe(session, at, payment, payment.authorization_id)
