"""The steps of a refund: asked for under the payment's lock, sent under a lease, merged whatever comes.

Every step locks the payment's row first, so that all refunds of one payment are seen together: what is asked
for, sent, unknown, pending or done counts as spent, and only what has failed does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..errors import no_payment
from ..errors import Refused
from ..money import Money
from ..records import Intent
from ..records import IntentState
from ..records import Payment
from ..records import Refund
from ..records import RefundState
from ..records import State
from . import aftermath
from .leasing import count_send
from .leasing import freeze
from .leasing import Lease
from .leasing import Task
from .leasing import too_old
from .models import IntentRow
from .models import ParkedRow
from .models import PaymentRow
from .models import RefundRow
from .moves import journal
from .parking import Decision
from .parking import sign
from .reading import free_row
from .reading import intent_record
from .reading import intent_row
from .reading import locked_row
from .reading import payment_record
from .reading import row_of

R = RefundState
#: Refunds in these states are driven on by themselves.
OPEN = frozenset({R.SENDING, R.UNKNOWN, R.PENDING})
#: Makes the frozen request of a refund from the payment, the amount and a reference. Asks nobody.
Freeze = Callable[[Payment, Money, str], Intent]
#: How long an unanswered request of a payment is sent again.
Window = Callable[[Payment], timedelta]


@dataclass(frozen=True)
class Wish:
    """What a shop asks for."""

    payment: str
    #: ``None``: all that is left.
    money: Money | None
    key: str
    #: Of the person who wants it, where one does.
    decision: Decision | None = None


@dataclass(frozen=True)
class TakenRefund:
    """A refund under lease, its request, and what is to be done; no request: the key was known, or it was adopted."""

    id: int
    refund: Refund
    payment: Payment
    intent: Intent | None
    task: Task | None = None
    #: A person is to look at it: it is asked about, and not sent.
    is_parked: bool = False


def foreseen(session: Session, wish: Wish) -> Money | None:
    """What :func:`ask` would give back; ``None``: nothing more, the key is that of a refund that is known.

    :raises Refused: as :func:`ask` would.
    """
    row = row_of(session, wish.payment)
    if row is None:
        raise Refused(no_payment(wish.payment))
    known = _known(session, row, wish)
    if known is None:
        return _allowed(session, row, payment_record(row), wish)
    _the_same(row, known, wish)
    return None


def ask(session: Session, now: datetime, wish: Wish, make: Freeze, lease: Lease) -> TakenRefund:
    """Write a refund down, with its frozen request, and take its lease; the same key gives the same refund.

    :raises Refused: this payment does not allow it; nothing was written.
    """
    row = locked_row(session, wish.payment)
    known = _known(session, row, wish)
    if known is not None:
        return _the_same(row, known, wish)
    payment = payment_record(row)
    money = _allowed(session, row, payment, wish)
    stored = _frozen(session, now, row, money, make, f"{row.reference}-r{_number(session, row)}")
    refund = insert(session, now, row, wish.key, "refund", money, stored)
    _hold(refund, now, lease)
    count_send(stored, now)
    sign(session, now, row, "refund decided", wish.decision, amount=str(money), key=wish.key)
    tell_journal(session, now, row, refund, "refund asked for")
    aftermath.withdraw_or_restore(session, now, row)
    return TakenRefund(
        refund.id, refund_record(refund, row.reference), payment_record(row), intent_record(stored, row.reference)
    )


def _known(session: Session, row: PaymentRow, wish: Wish) -> RefundRow | None:
    return session.scalar(select(RefundRow).where(RefundRow.payment_id == row.id, RefundRow.key == wish.key))


def _the_same(row: PaymentRow, known: RefundRow, wish: Wish) -> TakenRefund:
    if wish.money is not None and (known.amount, known.currency) != (wish.money.minor, wish.money.currency):
        already = Money(known.amount, known.currency)
        raise Refused(f"the key {wish.key!r} is that of a refund of {already}: use another key for {wish.money}")
    return TakenRefund(known.id, refund_record(known, row.reference), payment_record(row), None)


def _allowed(session: Session, row: PaymentRow, payment: Payment, wish: Wish) -> Money:
    """The amount to give back.

    :raises Refused: it cannot be.
    """
    _check_paid(session, row, payment)
    left, money = payment.refundable_money, wish.money
    if left.minor == 0:
        under_way = "" if payment.closed_at else ", or a refund of it is under way"
        raise Refused(f"payment {row.reference} is fully refunded{under_way}: nothing is left to give back")
    if money is None:
        return left
    if money.currency != row.currency:
        raise Refused(f"payment {row.reference} was paid in {row.currency}, and {money} is in {money.currency}")
    if money.minor <= 0:
        raise Refused(f"{money} cannot be refunded: give an amount above zero")
    if money.minor > left.minor:
        raise Refused(
            f"{money} is more than can be refunded: {left} is left of {payment.paid_money}, "
            f"{payment.refunded_money} was refunded or is under way"
        )
    return money


def _check_paid(session: Session, row: PaymentRow, payment: Payment) -> None:
    if _waits(session, row):
        raise Refused(f"payment {row.reference} is parked for an operator ({payment.parked_reason}): that comes first")
    if payment.state is State.RESERVED:
        raise Refused(f"payment {row.reference} is reserved and not paid: cancel it (`flask fps cancel`)")
    if payment.state is not State.PAID:
        raise Refused(f"payment {row.reference} is {payment.state}: only what is paid can be refunded")


def _waits(session: Session, row: PaymentRow) -> bool:
    """Because of its own money: a delivery or an earlier refund that waits is no reason to keep the buyer's."""
    query = select(ParkedRow.id).where(
        ParkedRow.payment_id == row.id,
        ParkedRow.resolved_at.is_(None),
        ParkedRow.delivery_id.is_(None),
        ParkedRow.refund_id.is_(None),
    )
    return session.scalar(query.limit(1)) is not None


