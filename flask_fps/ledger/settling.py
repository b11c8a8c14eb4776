"""Merging what the provider said into the payment it speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..records import FINAL
from ..records import Intent
from ..records import IntentState
from ..records import Kind
from ..records import Outcome
from ..records import Payment
from ..records import Result
from ..records import State
from . import outbox
from .backoff import Backoff
from .backoff import INTENTS_MAX
from .contacts import as_contact
from .grants import granted
from .leasing import Lease
from .leasing import order_engaged_by_another
from .models import IntentRow
from .models import JournalRow
from .models import PaymentRow
from .models import TransactionRow
from .moves import journal
from .moves import move
from .moves import MOVES
from .moves import UNUSED
from .noting import park_row
from .noting import release
from .noting import unpark_row
from .reading import intent_row
from .reading import locked_row
from .reading import payment_record
from .reserving import CLAIMS
from .reserving import forgotten_at
from .reserving import last_claim
from .reserving import OPEN

S = State
#: Payments in these states are asked about again by themselves.
DRIVEN = frozenset({S.AUTHORIZED, S.PAYING, S.UNKNOWN, S.PENDING})
#: Nothing follows these by itself.
ENDED = frozenset({Result.SUCCESS, Result.FAILURE, Result.CANCELLED})


@dataclass(frozen=True)
class Settled:
    """A payment after an answer was merged into it."""

    payment: Payment
    #: What it was before.
    before: State
    #: Outbox rows written now and claimed for whoever settled it.
    deliveries: tuple[outbox.Delivery, ...] = ()
    #: True if this answer parked the payment for an operator.
    parked: bool = False


def settle(
    session: Session,
    now: datetime,
    intent: Intent,
    outcome: Outcome,
    lease: Lease,
    handlers: Iterable[str],
    delays: Backoff,
) -> Settled:
    """Merge what the provider said of an intent into its payment.

    A holder that has lost its lease may still bring knowledge; the move table decides what it is worth.
    """
    row = locked_row(session, intent.payment)
    stored = intent_row(session, intent.reference)
    before, parked = S(row.state), row.parked_reason
    if _belongs_to_another(session, row, outcome):
        park_row(session, now, row, f"transaction {outcome.transaction_id} already belongs to another payment")
        outcome = Outcome(Result.UNKNOWN, message="the answer names another payment's transaction")
    current = stored.id == _newest(session, row)
    read = _target_of_claim if stored.kind in CLAIMS else _target
    _note(session, now, row, intent, stored, outcome)
    target = read(before, stored, outcome) if current or outcome.result is Result.SUCCESS else None
    contradiction = _contradiction(row, target, outcome) or _revival(session, row, outcome)
    if outcome.transaction_id:
        ours = target is not None and not contradiction and not _ended_by_another(row, outcome)
        _remember_transaction(session, now, row, stored, outcome, ours=ours)
    paid: tuple[outbox.Delivery, ...] = ()
    if contradiction:
        park_row(session, now, row, contradiction)
    elif target is S.PAID and _may_win(session, now, row):
        paid = _win(session, now, row, _taken(row, stored, outcome), outcome, lease, handlers)
    elif target is not None and target is not before:
        _step_to(session, now, row, target, outcome)
    if current:
        _check_refused_claim(session, now, row, outcome)
        _schedule(session, row, now, delays)
    release(row, lease.owner)
    payment = payment_record(row)
    return Settled(payment, before, paid, parked=payment.parked_reason not in (None, parked))


def _newest(session: Session, row: PaymentRow) -> int | None:
    """The request that counts: an earlier one was refused for good before this one was made."""
    inward = IntentRow.payment_id == row.id, IntentRow.kind != Kind.REFUND.value
    return session.scalar(select(func.max(IntentRow.id)).where(*inward))


def _schedule(session: Session, row: PaymentRow, now: datetime, delays: Backoff) -> None:
    soon = now + delays.after(row.attempts)
    if row.state == S.RESERVED.value:
        row.due_at = _due_while_held(session, row, now, soon)
        return
    driven = S(row.state) in DRIVEN and row.parked_reason is None
    row.due_at = soon if driven else None


def _due_while_held(session: Session, row: PaymentRow, now: datetime, soon: datetime) -> datetime | None:
    """A hold is looked after until its end, also while a person is to look at it."""
    last, parked, watch = last_claim(session, row), row.parked_reason is not None, forgotten_at(row)
    if last is not None and last.state in OPEN:
        return None if parked else soon
    if last is not None and not parked:
        return soon  # it was refused: what is true of the hold?
    if watch is not None and now < watch:
        return watch
    return None if parked else soon


def _check_refused_claim(session: Session, now: datetime, row: PaymentRow, outcome: Outcome) -> None:
    """What was asked for was refused, and it is held as before: a person decides."""
    last = last_claim(session, row)
    if row.state == S.RESERVED.value and outcome.result is Result.RESERVED and last and last.state not in OPEN:
        what = "take what is held" if last.kind == Kind.SETTLE.value else "give up the hold"
        park_row(session, now, row, f"the provider refuses to {what}: {last.code or 'it says no more'}")


def _target(before: State, stored: IntentRow, outcome: Outcome) -> State | None:
    """Where this answer leads, or ``None`` where it changes nothing."""
    unproven = stored.sends > stored.harmless_sends
    said = {
        Result.SUCCESS: S.PAID,
        Result.PENDING: S.PENDING,
        Result.RESERVED: S.RESERVED,
        Result.CANCELLED: S.CANCELLED,
        Result.UNKNOWN: S.UNKNOWN,
        Result.NOT_SENT: S.UNKNOWN if unproven else S.AUTHORIZED,
        Result.FAILURE: _refused(outcome, unproven),
    }[outcome.result]
    recorded = before in (S.PENDING, S.RESERVED) and outcome.transaction_id is None
    return None if recorded and said in (S.UNKNOWN, S.AUTHORIZED, S.FAILED) else said


def _target_of_claim(before: State, stored: IntentRow, outcome: Outcome) -> State | None:
    """Only what has happened to the hold moves the payment; how its request stands is the intent's own state."""
    if outcome.result is Result.FAILURE:
        return S.FAILED if outcome.transaction_id is not None else None
    return {Result.SUCCESS: S.PAID, Result.CANCELLED: S.CANCELLED}.get(outcome.result)


