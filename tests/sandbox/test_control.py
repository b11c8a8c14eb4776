from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import gift_card
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token


def test_the_ledger_shows_every_cent_and_what_moved_it(server: SandboxServer, caller: Caller) -> None:
    spent = token(server)
    paid = caller.pay(spent)
    ledger = _get(server, "ledger")
    balances = {account["email"]: account["balance"] for account in ledger["accounts"]}
    assert (balances[SELLER], balances[JOHN], balances[JANE]) == ("0.97", "999.00", "250.00")
    [transaction] = ledger["transactions"]
    assert datetime.fromisoformat(transaction.pop("date")) == server.bank.clock.now().replace(
        microsecond=server.bank.clock.now().microsecond // 1000 * 1000
    )
    assert transaction == {
        "transactionId": paid["TransactionId"],
        "callerReference": "pay-1",
        "operation": "Pay",
        "status": "Success",
        "statusCode": "Success",
        "amount": "1.00",
        "currency": "USD",
        "fees": "0.03",
        "sender": JOHN,
        "recipient": SELLER,
        "accessKey": "AKIAFPSSANDBOXDEMO01",
        "paymentMethod": "ABT",
        "senderTokenId": spent,
        "parentTransactionId": None,
    }
    [shown] = ledger["tokens"]
    assert (shown["tokenId"], shown["status"], shown["transactionId"]) == (spent, "Inactive", paid["TransactionId"])


def test_balances_always_sum_to_what_was_put_in(server: SandboxServer, caller: Caller) -> None:
    before = _sum(server)
    for number, method in enumerate(("ABT", "CC", "ACH")):
        paid = caller.pay(token(server, method=method, reference=f"order-{number}"), f"pay-{number}")
        assert _sum(server) == before
        server.advance(3 * 24 * 3600)
        assert _sum(server) == before
        caller.call("Refund", TransactionId=paid["TransactionId"], CallerReference=f"r-{number}")
        assert _sum(server) == before
    server.advance(1)
    assert _sum(server) == before == Decimal("1250.00")


def _sum(server: SandboxServer) -> Decimal:
    return sum((Decimal(account["balance"]) for account in _get(server, "ledger")["accounts"]), Decimal(0))


def test_moving_the_clock_settles_before_it_answers(server: SandboxServer, caller: Caller) -> None:
    caller.pay(token(server, method="CC"))
    then = server.bank.clock.now()
    now = _post(server, "clock", {"advance_seconds": 1.5}).json()["now"]
    assert datetime.fromisoformat(now) == then + timedelta(seconds=1.5)
    assert _get(server, "ledger")["transactions"][0]["status"] == "Success"
    assert _get(server, "clock")["now"] == now


@pytest.mark.parametrize(
    "body", [{"advance_seconds": -1}, {"advance_seconds": "1"}, {"advance_seconds": True}, {}, [1]]
)
def test_a_clock_is_not_moved_by_nonsense(server: SandboxServer, body: object) -> None:
    before = server.bank.clock.now()
    assert _post(server, "clock", body).status_code == 400
    assert server.bank.clock.now() == before


def test_reset_works_without_a_body(server: SandboxServer, caller: Caller) -> None:
    caller.pay(token(server))
    assert _post(server, "reset", None).status_code == 200
    ledger = _get(server, "ledger")
    assert (ledger["tokens"], ledger["transactions"]) == ([], [])


def test_an_account_gets_its_listener(server: SandboxServer) -> None:
    answer = _post(server, "accounts", {"email": SELLER, "ipn_url": "http://127.0.0.1:5000/fps/ipn"})
    assert answer.json()["ipn_url"] == server.bank.account(SELLER).ipn_url == "http://127.0.0.1:5000/fps/ipn"
    _post(server, "accounts", {"email": SELLER, "ipn_url": None})
    assert server.bank.account(SELLER).ipn_url is None


def test_how_notifications_are_signed_is_changed_alone(server: SandboxServer) -> None:
    _post(server, "accounts", {"email": SELLER, "ipn_url": "http://127.0.0.1:5000/fps/ipn"})
    _post(server, "accounts", {"email": SELLER, "ipn_signature": 1}).raise_for_status()
    seller = server.bank.account(SELLER)
    assert (seller.ipn_url, seller.ipn_signature) == ("http://127.0.0.1:5000/fps/ipn", "1")


@pytest.mark.parametrize("door", ["clock", "switches", "accounts", "subscriptions"])
def test_a_key_that_nobody_knows_is_named(server: SandboxServer, door: str) -> None:
    answer = _post(server, door, {"advance_second": 60})
    assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (400, "there is no 'advance_second' here")


def test_a_key_of_a_fault_that_nobody_knows_is_named(server: SandboxServer) -> None:
    answer = _post(server, "faults", [{"action": "Pay", "fault": "delay", "second": 2}])
    assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (400, "there is no 'second' in a fault")