def _frozen(session: Session, now: datetime, row: PaymentRow, money: Money, make: Freeze, reference: str) -> IntentRow:
    stored = freeze(session, now, row, make(payment_record(row), money, reference))
    session.flush()
    return stored


def _number(session: Session, row: PaymentRow) -> int:
    known = select(func.count()).select_from(RefundRow).where(RefundRow.payment_id == row.id)
    return (session.scalar(known) or 0) + 1


def _next_request(reference: str) -> str:
    """Of the same refund, after a refusal that may pass: ``…-r1``, ``…-r1x2``, ``…-r1x3``."""
    stem, _, number = reference.partition("x")
    return f"{stem}x{int(number or 1) + 1}"


def insert(
    session: Session, now: datetime, row: PaymentRow, key: str, kind: str, money: Money, stored: IntentRow | None
) -> RefundRow:
    refund = RefundRow(
        account=row.account,
        gateway=row.gateway,
        payment_id=row.id,
        key=key,
        intent_id=stored.id if stored else None,
        kind=kind,
        state=R.SENDING.value,
        amount=money.minor,
        currency=money.currency,
        created_at=now,
        attempts=0,
    )
    session.add(refund)
    session.flush()
    session.refresh(row, ["refunded"])
    return refund


def claim(
    session: Session, now: datetime, id: int, make: Freeze, lease: Lease, resend: Window, *, early: bool
) -> TakenRefund | None:
    """Lease a refund that is due, and say what to do; ``None``: held, not due, or nothing to do.

    What is parked is only asked about, and only if somebody wants it (``early``).
    """
    row = free_row(session, _payment_of(session, id))
    if row is None:
        return None
    refund = session.get_one(RefundRow, id)
    if R(refund.state) not in OPEN or _held(refund, now) or not (early or _is_due(refund, now)):
        return None
    _hold(refund, now, lease)
    payment, stored = payment_record(row), session.get(IntentRow, refund.intent_id) if refund.intent_id else None
    if stored is None or refund.state == R.PENDING.value:
        intent = intent_record(stored, row.reference) if stored else None
        return TakenRefund(id, refund_record(refund, row.reference), payment, intent, Task.CHECK)
    parked = is_parked(session, refund)
    if stored.state == IntentState.REFUSED.value and not parked:
        money = Money(refund.amount, refund.currency)
        stored = _frozen(session, now, row, money, make, _next_request(stored.reference))
        refund.intent_id = stored.id
    task = Task.FIND if stored.sends > 1 or parked or too_old(stored, now, resend(payment)) else Task.SEND
    if task is Task.SEND:
        count_send(stored, now)
        journal(session, row, "sending refund", now, reference=stored.reference, sends=stored.sends)
    intent = intent_record(stored, row.reference)
    return TakenRefund(id, refund_record(refund, row.reference), payment, intent, task, parked)


