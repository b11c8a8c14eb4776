from __future__ import annotations

from datetime import datetime
from datetime import timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.errors import MalformedMessage
from flask_fps.protocol.dialects import dialect
from flask_fps.protocol.messages import ACTIONS
from flask_fps.protocol.messages import Amount
from flask_fps.protocol.messages import Cancel
from flask_fps.protocol.messages import CancelSubscriptionAndRefund
from flask_fps.protocol.messages import CancelToken
from flask_fps.protocol.messages import COMMON_NAMES
from flask_fps.protocol.messages import DescriptorPolicy
from flask_fps.protocol.messages import FundPrepaid
from flask_fps.protocol.messages import GetAccountActivity
from flask_fps.protocol.messages import GetAccountBalance
from flask_fps.protocol.messages import GetDebtBalance
from flask_fps.protocol.messages import GetOutstandingDebtBalance
from flask_fps.protocol.messages import GetPaymentInstruction
from flask_fps.protocol.messages import GetPrepaidBalance
from flask_fps.protocol.messages import GetRecipientVerificationStatus
from flask_fps.protocol.messages import GetSubscriptionDetails
from flask_fps.protocol.messages import GetTokenByCaller
from flask_fps.protocol.messages import GetTokens
from flask_fps.protocol.messages import GetTokenUsage
from flask_fps.protocol.messages import GetTotalPrepaidLiability
from flask_fps.protocol.messages import GetTransaction
from flask_fps.protocol.messages import GetTransactionsForSubscription
from flask_fps.protocol.messages import GetTransactionStatus
from flask_fps.protocol.messages import InstallPaymentInstruction
from flask_fps.protocol.messages import Message
from flask_fps.protocol.messages import Pay
from flask_fps.protocol.messages import Refund
from flask_fps.protocol.messages import Reserve
from flask_fps.protocol.messages import Settle
from flask_fps.protocol.messages import SettleDebt
from flask_fps.protocol.messages import VerifySignature
from flask_fps.protocol.messages import VERSIONS
from flask_fps.protocol.messages import WriteOffDebt

V2008, V2010 = VERSIONS
TOKEN = "A5BB" * 16

