from __future__ import annotations

from dataclasses import replace

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token


def test_a_refund_pends_and_then_gives_everything_back(server: SandboxServer, caller: Caller) -> None:
    refund = _refund(caller, caller.pay(token(server)))
    assert refund["TransactionStatus"] == "Pending"
    assert str(server.bank.account(JOHN).balance) == "$999.00"
    server.advance(1)
    status = caller.call("GetTransactionStatus", TransactionId=refund["TransactionId"])
    assert status["TransactionStatus"] == "Success"
    assert str(server.bank.account(JOHN).balance) == "$1,000.00"
    assert str(server.bank.account(SELLER).balance) == "$0.00"


def test_a_refund_to_a_card_does_not_fill_the_balance(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server, method="CC"))
    server.advance(1)
    _refund(caller, paid)
    server.advance(1)
    assert str(server.bank.account(JOHN).balance) == "$1,000.00"
    assert str(server.bank.account(SELLER).balance) == "$0.00"


def test_many_partial_refunds_never_exceed_the_payment(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    assert _refund(caller, paid, "r-1", "0.60").status == 200
    assert _refund(caller, paid, "r-2", "0.41").error == "RefundAmountExceeded"
    assert _refund(caller, paid, "r-3").status == 200
    assert _refund(caller, paid, "r-4", "0.01").error == "TransactionFullyRefundedAlready"
    server.advance(1)
    assert str(server.bank.account(JOHN).balance) == "$1,000.00"
    assert server.bank.account(SELLER).balance.minor == 0
    assert server.bank.account("fees@sandbox.example").balance.minor == 0


def test_the_identical_refund_is_the_same_refund(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    first, again = _refund(caller, paid, "r-1", "0.10"), _refund(caller, paid, "r-1", "0.10")
    assert again.text == first.text
    assert _refund(caller, paid, "r-1", "0.20").error == "DuplicateRequest"


def test_what_still_pends_cannot_be_refunded(server: SandboxServer, caller: Caller) -> None:
    assert _refund(caller, caller.pay(token(server, method="CC"))).error == "OriginalTransactionIncomplete"


def test_what_failed_cannot_be_refunded(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server, method="CC", amount="1.60"), amount="1.60")
    server.advance(1)
    assert _refund(caller, paid).error == "OriginalTransactionFailed"


def test_a_refund_cannot_be_refunded(server: SandboxServer, caller: Caller) -> None:
    refund = _refund(caller, caller.pay(token(server)))
    assert _refund(caller, refund, "r-2").error == "TransactionTypeNotRefundable"


@pytest.mark.parametrize("amount", ["0.00", "-0.01"])
def test_nothing_is_no_refund(server: SandboxServer, caller: Caller, amount: str) -> None:
    assert _refund(caller, caller.pay(token(server)), amount=amount).error == "AmountOutOfRange"


def test_a_refund_that_fails_late_leaves_the_payment_refundable(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    before = [account.balance for account in server.bank.accounts.all()]
    refund = server.bank.transaction(_refund(caller, paid, "r-1", "0.40")["TransactionId"])
    assert refund is not None
    with server.bank.change():
        server.bank.books.transactions.put(replace(refund, ends_with="TransactionDenied"))
    server.advance(1)
    assert caller.call("GetTransactionStatus", TransactionId=refund.transaction_id)["TransactionStatus"] == "Failure"
    assert [account.balance for account in server.bank.accounts.all()] == before
    assert _refund(caller, paid, "r-2", "1.00").status == 200


@pytest.mark.parametrize(
    ("transaction", "error"), [("FAKE", "InvalidParams"), ("17" + "A" * 33, "InvalidTransactionId")]
)
def test_a_transaction_nobody_knows(caller: Caller, transaction: str, error: str) -> None:
    assert caller.call("Refund", TransactionId=transaction, CallerReference="r-1").error == error


def test_the_recipient_must_have_the_money(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    server.bank.accounts.transfer(SELLER, JOHN, server.bank.account(SELLER).balance)
    before = [account.balance for account in server.bank.accounts.all()]
    assert _refund(caller, paid).error == "InsufficientBalance"
    assert [account.balance for account in server.bank.accounts.all()] == before
    assert len(server.bank.transactions.all()) == 1


def test_payment_and_refund_name_each_other(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    refund = _refund(caller, paid)
    of_payment = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    of_refund = caller.call("GetTransaction", TransactionId=refund["TransactionId"])
    assert of_payment.every("TransactionId") == [paid["TransactionId"], refund["TransactionId"]]
    assert (of_payment["RelationType"], of_refund["RelationType"]) == ("Refund", "Parent")


def _refund(caller: Caller, paid: Answer, reference: str = "r-1", amount: str | None = None) -> Answer:
    money = {"RefundAmount_Value": amount, "RefundAmount_CurrencyCode": "USD"} if amount else {}
    return caller.call("Refund", TransactionId=paid["TransactionId"], CallerReference=reference, **money)
