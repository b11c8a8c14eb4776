from __future__ import annotations

import threading

import pytest
import requests

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import BankError
from flask_fps.sandbox.bank.switches import harshest
from flask_fps.sandbox.bank.switches import SWITCHES
from flask_fps.sandbox.bank.switches import Switches
from flask_fps.sandbox.server import SandboxServer
from flask_fps.testing import Sandbox
from tests.held import held_back
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token


def test_the_running_sandbox_stands_at_the_first_positions_and_tests_at_the_harshest(fps_sandbox: Sandbox) -> None:
    assert Switches().plain() == {
        "in_flight": "wait",
        "failed_reference": "anew",
        "used_token": "TokenUsageError",
        "settled_reserve": "InvalidTransactionState",
        "expired_reserve": "Cancelled",
        "ipn": "after",
        "ipn_order": "oldest_first",
        "aws_signature": "raw",
    }
    assert Bank().switches.plain() == Switches().plain()
    assert fps_sandbox.switches.plain() == harshest().plain() == {name: one.harshest for name, one in SWITCHES.items()}
    as_hard = {name for name, position in harshest().plain().items() if Switches().plain()[name] == position}
    assert as_hard == {"aws_signature"}  # what FPS itself did is the hardest already


@pytest.mark.parametrize("wrong", [{"in_flight": "hang"}, {"in_flght": "wait"}, {"ipn": None}, {"ipn": ["after"]}])
def test_a_position_that_does_not_exist_turns_nothing(wrong: dict[str, str]) -> None:
    switches = Switches()
    with pytest.raises(ValueError, match=next(iter(wrong))):
        switches.turn({"used_token": "TokenNotActive_Sender", **wrong})
    assert switches.plain() == Switches().plain()


def test_a_reset_turns_them_back() -> None:
    bank = Bank(switches=Switches(ipn="before"))
    bank.switches.turn({"ipn": "after", "in_flight": "anew"})
    bank.reset()
    assert bank.switches.plain() == Switches(ipn="before").plain()


@pytest.mark.parametrize("code", SWITCHES["used_token"].positions)
def test_the_code_of_a_used_token(server: SandboxServer, caller: Caller, code: str) -> None:
    server.switches.used_token = code
    spent = token(server)
    caller.pay(spent)
    assert caller.pay(spent, "pay-2").error == code


def test_an_error_may_be_remembered(server: SandboxServer, caller: Caller) -> None:
    rich = token(server, amount="5000")
    server.faults.add("Pay", "decline", code="AccessFailure")
    server.switches.failed_reference = "replay"
    first = caller.pay(rich)
    assert (first.error, caller.pay(rich).text) == ("AccessFailure", first.text)
    assert caller.pay(rich, amount="1").error == "DuplicateRequest"
    assert caller.pay(rich, "pay-2").status == 200
    server.faults.add("Pay", "decline", code="AccessFailure")
    assert [caller.pay(rich, "pay-2").error, caller.pay(rich, "pay-2").error] == ["AccessFailure", ""]


def test_an_error_of_the_service_itself_is_never_remembered(server: SandboxServer, caller: Caller) -> None:
    server.switches.failed_reference = "replay"
    server.faults.add("Pay", "503_before")
    spent = token(server)
    assert [caller.pay(spent).status, caller.pay(spent).status] == [503, 200]


@pytest.mark.parametrize(
    ("position", "action", "code"),
    [
        ("DuplicateRequest", "Pay", "DuplicateRequest"),
        ("ConcurrentModification", "Pay", "ConcurrentModification"),
        ("anew", "Pay", "TokenUsageError"),
        ("anew", "Reserve", "TokenUsageError"),
        ("anew", "Refund", "RefundAmountExceeded"),
        ("anew", "WriteOffDebt", "DuplicateRequest"),
    ],
)
def test_a_second_in_flight_may_be_refused(position: str, action: str, code: str) -> None:
    bank = Bank(switches=Switches(in_flight=position))
    key = (SELLER, action, "pay-1")
    with bank.references.turn(*key), pytest.raises(BankError, match=code), bank.references.turn(*key):
        raise AssertionError("two at once")
    with bank.references.turn(*key):
        assert not bank.references.is_known(*key)


def test_what_is_refused_in_flight_is_not_remembered(server: SandboxServer, caller: Caller) -> None:
    server.switches.turn({"in_flight": "anew", "failed_reference": "replay"})
    server.faults.add("Pay", "delay", seconds=1, when="before")
    spent, answers = token(server), list[Answer]()
    first = threading.Thread(target=lambda: answers.append(caller.pay(spent)))
    with held_back() as pay:
        first.start()
        pay.come()
        assert caller.pay(spent).error == "TokenUsageError"
    first.join()
    assert caller.pay(spent).text == answers[0].text
    assert answers[0].status == 200


def test_they_are_turned_by_the_control_plane(server: SandboxServer) -> None:
    url = f"{server.url}/_control/switches"
    assert requests.get(url, timeout=10).json() == Switches().plain()
    turned = requests.post(url, json={"ipn": "before"}, timeout=10)
    assert (turned.status_code, turned.json()) == (200, Switches(ipn="before").plain())
    wrongs: list[object] = [{"ipn": "never"}, {"ipm": "after"}, [], "ipn"]
    for wrong in wrongs:
        refused = requests.post(url, json=wrong, timeout=10)
        assert (refused.status_code, bool(refused.json()["error"])) == (400, True)
    assert server.switches.ipn == "before"
    requests.post(f"{server.url}/_control/reset", timeout=10)
    assert server.switches.ipn == "after"
