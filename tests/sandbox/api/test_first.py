"""API version 2007-01-08 over a real socket, by the recorded answers and the texts that were captured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from flask_fps.protocol.dialects import DIALECTS
from flask_fps.protocol.dialects import V2007_01_08
from flask_fps.sandbox.api.first import batches
from flask_fps.sandbox.api.repertoire import REPERTOIRES
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token
from tests.sandbox.first_caller import FirstCaller
from tests.sandbox.first_caller import refused
from tests.sandbox.first_caller import statuses

DAY = 24 * 60 * 60


@pytest.fixture
def first(server: SandboxServer) -> FirstCaller:
    return FirstCaller(server.url)


@pytest.fixture(autouse=True)
def no_cent_is_made_or_lost(server: SandboxServer) -> Iterator[None]:
    put_in = _sum(server)
    yield
    assert _sum(server) == put_in


def _sum(server: SandboxServer) -> int:
    return sum(account.balance.minor for account in server.bank.accounts.all())


def _balance(server: SandboxServer, email: str) -> str:
    return str(server.bank.account(email).balance)


def test_every_action_of_every_version_is_performed() -> None:
    taken_apart = {V2007_01_08.version: batches.ACTIONS}
    for version, dialect in DIALECTS.items():
        performed = REPERTOIRES[version].perform.keys() | taken_apart.get(version, frozenset())
        assert performed >= set(dialect.actions)


# ------------------------------------------------------------------------------------ Pay


def test_the_use_case_pays_at_once_from_a_balance(server: SandboxServer, first: FirstCaller) -> None:
    paid = first.pay(
        token(server, amount="0.10"),
        "MP3DownloadId-AF12ES",
        "0.10",
        TransactionDate="2007-04-25T00:00:00Z",
        CallerDescription="DigitalDownload web site",
        MetaData="Digital Content downloaded: Now and Forever - Richard Marx",
        SenderDescription="John Customer of DigitalDownload",
        SenderReference="johndigitaldownload",
    )
    assert (paid.status, statuses(paid)) == (200, ("Success", "Success"))
    assert re.search(r"<ns3:PayResponse xmlns:ns3=\"http://fps.amazonaws.com/doc/2007-01-08/\">", paid.text)
    assert re.fullmatch(r"[0-9A-Z]{35}", paid["TransactionId"])
    assert re.fullmatch(r"[0-9a-f-]{36}:0", paid["RequestId"])
    [made] = server.bank.transactions.all()
    assert (made.sender, made.recipient, str(made.amount), made.operation) == (JOHN, SELLER, "$0.10", "Pay")
    seen = first.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert seen["MetaData"] == "Digital Content downloaded: Now and Forever - Richard Marx"
    assert seen["CallerTransactionDate"] == "2007-04-24T17:00:00.000-07:00"
    assert (
        "<TransactionAmount><CurrencyCode>USD</CurrencyCode><Amount>0.100000</Amount></TransactionAmount>" in seen.text
    )
    assert f"<CallerTokenId>{first.token('Caller')}</CallerTokenId>" in seen.text
    assert seen.every("Reference") == ["johndigitaldownload", "MP3DownloadId-AF12ES"]
    assert "John Customer of DigitalDownload" in seen.every("Description")
    assert {len(each) for each in seen.every("AccountId")} == {38}


def test_without_a_caller_token_in_the_captured_words(server: SandboxServer, first: FirstCaller) -> None:
    assert refused(first.pay(token(server), CallerTokenId="")) == ("InvalidParams", "callerTokenId can not be empty")
    without_currency = first.pay("A" * 64, TransactionAmount_CurrencyCode="")
    assert refused(without_currency) == ("InvalidParams", "transactionAmount.CurrencyCode can not be empty")


def test_a_used_token_in_the_captured_words(server: SandboxServer, first: FirstCaller) -> None:
    spent = token(server)
    first.pay(spent)
    assert refused(first.pay(spent, "pay-2")) == (
        "TokenUsageError",
        f'The token "{spent}" has violated its usage policy.',
    )


def test_the_fee_has_to_be_somebody_s(server: SandboxServer, first: FirstCaller) -> None:
    assert refused(first.pay(token(server), ChargeFeeTo="DigitalDownload"))[0] == "InvalidParams"
    assert refused(first.pay(token(server, reference="o2"), ChargeFeeTo=""))[0] == "InvalidParams"


def test_tokens_of_the_wrong_role_say_so_in_their_own_words(server: SandboxServer, first: FirstCaller) -> None:
    error = refused(first.pay(token(server), CallerTokenId=first.install("MyRole == 'Recipient';", "x")["TokenId"]))
    assert error[0] == "IncompatibleTokens"
    assert error[1].endswith("Assertion Failed for Caller")
    wrong = first.install("MyRole == 'Caller' orSay 'Roles do not match';", "y")["TokenId"]
    error = refused(first.pay(token(server, reference="o2"), RecipientTokenId=wrong))
    assert (error[0], error[1].endswith("Roles do not match")) == ("IncompatibleTokens", True)
    by_card = first.install("MyRole == 'Recipient'; PaymentMethod in 'cc';", "z")["TokenId"]
    assert refused(first.pay(token(server, reference="o3"), RecipientTokenId=by_card))[0] == "IncompatibleTokens"
    assert server.bank.transactions.all() == []


def test_one_token_cannot_play_two_roles(server: SandboxServer, first: FirstCaller) -> None:
    any_role = first.install("PaymentMethod in 'abt, ach, cc';")["TokenId"]
    twice = refused(first.pay(token(server), CallerTokenId=any_role, RecipientTokenId=any_role))
    assert twice[0] == "SameTokenIdUsedMultipleTimes"


def test_a_caller_token_is_one_s_own(server: SandboxServer, first: FirstCaller) -> None:
    assert refused(first.pay(token(server), CallerTokenId="F" * 64))[0] == "InvalidTokenId_Caller"
    assert refused(first.pay(token(server, reference="o2"), CallerTokenId=token(server, reference="o3")))[0] == (
        "InvalidTokenId_Caller"
    )


def test_a_cancelled_token_of_one_s_own_is_not_active(server: SandboxServer, first: FirstCaller) -> None:
    assert statuses(first.call("CancelToken", TokenId=first.token("Caller"))) == ("Success", "")
    assert refused(first.pay(token(server)))[0] == "TokenNotActive_Caller"


def test_the_same_request_is_answered_as_the_first_time(server: SandboxServer, first: FirstCaller) -> None:
    sender = token(server)
    assert first.pay(sender).text == first.pay(sender).text
    assert refused(first.pay(sender, SenderReference="another"))[0] == "DuplicateRequest"
    assert len(server.bank.transactions.all()) == 1


def test_a_reference_is_at_most_49_characters(server: SandboxServer, first: FirstCaller) -> None:
    assert refused(first.pay(token(server), "r" * 50))[0] == "InvalidParams"
    assert statuses(first.pay(token(server, reference="o2"), "r" * 49)) == ("Success", "Success")


def test_a_card_may_pay_a_single_cent(server: SandboxServer, first: FirstCaller) -> None:
    assert statuses(first.pay(token(server, method="CC"), amount="0.01")) == ("Success", "Initiated")


@pytest.mark.parametrize("part", ["", "0.01"])
def test_a_single_cent_is_reserved_and_settled(server: SandboxServer, first: FirstCaller, part: str) -> None:
    held = first.pay(token(server, method="CC"), amount="0.01" if not part else "1.00", action="Reserve")
    server.advance(2)
    money = {"TransactionAmount_Amount": part, "TransactionAmount_CurrencyCode": "USD"} if part else {}
    settled = first.call("Settle", ReserveTransactionId=held["TransactionId"], **money)
    assert statuses(settled) == ("Success", "Initiated")


def test_a_later_version_settles_no_single_cent(server: SandboxServer, first: FirstCaller, caller: Caller) -> None:
    held = first.pay(token(server, method="CC"), amount="0.01", action="Reserve")
    server.advance(2)
    assert caller.call("Settle", ReserveTransactionId=held["TransactionId"]).error == "AmountOutOfRange"
    assert server.bank.by_hand.collect(SELLER, held["TransactionId"], None).operation == "Settle"


@pytest.mark.parametrize("role", ["Caller", "Recipient"])
@pytest.mark.parametrize(("action", "method"), [("Pay", "ABT"), ("Reserve", "CC")])
def test_a_single_use_token_of_one_s_own_is_spent_by_one_payment(
    server: SandboxServer, first: FirstCaller, role: str, action: str, method: str
) -> None:
    once = first.install(f"MyRole == '{role}';", "once", "SingleUse")["TokenId"]
    shown = {f"{role}TokenId": once}
    refused(first.pay("A" * 64, "p0", action=action, **shown))
    paid = first.pay(token(server, method=method), "p1", action=action, **shown)
    assert statuses(paid)[0] == "Success"
    again = first.pay(token(server, method=method, reference="o2"), "p2", action=action, **shown)
    assert refused(again) == ("TokenUsageError", f'The token "{once}" has violated its usage policy.')
    assert first.call("GetPaymentInstruction", TokenId=once)["Status"] == "Inactive"


def test_a_token_of_one_s_own_for_many_payments_stays_good(server: SandboxServer, first: FirstCaller) -> None:
    for number in range(3):
        assert statuses(first.pay(token(server, reference=f"o{number}"), f"p{number}"))[0] == "Success"


# ------------------------------------------------------------------------------------ results


def test_a_card_s_payment_is_a_result_to_fetch_and_to_discard(server: SandboxServer, first: FirstCaller) -> None:
    paid = first.pay(token(server, method="CC"))
    assert (statuses(paid), first.call("GetResults")["NumberPending"]) == (("Success", "Initiated"), "0")
    server.advance(2)
    found = first.call("GetResults")
    assert (found["TransactionId"], found["CallerReference"], found["NumberPending"]) == (
        paid["TransactionId"],
        "pay-1",
        "1",
    )
    assert "<TransactionResults>" in found.text
    assert "<Operation>Pay</Operation>" in found.text
    assert first.call("GetResults", Operation="Refund").every("TransactionId") == []
    gone = first.send(first.signed({"Action": "DiscardResults", "TransactionIds": paid["TransactionId"]}))
    assert (statuses(gone), gone.every("DiscardErrors")) == (("Success", ""), [])
    again = first.call("DiscardResults", TransactionIds_1=paid["TransactionId"])
    assert again.every("DiscardErrors") == [paid["TransactionId"]]
    assert first.call("GetResults").every("TransactionId") == []


def test_old_results_stand_before_new_ones(server: SandboxServer, first: FirstCaller) -> None:
    made = [first.pay(token(server, method="CC", reference=f"o{n}"), f"p{n}")["TransactionId"] for n in range(3)]
    server.advance(2)
    assert first.call("GetResults", MaxResultsCount="2").every("TransactionId") == made[:2]
    assert refused(first.call("GetResults", MaxResultsCount="26"))[0] == "InvalidParams"


def test_the_number_pending_counts_what_was_not_asked_for_too(server: SandboxServer, first: FirstCaller) -> None:
    paid = first.pay(token(server, method="CC"))
    first.pay(token(server, method="CC", reference="o2"), "p2", action="Reserve")
    server.advance(2)
    waiting = first.call("GetResults", Operation="Pay")
    assert (waiting.every("TransactionId"), waiting["NumberPending"]) == ([paid["TransactionId"]], "2")


def test_what_ends_in_the_answer_is_no_result(server: SandboxServer, first: FirstCaller) -> None:
    first.pay(token(server))
    assert first.call("GetResults")["NumberPending"] == "0"


def test_whoever_subscribes_has_no_queue(server: SandboxServer, first: FirstCaller) -> None:
    event = {"NotificationOperationName": "postTransactionResult"}
    https = "https://shop.example/fps"
    assert statuses(first.call("SubscribeForCallerNotification", WebServiceAPIURL=https, **event)) == ("Success", "")
    first.pay(token(server, method="CC"))
    server.advance(2)
    assert first.call("GetResults")["NumberPending"] == "0"
    assert statuses(first.call("UnSubscribeForCallerNotification", **event)) == ("Success", "")
    assert refused(first.call("UnSubscribeForCallerNotification", **event))[0] == "InvalidEvent"
    first.pay(token(server, method="CC", reference="o2"), "p2")
    server.advance(2)
    assert first.call("GetResults")["NumberPending"] == "1"
    plain = first.call("SubscribeForCallerNotification", WebServiceAPIURL="http://shop.example/", **event)
    assert refused(plain)[0] == "InvalidParams"
    odd = first.call("SubscribeForCallerNotification", WebServiceAPIURL=https, NotificationOperationName="postX")
    assert refused(odd)[0] == "InvalidEvent"


def test_a_declined_card_is_tried_again(server: SandboxServer, first: FirstCaller) -> None:
    paid = first.pay(token(server, method="CC"), amount="0.61")
    assert statuses(paid) == ("Success", "TemporaryDecline")
    server.advance(DAY)
    assert first.call("GetResults")["NumberPending"] == "0"
    again = first.call("RetryTransaction", OriginalTransactionId=paid["TransactionId"])
    assert statuses(again) == ("Success", "Reinitiated")
    assert refused(first.call("RetryTransaction", OriginalTransactionId=paid["TransactionId"]))[0] == (
        "InvalidTransactionState"
    )
    server.advance(2)
    seen = first.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert seen.every("Status")[0] == "Success"
    assert re.findall(r"<StatusHistory><Date>[^<]*</Date><Status>(\w+)<", seen.text) == [
        "TemporaryDecline",
        "Reinitiated",
        "Success",
    ]
    assert first.call("GetResults")["TransactionId"] == paid["TransactionId"]


@pytest.mark.parametrize(
    ("policy", "at_first", "in_the_end"),
    [
        ("ExplicitRetry", "TemporaryDecline", "TemporaryDecline"),
        ("ImplicitRetry", "Initiated", "Success"),
        ("Failure", "Initiated", "Failure"),
    ],
)
def test_what_a_declined_card_comes_to(
    server: SandboxServer, first: FirstCaller, policy: str, at_first: str, in_the_end: str
) -> None:
    said = {"TemporaryDeclinePolicy_TemporaryDeclinePolicyType": policy}
    paid = first.pay(token(server, method="CC"), amount="0.61", **said)
    assert statuses(paid) == ("Success", at_first)
    server.advance(2)
    assert first.call("GetTransaction", TransactionId=paid["TransactionId"]).every("Status")[0] == in_the_end


@pytest.mark.parametrize(
    ("policy", "statement"),
    [
        ({"DescriptorPolicy_CSNumberOf": "Caller"}, "DigitalDownload"),
        ({"DescriptorPolicy_SoftDescriptorType": "Dynamic"}, "Songs"),
    ],
)
def test_what_a_card_statement_says(
    server: SandboxServer, first: FirstCaller, policy: dict[str, str], statement: str
) -> None:
    paid = first.pay(token(server, method="CC"), SenderDescription="Songs", **policy)
    assert statuses(paid)[0] == "Success"
    [made] = server.bank.transactions.all()
    assert made.statement == statement


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DescriptorPolicy_CSNumberOf", "Sender"),
        ("DescriptorPolicy_SoftDescriptorType", "Loud"),
        ("TemporaryDeclinePolicy_TemporaryDeclinePolicyType", "Never"),
        ("TemporaryDeclinePolicy_ImplicitRetryTimeoutInMins", "0"),
    ],
)
def test_a_policy_nobody_knows(first: FirstCaller, name: str, value: str) -> None:
    code, text = refused(first.pay("A" * 64, **{name: value}))
    part = name.partition("_")[2]
    assert (code, part in text) == ("InvalidParams", True)


# ------------------------------------------------------------------------------------ Reserve, Refund


def test_only_a_card_is_reserved_on_and_settled_once(server: SandboxServer, first: FirstCaller) -> None:
    assert refused(first.pay(token(server), action="Reserve"))[0] == "PaymentInstrumentNotCC"
    held = first.pay(token(server, method="CC", amount="19.95", reference="o2"), "r1", "19.95", "Reserve")
    server.advance(2)
    settle = {"ReserveTransactionId": held["TransactionId"], "TransactionAmount_CurrencyCode": "USD"}
    assert refused(first.call("Settle", TransactionAmount_Amount="100.00", **settle)) == (
        "SettleAmountGreaterThanReserveAmount",
        'Settle Amount "$100.000000" is greater than the Reserve Amount "$19.950000"',
    )
    settled = first.call("Settle", TransactionAmount_Amount="10.00", **settle)
    assert (settled["TransactionId"], statuses(settled)) == (held["TransactionId"], ("Success", "Initiated"))
    server.advance(2)
    assert first.call("GetTransaction", TransactionId=held["TransactionId"]).every("Status")[0] == "Success"


def test_a_balance_gets_its_money_back_at_once_and_a_card_later(server: SandboxServer, first: FirstCaller) -> None:
    paid = first.pay(token(server))
    assert statuses(first.refund(paid["TransactionId"])) == ("Success", "Success")
    assert _balance(server, JOHN) == "$1,000.00"
    by_card = first.pay(token(server, method="CC", reference="o2"), "p2")
    assert refused(first.refund(by_card["TransactionId"], "rf2"))[0] == "OriginalTransactionIncomplete"
    server.advance(2)
    back = first.refund(
        by_card["TransactionId"],
        "rf3",
        RefundSenderTokenId=first.token("Recipient"),
        RefundAmount_Amount="0.40",
        RefundAmount_CurrencyCode="USD",
        MetaData="sorry",
    )
    assert statuses(back) == ("Success", "Initiated")
    server.advance(2)
    assert first.call("GetTransaction", TransactionId=back["TransactionId"])["MetaData"] == "sorry"


# ------------------------------------------------------------------------------------ tokens


def test_an_instruction_that_is_none_in_the_captured_words(first: FirstCaller) -> None:
    answer = first.install("Invalid Instruction;")
    assert refused(answer)[0] == "BadRule"
    assert answer.every("ReasonText") == [
        "Parse errors: line 1:9: unexpected token: instruction",
        "Parse errors: expecting ''', found '&lt;EOF&gt;'",
    ]
    assert answer.every("ErrorCode") == ["BadRule", "BadRule"]


def test_a_reference_of_an_instruction_is_used_once(first: FirstCaller) -> None:
    assert statuses(first.install("MyRole == 'Caller';"))[0] == "Success"
    assert refused(first.install("MyRole == 'Caller';")) == (
        "DuplicateRequest",
        "This request is a duplicate of a previous request and cannot be executed.",
    )


def test_what_an_instruction_says_is_shown_to_its_owner(first: FirstCaller) -> None:
    text = "MyRole == 'Caller' orSay 'Roles do not match';"
    mine = first.token("Caller")
    shown = first.call("GetPaymentInstruction", TokenId=mine)
    assert shown["PaymentInstruction"] == text
    assert (shown["TokenType"], shown["Status"], len(shown["AccountId"])) == ("Unrestricted", "Active", 38)
    assert first.call("GetTokens").every("TokenId") == [mine]
    first.call("CancelToken", TokenId=mine)
    assert first.call("GetTokens", TokenStatus="Active").every("TokenId") == []
    assert first.call("GetTokens", TokenStatus="Inactive").every("TokenId") == [mine]
    assert first.call("GetTokenByCaller", CallerReference="my-Caller")["TokenId"] == mine


def test_a_token_has_a_friendly_name_even_if_it_was_given_none(first: FirstCaller) -> None:
    shown = first.call("GetTokenByCaller", TokenId=first.token("Caller"))
    assert "<FriendlyName></FriendlyName>" in shown.text or "<FriendlyName/>" in shown.text


def test_the_usage_of_a_single_use_token_in_the_captured_words(server: SandboxServer, first: FirstCaller) -> None:
    asked = first.call("GetTokenUsage", TokenId=token(server))
    assert refused(asked) == ("InvalidTokenType", 'Type of token "{0}" is invalid for this operation.')
    assert statuses(first.call("GetTokenUsage", TokenId=first.token("Caller"))) == ("Success", "")


def test_a_bad_token_id_in_the_captured_words(first: FirstCaller) -> None:
    assert refused(first.call("CancelToken", TokenId="FAKE")) == (
        "InvalidParams",
        '"tokenId" has to be a valid token ID. Specified value: FAKE',
    )


def test_a_bad_instrument_in_the_captured_words(first: FirstCaller) -> None:
    asked = first.call("GetDebtBalance", CreditInstrumentId="FAKE")
    assert refused(asked) == ("InvalidParams", "CreditInstrumentId : FAKE is invalid")


# ------------------------------------------------------------------------------------ batches


def test_each_part_of_a_batch_is_answered_by_itself(server: SandboxServer, first: FirstCaller) -> None:
    def part(number: int, sender: str) -> dict[str, str]:
        return {
            f"PayRequest.{number}.CallerTokenId": first.token("Caller"),
            f"PayRequest.{number}.RecipientTokenId": first.token("Recipient"),
            f"PayRequest.{number}.SenderTokenId": sender,
            f"PayRequest.{number}.TransactionAmount.Amount": "1.00",
            f"PayRequest.{number}.TransactionAmount.CurrencyCode": "USD",
            f"PayRequest.{number}.ChargeFeeTo": "Recipient",
            f"PayRequest.{number}.CallerReference": f"p{number}",
        }

    wanted = {"Action": "PayBatch", **part(1, token(server)), **part(2, "F" * 64)}
    answer = first.send(first.signed(wanted))
    first_part, second = re.findall(r"<PayResponse>(.*?)</PayResponse>", answer.text)
    assert "<Status>Success</Status></ns3:TransactionResponse><Status>Success</Status>" in first_part
    assert "<Status>Failure</Status><Errors><Errors><ErrorType>Business</ErrorType>" in second
    assert "InvalidTokenId_Sender" in second
    again = first.send(first.signed(wanted))
    assert re.findall(r"<PayResponse>(.*?)</PayResponse>", again.text)[0] == first_part
    assert len(server.bank.transactions.all()) == 1


def test_instructions_come_in_batches_too(first: FirstCaller) -> None:
    stem = "InstallPaymentInstructionRequest"
    wanted = {"Action": "InstallPaymentInstructionBatch"}
    for number, text in enumerate(("MyRole == 'Caller';", "nonsense"), start=1):
        wanted |= {
            f"{stem}.{number}.PaymentInstruction": text,
            f"{stem}.{number}.CallerReference": f"i{number}",
            f"{stem}.{number}.TokenType": "Unrestricted",
        }
    answer = first.send(first.signed(wanted))
    assert answer.every("ErrorCode") == ["BadRule"]
    assert len(answer["TokenId"]) == 64


# ------------------------------------------------------------------------------------ account


def test_there_is_a_line_for_each_status(server: SandboxServer, first: FirstCaller) -> None:
    paid = first.pay(token(server, method="CC"))
    server.advance(2)
    asked = first.call(
        "GetAccountActivity", StartDate="2007-01-01", SortOrderByDate="Ascending", ResponseGroup="Detail"
    )
    lines = re.findall(r"<Transactions>.*?</Transactions>", asked.text)
    told = [
        (re.findall(r"<Status>(\w+)<", line)[0], re.findall(r"<Balance>.*?<Amount>([^<]+)<", line)[0]) for line in lines
    ]
    assert told == [("Initiated", "0.000000"), ("Success", "0.900000")]
    assert {re.findall(r"<TransactionId>(\w+)<", line)[0] for line in lines} == {paid["TransactionId"]}
    assert asked["ResponseBatchSize"] == "2"


def test_lines_are_asked_for_by_their_own_status(server: SandboxServer, caller: Caller, first: FirstCaller) -> None:
    paid = first.pay(token(server, method="CC"))
    server.advance(2)
    gone = first.pay(token(server, method="CC", reference="order-2"), "pay-2")
    caller.call("Cancel", TransactionId=gone["TransactionId"])
    for wanted, found in {
        "Initiated": [gone, paid],
        "Success": [paid],
        "Failure": [gone],
        "Reinitiated": [],
    }.items():
        asked = first.call("GetAccountActivity", StartDate="2007-01-01", Status=wanted)
        assert asked.every("TransactionId") == [each["TransactionId"] for each in found]
        assert set(re.findall(r"<TransactionId>.*?<Status>(\w+)<", asked.text)) == ({wanted} if found else set())
        assert asked["ResponseBatchSize"] == str(len(found))


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("GetAccountActivity", {"Operation": "Reserve"}),
        ("GetAccountActivity", {"Status": "Reserved"}),
        ("GetResults", {"Operation": "Reserve"}),
    ],
)
def test_what_is_merely_held_cannot_be_asked_for(first: FirstCaller, action: str, asked: dict[str, str]) -> None:
    since = {"StartDate": "2007-01-01"} if action == "GetAccountActivity" else {}
    assert refused(first.call(action, **since, **asked))[0] == "InvalidParams"


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
def test_a_batch_counts_lines_and_tears_no_transaction_apart(
    server: SandboxServer, first: FirstCaller, order: str
) -> None:
    paid = [first.pay(token(server, method="CC", reference=f"o{n}"), f"p{n}")["TransactionId"] for n in range(3)]
    server.advance(2)
    assert refused(first.call("GetAccountActivity", StartDate="2007-01-01", MaxBatchSize="19"))[0] == "InvalidParams"
    server.bank.rules = replace(server.bank.rules, smallest_batch=1)
    batches, start = list[list[str]](), "2007-01-01"
    while start and len(batches) < 9:
        asked = first.call("GetAccountActivity", StartDate=start, MaxBatchSize="5", SortOrderByDate=order)
        batches.append(asked.every("TransactionId"))
        start = "".join(asked.every("StartTimeForNextTransaction"))
    one, two, three = ([each, each] for each in paid)
    assert batches == ([one + two, three] if order == "Ascending" else [two + one, three])


def test_the_account_s_balance(server: SandboxServer, first: FirstCaller) -> None:
    first.pay(token(server))
    shown = first.call("GetAccountBalance")
    assert "<TotalBalance><CurrencyCode>USD</CurrencyCode><Amount>0.970000</Amount></TotalBalance>" in shown.text


# ------------------------------------------------------------------------------------ the front door


def test_names_are_read_ignoring_case(server: SandboxServer, first: FirstCaller) -> None:
    assert statuses(first.call("getOutStandingDebtBalance"))[0] == "Success"
    wanted = {"Action": "gettokenbycaller", "callerreference": "order-1"}
    token(server)
    assert statuses(first.send(first.signed(wanted)))[0] == "Success"
    both = first.send(first.signed({**wanted, "CallerReference": "order-1"}))
    assert (both.status, both["Code"]) == (400, "InvalidRequest")


def test_a_timestamp_may_lack_its_zone(first: FirstCaller) -> None:
    signed = first.signed({"Action": "GetAccountBalance"})
    bare = first.signed({"Action": "GetAccountBalance", "Timestamp": signed["Timestamp"].removesuffix("Z")})
    assert statuses(first.send(bare))[0] == "Success"


def test_version_2_is_accepted_too_and_version_0_never(server: SandboxServer, first: FirstCaller) -> None:
    modern = Caller(server.url, version="2007-01-08").call("GetAccountBalance")
    assert statuses(modern) == ("Success", "")
    zero = first.send(first.signed({"Action": "GetAccountBalance", "SignatureVersion": "0"}))
    assert (zero.status, zero["Code"]) == (400, "InvalidParameterValue")


def test_what_is_refused_at_the_door_looks_as_it_always_did(first: FirstCaller) -> None:
    tampered = first.signed({"Action": "GetAccountBalance"}) | {"Timestamp": "2007-01-08T00:00:00Z"}
    answer = first.send(tampered)
    assert (answer.status, answer["Code"]) == (403, "SignatureDoesNotMatch")
    later = first.call("GetTransactionStatus", TransactionId="T" * 35)
    assert (later.status, later["Code"]) == (400, "InvalidAction")


def test_every_date_before_2008_09_17_is_served_as_2007(first: FirstCaller) -> None:
    answer = first.send(first.signed({"Action": "GetAccountBalance", "Version": "2008-01-01"}))
    assert 'xmlns:ns3="http://fps.amazonaws.com/doc/2007-01-08/"' in answer.text


# ------------------------------------------------------------------------------------ one bank


def test_what_one_version_made_another_sees_in_its_own_words(
    server: SandboxServer, first: FirstCaller, caller: Caller
) -> None:
    early = first.pay(token(server, method="CC", reference="o1"), "p1")
    late = caller.pay(token(server, method="CC", reference="o2"), "p2", RecipientTokenId=first.token("Recipient"))
    declined = first.pay(token(server, method="CC", reference="o3"), "p3", "0.61")
    for made in (early, declined):
        standing = caller.call("GetTransactionStatus", TransactionId=made["TransactionId"])
        assert (standing["TransactionStatus"], standing["StatusCode"]) == ("Pending", "PendingNetworkResponse")
    seen = first.call("GetTransaction", TransactionId=late["TransactionId"])
    assert seen.every("Status")[0] == "Initiated"
    server.advance(2)
    assert caller.call("GetTransactionStatus", TransactionId=early["TransactionId"])["TransactionStatus"] == "Success"
    assert first.call("GetResults").every("TransactionId") == [early["TransactionId"]]


def test_what_a_later_version_cancelled_is_a_failure_to_the_first(
    server: SandboxServer, first: FirstCaller, caller: Caller
) -> None:
    held = first.pay(token(server, method="CC"), action="Reserve")
    server.advance(2)
    caller.call("Cancel", TransactionId=held["TransactionId"])
    server.advance(2)
    assert first.call("GetTransaction", TransactionId=held["TransactionId"]).every("Status")[0] == "Failure"


def test_a_reference_is_one_whichever_version_it_came_in(
    server: SandboxServer, first: FirstCaller, caller: Caller
) -> None:
    first.pay(token(server))
    assert caller.pay(token(server, reference="o2")).error == "DuplicateRequest"
