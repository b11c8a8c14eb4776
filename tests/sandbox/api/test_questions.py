"""The actions that move nothing: transactions, activity, balance, tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import token


def test_the_balance_shows_what_is_coming_and_going(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server))
    caller.pay(token(server, method="ACH", reference="order-2", amount="2.00"), "pay-2", "2.00")
    caller.call(
        "Refund",
        TransactionId=paid["TransactionId"],
        CallerReference="r-1",
        RefundAmount_Value="0.10",
        RefundAmount_CurrencyCode="USD",
    )
    answer = caller.call("GetAccountBalance")
    # 1.00 less a fee of 0.03, less 0.10 on its way back; the fee of 0.03 is too small to share yet.
    assert answer.every("Value") == ["0.970000", "2.000000", "0.100000", "0.870000", "0.870000"]


def test_a_transaction_tells_its_whole_story(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server, method="CC"), CallerDescription="MP3 <1>", SenderDescription="John")
    server.advance(1)
    answer = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert answer.every("TransactionStatus") == ["Success", "Pending", "Success"]
    assert answer.every("StatusCode") == ["Success", "PendingNetworkResponse", "Success"]
    assert "<FPSFees><CurrencyCode>USD</CurrencyCode><Value>0.100000</Value></FPSFees>" in answer.text
    assert answer["CallerDescription"] == "MP3 &lt;1&gt;"
    assert (answer["SenderEmail"], answer["RecipientName"]) == (JOHN, "DigitalDownload")
    assert answer["DateReceived"][-6:] in ("-08:00", "-07:00")
    assert answer["StatusMessage"] == "The transaction was successful and the payment instrument was charged."


@pytest.mark.parametrize("action", ["GetTransaction", "GetTransactionStatus"])
@pytest.mark.parametrize(
    ("transaction", "error"), [("FAKE", "InvalidParams"), ("17" + "A" * 33, "InvalidTransactionId")]
)
def test_an_unknown_transaction(caller: Caller, action: str, transaction: str, error: str) -> None:
    answer = caller.call(action, TransactionId=transaction)
    assert answer.error == error
    if error == "InvalidParams":
        assert answer["Message"] == "transactionId has to be a valid transaction ID. Specified value: FAKE"


def test_anothers_transaction_is_as_good_as_unknown(server: SandboxServer, caller: Caller) -> None:
    from flask_fps.money import Money
    from flask_fps.sandbox.bank.records import Account

    paid = caller.pay(token(server))
    stranger = Account(
        email="s@example.com", name="S", balance=Money(0, "USD"), access_key="AKIASTRANGER", secret_key="s"
    )
    server.bank.accounts.open(stranger)
    other = Caller(server.url, access_key="AKIASTRANGER", secret_key="s")
    assert other.call("GetTransaction", TransactionId=paid["TransactionId"]).error == "InvalidTransactionId"


# ------------------------------------------------------------------------------------ activity


@pytest.fixture
def paid(server: SandboxServer, caller: Caller) -> list[str]:
    """Five payments, the last two by card."""
    methods = ["ABT", "ABT", "ABT", "CC", "CC"]
    tokens = [token(server, method=method, reference=f"order-{n}") for n, method in enumerate(methods)]
    return [caller.pay(each, f"pay-{n}")["TransactionId"] for n, each in enumerate(tokens)]


def test_activity_is_told_newest_first(caller: Caller, paid: list[str]) -> None:
    answer = _activity(caller)
    assert answer.every("TransactionId") == paid[::-1]
    assert answer["BatchSize"] == "5"
    assert "StartTimeForNextTransaction" not in answer.text


@pytest.mark.parametrize(
    ("order", "batches"),
    [
        ({"SortOrderByDate": "Ascending"}, [[0, 1], [2, 3], [4]]),
        ({"SortOrderByDate": "Descending"}, [[1, 0], [3, 2], [4]]),
        ({}, [[1, 0], [3, 2], [4]]),
    ],
)
def test_activity_is_paged_to_its_end_in_either_order(
    server: SandboxServer, caller: Caller, paid: list[str], order: dict[str, str], batches: list[list[int]]
) -> None:
    server.bank.rules = replace(server.bank.rules, smallest_batch=1)
    found, start = list[list[str]](), "2012-01-01"
    while start and len(found) < 9:
        answer = _activity(caller, StartDate=start, MaxBatchSize="2", **order)
        found.append(answer.every("TransactionId"))
        start = "".join(answer.every("StartTimeForNextTransaction"))
    assert found == [[paid[place] for place in batch] for batch in batches]


@pytest.mark.parametrize(
    ("filters", "places"),
    [
        ({"PaymentMethod": "CC"}, [4, 3]),
        ({"TransactionStatus": "Pending"}, [4, 3]),
        ({"Status": "Success"}, [2, 1, 0]),
        ({"FPSOperation": "Refund"}, []),
        ({"Role_1": "Sender"}, []),
        ({"Role_1": "Sender", "Role_2": "Caller"}, [4, 3, 2, 1, 0]),
        ({"EndDate": "2012-01-02"}, []),
    ],
)
def test_activity_is_filtered(caller: Caller, paid: list[str], filters: dict[str, str], places: list[int]) -> None:
    assert _activity(caller, **filters).every("TransactionId") == [paid[place] for place in places]


@pytest.mark.parametrize(
    ("dates", "error"),
    [
        ({"StartDate": "2100-01-01"}, "InvalidDateRange"),
        ({"StartDate": "2012-01-02", "EndDate": "2012-01-01"}, "InvalidDateRange"),
        ({"StartDate": "yesterday"}, "InvalidParams"),
        ({"StartDate": ""}, "InvalidParams"),
        ({"MaxBatchSize": "0"}, "InvalidParams"),
        ({"MaxBatchSize": "19"}, "InvalidParams"),
        ({"MaxBatchSize": "20"}, ""),
        ({"MaxBatchSize": "200"}, ""),
        ({"MaxBatchSize": "201"}, "InvalidParams"),
        ({"Role_1": "Banker"}, "InvalidParams"),
    ],
)
def test_activity_of_no_sensible_stretch(caller: Caller, dates: dict[str, str], error: str) -> None:
    assert _activity(caller, **dates).error == error


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({"StartDate": "yesterday"}, "startDate: "),
        ({"FPSOperation": "Nope"}, "FPSOperation has to be one of "),
        ({"SortOrderByDate": "Up"}, "sortOrderByDate has to be one of "),
    ],
)
def test_a_bad_filter_is_named_as_it_is_sent(caller: Caller, filters: dict[str, str], text: str) -> None:
    assert _activity(caller, **filters)["Message"].startswith(text)


def _activity(caller: Caller, **more: str) -> Answer:
    return caller.call("GetAccountActivity", **({"StartDate": "2012-01-01"} | more))


# ------------------------------------------------------------------------------------ tokens


def test_a_lost_token_is_found_by_its_reference(server: SandboxServer, caller: Caller) -> None:
    lost = token(server, reference="order-7")
    answer = caller.call("GetTokenByCaller", CallerReference="order-7")
    assert (answer["TokenId"], answer["TokenStatus"], answer["TokenType"]) == (lost, "Active", "SingleUse")
    assert caller.call("GetTokenByCaller", TokenId=lost)["CallerReference"] == "order-7"


def test_a_token_is_active_until_it_is_used(server: SandboxServer, caller: Caller) -> None:
    caller.pay(token(server))
    assert caller.call("GetTokenByCaller", CallerReference="order-1")["TokenStatus"] == "Inactive"


def test_a_token_is_active_until_it_expires(server: SandboxServer, caller: Caller) -> None:
    token(server)
    server.advance(3 * 3600)
    assert caller.call("GetTokenByCaller", CallerReference="order-1")["TokenStatus"] == "Inactive"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"CallerReference": "unknown"}, "InvalidCallerReference"),
        ({"TokenId": "A" * 64}, "InvalidTokenId"),
        ({"TokenId": "A"}, "InvalidParams"),
        ({}, "InvalidParams"),
        ({"TokenId": "A" * 64, "CallerReference": "x"}, "InvalidParams"),
    ],
)
def test_a_token_that_is_not_there(caller: Caller, parameters: dict[str, str], error: str) -> None:
    assert caller.call("GetTokenByCaller", **parameters).error == error


def test_cancel_token_answers_with_metadata_only(server: SandboxServer, caller: Caller) -> None:
    answer = caller.call("CancelToken", TokenId=token(server), ReasonText="offer expired")
    assert "CancelTokenResult" not in answer.text
    assert answer["RequestId"].endswith(":0")


@pytest.mark.parametrize(("spend", "error"), [(True, "TokenNotActive"), (False, "TokenNotActive")])
def test_a_token_is_cancelled_once_and_only_unused(
    server: SandboxServer, caller: Caller, spend: bool, error: str
) -> None:
    gone = token(server)
    if spend:
        caller.pay(gone)
    else:
        caller.call("CancelToken", TokenId=gone)
    assert caller.call("CancelToken", TokenId=gone).error == error


def test_only_a_party_may_cancel_a_token(server: SandboxServer) -> None:
    from flask_fps.money import Money
    from flask_fps.sandbox.bank.records import Account

    other = Account(email="o@example.com", name="O", balance=Money(0, "USD"), access_key="AKIAO", secret_key="o")
    server.bank.accounts.open(other)
    answer = Caller(server.url, access_key="AKIAO", secret_key="o").call("CancelToken", TokenId=token(server))
    assert answer.error == "TokenAccessDenied"
