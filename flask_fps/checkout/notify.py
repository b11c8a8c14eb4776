"""Chapter four: the provider tells us something, in any order and however late."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import LedgerBusy
from ..gateways import Gateway
from ..gateways import Standing
from ..gateways import Verdict
from ..ledger import Arrival
from ..ledger import Waiting
from ..records import Result
from . import finish
from . import pay
from .desk import Desk
from .desk import log


def notify(desk: Desk, account: str, body: bytes, headers: Mapping[str, str], url: str) -> Verdict:
    """Keep a notification before it is acknowledged, then act on it if that is possible now.

    :raises LedgerBusy: it could not be kept: do not acknowledge it.
    """
    gateway = desk.gateways[account]
    note = gateway.notification(body, headers, url)
    if note.verdict is Verdict.INVALID:
        log.warning("refused a notification: %s", note.detail)
        return note.verdict
    about = desk.ledger.payment_of_intent(note.reference) if note.reference else None
    arrival = Arrival(
        source="notification",
        url=url,
        body=body,
        account=account,
        gateway=gateway.name,
        payment=about.reference if about else None,
    )
    waiting = desk.ledger.keep_notification(arrival, note.verdict.value)
    if waiting is not None:
        _try(desk, waiting)
    return note.verdict


def _try(desk: Desk, id: int) -> None:
    try:
        process(desk, id)
    except LedgerBusy as error:
        log.warning("a kept notification waits for the worker: %s", error)


def process(desk: Desk, id: int) -> None:
    """Act on one message that waits in the inbox, unless somebody else does."""
    waiting = desk.ledger.claim_arrival(id, desk.lease())
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
        desk.ledger.finish_arrival(waiting.id, "no such payment")
        return
    authorization = desk.gateway(payment).finish(arrival.body.decode(), payment)
    if authorization.standing is Standing.INVALID:
        desk.ledger.finish_arrival(waiting.id, authorization.detail, "invalid")
    elif authorization.standing is Standing.COULD_NOT_TELL:
        desk.ledger.postpone_arrival(waiting, authorization.detail)
    else:
        finish.act_on(desk, payment, authorization, arrival, waiting.id)


def _process_notification(desk: Desk, waiting: Waiting) -> None:
    arrival = waiting.arrival
    gateway = desk.gateways[arrival.account]
    note = gateway.notification(arrival.body, {}, arrival.url)
    if note.verdict is Verdict.INVALID:
        desk.ledger.finish_arrival(waiting.id, note.detail, "invalid")
    elif note.verdict is Verdict.COULD_NOT_TELL:
        desk.ledger.postpone_arrival(waiting, note.detail)
    else:
        _learn(desk, gateway, waiting, note.reference, note.transaction_id)


def _learn(desk: Desk, gateway: Gateway, waiting: Waiting, reference: str | None, transaction_id: str | None) -> None:
    """A notification is a hint: ask the provider, under our own keys, what is true."""
    intent = desk.ledger.intent_named(reference) if reference else None
    if intent is None or transaction_id is None:
        desk.ledger.finish_arrival(waiting.id, "not about a payment of this ledger", "valid")
        return
    outcome = gateway.status(transaction_id)
    if outcome.result is Result.UNKNOWN:
        desk.ledger.postpone_arrival(waiting, outcome.message)
        return
    pay.settle_learned(desk, intent, outcome, desk.lease())
    desk.ledger.finish_arrival(waiting.id, f"{outcome.result.value} {transaction_id}", "valid")
