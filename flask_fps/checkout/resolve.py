"""The operator's chapter: what is parked is decided by a person, and the provider's books have the last word."""

from __future__ import annotations

from ..errors import no_payment
from ..errors import Refused
from ..ledger import Decision
from ..ledger import Reason
from ..records import FINAL
from ..records import Intent
from ..records import Kind
from ..records import Outcome
from ..records import Payment
from ..records import Result
from ..records import State
from . import books
from . import deliver
from . import pay
from . import refund
from .desk import asked
from .desk import Desk
from .drive import drive_all


def paid(desk: Desk, reference: str, transaction_id: str, decision: Decision) -> Payment:
    """A person says that this transaction paid it. It counts only if the provider says so too, under our own keys,
    and agrees in reference, amount, currency and recipient.

    :raises Refused: it does not, or the payment has ended in another way.
    """
    payment = _parked(desk, reference)
    if payment.state in FINAL:
        raise Refused(
            f"payment {reference} is {payment.state}, which is final: if money moved, give it back at the provider "
            "and --dismiss this"
        )
    gateway = desk.gateway(payment)
    outcome = asked(lambda: gateway.status(transaction_id))
    intent = _intent_behind(desk, payment, transaction_id, outcome)
    desk.ledger.operator.decided(reference, "found paid", decision, transaction=transaction_id)
    pay.settle_learned(desk, intent, outcome, desk.lease())
    after = _known(desk, reference)
    if after.state is not State.PAID:
        raise Refused(f"transaction {transaction_id} is a success, but {after.parked_reason or after.state}")
    return after


def _intent_behind(desk: Desk, payment: Payment, transaction_id: str, outcome: Outcome) -> Intent:
    """The request of this payment that made a transaction."""
    if outcome.result is not Result.SUCCESS:
        said = outcome.message or outcome.code or "nothing more"
        raise Refused(f"the provider does not say that {transaction_id} was paid: {outcome.result.value}, {said}")
    named = outcome.facts.reference if outcome.facts is not None else None
    intent = desk.ledger.intent_named(named) if named is not None else None
    if intent is None or intent.payment != payment.reference or intent.kind == Kind.REFUND:
        raise Refused(f"transaction {transaction_id} belongs to {named or 'nothing it names'}, not to this payment")
    if intent.kind == Kind.RESERVE:  # what became of a hold is about whatever was asked for since
        intent = desk.ledger.newest_intent(payment.reference) or intent
    wrong = books.disagreement(intent, outcome.facts)
    if wrong:
        raise Refused(f"transaction {transaction_id} is a success, but {wrong}")
    return intent


def unpaid(desk: Desk, reference: str, decision: Decision) -> Payment:
    """A person says that nothing was paid. It counts only if the provider's books were read to their end and hold
    nothing of it, and no request of ours may be answered with a payment any more.

    :raises Refused: that is not proven (yet), or the payment has ended in another way.
    """
    payment = _parked(desk, reference)
    proof = _proof_of_nothing(desk, payment)
    to = State.EXPIRED if payment.authorization_id is None else State.FAILED
    after = desk.ledger.operator.end_unpaid(payment, to, decision, proof)
    pay.tell_end(desk, after, payment.state)
    return after


def check_unpaid(desk: Desk, reference: str) -> None:
    """Raises as :func:`unpaid` would, and changes nothing."""
    _proof_of_nothing(desk, _parked(desk, reference))


def _proof_of_nothing(desk: Desk, payment: Payment) -> str:
    if payment.state in FINAL:
        raise Refused(
            f"payment {payment.reference} is {payment.state}, which is final: --dismiss is what is left to do"
        )
    intent, gateway = desk.ledger.intent(payment.reference), desk.gateway(payment)
    if intent is None or intent.first_sent_at is None:
        return "no request to pay was ever sent"
    last = desk.ledger.newest_intent(payment.reference) or intent
    over = (last.first_sent_at or intent.first_sent_at) + gateway.limits.resend_within
    if desk.clock() <= over:
        raise Refused(f"{last.reference} may still be answered with a payment: wait until {over:%Y-%m-%d %H:%M} UTC")
    found = asked(lambda: gateway.find(intent))
    if not found.absent:
        said = found.message or found.code or "nothing more"
        where = f"transaction {found.transaction_id}: " if found.transaction_id else ""
        raise Refused(f"the provider does not say that nothing was paid: {where}{found.result.value}, {said}")
    return found.message


def redeliver(
    desk: Desk, reference: str, decision: Decision, *, parked: bool, handler: str | None = None, wait: bool = True
) -> Payment:
    """Hand a paid payment to the shop's code again. Money is not touched, and the provider is not asked.

    :param parked: only deliveries that were given up.
    :param handler: only this one.
    :param wait: false leaves what may take long to a worker, where one is seen.
    :raises Refused: it is not paid, was refunded, or there is nothing to deliver.
    """
    _known(desk, reference)
    due = desk.ledger.operator.redeliver(reference, decision, parked=parked, handler=handler)
    if not wait:
        drive_all(desk, reference)
        return _known(desk, reference)
    for id in due:
        deliver.due(desk, id)
    return _known(desk, reference)


def dismiss(desk: Desk, reference: str, decision: Decision, number: int | None = None) -> Payment:
    """A person has seen to it in another way. Money that is not accounted for cannot be dismissed.

    :param number: which of the reasons, where the payment is parked for several.
    :raises Refused: it is not parked, or parked for several reasons and none is named, or nobody knows yet whether it
        was paid; or whether it was given back, until the provider's books prove that it was not.
    """
    reason = check_dismiss(desk, reference, number)
    if reason.open_refund is not None:
        refund.give_up(desk, reason.open_refund)
        desk.ledger.operator.decided(reference, "dismissed", decision, parked=reason.text)
        return _known(desk, reference)
    return desk.ledger.operator.dismiss(reference, reason, decision)


def check_dismiss(desk: Desk, reference: str, number: int | None = None) -> Reason:
    """What :func:`dismiss` would. Raises as it would before the provider is asked, and changes nothing."""
    payment = _parked(desk, reference)
    if payment.state not in FINAL:
        raise Refused(
            f"payment {reference} is {payment.state}: say what became of its money, --paid TRANSACTION or --unpaid"
        )
    return _named(desk, reference, number)


def _named(desk: Desk, reference: str, number: int | None) -> Reason:
    reasons = desk.ledger.operator.reasons(reference)
    fitting = [each for each in reasons if number in (None, each.number)]
    if len(fitting) == 1:
        return fitting[0]
    told = "; ".join(f"{each.number}: {each.text}" for each in reasons)
    raise Refused(f"payment {reference} is parked for {told}. Name the one that was seen to: --number NUMBER")


def _known(desk: Desk, reference: str) -> Payment:
    payment = desk.ledger.payment(reference)
    if payment is None:
        raise Refused(no_payment(reference))
    return payment


def _parked(desk: Desk, reference: str) -> Payment:
    payment = _known(desk, reference)
    if payment.parked_reason is None:
        raise Refused(f"payment {reference} is not parked: `flask fps list --parked` shows those that are")
    return payment
