from __future__ import annotations

import threading

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

HOUR = 3600
DAY = 24 * HOUR


def test_a_payment_from_the_balance_succeeds_in_the_call(server: SandboxServer, caller: Caller) -> None:
    answer = caller.pay(token(server), amount="1.00")
    assert (answer.status, answer["TransactionStatus"]) == (200, "Success")
    assert str(server.bank.account(JOHN).balance) == "$999.00"
    assert str(server.bank.account(SELLER).balance) == "$0.97"


def test_the_answer_is_one_compact_document(server: SandboxServer, caller: Caller) -> None:
    answer = caller.pay(token(server))
    assert answer.content_type == "text/xml;charset=UTF-8"
    transaction, request = answer["TransactionId"], answer["RequestId"]
    assert len(transaction) == 35
    assert request.endswith(":0")
    assert answer.text == (
        '<?xml version="1.0"?>\n<PayResponse xmlns="http://fps.amazonaws.com/doc/2010-08-28/"><PayResult>'
        f"<TransactionId>{transaction}</TransactionId><TransactionStatus>Success</TransactionStatus></PayResult>"
        f"<ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata></PayResponse>"
    )


def test_an_error_is_compact_too_and_has_a_plain_request_id(caller: Caller) -> None:
    answer = caller.pay("A" * 64)
    assert (answer.status, answer.reason) == (400, "Bad Request")
    assert answer.text == (
        '<?xml version="1.0"?>\n<Response><Errors><Error><Code>InvalidTokenId_Sender</Code>'
        "<Message>Sender token is not valid.</Message></Error></Errors>"
        f"<RequestID>{answer['RequestID']}</RequestID></Response>"
    )
    assert ":" not in answer["RequestID"]


@pytest.mark.parametrize(("method", "seconds"), [("CC", 1), ("ACH", 3 * DAY)])
def test_other_methods_pend_and_settle_by_the_clock(
    server: SandboxServer, caller: Caller, method: str, seconds: int
) -> None:
    answer = caller.pay(token(server, method=method))
    assert answer["TransactionStatus"] == "Pending"
    server.advance(seconds - 0.5)
    assert _status(caller, answer)["TransactionStatus"] == "Pending"
    assert str(server.bank.account(SELLER).balance) == "$0.00"
    server.advance(0.5)
    assert _status(caller, answer)["TransactionStatus"] == "Success"
    assert server.bank.account(SELLER).balance.minor > 0
    assert str(server.bank.account(JOHN).balance) == "$1,000.00"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"SenderTokenId": "short"}, '"senderTokenId" has to be a valid token ID. Specified value: short'),
        ({"RecipientTokenId": "NONE"}, '"recipientTokenId" has to be a valid token ID. Specified value: NONE'),
        ({"SenderTokenId": ""}, "senderTokenId can not be empty"),
        ({"CallerReference": ""}, "callerReference can not be empty"),
        ({"CallerReference": "x" * 129}, "callerReference can not be longer than 128 characters"),
        ({"CallerDescription": "x" * 161}, "callerDescription can not be longer than 160 characters"),
        ({"TransactionAmount_CurrencyCode": "EUR"}, "CurrencyCode has to be USD"),
        ({"TransactionAmount_CurrencyCode": ""}, "transactionAmount.CurrencyCode can not be empty"),
        ({"ChargeFeeTo": "Sender"}, "chargeFeeTo has to be one of Caller, Recipient"),
        ({"OverrideIPNURL": "ftp://127.0.0.1/"}, "overrideIPNURL has to be an http or https URL"),
        ({"OverrideIPNURL": "http://["}, "has to be an http or https URL"),
        ({"DescriptorPolicy_SoftDescriptorType": "Loud"}, "descriptorPolicy.SoftDescriptorType has to be one of"),
        ({"DescriptorPolicy_CSOwner": "Sender"}, "descriptorPolicy.CSOwner has to be one of"),
        ({"TransactionTimeoutInMins": "0"}, "transactionTimeoutInMins has to be between"),
        ({"TransactionTimeoutInMins": "soon"}, "transactionTimeoutInMins: "),
    ],
)
def test_a_bad_value_is_named(caller: Caller, parameters: dict[str, str], text: str) -> None:
    answer = caller.pay("A" * 64, **parameters)
    assert answer.error == "InvalidParams"
    assert text in answer["Message"].replace("&quot;", '"')


