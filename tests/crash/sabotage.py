"""Guards of the product, switched off on purpose: a harness that stays silent then proves nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any


def mark_first() -> None:
    """The delivery mark is committed before the handlers run, in a transaction of its own."""
    from flask_fps.ledger import Deliveries

    def hand_over(self: Any, delivery: Any, call: Callable[[Any], None]) -> None:
        self.mark(delivery)
        _hand_over(self, call)

    Deliveries.hand_over = hand_over  # type: ignore[method-assign]


def mark_last() -> None:
    """What the handlers did is committed before the delivery mark, in a transaction of its own."""
    from flask_fps.ledger import Deliveries

    def hand_over(self: Any, delivery: Any, call: Callable[[Any], None]) -> None:
        _hand_over(self, call)
        self.mark(delivery)

    Deliveries.hand_over = hand_over  # type: ignore[method-assign]


def _hand_over(deliveries: Any, call: Callable[[Any], None]) -> None:
    open_session = deliveries._store.home.session
    if open_session is None:
        call(None)
        return
    with open_session() as session:
        call(session)
        session.commit()


def new_reference() -> None:
    """A request that was perhaps sent already is sent under a new reference, and its refusal is believed."""
    from flask_fps.gateways.fps import FPSGateway
    from flask_fps.ledger import settling

    pay = FPSGateway.pay

    def pay_anew(self: Any, intent: Any) -> Any:
        from secrets import token_hex

        reference = f"{intent.payment}-{token_hex(4)}"
        return pay(self, replace(intent, parameters={**intent.parameters, "CallerReference": reference}))

    FPSGateway.pay = pay_anew  # type: ignore[method-assign]
    settling._refused = lambda outcome, unproven: settling.S.FAILED


def pending_is_paid() -> None:
    """What is only pending counts as paid."""
    from flask_fps.gateways.fps import RESULTS
    from flask_fps.records import Result

    RESULTS["Pending"] = Result.SUCCESS


def order_unguarded() -> None:
    """Nothing forbids a second success of one order."""
    from flask_fps.ledger import accepting
    from flask_fps.ledger import leasing

    _drop_index("ux_fps_payments_one_success")
    for module in (accepting, leasing):
        setattr(module, "order_engaged_by_another", lambda session, row: False)  # noqa: B010


def start_unguarded() -> None:
    """Nothing forbids two payments of one order at the same moment."""
    from flask_fps.ledger import engine
    from flask_fps.ledger import opening

    _drop_index("ux_fps_payments_one_start")
    rows_of_order = opening._rows_of_order

    def slowly(session: Any, draft: Any, lock: bool) -> Any:
        found = rows_of_order(session, draft, lock)
        time.sleep(0.2)
        return found

    opening._rows_of_order = slowly
    engine.take_write_lock = lambda connection: None


def _drop_index(name: str) -> None:
    from flask_fps.ledger import schema

    upgrade = schema.upgrade

    def without(engine: Any, **given: Any) -> None:
        upgrade(engine, **given)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")

    schema.upgrade = without


def nobody_recovers() -> None:
    """A worker does nothing about payments."""
    from flask_fps.checkout import Checkout

    Checkout.drive_payment = lambda self, reference, *, early=False: None  # type: ignore[method-assign]


#: By the name to give; each must make the harness report something.
SABOTAGES: dict[str, Callable[[], None]] = {
    "mark first": mark_first,
    "mark last": mark_last,
    "new reference": new_reference,
    "nobody recovers": nobody_recovers,
    "order unguarded": order_unguarded,
    "pending is paid": pending_is_paid,
    "start unguarded": start_unguarded,
}


def switch_off(name: str) -> None:
    if name:
        SABOTAGES[name]()
