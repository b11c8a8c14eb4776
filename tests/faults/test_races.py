"""Rows 31 to 37 and 52: several at once, in any order, and late."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Thread

import pytest
import requests

from flask_fps.protocol.messages import Refund
from tests.faults import guards
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.stage import Stage

ONE = [("Success", "0.10")]
STOPPED = Point("flask_fps.ledger.Deliveries.hand_over", signal=signal.SIGSTOP)


@row(31, "Two processes get the same return at once")
def test_row_31_one_return_in_two_processes(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    with stage.holding() as pay:
        first = stage.begin(stage.opening(stage.john, url))
        pay.come()
        second = stage.end_of(stage.begin(stage.opening(stage.john, url)))
        pay.let_go()
        ends = [stage.end_of(first), second]
    stage.fired("delay")

    answers = [(end.signal, end.answer["status"], end.answer["location"]) for end in ends]
    [reference] = [payment.reference for payment in stage.shop.payments()]
    assert answers == [(0, 303, f"/fps/payments/{reference}")] * 2, answers
    assert stage.sends(reference) == [1]
    stage.settled("paid")
    assert stage.money() == ONE


test_row_31_guard = fails(without(guards.returns_act_once, test_row_31_one_return_in_two_processes))


@row(32, "Return and notification at once, in any order")
@pytest.mark.parametrize("ipn", ["before", "during", "after"])
def test_row_32_return_and_notification(stage: Stage, ipn: str) -> None:
    stage.sandbox.switches.ipn = "before" if ipn == "before" else "after"
    url = stage.john.agree()
    answers: list[requests.Response] = []
    back = Thread(target=lambda: answers.append(stage.john.get(url)))
    with stage.holding() as pay:
        back.start()
        pay.come()
        if ipn == "during":
            stage.sandbox.post_notifications()
            assert stage.shop.states() == ["paid"]
    back.join()
    stage.sandbox.post_notifications()
    stage.fired("delay")
    heard = stage.shop.rows("SELECT count(*) FROM fps_inbox WHERE source = 'notification'")
    stage.saw("the notification came", heard == [1])

    assert answers[0].status_code == 303
    stage.settled("paid")
    assert len(stage.shop.called) == 1


test_row_32_guard = fails(without(guards.a_payment_wins_once, test_row_32_return_and_notification, ipn="during"))


@row(33, "A worker passes by while the return is waiting for its answer")
def test_row_33_return_and_worker(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    back = Thread(target=stage.john.get, args=(url,))
    with stage.holding() as pay, stage.shop.app.app_context():
        back.start()
        pay.come()
        for payment in stage.shop.payments():
            stage.shop.state.checkout.drive_payment(payment.reference, early=True)
    back.join()
    stage.fired("delay")

    [payment] = stage.shop.payments()
    assert stage.sends(payment.reference) == [1]
    stage.settled("paid")


test_row_33_guard = fails(without(guards.leases_keep_others_away, test_row_33_return_and_worker))


@row(34, "The holder of a lease is paused past its end, and goes on")
def test_row_34_a_paused_process_goes_on(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    pid = stage.begin(stage.opening(stage.john, url), STOPPED)
    stage.saw("the process stands still", stage.end_of(pid).stopped)
    assert stage.shop.states() == ["paid"]
    stage.work(minutes=1)
    [payment] = stage.shop.payments()
    stage.delivered_once(payment)
    os.kill(pid, signal.SIGCONT)
    end = stage.end_of(pid)

    assert (end.signal, end.answer["status"]) == (0, 303)
    stage.delivered_once(payment)
    stage.settled("paid")


test_row_34_guard = fails(without(guards.lost_claims_write_nothing, test_row_34_a_paused_process_goes_on))


@row(35, "The notification comes before the return")
def test_row_35_notification_before_return(stage: Stage) -> None:
    """The process that had the return died with the answer; the browser comes again later."""
    stage.sandbox.switches.ipn = "after"
    url = stage.killed_on_return(Point("flask_fps.protocol.client.Client._exchange", "after"))
    stage.sandbox.post_notifications()

    assert stage.shop.states() == ["paid"]
    reference = stage.john.come_back(url)
    assert stage.sends(reference) == [1]
    stage.settled("paid")
    assert stage.money() == ONE


test_row_35_guard = fails(without(guards.notifications_are_acted_upon, test_row_35_notification_before_return))


@row(36, "The notification never comes")
def test_row_36_no_notification(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "drop_ipn", 9)
    stage.john.buy(method="CC")
    stage.fired("drop_ipn")

    assert stage.shop.states() == ["pending"]
    stage.settled("paid")
    stage.fired("drop_ipn", times=2)


test_row_36_guard = fails(without(guards.pending_is_polled, test_row_36_no_notification))


def _twice(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "duplicate_ipn", 2)


def _the_other_way_round(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "reorder_ipn")


def _a_day_late(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "delay_ipn", 2, seconds=24 * 3600)


@row(37, "Notifications twice, in the wrong order, a day late, or after a refund")
@pytest.mark.parametrize("disorder", [_twice, _the_other_way_round, _a_day_late])
def test_row_37_notifications_in_disorder(stage: Stage, disorder: Callable[[Stage], None]) -> None:
    stage.sandbox.switches.turn({"ipn": "after", "ipn_order": "oldest_first"})
    disorder(stage)
    reference = stage.john.buy(method="CC")
    stage.wait(seconds=2)
    stage.wait(hours=24, minutes=1)
    [fault] = {one.fault for one in stage.sandbox.faults.fired}
    stage.fired(fault)

    assert stage.shop.rows("SELECT count(*) FROM fps_inbox WHERE source = 'notification'") == [2]
    stage.settled("paid")
    assert stage.shop.called == [reference]


@row(37, "Notifications twice, in the wrong order, a day late, or after a refund")
def test_row_37_notifications_after_a_refund(stage: Stage) -> None:
    """The seller gave the money back at the provider's own pages; old news come after that."""
    stage.sandbox.switches.ipn = "after"
    reference = stage.john.buy()
    [old] = [letter.body for letter in stage.sandbox.notifications]
    stage.sandbox.post_notifications()
    transaction = str(stage.shop.payment(reference).transaction_id)
    with stage.shop.app.app_context():
        told = f"{stage.shop.url}/fps/ipn"
        stage.shop.fps.client.send(
            Refund(transaction_id=transaction, caller_reference=f"{reference}-hand", override_ipn_url=told)
        )
    stage.wait(seconds=2)
    stage.wishes[reference] = replace(stage.wishes[reference], refunds=frozenset({"by hand"}))
    stage.saw("the money went back", stage.money() == [*ONE, *ONE])
    stage.sandbox.post_notifications()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        assert requests.post(f"{stage.shop.url}/fps/ipn", old, headers=form, timeout=10).status_code == 200

    stage.settled("paid")
    assert stage.shop.called == [reference]