@pytest.mark.parametrize("amount", ["1.001", "1e2", "NaN", "1,00", " 1", "", "1.", ".5", "１"])
def test_an_amount_of_another_form_is_refused(caller: Caller, amount: str) -> None:
    assert caller.pay("A" * 64, amount=amount).error == "InvalidParams"


@pytest.mark.parametrize(
    ("method", "amount", "error"),
    [
        ("ABT", "0.00", "AmountOutOfRange"),
        ("ABT", "-1", "AmountOutOfRange"),
        ("ABT", "0.01", ""),
        ("CC", "0.01", "AmountOutOfRange"),
        ("CC", "0.02", ""),
        ("ACH", "0.01", "AmountOutOfRange"),
        ("ACH", "10000", ""),
    ],
)
def test_the_range_of_amounts_depends_on_the_method(
    server: SandboxServer, caller: Caller, method: str, amount: str, error: str
) -> None:
    assert caller.pay(token(server, method=method, amount="10000.00"), amount=amount).error == error


def test_more_than_the_balance_is_refused_and_the_token_stays_good(server: SandboxServer, caller: Caller) -> None:
    spent = token(server, amount="5000.00")
    assert caller.pay(spent, amount="5000.00").error == "InsufficientBalance"
    assert caller.pay(spent, reference="pay-2", amount="500").status == 200


def test_less_than_the_authorised_amount_may_be_paid(server: SandboxServer, caller: Caller) -> None:
    assert caller.pay(token(server, amount="1.00"), amount="0.40").status == 200


def test_more_than_the_authorised_amount_is_refused(server: SandboxServer, caller: Caller) -> None:
    assert caller.pay(token(server, amount="1.00"), amount="1.01").error == "IncompatibleTokens"


def test_a_token_pays_once(server: SandboxServer, caller: Caller) -> None:
    spent = token(server)
    caller.pay(spent)
    answer = caller.pay(spent, reference="pay-2")
    assert answer.error == "TokenUsageError"
    assert answer["Message"].replace("&quot;", '"') == f'The token "{spent}" has violated its usage policy.'


def test_a_token_lives_three_hours(server: SandboxServer, caller: Caller) -> None:
    young, old = token(server, reference="order-1"), token(server, reference="order-2")
    server.advance(3 * HOUR - 1)
    assert caller.pay(young).status == 200
    server.advance(1)
    assert caller.pay(old, reference="pay-2").error == "IncompatibleTokens"


def test_a_cancelled_token_does_not_pay(server: SandboxServer, caller: Caller) -> None:
    cancelled = token(server)
    assert caller.call("CancelToken", TokenId=cancelled).status == 200
    answer = caller.pay(cancelled)
    assert (answer.error, answer["Message"]) == ("TokenNotActive_Sender", "Sender token not active.")


def test_a_token_made_for_another_caller_does_not_pay(server: SandboxServer, caller: Caller) -> None:
    other = _other_caller(server)
    assert other.pay(token(server)).error == "IncompatibleTokens"


def _other_caller(server: SandboxServer) -> Caller:
    import requests

    account = {"email": "mallory@example.com", "access_key": "AKIAMALLORY", "secret_key": "secret"}
    requests.post(f"{server.url}/_control/accounts", json=account, timeout=10).raise_for_status()
    return Caller(server.url, access_key="AKIAMALLORY", secret_key="secret")


