from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait
from urllib.parse import urlencode

import pytest
import requests

from flask_fps.protocol.codes import CODES
from flask_fps.sandbox.faults import Fault
from flask_fps.sandbox.kinds import FAULTS
from flask_fps.sandbox.server import SandboxServer
from tests.held import held_back
from tests.sandbox.caller import Caller
from tests.sandbox.caller import raw
from tests.sandbox.caller import token
from tests.sandbox.first_caller import FirstCaller


def test_a_lost_answer_is_a_cut_connection_after_the_effect(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "lose_answer")
    spent = token(server)
    with pytest.raises(requests.ConnectionError):
        caller.pay(spent)
    [transaction] = server.bank.transactions.all()
    again = caller.pay(spent)
    assert (again.status, again["TransactionId"]) == (200, transaction.transaction_id)
    assert len(server.bank.transactions.all()) == 1


def test_half_an_answer_is_cut_in_the_middle_after_the_effect(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "cut_answer")
    spent = token(server)
    request = f"POST / HTTP/1.1\r\nHost: {server.url[7:]}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    form = urlencode(caller.signed(_pay(spent)))
    answer = raw(server.url, f"{request}Content-Length: {len(form)}\r\n\r\n{form}".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    [promised] = re.findall(rb"Content-Length: ([0-9]+)", head)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert len(body) == int(promised) // 2
    assert body.startswith(b"<?xml")
    assert len(server.bank.transactions.all()) == 1
    assert caller.pay(spent).status == 200


def test_garbage_is_an_answer_that_is_none(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "garbage")
    server.faults.add("Pay", "garbage", value="")
    spent = token(server)
    answers = [caller.pay(spent) for _ in range(3)]
    assert [(one.status, one.content_type.partition(";")[0]) for one in answers] == [
        (200, "text/html"),
        (200, "text/html"),
        (200, "text/xml"),
    ]
    assert [one.text for one in answers[:2]] == ["<html><body>It works!</body></html>", ""]
    assert len(server.bank.transactions.all()) == 1


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("500_before", 500, "InternalError"), ("503_before", 503, "ServiceUnavailable")],
)
def test_an_error_of_the_service_before_leaves_no_trace(
    server: SandboxServer, caller: Caller, fault: str, status: int, code: str
) -> None:
    server.faults.add("Pay", fault)
    spent = token(server)
    answer = caller.pay(spent)
    assert (answer.status, answer.error) == (status, code)
    assert server.bank.transactions.all() == []
    assert caller.pay(spent).status == 200


@pytest.mark.parametrize(("fault", "status"), [("500_after", 500), ("503_after", 503)])
def test_an_error_of_the_service_after_hides_a_success(
    server: SandboxServer, caller: Caller, fault: str, status: int
) -> None:
    server.faults.add("Pay", fault)
    spent = token(server)
    assert (caller.pay(spent).status, len(server.bank.transactions.all())) == (status, 1)
    assert caller.pay(spent).status == 200


@pytest.mark.parametrize("code", CODES)
def test_any_code_of_the_table_may_be_the_answer(server: SandboxServer, caller: Caller, code: str) -> None:
    server.faults.add("Pay", "decline", code=code)
    spent = token(server)
    refused = caller.pay(spent)
    assert (refused.error, refused.status) == (code, _STATUS.get(code, 400))
    assert server.bank.transactions.all() == []
    assert caller.pay(spent).status == 200


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("InvalidClientTokenId", "Unknown AWS access key id."),
        ("AuthFailure", "The credentials could not be validated: is the account signed up for FPS?"),
    ],
)
def test_a_declined_request_is_told_a_sentence(server: SandboxServer, caller: Caller, code: str, text: str) -> None:
    server.faults.add("GetAccountBalance", "decline", code=code)
    assert caller.call("GetAccountBalance")["Message"] == text


_STATUS = {
    "AuthFailure": 403,
    "InvalidClientTokenId": 403,
    "SignatureDoesNotMatch": 403,
    "InternalError": 500,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
}


def test_a_request_sent_again_may_be_declined_though_its_first_moved_money(
    server: SandboxServer, caller: Caller
) -> None:
    server.switches.failed_reference = "replay"
    spent = token(server)
    first = caller.pay(spent)
    server.faults.add("Pay", "decline", code="TransactionDenied")
    assert caller.pay(spent).error == "TransactionDenied"
    assert caller.pay(spent).text == first.text


