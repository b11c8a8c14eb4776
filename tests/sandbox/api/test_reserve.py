from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

HOLDS = "holds@sandbox.example"
DAY = 24 * 60 * 60


@pytest.fixture(autouse=True)
def no_cent_is_made_or_lost(server: SandboxServer) -> Iterator[None]:
    put_in = _sum(server)
    yield
    assert _sum(server) == put_in
    held = [one.held.minor for one in server.bank.transactions.all() if one.held]
    assert server.bank.account(HOLDS).balance.minor == sum(held)


# ------------------------------------------------------------------------------------ Reserve


def test_a_card_is_asked_and_then_holds(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, method="CC", amount="19.95"))
    assert (reserve["TransactionStatus"], _told(server)) == ("Pending", [("RESERVE", "PENDING")])
    server.advance(1)
    assert _status(caller, reserve) == ("Reserved", "Success")
    assert _told(server)[-1] == ("RESERVE", "RESERVED")
    assert _balance(server, HOLDS) == "$19.95"


def test_a_balance_holds_at_once_and_is_out_of_reach(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    assert reserve["TransactionStatus"] == "Reserved"
    assert (_balance(server, JOHN), _balance(server, SELLER)) == ("$980.05", "$0.00")


def test_a_bank_account_cannot_hold(server: SandboxServer, caller: Caller) -> None:
    assert _reserve(caller, token(server, method="ACH", amount="19.95")).error == "PaymentInstrumentNotCC"
    assert server.bank.transactions.all() == []


def test_a_balance_too_small_holds_nothing(server: SandboxServer, caller: Caller) -> None:
    refused = _reserve(caller, token(server, amount="1000.01"), amount="1000.01")
    assert (refused.error, _balance(server, HOLDS)) == ("InsufficientBalance", "$0.00")


def test_a_reserve_uses_its_token_up(server: SandboxServer, caller: Caller) -> None:
    spent = token(server, amount="19.95")
    _reserve(caller, spent)
    assert _reserve(caller, spent, "r-2").error == "TokenUsageError"
    assert caller.pay(spent).error == "TokenUsageError"


def test_the_identical_reserve_is_the_same(server: SandboxServer, caller: Caller) -> None:
    spent = token(server, amount="19.95")
    assert _reserve(caller, spent).text == _reserve(caller, spent).text
    assert _reserve(caller, spent, amount="1.00").error == "DuplicateRequest"
    assert _balance(server, HOLDS) == "$19.95"


def test_a_declined_card_holds_nothing(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, method="CC", amount="19.60"), amount="19.60")
    server.advance(1)
    assert _status(caller, reserve) == ("Failure", "TransactionDenied")
    assert _settle(caller, reserve).error == "OriginalTransactionFailed"


def test_what_nobody_settles_is_released_after_seven_days(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    server.advance(7 * DAY - 1)
    assert _status(caller, reserve) == ("Reserved", "Success")
    server.advance(1)
    assert _status(caller, reserve) == ("Cancelled", "Expired")
    assert _told(server)[-1] == ("RESERVE", "CANCELLED")
    assert _balance(server, JOHN) == "$1,000.00"
    assert _settle(caller, reserve).error == "InvalidTransactionState"


def test_a_card_s_hold_expires_in_the_same_step_that_it_began(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, method="CC", amount="19.95"))
    server.advance(8 * DAY)
    detail = caller.call("GetTransaction", TransactionId=reserve["TransactionId"])
    assert detail.every("TransactionStatus") == ["Cancelled", "Pending", "Reserved", "Cancelled"]


