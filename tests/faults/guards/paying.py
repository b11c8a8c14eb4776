"""What holds while the money moves."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from tests.faults.guards.switching import around
from tests.faults.guards.switching import guard
from tests.faults.guards.switching import Patch
from tests.faults.guards.switching import put


@guard("the end of a lease is a due time: whoever died holding it is followed by the worker")
def a_lease_ends_in_a_due_time(patch: Patch) -> None:
    def forgetting(send: Callable[..., Any]) -> Callable[..., Any]:
        def undue(session: Any, now: Any, row: Any, *more: Any) -> Any:
            intent = send(session, now, row, *more)
            row.due_at = None
            return intent

        return undue

    for room in ("accepting", "leasing"):
        around(patch, f"flask_fps.ledger.{room}.send_under_lease", forgetting)


@guard("after one send without an answer no error means that nothing was charged")
def no_error_is_a_no_after_silence(patch: Patch) -> None:
    first_send = SimpleNamespace(sends=1, harmless_sends=1)
    around(
        patch,
        "flask_fps.ledger.settling._target",
        lambda target: lambda before, stored, outcome: target(before, first_send, outcome),
    )


@guard("a request that is sent again is the same to the last parameter")
def a_resend_is_identical(patch: Patch) -> None:
    _send_as(patch, lambda intent: f"{intent.reference}-{intent.sends}")


@guard("after a refusal that may pass, the next request has a reference of its own")
def a_new_request_has_a_new_reference(patch: Patch) -> None:
    _send_as(patch, lambda intent: f"{intent.payment}-1")


def _send_as(patch: Patch, reference: Callable[[Any], str]) -> None:
    def under_another_name(pay: Callable[..., Any]) -> Callable[..., Any]:
        def send(gateway: Any, intent: Any) -> Any:
            named = {**intent.parameters, "CallerReference": reference(intent)}
            return pay(gateway, replace(intent, parameters=named))

        return send

    around(patch, "flask_fps.gateways.fps.FPSGateway.pay", under_another_name)


@guard("no readable answer is unknown, never a no")
def silence_is_unknown(patch: Patch) -> None:
    from flask_fps.records import Result

    def hasty(pay: Callable[..., Any]) -> Callable[..., Any]:
        def send(gateway: Any, intent: Any) -> Any:
            outcome = pay(gateway, intent)
            return replace(outcome, result=Result.FAILURE) if outcome.result is Result.UNKNOWN else outcome

        return send

    around(patch, "flask_fps.gateways.fps.FPSGateway.pay", hasty)


@guard("an error of the service itself (HTTP 5xx) proves nothing")
def server_errors_prove_nothing(patch: Patch) -> None:
    from flask_fps.errors import OutcomeUnknown
    from flask_fps.errors import ServiceError

    def trusting(send: Callable[..., Any]) -> Callable[..., Any]:
        def believe(*args: Any) -> Any:
            try:
                return send(*args)
            except OutcomeUnknown as error:
                if "HTTP 5" not in str(error):
                    raise
                raise ServiceError("InternalError", str(error)) from error

        return believe

    around(patch, "flask_fps.protocol.client.Client.send_parameters", trusting)


@guard("an answer about another request under this reference (DuplicateRequest) proves nothing")
def duplicates_prove_nothing(patch: Patch) -> None:
    put(patch, "flask_fps.gateways.fps.SAYS_NOTHING", frozenset())


@guard("final states never move")
def final_states_never_move(patch: Patch) -> None:
    from flask_fps.records import State

    moves = importlib.import_module("flask_fps.ledger.moves").MOVES
    patch.setitem(moves, State.PAID, frozenset({State.UNKNOWN, State.FAILED, State.CANCELLED}))


@guard("each try waits longer than the one before")
def tries_back_off(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.backoff.Backoff.after", lambda backoff, attempts: timedelta(0))


@guard("what stays unknown is parked for an operator while its reference still counts")
def unknown_is_parked_in_time(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.desk.PARK_UNKNOWN_AFTER", 60)


@guard("refusals that may pass are tried so often and no more")
def refusals_are_counted(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling.INTENTS_MAX", 10**6)


@guard("what pends is not paid")
def pending_is_not_paid(patch: Patch) -> None:
    from flask_fps.records import Result

    patch.setitem(importlib.import_module("flask_fps.gateways.fps").RESULTS, "Pending", Result.SUCCESS)


@guard("what pends for a week is parked for an operator")
def pending_is_parked(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.pay.PARK_PENDING_AFTER", timedelta(days=10_000))


@guard("a lease ends by itself, whatever became of its holder")
def leases_end(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.leasing.is_held", lambda row, now: row.lease_until is not None)


@guard("while somebody holds a payment's lease nobody else acts for it")
def leases_keep_others_away(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.leasing.is_held", lambda row, now: False)


@guard("a return of a payment that has moved on only shows it")
def returns_act_once(patch: Patch) -> None:
    from flask_fps.records import State

    put(patch, "flask_fps.ledger.accepting.AWAY", frozenset(State))


@guard("a success that is learned again wins nothing again")
def a_payment_wins_once(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling._may_win", lambda session, now, row: True)
