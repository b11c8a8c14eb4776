"""What an operator does about a parked payment: each of these is one durable step, with a name in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..errors import Refused
from ..records import Payment
from ..records import RefundState
from ..records import State
from .journal import journal
from .models import DeliveryRow
from .models import ParkedRow
from .models import PaymentRow
from .models import RefundRow
from .moves import move
from .outbox import Progress
from .reading import locked_row
from .reading import payment_record

#: What may be handed to the shop's code again. Withdrawn by a refund, it never may.
REPEATABLE = frozenset({Progress.DUE.value, Progress.DONE.value, Progress.PARKED.value})
#: Of refunds: nobody waits for more.
ENDED = (RefundState.DONE.value, RefundState.FAILED.value)


@dataclass(frozen=True)
class Decision:
    """Who decided something about a payment, and why. Both stand in its journal."""

    by: str
    why: str

    def __str__(self) -> str:
        return f"{self.by}: {self.why}"


def decided(session: Session, now: datetime, reference: str, what: str, decision: Decision, **detail: Any) -> None:
    """Write down what a person wants before it is done."""
    sign(session, now, locked_row(session, reference), what, decision, **detail)


def sign(session: Session, now: datetime, row: PaymentRow, what: str, decision: Decision | None, **detail: Any) -> None:
    """The same within a step that does it; nothing where the shop itself wants it, and not a person."""
    if decision is not None:
        journal(session, row, what, now, by=decision.by, why=decision.why, **detail)


@dataclass(frozen=True)
class Reason:
    """One thing that a payment is parked for."""

    number: int
    text: str
    #: The refund, where it is one of which nobody knows yet whether it was given back.
    open_refund: int | None = None


def reasons(session: Session, reference: str) -> list[Reason]:
    """All that this payment is parked for, oldest first."""
    query = (
        select(ParkedRow.id, ParkedRow.reason, RefundRow.id)
        .join(PaymentRow, PaymentRow.id == ParkedRow.payment_id)
        .outerjoin(RefundRow, (RefundRow.id == ParkedRow.refund_id) & RefundRow.state.not_in(ENDED))
        .where(PaymentRow.reference == reference, ParkedRow.resolved_at.is_(None))
    )
    return [Reason(*found) for found in session.execute(query.order_by(ParkedRow.id))]


def dismiss(session: Session, now: datetime, reference: str, reason: Reason, decision: Decision) -> Payment:
    """A person has seen to this. What else the payment is parked for stays."""
    row, parked = locked_row(session, reference), session.get_one(ParkedRow, reason.number)
    if parked.resolved_at is None:
        parked.resolved_at, parked.resolution = now, f"dismissed by {decision}"
        journal(session, row, "dismissed", now, by=decision.by, why=decision.why, parked=reason.text)
        session.flush()
        session.refresh(row, ["parked_reason"])
    return payment_record(row)


def end_unpaid(session: Session, now: datetime, seen: Payment, to: State, decision: Decision, proof: str) -> Payment:
    """End a payment of which it is proven that no money moved.

    :param seen: the payment when that was proven: it must not have moved since.
    :raises Refused: it has, or somebody acts for it right now.
    """
    row = locked_row(session, seen.reference)
    busy = row.lease_until is not None and row.lease_until > now
    if busy or row.state != seen.state.value or row.parked_reason is None:
        raise Refused(f"payment {seen.reference} has moved on meanwhile: look at it again with `flask fps show`")
    move(session, row, to, now, why=f"unpaid: {proof}", due_at=None)
    _resolve(session, now, row, f"found unpaid by {decision}")
    journal(session, row, "found unpaid", now, by=decision.by, why=decision.why)
    return payment_record(row)


def redeliver(
    session: Session, now: datetime, reference: str, decision: Decision, *, parked: bool, handler: str | None
) -> list[int]:
    """Make deliveries of a payment due again, and give their places in the outbox.

    :param parked: only those that were given up.
    :param handler: only that of this handler.
    :raises Refused: it is not paid or was refunded, there is nothing of that kind, or somebody delivers it right now.
    """
    row = locked_row(session, reference)
    _may_be_delivered(row)
    found = session.scalars(select(DeliveryRow).where(DeliveryRow.payment_id == row.id).order_by(DeliveryRow.id)).all()
    wanted = [each for each in found if _is_wanted(each, parked, handler)]
    if not wanted:
        raise Refused(f"payment {reference} has nothing of that kind to deliver: {_outbox(found)}")
    if not _kept_from_others(session, wanted) or any(_is_held(each, now) for each in wanted):
        raise Refused(f"payment {reference} is being delivered right now: try again in a minute")
    for each in wanted:
        each.state, each.due_at, each.attempts, each.last_error = Progress.DUE.value, now, 0, None
        each.lease_owner = each.lease_until = None
    names = [each.handler for each in wanted]
    _resolve(session, now, row, f"delivered again by {decision}", [each.id for each in wanted])
    journal(session, row, "delivered again", now, by=decision.by, why=decision.why, handlers=names)
    return [each.id for each in wanted]


def _kept_from_others(session: Session, wanted: Sequence[DeliveryRow]) -> bool:
    """From here on nobody claims any of these; false if somebody just does. What is known of them is true now."""
    ids = [each.id for each in wanted]
    query = select(DeliveryRow).where(DeliveryRow.id.in_(ids)).execution_options(populate_existing=True)
    locked = session.scalars(query.with_for_update(key_share=True, skip_locked=True)).all()
    return len(locked) == len(ids)


def _is_held(row: DeliveryRow, now: datetime) -> bool:
    return row.lease_until is not None and row.lease_until > now


def waiting(session: Session, reference: str) -> list[tuple[str, str | None]]:
    """Handlers that have not delivered this payment yet, each with what it raised last."""
    query = select(DeliveryRow.handler, DeliveryRow.last_error).join(
        PaymentRow, PaymentRow.id == DeliveryRow.payment_id
    )
    owed = query.where(PaymentRow.reference == reference, DeliveryRow.state.in_(("due", "parked")))
    return [(handler, error) for handler, error in session.execute(owed.order_by(DeliveryRow.id))]


def _may_be_delivered(row: PaymentRow) -> None:
    if row.state != State.PAID.value:
        raise Refused(f"payment {row.reference} is {row.state}: only what is paid is delivered")
    paid = row.amount if row.paid_amount is None else row.paid_amount
    if row.refunded >= paid:
        raise Refused(f"payment {row.reference} was refunded: what was given back is not delivered again")


def _is_wanted(row: DeliveryRow, parked: bool, handler: str | None) -> bool:
    states = {Progress.PARKED.value} if parked else REPEATABLE
    return row.state in states and handler in (None, row.handler)


def _outbox(rows: Sequence[DeliveryRow]) -> str:
    return ", ".join(f"{row.handler} is {row.state}" for row in rows) or "its outbox is empty"


def _resolve(
    session: Session, now: datetime, row: PaymentRow, resolution: str, deliveries: Sequence[int] | None = None
) -> None:
    """Close what is parked; ``deliveries``: only what is about these."""
    query = select(ParkedRow).where(ParkedRow.payment_id == row.id, ParkedRow.resolved_at.is_(None))
    if deliveries is not None:
        query = query.where(ParkedRow.delivery_id.in_(deliveries))
    for parked in session.scalars(query):
        parked.resolved_at, parked.resolution = now, resolution
    session.flush()
    session.refresh(row, ["parked_reason"])
