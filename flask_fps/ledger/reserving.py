"""The steps of a hold: settled or cancelled once, by the shop, or in time by the worker for a shop that forgot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..errors import no_payment
from ..errors import Refused
from ..money import Money
from ..records import Intent
from ..records import IntentState
from ..records import Kind
from ..records import Payment
from ..records import Result
from ..records import State
from .leasing import count_send
from .leasing import freeze
from .leasing import is_due
from .leasing import is_held
from .leasing import Lease
from .leasing import PAYING
from .leasing import take_lease
from .leasing import Taken
from .leasing import Task
from .leasing import too_old
from .leasing import Windows
from .models import IntentRow
from .models import JournalRow
from .models import PaymentRow
from .moves import journal
from .noting import unpark_row
from .parking import Decision
from .parking import sign
from .reading import free_row
from .reading import intent_record
from .reading import locked_row
from .reading import payment_record
from .reading import row_of

I = IntentState  # noqa: E741
#: What may be done about a hold.
CLAIMS = (Kind.SETTLE.value, Kind.CANCEL.value)
#: A request in one of these may still have its effect, or is yet to be sent.
OPEN = frozenset({I.FROZEN.value, I.UNKNOWN.value, I.PENDING.value, I.REFUSED.value})
DOING = {Kind.SETTLE.value: "settled", Kind.CANCEL.value: "cancelled"}
#: Of the time that the provider holds the money, this much is the shop's; then it is given up.
FORGOTTEN_AFTER = 6 / 7

#: Makes the frozen request to settle or cancel from payment, kind, amount and reference. Asks nobody.
Make = Callable[[Payment, Kind, Money, str], Intent]


@dataclass(frozen=True)
class Claim:
    """What a shop wants done about a hold."""

    payment: str
    kind: Kind
    #: To be taken; ``None``: all of it.
    money: Money | None = None
    #: Of the person who wants it, where one does.
    decision: Decision | None = None


@dataclass(frozen=True)
class Asked:
    """The payment, and what is to be sent now; nothing where it was asked for before, or somebody is at it."""

    payment: Payment
    taken: Taken | None = None


def ask(session: Session, now: datetime, claim: Claim, make: Make, lease: Lease) -> Asked:
    """Write the request down, frozen, and take the lease if it is free: else its holder or the worker sends it.

    :raises Refused: this payment does not allow it; nothing was written.
    """
    row = locked_row(session, claim.payment)
    money = _still_to_ask(session, row, claim)
    if money is None:
        return Asked(payment_record(row))
    stored = _frozen(session, now, row, make, claim.kind, money)
    unpark_row(session, now, row)
    row.attempts = 0
    sign(session, now, row, f"{claim.kind} decided", claim.decision, amount=str(money))
    journal(session, row, f"{claim.kind} asked for", now, reference=stored.reference, amount=str(money))
    if is_held(row, now):
        row.due_at = now
        return Asked(payment_record(row))
    take_lease(row, now, lease)
    count_send(stored, now)
    return Asked(payment_record(row), Taken(payment_record(row), intent_record(stored, row.reference), Task.SEND))


def foreseen(session: Session, claim: Claim) -> Money | None:
    """What :func:`ask` would take, or give up; ``None``: that is asked for, or done, already.

    :raises Refused: as :func:`ask` would.
    """
    row = row_of(session, claim.payment)
    if row is None:
        raise Refused(no_payment(claim.payment))
    return _still_to_ask(session, row, claim)


def _still_to_ask(session: Session, row: PaymentRow, claim: Claim) -> Money | None:
    payment = payment_record(row)
    if _is_done(payment, claim):
        return None
    _check_reserved(payment, claim)
    money, last = _allowed(payment, claim), last_claim(session, row)
    if last is not None and last.state in OPEN:
        _check_same(row, last, claim, money)
        return None
    return money


def _is_done(payment: Payment, claim: Claim) -> bool:
    """It was asked for before, and happened."""
    if claim.kind is Kind.CANCEL:
        return payment.reserve and payment.state is State.CANCELLED
    settled = payment.reserve and payment.state is State.PAID
    return settled and claim.money in (None, payment.paid_money)


def _check_reserved(payment: Payment, claim: Claim) -> None:
    if payment.state is State.RESERVED:
        return
    name = f"payment {payment.reference}"
    if payment.state is State.PAID and claim.kind is Kind.CANCEL:
        raise Refused(f"{name} is paid: what is paid is refunded (`flask fps refund`), not cancelled")
    if payment.state is State.PAID and payment.reserve:
        raise Refused(f"{name} was settled for {payment.paid_money}: a hold is settled once")
    raise Refused(f"{name} is {payment.state}: only what is reserved can be {DOING[claim.kind.value]}")


def _allowed(payment: Payment, claim: Claim) -> Money:
    money = claim.money or payment.money
    if money.currency != payment.currency:
        raise Refused(f"payment {payment.reference} is in {payment.currency}, and {money} is in {money.currency}")
    if money.minor <= 0:
        raise Refused(f"{money} cannot be settled: give an amount above zero, or cancel")
    if money.minor > payment.money.minor:
        raise Refused(f"{money} is more than is held: {payment.money}")
    return money


def _check_same(row: PaymentRow, last: IntentRow, claim: Claim, money: Money) -> None:
    known = Money(last.amount, last.currency)
    if last.kind != claim.kind.value or (claim.money is not None and money != known):
        amount = f" for {known}" if last.kind == Kind.SETTLE.value else ""
        raise Refused(f"payment {row.reference} is being {DOING[last.kind]}{amount}: wait until that is answered")


def take(
    session: Session, now: datetime, reference: str, make: Make, lease: Lease, windows: Windows, *, early: bool
) -> Taken | None:
    """Lease a reserved payment that is due, and say what to do; ``None``: held, not due, or not reserved.

    What nobody settles is cancelled before the provider drops the hold.
    """
    row = free_row(session, reference)
    if row is None or row.state != State.RESERVED.value or is_held(row, now) or not is_due(row, now, early):
        return None
    stored = last_claim(session, row)
    if stored is not None and stored.state == I.REFUSED.value:
        stored = _frozen(session, now, row, make, Kind(stored.kind), Money(stored.amount, stored.currency))
    elif (stored is None or stored.state not in OPEN) and _is_forgotten(session, row, stored, now):
        journal(session, row, "hold ends", now, why="nobody has settled it", until=f"{row.hold_until}")
        stored = _frozen(session, now, row, make, Kind.CANCEL, Money(row.amount, row.currency))
    stored, task = _next(session, row, stored, now, windows)
    take_lease(row, now, lease)
    if task is Task.SEND:
        count_send(stored, now)
        journal(session, row, "sending", now, reference=stored.reference, sends=stored.sends)
    return Taken(payment_record(row), intent_record(stored, row.reference), task)


def _next(
    session: Session, row: PaymentRow, stored: IntentRow | None, now: datetime, windows: Windows
) -> tuple[IntentRow, Task]:
    if stored is None or stored.state not in OPEN:
        return stored or _reservation(session, row), Task.CHECK
    if stored.state == I.PENDING.value:
        return stored, Task.CHECK
    parked = row.parked_reason is not None and stored.sends > 0
    unsure = stored.sends > 1 or parked or too_old(stored, now, windows.resend)
    return stored, Task.FIND if unsure else Task.SEND


def _is_forgotten(session: Session, row: PaymentRow, stored: IntentRow | None, now: datetime) -> bool:
    """Its time is over, cancelling it was not refused yet, and no Settle may still take it."""
    moment = forgotten_at(row)
    if moment is None or now < moment:
        return False
    return stored is None or (stored.kind != Kind.CANCEL.value and not _was_taken_in(session, row, stored))


def _was_taken_in(session: Session, row: PaymentRow, stored: IntentRow) -> bool:
    """The provider has answered that this request pends: whatever it shows since, it may still be done."""
    answers = select(JournalRow.detail).where(JournalRow.payment_id == row.id, JournalRow.event == "answer")
    taken_in = (stored.reference, Result.PENDING.value)
    return any((said.get("reference"), said.get("result")) == taken_in for said in session.scalars(answers))


def forgotten_at(row: PaymentRow) -> datetime | None:
    """When a hold that nobody has settled is given up."""
    if row.hold_until is None or row.authorized_at is None:
        return None
    return row.authorized_at + (row.hold_until - row.authorized_at) * FORGOTTEN_AFTER


def last_claim(session: Session, row: PaymentRow) -> IntentRow | None:
    """The newest request to settle or cancel this payment."""
    query = select(IntentRow).where(IntentRow.payment_id == row.id, IntentRow.kind.in_(CLAIMS))
    return session.scalar(query.order_by(IntentRow.id.desc()).limit(1))


def _reservation(session: Session, row: PaymentRow) -> IntentRow:
    query = select(IntentRow).where(IntentRow.payment_id == row.id, IntentRow.kind.in_(PAYING))
    return session.scalars(query.order_by(IntentRow.id.desc()).limit(1)).one()


def _frozen(session: Session, now: datetime, row: PaymentRow, make: Make, kind: Kind, money: Money) -> IntentRow:
    counted = select(func.count()).select_from(IntentRow)
    made = session.scalar(counted.where(IntentRow.payment_id == row.id, IntentRow.kind.in_(CLAIMS))) or 0
    stored = freeze(session, now, row, make(payment_record(row), kind, money, f"{row.reference}-h{made + 1}"))
    session.flush()
    return stored