FULL: list[tuple[Message[Any], dict[str, str]]] = [
    (
        Pay(
            sender_token_id=TOKEN,
            transaction_amount=Amount(Decimal("0.10")),
            caller_reference="ref-1",
            recipient_token_id="R" * 64,
            charge_fee_to="Caller",
            caller_description=" lead & trail ",
            sender_description="☃",
            descriptor_policy=DescriptorPolicy(soft_descriptor_type="Dynamic", cs_owner="Recipient"),
            transaction_timeout_in_mins=60,
            marketplace_fixed_fee=Amount(Decimal("0.01")),
            marketplace_variable_fee=Decimal("5.5"),
            override_ipn_url="https://shop.example/ipn",
        ),
        {
            "SenderTokenId": TOKEN,
            "TransactionAmount.CurrencyCode": "USD",
            "TransactionAmount.Value": "0.10",
            "CallerReference": "ref-1",
            "RecipientTokenId": "R" * 64,
            "ChargeFeeTo": "Caller",
            "CallerDescription": " lead & trail ",
            "SenderDescription": "☃",
            "DescriptorPolicy.SoftDescriptorType": "Dynamic",
            "DescriptorPolicy.CSOwner": "Recipient",
            "TransactionTimeoutInMins": "60",
            "MarketplaceFixedFee.CurrencyCode": "USD",
            "MarketplaceFixedFee.Value": "0.01",
            "MarketplaceVariableFee": "5.50",
            "OverrideIPNURL": "https://shop.example/ipn",
        },
    ),
    (
        Reserve(sender_token_id=TOKEN, transaction_amount=Amount(Decimal(5)), caller_reference="ref-2"),
        {
            "SenderTokenId": TOKEN,
            "TransactionAmount.CurrencyCode": "USD",
            "TransactionAmount.Value": "5.00",
            "CallerReference": "ref-2",
        },
    ),
    (
        Settle(
            reserve_transaction_id="T" * 35,
            transaction_amount=Amount(Decimal("19.95")),
            override_ipn_url="https://shop.example/ipn",
        ),
        {
            "ReserveTransactionId": "T" * 35,
            "TransactionAmount.CurrencyCode": "USD",
            "TransactionAmount.Value": "19.95",
            "OverrideIPNURL": "https://shop.example/ipn",
        },
    ),
    (
        Cancel(transaction_id="T" * 35, description="sold out", override_ipn_url="https://shop.example/ipn"),
        {"TransactionId": "T" * 35, "Description": "sold out", "OverrideIPNURL": "https://shop.example/ipn"},
    ),
    (
        Refund(
            transaction_id="T" * 35,
            caller_reference="refund-1",
            refund_amount=Amount(Decimal(25)),
            caller_description="sorry",
            marketplace_refund_policy="MasterTxnOnly",
            override_ipn_url="https://shop.example/ipn",
        ),
        {
            "TransactionId": "T" * 35,
            "CallerReference": "refund-1",
            "RefundAmount.CurrencyCode": "USD",
            "RefundAmount.Value": "25.00",
            "CallerDescription": "sorry",
            "MarketplaceRefundPolicy": "MasterTxnOnly",
            "OverrideIPNURL": "https://shop.example/ipn",
        },
    ),
    (GetTransactionStatus(transaction_id="T"), {"TransactionId": "T"}),
    (GetTransaction(transaction_id="T"), {"TransactionId": "T"}),
    (
        GetAccountActivity(
            start_date=datetime(2012, 1, 1, tzinfo=timezone.utc),
            end_date=datetime(2012, 2, 1, 1, 2, 3, 4000, tzinfo=timezone.utc),
            max_batch_size=20,
            sort_order_by_date="Ascending",
            response_group="Summary",
            fps_operation="Pay",
            payment_method="CC",
            role=("Recipient", "Caller"),
            transaction_status="Success",
        ),
        {
            "StartDate": "2012-01-01T00:00:00Z",
            "EndDate": "2012-02-01T01:02:03.004Z",
            "MaxBatchSize": "20",
            "SortOrderByDate": "Ascending",
            "ResponseGroup": "Summary",
            "FPSOperation": "Pay",
            "PaymentMethod": "CC",
            "Role.1": "Recipient",
            "Role.2": "Caller",
            "TransactionStatus": "Success",
        },
    ),
    (GetAccountBalance(), {}),
    (GetTokenByCaller(token_id=TOKEN), {"TokenId": TOKEN}),
    (GetTokenByCaller(caller_reference="ref-1"), {"CallerReference": "ref-1"}),
    (
        CancelToken(token_id=TOKEN, reason_text="", override_ipn_url="http://h/"),
        {"TokenId": TOKEN, "ReasonText": "", "OverrideIPNURL": "http://h/"},
    ),
    (GetTokens(), {}),
    (
        GetTokens(
            token_status="Inactive", token_type="SingleUse", caller_reference="ref-1", token_friendly_name="Friendly1"
        ),
        {
            "TokenStatus": "Inactive",
            "TokenType": "SingleUse",
            "CallerReference": "ref-1",
            "TokenFriendlyName": "Friendly1",
        },
    ),
    (GetTokenUsage(token_id=TOKEN), {"TokenId": TOKEN}),
    (
        InstallPaymentInstruction(
            payment_instruction="MyRole == 'Caller';",
            caller_reference="ref-1",
            token_type="Unrestricted",
            token_friendly_name="mine",
            payment_reason="songs",
        ),
        {
            "PaymentInstruction": "MyRole == 'Caller';",
            "CallerReference": "ref-1",
            "TokenType": "Unrestricted",
            "TokenFriendlyName": "mine",
            "PaymentReason": "songs",
        },
    ),
    (GetPaymentInstruction(token_id=TOKEN), {"TokenId": TOKEN}),
    (GetRecipientVerificationStatus(recipient_token_id=TOKEN), {"RecipientTokenId": TOKEN}),
    (
        FundPrepaid(
            sender_token_id=TOKEN,
            prepaid_instrument_id="P" * 64,
            funding_amount=Amount(Decimal(10)),
            caller_reference="fund-1",
            transaction_timeout_in_mins=5,
            override_ipn_url="http://h/",
        ),
        {
            "SenderTokenId": TOKEN,
            "PrepaidInstrumentId": "P" * 64,
            "FundingAmount.CurrencyCode": "USD",
            "FundingAmount.Value": "10.00",
            "CallerReference": "fund-1",
            "TransactionTimeoutInMins": "5",
            "OverrideIPNURL": "http://h/",
        },
    ),
    (GetPrepaidBalance(prepaid_instrument_id="P" * 64), {"PrepaidInstrumentId": "P" * 64}),
    (GetTotalPrepaidLiability(), {}),
    (GetDebtBalance(credit_instrument_id="C" * 64), {"CreditInstrumentId": "C" * 64}),
    (GetOutstandingDebtBalance(), {}),
    (
        SettleDebt(
            sender_token_id=TOKEN,
            credit_instrument_id="C" * 64,
            settlement_amount=Amount(Decimal(90)),
            caller_reference="settle-1",
            sender_description="may",
            caller_description="bill 5",
            descriptor_policy=DescriptorPolicy(soft_descriptor_type="Static"),
        ),
        {
            "SenderTokenId": TOKEN,
            "CreditInstrumentId": "C" * 64,
            "SettlementAmount.CurrencyCode": "USD",
            "SettlementAmount.Value": "90.00",
            "CallerReference": "settle-1",
            "SenderDescription": "may",
            "CallerDescription": "bill 5",
            "DescriptorPolicy.SoftDescriptorType": "Static",
        },
    ),
    (
        WriteOffDebt(
            credit_instrument_id="C" * 64,
            adjustment_amount=Amount(Decimal(10)),
            caller_reference="gone-1",
            caller_description="thanks",
        ),
        {
            "CreditInstrumentId": "C" * 64,
            "AdjustmentAmount.CurrencyCode": "USD",
            "AdjustmentAmount.Value": "10.00",
            "CallerReference": "gone-1",
            "CallerDescription": "thanks",
        },
    ),
    (
        CancelSubscriptionAndRefund(
            subscription_id="S",
            refund_amount=Amount(Decimal(5)),
            caller_reference="refund-1",
            cancel_reason="moved",
        ),
        {
            "SubscriptionId": "S",
            "RefundAmount.CurrencyCode": "USD",
            "RefundAmount.Value": "5.00",
            "CallerReference": "refund-1",
            "CancelReason": "moved",
        },
    ),
    (GetSubscriptionDetails(subscription_id="S"), {"SubscriptionId": "S"}),
    (GetTransactionsForSubscription(subscription_id="S"), {"SubscriptionId": "S"}),
    (
        VerifySignature(url_end_point="http://h/return", http_parameters="a=b%20c&signature=x"),
        {"UrlEndPoint": "http://h/return", "HttpParameters": "a=b%20c&signature=x"},
    ),
]


