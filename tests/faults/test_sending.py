"""Rows 9 to 22: the request that pays, and everything it may be answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from flask_fps.protocol.codes import CODES
from flask_fps.protocol.messages import Amount
from flask_fps.protocol.messages import Pay
from flask_fps.sandbox.bank.switches import SWITCHES
from tests.faults import guards
from tests.faults.points import HALF_SENT
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.shop import until
from tests.faults.stage import Stage

CONFIRMING = "Your payment is being confirmed"
ONE = [("Success", "0.10")]


@row(9, "Killed after the request is frozen, before a byte of it is sent")
def test_row_09_killed_before_the_first_byte(stage: Stage) -> None:
    stage.killed_on_return(Point("flask_fps.gateways.fps.FPSGateway.pay"))

    assert (stage.shop.states(), stage.money()) == (["paying"], [])
    stage.settled("paid")
    assert stage.money() == ONE


test_row_09_guard = fails(without(guards.a_lease_ends_in_a_due_time, test_row_09_killed_before_the_first_byte))


@row(10, "Killed with half of the request sent")
def test_row_10_killed_with_half_a_request_sent(stage: Stage) -> None:
    """The worker's own send is refused; as long as nobody knows what the half has done, that is no proof."""
    stage.sandbox.switches.failed_reference = "anew"
    stage.killed_on_return(HALF_SENT)
    stage.sandbox.faults.add("Pay", "decline", code="TransactionDenied")
    stage.work(minutes=1)

    assert (stage.shop.states(), stage.money()) == (["unknown"], [])
    stage.settled("paid")
    assert stage.money() == ONE


test_row_10_guard = fails(without(guards.no_error_is_a_no_after_silence, test_row_10_killed_with_half_a_request_sent))


@row(11, "Killed after FPS moved the money, before the answer is read")
def test_row_11_killed_after_the_money_moved(stage: Stage) -> None:
    stage.quiet()
    stage.killed_on_return(Point("flask_fps.protocol.client.Client._exchange", "after"))

    assert (stage.shop.states(), stage.money()) == (["paying"], ONE)
    stage.work(minutes=1)
    assert stage.shop.states() == ["paid"], "the first re-send gets the first answer"
    stage.settled("paid")
    assert stage.money() == ONE


test_row_11_guard = fails(without(guards.a_resend_is_identical, test_row_11_killed_after_the_money_moved))


@row(12, "The answer is lost: nothing, half of it, or something else comes back")
@pytest.mark.parametrize(
    ("fault", "value"),
    [
        ("lose_answer", None),
        ("cut_answer", None),
        ("garbage", ""),
        ("garbage", "<html><body>Welcome</body></html>"),
        ("garbage", '<?xml version="1.0"?><PayResponse xmlns="http://fps.amazonaws.com/doc/2010-08-28/"><PayRes'),
    ],
)
def test_row_12_the_answer_is_lost(stage: Stage, fault: str, value: str | None) -> None:
    stage.quiet()
    given: dict[str, Any] = {} if value is None else {"value": value}
    stage.sandbox.faults.add("Pay", fault, **given)
    reference = stage.john.buy()
    stage.fired(fault)

    assert (stage.shop.states(), stage.money()) == (["unknown"], ONE)
    page = stage.john.page(reference)
    assert CONFIRMING in page and "othing was charged" not in page
    stage.settled("paid")
    assert stage.money() == ONE


test_row_12_guard = fails(
    without(guards.silence_is_unknown, test_row_12_the_answer_is_lost, fault="lose_answer", value=None)
)


@row(13, "The answer comes after the shop stopped waiting; a re-send meets the first in flight")
@pytest.mark.parametrize("in_flight", SWITCHES["in_flight"].positions)
def test_row_13_the_answer_is_late(stage: Stage, in_flight: str) -> None:
    stage.quiet()
    stage.config["FPS_TIMEOUT"] = 0.5
    stage.sandbox.switches.in_flight = in_flight
    with stage.holding(when="before"):
        stage.john.buy()
        stage.fired("delay")

        assert (stage.shop.states(), stage.money()) == (["unknown"], [])
        stage.shop.clock.ahead += timedelta(minutes=1)
        stage.shop.work()
        assert stage.shop.states() == ["unknown"] or stage.money()
    until(stage.money)
    stage.settled("paid")
    assert stage.money() == ONE


