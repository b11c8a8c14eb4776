"""Every parameter of API version 2007-01-08 that no other test has needed, and its instruments."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import balance
from tests.sandbox.api.authority import credit
from tests.sandbox.api.authority import gift_card
from tests.sandbox.api.authority import MERCHANT
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import recipient_tokens
from tests.sandbox.caller import Answer
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token
from tests.sandbox.first_caller import FirstCaller
from tests.sandbox.first_caller import refused
from tests.sandbox.first_caller import statuses

#: What every request to move money can say besides.
LABELS = {
    "TransactionDate": "2007-04-25T00:00:00Z",
    "SenderReference": "johndigitaldownload",
    "RecipientReference": "digitaldownload",
    "CallerDescription": "DigitalDownload web site",
    "SenderDescription": "John",
    "RecipientDescription": "the seller",
    "MetaData": "order 1",
}


@pytest.fixture
def first(server: SandboxServer) -> FirstCaller:
    return FirstCaller(server.url)


def amount(name: str, value: str) -> dict[str, str]:
    return {f"{name}_Amount": value, f"{name}_CurrencyCode": "USD"}


def shown(first: FirstCaller, made: Answer) -> Answer:
    return first.call("GetTransaction", TransactionId=made["TransactionId"])


def assert_labelled(seen: Answer) -> None:
    assert seen["MetaData"] == "order 1"
    assert seen.every("Description") == ["John", "DigitalDownload web site", "the seller"]
    assert [seen.every("Reference")[0], seen.every("Reference")[2]] == ["johndigitaldownload", "digitaldownload"]


@pytest.mark.parametrize(("action", "method"), [("Pay", "ABT"), ("Reserve", "CC")])
def test_a_marketplace_takes_its_fee_and_labels_stay(
    server: SandboxServer, first: FirstCaller, action: str, method: str
) -> None:
    merchant(server)
    theirs = recipient_tokens(server).recipient
    bought = token_for(server, MERCHANT, method)
    fees = amount("MarketplaceFixedFee", "0.10") | {"MarketplaceVariableFee": "5"}
    made = first.pay(bought, amount="2.00", action=action, RecipientTokenId=theirs.token_id, **fees, **LABELS)
    assert statuses(made)[0] == "Success", made.text
    assert_labelled(shown(first, made))
    if action == "Pay":
        assert balance(server, SELLER) == "$0.20"


def token_for(server: SandboxServer, recipient: str, method: str) -> str:
    """John lets the seller pay somebody else."""
    made = server.bank.tokens.get(token(server, method=method, amount="2.00"))
    server.bank.books.tokens.put(replace(made, recipient=recipient))
    return made.token_id


def test_what_a_settle_and_a_refund_can_say(server: SandboxServer, first: FirstCaller) -> None:
    held = first.pay(token(server, method="CC"), action="Reserve")
    server.advance(2)
    settled = first.call(
        "Settle",
        ReserveTransactionId=held["TransactionId"],
        TransactionDate="2007-04-25T00:00:00Z",
        MetaData="settled",
    )
    assert statuses(settled) == ("Success", "Initiated")
    told = shown(first, settled)
    assert (told["MetaData"], told["CallerTransactionDate"]) == ("settled", "2007-04-24T17:00:00.000-07:00")
    server.advance(2)
    back = first.refund(
        held["TransactionId"],
        ChargeFeeTo="Recipient",
        TransactionDate="2007-04-25T00:00:00Z",
        RefundSenderReference="johndigitaldownload",
        RefundRecipientReference="digitaldownload",
        CallerDescription="DigitalDownload web site",
        RefundSenderDescription="John",
        RefundRecipientDescription="the seller",
        MetaData="order 1",
        MarketplaceRefundPolicy="MasterTxnOnly",
    )
    assert statuses(back) == ("Success", "Initiated")
    seen = shown(first, back)
    assert_labelled(seen)
    assert seen.every("RelatedTransactions") == []
    assert f"<RelatedTransactions><TransactionId>{held['TransactionId']}<" in seen.text


def test_a_settle_that_says_nothing_leaves_what_the_reserve_said(server: SandboxServer, first: FirstCaller) -> None:
    held = first.pay(token(server, method="CC"), action="Reserve", **LABELS)
    server.advance(2)
    told = shown(first, first.call("Settle", ReserveTransactionId=held["TransactionId"]))
    assert_labelled(told)
    assert told["CallerTransactionDate"] == "2007-04-24T17:00:00.000-07:00"


@pytest.mark.parametrize("payer", ["Caller", "Recipient"])
def test_a_single_cent_funds_and_settles_and_the_fee_is_whose_the_caller_says(
    server: SandboxServer, first: FirstCaller, payer: str
) -> None:
    card, debt = gift_card(server, method="CC"), credit(server, method="CC")
    first.pay(debt.sender.token_id, amount="5.00")
    common = {"CallerTokenId": first.token("Caller"), "CallerReference": "one-cent", "ChargeFeeTo": payer}
    fund = {"SenderTokenId": card.funding.token_id, "PrepaidInstrumentId": card.instrument.instrument_id}
    settle = {"SenderTokenId": debt.settlement.token_id, "CreditInstrumentId": debt.instrument.instrument_id}
    for made in (
        first.call("FundPrepaid", **fund, **amount("FundingAmount", "0.01"), **common),
        first.call("SettleDebt", **settle, **amount("SettlementAmount", "0.01"), **common),
    ):
        assert statuses(made) == ("Success", "Initiated"), made.text
        fees = re.findall(r"<Role>(\w+)</Role>.*?<FeePaid>.*?<Amount>([\d.]+)<", shown(first, made).text)
        assert [role for role, fee in fees if fee == "0.010000"] == [payer]


def test_a_prepaid_balance_is_funded_spent_and_counted(server: SandboxServer, first: FirstCaller) -> None:
    card = gift_card(server)
    ids = {"PrepaidInstrumentId": card.instrument.instrument_id}
    common = {"CallerTokenId": first.token("Caller"), "CallerReference": "fund-1", "ChargeFeeTo": "Recipient"}
    wish = {"SenderTokenId": card.funding.token_id} | amount("FundingAmount", "20.00") | common | ids | LABELS
    funded = first.call("FundPrepaid", **wish)
    assert statuses(funded) == ("Success", "Success"), funded.text
    seen = shown(first, funded)
    assert (seen["PrepaidInstrumentId"], seen["Operation"]) == (ids["PrepaidInstrumentId"], "FundPrepaid")
    assert statuses(first.pay(card.sender.token_id, amount="5.00")) == ("Success", "Success")
    held = first.call("GetPrepaidBalance", **ids)
    assert "<AvailableBalance><CurrencyCode>USD</CurrencyCode><Amount>15.000000</Amount>" in held.text
    owed = first.call("GetTotalPrepaidLiability")
    assert "<OutstandingBalance><CurrencyCode>USD</CurrencyCode><Amount>15.000000</Amount>" in owed.text
    for status, found in (("ALL", [ids["PrepaidInstrumentId"]]), ("Active", [ids["PrepaidInstrumentId"]])):
        listed = first.call("GetAllPrepaidInstruments", InstrumentStatus=status)
        assert listed.every("InstrumentId") == found
    assert first.call("GetAllPrepaidInstruments", InstrumentStatus="Cancelled").every("InstrumentId") == []


def test_debt_is_run_up_settled_and_written_off(server: SandboxServer, first: FirstCaller) -> None:
    tab = credit(server)
    ids = {"CreditInstrumentId": tab.instrument.instrument_id}
    assert statuses(first.pay(tab.sender.token_id, amount="9.00")) == ("Success", "Success")
    common = {"CallerTokenId": first.token("Caller")} | ids | LABELS
    settled = first.call(
        "SettleDebt",
        SenderTokenId=tab.settlement.token_id,
        CallerReference="settle-1",
        ChargeFeeTo="Recipient",
        **amount("SettlementAmount", "5.00"),
        **common,
    )
    assert statuses(settled) == ("Success", "Success"), settled.text
    assert shown(first, settled)["CreditInstrumentId"] == ids["CreditInstrumentId"]
    off = first.call("WriteOffDebt", CallerReference="off-1", **amount("AdjustmentAmount", "1.00"), **common)
    assert statuses(off)[0] == "Success", off.text
    assert_labelled(shown(first, off))
    owed = first.call("GetDebtBalance", **ids)
    assert "<AvailableBalance><CurrencyCode>USD</CurrencyCode><Amount>3.000000</Amount>" in owed.text
    assert "<Amount>3.000000</Amount>" in first.call("GetOutstandingDebtBalance").text
    assert first.call("GetAllCreditInstruments", InstrumentStatus="Active").every("InstrumentId") == [
        ids["CreditInstrumentId"]
    ]
    wrong = {**common, "CallerTokenId": first.token("Recipient")}
    again = first.call("WriteOffDebt", CallerReference="off-2", **amount("AdjustmentAmount", "1.00"), **wrong)
    assert refused(again)[0] == "IncompatibleTokens"


FEEDING = {"SenderTokenId": "A" * 64, "ChargeFeeTo": "Recipient"}


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "1969-12-31", "2100-01-01"])
def test_a_date_that_was_never_set_is_no_date(server: SandboxServer, first: FirstCaller, date: str) -> None:
    code, text = refused(first.pay(token(server), TransactionDate=date))
    assert (code, "ransactionDate has to be a date from 1970 to 2099" in text) == ("InvalidParams", True)
    assert first.call("GetAccountActivity", StartDate="2012-01-01")["ResponseBatchSize"] == "0"


@pytest.mark.parametrize(
    ("action", "about"),
    [
        ("Refund", {"TransactionId": "1" * 35}),
        ("FundPrepaid", amount("FundingAmount", "1.00") | {"PrepaidInstrumentId": "C" * 64} | FEEDING),
        ("SettleDebt", amount("SettlementAmount", "1.00") | {"CreditInstrumentId": "C" * 64} | FEEDING),
        ("WriteOffDebt", amount("AdjustmentAmount", "1.00") | {"CreditInstrumentId": "C" * 64}),
    ],
)
def test_nor_is_it_one_of_any_other_request(first: FirstCaller, action: str, about: dict[str, str]) -> None:
    common = {"CallerTokenId": first.token("Caller"), "CallerReference": "one", "TransactionDate": "0001-01-01"}
    assert "ransactionDate has to be a date" in refused(first.call(action, **common, **about))[1]


def test_the_lines_of_an_account_are_chosen(server: SandboxServer, first: FirstCaller) -> None:
    first.pay(token(server))
    first.pay(token(server, method="CC", reference="o2"), "p2")
    asked = first.call(
        "GetAccountActivity",
        StartDate="2007-01-01",
        EndDate="2100-01-01T00:00:00Z",
        MaxBatchSize="20",
        Operation="Pay",
        PaymentMethod="CC",
        ResponseGroup="Summary",
        Role_1="Recipient",
        Role_2="Caller",
    )
    assert (asked.every("PaymentMethod"), "<TransactionParts>" in asked.text) == (["CC"], False)


def test_what_an_instruction_can_say_of_itself(server: SandboxServer, first: FirstCaller) -> None:
    said = {"TokenFriendlyName": "the till", "PaymentReason": "music"}
    wish = {"PaymentInstruction": "MyRole == 'Caller';", "CallerReference": "till", "TokenType": "Unrestricted"}
    made = first.call("InstallPaymentInstruction", **wish, **said)
    assert first.call("GetPaymentInstruction", TokenId=made["TokenId"])["TokenFriendlyName"] == "the till"
    chosen = first.call("GetTokens", TokenFriendlyName="the till", CallerReference="till")
    assert (chosen["PaymentReason"], chosen.every("TokenId")) == ("music", [made["TokenId"]])
    assert first.call("GetTokenByCaller", TokenId=made["TokenId"])["CallerReference"] == "till"
    assert statuses(first.call("CancelToken", TokenId=made["TokenId"], ReasonText="closed")) == ("Success", "")


def test_a_batch_in_which_all_is_well(server: SandboxServer, first: FirstCaller) -> None:
    merchant(server)
    theirs = recipient_tokens(server).recipient.token_id
    part = {
        "CallerTokenId": first.token("Caller"),
        "RecipientTokenId": theirs,
        "SenderTokenId": token_for(server, MERCHANT, "ABT"),
        "TransactionAmount.Amount": "2.00",
        "TransactionAmount.CurrencyCode": "USD",
        "ChargeFeeTo": "Recipient",
        "CallerReference": "p1",
        "MarketplaceFixedFee.Amount": "0.10",
        "MarketplaceFixedFee.CurrencyCode": "USD",
        "MarketplaceVariableFee": "5",
        **LABELS,
    }
    wish = {"Action": "PayBatch", "Unused": "x", **{f"PayRequest.1.{name}": value for name, value in part.items()}}
    answer = first.send(first.signed(wish))
    assert statuses(answer)[0] == "Success"
    assert re.findall(r"<PayResponse>.*<Status>(\w+)</Status><RequestId>", answer.text) == ["Success"]
    assert_labelled(shown(first, answer))


def test_a_batch_of_instructions_in_which_all_is_well(first: FirstCaller) -> None:
    part = {
        "PaymentInstruction": "MyRole == 'Caller';",
        "CallerReference": "i1",
        "TokenType": "Unrestricted",
        "TokenFriendlyName": "one of many",
        "PaymentReason": "music",
    }
    stem = "InstallPaymentInstructionRequest.1"
    wish = {"Action": "InstallPaymentInstructionBatch", "Unused": "x"}
    answer = first.send(first.signed(wish | {f"{stem}.{name}": value for name, value in part.items()}))
    shown_to = first.call("GetPaymentInstruction", TokenId=answer["TokenId"])
    assert shown_to["TokenFriendlyName"] == "one of many"


def test_an_amount_may_be_called_as_later_versions_call_it(server: SandboxServer, first: FirstCaller) -> None:
    given = first.signed(
        {
            "Action": "Pay",
            "CallerTokenId": first.token("Caller"),
            "RecipientTokenId": first.token("Recipient"),
            "SenderTokenId": token(server),
            "TransactionAmount.Value": "1.00",
            "TransactionAmount.CurrencyCode": "USD",
            "ChargeFeeTo": "Recipient",
            "CallerReference": "p1",
        }
    )
    assert statuses(first.send(given)) == ("Success", "Success")
