"""Merging what the provider said into the refund it speaks of, and what nobody here asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..records import IntentState
from ..records import Outcome
from ..records import Payment
from ..records import Refund
from ..records import RefundState
from ..records import Result
from . import aftermath
from .aftermath import Judged
from .backoff import Backoff
from .backoff import INTENTS_MAX
from .leasing import Lease
from .models import IntentRow
from .models import ParkedRow
from .models import PaymentRow
from .models import RefundRow
from .reading import locked_row
from .reading import payment_record
from .refunding import by_transaction
from .refunding import insert
from .refunding import is_parked
from .refunding import locked
from .refunding import OPEN
from .refunding import park_refund
from .refunding import refund_record
from .refunding import tell_journal

R = RefundState
#: From where to where. A refund may fail after it was done: banks send money back.
MOVES: dict[RefundState, frozenset[RefundState]] = {
    R.SENDING: frozenset({R.UNKNOWN, R.PENDING, R.DONE, R.FAILED}),
    R.UNKNOWN: frozenset({R.PENDING, R.DONE, R.FAILED}),
    R.PENDING: frozenset({R.DONE, R.FAILED}),
    R.DONE: frozenset({R.FAILED}),
    R.FAILED: frozenset({R.DONE}),
}
SAID: dict[Result, RefundState] = {
    Result.SUCCESS: R.DONE,
    Result.PENDING: R.PENDING,
    Result.RESERVED: R.PENDING,
    Result.CANCELLED: R.FAILED,
}


@dataclass(frozen=True)
class Returned:
    """A refund after an answer was merged into it."""

    refund: Refund
    payment: Payment
    #: What it was before; ``None`` where it was not known here.
    before: RefundState | None
    #: True if this answer parked it for an operator.
    parked: bool = False

    @property
    def is_news(self) -> bool:
        """Nobody here asked for it, or it was thought to be done."""
        return self.before in (None, R.DONE) and self.before is not self.refund.state


def answered(
    session: Session,
    now: datetime,
    id: int,
    reference: str | None,
    outcome: Outcome,
    lease: Lease,
    judged: Judged,
    delays: Backoff,
) -> Returned:
    """Merge what the provider said of a refund, and what follows from it for the payment.

    :param reference: of the request that it is about; ``None``: of the transaction itself.
    :raises Misjudged: what the policy was asked about is not how it is.
    """
    row, refund = locked(session, id)
    before = R(refund.state)
    stored = session.scalar(select(IntentRow).where(IntentRow.reference == reference)) if reference else None
    contradiction = _contradiction(session, refund, outcome)
    _note(stored, outcome, first=refund.lease_owner == lease.owner)
    target = None if contradiction else _target(refund, stored, outcome)
    if target is not None:
        _move(session, now, row, refund, target, outcome)
        aftermath.apply(session, now, row, judged, failed_late=before is R.DONE)
    parked = contradiction is not None and park_refund(session, now, row, refund, contradiction)
    _schedule(session, refund, now, delays, lease)
    return Returned(refund_record(refund, row.reference), payment_record(row), before, parked)


def _contradiction(session: Session, refund: RefundRow, outcome: Outcome) -> str | None:
    known = outcome.transaction_id
    if known is None or known == refund.transaction_id:
        return None
    if refund.state == R.DONE.value and outcome.result is Result.SUCCESS:
        return f"the refund {refund.key} was done by {refund.transaction_id}, and {known} gave the money back, too"
    of_another = select(RefundRow.id).where(
        RefundRow.account == refund.account,
        RefundRow.gateway == refund.gateway,
        RefundRow.transaction_id == known,
        RefundRow.id != refund.id,
    )
    return f"transaction {known} belongs to another refund" if session.scalar(of_another) is not None else None


def _note(stored: IntentRow | None, outcome: Outcome, *, first: bool) -> None:
    """``first``: the lease of this send is given up in this commit; taken again, the step counts it no more."""
    if stored is None:
        return
    if outcome.moved_nothing and first:
        stored.harmless_sends += 1
    if stored.state != IntentState.SUCCESS.value:
        stored.state, stored.code = outcome.result.value, outcome.code


def _target(refund: RefundRow, stored: IntentRow | None, outcome: Outcome) -> RefundState | None:
    """Where this answer leads, or ``None`` where it changes nothing."""
    before = R(refund.state)
    if stored is not None and stored.id != refund.intent_id and outcome.result is not Result.SUCCESS:
        return None  # of an earlier request, which was refused before this one was made
    if before not in (R.SENDING, R.UNKNOWN) and outcome.transaction_id is None:
        return None  # it knows its transaction, and this is not about it
    said = SAID.get(outcome.result) or _unsaid(stored, outcome)
    return said if said in MOVES[before] else None


def _unsaid(stored: IntentRow | None, outcome: Outcome) -> RefundState | None:
    if outcome.result is Result.FAILURE and outcome.transaction_id is not None:
        return R.FAILED
    if stored is None:
        return None
    if outcome.result is Result.UNKNOWN or stored.sends > stored.harmless_sends:
        return R.UNKNOWN
    if outcome.result is Result.NOT_SENT:
        return R.SENDING
    if outcome.retryable and (outcome.unread or _made(stored) < INTENTS_MAX):
        stored.state = IntentState.REFUSED.value
        return R.SENDING
    return R.FAILED


def _made(stored: IntentRow) -> int:
    """How many requests this refund has had: they were refused one after the other."""
    return int(stored.reference.rpartition("-")[2].partition("x")[2] or 1)


def _move(
    session: Session, now: datetime, row: PaymentRow, refund: RefundRow, target: RefundState, outcome: Outcome
) -> None:
    refund.state = target.value
    refund.transaction_id = outcome.transaction_id or refund.transaction_id
    refund.said = (outcome.message or outcome.code or outcome.result.value)[:500]
    if target in (R.DONE, R.FAILED):
        refund.settled_at = now
        _unpark(session, now, refund)
    tell_journal(session, now, row, refund, f"refund {target}", code=outcome.code, request=outcome.request_id)
    session.flush()
    session.refresh(row, ["refunded"])


def _schedule(session: Session, refund: RefundRow, now: datetime, delays: Backoff, lease: Lease) -> None:
    if refund.lease_owner in (lease.owner, None):
        driven = R(refund.state) in OPEN and not is_parked(session, refund)
        refund.due_at = now + delays.after(refund.attempts) if driven else None
        refund.lease_owner = refund.lease_until = None
    elif R(refund.state) not in OPEN:
        refund.due_at = None


def adopt(
    session: Session, now: datetime, payment: str, outcome: Outcome, judged: Judged, delays: Backoff
) -> Returned | None:
    """Take in what was given back by somebody else: by hand at the provider, or by a bank.

    ``None``: another process has taken it in by now.

    :raises Misjudged: what the policy was asked about is not how it is.
    """
    row = locked_row(session, payment)
    assert outcome.facts is not None and outcome.facts.money is not None and outcome.transaction_id is not None
    if by_transaction(session, row.account, outcome.transaction_id) is not None:
        return None
    kind = "chargeback" if outcome.facts.chargeback else "adopted"
    refund = insert(session, now, row, f"{kind}:{outcome.transaction_id}", kind, outcome.facts.money, None)
    refund.transaction_id = outcome.transaction_id
    _move(session, now, row, refund, SAID.get(outcome.result, R.FAILED), outcome)
    refund.due_at = now + delays.first if refund.state == R.PENDING.value else None
    aftermath.apply(session, now, row, judged, failed_late=False)
    return Returned(refund_record(refund, row.reference), payment_record(row), None)


def park(
    session: Session, now: datetime, id: int, reason: str, lease: Lease, seen: RefundState | None = None
) -> Returned:
    """Park a refund for an operator: nothing drives it any more until somebody asks about it.

    :param seen: the state for which that was decided: if it has moved since, it stays where it is.
    """
    row, refund = locked(session, id)
    parked = False
    if seen is None or refund.state == seen.value:
        parked = park_refund(session, now, row, refund, reason)
        refund.due_at = None
    if refund.lease_owner == lease.owner:
        refund.lease_owner = refund.lease_until = None
    return Returned(refund_record(refund, row.reference), payment_record(row), R(refund.state), parked)


def _unpark(session: Session, now: datetime, refund: RefundRow) -> None:
    query = select(ParkedRow).where(ParkedRow.refund_id == refund.id, ParkedRow.resolved_at.is_(None))
    for parked in session.scalars(query):
        parked.resolved_at, parked.resolution = now, f"the refund is {refund.state} after all"
