"""The step of a ledger that learns of a request of its own which it does not know: it was put back from a copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ..records import Intent
from ..records import Payment
from ..records import State
from .leasing import freeze
from .leasing import Lease
from .leasing import order_engaged_by_another
from .models import PaymentRow
from .moves import move
from .noting import park_row
from .reading import intent_of
from .reading import locked_row
from .reading import payment_record

S = State


@dataclass(frozen=True)
class Recalled:
    """What became of a request that this ledger had forgotten."""

    payment: Payment
    #: To be settled now; ``None`` where a person is to decide.
    intent: Intent | None = None
    #: It was parked by this.
    parked: bool = False


def remember(
    session: Session, now: datetime, row: PaymentRow, intent: Intent, transaction_id: str, lease: Lease
) -> Recalled:
    """The provider has done what this request asked for, and this ledger does not know it: an authorized payment is
    as if it had just been sent. Where another payment of its order was first, a person decides."""
    stored = intent_of(session, intent.reference)
    if stored is None:
        made = freeze(session, now, row, intent)
        made.sends, made.first_sent_at, made.last_sent_at = 1, intent.first_sent_at or now, now
    if row.state == S.AUTHORIZED.value and order_engaged_by_another(session, row):
        paid = f"transaction {transaction_id} has paid it, but another payment of this order was first"
        parked = park_row(session, now, row, f"{paid}: give one of the two back")
        row.lease_owner = row.lease_until = None
        return Recalled(payment_record(row), parked=parked)
    if row.state == S.AUTHORIZED.value:
        until = now + lease.lasts
        holds = {"lease_owner": lease.owner, "lease_until": until, "due_at": until}
        move(session, row, S.PAYING, now, why=f"transaction {transaction_id} of {intent.reference} was found", **holds)
    session.flush()
    return Recalled(payment_record(row), intent_of(session, intent.reference))


def recall(session: Session, now: datetime, intent: Intent, transaction_id: str, lease: Lease) -> Recalled:
    """Write down a request that brought this transaction, and that this ledger does not know any more."""
    return remember(session, now, locked_row(session, intent.payment), intent, transaction_id, lease)