def resend(session: Session, now: datetime, taken: TakenRefund, lease: Lease) -> Intent | None:
    """Count one more send of a refund's request, or ``None`` if the lease was lost meanwhile."""
    row, refund = locked(session, taken.id)
    if refund.lease_owner != lease.owner or not _held(refund, now) or taken.intent is None:
        return None
    stored = intent_row(session, taken.intent.reference)
    refund.lease_until = refund.due_at = now + lease.lasts
    if stored.sends == taken.intent.sends:  # else it was counted, and only the commit was reported lost
        count_send(stored, now)
        journal(session, row, "sending refund", now, reference=stored.reference, sends=stored.sends)
    return intent_record(stored, row.reference)


def park_refund(session: Session, now: datetime, row: PaymentRow, refund: RefundRow, reason: str) -> bool:
    if is_parked(session, refund):
        return False
    session.add(
        ParkedRow(
            account=row.account,
            gateway=row.gateway,
            payment_id=row.id,
            refund_id=refund.id,
            reason=reason,
            parked_at=now,
        )
    )
    journal(session, row, "parked", now, reason=reason)
    session.flush()
    session.refresh(row, ["parked_reason"])
    return True


def is_parked(session: Session, refund: RefundRow) -> bool:
    query = select(ParkedRow.id).where(ParkedRow.refund_id == refund.id, ParkedRow.resolved_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def locked(session: Session, id: int) -> tuple[PaymentRow, RefundRow]:
    """The payment first, as every other step does; then what is true of its refund under that lock."""
    row = locked_row(session, _payment_of(session, id))
    return row, session.get_one(RefundRow, id)


def _payment_of(session: Session, id: int) -> str:
    query = select(PaymentRow.reference).join(RefundRow, RefundRow.payment_id == PaymentRow.id)
    return session.execute(query.where(RefundRow.id == id)).scalar_one()


def _hold(refund: RefundRow, now: datetime, lease: Lease) -> None:
    refund.lease_owner, refund.lease_until = lease.owner, now + lease.lasts
    refund.due_at, refund.attempts = refund.lease_until, refund.attempts + 1


def _held(refund: RefundRow, now: datetime) -> bool:
    return refund.lease_until is not None and refund.lease_until > now


def _is_due(refund: RefundRow, now: datetime) -> bool:
    return refund.due_at is not None and refund.due_at <= now


def refund_record(refund: RefundRow, payment: str) -> Refund:
    """The refund as the row has it now."""
    return Refund(
        payment=payment,
        key=refund.key,
        money=Money(refund.amount, refund.currency),
        state=R(refund.state),
        kind=refund.kind,
        created_at=refund.created_at,
        transaction_id=refund.transaction_id,
        settled_at=refund.settled_at,
        said=refund.said,
    )


def tell_journal(
    session: Session, now: datetime, row: PaymentRow, refund: RefundRow, event: str, **detail: Any
) -> None:
    amount = str(Money(refund.amount, refund.currency))
    told: dict[str, Any] = {
        "key": refund.key,
        "amount": amount,
        "said": refund.said,
        "transaction": refund.transaction_id,
        **detail,
    }
    journal(session, row, event, now, **told)


def by_transaction(session: Session, account: str, transaction_id: str) -> int | None:
    query = select(RefundRow.id).where(RefundRow.account == account, RefundRow.transaction_id == transaction_id)
    return session.scalar(query.limit(1))
