"""What holds for deliveries and notifications."""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Callable
from typing import Any

from tests.faults.guards.switching import around
from tests.faults.guards.switching import guard
from tests.faults.guards.switching import Patch
from tests.faults.guards.switching import put


@guard("what is owed to the buyer is written in the commit that makes the payment paid")
def paid_and_owed_in_one_commit(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.outbox.fill", lambda *given: ())


@guard("a claim on a delivery ends by itself")
def claims_end(patch: Patch) -> None:
    from flask_fps.ledger.models import DeliveryRow

    put(patch, "flask_fps.ledger.outbox._free", lambda now: DeliveryRow.lease_until.is_(None))


@guard("what handlers write is committed with the delivery mark, or not at all")
def effect_and_mark_in_one_commit(patch: Patch) -> None:
    from sqlalchemy.orm import Session

    from flask_fps.signals import payment_completed

    def apart(app: Any) -> Callable[..., None]:
        def handle(payment: Any, session: Any) -> None:
            own = app.extensions["fps"].ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            with own, Session(own) as committing:
                for receiver in payment_completed.receivers_for(app):
                    receiver(app, payment=payment, session=committing)

        return handle

    put(patch, "flask_fps.wiring.handler", apart)
    put(patch, "flask_fps.ledger.handing.take_write_lock", lambda connection: None)


@guard("a handler that raised is called again")
def failed_deliveries_come_again(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.Deliveries.failed", lambda deliveries, delivery, error: deliveries.mark(delivery))


@guard("a handler that raises again and again is parked for an operator")
def failed_deliveries_are_parked(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.outbox.ATTEMPTS_MAX", 10**6)


@guard("a receiver that only listens can stop nothing")
def listeners_stop_nothing(patch: Patch) -> None:
    def naive(app: Any) -> Callable[..., None]:
        def tell(signal: Any, payment: Any, /, **told: Any) -> None:
            for receiver in signal.receivers_for(app):
                receiver(app, payment=payment)

        return tell

    put(patch, "flask_fps.wiring.teller", naive)


@guard("a handler that is still running is not started again")
def a_running_handler_is_left_alone(patch: Patch) -> None:
    class Forgetful(set[Any]):
        def __contains__(self, place: object) -> bool:
            return False

    put(patch, "flask_fps.checkout.deliver._WATCH._running", Forgetful())


@guard("whoever has lost his claim writes nothing")
def lost_claims_write_nothing(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.outbox.still_ours", lambda connection, delivery: True)
    around(patch, "flask_fps.ledger.outbox.mark", lambda mark: lambda *given: (mark(*given), True)[1])


@guard("a notification is acted upon: the provider is asked what is true")
def notifications_are_acted_upon(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.notify.process", lambda desk, id: None)


@guard("what pends is asked about")
def pending_is_polled(patch: Patch) -> None:
    from flask_fps.records import State

    settling = importlib.import_module("flask_fps.ledger.settling")
    put(patch, "flask_fps.ledger.settling.DRIVEN", settling.DRIVEN - {State.PENDING})


@guard("a message that has come before is known again")
def messages_are_known_again(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.inbox.Arrival.digest", property(lambda arrival: secrets.token_hex(32)))


@guard("a notification is acknowledged only after it is stored")
def stored_before_acknowledged(patch: Patch) -> None:
    from flask_fps.errors import LedgerBusy
    from flask_fps.gateways import Verdict

    def polite(notify: Callable[..., Any]) -> Callable[..., Any]:
        def acknowledge(*given: Any) -> Any:
            try:
                return notify(*given)
            except LedgerBusy:
                return Verdict.VALID

        return acknowledge

    around(patch, "flask_fps.checkout.notify.notify", polite)
