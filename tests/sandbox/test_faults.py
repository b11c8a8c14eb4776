from __future__ import annotations

import time

import pytest
import requests

from flask_fps.sandbox.faults import Fault
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import token


def test_a_lost_answer_is_a_cut_connection_after_the_effect(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "lose_answer")
    spent = token(server)
    with pytest.raises(requests.ConnectionError):
        caller.pay(spent)
    [transaction] = server.bank.transactions.all()
    again = caller.pay(spent)
    assert (again.status, again["TransactionId"]) == (200, transaction.transaction_id)
    assert len(server.bank.transactions.all()) == 1


def test_500_before_leaves_no_trace(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "500_before")
    spent = token(server)
    answer = caller.pay(spent)
    assert (answer.status, answer.error) == (500, "InternalError")
    assert server.bank.transactions.all() == []
    assert caller.pay(spent).status == 200


def test_500_after_hides_a_success(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "500_after")
    spent = token(server)
    assert (caller.pay(spent).status, len(server.bank.transactions.all())) == (500, 1)
    assert caller.pay(spent).status == 200


@pytest.mark.parametrize(("when", "done"), [("after", 1), ("before", 0)])
def test_a_delay_holds_up_the_answer_or_the_action(server: SandboxServer, caller: Caller, when: str, done: int) -> None:
    server.faults.add("Pay", "delay", seconds=0.6, when=when)
    spent, begun = token(server), time.monotonic()
    with pytest.raises(requests.Timeout):
        requests.post(server.url, data=caller.signed(_pay(spent)), timeout=0.3)
    assert len(server.bank.transactions.all()) == done
    assert caller.call("Pay", **{key.replace(".", "_"): value for key, value in _pay(spent).items()}).status == 200
    assert (time.monotonic() - begun > 0.6) is (when == "before")


def _pay(spent: str) -> dict[str, str]:
    return {
        "Action": "Pay",
        "SenderTokenId": spent,
        "CallerReference": "pay-1",
        "TransactionAmount.Value": "1.00",
        "TransactionAmount.CurrencyCode": "USD",
    }


def test_a_dropped_notification_is_never_seen(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "drop_ipn")
    caller.pay(token(server, method="CC"))
    server.advance(1)
    assert [letter.parameters["transactionStatus"] for letter in server.notifications] == ["SUCCESS"]


def test_faults_fire_as_often_and_for_whom_they_say(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("GetAccountBalance", "500_before", times=2)
    assert caller.call("GetTokenByCaller", CallerReference="x").status == 400
    assert [caller.call("GetAccountBalance").status for _ in range(3)] == [500, 500, 200]


def test_any_action_may_be_meant(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("*", "500_before")
    assert caller.call("GetAccountBalance").status == 500


def test_a_stranger_cannot_use_a_fault_up(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("GetAccountBalance", "500_before")
    assert caller.but(secret_key="wrong").call("GetAccountBalance").status == 403
    assert caller.call("GetAccountBalance").status == 500


def test_the_script_is_played_by_the_control_plane(server: SandboxServer, caller: Caller) -> None:
    url = f"{server.url}/_control/faults"
    script = [{"action": "GetAccountBalance", "fault": "500_before", "times": 2}]
    assert requests.post(url, json=script, timeout=10).status_code == 200
    caller.call("GetAccountBalance")
    shown = requests.get(url, timeout=10).json()
    assert [(fault["action"], fault["fault"], fault["times"]) for fault in shown["faults"]] == [
        ("GetAccountBalance", "500_before", 1)
    ]
    assert [(fired["action"], fired["fault"]) for fired in shown["fired"]] == [("GetAccountBalance", "500_before")]
    requests.post(url, json=[], timeout=10)
    assert caller.call("GetAccountBalance").status == 200


@pytest.mark.parametrize(
    "entry",
    [
        {"action": "Pay", "fault": "explode"},
        {"action": "Pay", "fault": "delay", "seconds": -1},
        {"action": "Pay", "fault": "delay", "when": "during"},
        {"action": "Pay", "fault": "lose_answer", "times": 0},
        {"action": "Pay", "fault": "lose_answer", "times": "2"},
        {"action": "Pay", "fault": "lose_answer", "times": True},
        {"action": 1, "fault": "lose_answer"},
        {"fault": "lose_answer"},
        {"action": "Pay", "fault": "lose_answer", "often": 2},
        "lose_answer",
        None,
    ],
)
def test_a_line_that_makes_no_sense_changes_nothing(server: SandboxServer, entry: object) -> None:
    server.faults.add("Pay", "lose_answer")
    answer = requests.post(f"{server.url}/_control/faults", json=[entry], timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert server.faults.left == [Fault(action="Pay", fault="lose_answer")]
