"""Chapter three: the shop's server moves the money, and learns what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import cast

from .. import signals
from ..gateways import Retries
from ..ledger import Lease
from ..ledger import Proof
from ..ledger import Settled
from ..ledger import Taken
from ..ledger import Task
from ..ledger import Windows
from ..logs import log
from ..logs import naming
from ..records import Intent
from ..records import Kind
from ..records import Outcome
from ..records import Payment
from ..records import Result
from ..records import State
from . import books
from . import deliver
from . import release
from .desk import ASK_AFTER
from .desk import asked
from .desk import Desk

PARK_PENDING_AFTER = timedelta(days=7)

#: What became of the buyer's money is not settled.
UNSETTLED = frozenset({State.AUTHORIZED, State.PAYING, State.UNKNOWN, State.PENDING})
TELLING = {
    State.PENDING: signals.payment_pending,
    State.RESERVED: signals.payment_reserved,
    State.FAILED: signals.payment_failed,
    State.CANCELLED: signals.payment_failed,
    State.EXPIRED: signals.payment_failed,
}


def accept(desk: Desk, payment: Payment, proof: Proof) -> None:
    """Store a verified authorization and, if the order is still to be paid, pay."""
    lease = desk.lease()
    accepted = desk.ledger.accept(proof, desk.intent(payment, proof.id, 1), lease, desk.terms)
    if accepted.intent is not None:
        desk.tell(signals.payment_authorized, accepted.payment)
        if not desk.is_over(lease):  # whoever listened may have taken long
            _send(desk, Taken(accepted.payment, accepted.intent, Task.SEND), lease)
    if accepted.release is not None:
        tell_end(desk, accepted.payment, accepted.before)
        release.due_of(desk, payment.reference)


def accept_moved(desk: Desk, proof: Proof, intent: Intent, moved: Outcome) -> None:
    """Store an authorization that the provider's books show as used already, and what became of its money.

    :param intent: the request that used it, which this ledger does not know any more.
    """
    lease = desk.lease()
    proof = replace(proof, moved=moved.transaction_id or "without a name")
    accepted = desk.ledger.accept(proof, intent, lease, desk.terms)
    if accepted.intent is not None:
        desk.tell(signals.payment_authorized, accepted.payment)
        settle_learned(desk, accepted.intent, moved, lease)
    elif accepted.parked:
        desk.tell(signals.payment_parked, accepted.payment)


def proceed(desk: Desk, payment: Payment, *, early: bool = False) -> None:
    """Take the request of an authorized payment a step further, if it is due and nobody else does.

    :param early: do not wait for its due time.
    """
    if payment.authorization_id is None or payment.state not in UNSETTLED:
        return
    lease = desk.lease()
    candidate = _candidate(desk, payment, payment.authorization_id)
    windows = Windows(desk.gateway(payment).limits.pay_within, desk.resend_window(payment))
    taken = desk.ledger.take(candidate, lease, windows, early=early)
    if taken is not None:
        do(desk, taken, lease)


def _candidate(desk: Desk, payment: Payment, authorization_id: str) -> Intent:
    """What may be sent next: something new only where the last request was refused for good."""
    newest = desk.ledger.intent(payment.reference)
    if newest is not None and payment.state is not State.AUTHORIZED:
        return newest
    return desk.intent(payment, authorization_id, int(newest.reference.rpartition("-")[2]) + 1 if newest else 1)


def _send(desk: Desk, taken: Taken, lease: Lease) -> None:
    settle(desk, taken.intent, desk.send(taken.payment, taken.intent, lease), lease)


def _find(desk: Desk, taken: Taken, lease: Lease) -> None:
    """Look for the lost transaction before its request is sent once more, or before a person is asked."""
    gateway, intent = desk.gateway(taken.payment), taken.intent
    found = books.about(intent, asked(lambda: gateway.find(intent)))
    if found.result is not Result.UNKNOWN:
        settle_learned(desk, intent, found, lease)
        return
    if taken.payment.parked_reason is not None:  # asked about, and no more: it stays parked for what it was
        settle(desk, intent, found, lease)
        return
    assert intent.first_sent_at is not None
    if desk.clock() > intent.first_sent_at + desk.resend_window(taken.payment):
        park(desk, taken.payment, f"no answer for {intent.reference}, and it is too late to ask again", lease)
        return
    counted = desk.ledger.resend(intent, lease)
    if counted is not None:
        settle(desk, counted, desk.send(taken.payment, counted, lease), lease)


def _check(desk: Desk, taken: Taken, lease: Lease) -> None:
    payment, gateway, known = taken.payment, desk.gateway(taken.payment), taken.payment.transaction_id
    outcome = books.about(taken.intent, asked(lambda: gateway.status(known) if known else gateway.find(taken.intent)))
    waited = desk.clock() - (payment.authorized_at or payment.created_at)
    if outcome.result in (Result.PENDING, Result.UNKNOWN) and waited > PARK_PENDING_AFTER:
        days = PARK_PENDING_AFTER.days  # not how many it was by now: that would be another reason every day
        park(desk, payment, f"transaction {payment.transaction_id} is still pending after {days} days", lease)
        return
    if outcome.declined_for_now and known is not None and payment.parked_reason is None:
        asked(lambda: cast(Retries, gateway).retry(known))
    settle_learned(desk, taken.intent, outcome, lease)


def _release(desk: Desk, taken: Taken, lease: Lease) -> None:
    tell_end(desk, taken.payment, State.AUTHORIZED)
    release.due_of(desk, taken.payment.reference)


def _expire(desk: Desk, taken: Taken, lease: Lease) -> None:
    """It is too late to pay with the authorization. Whether that was done is asked of the provider's books: this
    ledger may have been put back from a copy."""
    payment = taken.payment
    assert payment.authorization_id is not None, "only an authorization grows too old"
    given_at = payment.authorized_at or payment.created_at
    intent, found = books.paid_with(desk, payment, payment.authorization_id, given_at)
    if found.result in books.MOVED:
        _recall(desk, intent, found, lease)
    elif found.result is not Result.UNKNOWN or found.absent:
        after = desk.ledger.too_old(payment.reference, lease)
        if after is not None:
            tell_end(desk, after, payment.state)
            release.due_of(desk, payment.reference)
    elif desk.clock() > given_at + desk.resend_window(payment):
        park(desk, payment, f"the provider does not say whether it was paid: {found.message}", lease)
    else:
        desk.ledger.still_away(payment, lease, desk.clock() + ASK_AFTER.after(payment.asked))


def _recall(desk: Desk, intent: Intent, moved: Outcome, lease: Lease) -> None:
    """Settle what a request brought that this ledger does not know any more."""
    recalled = desk.ledger.recall(intent, moved.transaction_id or "without a name", lease)
    if recalled.intent is not None:
        settle_learned(desk, recalled.intent, moved, lease)
    elif recalled.parked:
        desk.tell(signals.payment_parked, recalled.payment)


_DOING = {Task.SEND: _send, Task.FIND: _find, Task.CHECK: _check, Task.RELEASE: _release, Task.EXPIRE: _expire}


def do(desk: Desk, taken: Taken, lease: Lease) -> None:
    """What the holder of a payment's lease was told to do."""
    _DOING[taken.task](desk, taken, lease)