def _state_of_claim(session: Session, row: PaymentRow, stored: IntentRow, outcome: Outcome) -> IntentState:
    before, proven = IntentState(stored.state), stored.sends <= stored.harmless_sends
    answered = before in (IntentState.PENDING, IntentState.FAILURE, IntentState.REFUSED)
    if outcome.result is Result.RESERVED:  # it was accepted, and the hold is as it was: it failed
        return IntentState.FAILURE if before is IntentState.PENDING else before
    if outcome.result is Result.UNKNOWN and answered:
        return before
    if outcome.result is Result.NOT_SENT:
        return IntentState.FROZEN if proven else IntentState.UNKNOWN
    if outcome.result is not Result.FAILURE or outcome.transaction_id is not None:
        return IntentState(outcome.result.value)
    if not proven:
        return IntentState.UNKNOWN
    again = outcome.retryable and (outcome.unread or _intents_made(session, row) < INTENTS_MAX)
    return IntentState.REFUSED if again else IntentState.FAILURE


def _taken(row: PaymentRow, stored: IntentRow, outcome: Outcome) -> int | None:
    """How much was taken, where it is not the whole amount."""
    told = outcome.facts.money if outcome.facts is not None else None
    taken = told.minor if told is not None else stored.amount
    return None if taken == row.amount or stored.kind == Kind.PAY.value else taken


def _refused(outcome: Outcome, unproven: bool) -> State:
    if outcome.transaction_id is not None:  # the provider recorded this very request, as a failure
        return S.FAILED
    if unproven:
        return S.UNKNOWN
    return S.AUTHORIZED if outcome.retryable else S.FAILED


def _contradiction(row: PaymentRow, target: State | None, outcome: Outcome) -> str | None:
    """What cannot be true together about the money, as a sentence for a person."""
    state = S(row.state)
    if state not in FINAL or target not in FINAL:
        return None
    if (target is S.PAID) is not (state is S.PAID):
        return f"it is {state} here, but the provider now says {outcome.result.value}"
    if state is S.PAID and row.transaction_id != outcome.transaction_id:
        return f"it was paid by transaction {row.transaction_id}, and transaction {outcome.transaction_id} paid it too"
    return None


def _revival(session: Session, row: PaymentRow, outcome: Outcome) -> str | None:
    """What ended unpaid is about to be paid after all; not what is old news of a transaction that has ended."""
    if S(row.state) not in UNUSED or outcome.result not in (Result.PENDING, Result.RESERVED):
        return None
    known = _known_transaction(session, row, outcome) if outcome.transaction_id else None
    if known is not None and Result(known.status) in ENDED:
        return None
    return f"it is {row.state} here, but the provider now says {outcome.result.value}"


def _ended_by_another(row: PaymentRow, outcome: Outcome) -> bool:
    """What ended it stays its transaction, also while another one of it pends."""
    return S(row.state) in FINAL and row.transaction_id not in (None, outcome.transaction_id)