test_row_37_guard = fails(
    without(guards.messages_are_known_again, test_row_37_notifications_in_disorder, disorder=_twice)
)


@row(52, "The buyer clicks twice, reloads and goes back while Pay is under way")
def test_row_52_clicks_and_reloads(stage: Stage) -> None:
    stage.quiet()
    start = stage.shop.url + stage.john.get("/download/song").headers["Location"]
    url = stage.john.agree_to(stage.john.get(start))
    [payment] = stage.shop.payments()
    page = f"{stage.shop.url}/fps/payments/{payment.reference}"
    with ThreadPoolExecutor(8) as tabs, stage.holding() as pay:
        first = tabs.submit(stage.somebody("john").get, url)
        pay.come()
        later = [tabs.submit(stage.somebody("john").get, each) for each in (url, start, page, url, start, page)]
        answers = [each.result() for each in later]
        pay.let_go()
        answers.append(first.result())
    stage.fired("delay")

    found = [(answer.status_code, answer.headers.get("Location", answer.url).rpartition("/")[2]) for answer in answers]
    assert set(found) == {(303, payment.reference), (200, payment.reference)}, found
    stage.settled("paid")
    assert (stage.money(), stage.shop.states()) == (ONE, ["paid"])


test_row_52_guard = fails(without(guards.returns_act_once, test_row_52_clicks_and_reloads))