def settle_learned(desk: Desk, intent: Intent, outcome: Outcome, lease: Lease) -> None:
    """Settle what was not said in direct answer to our own request.

    A success counts only if the provider, asked under our own keys, agrees in reference, amount, currency
    and recipient.
    """
    payment = desk.ledger.payment(intent.payment)
    assert payment is not None
    if intent.kind == Kind.RESERVE:  # what became of a hold is about whatever was asked for since
        intent = desk.ledger.newest_intent(intent.payment) or intent
    known = payment.state is State.PAID and payment.transaction_id == outcome.transaction_id
    wrong = books.disagreement(intent, outcome.facts) if outcome.result is Result.SUCCESS and not known else None
    if wrong:
        after = park(desk, payment, f"transaction {outcome.transaction_id} says success, but {wrong}", lease)
        if after.state is not payment.state:
            settle_learned(desk, intent, outcome, lease)
    else:
        settle(desk, intent, outcome, lease)


def settle(desk: Desk, intent: Intent, outcome: Outcome, lease: Lease) -> None:
    """Merge an answer into the ledger, tell the shop, and deliver what is now paid."""
    settled = desk.ledger.settle(intent, outcome, lease, desk.handlers())
    _log(settled)
    tell_end(desk, settled.payment, settled.before)
    if settled.parked:
        desk.tell(signals.payment_parked, settled.payment)
    _deliver(desk, settled)


def _log(settled: Settled) -> None:
    before, payment = settled.before, settled.payment
    known = naming(payment.reference, state=payment.state.value, transaction=payment.transaction_id)
    if payment.state is not before:
        log.info("payment %s: %s -> %s", payment.reference, before, payment.state, extra=known)
    if settled.parked:
        log.warning("payment %s is parked for an operator: %s", payment.reference, payment.parked_reason, extra=known)


def _deliver(desk: Desk, settled: Settled) -> None:
    for delivery in settled.deliveries:
        deliver.deliver(desk, delivery)


def tell_end(desk: Desk, payment: Payment, before: State) -> None:
    signal = TELLING.get(payment.state)
    if signal is not None and payment.state is not before:
        desk.tell(signal, payment)


def park(desk: Desk, payment: Payment, reason: str, lease: Lease) -> Payment:
    """Park a payment for an operator, once for each reason, unless it has moved on meanwhile."""
    after = desk.ledger.park(payment.reference, reason, lease.owner, payment.state)
    if after.parked_reason not in (None, payment.parked_reason):
        desk.tell(signals.payment_parked, after)
    return after