@pytest.mark.parametrize(
    ("method", "ends", "status", "code"),
    [
        ("ABT", "Success", "Success", "Success"),
        ("ABT", "TransactionDenied", "Failure", "TransactionDenied"),
        ("CC", "Expired", "Failure", "Expired"),
    ],
)
def test_a_payment_may_pend_and_end_as_the_script_says(
    server: SandboxServer, caller: Caller, method: str, ends: str, status: str, code: str
) -> None:
    server.faults.add("Pay", "pend", ends=ends, settles=600)
    assert caller.pay(token(server, method=method))["TransactionStatus"] == "Pending"
    server.advance(599)
    assert server.bank.transactions.all()[0].status == "Pending"
    server.advance(1)
    [ended] = server.bank.transactions.all()
    assert (ended.status, ended.status_code) == (status, code)


@pytest.mark.parametrize(("minutes", "code"), [("5", "Expired"), ("1440", "Success"), ("2000", "Success")])
def test_what_is_made_to_pend_ends_with_its_own_time(
    server: SandboxServer, caller: Caller, minutes: str, code: str
) -> None:
    server.faults.add("Pay", "pend", settles=86400)
    caller.pay(token(server), TransactionTimeoutInMins=minutes)
    server.advance(299)
    assert server.bank.transactions.all()[0].status == "Pending"
    server.advance(1 if code == "Expired" else 86400)
    [ended] = server.bank.transactions.all()
    assert (ended.status, ended.status_code) == ("Failure" if code == "Expired" else "Success", code)


