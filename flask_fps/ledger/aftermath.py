"""What follows from a refund for its payment: the goods, the order, and what was to be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.orm import Session

from ..records import RefundState
from ..records import State
from .leasing import order_engaged_by_another
from .models import DeliveryRow
from .models import GrantRow
from .models import LineRow
from .models import ParkedRow
from .models import PaymentRow
from .models import RefundRow
from .moves import journal
from .outbox import wholly_refunded

#: Why a grant was revoked that a refund has taken back; such a grant comes back if the refund fails after all.
REFUNDED = "refunded"


@dataclass(frozen=True)
class Judged:
    """What the shop's policy says, once so much was given back.

    :param given_back: minor units of refunds that are done.
    :param revoked: positions of the lines that the buyer does not own any more.
    """

    given_back: int
    revoked: frozenset[int]


class Misjudged(Exception):
    """The policy was asked about another amount than is given back: ask it again."""

    def __init__(self, given_back: int) -> None:
        super().__init__(f"{given_back} was given back")
        self.given_back = given_back


def given_back(session: Session, payment: str) -> int:
    """Minor units of a payment's refunds that are done."""
    done = select(func.coalesce(func.sum(RefundRow.amount), 0)).join(PaymentRow, PaymentRow.id == RefundRow.payment_id)
    query = done.where(PaymentRow.reference == payment, RefundRow.state == RefundState.DONE.value)
    return int(session.scalar(query) or 0)


def apply(session: Session, now: datetime, row: PaymentRow, judged: Judged, *, failed_late: bool) -> None:
    """Bring grants, order and deliveries in line with what is refunded now.

    :raises Misjudged: ``judged`` is about another amount; nothing was written.
    """
    session.flush()
    back = given_back(session, row.reference)
    if judged.given_back != back:
        raise Misjudged(back)
    _revoke(session, now, row, judged.revoked)
    whole = back >= _paid(row)
    if whole and row.closed_at is None:
        row.closed_at = now
        journal(session, row, "closed", now, why="fully refunded")
    elif failed_late and not whole and row.closed_at is not None:
        _reopen(session, now, row)
    withdraw_or_restore(session, now, row)


def _paid(row: PaymentRow) -> int:
    return row.amount if row.paid_amount is None else row.paid_amount


def _revoke(session: Session, now: datetime, row: PaymentRow, revoked: frozenset[int]) -> None:
    query = select(GrantRow, LineRow.position).join(LineRow, LineRow.id == GrantRow.line_id)
    for grant, position in session.execute(query.where(GrantRow.payment_id == row.id)):
        if position in revoked and grant.revoked_at is None:
            grant.revoked_at, grant.revoked_reason = now, REFUNDED
            journal(session, row, "grant revoked", now, sku=grant.sku, why=REFUNDED)
        elif position not in revoked and grant.revoked_reason == REFUNDED:
            grant.revoked_at = grant.revoked_reason = None
            journal(session, row, "grant restored", now, sku=grant.sku)


def _reopen(session: Session, now: datetime, row: PaymentRow) -> None:
    """The order is paid after all, unless it was bought again meanwhile."""
    if order_engaged_by_another(session, row):
        journal(session, row, "stays closed", now, why="this order was bought again meanwhile")
        return
    row.closed_at = None
    journal(session, row, "reopened", now, why="a refund failed after it was done")


def withdraw_or_restore(session: Session, now: datetime, row: PaymentRow) -> None:
    """What was not delivered is not delivered any more once all goes back, and is again if that fails.

    Who delivers at this moment is left alone: the claim decides.
    """
    if row.state != State.PAID.value:
        return
    whole = wholly_refunded(row)
    origins, to, due = (("due", "parked"), "withdrawn", None) if whole else (("withdrawn",), "due", now)
    free = DeliveryRow.lease_until.is_(None) | (DeliveryRow.lease_until <= now)
    changed = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.payment_id == row.id, DeliveryRow.state.in_(origins), free)
        .values(state=to, due_at=due, lease_owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return
    journal(session, row, f"delivery {to}", now, why="all of it goes back" if whole else "a refund failed")
    if whole:
        _resolve_parked_deliveries(session, now, row)


def _resolve_parked_deliveries(session: Session, now: datetime, row: PaymentRow) -> None:
    session.execute(
        update(ParkedRow)
        .where(ParkedRow.payment_id == row.id, ParkedRow.delivery_id.is_not(None), ParkedRow.resolved_at.is_(None))
        .values(resolved_at=now, resolution="refunded")
        .execution_options(synchronize_session=False)
    )
    session.refresh(row, ["parked_reason"])