UNVERIFIED = "E3FR7BARJV3PB631PMKV74PGKCJLBHI1Q1KMQN7BJ2JJICPDKN3N1CJIKFZ8D7NN"
SUSPENDED = "H216UECZ8ZM1G8G4QA3V7RKF8JDFZ9SI3SJAFSGUKBBNDHX1NVM8GUQRZNRNAHER"
CLOSED = "Z1LGRXR4HMDZBSFKXELA32KZASGWD8IHMHZCK4DETR784LDLD1GMFW4P3WT8VTGX"
SUSPENDED_RECIPIENT = "R3VK49XVGCAZTJSXKN7ZSBHPMFGKM5VEEQTXGMVE8CFUZ2G5RLLMAB4J6TQRL6BU"


@pytest.mark.parametrize(
    ("parameter", "token_id", "error"),
    [
        ("SenderTokenId", UNVERIFIED, "UnverifiedEmailAddress_Sender"),
        ("SenderTokenId", SUSPENDED, "InvalidAccountState_Sender"),
        ("SenderTokenId", CLOSED, "InvalidAccountState_Sender"),
        ("RecipientTokenId", SUSPENDED_RECIPIENT, "InvalidAccountState_Recipient"),
        ("RecipientTokenId", "A" * 64, "InvalidTokenId_Recipient"),
    ],
)
def test_ids_that_stand_for_a_refusal(
    server: SandboxServer, caller: Caller, parameter: str, token_id: str, error: str
) -> None:
    assert caller.pay(token(server), **{parameter: token_id}).error == error


def test_a_declined_card_fails_later(server: SandboxServer, caller: Caller) -> None:
    answer = caller.pay(token(server, method="CC", amount="2.61"), amount="2.61")
    assert answer["TransactionStatus"] == "Pending"
    server.advance(1)
    status = _status(caller, answer)
    assert (status["TransactionStatus"], status["StatusCode"]) == ("Failure", "TransactionDenied")
    assert str(server.bank.account(SELLER).balance) == "$0.00"


def test_a_timeout_fails_what_still_pends(server: SandboxServer, caller: Caller) -> None:
    answer = caller.pay(token(server, method="ACH"), TransactionTimeoutInMins="60")
    server.advance(HOUR)
    status = _status(caller, answer)
    assert (status["TransactionStatus"], status["StatusCode"]) == ("Failure", "Expired")


def test_marketplace_fees_need_a_recipient_token(server: SandboxServer, caller: Caller) -> None:
    answer = caller.pay(token(server), MarketplaceVariableFee="5")
    assert answer.error == "IncompatibleTokens"


# ------------------------------------------------------------------------------------ the same request again


def test_the_identical_request_is_answered_byte_for_byte_as_before(server: SandboxServer, caller: Caller) -> None:
    spent = token(server)
    first = caller.pay(spent)
    again = caller.but(method="GET", algorithm="HmacSHA1").pay(spent, Timestamp=_a_minute_ago())
    assert again.text == first.text
    assert len(server.bank.transactions.all()) == 1


def _a_minute_ago() -> str:
    from datetime import datetime
    from datetime import timedelta
    from datetime import timezone

    return f"{datetime.now(timezone.utc) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"


def test_the_first_answer_stays_pending_after_it_has_settled(server: SandboxServer, caller: Caller) -> None:
    spent = token(server, method="CC")
    first = caller.pay(spent)
    server.advance(1)
    assert caller.pay(spent).text == first.text


@pytest.mark.parametrize("change", [{"amount": "0.99"}, {"CallerDescription": "more"}])
def test_a_different_request_under_the_same_reference_is_refused(
    server: SandboxServer, caller: Caller, change: dict[str, str]
) -> None:
    spent = token(server)
    caller.pay(spent)
    assert caller.pay(spent, **change).error == "DuplicateRequest"


def test_values_are_judged_before_the_reference(server: SandboxServer, caller: Caller) -> None:
    spent = token(server)
    caller.pay(spent)
    assert caller.pay(spent, amount="x").error == "InvalidParams"


def test_an_error_is_not_remembered(server: SandboxServer, caller: Caller) -> None:
    spent = token(server, amount="5000.00")
    assert caller.pay(spent, amount="5000").error == "InsufficientBalance"
    assert caller.pay(spent, amount="1").status == 200