def test_a_reserve_may_be_made_to_pend(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Reserve", "pend", settles=300)
    reserve = _reserve(caller, token(server, method="CC", amount="19.95"))
    server.advance(299)
    assert _status(caller, reserve) == ("Pending", "PendingNetworkResponse")
    server.advance(1)
    assert _status(caller, reserve) == ("Reserved", "Success")


# ------------------------------------------------------------------------------------ Settle


def test_a_settle_pays_under_the_reserve_s_own_id(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    settle = _settle(caller, reserve)
    assert settle["TransactionId"] == reserve["TransactionId"]
    assert settle["TransactionStatus"] == "Success"
    assert (_balance(server, JOHN), _balance(server, SELLER)) == ("$980.05", "$19.64")
    assert _told(server) == [("RESERVE", "RESERVED"), ("SETTLE", "SUCCESS")]
    detail = caller.call("GetTransaction", TransactionId=settle["TransactionId"])
    assert (detail["FPSOperation"], detail["CallerReference"]) == ("Settle", "r-1")


def test_a_card_s_settle_pends(server: SandboxServer, caller: Caller) -> None:
    settle = _settle(caller, _card(server, caller))
    assert settle["TransactionStatus"] == "Pending"
    assert _balance(server, SELLER) == "$0.00"
    server.advance(1)
    assert _status(caller, settle) == ("Success", "Success")
    assert (_balance(server, SELLER), _balance(server, JOHN)) == ("$19.07", "$1,000.00")


def test_a_part_may_be_settled_and_the_rest_is_released(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    settle = _settle(caller, reserve, "10.00")
    assert (_balance(server, JOHN), _balance(server, HOLDS)) == ("$990.00", "$0.00")
    detail = caller.call("GetTransaction", TransactionId=settle["TransactionId"])
    assert detail.every("Value") == ["10.000000", "0.160000", "19.950000", "10.000000"]


def test_a_reserve_is_settled_once(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    assert _settle(caller, reserve, "10.00").status == 200
    assert _settle(caller, reserve, "5.00").error == "InvalidTransactionState"
    assert _balance(server, JOHN) == "$990.00"


def test_no_more_than_was_reserved(server: SandboxServer, caller: Caller) -> None:
    refused = _settle(caller, _reserve(caller, token(server, amount="19.95")), "100.00")
    assert refused.error == "SettleAmountGreaterThanReserveAmount"
    assert 'Settle Amount "$100.000000" is greater than the Reserve Amount "$19.950000"' in refused.text


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_nothing_cannot_be_settled(server: SandboxServer, caller: Caller, amount: str) -> None:
    assert _settle(caller, _reserve(caller, token(server, amount="19.95")), amount).error == "AmountOutOfRange"


def test_what_still_pends_cannot_be_settled(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, method="CC", amount="19.95"))
    assert _settle(caller, reserve).error == "OriginalTransactionIncomplete"


@pytest.mark.parametrize(
    ("transaction_id", "code"), [("FAKE", "InvalidParams"), ("17" + "X" * 33, "InvalidTransactionId")]
)
def test_a_settle_names_a_reserve(caller: Caller, transaction_id: str, code: str) -> None:
    refused = caller.call("Settle", ReserveTransactionId=transaction_id)
    assert refused.error == code
    if code == "InvalidParams":
        assert "reserveTransactionId has to be a valid transaction ID. Specified value: FAKE" in refused.text


def test_a_payment_is_no_reserve(server: SandboxServer, caller: Caller) -> None:
    assert _settle(caller, caller.pay(token(server))).error == "InvalidTransactionId"


def test_a_settled_reserve_may_be_refunded_and_one_that_is_held_not(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    about = {"TransactionId": reserve["TransactionId"], "CallerReference": "refund"}
    assert caller.call("Refund", **about).error == "TransactionTypeNotRefundable"
    _settle(caller, reserve, "10.00")
    assert caller.call("Refund", **about).status == 200
    server.advance(1)
    assert (_balance(server, JOHN), _balance(server, SELLER)) == ("$1,000.00", "$0.00")


def test_a_settle_that_fails_releases_the_hold(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    server.faults.add("Settle", "pend", settles=60, ends="TransactionDenied")
    assert _settle(caller, reserve)["TransactionStatus"] == "Pending"
    server.advance(60)
    assert _status(caller, reserve) == ("Failure", "TransactionDenied")
    assert (_balance(server, JOHN), _balance(server, HOLDS)) == ("$1,000.00", "$0.00")


def test_a_lost_settle_has_happened(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    server.faults.add("Settle", "500_after", reference="r-1")
    assert _settle(caller, reserve).error == "InternalError"
    assert _status(caller, reserve) == ("Success", "Success")


# ------------------------------------------------------------------------------------ Cancel


def test_a_cancel_releases_what_is_held(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    cancelled = _cancel(caller, reserve)
    assert cancelled["TransactionStatus"] == "Cancelled"
    assert _status(caller, reserve) == ("Cancelled", "Canceled")
    assert _balance(server, JOHN) == "$1,000.00"
    assert _told(server)[-1] == ("RESERVE", "CANCELLED")


def test_a_pending_payment_may_be_cancelled(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server, method="CC"))
    assert _cancel(caller, paid)["TransactionStatus"] == "Cancelled"
    server.advance(DAY)
    assert (_status(caller, paid)[0], _balance(server, SELLER)) == ("Cancelled", "$0.00")


def test_a_pending_settle_may_be_cancelled(server: SandboxServer, caller: Caller) -> None:
    settle = _settle(caller, _card(server, caller))
    assert _cancel(caller, settle)["TransactionStatus"] == "Cancelled"
    server.advance(DAY)
    assert (_balance(server, SELLER), _balance(server, HOLDS)) == ("$0.00", "$0.00")


def test_what_is_done_cannot_be_cancelled(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    assert _cancel(caller, paid).error == "InvalidTransactionState"
    reserve = _reserve(caller, token(server, amount="19.95", reference="order-2"))
    _cancel(caller, reserve)
    assert _cancel(caller, reserve).error == "InvalidTransactionState"
    assert _settle(caller, reserve).error == "InvalidTransactionState"


def test_a_refund_cannot_be_cancelled(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    refund = caller.call("Refund", TransactionId=paid["TransactionId"], CallerReference="refund")
    assert _cancel(caller, refund).error == "InvalidTransactionId"


@pytest.mark.parametrize(("ends", "status"), [("Success", "Cancelled"), ("TransactionDenied", "Reserved")])
def test_a_cancel_may_take_its_time_and_fail(server: SandboxServer, caller: Caller, ends: str, status: str) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    server.faults.add("Cancel", "pend", settles=60, ends=ends)
    assert _cancel(caller, reserve)["TransactionStatus"] == "Pending"
    assert _settle(caller, reserve).error == "InvalidTransactionState"
    assert _cancel(caller, reserve).error == "InvalidTransactionState"
    server.advance(60)
    assert _status(caller, reserve)[0] == status
    server.advance(7 * DAY)
    assert _status(caller, reserve)[0] == "Cancelled"
    assert _balance(server, JOHN) == "$1,000.00"


def test_only_the_caller_settles_or_cancels(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    jane = replace(server.bank.account(JANE), access_key="AKIASOMEBODYELSE0001", secret_key="s")
    server.bank.books.accounts.put(jane)
    stranger = caller.but(access_key="AKIASOMEBODYELSE0001", secret_key="s")
    assert _settle(stranger, reserve).error == "InvalidTransactionId"
    assert _cancel(stranger, reserve).error == "InvalidTransactionId"


def test_their_notifications_go_where_they_say(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    caller.call("Settle", ReserveTransactionId=reserve["TransactionId"], OverrideIPNURL="http://h/settle")
    other = _reserve(caller, token(server, amount="19.95", reference="order-2"), "r-2")
    caller.call("Cancel", TransactionId=other["TransactionId"], OverrideIPNURL="http://h/cancel", Description="x")
    assert [letter.url for letter in server.notifications] == [None, "http://h/settle", None, "http://h/cancel"]


def test_the_override_came_with_2010(server: SandboxServer, caller: Caller) -> None:
    reserve = _reserve(caller, token(server, amount="19.95"))
    old = caller.but(version="2008-09-17")
    about = {"OverrideIPNURL": "http://h/"}
    assert old.call("Settle", ReserveTransactionId=reserve["TransactionId"], **about).error == "InvalidRequest"
    assert old.call("Cancel", TransactionId=reserve["TransactionId"], **about).error == "InvalidRequest"
    assert "doc/2008-09-17/" in old.call("Cancel", TransactionId=reserve["TransactionId"]).text


def test_what_is_held_is_pending_for_its_sender(server: SandboxServer, caller: Caller) -> None:
    _reserve(caller, token(server, amount="19.95"))
    assert server.bank.transactions.pending_amounts(JOHN) == (0, 1995)
    reserve = _card(server, caller)
    assert server.bank.transactions.pending_amounts(JOHN) == (0, 1995)
    _settle(caller, reserve)
    assert server.bank.transactions.pending_amounts(SELLER) == (1995, 0)


# ------------------------------------------------------------------------------------ what nobody described


@pytest.mark.parametrize(
    ("position", "settled", "cancelled"),
    [
        ("InvalidTransactionState", "InvalidTransactionState", "InvalidTransactionState"),
        ("SettleAmountGreaterThanReserveAmount", "SettleAmountGreaterThanReserveAmount", "InvalidTransactionState"),
        ("InvalidTransactionId", "InvalidTransactionId", "InvalidTransactionId"),
    ],
)
def test_what_is_over_may_be_refused_in_many_ways(
    server: SandboxServer, caller: Caller, position: str, settled: str, cancelled: str
) -> None:
    server.switches.settled_reserve = position
    reserve = _reserve(caller, token(server, amount="19.95"))
    assert _settle(caller, reserve, "10.00").status == 200
    assert _settle(caller, reserve, "5.00").error == settled
    assert _cancel(caller, reserve).error == cancelled
    assert _status(caller, reserve)[0] == "Success"


@pytest.mark.parametrize("position", ["Cancelled", "Failure"])
def test_a_hold_may_expire_in_two_ways(server: SandboxServer, caller: Caller, position: str) -> None:
    server.switches.expired_reserve = position
    reserve = _reserve(caller, token(server, amount="19.95"))
    server.advance(7 * DAY)
    assert _status(caller, reserve) == (position, "Expired")
    assert _settle(caller, reserve).error == "InvalidTransactionState"
    assert _balance(server, JOHN) == "$1,000.00"


# ------------------------------------------------------------------------------------ small words


def _reserve(caller: Caller, spent: str, reference: str = "r-1", amount: str = "19.95") -> Answer:
    money = {"TransactionAmount_Value": amount, "TransactionAmount_CurrencyCode": "USD"}
    return caller.call("Reserve", SenderTokenId=spent, CallerReference=reference, **money)


def _card(server: SandboxServer, caller: Caller) -> Answer:
    reserve = _reserve(caller, token(server, method="CC", amount="19.95", reference="card"), "r-card")
    server.advance(1)
    return reserve


def _settle(caller: Caller, reserve: Answer, amount: str = "") -> Answer:
    money = {"TransactionAmount_Value": amount, "TransactionAmount_CurrencyCode": "USD"} if amount else {}
    return caller.call("Settle", ReserveTransactionId=reserve["TransactionId"], **money)


def _cancel(caller: Caller, transaction: Answer) -> Answer:
    return caller.call("Cancel", TransactionId=transaction["TransactionId"])


def _status(caller: Caller, transaction: Answer) -> tuple[str, str]:
    found = caller.call("GetTransactionStatus", TransactionId=transaction["TransactionId"])
    return found["TransactionStatus"], found["StatusCode"]


def _balance(server: SandboxServer, email: str) -> str:
    return str(server.bank.account(email).balance)


def _told(server: SandboxServer) -> list[tuple[str, str]]:
    said = [letter.parameters for letter in server.notifications]
    return [(one["operation"], one["transactionStatus"]) for one in said]


def _sum(server: SandboxServer) -> int:
    return sum(account.balance.minor for account in server.bank.accounts.all())