def _note(
    session: Session, now: datetime, row: PaymentRow, intent: Intent, stored: IntentRow, outcome: Outcome
) -> None:
    counted: dict[str, Any] = {}
    if outcome.moved_nothing:
        counted = {"send": intent.sends}
        stored.harmless_sends += not _is_counted(session, row, intent)
    if stored.state != IntentState.SUCCESS.value:
        if stored.kind in CLAIMS:
            stored.state = _state_of_claim(session, row, stored, outcome).value
            stored.code = outcome.code or stored.code
        else:
            stored.state, stored.code = outcome.result.value, outcome.code
    journal(
        session,
        row,
        "answer",
        now,
        reference=stored.reference,
        result=outcome.result.value,
        code=outcome.code,
        message=outcome.message[:500],
        transaction=outcome.transaction_id,
        request=outcome.request_id,
        **counted,
    )


def _is_counted(session: Session, row: PaymentRow, intent: Intent) -> bool:
    """Is it known that this send has moved nothing? A step whose commit was only reported lost is taken again."""
    answers = select(JournalRow.detail).where(JournalRow.payment_id == row.id, JournalRow.event == "answer")
    told = ((line.get("reference"), line.get("send")) for line in session.scalars(answers))
    return (intent.reference, intent.sends) in told


def _known_transaction(session: Session, row: PaymentRow, outcome: Outcome) -> TransactionRow | None:
    return session.scalar(
        select(TransactionRow).where(
            TransactionRow.account == row.account,
            TransactionRow.gateway == row.gateway,
            TransactionRow.transaction_id == outcome.transaction_id,
        )
    )


def _belongs_to_another(session: Session, row: PaymentRow, outcome: Outcome) -> bool:
    known = _known_transaction(session, row, outcome) if outcome.transaction_id else None
    return known is not None and known.payment_id != row.id


def _remember_transaction(
    session: Session, now: datetime, row: PaymentRow, stored: IntentRow, outcome: Outcome, *, ours: bool
) -> None:
    """Keep what is said of a transaction; ``ours``: it is the one this payment stands or falls with."""
    if ours:
        row.transaction_id = outcome.transaction_id
        row.payer = outcome.payer or row.payer
        row.contact = row.contact or as_contact(row.payer)
        row.method = row.method or outcome.method
    known = _known_transaction(session, row, outcome)
    if known:
        if outcome.result in ENDED or Result(known.status) not in ENDED:  # a slow answer does not undo a later one
            known.status, known.updated_at = outcome.result.value, now
            if outcome.result is Result.SUCCESS:
                known.amount = _taken(row, stored, outcome) or known.amount
        return
    session.flush()
    session.add(
        TransactionRow(
            account=row.account,
            gateway=row.gateway,
            payment_id=row.id,
            intent_id=stored.id,
            transaction_id=outcome.transaction_id,
            status=outcome.result.value,
            amount=_taken(row, stored, outcome) or stored.amount,
            currency=stored.currency,
            created_at=now,
            updated_at=now,
        )
    )


def _may_win(session: Session, now: datetime, row: PaymentRow) -> bool:
    if S(row.state) is S.AUTHORIZED:
        if order_engaged_by_another(session, row):
            park_row(session, now, row, "the provider says it is paid, but another payment of this order was first")
            return False
        move(session, row, S.PAYING, now, why="an earlier send was answered after all")
    return S.PAID in MOVES[S(row.state)]


def _win(
    session: Session,
    now: datetime,
    row: PaymentRow,
    taken: int | None,
    outcome: Outcome,
    lease: Lease,
    handlers: Iterable[str],
) -> tuple[outbox.Delivery, ...]:
    why = f"paid by transaction {outcome.transaction_id}"
    move(session, row, S.PAID, now, why=why, paid_at=now, paid_amount=taken)
    row.due_at = row.lease_owner = row.lease_until = None
    unpark_row(session, now, row)
    _grant(session, now, row)
    return outbox.fill(session, now, row, handlers, lease.owner, lease.lasts)


def _grant(session: Session, now: datetime, row: PaymentRow) -> None:
    session.add_all(granted(row, line, now) for line in row.lines)


def _step_to(session: Session, now: datetime, row: PaymentRow, target: State, outcome: Outcome) -> None:
    if target not in MOVES[S(row.state)]:
        return
    refused = target is S.AUTHORIZED and outcome.retryable and not outcome.unread
    if refused and _intents_made(session, row) >= INTENTS_MAX:
        target = S.FAILED
    move(session, row, target, now, why=outcome.message[:500] or outcome.code or outcome.result.value)
    if target in FINAL:
        unpark_row(session, now, row)


def _intents_made(session: Session, row: PaymentRow) -> int:
    inward = IntentRow.payment_id == row.id, IntentRow.kind != Kind.REFUND.value
    return session.scalar(select(func.count()).select_from(IntentRow).where(*inward)) or 0
