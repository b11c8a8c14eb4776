"""The chapter of money that goes back: asked for once, sent until it is answered, watched until it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from .. import signals
from ..errors import LedgerBusy
from ..errors import Refused
from ..ledger import Decision
from ..ledger import Judged
from ..ledger import Lease
from ..ledger import Misjudged
from ..ledger import Returned
from ..ledger import TakenRefund
from ..ledger import Task
from ..ledger import Wish
from ..logs import log
from ..money import Money
from ..records import Facts
from ..records import Intent
from ..records import Kind
from ..records import Line
from ..records import Outcome
from ..records import Payment
from ..records import Refund
from ..records import RefundState
from ..records import Result
from .desk import all_or_nothing
from .desk import Amount
from .desk import asked
from .desk import Desk
from .desk import money_of
from .desk import ours

T = TypeVar("T")

#: The journal's word for money that went back and had not paid.
ANOTHER_CHARGE = "another charge was given back"
TELLING = {RefundState.DONE: signals.payment_refunded, RefundState.FAILED: signals.payment_refund_failed}
#: How long a shop's key of a refund may be.
KEY_LENGTH = 100
#: A refund that pends for longer is parked for an operator.
PARK_PENDING_AFTER = timedelta(days=14)


def key_for(desk: Desk, reference: str, amount: Amount | None) -> str:
    """The key of a refund for which the shop gave none: from payment, amount and the refunds so far.

    Asked for twice before the first is written down, it is the same refund.

    :raises Refused: there is no such payment, or the amount is none.
    """
    payment = ours(desk, reference)
    money = money_of(payment, amount) or payment.refundable_money
    return f"{reference[:8]}-{money.decimal}-{len(desk.ledger.refunds.of(reference)) + 1}"


def refund(
    desk: Desk, reference: str, amount: Amount | None, key: str | None, decision: Decision | None = None
) -> Refund:
    """Give back this much of a payment, or all that is left; the same key gives the same refund.

    :param decision: whose name stands in the payment's story, from the step on that asks for it.
    :raises Refused: this payment does not allow it; nothing was sent.
    :raises LedgerBusy: the database does not answer. Nothing was sent, but it may be written down: then the worker
        sends it. Repeat it with the error's ``key`` only.
    """
    wish = _wish(desk, reference, amount, key_for(desk, reference, amount) if key is None else key, decision)
    lease = desk.lease()
    taken = _written_down(desk, wish, lease)
    if taken.intent is None:
        return taken.refund
    try:
        return _send(desk, taken, taken.intent, lease)
    except LedgerBusy as error:
        log.error("refund %s of %s was sent, and the worker goes on with it: %s", taken.refund.key, reference, error)
        return taken.refund


def _written_down(desk: Desk, wish: Wish, lease: Lease) -> TakenRefund:
    try:
        return desk.ledger.refunds.ask(wish, _maker(desk), lease)
    except LedgerBusy as error:
        warning = f"the refund may be written down, and is given back then: repeat it with the key {wish.key!r} only"
        raise LedgerBusy(f"{error}; {warning}", key=wish.key) from error


def foreseen(desk: Desk, reference: str, amount: Amount | None, key: str) -> Money | None:
    """What :func:`refund` would give back now; ``None``: nothing more, the key is that of a refund that is known.

    :raises Refused: as :func:`refund` would.
    """
    return desk.ledger.refunds.foreseen(_wish(desk, reference, amount, key))


def _wish(desk: Desk, reference: str, amount: Amount | None, key: str, decision: Decision | None = None) -> Wish:
    if not 1 <= len(key) <= KEY_LENGTH:
        raise Refused(f"a refund's key is a text of 1 to {KEY_LENGTH} characters, not {key!r:.120}")
    return Wish(reference, money_of(ours(desk, reference), amount), key, decision)


def _maker(desk: Desk) -> Callable[[Payment, Money, str], Intent]:
    def make(payment: Payment, money: Money, reference: str) -> Intent:
        return desk.frozen(payment, Kind.REFUND, money, reference, payment.authorization_id or "")

    return make


def due(desk: Desk, id: int, *, early: bool = False) -> None:
    """Take one refund a step further, if it is due and nobody else does; ``early``: even before."""
    lease = desk.lease()
    taken = desk.ledger.refunds.claim(id, _maker(desk), lease, desk.resend_window, early=early)
    if taken is not None:
        _DOING[taken.task or Task.CHECK](desk, taken, lease)


def due_of(desk: Desk, reference: str) -> None:
    """Take the refunds of one payment a step further."""
    for id in desk.ledger.refunds.due_of(reference):
        due(desk, id)


def _send(desk: Desk, taken: TakenRefund, intent: Intent, lease: Lease) -> Refund:
    outcome = desk.send(taken.payment, intent, lease)
    return _merge(desk, taken.id, taken.payment, intent.reference, outcome, lease).refund


def _first(desk: Desk, taken: TakenRefund, lease: Lease) -> None:
    assert taken.intent is not None
    _send(desk, taken, taken.intent, lease)


def _find(desk: Desk, taken: TakenRefund, lease: Lease) -> None:
    """Look for the lost refund before its request is sent once more, or before a person is asked."""
    intent, gateway = taken.intent, desk.gateway(taken.payment)
    assert intent is not None and intent.first_sent_at is not None
    found = asked(lambda: gateway.find(intent))
    if found.result is not Result.UNKNOWN:
        learned(desk, taken.id, intent, taken.payment, found, lease)
        return
    if taken.is_parked or desk.clock() > intent.first_sent_at + desk.resend_window(taken.payment):
        reason = f"no answer for the refund {intent.reference}, and it is too late to ask again"
        _park(desk, taken.id, reason, lease, taken.refund.state)
        return
    counted = desk.ledger.refunds.resend(taken, lease)
    if counted is not None:
        _send(desk, taken, counted, lease)


def give_up(desk: Desk, id: int) -> None:
    """End a parked refund: as the provider's books say, and as failed if they were read to their end, hold nothing of
    it, and no request for it may be answered any more.

    :raises Refused: they do not say what became of it (yet).
    """
    lease = desk.lease()
    taken = desk.ledger.refunds.claim(id, _maker(desk), lease, desk.resend_window, early=True)
    if taken is None:
        raise Refused("that refund is being asked about right now: try again in a minute")
    found = _what_became_of(desk, taken)
    if found.result not in (Result.UNKNOWN, Result.PENDING):
        ended = learned(desk, id, taken.intent, taken.payment, found, lease).refund.state
        if ended in (RefundState.DONE, RefundState.FAILED):
            return
    _park(desk, id, found.message or "no answer", lease, taken.refund.state)
    said, days = found.message or found.result.value, desk.gateway(taken.payment).limits.resend_within.days
    raise Refused(
        f"nobody knows yet whether the refund {taken.refund.key} was given back: {said}. It can be dismissed {days} "
        "days after it was sent, if the provider's books hold nothing of it"
    )


def _what_became_of(desk: Desk, taken: TakenRefund) -> Outcome:
    gateway, known, intent = desk.gateway(taken.payment), taken.refund.transaction_id, taken.intent
    if known is not None:
        return asked(lambda: gateway.status(known))
    assert intent is not None and intent.first_sent_at is not None
    found = asked(lambda: gateway.find(intent))
    proven = found.absent and desk.clock() > intent.first_sent_at + gateway.limits.resend_within
    return Outcome(Result.CANCELLED, message=f"given up: {found.message}") if proven else found


def _check(desk: Desk, taken: TakenRefund, lease: Lease) -> None:
    gateway, known, intent = desk.gateway(taken.payment), taken.refund.transaction_id, taken.intent
    if known is not None:
        outcome = asked(lambda: gateway.status(known))
    else:
        assert intent is not None
        outcome = asked(lambda: gateway.find(intent))
    waited = desk.clock() - taken.refund.created_at
    if outcome.result in (Result.PENDING, Result.UNKNOWN) and waited > PARK_PENDING_AFTER:
        reason = f"the refund {taken.refund.key} is still pending after {waited.days} days"
        _park(desk, taken.id, reason, lease, taken.refund.state)
    else:
        learned(desk, taken.id, intent, taken.payment, outcome, lease)


_DOING: dict[Task, Callable[[Desk, TakenRefund, Lease], None]] = {
    Task.SEND: _first,
    Task.FIND: _find,
    Task.CHECK: _check,
}


# What is learned


def learned(desk: Desk, id: int, intent: Intent | None, payment: Payment, outcome: Outcome, lease: Lease) -> Returned:
    """Merge what was not said in direct answer to our own request: a success counts only if all of it agrees."""
    wrong = _disagreement(intent, payment, outcome.facts) if intent and outcome.result is Result.SUCCESS else None
    if wrong:
        return _park(desk, id, f"transaction {outcome.transaction_id} says that it gave money back, but {wrong}", lease)
    return _merge(desk, id, payment, intent.reference if intent else None, outcome, lease)


def _disagreement(intent: Intent, payment: Payment, facts: Facts | None) -> str | None:
    if facts is None:
        return "nothing else is known of it"
    if facts.reference != intent.reference:
        return "it carries another reference"
    if facts.gives_back not in (None, payment.transaction_id):
        return f"it gives back {facts.gives_back}, not {payment.transaction_id}"
    return None if facts.money == intent.money else f"it is about {facts.money}, not {intent.money}"


@dataclass(frozen=True)
class Learned:
    """What was made of money that the provider says went back."""

    #: Is it of a paid payment of this ledger?
    ours: bool
    returned: Returned | None = None


def learn(desk: Desk, account: str, outcome: Outcome) -> Learned:
    """Take in what the provider's books say of money that went back, whoever sent it.

    A refund made by hand at the provider, or a chargeback, is adopted. That of a second charge is only written down.
    """
    assert outcome.transaction_id is not None and outcome.facts is not None
    payment = _payment_given_back(desk, account, outcome.facts)
    if payment is None:
        return Learned(False)
    intent = desk.ledger.intent_named(outcome.facts.reference) if outcome.facts.reference else None
    if intent is not None and (intent.kind != Kind.REFUND or intent.payment != payment.reference):
        intent = None
    id = desk.ledger.refunds.by_transaction(account, outcome.transaction_id)
    if id is None and intent is not None:
        id = desk.ledger.refunds.named(intent.reference)
    if id is not None:
        return Learned(True, learned(desk, id, intent, payment, outcome, desk.lease()))
    if outcome.result not in (Result.SUCCESS, Result.PENDING):
        return Learned(True)
    if outcome.facts.gives_back != payment.transaction_id:
        _note_of_another_charge(desk, payment, outcome)
        return Learned(True)
    adopted = _adopt(desk, payment, outcome)
    return Learned(True, adopted) if adopted is not None else learn(desk, account, outcome)


def _note_of_another_charge(desk: Desk, payment: Payment, outcome: Outcome) -> None:
    """The buyer was charged twice, and what did not pay goes back: of what paid it nothing does."""
    assert outcome.facts is not None
    told = {"transaction": outcome.transaction_id, "of": outcome.facts.gives_back, "result": outcome.result.value}
    known = [each.detail for each in desk.ledger.journal(payment.reference) if each.event == ANOTHER_CHARGE]
    if not any(told.items() <= detail.items() for detail in known):
        desk.ledger.note(payment.reference, ANOTHER_CHARGE, **told, amount=str(outcome.facts.money))


def _payment_given_back(desk: Desk, account: str, facts: Facts) -> Payment | None:
    """The paid payment whose money this is."""
    if facts.gives_back is None or facts.money is None:
        return None
    reference = desk.ledger.refunds.payment_paid_by(account, facts.gives_back)
    payment = desk.ledger.payment(reference) if reference else None
    fits = payment is not None and payment.is_paid and payment.currency == facts.money.currency
    return payment if fits else None


def _adopt(desk: Desk, payment: Payment, outcome: Outcome) -> Returned | None:
    """``None``: another process was faster."""
    returned = _judging(desk, payment, lambda judged: desk.ledger.refunds.adopt(payment.reference, outcome, judged))
    if returned is None:
        return None
    log.warning("payment %s: %s was given back at the provider's", payment.reference, returned.refund.money)
    _tell(desk, returned)
    return returned


def _merge(desk: Desk, id: int, payment: Payment, reference: str | None, outcome: Outcome, lease: Lease) -> Returned:
    returned = _judging(
        desk, payment, lambda judged: desk.ledger.refunds.answered(id, reference, outcome, lease, judged)
    )
    _tell(desk, returned)
    return returned


def _judging(desk: Desk, payment: Payment, step: Callable[[Judged], T]) -> T:
    """Ask the shop's policy before the step that needs its answer: no code of the shop's runs inside of one."""
    back = desk.ledger.refunds.given_back(payment.reference)
    while True:
        try:
            return step(_judged(desk, payment, back))
        except Misjudged as error:
            back = error.given_back


def _judged(desk: Desk, payment: Payment, back: int) -> Judged:
    amount = Money(back, payment.currency).decimal
    revoked = {at for at, line in enumerate(payment.items) if back and _is_revoked(desk, payment, line, amount)}
    return Judged(back, frozenset(revoked))


def _is_revoked(desk: Desk, payment: Payment, line: Line, amount: Decimal) -> bool:
    try:
        return bool(desk.policy()(payment, line, amount))
    except Exception:
        log.exception("the shop's refund policy raised for %s: all or nothing is taken back", payment.reference)
        return all_or_nothing(payment, line, amount)


def _tell(desk: Desk, returned: Returned) -> None:
    signal = TELLING.get(returned.refund.state)
    if signal is not None and returned.refund.state is not returned.before:
        desk.tell(signal, returned.payment, refund=returned.refund)
    if returned.parked:
        desk.tell(signals.payment_parked, returned.payment)


def _park(desk: Desk, id: int, reason: str, lease: Lease, seen: RefundState | None = None) -> Returned:
    parked = desk.ledger.refunds.park(id, reason, lease, seen)
    _tell(desk, parked)
    return parked