test_row_13_guard = fails(
    without(guards.no_error_is_a_no_after_silence, test_row_13_the_answer_is_late, in_flight="anew")
)


@row(14, "The answer to the first send comes after the second send was answered")
def test_row_14_the_first_answer_comes_last(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    first = Thread(target=stage.john.get, args=(url,))
    with stage.holding("lose_answer") as pay:
        first.start()
        pay.come()
        stage.shop.clock.ahead += timedelta(minutes=1)
        stage.shop.work()
        assert stage.shop.states() == ["paid"]
    first.join()
    [payment] = stage.shop.payments()
    stage.journalled(payment.reference, "answer", result="unknown")

    stage.settled("paid")
    stage.delivered_once(payment)


test_row_14_guard = fails(without(guards.final_states_never_move, test_row_14_the_first_answer_comes_last))


@row(15, "HTTP 500, before or after the money moved: nobody can tell which")
@pytest.mark.parametrize("fault", ["500_before", "500_after"])
def test_row_15_an_error_of_the_service(stage: Stage, fault: str) -> None:
    stage.quiet()
    stage.sandbox.faults.add("Pay", fault)
    stage.john.buy()
    stage.fired(fault)

    assert stage.shop.states() == ["unknown"]
    stage.settled("paid")
    assert stage.money() == ONE


test_row_15_guard = fails(
    without(guards.server_errors_prove_nothing, test_row_15_an_error_of_the_service, fault="500_after")
)


@row(16, "503 again and again, then an answer")
def test_row_16_the_service_is_overloaded(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "503_before", 4)
    reference = stage.john.buy()
    stage.fired("503_before")
    waits = []
    for sends in range(1, 5):
        stage.shop.work()
        assert stage.sends(reference) == [sends], "nothing is sent before its time"
        due = stage.shop.payment(reference).due_at
        assert due is not None
        waits.append((due - stage.shop.clock()).total_seconds())
        stage.work(seconds=waits[-1] + 0.01)

    stage.fired("503_before", times=4)
    assert stage.shop.states() == ["paid"]
    assert waits == sorted(waits) and waits[-1] > 2 * waits[0]
    stage.settled("paid")


test_row_16_guard = fails(without(guards.tries_back_off, test_row_16_the_service_is_overloaded))


@row(17, "503 for more than seven days")
def test_row_17_the_service_is_away_for_a_week(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "503_before", 10_000)
    reference = stage.john.buy()
    for _ in range(10):
        stage.work(hours=20)
    stage.fired("503_before", times=5)

    tried = [one.at for one in stage.sandbox.faults.fired]
    assert tried[-1] - tried[0] < timedelta(days=7)
    assert stage.shop.payment(reference).parked_reason
    assert "We are looking into this payment" in stage.john.page(reference)
    stage.settled("unknown")
    assert stage.money() == []


test_row_17_guard = fails(without(guards.unknown_is_parked_in_time, test_row_17_the_service_is_away_for_a_week))


@row(18, "A refusal that may pass")
@pytest.mark.parametrize("code", ["AccessFailure", "ConcurrentModification", "NotMarketplaceApp"])
def test_row_18_a_refusal_that_passes(stage: Stage, code: str) -> None:
    stage.sandbox.faults.add("Pay", "decline", 2, code=code)
    reference = stage.john.buy()
    stage.fired("decline")

    assert (stage.shop.states(), stage.money()) == (["authorized"], [])
    stage.settled("paid")
    stage.fired("decline", times=2)
    assert stage.sends(reference) == [1, 1, 1]
    assert stage.money() == ONE


@row(18, "A refusal that may pass")
def test_row_18_a_refusal_that_does_not_pass(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "decline", 99, code="AccessFailure")
    reference = stage.john.buy()
    stage.fired("decline")

    stage.settled("failed")
    assert stage.sends(reference) == [1] * 5
    assert stage.money() == []


test_row_18_guard = fails(
    without(guards.a_new_request_has_a_new_reference, test_row_18_a_refusal_that_passes, code="AccessFailure"),
    without(guards.refusals_are_counted, test_row_18_a_refusal_that_does_not_pass),
)


@row(19, "A refusal for good")
@pytest.mark.parametrize(
    "code", ["InvalidParams", "TransactionDenied", "InvalidTokenId_Sender", "IncompatibleTokens", "AmountOutOfRange"]
)
def test_row_19_a_refusal_for_good(stage: Stage, code: str) -> None:
    stage.sandbox.faults.add("Pay", "decline", code=code)
    reference = stage.john.buy()
    stage.fired("decline")

    assert (stage.shop.states(), stage.money()) == (["failed"], [])
    assert "Nothing was charged" in stage.john.page(reference)
    stage.john.buy()
    stage.settled("failed", "paid")
    assert stage.money() == ONE


@row(19, "A refusal for good")
@pytest.mark.parametrize("codes", [tuple(CODES)], ids=["every code"])
def test_row_19_any_refusal_after_silence_is_no_refusal(stage: Stage, codes: Iterable[str]) -> None:
    """The money has moved and the answer was lost; whatever the second send is told, that stays true."""
    stage.quiet()
    for code in codes:
        stage.sandbox.faults.add("Pay", "lose_answer")
        reference = stage.somebody(code).buy()
        stage.sandbox.faults.add("Pay", "decline", code=code, reference=f"{reference}-1")
    assert set(stage.shop.states()) == {"unknown"}
    for _ in range(4):
        stage.work(minutes=5)
    stage.fired("lose_answer", times=len(list(codes)))
    stage.fired("decline", times=len(list(codes)))

    assert set(stage.shop.states()) == {"paid"}
    stage.judge()


test_row_19_guard = fails(
    without(
        guards.no_error_is_a_no_after_silence,
        test_row_19_any_refusal_after_silence_is_no_refusal,
        codes=("TransactionDenied", "InvalidTokenId_Sender"),
    )
)


@row(20, "DuplicateRequest: the same reference was used by a request that differs")
def test_row_20_another_request_under_our_reference(stage: Stage) -> None:
    """An earlier release of the shop sent it, with another description, and its database was lost."""
    stage.quiet()
    url = stage.john.agree()
    [payment] = stage.shop.payments()
    [token] = stage.sandbox.ledger()["tokens"]
    with stage.shop.app.app_context():
        stage.shop.fps.client.send(
            Pay(
                sender_token_id=token["tokenId"],
                transaction_amount=Amount(payment.amount),
                caller_reference=f"{payment.reference}-1",
                caller_description="as it was called before",
            )
        )
    stage.john.come_back(url)
    stage.journalled(payment.reference, "answer", code="DuplicateRequest")

    assert stage.shop.states() == ["unknown"]
    stage.settled("paid")
    assert stage.money() == ONE


test_row_20_guard = fails(without(guards.duplicates_prove_nothing, test_row_20_another_request_under_our_reference))


@row(21, "The answer is Pending")
@pytest.mark.parametrize(("ends", "state"), [("Success", "paid"), ("TransactionDenied", "failed")])
def test_row_21_the_payment_pends(stage: Stage, ends: str, state: str) -> None:
    stage.quiet()
    stage.sandbox.faults.add("Pay", "pend", ends=ends, settles=600)
    reference = stage.john.buy()
    stage.fired("pend")

    assert (stage.shop.states(), stage.shop.called) == (["pending"], [])
    assert "on its way" in stage.john.page(reference)
    assert not stage.john.has()
    stage.settled(state)


test_row_21_guard = fails(
    without(guards.pending_is_not_paid, test_row_21_the_payment_pends, ends="Success", state="paid")
)


@row(22, "Pending for ever")
def test_row_22_the_payment_pends_for_ever(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "pend", settles=10**8)
    reference = stage.john.buy()
    stage.fired("pend")
    for _ in range(9):
        stage.work(hours=20)

    assert stage.shop.states() == ["pending"]
    assert stage.shop.payment(reference).parked_reason
    assert "We are looking into this payment" in stage.john.page(reference)
    assert stage.shop.called == []


test_row_22_guard = fails(without(guards.pending_is_parked, test_row_22_the_payment_pends_for_ever))
