"""Rows 1 to 8: from the start link to the frozen request. No money has moved yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flask_fps.assembly import fps_gateway
from flask_fps.config import Config
from flask_fps.protocol.outbound import RemoteVerification
from tests.faults import guards
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.stage import Stage


@row(1, "Killed before the payment of a start is committed")
def test_row_01_killed_before_the_payment_is_committed(stage: Stage) -> None:
    start = stage.john.get("/download/song").headers["Location"]
    stage.killed(stage.opening(stage.john, start), Point("flask_fps.ledger.opening._insert", "after"))

    assert stage.shop.payments() == []
    stage.john.buy()
    stage.settled("paid")


test_row_01_guard = fails(without(guards.one_step_one_commit, test_row_01_killed_before_the_payment_is_committed))


@row(2, "Killed after the payment is committed, before the buyer is sent away")
def test_row_02_killed_before_the_redirect(stage: Stage) -> None:
    start = stage.john.get("/download/song").headers["Location"]
    stage.killed(stage.opening(stage.john, start), Point("flask_fps.ledger.Ledger.open_payment", "after"))

    assert stage.shop.states() == ["started"]
    stage.john.buy()
    stage.settled("paid")


test_row_02_guard = fails(without(guards.resume_what_is_open, test_row_02_killed_before_the_redirect))


@row(3, "The buyer never agrees and never comes back")
def test_row_03_nobody_agrees(stage: Stage) -> None:
    stage.john.get(stage.john.want().headers["Location"])
    stage.saw("the pages were opened and left", [run.ended for run in stage.sandbox.server.bank.books.runs] == [None])

    stage.settled("expired")
    assert stage.money() == []
    assert ("failed", "expired") in stage.shop.told


test_row_03_guard = fails(without(guards.payments_expire, test_row_03_nobody_agrees))


@row(4, "The buyer agrees and never comes back")
def test_row_04_no_return(stage: Stage) -> None:
    _agree_and_stay_away(stage)
    stage.settled("paid")
    assert stage.money() == [("Success", "0.10")]


@row(4, "The buyer agrees and never comes back")
def test_row_04_no_return_and_nobody_asks_in_time(stage: Stage) -> None:
    """No worker runs until the token is too old to pay with."""
    _agree_and_stay_away(stage)
    stage.wait(hours=3, minutes=1)
    stage.settled("failed")
    assert stage.money() == []


@row(4, "The buyer agrees and never comes back")
def test_row_04_no_return_and_the_shop_does_not_pay_alone(stage: Stage) -> None:
    stage.config["FPS_RECOVER"] = "cancel"
    _agree_and_stay_away(stage)
    stage.settled("cancelled")
    assert stage.money() == []
    assert [token["status"] for token in stage.sandbox.ledger()["tokens"]] == ["Inactive"]


def _agree_and_stay_away(stage: Stage) -> None:
    stage.john.agree()
    arrived = stage.shop.rows("SELECT count(*) FROM fps_inbox")
    stage.saw("a token, and no return", (len(stage.sandbox.ledger()["tokens"]), arrived) == (1, [0]))


test_row_04_guard = fails(without(guards.ask_about_who_is_away, test_row_04_no_return))


@row(5, "Killed before the signature of a return is checked")
def test_row_05_killed_before_the_return_is_checked(stage: Stage) -> None:
    stage.killed_on_return(Point("flask_fps.gateways.fps.FPSGateway.finish"))

    assert stage.shop.states() == ["started"]
    stage.settled("paid")


test_row_05_guard = fails(without(guards.due_from_the_start, test_row_05_killed_before_the_return_is_checked))


@row(6, "VerifySignature does not answer, or with an error")
@pytest.mark.parametrize(
    ("fault", "more"),
    [("500_before", {}), ("503_before", {}), ("delay", {"seconds": 1.2}), ("lose_answer", {}), ("garbage", {})],
)
def test_row_06_the_return_cannot_be_checked(stage: Stage, fault: str, more: dict[str, Any]) -> None:
    _verify_by_asking(stage)
    stage.config["FPS_TIMEOUT"] = 0.6 if fault == "delay" else 5
    stage.sandbox.faults.add("VerifySignature", fault, 2, **more)
    answer = stage.john.get(stage.john.agree())
    stage.fired(fault, "VerifySignature")

    assert answer.status_code == 303
    assert stage.shop.states() == ["started"]
    assert stage.money() == []
    for _ in range(3):
        stage.work(minutes=1)
    assert stage.shop.states() == ["paid"]
    stage.settled("paid")


def _verify_by_asking(stage: Stage) -> None:
    def gateway(config: Config, *given: Any) -> Any:
        made: Any = fps_gateway(config, *given)
        return replace(made, verifier=lambda: RemoteVerification(made.client, config.certificate_url))

    stage.options["gateways"] = {"asking": gateway}
    stage.config["FPS_GATEWAY"] = "asking"


test_row_06_guard = fails(
    without(guards.could_not_tell_is_not_no, test_row_06_the_return_cannot_be_checked, fault="500_before", more={}),
    without(guards.could_not_tell_is_not_yes, test_row_06_the_return_cannot_be_checked, fault="500_before", more={}),
)


@row(7, "Killed after the return is checked, before the token is stored")
def test_row_07_killed_before_the_token_is_stored(stage: Stage) -> None:
    url = stage.killed_on_return(Point("flask_fps.ledger.Ledger.accept"))

    assert stage.shop.states() == ["started"]
    stage.john.come_back(url)
    stage.john.come_back(url)
    assert stage.shop.states() == ["paid"]
    stage.settled("paid")


test_row_07_guard = fails(without(guards.returns_may_come_again, test_row_07_killed_before_the_token_is_stored))


@row(8, "Killed after the token is stored, before the request is frozen")
def test_row_08_killed_between_token_and_request(stage: Stage) -> None:
    stage.killed_on_return(Point("flask_fps.ledger.accepting.freeze"))

    assert stage.money() == []
    stage.settled("paid")
    assert stage.money() == [("Success", "0.10")]


test_row_08_guard = fails(without(guards.token_and_request_in_one_commit, test_row_08_killed_between_token_and_request))
