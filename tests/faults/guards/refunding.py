"""What holds while money goes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask_fps.records import RefundState
from flask_fps.records import Result
from tests.faults.guards.switching import around
from tests.faults.guards.switching import guard
from tests.faults.guards.switching import Patch
from tests.faults.guards.switching import put


@guard("a refund without an answer has neither failed nor come to its end")
def a_lost_refund_is_unknown(patch: Patch) -> None:
    def hasty(unsaid: Callable[..., Any]) -> Callable[..., Any]:
        def read(stored: Any, outcome: Any) -> Any:
            return RefundState.FAILED if outcome.result is Result.UNKNOWN else unsaid(stored, outcome)

        return read

    around(patch, "flask_fps.ledger.returning._unsaid", hasty)


@guard("a refund that is sent again is the same to the last parameter")
def a_refund_is_sent_as_it_was(patch: Patch) -> None:
    def renamed(refund: Callable[..., Any]) -> Callable[..., Any]:
        def send(gateway: Any, intent: Any) -> Any:
            named = {**intent.parameters, "CallerReference": f"{intent.reference}-{intent.sends}"}
            return refund(gateway, replace(intent, parameters=named))

        return send

    around(patch, "flask_fps.gateways.fps.FPSGateway.refund", renamed)


@guard("a refund whose process died is followed by the worker")
def refunds_are_driven(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.refunds._due", lambda *given, early: [])


@guard("what is asked for, unknown or on its way counts as spent")
def promised_is_spent(patch: Patch) -> None:
    def generous(allowed: Callable[..., Any]) -> Callable[..., Any]:
        return lambda session, row, payment, wish: wish.money or payment.paid_money

    around(patch, "flask_fps.ledger.refunding._allowed", generous)


@guard("goods go back with the money, and come back with it")
def goods_follow_the_money(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.aftermath._revoke", lambda session, now, row, revoked: None)


@guard("money that somebody else gave back is adopted")
def foreign_refunds_are_adopted(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.refund._payment_given_back", lambda desk, account, facts: None)
