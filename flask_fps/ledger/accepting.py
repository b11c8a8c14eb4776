"""The step that takes an authorization in, and decides whether it will be paid with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..money import Money
from ..records import Intent
from ..records import is_guest
from ..records import Payment
from ..records import State
from . import inbox
from .leasing import AWAY
from .leasing import freeze
from .leasing import Lease
from .leasing import order_engaged_by_another
from .leasing import send_under_lease
from .models import PaymentRow
from .moves import journal
from .moves import move
from .moves import UNUSED
from .noting import kept
from .noting import park_row
from .noting import unpark_row
from .reading import locked_row
from .reading import payment_record
from .recalling import remember
from .releasing import owe

S = State


@dataclass(frozen=True)
class Proof:
    """The authorization that a verified return carried, or that the provider told us of."""

    id: str
    method: str | None
    payer: str | None
    #: When it was given, where the provider says so.
    given_at: datetime | None = None
    #: How much was authorized, where the provider says so.
    money: Money | None = None
    #: The return it came with and where it waited; ``None`` for one we had to ask for.
    arrival: inbox.Arrival | None = None
    inbox_id: int | None = None
    #: The transaction that moved money with it already, the provider says: whether to pay is no question any more.
    moved: str | None = None


@dataclass(frozen=True)
class Terms:
    """Under which terms an authorization is paid with.

    :param lifetime: from the start of a payment; what is authorized later is not paid.
    :param unattended: the policy for a buyer who is not here: may we pay all the same?
    """

    lifetime: timedelta
    unattended: bool = True


@dataclass(frozen=True)
class Accepted:
    """What became of an authorization."""

    payment: Payment
    #: What it was before.
    before: State
    #: To be sent now, under the lease; ``None`` where nothing is to be sent.
    intent: Intent | None = None
    #: An authorization that will not be used and should be given back.
    release: str | None = None
    #: It was parked by this.
    parked: bool = False


def accept(session: Session, now: datetime, proof: Proof, intent: Intent, lease: Lease, terms: Terms) -> Accepted:
    """Store a verified authorization and, where the order is still to be paid, the frozen intent and the lease."""
    row = locked_row(session, intent.payment)
    if proof.arrival is not None:
        kept(session, now, proof.arrival, proof.inbox_id, row)
    before = S(row.state)
    if before not in AWAY:
        if proof.moved is not None and before in UNUSED:
            parked = park_row(session, now, row, f"it is {before} here, but transaction {proof.moved} has paid it")
            return Accepted(payment_record(row), before, parked=parked)
        return Accepted(payment_record(row), before, release=_second(session, now, row, proof))
    refusal = _refusal(session, now, row, proof, terms) if proof.moved is None else None
    _authorize(session, now, row, proof)
    if proof.moved is not None:
        known = remember(session, now, row, intent, proof.moved, lease)
        return Accepted(known.payment, before, known.intent, parked=known.parked)
    if refusal is not None:
        to, why = refusal
        move(session, row, to, now, why=why, due_at=None, lease_owner=None, lease_until=None)
        return Accepted(payment_record(row), before, release=proof.id)
    stored = freeze(session, now, row, intent)
    intent = send_under_lease(session, now, row, stored, lease)
    return Accepted(payment_record(row), before, intent)


def _second(session: Session, now: datetime, row: PaymentRow, proof: Proof) -> str | None:
    """The authorization to give back, unless it is the one this payment has."""
    if row.authorization_id == proof.id:
        return None
    if owe(session, now, row, proof.id):
        if row.authorization_id is None:
            journal(session, row, "late authorization", now, found=row.state)
        else:
            journal(session, row, "second authorization", now, kept="the first")
    return proof.id


def _authorize(session: Session, now: datetime, row: PaymentRow, proof: Proof) -> None:
    why = "the buyer authorized it" if proof.arrival else "the provider says that the buyer authorized it"
    known = {"authorization_id": proof.id, "method": proof.method, "payer": proof.payer, "attempts": 0}
    move(session, row, S.AUTHORIZED, now, why=why, authorized_at=proof.given_at or max(now, row.created_at), **known)
    unpark_row(session, now, row)


def _refusal(session: Session, now: datetime, row: PaymentRow, proof: Proof, terms: Terms) -> tuple[State, str] | None:
    """Why this authorization is not paid with, and where that leads; ``None`` if it is."""
    if now >= row.created_at + terms.lifetime:
        return S.EXPIRED, "the offer had expired"
    if proof.money not in (None, Money(row.amount, row.currency)):
        return S.CANCELLED, f"the buyer authorized {proof.money}, not {Money(row.amount, row.currency)}"
    if order_engaged_by_another(session, row):
        return S.CANCELLED, "another payment of this order was first"
    if proof.arrival is None:
        why = _not_without_the_buyer(session, row, terms)
        return (S.CANCELLED, why) if why else None
    return None


def _not_without_the_buyer(session: Session, row: PaymentRow, terms: Terms) -> str | None:
    if not terms.unattended:
        return "the buyer did not come back, and FPS_RECOVER is 'cancel'"
    if row.state == S.ABANDONED.value:
        return "the buyer had left the payment pages"
    if _has_newer(session, row):
        return "the buyer has started this order again"
    if is_guest(row.buyer) and row.contact is None:
        return "a guest did not come back, and nothing tells how to reach them"
    return None


def _has_newer(session: Session, row: PaymentRow) -> bool:
    query = select(PaymentRow.id).where(
        PaymentRow.account == row.account, PaymentRow.order_key == row.order_key, PaymentRow.id > row.id
    )
    return session.scalar(query.limit(1)) is not None
