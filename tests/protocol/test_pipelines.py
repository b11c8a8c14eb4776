"""The requests of the seven pipelines: every parameter by its name, and what is refused before the buyer leaves."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from datetime import timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from flask_fps.protocol import endpoints
from flask_fps.protocol import query
from flask_fps.protocol import signing
from flask_fps.protocol.cbui import CBUI
from flask_fps.protocol.pipelines import EditToken
from flask_fps.protocol.pipelines import MultiUse
from flask_fps.protocol.pipelines import PIPELINES
from flask_fps.protocol.pipelines import Recipient
from flask_fps.protocol.pipelines import Recurring
from flask_fps.protocol.pipelines import Request
from flask_fps.protocol.pipelines import SetupPostpaid
from flask_fps.protocol.pipelines import SetupPrepaid
from flask_fps.protocol.pipelines import SingleUse

TOKEN = "A" * 64
RETURN = {"return_url": "https://shop.example/back"}
#: The least that each pipeline asks for.
LEAST: dict[str, dict[str, Any]] = {
    "SingleUse": {"caller_reference": "r", "transaction_amount": "0.10"},
    "MultiUse": {"caller_reference": "r", "global_amount_limit": "50"},
    "Recurring": {"caller_reference": "r", "transaction_amount": "5", "recurring_period": "1 Month"},
    "Recipient": {
        "caller_reference": "r",
        "recipient_pays_fee": True,
        "max_fixed_fee": "0.10",
        "max_variable_fee": "2.5",
    },
    "SetupPrepaid": {"caller_reference_sender": "s", "caller_reference_funding": "f", "funding_amount": 100},
    "SetupPostpaid": {
        "caller_reference_sender": "s",
        "caller_reference_settlement": "t",
        "credit_limit": "20",
        "global_amount_limit": "200",
    },
    "EditToken": {"caller_reference": "r", "token_id": TOKEN},
}
#: Everything that the guides and the clients of the time had, by group of pipelines.
COMMON = "returnURL cobrandingStyle cobrandingUrl websiteDescription"
ADDRESS = "addressName addressLine1 addressLine2 city state country zip phoneNumber collectShippingAddress"
PAYING = "paymentMethod paymentReason currencyCode"
VALIDITY = "validityStart validityExpiry"
LIMITS = "usageLimitType1 usageLimitValue1 usageLimitPeriod1 usageLimitType2 usageLimitValue2 usageLimitPeriod2"
DOCUMENTED = {
    "SingleUse": f"{COMMON} callerReference {PAYING} {ADDRESS} transactionAmount recipientToken isRecipientCobranding "
    "reserve itemTotal shipping handling giftWrapping discount tax collectEmailAddress disableGuest",
    "MultiUse": f"{COMMON} callerReference {PAYING} {ADDRESS} {VALIDITY} {LIMITS} globalAmountLimit transactionAmount "
    "amountType recipientTokenList isRecipientCobranding",
    "Recurring": f"{COMMON} callerReference {PAYING} {ADDRESS} {VALIDITY} transactionAmount recurringPeriod "
    "recipientToken isRecipientCobranding",
    "Recipient": f"{COMMON} callerReference callerReferenceRefund paymentMethod {VALIDITY} recipientPaysFee "
    "maxFixedFee maxVariableFee",
    "SetupPrepaid": f"{COMMON} {PAYING} {ADDRESS} {VALIDITY} callerReferenceSender callerReferenceFunding "
    "fundingAmount",
    "SetupPostpaid": f"{COMMON} {PAYING} {ADDRESS} {VALIDITY} {LIMITS} callerReferenceSender "
    "callerReferenceSettlement creditLimit globalAmountLimit",
    "EditToken": f"{COMMON} callerReference tokenID paymentMethod",
}


def made(pipeline: str, **changed: Any) -> Request:
    return PIPELINES[pipeline](**{**RETURN, **LEAST[pipeline], **changed})


def filled(pipeline: str) -> Request:
    """A request with every parameter that there is."""
    values: dict[str, Any] = {
        "payment_method": ["CC"],
        "recipient_token_list": [TOKEN, "B" * 64],
        "cobranding_style": "logo",
        "validity_start": 1,
        "validity_expiry": datetime(2027, 1, 1, tzinfo=timezone.utc),
        "usage_limit_type1": "Amount",
        "usage_limit_value1": "9",
        "usage_limit_period1": "7 Days",
        "usage_limit_type2": "Count",
        "usage_limit_value2": 3,
        "usage_limit_period2": "1 Month",
        "amount_type": "Maximum",
    }
    given = {**RETURN, **LEAST[pipeline]}
    for one in fields(PIPELINES[pipeline]):
        if one.name not in given:
            text = values.get(one.name, "x")
            kind = str(one.type)
            given[one.name] = one.default or values.get(one.name, "1" if "Price" in kind else "bool" in kind or text)
    return PIPELINES[pipeline](**given)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_request_says_the_least_and_no_more(pipeline: str) -> None:
    needless = {"currencyCode"} & set(DOCUMENTED[pipeline].split())
    assert len(made(pipeline).parameters()) == len(RETURN) + len(LEAST[pipeline]) + len(needless)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_request_has_every_parameter_under_its_name(pipeline: str) -> None:
    assert set(filled(pipeline).parameters()) == set(DOCUMENTED[pipeline].split())


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_nothing_that_is_asked_for_may_be_missing(pipeline: str) -> None:
    for name in [*RETURN, *LEAST[pipeline]]:
        with pytest.raises(TypeError, match=name):
            PIPELINES[pipeline](**{key: one for key, one in {**RETURN, **LEAST[pipeline]}.items() if key != name})


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_url_names_the_pipeline_and_is_signed(pipeline: str) -> None:
    url = CBUI(endpoints.CBUI_SANDBOX, "AKID", "SECRET").url(filled(pipeline))
    params = query.unique(query.parse(urlsplit(url).query))
    signature = params.pop("signature")
    assert (params["pipelineName"], params["version"], params["callerKey"]) == (pipeline, "2009-01-09", "AKID")
    hosts = [endpoints.CBUI_HOSTS[1]]
    assert signing.verifies("GET", hosts, endpoints.CBUI_PATH, params, signature, ["SECRET"], "HmacSHA256")


def test_values_as_the_wire_has_them() -> None:
    said = filled("MultiUse").parameters()
    assert (said["recipientTokenList"], said["paymentMethod"]) == (f"{TOKEN},{'B' * 64}", "CC")
    assert (said["validityStart"], said["validityExpiry"]) == ("1", "1798761600")
    assert (said["usageLimitValue1"], said["usageLimitValue2"]) == ("9.00", "3")
    assert said["collectShippingAddress"] == "True"
    fees = made("Recipient", recipient_pays_fee=False).parameters()
    assert (fees["recipientPaysFee"], fees["maxFixedFee"], fees["maxVariableFee"]) == ("False", "0.10", "2.5")


def test_methods_may_come_from_anywhere_once() -> None:
    request = made("MultiUse", payment_method=(kind for kind in ("ABT", "CC")))
    assert request.parameters() == request.parameters()
    assert request.parameters()["paymentMethod"] == "ABT,CC"


@pytest.mark.parametrize(
    ("request_of", "change", "reason"),
    [
        (MultiUse, {"global_amount_limit": "-1"}, "globalAmountLimit"),
        (MultiUse, {"amount_type": "exact"}, "amountType is Exact or Minimum or Maximum"),
        (MultiUse, {"usage_limit_type1": "Amount"}, "usageLimitType1 and usageLimitValue1"),
        (MultiUse, {"usage_limit_value2": 3}, "usageLimitType2 and usageLimitValue2"),
        (MultiUse, {"usage_limit_type1": "Sum", "usage_limit_value1": 1}, "usageLimitType1"),
        (MultiUse, {"usage_limit_type2": "Count", "usage_limit_value2": "1.50"}, "whole number"),
        (MultiUse, {"usage_limit_type2": "Count", "usage_limit_value2": 0}, "whole number"),
        (MultiUse, {"usage_limit_period1": "a week"}, "usageLimitPeriod1"),
        (MultiUse, {"is_recipient_cobranding": True}, "recipientTokenList"),
        (MultiUse, {"recipient_token_list": []}, "recipientTokenList"),
        (MultiUse, {"recipient_token_list": f"{TOKEN},"}, "recipientTokenList"),
        (MultiUse, {"validity_expiry": datetime(2027, 1, 1)}, "time zone"),  # noqa: DTZ001
        (Recurring, {"recurring_period": "0 Months"}, "recurringPeriod"),
        (Recurring, {"recurring_period": "1 Week"}, "recurringPeriod"),
        (Recurring, {"recurring_period": "Month"}, "recurringPeriod"),
        (Recurring, {"currency_code": "EUR"}, "currencyCode"),
        (Recipient, {"max_variable_fee": 101}, "maxVariableFee"),
        (Recipient, {"max_fixed_fee": "0.001"}, "maxFixedFee"),
        (Recipient, {"caller_reference_refund": ""}, "callerReferenceRefund"),
        (SetupPrepaid, {"caller_reference_funding": "x" * 129}, "callerReferenceFunding"),
        (SetupPrepaid, {"funding_amount": "1e2"}, "plain number"),
        (SetupPostpaid, {"credit_limit": "20.001"}, "creditLimit"),
        (EditToken, {"token_id": ""}, "tokenID"),
        (EditToken, {"payment_method": ["GOLD"]}, "GOLD"),
        (SingleUse, {"cobranding_style": "poster"}, "cobrandingStyle"),
    ],
)
def test_what_fps_would_refuse_is_refused_at_once(
    request_of: type[Request], change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        made(request_of.pipeline, **change)


@pytest.mark.parametrize(
    ("pipeline", "change"),
    [
        ("Recipient", {"recipient_pays_fee": "True"}),
        ("SetupPrepaid", {"validity_start": "2026-01-01"}),
        ("SetupPrepaid", {"validity_start": True}),
        ("MultiUse", {"global_amount_limit": 0.5}),
        ("SingleUse", {"payment_reason": 7}),
    ],
)
def test_what_is_of_another_kind_is_refused_at_once(pipeline: str, change: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        made(pipeline, **change)


def test_a_percentage_may_be_a_decimal() -> None:
    assert made("Recipient", max_variable_fee=Decimal("12.345")).parameters()["maxVariableFee"] == "12.345"
