from __future__ import annotations

from typing import Any

from flask_fps.sandbox.bank.periods import parse
from flask_fps.sandbox.bank.records import Subscription
from flask_fps.sandbox.bank.subscriptions import Terms
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import amount
from tests.sandbox.api.authority import balance
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import usd
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

DAY = 24 * 60 * 60


def test_a_subscription_is_paid_by_itself(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server)
    assert balance(server, JOHN) == "$995.00"
    server.advance(31 * DAY)
    assert balance(server, JOHN) == "$990.00"
    payments = caller.call("GetTransactionsForSubscription", SubscriptionId=opened.subscription_id)
    assert payments.every("TransactionSerialNumber") == ["1", "2"]
    assert payments.every("TransactionStatus") == ["Success", "Success"]
    assert payments.every("Value") == ["5.000000", "5.000000"]
    assert [letter.parameters["operation"] for letter in server.notifications] == ["PAY", "PAY"]


def test_one_whose_next_payment_lies_beyond_the_calendar_is_paid_once(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server, frequency=parse("9999 Years"), lasts=parse("9999 Years"))
    server.advance(31 * DAY)
    assert len(opened.transaction_ids) == 1
    found = caller.call("GetSubscriptionDetails", SubscriptionId=opened.subscription_id)
    assert (found["SubscriptionStatus"], found["NumberOfTransactionsProcessed"]) == ("Completed", "1")


def test_all_about_one(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server, promotional_amount=usd(100), promotional_count=2, lasts=parse("1 Year"))
    found = caller.call("GetSubscriptionDetails", SubscriptionId=opened.subscription_id)
    assert (found["SubscriptionStatus"], found["NumberOfTransactionsProcessed"]) == ("Active", "1")
    assert found.every("Value") == ["5.000000", "1.000000", "1.000000", "1", "1"]
    assert found.every("TimeUnit") == ["year", "month"]
    assert (found["SenderEmail"], found["RecipientEmail"], found["Description"]) == (JOHN, SELLER, "News")
    assert found["NextTransactionDate"] > found["StartDate"]
    assert "OverrideIPNUrl" not in found.text


def test_the_first_payments_may_be_smaller(server: SandboxServer, caller: Caller) -> None:
    _open(server, promotional_amount=usd(100), promotional_count=2)
    server.advance(70 * DAY)
    assert balance(server, JOHN) == "$993.00"


def test_it_ends_after_its_time(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server, lasts=parse("2 Months"))
    server.advance(100 * DAY)
    found = caller.call("GetSubscriptionDetails", SubscriptionId=opened.subscription_id)
    assert (found["SubscriptionStatus"], found["NumberOfTransactionsProcessed"]) == ("Completed", "2")
    assert "NextTransaction" not in found.text
    assert _cancel(caller, opened).error == "InvalidSubscriptionState"
    assert _cancel(caller, opened, "5.00", "back").status == 200


def test_cancelling_ends_it(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server)
    assert "<RefundTransactionId>" not in _cancel(caller, opened).text
    assert _cancel(caller, opened).error == "InvalidSubscriptionState"
    server.advance(100 * DAY)
    assert balance(server, JOHN) == "$995.00"


def test_cancelling_may_give_the_last_payment_back(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server)
    refund = _cancel(caller, opened, "2.00", "back")["RefundTransactionId"]
    server.advance(1)
    assert caller.call("GetTransactionStatus", TransactionId=refund)["TransactionStatus"] == "Success"
    assert balance(server, JOHN) == "$997.00"
    assert _cancel(caller, opened, "2.00", "back")["RefundTransactionId"] == refund
    assert _cancel(caller, opened, "2.00", "again").status == 200
    assert _cancel(caller, opened, "2.00", "too much").error == "RefundAmountExceeded"


def test_a_refund_needs_a_reference(server: SandboxServer, caller: Caller) -> None:
    refused = _cancel(caller, _open(server), "2.00")
    assert (refused.error, refused["Message"]) == ("InvalidParams", "callerReference can not be empty")


def test_what_was_not_paid_is_not_given_back(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server, method="CC")
    assert _cancel(caller, opened, "2.00", "back").error == "OriginalTransactionIncomplete"
    found = caller.call("GetSubscriptionDetails", SubscriptionId=opened.subscription_id)
    assert found["SubscriptionStatus"] == "Active"


def test_an_empty_purse_fails_one_payment_only(server: SandboxServer, caller: Caller) -> None:
    opened = _open(server, amount=usd(60_000))
    server.advance(31 * DAY)
    payments = caller.call("GetTransactionsForSubscription", SubscriptionId=opened.subscription_id)
    assert payments.every("TransactionStatus") == ["Success", "Failure"]
    assert balance(server, JOHN) == "$400.00"


def test_a_subscription_is_its_parties_business(server: SandboxServer, caller: Caller) -> None:
    other, opened = merchant(server), _open(server)
    refused = other.call("GetSubscriptionDetails", SubscriptionId=opened.subscription_id)
    assert refused["Message"] == f"SubscriptionId : {opened.subscription_id} is invalid"
    assert _cancel(other, opened).error == "InvalidParams"


def test_only_2010_can_look_at_them(server: SandboxServer, caller: Caller) -> None:
    opened, old = _open(server), caller.but(version="2008-09-17")
    about = {"SubscriptionId": opened.subscription_id}
    assert old.call("GetSubscriptionDetails", **about).error == "InvalidAction"
    assert old.call("GetTransactionsForSubscription", **about).error == "InvalidAction"
    assert old.call("CancelSubscriptionAndRefund", **about).status == 200


def _open(server: SandboxServer, **more: Any) -> Subscription:
    said: dict[str, Any] = {
        "sender": JOHN,
        "recipient": SELLER,
        "description": "News",
        "amount": usd(500),
        "method": "ABT",
        "frequency": parse("1 Month"),
    }
    return server.bank.subscriptions.open(Terms(**(said | more)))


def _cancel(caller: Caller, opened: Subscription, value: str = "", reference: str = "") -> Answer:
    money = amount("RefundAmount", value) if value else {}
    named = {"CallerReference": reference} if reference else {}
    about = {"SubscriptionId": opened.subscription_id, "CancelReason": "moved"}
    return caller.call("CancelSubscriptionAndRefund", **about, **money, **named)