def test_an_account_can_be_opened(server: SandboxServer) -> None:
    _post(
        server,
        "accounts",
        {"email": "Eve@example.com", "password": "eve", "name": "Eve", "balance": "12.50", "methods": ["ABT", "CC"]},
    ).raise_for_status()
    eve = server.bank.sign_in("eve@example.com", "eve")
    assert eve is not None
    assert (str(eve.balance), [method.kind for method in eve.methods]) == ("$12.50", ["ABT", "CC"])


@pytest.mark.parametrize(
    "body",
    [
        {"email": "nobody@example.com", "ipn_url": "http://127.0.0.1/"},
        {"email": SELLER, "ipn_url": "file:///etc/passwd"},
        {"email": "x@example.com", "password": "x", "balance": "1.001"},
        {"email": "x@example.com", "password": "x", "methods": ["Gold"]},
        {"email": "x@example.com", "access_key": "AKIAFPSSANDBOXDEMO01", "secret_key": "x"},
        {"email": "x@example.com", "access_key": "AKIAX"},
        {"email": "x@example.com", "access_key": 5, "secret_key": "x"},
        {"email": "x@example.com", "password": 7},
        {"email": "x@example.com", "password": "x", "methods": 7},
        {"email": "x@example.com", "password": "x", "balance": 12.5},
        {"email": SELLER, "ipn_url": "http://x:0/ \n"},
        {"email": SELLER, "ipn_url": "http://x/a b"},
        {"email": SELLER, "ipn_url": "http://x/", "ipn_signature": "seven"},
        {"email": SELLER, "ipn_sinature": "1"},
        {"email": 1},
        {},
        "seller",
    ],
)
def test_an_account_that_makes_no_sense_changes_nothing(server: SandboxServer, body: object) -> None:
    before = server.bank.accounts.all()
    answer = _post(server, "accounts", body)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert server.bank.accounts.all() == before


def test_undelivered_notifications_are_listed_as_they_would_be_posted(server: SandboxServer, caller: Caller) -> None:
    caller.pay(token(server), OverrideIPNURL="http://127.0.0.1:9/ipn")
    [letter] = _get(server, "notifications")
    assert letter["url"] == "http://127.0.0.1:9/ipn"
    assert letter["body"] == server.notifications[0].body.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
    ],
)
def test_no_page_of_another_site_drives_it(server: SandboxServer, caller: Caller, headers: dict[str, str]) -> None:
    caller.pay(token(server))
    answer = requests.post(f"{server.url}/_control/reset", headers=headers, timeout=10)
    assert answer.status_code == 403
    assert len(server.bank.transactions.all()) == 1


def _get(server: SandboxServer, what: str) -> Any:
    answer = requests.get(f"{server.url}/_control/{what}", timeout=10)
    answer.raise_for_status()
    return answer.json()


def _post(server: SandboxServer, what: str, body: object) -> requests.Response:
    return requests.post(f"{server.url}/_control/{what}", json=body, timeout=10)


# ------------------------------------------------------------------------------------ subscriptions


def test_a_subscription_is_opened_and_shown(server: SandboxServer) -> None:
    wish = {"sender": JOHN, "recipient": SELLER, "amount": "5.00", "every": "1 Month", "promotional_amount": "1.00"}
    more = {"promotional_count": 1, "lasts": "1 Year", "ipn_url": "http://127.0.0.1:9/ipn"}
    opened = requests.post(f"{server.url}/_control/subscriptions", json=wish | more, timeout=5).json()
    assert (opened["status"], opened["every"], len(opened["transactions"])) == ("Active", "1 Month", 1)
    shown = requests.get(f"{server.url}/_control/ledger", timeout=5).json()
    assert shown["subscriptions"] == [opened]
    assert shown["transactions"][0]["amount"] == "1.00"


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "nobody@example.com"},
        {"every": "1 Week"},
        {"every": "12 Hours"},
        {"lasts": "48 Hours"},
        {"amount": "five"},
        {"amount": 5},
        {"method": "Cash"},
        {"ipn_url": "ftp://h/"},
        {"every": None},
        {"amount": "0"},
        {"amount": "10000.01"},
        {"recipient": JOHN},
        {"lasts": 5},
        {"promotional_amount": "10000.01"},
        {"promotional_count": "x"},
        {"promotional_count": -3},
        {"promotional_count": True},
        {"promotion_count": 1},
    ],
)
def test_a_subscription_that_makes_no_sense(server: SandboxServer, wrong: dict[str, object]) -> None:
    wish = {"sender": JOHN, "recipient": SELLER, "amount": "5.00", "every": "1 Month"}
    answer = requests.post(f"{server.url}/_control/subscriptions", json=wish | wrong, timeout=5)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert server.bank.transactions.all() == []


def test_instruments_are_shown(server: SandboxServer) -> None:
    card = gift_card(server)
    shown = requests.get(f"{server.url}/_control/ledger", timeout=5).json()
    assert shown["instruments"][0]["instrumentId"] == card.instrument.instrument_id
    assert {one["use"] for one in shown["tokens"]} == {"Pay", "FundPrepaid"}