def test_a_refund_may_fail_late(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    server.faults.add("*", "pend", ends="TransactionDenied")
    assert caller.call("GetAccountBalance").status == 200
    caller.call("Refund", TransactionId=paid["TransactionId"], CallerReference="r-1")
    server.advance(60)
    assert [one.status for one in server.bank.transactions.all()] == ["Success", "Failure"]


@pytest.mark.parametrize(
    ("field", "value", "tag"),
    [
        ("amount", "0.01", "Value"),
        ("currency", "JPY", "CurrencyCode"),
        ("recipient", "mallory@example.com", "RecipientEmail"),
        ("reference", "pay-2", "CallerReference"),
        ("status", "Failure", "TransactionStatus"),
        ("transaction_id", "1" * 35, "TransactionId"),
    ],
)
def test_an_answer_may_lie(server: SandboxServer, caller: Caller, field: str, value: str, tag: str) -> None:
    paid = caller.pay(token(server))
    truth = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    server.faults.add("GetTransaction", "tamper", field=field, value=value)
    lie = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert lie[tag] == value != truth[tag]
    assert len(lie.text.split("<")) == len(truth.text.split("<"))
    again = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert again.text.partition("<ResponseMetadata>")[0] == truth.text.partition("<ResponseMetadata>")[0]


@pytest.mark.parametrize("action", ["Pay", "GetTransaction", "GetAccountActivity", "GetResults"])
def test_an_answer_of_2007_lies_about_the_transaction_and_not_about_the_request(
    server: SandboxServer, action: str
) -> None:
    first = FirstCaller(server.url)
    first.token("Caller"), first.token("Recipient")
    server.faults.add(action, "tamper", field="status", value="Reinitiated")
    answer = first.pay(token(server, method="CC"))
    server.advance(2)
    if action != "Pay":
        asked = {"TransactionId": answer["TransactionId"]} if action == "GetTransaction" else {}
        answer = first.call(action, **asked, **({"StartDate": "2012-01-01"} if action == "GetAccountActivity" else {}))
    *of_transactions, of_the_request = answer.every("Status")
    assert (set(of_transactions), of_the_request) == ({"Reinitiated"}, "Success")
    assert [one.fault for one in server.faults.fired] == ["tamper"]


def test_an_answer_of_2007_about_no_transaction_is_let_be(server: SandboxServer) -> None:
    first = FirstCaller(server.url)
    server.faults.add("*", "tamper", field="status", value="Inactive")
    assert first.call("GetTokenByCaller", TokenId=first.token("Caller")).every("Status") == ["Active", "Success"]
    assert server.faults.fired == []


def test_an_action_that_only_2007_had_can_fail_too(server: SandboxServer) -> None:
    first = FirstCaller(server.url)
    paid = first.pay(token(server, method="CC", amount="10.60"), amount="10.60")
    server.faults.add("RetryTransaction", "500_before", reference="pay-1")
    again = {"OriginalTransactionId": paid["TransactionId"]}
    assert first.call("RetryTransaction", **again).status == 500
    assert first.call("GetTransaction", TransactionId=paid["TransactionId"]).every("Status")[0] == "TemporaryDecline"
    assert first.call("RetryTransaction", **again).status == 200


@pytest.mark.parametrize("fault", [{"fault": "500_before"}, {"fault": "decline", "code": "AccessFailure"}])
def test_a_whole_batch_can_fail(server: SandboxServer, fault: dict[str, str]) -> None:
    first = FirstCaller(server.url)
    part = {
        "PaymentInstruction": "MyRole == 'Caller';",
        "CallerReference": "one",
        "TokenType": "Unrestricted",
    }
    batch = {f"InstallPaymentInstructionRequest.1.{name}": said for name, said in part.items()}
    server.faults.script([Fault.from_plain({"action": "InstallPaymentInstructionBatch", **fault})])
    refused = first.send(first.signed({"Action": "InstallPaymentInstructionBatch", **batch}))
    assert {"500_before": "InternalError", "decline": "AccessFailure"}[fault["fault"]] in refused.text
    assert server.bank.tokens.all() == []
    first.send(first.signed({"Action": "InstallPaymentInstructionBatch", **batch}))
    assert len(server.bank.tokens.all()) == 1


def test_an_answer_may_keep_something_to_itself(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    server.faults.add("GetTransaction", "tamper", field="recipient")
    assert "RecipientEmail" not in caller.call("GetTransaction", TransactionId=paid["TransactionId"]).text


def test_a_lie_waits_for_an_answer_that_it_changes(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("*", "tamper", field="status", value="Success")
    pending = caller.pay(token(server, method="CC"))
    assert (pending["TransactionStatus"], [one.fault for one in server.faults.fired]) == ("Success", ["tamper"])
    server.faults.add("*", "tamper", field="status", value="Pending")
    assert caller.call("GetAccountBalance").status == 200
    assert len(server.faults.fired) == 1


def test_one_request_may_pend_lie_and_be_lost(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "pend")
    server.faults.add("Pay", "delay", seconds=0.1)
    server.faults.add("Pay", "tamper", field="status", value="Success")
    assert caller.pay(token(server))["TransactionStatus"] == "Success"
    assert [one.fault for one in server.faults.fired] == ["delay", "pend", "tamper"]


def test_a_fault_may_be_for_one_reference_only(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("*", "500_before", 9, reference="pay-2")
    first = caller.pay(token(server))
    assert first.status == 200
    assert caller.pay(token(server, reference="order-2"), "pay-2").status == 500
    assert caller.call("GetTransaction", TransactionId=first["TransactionId"]).status == 200
    assert {one.reference for one in server.faults.fired} == {"pay-2"}
    server.faults.clear()
    second = caller.pay(token(server, reference="order-3"), "pay-2")
    server.faults.add("*", "500_before", 9, reference="pay-2")
    assert caller.call("GetTransaction", TransactionId=second["TransactionId"]).status == 500


@pytest.mark.parametrize(("when", "done"), [("after", 1), ("before", 0)])
def test_a_delay_holds_up_the_answer_or_the_action(server: SandboxServer, caller: Caller, when: str, done: int) -> None:
    server.faults.add("Pay", "delay", seconds=0.6, when=when)
    spent = token(server)
    with held_back() as delay, ThreadPoolExecutor(2) as asking:
        first = asking.submit(caller.pay, spent)
        delay.come()
        assert len(server.bank.transactions.all()) == done
        again = asking.submit(caller.pay, spent)
        assert bool(wait([again], 60 if done else 0.3).done) is (when == "after")
        assert not first.done()
        delay.let_go()
        assert (first.result().status, first.result().text) == (200, again.result().text)
    assert delay.seconds == [0.6]


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
    [fired] = shown["fired"]
    assert (fired["action"], fired["fault"], fired["reference"]) == ("GetAccountBalance", "500_before", None)
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
        {"action": "Pay", "fault": "lose_answer", "when": "before"},
        {"action": "Pay", "fault": "lose_answer", "reference": 1},
        {"action": "pay", "fault": "lose_answer"},
        {"action": "GetTransaction", "fault": "pend"},
        {"action": "Pay", "fault": "pend", "ends": "PendingNetworkResponse"},
        {"action": "Pay", "fault": "pend", "settles": 0},
        {"action": "Pay", "fault": "decline", "code": "NoSuchCode"},
        {"action": "Pay", "fault": "tamper", "field": "price"},
        {"action": "Pay", "fault": "tamper_return"},
        {"action": "SingleUse", "fault": "tamper_return", "field": "amount", "value": "1"},
        {"action": "SingleUse", "fault": "tamper_return", "field": "status", "value": "SA", "signed": 1},
        {"action": "Pay", "fault": "delay_ipn", "seconds": 1e10},
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


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_shown_can_be_played_again(server: SandboxServer, name: str) -> None:
    action = "SingleUse" if FAULTS[name].strikes in ("page", "return") else "Pay"
    server.faults.add(action, name, 3, reference="pay-1")
    [shown] = server.faults.plain()["faults"]
    assert (shown["action"], shown["fault"], shown["times"], shown["reference"]) == (action, name, 3, "pay-1")
    assert Fault.from_plain(shown) == server.faults.left[0]
