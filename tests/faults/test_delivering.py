"""Rows 23 to 30: the money has moved; what was paid for is handed over, once."""

from __future__ import annotations

import threading

from flask_fps import signals
from tests.faults import guards
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.shop import until
from tests.faults.stage import Stage

ONE = [("Success", "0.10")]
SETTLED = Point("flask_fps.ledger.Ledger.settle", "after")


@row(23, "Killed after the success is received, before it is committed")
def test_row_23_killed_before_paid_is_committed(stage: Stage) -> None:
    stage.quiet()
    stage.killed_on_return(Point("flask_fps.ledger.Ledger.settle"))

    assert (stage.shop.states(), stage.money()) == (["paying"], ONE)
    stage.settled("paid")
    assert stage.money() == ONE


test_row_23_guard = fails(without(guards.leases_end, test_row_23_killed_before_paid_is_committed))


@row(24, "Killed after paid is committed, before the delivery begins")
def test_row_24_killed_before_the_delivery(stage: Stage) -> None:
    stage.quiet()
    stage.killed_on_return(SETTLED)

    assert stage.shop.states() == ["paid"]
    stage.settled_and_delivered()


test_row_24_guard = fails(without(guards.paid_and_owed_in_one_commit, test_row_24_killed_before_the_delivery))


@row(25, "Killed after a delivery is claimed, before its handler is called")
def test_row_25_killed_between_claim_and_handler(stage: Stage) -> None:
    stage.quiet()
    stage.killed_on_return(SETTLED)
    stage.wait(minutes=1)
    stage.killed(["work"], Point("flask_fps.ledger.Deliveries.claim", "after"))

    assert stage.shop.rows("SELECT count(*) FROM goods") == [0]
    stage.settled_and_delivered()


test_row_25_guard = fails(without(guards.claims_end, test_row_25_killed_between_claim_and_handler))


@row(26, "Killed inside the handler, its work half done")
def test_row_26_killed_inside_the_handler(stage: Stage) -> None:
    stage.quiet()
    stage.killed_on_return(Point("tests.faults.shop.Shop.handed_over"))

    assert stage.shop.states() == ["paid"]
    stage.settled_and_delivered()


test_row_26_guard = fails(without(guards.effect_and_mark_in_one_commit, test_row_26_killed_inside_the_handler))


@row(27, "Killed after the handler, before its delivery is marked")
def test_row_27_killed_before_the_mark(stage: Stage) -> None:
    stage.quiet()
    stage.killed_on_return(Point("flask_fps.ledger.outbox.mark"))

    assert stage.shop.states() == ["paid"]
    stage.settled_and_delivered()


test_row_27_guard = fails(without(guards.effect_and_mark_in_one_commit, test_row_27_killed_before_the_mark))


@row(28, "The handler raises, once or always")
def test_row_28_the_handler_raises_once(stage: Stage) -> None:
    stage.quiet()
    stage.shop.broken = 1
    reference = stage.john.buy()
    stage.saw("the handler raised", stage.shop.broken == 0)

    assert "getting your purchase ready" in stage.john.page(reference)
    stage.settled("paid")
    assert stage.shop.called == [reference] * 2
    stage.delivered_once(reference)


@row(28, "The handler raises, once or always")
def test_row_28_the_handler_raises_always(stage: Stage) -> None:
    stage.quiet()
    stage.shop.broken = 10**6
    reference = stage.john.buy()
    stage.journalled(reference, "delivery failed")

    stage.settled("paid")
    assert "raised 10 times" in (stage.shop.payment(reference).parked_reason or "")
    assert "takes longer than usual" in stage.john.page(reference)
    assert stage.shop.rows("SELECT count(*) FROM goods") == [0]
    assert ("parked", "paid") in stage.shop.told


test_row_28_guard = fails(
    without(guards.failed_deliveries_come_again, test_row_28_the_handler_raises_once),
    without(guards.failed_deliveries_are_parked, test_row_28_the_handler_raises_always),
)


@row(29, "A receiver of another signal raises")
def test_row_29_a_listener_raises(stage: Stage) -> None:
    raised = []

    @signals.payment_started.connect_via(stage.shop.app)
    @signals.payment_authorized.connect_via(stage.shop.app)
    def listen(app: object, *, payment: object, **extra: object) -> None:
        raised.append(payment)
        raise RuntimeError("the listener is broken")

    start = stage.john.get("/download/song").headers["Location"]
    first = stage.john.get(start)
    stage.saw("a listener raised", len(raised) == 1)
    assert first.status_code == 303
    stage.john.come_back(stage.john.agree_to(first))

    assert len(raised) == 2
    assert ("authorized", "paying") in stage.shop.told
    stage.settled("paid")


test_row_29_guard = fails(without(guards.listeners_stop_nothing, test_row_29_a_listener_raises))


@row(30, "A handler blocks for ever")
def test_row_30_a_handler_blocks(stage: Stage) -> None:
    """It counts as failed when its time is over; as long as it lives it is not started a second time in that process.
    Another process may start it: whoever hangs for ever must not keep the goods from the buyer."""
    stage.config["FPS_HANDLER_TIMEOUT"] = 0.1
    free, began, at_once = threading.Event(), [], []

    def block() -> None:
        began.append(1)
        at_once.append(len(began))
        free.wait(10)
        began.pop()

    stage.shop.mailing = block
    reference = stage.john.buy()
    try:
        for _ in range(3):
            stage.work(minutes=2)
        stage.journalled(reference, "delivery failed", handler="mail")
        assert max(at_once) == 1
    finally:
        free.set()
        until(lambda: not began)
    stage.settled("paid")


test_row_30_guard = fails(without(guards.a_running_handler_is_left_alone, test_row_30_a_handler_blocks))
