"""The signature of 2007 in the URL form: by the recorded clients, on requests and on returns."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from collections.abc import Iterable
from urllib.parse import quote
from urllib.parse import quote_plus
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.errors import InvalidSignature
from flask_fps.protocol import outbound
from flask_fps.protocol import query
from flask_fps.protocol import signing
from flask_fps.protocol.cbui import CBUI
from flask_fps.protocol.cbui import SingleUse
from flask_fps.protocol.outbound import AwsSignature
from flask_fps.protocol.outbound import HmacV1

PATH = "/cobranded-ui/actions/start"
ENDPOINT = f"https://authorize.payments-sandbox.amazon.com{PATH}"
#: FPyS 0.5, its own test.
FPYS = {
    "callerKey": "not_really_an_id",
    "callerReference": "a_caller_reference",
    "paymentReason": "a_payment_reason",
    "pipelineName": "SingleUse",
    "returnURL": "http://localhost/capture",
    "transactionAmount": "1000.00",
}
#: The use case of 2007: its return URL has capitalised names and a space of its own.
RETURN_URL = (
    "http://127.0.0.1:5000/amazonfpssdk/usecases/digitalDownload/paymentDetails.jsp"
    "?PaymentAmount=0.10&Download=Now+and+Forever+-+Richard+Marx&uniqueId=1177495829105"
)
SECRET = "sandbox/demo+secret=not~a~real~key0000001"
ANSWER = {"status": "SA", "tokenID": "A5BB" * 16, "callerReference": "DigitalDownload1177495829105"}


def mac(text: str, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def test_the_recorded_signature_of_fpys() -> None:
    assert signing.sign_url_form(ENDPOINT, FPYS, "not_really_a_key") == "YPZuDMlQVcoqSd4Li9B3o+o3w2s="


def test_a_request_of_2007_says_nothing_of_versions() -> None:
    cbui = CBUI(ENDPOINT, "not_really_an_id", "not_really_a_key", signature_version="awsSignature")
    wish = SingleUse(
        caller_reference="a_caller_reference",
        payment_reason="a_payment_reason",
        return_url="http://localhost/capture",
        transaction_amount="1000.00",
        currency_code=None,
    )
    sent = dict(query.parse(urlsplit(cbui.url(wish)).query))
    assert sent == {**FPYS, "awsSignature": "YPZuDMlQVcoqSd4Li9B3o+o3w2s="}


Form = Callable[[Iterable[tuple[str, str]]], str]
FORMS: dict[str, Form] = {
    "FPYS, Murty": lambda pairs: "&".join(f"{quote(n, safe='-_.')}={quote(v, safe='-_.')}" for n, v in pairs),
    "Java URLEncoder": lambda pairs: "&".join(
        f"{quote_plus(n, safe='-_.*')}={quote_plus(v, safe='-_.*')}" for n, v in pairs
    ),
    "boto 1.x": lambda pairs: urlencode(list(pairs)),
    "RFC 3986": lambda pairs: "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs),
}
ODD = {**FPYS, "paymentReason": "Now & *Forever* ~ Marx", "Download": "x y"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ignoring_case", [True, False])
def test_every_form_of_the_time_is_accepted(form: str, ignoring_case: bool) -> None:
    pairs = sorted(ODD.items(), key=(lambda pair: pair[0].lower()) if ignoring_case else None)
    signature = mac(f"{PATH}?{FORMS[form](pairs)}".replace("~", "%7E" if form != "RFC 3986" else "~"))
    assert signing.verifies_any_url_form(PATH, ODD, "", signature, ["other", SECRET])
    assert not signing.verifies_any_url_form(PATH, {**ODD, "transactionAmount": "1.00"}, "", signature, [SECRET])


def test_a_query_signed_as_it_was_sent_is_accepted() -> None:
    raw = "callerKey=a&paymentReason=%4eow"
    assert signing.verifies_any_url_form(PATH, {"callerKey": "a"}, raw, mac(f"{PATH}?{raw}"), [SECRET])


def test_the_return_is_signed_as_murty_and_fpys_check_it() -> None:
    """They sort ignoring case, write a space as ``%20``, and take the signature as it stands in the URL."""
    url = outbound.url_signed_as_in_2007(ANSWER, SECRET, RETURN_URL)
    assert url.startswith(RETURN_URL + "&status=SA&")
    sent, _, signature = url.partition("&awsSignature=")
    pairs = sorted(query.parse(urlsplit(sent).query), key=lambda pair: pair[0].lower())
    assert signature == mac(f"{urlsplit(RETURN_URL).path}?{FORMS['FPYS, Murty'](pairs)}")


def test_the_return_may_be_encoded_for_listeners_that_decode_it() -> None:
    raw = outbound.url_signed_as_in_2007(ANSWER, SECRET, RETURN_URL)
    encoded = outbound.url_signed_as_in_2007(ANSWER, SECRET, RETURN_URL, escape=True)
    assert dict(query.parse(urlsplit(encoded).query))["awsSignature"] == raw.partition("&awsSignature=")[2]


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=4), st.booleans())
def test_a_return_is_believed_as_it_came_and_not_otherwise(more: dict[str, str], escape: bool) -> None:
    more = {f"x{name}": value for name, value in more.items()}
    url = outbound.url_signed_as_in_2007({**more, **ANSWER}, SECRET, RETURN_URL, escape=escape)
    raw = urlsplit(url).query
    judge = AwsSignature([SECRET])
    assert outbound.verified_return(raw, RETURN_URL, judge).token_id == ANSWER["tokenID"]
    with pytest.raises(InvalidSignature):
        outbound.verified_return(raw.replace("status=SA", "status=SC"), RETURN_URL, judge)
    with pytest.raises(InvalidSignature):
        outbound.verified_return(raw, RETURN_URL, AwsSignature(["another secret"]))


def test_a_message_cannot_choose_how_it_is_judged() -> None:
    """One judge, the configured one: what carries another signature beside or instead is refused."""
    url = outbound.url_signed_as_in_2007(ANSWER, SECRET, RETURN_URL)
    raw = urlsplit(url).query
    with pytest.raises(InvalidSignature):
        outbound.verified_return(raw, RETURN_URL, HmacV1([SECRET]))
    own = dict(query.parse(urlsplit(RETURN_URL).query))
    v1 = query.join({**own, **outbound.sign_outbound_v1(ANSWER, SECRET, return_url=RETURN_URL)})
    with pytest.raises(InvalidSignature):
        outbound.verified_return(v1, RETURN_URL, AwsSignature([SECRET]))
    for name in ("signature", "signatureVersion", "certificateUrl"):
        with pytest.raises(InvalidSignature):
            outbound.verified_return(f"{raw}&{name}=2", RETURN_URL, AwsSignature([SECRET]))


def test_there_were_no_notifications_in_2007() -> None:
    params = {**ANSWER, "awsSignature": signing.sign_url_form(RETURN_URL, ANSWER, SECRET)}
    assert AwsSignature([SECRET]).verify("GET", RETURN_URL, params, "") is True
    assert AwsSignature([SECRET]).verify("POST", RETURN_URL, params, "") is False
