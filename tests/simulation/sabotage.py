"""Guards of the product, switched off: a simulation that cannot find what is missing then proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

from flask_fps.gateways import fps
from flask_fps.ledger import accepting
from flask_fps.ledger import aftermath
from flask_fps.ledger import leasing
from flask_fps.ledger import moves
from flask_fps.ledger import outbox
from flask_fps.ledger import returning
from flask_fps.ledger import settling
from flask_fps.records import Intent
from flask_fps.records import Outcome
from flask_fps.records import RefundState
from flask_fps.records import Result
from flask_fps.records import State
from tests.gateways.hold import HoldGateway
from tests.simulation.database import without_index
from tests.simulation.history import Climate


def _unknown_is_no(stack: ExitStack) -> None:
    """No answer is read as "nothing was charged"."""
    honest = settling.settle

    def settle(session: Any, now: Any, intent: Any, outcome: Outcome, *rest: Any) -> Any:
        if outcome.result is Result.UNKNOWN:
            outcome = replace(outcome, result=Result.FAILURE)
        return honest(session, now, intent, outcome, *rest)

    stack.enter_context(patch.object(settling, "settle", settle))


def _an_error_is_always_a_no(stack: ExitStack) -> None:
    """An error after a lost answer is believed."""
    honest = settling._refused
    stack.enter_context(patch.object(settling, "_refused", lambda outcome, _unproven: honest(outcome, False)))


def _new_reference_after_unknown(stack: ExitStack) -> None:
    """What may have been paid is asked for once more, as something new."""
    for gateway in (fps.FPSGateway, HoldGateway):
        stack.enter_context(patch.object(gateway, "pay", _as_something_new(gateway.pay)))


def _as_something_new(honest: Callable[[Any, Intent], Outcome]) -> Callable[[Any, Intent], Outcome]:
    numbers = count(100)

    def pay(gateway: Any, intent: Intent) -> Outcome:
        if intent.sends > 1:
            name = next(name for name, value in intent.parameters.items() if value == intent.reference)
            another = f"{intent.payment}-{next(numbers)}"
            intent = replace(intent, parameters={**intent.parameters, name: another})
        return honest(gateway, intent)

    return pay


def _no_order_guard(stack: ExitStack) -> None:
    """Nothing forbids a second success of one order."""
    for module in (accepting, leasing, settling):
        stack.enter_context(patch.object(module, "order_engaged_by_another", lambda session, row: False))


def _no_order_guard_and_no_index(stack: ExitStack) -> None:
    """Not even the database forbids it."""
    _no_order_guard(stack)
    stack.enter_context(without_index("ux_fps_payments_one_success"))


def _no_resend_window(stack: ExitStack) -> None:
    """A request is sent again however old it is."""
    stack.enter_context(patch.object(leasing, "too_old", lambda stored, now, resend: False))


def _no_claim_at_delivery(stack: ExitStack) -> None:
    """Whoever has lost his claim delivers all the same."""
    honest = outbox.mark
    stack.enter_context(patch.object(outbox, "still_ours", lambda connection, delivery: True))

    def mark(connection: Any, now: Any, delivery: Any) -> bool:
        honest(connection, now, delivery)
        return True

    stack.enter_context(patch.object(outbox, "mark", mark))


def _holds_are_forgotten(stack: ExitStack) -> None:
    """What is not paid with is not given back."""
    for module in (moves, accepting):
        stack.enter_context(patch.object(module, "owe", lambda *_: None))


def _duplicate_request_is_a_no(stack: ExitStack) -> None:
    """A reference that is taken is believed to have moved nothing."""
    stack.enter_context(patch.object(fps, "SAYS_NOTHING", frozenset()))
    stack.enter_context(patch.object(settling, "_refused", lambda *_: State.FAILED))


def _a_lost_refund_has_failed(stack: ExitStack) -> None:
    """No answer to a refund is read as "nothing went back"."""
    honest = returning._unsaid

    def unsaid(stored: Any, outcome: Outcome) -> Any:
        return RefundState.FAILED if outcome.result is Result.UNKNOWN else honest(stored, outcome)

    stack.enter_context(patch.object(returning, "_unsaid", unsaid))


def _what_goes_back_takes_nothing_back(stack: ExitStack) -> None:
    """Whoever gets his money keeps the goods, and the order stays paid."""
    stack.enter_context(patch.object(aftermath, "apply", lambda *_, **__: None))


def _a_hold_is_taken_for_a_payment(stack: ExitStack) -> None:
    """What is reserved is delivered."""
    honest = settling._target

    def target(before: State, stored: Any, outcome: Outcome) -> State | None:
        said = honest(before, stored, outcome)
        return State.PAID if said is State.RESERVED else said

    stack.enter_context(patch.object(settling, "_target", target))


#: Each guard, and the climate in which it is needed most.
SABOTAGE: dict[str, tuple[Callable[[ExitStack], None], Climate]] = {
    "unknown is no": (_unknown_is_no, Climate(trouble=60)),
    "an error is always a no": (_an_error_is_always_a_no, Climate(trouble=60)),
    "a new reference after unknown": (_new_reference_after_unknown, Climate(trouble=60)),
    "no order guard": (_no_order_guard, Climate(trouble=0)),
    "no order guard and no index": (_no_order_guard_and_no_index, Climate(trouble=0)),
    "no re-send window": (
        _no_resend_window,
        Climate(shape="hold", trouble=40, workers=0, outage=timedelta(hours=25)),
    ),
    "no claim at delivery": (_no_claim_at_delivery, Climate(trouble=0, freezes=4, workers=3)),
    "holds are forgotten": (_holds_are_forgotten, Climate(shape="hold")),
    "a lost refund has failed": (_a_lost_refund_has_failed, Climate(shape="hold", trouble=60, orders=8)),
    "what goes back takes nothing back": (_what_goes_back_takes_nothing_back, Climate(trouble=0, orders=5)),
    "a hold is taken for a payment": (_a_hold_is_taken_for_a_payment, Climate(trouble=0)),
    "duplicate request is a no": (_duplicate_request_is_a_no, Climate(shape="fps", trouble=60)),
}


@contextmanager
def sabotaged(name: str) -> Iterator[Climate]:
    """Without this guard; gives the climate in which that shows soonest."""
    switch_off, climate = SABOTAGE[name]
    with ExitStack() as stack:
        switch_off(stack)
        yield climate