@pytest.mark.parametrize(("message", "parameters"), FULL)
def test_parameters_and_back(message: Message[Any], parameters: dict[str, str]) -> None:
    assert message.parameters() == parameters
    assert type(message).from_parameters(parameters) == message
    assert all(message.accepts(name, V2010) for name in parameters)
    assert not COMMON_NAMES & set(parameters)


def test_every_action_is_in_the_table_by_its_wire_name() -> None:
    assert set(ACTIONS) == {type(message).__name__ for message, _ in FULL}
    assert all(ACTIONS[message.action] is type(message) for message, _ in FULL)


@pytest.mark.parametrize("action", [Pay, Refund, CancelToken])
def test_the_notification_address_came_with_2010(action: type[Message[Any]]) -> None:
    assert action.names(V2010) - action.names(V2008) == {"OverrideIPNURL"}
    assert not action.accepts("OverrideIPNURL", V2008)


def test_no_other_action_differs_between_the_versions() -> None:
    differs = {name for name, action in ACTIONS.items() if action.names(V2008) != action.names(V2010)}
    money = {"Pay", "Reserve", "Settle", "Cancel", "Refund", "FundPrepaid", "SettleDebt"}
    assert differs == money | {"CancelToken"}


def test_subscriptions_can_be_looked_at_since_2010() -> None:
    reads = {"GetSubscriptionDetails", "GetTransactionsForSubscription"}
    assert set(dialect(V2008).actions) == set(ACTIONS) - reads
    assert set(dialect(V2010).actions) == set(ACTIONS)


