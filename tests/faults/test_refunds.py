"""Rows 57 and 58: money goes back, by the shop and by others, and everything that may come between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from flask_fps.errors import LedgerBusy
from flask_fps.errors import Refused
from tests.faults import guards
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.stage import Stage

REFUND = "A refund is killed, lost, refused or late, as a payment may be"
SELLER = "seller@digitaldownload.example"


def bought(stage: Stage, sku: str = "song", method: str = "ABT") -> str:
    reference = stage.john.buy(sku, method)
    stage.rest()
    assert stage.shop.states() == ["paid"]
    return reference


def wish(stage: Stage, reference: str, *keys: str) -> None:
    """The shop wants this much and no more."""
    stage.wishes[reference] = replace(stage.wishes[reference], refunds=frozenset(keys))


def ask(stage: Stage, reference: str, amount: str | None = None, key: str | None = None) -> str:
    with stage.shop.app.app_context():
        return stage.shop.fps.refund(reference, amount, key=key).state.value


def states(stage: Stage) -> list[Any]:
    return stage.shop.rows("SELECT state FROM fps_refunds ORDER BY id")


def back(stage: Stage) -> list[tuple[str, str]]:
    """Status and amount of all that went back or is about to."""
    found = [each for each in stage.sandbox.ledger()["transactions"] if each["operation"] == "Refund"]
    return [(each["status"], each["amount"]) for each in found]


@row(57, REFUND)
@pytest.mark.parametrize(
    "call", ["flask_fps.gateways.fps.FPSGateway.refund", "flask_fps.protocol.client.Client._exchange"]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_row_57_killed_while_it_gives_back(stage: Stage, call: str, when: str) -> None:
    """Before a byte has left, and after the answer is there and not yet read."""
    reference = bought(stage)
    wish(stage, reference, "1")
    stage.sandbox.faults.add("Refund", "drop_ipn", times=9)
    stage.killed(["refund", reference], Point(call, when))
    assert states(stage) == ["sending"]
    stage.rest()

    assert (states(stage), back(stage)) == (["done"], [("Success", "0.10")])
    assert not stage.john.has()
    stage.settled("paid")


@row(57, REFUND)
@pytest.mark.parametrize("fault", ["lose_answer", "cut_answer", "garbage", "500_after", "503_before"])
def test_row_57_the_answer_is_lost(stage: Stage, fault: str) -> None:
    reference = bought(stage)
    wish(stage, reference, "1")
    stage.sandbox.faults.add("Refund", "drop_ipn", times=9)
    stage.sandbox.faults.add("Refund", fault)
    said = ask(stage, reference)
    stage.fired(fault, "Refund")
    assert said == "unknown"
    with pytest.raises(Refused, match="a refund of it is under way"):
        ask(stage, reference)
    stage.rest()

    assert (states(stage), back(stage)) == (["done"], [("Success", "0.10")])
    stage.settled("paid")


@row(57, REFUND)
def test_row_57_a_part_is_sent_twice(stage: Stage) -> None:
    """Its answer is lost, and the provider's books cannot be read: the very same request goes out again."""
    reference = bought(stage)
    wish(stage, reference, "1")
    stage.sandbox.faults.add("Refund", "drop_ipn", times=9)
    stage.sandbox.faults.add("Refund", "lose_answer", times=2)
    stage.sandbox.faults.add("GetAccountActivity", "500_before", times=3)
    assert ask(stage, reference, "0.04") == "unknown"
    stage.work(minutes=1)
    stage.fired("lose_answer", "Refund", 2)
    stage.rest()

    assert back(stage) == [("Success", "0.04")]
    stage.settled("paid")


@row(57, REFUND)
def test_row_57_nobody_waits_for_it(stage: Stage) -> None:
    reference = bought(stage)
    wish(stage, reference, "1")
    stage.sandbox.faults.add("Refund", "drop_ipn", times=9)
    stage.killed(["refund", reference], Point("flask_fps.gateways.fps.FPSGateway.refund"))
    stage.rest()
    assert states(stage) == ["done"]


@row(57, REFUND)
def test_row_57_twenty_at_once(stage: Stage) -> None:
    """Each wants three cents of ten: three get them, and the provider is asked no more often."""
    reference = bought(stage)
    answers: list[str] = []

    def try_it(key: str) -> None:
        try:
            answers.append(ask(stage, reference, "0.03", key))
        except Refused as refused:
            answers.append("refused" if "more than can be refunded" in str(refused) else str(refused))
        except LedgerBusy:
            try_it(key)

    threads = [Thread(target=try_it, args=(f"case {number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stage.saw("twenty wishes at once", len(answers) == 20, answers)
    wish(stage, reference, *(f"case {number}" for number in range(20)))
    stage.rest()

    assert answers.count("refused") == 17, answers
    assert states(stage) == ["done"] * 3
    assert back(stage) == [("Success", "0.03")] * 3
    stage.settled("paid")


@row(57, REFUND)
def test_row_57_it_fails_after_it_was_taken(stage: Stage) -> None:
    reference = bought(stage)
    wish(stage, reference, "1", "2")
    stage.sandbox.faults.add("Refund", "pend", settles=600, ends="TransactionDenied")
    assert ask(stage, reference) == "pending"
    stage.fired("pend", "Refund")
    stage.rest()
    assert states(stage) == ["failed"]
    assert stage.john.has()
    assert ask(stage, reference) in ("pending", "done")
    stage.rest()

    assert states(stage) == ["failed", "done"]
    assert not stage.john.has()
    stage.settled("paid")


test_row_57_guard = fails(
    without(guards.a_lost_refund_is_unknown, test_row_57_the_answer_is_lost, fault="lose_answer"),
    without(guards.a_refund_is_sent_as_it_was, test_row_57_a_part_is_sent_twice),
    without(guards.refunds_are_driven, test_row_57_nobody_waits_for_it),
    without(guards.promised_is_spent, test_row_57_twenty_at_once),
    without(guards.goods_follow_the_money, test_row_57_it_fails_after_it_was_taken),
)


def _by_hand(stage: Stage, transaction: str) -> None:
    stage.sandbox.server.bank.by_hand.refund(SELLER, transaction, None, None)


def _by_the_bank(stage: Stage, transaction: str) -> None:
    stage.sandbox.server.bank.by_hand.charge_back("john@example.com", transaction)


@row(58, "The money is taken back after the delivery")
@pytest.mark.parametrize("act", [_by_hand, _by_the_bank])
def test_row_58_given_back_by_others(stage: Stage, act: Callable[[Stage, str], None]) -> None:
    """No notification comes: a comparison of both books finds it, and the download is closed."""
    reference = bought(stage, method="CC")
    transaction = stage.shop.payment(reference).transaction_id
    assert transaction is not None
    act(stage, transaction)
    stage.wait(minutes=1)
    stage.saw("money went back", back(stage) == [("Success", "0.10")], back(stage))
    wish(stage, reference, "theirs")
    assert stage.john.has()

    assert [kind for kind, _ in stage.audit()] == ["refund"]
    assert not stage.john.has()
    assert stage.shop.payment(reference).closed_at is not None
    stage.settled("paid")


test_row_58_guard = fails(without(guards.foreign_refunds_are_adopted, test_row_58_given_back_by_others, act=_by_hand))
