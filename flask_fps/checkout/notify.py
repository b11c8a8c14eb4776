"""Chapter four: the provider tells us something, in any order and however late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ..errors import LedgerBusy
from ..gateways import Gateway
from ..gateways import Notification
from ..gateways import Standing
from ..gateways import Verdict
from ..ledger import Arrival
from ..ledger import Waiting
from ..logs import log
from ..records import Intent
from ..records import Kind
from ..records import Payment
from ..records import Result
from . import books
from . import finish
from . import pay
from . import refund
from .desk import asked
from .desk import Desk

#: A message that could not be acted upon for so long is left alone.
GIVE_UP_AFTER = timedelta(days=7)


def notify(desk: Desk, account: str, body: bytes, headers: Mapping[str, str], url: str) -> Verdict:
    """Keep a notification before it is acknowledged, then act on it if that is possible now.

    :raises LedgerBusy: it could not be kept: do not acknowledge it.
    """
    gateway = desk.gateways[account]
    note = gateway.notification(body, headers, url)
    if note.verdict is Verdict.INVALID:
        log.warning("refused a notification: %s", note.detail)
        return note.verdict
    about = _payment_of(desk, account, note)
    arrival = Arrival(
        source="notification",
        url=url,
        body=body,
        account=account,
        gateway=gateway.name,
        payment=about.reference if about else None,
        headers=headers,
    )
    waiting = desk.ledger.arrivals.keep_notification(arrival, note.verdict.value, again=note.stateless)
    if waiting is not None:
        _try(desk, waiting)
    return note.verdict


def _payment_of(desk: Desk, account: str, note: Notification) -> Payment | None:
    """The payment of this account that is meant: who is paid elsewhere says nothing of what is owed here."""
    named = None
    if note.reference is not None:
        named = desk.ledger.payment_of_intent(note.reference)
    elif note.handle is not None:
        named = desk.ledger.payment_by_handle(account, note.handle)
    here = account, desk.gateways[account].name
    return named if named is not None and (named.account, named.gateway) == here else None


def _try(desk: Desk, id: int) -> None:
    try:
        process(desk, id)
    except LedgerBusy as error:
        log.warning("a kept notification waits for the worker: %s", error)


def process(desk: Desk, id: int) -> None:
    """Act on one message that waits in the inbox, unless somebody else does."""
    waiting = desk.ledger.arrivals.claim(id, desk.lease())
    if waiting is None:
        return
    if waiting.arrival.source == "return":
        _process_return(desk, waiting)
    else:
        _process_notification(desk, waiting)


def _process_return(desk: Desk, waiting: Waiting) -> None:
    arrival = waiting.arrival
    payment = desk.ledger.payment(arrival.payment or "")
    if payment is None:
        _finish(desk, waiting, "no such payment")
        return
    authorization = desk.gateway(payment).finish(arrival.body.decode(), payment)
    if authorization.standing is Standing.INVALID:
        _finish(desk, waiting, authorization.detail, "invalid")
    elif authorization.standing in (Standing.COULD_NOT_TELL, Standing.PENDING):
        _postpone(desk, waiting, authorization.detail)
    else:
        finish.act_on(desk, payment, authorization, arrival, waiting.id)


def _process_notification(desk: Desk, waiting: Waiting) -> None:
    arrival = waiting.arrival
    gateway = desk.gateway_at(arrival.account, arrival.gateway, f"message {waiting.id} of the inbox came")
    note = gateway.notification(arrival.body, arrival.headers, arrival.url)
    if note.verdict is Verdict.INVALID:
        _finish(desk, waiting, note.detail, "invalid")
    elif note.verdict is Verdict.COULD_NOT_TELL:
        _postpone(desk, waiting, note.detail)
    else:
        _learn(desk, gateway, waiting, note)


def _learn(desk: Desk, gateway: Gateway, waiting: Waiting, note: Notification) -> None:
    """A notification is a hint: ask the provider, under our own keys, what is true."""
    payment = _payment_of(desk, waiting.arrival.account, note)
    intent = _intent_of(desk, note, payment)
    if note.transaction_id is not None and (note.parent is not None or (intent and intent.kind == Kind.REFUND)):
        _learn_of_refund(desk, gateway, waiting, note.transaction_id)
        return
    if payment is None or intent is None:
        said = "nothing was sent yet: the return decides" if payment else "not about a payment of this ledger"
        _finish(desk, waiting, said, "valid")
        return
    transaction_id = note.transaction_id or payment.transaction_id
    outcome = books.about(
        intent, asked(lambda: gateway.status(transaction_id) if transaction_id else gateway.find(intent))
    )
    if outcome.result is not Result.UNKNOWN:
        pay.settle_learned(desk, intent, outcome, desk.lease())
    elif transaction_id is not None:
        _postpone(desk, waiting, outcome.message)
        return
    _finish(desk, waiting, f"{outcome.result.value} {outcome.transaction_id or ''}".strip(), "valid")


def _learn_of_refund(desk: Desk, gateway: Gateway, waiting: Waiting, transaction_id: str) -> None:
    """Money went back, or was to: ours, by hand at the provider, or by a bank."""
    outcome = asked(lambda: gateway.status(transaction_id))
    if outcome.facts is None or outcome.transaction_id is None:
        _postpone(desk, waiting, outcome.message)
    elif refund.learn(desk, waiting.arrival.account, outcome).ours:
        _finish(desk, waiting, f"{outcome.result.value} {outcome.transaction_id}", "valid")
    else:
        _postpone(desk, waiting, "it gives back what no paid payment of this ledger is known to have brought")


def _intent_of(desk: Desk, note: Notification, payment: Payment | None) -> Intent | None:
    if payment is None:
        return None
    if note.reference is not None:
        return desk.ledger.intent_named(note.reference)
    return desk.ledger.newest_intent(payment.reference)


def _finish(desk: Desk, waiting: Waiting, note: str, verdict: str | None = None) -> None:
    """It is dealt with, as it was when we took it: what came again meanwhile is looked at again."""
    desk.ledger.arrivals.finish(waiting.id, note, verdict, waiting.received_at)


def _postpone(desk: Desk, waiting: Waiting, said: str) -> None:
    """Later again; after a week the payment's own deadlines are all that is left."""
    if desk.clock() >= waiting.received_at + GIVE_UP_AFTER:
        _finish(desk, waiting, f"given up: {said}")
    else:
        desk.ledger.arrivals.postpone(waiting, said)