def test_a_reference_is_free_again_after_seven_days(server: SandboxServer, caller: Caller) -> None:
    spent = token(server)
    caller.pay(spent)
    server.advance(7 * DAY - 1)
    assert caller.pay(spent).status == 200
    server.advance(1)
    assert caller.pay(spent).error == "TokenUsageError"


def test_references_of_two_actions_do_not_meet(server: SandboxServer, caller: Caller) -> None:
    paid = caller.pay(token(server), reference="same")
    refund = caller.call("Refund", TransactionId=paid["TransactionId"], CallerReference="same")
    assert refund["TransactionId"] != paid["TransactionId"]


def test_what_comes_while_the_first_is_in_flight_waits_for_its_answer(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "delay", seconds=0.5, when="before")
    spent, answers = token(server), list[Answer]()
    threads = [threading.Thread(target=lambda: answers.append(caller.pay(spent))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].status == 200
    assert len(server.bank.transactions.all()) == 1


def test_one_token_in_many_hands_pays_once(server: SandboxServer, caller: Caller) -> None:
    spent, answers = token(server, buyer=JANE), list[Answer]()
    threads = [
        threading.Thread(target=lambda number: answers.append(caller.pay(spent, reference=f"pay-{number}")), args=(n,))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.error for answer in answers) == [""] + ["TokenUsageError"] * 7
    assert len(server.bank.transactions.all()) == 1


def _status(caller: Caller, paid: Answer) -> Answer:
    return caller.call("GetTransactionStatus", TransactionId=paid["TransactionId"])


def test_a_balance_that_has_gone_meanwhile_pays_nothing(server: SandboxServer, caller: Caller) -> None:
    first, second = token(server, amount="600.00"), token(server, amount="600.00", reference="order-2")
    server.faults.add("Pay", "pend", times=2, settles=60)
    paid = [caller.pay(first, "p-1", "600.00"), caller.pay(second, "p-2", "600.00")]
    assert [one["TransactionStatus"] for one in paid] == ["Pending", "Pending"]
    server.advance(60)
    ended = [server.bank.transaction(one["TransactionId"]) for one in paid]
    assert [one.status_code for one in ended if one] == ["Success", "TransactionDenied"]
    assert str(server.bank.account(JOHN).balance) == "$400.00"


@pytest.mark.parametrize(
    ("policy", "statement"),
    [
        ({}, "DigitalDownload"),
        ({"DescriptorPolicy_CSOwner": "Caller"}, "DigitalDownload"),
        ({"DescriptorPolicy_SoftDescriptorType": "Dynamic"}, "SONGS BY THE DO"),
    ],
)
def test_what_a_card_statement_says(
    server: SandboxServer, caller: Caller, policy: dict[str, str], statement: str
) -> None:
    said = {"SenderDescription": "SONGS BY THE DOZEN", "CallerDescription": "twelve songs"}
    paid = server.bank.transaction(caller.pay(token(server, method="CC"), **policy, **said)["TransactionId"])
    assert paid is not None
    assert paid.statement == statement


def test_a_dynamic_statement_needs_a_description(server: SandboxServer, caller: Caller) -> None:
    refused = caller.pay(token(server), DescriptorPolicy_SoftDescriptorType="Dynamic", SenderDescription="SONGS")
    assert (refused.error, refused["Message"]) == ("InvalidParams", "callerDescription can not be empty")


def test_a_payment_may_wait_for_somebody_to_look_into_it(server: SandboxServer, caller: Caller) -> None:
    server.faults.add("Pay", "pend", waits="PendingVerification", ends="TransactionDenied")
    paid = caller.pay(token(server))
    status = caller.call("GetTransactionStatus", TransactionId=paid["TransactionId"])
    assert (status["TransactionStatus"], status["StatusCode"]) == ("Pending", "PendingVerification")
    assert server.notifications[-1].parameters["statusCode"] == "PendingVerification"
    with pytest.raises(ValueError, match="waits is not"):
        server.faults.add("Pay", "pend", waits="Godot")