@pytest.mark.parametrize(
    "name",
    [
        "callerReference",
        "TransactionAmount",
        "TransactionAmount.Amount",
        "SenderTokenId.1",
        "Role.N",
        "OverrideIPNUrl",
        "",
        ".",
        "Action",
    ],
)
def test_names_are_exact(name: str) -> None:
    assert not Pay.accepts(name, V2010)
    with pytest.raises(MalformedMessage, match="unknown"):
        Pay.from_parameters({**FULL[0][1], name: "x"})


@pytest.mark.parametrize("name", ["Role", "Role.0", "Role.01", "Role.N", "Role.x", "Role.1.2", "Role.²"])
def test_lists_count_from_one(name: str) -> None:
    assert GetAccountActivity.accepts("Role.7", V2010)
    assert not GetAccountActivity.accepts(name, V2010)
    with pytest.raises(MalformedMessage, match="unknown"):
        GetAccountActivity.from_parameters({"StartDate": "2012-01-01", name: "Sender"})


def test_a_list_has_no_gap() -> None:
    with pytest.raises(MalformedMessage, match=r"Role\.3"):
        GetAccountActivity.from_parameters({"StartDate": "2012-01-01", "Role.1": "Sender", "Role.3": "Caller"})


def test_the_status_filter_has_two_names() -> None:
    message = GetAccountActivity.from_parameters({"StartDate": "2012-01-01", "Status": "Success"})
    assert message.transaction_status == "Success"
    assert GetAccountActivity.accepts("Status", V2008)
    with pytest.raises(MalformedMessage, match="'Status'"):
        GetAccountActivity.from_parameters({"StartDate": "2012-01-01", "Status": "a", "TransactionStatus": "a"})


def test_missing_names_what_is_required() -> None:
    amount = ("TransactionAmount.CurrencyCode", "TransactionAmount.Value")
    assert Pay.missing({}) == ("SenderTokenId", *amount, "CallerReference")
    assert Pay.missing({"SenderTokenId": "", "TransactionAmount.CurrencyCode": "USD", "CallerReference": "r"}) == (
        "SenderTokenId",
        "TransactionAmount.Value",
    )
    assert Pay.missing({**FULL[0][1], "MarketplaceFixedFee.Value": ""}) == ("MarketplaceFixedFee.Value",)
    in_what = {name: value for name, value in FULL[0][1].items() if name != "TransactionAmount.CurrencyCode"}
    assert Pay.missing(in_what) == ("TransactionAmount.CurrencyCode",)
    assert GetAccountBalance.missing({}) == ()
    for message, parameters in FULL:
        assert message.missing(parameters) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"TransactionAmount.Value": "1e2"}, "TransactionAmount.Value"),
        ({"TransactionAmount.Value": ""}, "TransactionAmount.Value"),
        ({"TransactionTimeoutInMins": "soon"}, "TransactionTimeoutInMins"),
        ({"MarketplaceVariableFee": "5%"}, "MarketplaceVariableFee"),
    ],
)
def test_unreadable_values_are_named(change: dict[str, str], named: str) -> None:
    with pytest.raises(MalformedMessage, match=named):
        Pay.from_parameters({**FULL[0][1], **change})


@pytest.mark.parametrize("absent", ["SenderTokenId", "TransactionAmount.Value", "CallerReference"])
def test_required_parameters_are_required(absent: str) -> None:
    parameters = {name: value for name, value in FULL[0][1].items() if name != absent}
    with pytest.raises(MalformedMessage, match=absent):
        Pay.from_parameters(parameters)


def test_amounts_are_exact() -> None:
    assert Amount(Decimal("0.1")) == Amount(Decimal("0.100000"))
    assert Amount(Decimal("0.1")) != Amount(Decimal("0.1"), "EUR")
    assert str(Amount(Decimal("2.2"))) == "USD 2.20"
    with pytest.raises(TypeError, match="Decimal"):
        Amount(0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="plain number"):
        Amount(Decimal("NaN"))


@given(
    st.builds(
        Pay,
        sender_token_id=st.text(),
        transaction_amount=st.builds(
            Amount, st.decimals(0, 10_000, places=2, allow_nan=False), st.sampled_from(["USD", "EUR"])
        ),
        caller_reference=st.text(),
        caller_description=st.none() | st.text(),
        transaction_timeout_in_mins=st.none() | st.integers(0, 10**6),
    )
)
def test_any_message_comes_back_from_its_parameters(message: Pay) -> None:
    assert Pay.from_parameters(message.parameters()) == message
