from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from flask_fps.protocol import endpoints
from flask_fps.protocol import query
from flask_fps.protocol import signing
from flask_fps.protocol.cbui import CBUI
from flask_fps.protocol.cbui import SingleUse

WISH: dict[str, Any] = {
    "caller_reference": "DigitalDownload1177495829105",
    "return_url": "https://myWebStore.com/return?ref=a%20b",
    "transaction_amount": "0.10",
}


def params_of(url: str) -> dict[str, str]:
    return query.unique(query.parse(urlsplit(url).query))


def test_the_url_carries_what_the_documents_ask_for() -> None:
    cbui = CBUI(endpoints.CBUI_SANDBOX, "AKID", "SECRET")
    url = cbui.single_use(**WISH, payment_reason="Now and Forever - Richard Marx", payment_method=("ABT", "ACH", "CC"))
    params = params_of(url)
    signature = params.pop("signature")
    assert url.startswith("https://authorize.payments-sandbox.amazon.com/cobranded-ui/actions/start?callerKey=AKID&")
    assert params == {
        "callerKey": "AKID",
        "pipelineName": "SingleUse",
        "version": "2009-01-09",
        "callerReference": "DigitalDownload1177495829105",
        "returnURL": "https://myWebStore.com/return?ref=a%20b",
        "transactionAmount": "0.10",
        "paymentReason": "Now and Forever - Richard Marx",
        "paymentMethod": "ABT,ACH,CC",
        "currencyCode": "USD",
        "signatureVersion": "2",
        "signatureMethod": "HmacSHA256",
    }
    hosts = ["authorize.payments-sandbox.amazon.com"]
    assert signing.verifies("GET", hosts, endpoints.CBUI_PATH, params, signature, ["SECRET"], "HmacSHA256")


def test_signs_as_the_reference_does() -> None:
    """The published string, with the parameters in this order, signed by an independent hand."""
    cbui = CBUI(endpoints.CBUI_SANDBOX, "AKIDEXAMPLE", "SECRET")
    url = cbui.single_use(
        caller_reference="ref-1",
        return_url="https://shop.example/return?a=1&b=c d",
        transaction_amount=Decimal("0.1"),
        payment_reason="Now and Forever - Richard Marx",
        payment_method="ABT,ACH,CC",
        currency_code=None,
    )
    assert params_of(url)["signature"] == "b+KouH0DtpD7S2+v5dosT/Cs3JhaGTBeBke9AQq2CRA="


@pytest.mark.parametrize(
    ("options", "signature"),
    [
        ({"algorithm": "HmacSHA1"}, "JOKxEmQ35tMJspOmilybsKHI7f4="),
        ({"signature_version": "1"}, "Ysyv+zD8/A4gVAqi/6j5DYawMGY="),
    ],
)
def test_signs_for_older_services(options: dict[str, str], signature: str) -> None:
    cbui = CBUI(endpoints.CBUI_SANDBOX, "AKIDEXAMPLE", "SECRET", **options)
    request = SingleUse(
        caller_reference="ref-1",
        return_url="https://shop.example/return?a=1&b=c d",
        transaction_amount="0.10",
        payment_reason="Now and Forever - Richard Marx",
        payment_method=["ABT", "ACH", "CC"],
        currency_code=None,
    )
    assert params_of(cbui.url(request))["signature"] == signature


def test_signs_the_port_of_a_local_server() -> None:
    url = CBUI("http://127.0.0.1:8042/cobranded-ui/actions/start", "AKID", "SECRET").single_use(**WISH)
    params = params_of(url)
    signature = params.pop("signature")
    for host, good in (("127.0.0.1:8042", True), ("127.0.0.1", False)):
        assert signing.verifies("GET", [host], endpoints.CBUI_PATH, params, signature, ["SECRET"], "HmacSHA256") is good


def test_every_parameter_has_its_name() -> None:
    price, text = Decimal(1), "x"
    request = SingleUse(
        **WISH,
        payment_reason=text,
        payment_method=["CC"],
        recipient_token=text,
        is_recipient_cobranding=True,
        reserve=False,
        item_total=price,
        shipping=price,
        handling=price,
        gift_wrapping=price,
        discount=price,
        tax=1,
        address_name=text,
        address_line1=text,
        address_line2=text,
        city=text,
        state=text,
        country=text,
        zip=text,
        phone_number=text,
        collect_shipping_address=True,
        cobranding_style="logo",
        cobranding_url=text,
        website_description=text,
        collect_email_address=True,
        disable_guest=True,
    )
    parameters = request.parameters()
    assert len(parameters) == len(fields(SingleUse))
    assert {name for name, value in parameters.items() if value == text} == {
        *("paymentReason", "recipientToken", "addressName", "addressLine1", "addressLine2", "city", "state", "country"),
        *("zip", "phoneNumber", "cobrandingUrl", "websiteDescription"),
    }
    assert {name for name, value in parameters.items() if value == "1.00"} == {
        *("itemTotal", "shipping", "handling", "giftWrapping", "discount", "tax"),
    }
    assert {name for name, value in parameters.items() if value == "True"} == {
        *("isRecipientCobranding", "collectShippingAddress", "collectEmailAddress", "disableGuest"),
    }
    assert (parameters["reserve"], parameters["cobrandingStyle"]) == ("False", "logo")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"caller_reference": ""}, "callerReference"),
        ({"caller_reference": "x" * 129}, "callerReference"),
        ({"caller_reference": "é" * 65}, "callerReference"),
        ({"return_url": "/return"}, "returnURL"),
        ({"return_url": "javascript:alert(1)"}, "returnURL"),
        ({"return_url": "https://shop.example/return?status=SA"}, "'status'"),
        ({"return_url": "https://shop.example/return?token%49D=x"}, "'tokenID'"),
        ({"transaction_amount": "-1"}, "transactionAmount"),
        ({"transaction_amount": "0.001"}, "transactionAmount"),
        ({"transaction_amount": "29.4847"}, "transactionAmount"),
        ({"transaction_amount": "1e2"}, "plain number"),
        ({"transaction_amount": "1,00"}, "plain number"),
        ({"transaction_amount": " 10"}, "plain number"),
        ({"transaction_amount": "１"}, "plain number"),
        ({"transaction_amount": Decimal("NaN")}, "plain number"),
        ({"transaction_amount": Decimal("Infinity")}, "plain number"),
        ({"transaction_amount": 10**30}, "plain number"),
        ({"shipping": "0.001"}, "shipping"),
        ({"payment_method": []}, "paymentMethod"),
        ({"payment_method": ["VISA", "CC"]}, "VISA"),
        ({"payment_method": "cc"}, "cc"),
    ],
)
def test_what_the_service_would_refuse_later_is_refused_at_once(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SingleUse(**{**WISH, **change})


def test_a_price_is_never_a_float() -> None:
    with pytest.raises(TypeError, match="Decimal"):
        SingleUse(**{**WISH, "transaction_amount": 0.1})


def test_there_are_two_signature_versions() -> None:
    with pytest.raises(ValueError, match="signature version"):
        CBUI(endpoints.CBUI_SANDBOX, "AKID", "SECRET", signature_version="0")


def test_the_secret_is_not_shown() -> None:
    assert "SECRET" not in repr(CBUI(endpoints.CBUI_SANDBOX, "AKID", "SECRET"))
