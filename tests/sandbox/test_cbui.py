"""The co-branded pages: who gets in, every step, every way out, and never more than one token."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from urllib.parse import urlsplit

import pytest
from flask import Flask

from flask_fps.errors import InvalidSignature
from flask_fps.money import Money
from flask_fps.protocol import demo
from flask_fps.protocol import outbound
from flask_fps.protocol import query
from flask_fps.protocol import signing
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.bank.records import Method
from flask_fps.sandbox.server import SandboxServer
from flask_fps.sandbox.settings import Settings
from flask_fps.testing.pages import Page
from tests.decency import complaints
from tests.sandbox.browsing import BASE
from tests.sandbox.browsing import Browser
from tests.sandbox.browsing import request_url
from tests.sandbox.browsing import RETURN_URL
from tests.sandbox.browsing import sandbox_app
from tests.sandbox.browsing import START

VECTORS = Path(__file__).parent.parent / "data" / "vectors"
JUDGE = outbound.PinnedCertificate(demo.CERTIFICATE_PEM, Settings(base_url=BASE).certificate_url)


@pytest.fixture
def app(bank: Bank) -> Flask:
    return sandbox_app(bank)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


def back(url: str) -> outbound.Return:
    """What the shop reads from the URL the buyer came back to, once its signature was checked."""
    return outbound.verified_return(urlsplit(url).query, RETURN_URL, JUDGE)


def signed(params: dict[str, str], algorithm: str = signing.HMAC_SHA256) -> str:
    """A URL of signature version 2 with exactly these parameters, right or wrong, in the demo seller's name."""
    sent = {"callerKey": demo.ACCESS_KEY, "signatureVersion": "2", "signatureMethod": algorithm} | params
    signature = signing.sign("GET", START, sent, demo.SECRET_KEY, algorithm)
    return f"{START}?{query.join({**sent, 'signature': signature})}"


def signed_v1(params: dict[str, str]) -> str:
    sent = {"callerKey": demo.ACCESS_KEY} | params
    return f"{START}?{query.join({**sent, 'signature': signing.sign_v1(sent, demo.SECRET_KEY)})}"


def wish(**changed: str | None) -> dict[str, str]:
    """The parameters of an ordinary request; ``None`` leaves one out."""
    given: dict[str, str | None] = {
        "pipelineName": "SingleUse",
        "version": "2009-01-09",
        "callerReference": "order-1",
        "returnURL": RETURN_URL,
        "transactionAmount": "0.10",
        "paymentMethod": "ABT,ACH,CC",
    }
    return {name: value for name, value in (given | changed).items() if value is not None}


# ---------------------------------------------------------------- what foreign clients sent


def recorded() -> list[dict[str, Any]]:
    found = []
    for name in ("boto", "php"):
        vectors = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))["vectors"]
        found += [vector for vector in vectors if vector["kind"] == "cbui"]
    return found


@pytest.fixture(scope="module")
def listening() -> Iterator[SandboxServer]:
    with SandboxServer(port=0, ticking=False) as running:
        yield running


def sent_to(listening: SandboxServer, vector: dict[str, Any], target: str, secret: str) -> tuple[int, str, str]:
    """Status, address and text of what these bytes end at; the vector's access key belongs to a fresh bank."""
    listening.reset()
    listening.bank.accounts.open(
        Account(
            email="caller@example.com",
            name="Caller",
            balance=Money(0, "USD"),
            access_key=vector["access_key"],
            secret_key=secret,
        )
    )
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(listening.url).port or 0, timeout=10)
    try:
        where = target
        for _ in range(3):
            connection.putrequest("GET", where, skip_host=True)
            connection.putheader("Host", vector["host_header"])
            connection.endheaders()
            response = connection.getresponse()
            text = response.read().decode()
            if response.status != 302:
                break
            parts = urlsplit(response.headers["Location"])
            where = parts.path
        return response.status, where, text
    finally:
        connection.close()


@pytest.mark.parametrize("vector", recorded(), ids=lambda vector: f"{vector['client']}: {vector['case']}")
def test_a_recorded_request_reaches_the_sign_in_page(listening: SandboxServer, vector: dict[str, Any]) -> None:
    target = vector["url"].partition("://")[2].partition("/")[2]
    status, where, text = sent_to(listening, vector, f"/{target}", vector["secret_key"])
    assert (status, where.rpartition("/")[2]) == (200, "sign-in")
    assert "Sign in to pay Caller" in text


@pytest.mark.parametrize("vector", recorded(), ids=lambda vector: f"{vector['client']}: {vector['case']}")
def test_a_recorded_request_that_was_changed_reaches_the_error_page(
    listening: SandboxServer, vector: dict[str, Any]
) -> None:
    target = "/" + vector["url"].partition("://")[2].partition("/")[2]
    assert sent_to(listening, vector, target, vector["secret_key"] + "x")[0] == 400
    path, _, raw = target.partition("?")
    for name, value in parse_qsl(raw, keep_blank_values=True):
        if name == "callerKey":
            continue
        others = [pair for pair in query.parse(raw) if pair[0] != name]
        for changed in ([(name, value + "1")], [(name + "x", value)], []):
            bytes_sent = f"{path}?{query.join(tuple(others + changed))}"
            status, _, text = sent_to(listening, vector, bytes_sent, vector["secret_key"])
            assert status == 400, f"{name} may be changed to {changed}"
            assert "Invalid Request" in text


# ---------------------------------------------------------------- the error page


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (signed(wish()).replace("0.10", "0.01"), "Invalid Signature"),
        (f"{START}?{query.join({'callerKey': demo.ACCESS_KEY} | wish())}", "Invalid Signature"),
        (signed(wish()).replace("signatureVersion=2", "signatureVersion=1"), "Invalid Signature"),
        (signed(wish(signatureVersion="3")), "Invalid Signature"),
        (signed(wish(signatureVersion="")), "Invalid Signature"),
        (signed(wish(awsSignature="x")), "Invalid Signature"),
        (signed(wish()).replace("signatureMethod", "SignatureMethod"), "[signatureMethod]"),
        (signed(wish(callerKey="AKIASOMEBODYELSE")), "[callerKey]"),
        (signed(wish(callerKey="")), "[callerKey]"),
        (signed(wish(returnURL=None)), "[returnURL]"),
        (signed(wish(returnURL="/relative")), "[returnURL]"),
        (signed(wish(returnURL="javascript:alert(1)")), "[returnURL]"),
        (signed(wish(returnURL="http://[bad/")), "[returnURL]"),
        (signed(wish(returnURL="http://shop.example:99999999/")), "[returnURL]"),
        (signed(wish(returnURL="http://shop.example/\r\nSet-Cookie: a=b")), "[returnURL]"),
        (signed(wish(returnURL="http://shop.example\\@evil.example/")), "[returnURL]"),
        (signed(wish(returnURL="http://shop.example/?status=SA")), "[returnURL]"),
        (signed(wish(returnURL="http://shop.example/?a=1&a=2")), "[returnURL]"),
        (signed(wish(pipelineName=None)), "[pipelineName]"),
        (signed(wish(pipelineName="singleuse")), "[pipelineName]"),
        (signed(wish(version="2010-01-01")), "[version]"),
        (signed(wish(callerReference=None)), "are not well formed:[callerReference]"),
        (f"{signed(wish())}&paymentReason=a&paymentReason=b", "repeated"),
        (f"{signed(wish())}&paymentReason=%FF", "UTF-8"),
        (signed(wish(paymentReason="a" * 9000)), "too long"),
        (START, "Invalid Signature"),
    ],
)
def test_a_request_that_nobody_can_answer_gets_the_error_page(
    browser: Browser, bank: Bank, url: str, said: str
) -> None:
    answer = browser.ask(url)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert '<h1 id="title">Invalid Request</h1>' in text
    assert "Caller Input Exception: " in text
    assert said in text
    assert not bank.tokens.all()


def test_a_posted_request_is_no_request(browser: Browser) -> None:
    answer = browser.ask(request_url(), [])
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_what_a_stranger_wrote_is_shown_as_text(browser: Browser) -> None:
    page = browser.open(request_url(payment_reason='<script src="x">alert(1)</script> <b>Song</b> 1 < 2 > 0 <!'))
    text = browser.ask(page.url).get_data(as_text=True)
    assert "script" not in text.partition("<main")[2]
    assert "<b>" not in text
    assert "<bdi>alert(1)   Song  1 &lt; 2 &gt; 0 &lt;!</bdi>" in text


# ---------------------------------------------------------------- eras and names


@pytest.mark.parametrize("algorithm", [signing.HMAC_SHA256, signing.HMAC_SHA1])
def test_both_algorithms_of_version_2_are_taken(browser: Browser, algorithm: str) -> None:
    assert browser.open(signed(wish(), algorithm)).form("password")


@pytest.mark.parametrize("said", [{}, {"signatureVersion": "1", "signatureMethod": "HmacSHA256"}])
def test_a_request_of_version_1_is_answered_by_version_1(browser: Browser, said: dict[str, str]) -> None:
    url = browser.approve(signed_v1(wish(**said)))
    params = dict(query.parse(urlsplit(url).query))
    assert set(params) == {"ref", "status", "tokenID", "callerReference", "signature"}
    judge = outbound.HmacV1([demo.SECRET_KEY])
    assert outbound.verified_return(urlsplit(url).query, RETURN_URL, judge).status == "SA"


@pytest.mark.parametrize(
    ("name", "alias"), [("returnURL", "returnUrl"), ("callerKey", "accessKey"), ("callerReference", "CallerReference")]
)
def test_names_that_clients_of_the_time_sent(browser: Browser, name: str, alias: str) -> None:
    params = {"callerKey": demo.ACCESS_KEY} | wish()
    params[alias] = params.pop(name)
    params |= {"signatureVersion": "2", "signatureMethod": signing.HMAC_SHA256}
    signature = signing.sign("GET", START, params, demo.SECRET_KEY)
    url = browser.approve(f"{START}?{query.join({**params, 'signature': signature})}")
    assert back(url).caller_reference == "order-1"


def test_an_alias_counts_only_where_the_name_is_absent(browser: Browser) -> None:
    url = browser.approve(signed(wish(CallerReference="another")))
    assert back(url).caller_reference == "order-1"


# ---------------------------------------------------------------- the steps


def test_john_signs_in_chooses_a_method_and_confirms(browser: Browser, bank: Bank) -> None:
    page = browser.open(request_url())
    assert page.heading == "Sign in to pay DigitalDownload"
    page = browser.sign_in(page)
    assert page.heading == "Choose how to pay"
    form = page.form("paymentMethod")
    assert form is not None
    assert form.choices["paymentMethod"] == ["ABT", "ACH", "CC"]
    assert form.value("paymentMethod") == "ABT"
    page = browser.go(page, "paymentMethod", paymentMethod="ABT")
    assert page.heading == "Confirm your payment"
    shown = browser.html
    for text in ("$0.10", "DigitalDownload", "Now and Forever - Richard Marx", "Account balance", "john@example.com"):
        assert text in shown
    returned = back(browser.leave(page, "confirm"))
    [token] = bank.tokens.all()
    assert (returned.status, returned.token_id, returned.caller_reference) == ("SA", token.token_id, "order-1")
    assert (token.sender, token.amount, token.method) == ("john@example.com", Money(10, "USD"), "ABT")
    assert bank.account("john@example.com").balance == Money(100_000, "USD"), "authorising moves no money"


def test_jane_has_a_default_and_is_not_asked(browser: Browser) -> None:
    page = browser.sign_in(browser.open(request_url()), "jane")
    assert page.heading == "Confirm your payment"
    returned = back(browser.leave(page, "confirm"))
    assert (returned.status, returned.expiry) == ("SC", "05/2032")


def test_jane_may_take_another_method_this_once(browser: Browser, bank: Bank) -> None:
    page = browser.sign_in(browser.open(request_url()), "jane")
    page = browser.open(page.link("Change") or "")
    page = browser.go(page, "paymentMethod", paymentMethod="ACH")
    returned = back(browser.leave(page, "confirm"))
    assert (returned.status, returned.expiry) == ("SB", None)
    assert bank.account("jane@example.com").default_method == "CC"


def test_a_default_that_the_shop_does_not_take_is_no_default(browser: Browser) -> None:
    page = browser.sign_in(browser.open(request_url(payment_method=("ABT", "ACH"))), "jane")
    form = page.form("paymentMethod")
    assert form is not None
    assert form.choices["paymentMethod"] == ["ABT", "ACH"]
    assert (
        browser.ask(f"{page.url.rpartition('/')[0]}/confirm?paymentMethod=CC")
        .headers["Location"]
        .endswith("/payment-method")
    )


def test_a_wrong_password_is_told_and_nothing_else(browser: Browser, bank: Bank) -> None:
    page = browser.go(browser.open(request_url()), "password", email="john@example.com", password="jane")
    assert page.status == 400
    assert page.alert == "This e-mail address and password do not belong together."
    form = page.form("email")
    assert form is not None
    assert (form.value("email"), form.value("password")) == ("john@example.com", "")
    assert browser.approve(page.url), "the run goes on"


def test_who_is_signed_in_is_not_asked_again_but_may_say_that_it_is_not_him(browser: Browser, bank: Bank) -> None:
    browser.approve(request_url("first"))
    page = browser.open(request_url("second"))
    assert page.heading == "Choose how to pay"
    assert "john@example.com" in browser.ask(page.url).get_data(as_text=True)
    page = browser.open(page.link("Not you?") or "")
    assert page.heading == "Sign in to pay DigitalDownload"
    browser.leave(browser.sign_in(page, "jane"), "confirm")
    assert [token.sender for token in bank.tokens.all()] == ["john@example.com", "jane@example.com"]


def test_amount_parts_and_address_are_shown(browser: Browser) -> None:
    url = request_url(item_total="0.07", tax="0.03", address_name="John Doe", city="Seattle", transaction_amount="0.10")
    browser.go(browser.sign_in(browser.open(url)), "paymentMethod", paymentMethod="CC")
    shown = browser.html
    for text in ("$0.07", "$0.03", "John Doe<br>Seattle", "Visa ending in 1111"):
        assert text in shown


def test_a_step_asks_for_the_sign_in_first(browser: Browser) -> None:
    run = browser.open(request_url()).url.rpartition("/")[0]
    for step in ("payment-method", "confirm"):
        assert browser.open(f"{run}/{step}").heading == "Sign in to pay DigitalDownload"


# ---------------------------------------------------------------- ways out


@pytest.mark.parametrize("step", ["password", "paymentMethod", "confirm"])
def test_cancel_at_every_step(browser: Browser, bank: Bank, step: str) -> None:
    page = browser.open(request_url())
    if step != "password":
        page = browser.sign_in(page)
    if step == "confirm":
        page = browser.go(page, "paymentMethod")
    assert page.form(step)
    returned = back(browser.leave(page, "cancel"))
    assert returned.status == "A"
    assert set(returned.params) == {
        *("ref", "status"),
        *("signature", "signatureVersion", "signatureMethod", "certificateUrl"),
    }
    assert not bank.tokens.all()


def test_a_cancelled_run_stays_cancelled(browser: Browser, bank: Bank) -> None:
    page = browser.go(browser.sign_in(browser.open(request_url())), "paymentMethod")
    first = browser.leave(page, "cancel")
    assert back(browser.leave(page, "confirm")).status == back(first).status == "A"
    late = browser.open(page.url)
    assert (late.status, late.heading) == (410, "This payment was cancelled")
    assert back(late.link("Return to DigitalDownload") or "").status == "A"
    assert not bank.tokens.all()


def test_a_second_click_gets_the_same_token(browser: Browser, bank: Bank) -> None:
    page = browser.go(browser.sign_in(browser.open(request_url())), "paymentMethod")
    first, second = browser.leave(page, "confirm"), browser.leave(page, "confirm")
    assert back(first).token_id == back(second).token_id
    assert back(browser.leave(page, "cancel")).token_id == back(first).token_id
    assert len(bank.tokens.all()) == 1


def test_back_to_a_page_of_a_run_that_ended(browser: Browser, bank: Bank) -> None:
    run = browser.open(request_url()).url.rpartition("/")[0]
    token = back(browser.approve(f"{run}/sign-in")).token_id
    for step in ("sign-in", "payment-method", "confirm"):
        page = browser.open(f"{run}/{step}")
        assert (page.status, page.heading) == (410, "You have already approved this payment")
        assert back(page.link("Return to DigitalDownload") or "").token_id == token


def test_another_person_is_not_given_the_token(app: Flask, browser: Browser) -> None:
    run = browser.open(request_url()).url.rpartition("/")[0]
    browser.approve(f"{run}/sign-in")
    for name in ("jane", None):
        stranger = Browser(app)
        if name:
            stranger.sign_in(stranger.open(request_url(f"of {name}")), name)
        page = stranger.open(f"{run}/confirm")
        assert page.status == 410
        assert page.link("Return to") is None


def test_a_reference_whose_run_goes_on_goes_on(browser: Browser) -> None:
    assert browser.open(request_url()).url == browser.open(request_url()).url


@pytest.mark.parametrize("ends", ["confirm", "cancel"])
def test_the_same_request_after_the_end_is_np(browser: Browser, bank: Bank, ends: str) -> None:
    page = browser.go(browser.sign_in(browser.open(request_url())), "paymentMethod")
    browser.leave(page, ends)
    returned = back(str(browser.visit(request_url())))
    assert (returned.status, returned.token_id) == ("NP", None)
    assert returned.error_message == "User Error: The pipeline was aborted and restarted"


def test_the_same_reference_with_other_values_is_ce(browser: Browser) -> None:
    browser.open(request_url())
    returned = back(str(browser.visit(request_url(transaction_amount="0.20"))))
    assert (returned.status, returned.caller_reference) == ("CE", "order-1")
    assert returned.error_message == "The following input(s) are not well formed: [callerReference]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transactionAmount", None),
        ("transactionAmount", "-1"),
        ("transactionAmount", "0.001"),
        ("transactionAmount", "1e3"),
        ("transactionAmount", "99999999"),
        ("currencyCode", "EUR"),
        ("paymentMethod", "ABT,GOLD"),
        ("tax", "free"),
        ("callerReference", "r" * 129),
    ],
)
def test_a_bad_value_is_ce(browser: Browser, name: str, value: str | None) -> None:
    returned = back(str(browser.visit(signed(wish(**{name: value})))))
    assert returned.status == "CE"
    assert returned.error_message == f"The following input(s) are not well formed: [{name}]"


def test_nobody_pays_himself(browser: Browser) -> None:
    page = browser.open(request_url())
    returned = back(browser.leave(page, "password", email=demo.SELLER_EMAIL, password="seller"))
    assert returned.status == "NP"


def test_who_is_signed_in_as_the_recipient_is_asked_to_be_somebody_else(browser: Browser) -> None:
    browser.leave(browser.open(request_url()), "password", email=demo.SELLER_EMAIL, password="seller")
    page = browser.open(request_url("another"))
    assert "the account to be paid" in page.alert
    assert browser.sign_in(page).heading == "Choose how to pay"


def test_a_buyer_without_an_allowed_method_is_pe(browser: Browser, bank: Bank) -> None:
    bank.accounts.open(
        Account(
            email="poor@example.com",
            name="Poor",
            password="poor",
            balance=Money(0, "USD"),
            methods=(Method("ABT", "Account balance"),),
        )
    )
    page = browser.open(request_url(payment_method=("CC",)))
    returned = back(browser.leave(page, "password", email="poor@example.com", password="poor"))
    assert (returned.status, returned.token_id) == ("PE", None)
    page = browser.open(request_url("another", payment_method=("CC",)))
    assert "no payment method that DigitalDownload takes" in page.alert
    assert browser.sign_in(page, "jane").heading == "Confirm your payment"


# ---------------------------------------------------------------- forms that are not ours


def test_a_form_from_elsewhere_changes_nothing(browser: Browser, bank: Bank) -> None:
    page = browser.go(browser.sign_in(browser.open(request_url())), "paymentMethod")
    for token in ([], [("csrf_token", "")], [("csrf_token", "made.up")]):
        for button in ("confirm", "cancel"):
            sent = [("payer", "john@example.com"), ("paymentMethod", "ABT"), (button, "yes"), *token]
            answer = browser.ask(page.url, sent)
            assert answer.status_code == 409
            assert "open for too long" in answer.get_data(as_text=True)
    assert not bank.tokens.all()
    assert back(browser.leave(page, "confirm")).authorized


def test_a_sign_in_form_from_elsewhere_signs_nobody_in(browser: Browser) -> None:
    page = browser.open(request_url())
    answer = browser.ask(page.url, [("email", "john@example.com"), ("password", "john")])
    assert answer.status_code == 400
    assert browser.open(page.url).heading == "Sign in to pay DigitalDownload"


def test_the_payer_is_who_the_page_named(browser: Browser, bank: Bank) -> None:
    page = browser.go(browser.sign_in(browser.open(request_url())), "paymentMethod")
    other = browser.open(f"{page.url.rpartition('/')[0]}/sign-in?again=1")
    jane = browser.sign_in(other, "jane")
    form = jane.form("confirm")
    assert form is not None
    sent = [("csrf_token", form.value("csrf_token") or ""), ("payer", "john@example.com"), ("paymentMethod", "ABT")]
    answer = browser.ask(page.url, sent)
    assert answer.status_code == 409
    assert "now signed in as jane@example.com" in answer.get_data(as_text=True)
    assert not bank.tokens.all()


def test_a_method_that_was_not_offered_is_not_taken(browser: Browser, bank: Bank) -> None:
    page = browser.sign_in(browser.open(request_url(payment_method=("ABT",))))
    refused = browser.go(page, "paymentMethod", paymentMethod="CC")
    assert (refused.status, refused.alert) == (400, "Please choose how to pay.")
    confirm = browser.go(page, "paymentMethod", paymentMethod="ABT")
    kept = browser.go(confirm, "confirm", paymentMethod="CC")
    assert kept.heading == "Choose how to pay"
    assert not bank.tokens.all()


@pytest.mark.parametrize("step", ["sign-in", "payment-method", "confirm"])
def test_a_run_that_is_not_there(browser: Browser, step: str) -> None:
    for run in ("0" * 32, "%00", "a" * 500):
        page = browser.open(f"{BASE}/cobranded-ui/runs/{run}/{step}")
        assert (page.status, page.heading) == (404, "We do not know this payment")


# ---------------------------------------------------------------- the answer on the wire


def test_the_answer_is_signed_over_the_return_urls_own_parameters(browser: Browser) -> None:
    url = browser.approve(request_url())
    assert url.startswith(f"{RETURN_URL}&status=SA&")
    back(url)
    with pytest.raises(InvalidSignature):
        back(url.replace("ref=a%20b", "ref=a%20c"))
    with pytest.raises(InvalidSignature):
        back(url.replace("status=SA", "status=SC"))


def test_a_return_url_with_spaces_is_taken_as_the_client_means_it(browser: Browser) -> None:
    return_url = "http://shop.example/back here/?a=b c&d=e+f"
    url = browser.approve(signed(wish(returnURL=return_url)))
    assert url.startswith("http://shop.example/back%20here/?a=b%20c&d=e+f&status=SA")
    outbound.verified_return(urlsplit(url).query, return_url, JUDGE)


def test_the_answer_stands_before_a_fragment(browser: Browser) -> None:
    url = browser.approve(signed(wish(returnURL="http://shop.example/back#there")))
    assert url.startswith("http://shop.example/back?status=SA")
    assert url.endswith("#there")


def test_the_signature_comes_in_lines_and_the_certificate_with_a_request_id(bank: Bank) -> None:
    params = back(Browser(sandbox_app(bank)).approve(request_url())).params
    assert [len(line) for line in params["signature"].split("\n")][:2] == [76, 76]
    address, _, tail = params["certificateUrl"].partition("?")
    assert address == f"{BASE}/certs/090911/PKICert.pem"
    assert tail.startswith("requestId=")


def test_a_sandbox_that_signs_in_one_line(bank: Bank) -> None:
    settings = replace(Settings(base_url=BASE), wrap=None, request_id_in_certificate_url=False)
    params = back(Browser(sandbox_app(bank, settings)).approve(request_url())).params
    assert "\n" not in params["signature"]
    assert params["certificateUrl"] == f"{BASE}/certs/090911/PKICert.pem"


# ---------------------------------------------------------------- every page


def pages_of_a_run(browser: Browser) -> Iterator[Page]:
    page = browser.open(request_url())
    yield page
    yield browser.go(page, "password", email="x", password="y")
    page = browser.sign_in(page)
    yield page
    page = browser.go(page, "paymentMethod")
    yield page
    browser.leave(page, "confirm")
    yield browser.open(page.url)
    yield browser.open(START)


def test_every_page_can_be_read_and_used_by_everybody(browser: Browser) -> None:
    for page in pages_of_a_run(browser):
        assert complaints(browser.html) == [], page


# ------------------------------------------------------------------------------------ as in 2007


def as_in_2007(params: dict[str, str]) -> str:
    sent = {"callerKey": demo.ACCESS_KEY} | params
    return f"{START}?{query.join({**sent, 'awsSignature': signing.sign_url_form(START, sent, demo.SECRET_KEY)})}"


def test_a_request_of_2007_is_answered_in_the_form_of_2007(browser: Browser) -> None:
    url = browser.approve(as_in_2007(wish(version=None, paymentMethod="abt,ba,cc")))
    judge = outbound.AwsSignature([demo.SECRET_KEY])
    assert outbound.verified_return(urlsplit(url).query, RETURN_URL, judge).status == "SA"


def test_one_that_names_the_version_of_2009_is_answered_by_concatenation(browser: Browser) -> None:
    url = browser.approve(as_in_2007(wish(version="2009-01-09")))
    judge = outbound.HmacV1([demo.SECRET_KEY])
    assert outbound.verified_return(urlsplit(url).query, RETURN_URL, judge).status == "SA"


def test_a_request_of_2007_may_name_its_signature_s_version(browser: Browser) -> None:
    assert str(browser.approve(as_in_2007(wish(version=None, signatureVersion="1")))).startswith(RETURN_URL)


@pytest.mark.parametrize(("length", "status"), [(49, "SA"), (50, "CE")])
def test_a_reference_of_2007_has_49_characters_at_most(browser: Browser, length: int, status: str) -> None:
    request = as_in_2007(wish(version=None, callerReference="r" * length))
    url = browser.approve(request) if status == "SA" else browser.ask(request).location
    judge = outbound.AwsSignature([demo.SECRET_KEY])
    assert outbound.verified_return(urlsplit(url).query, RETURN_URL, judge).status == status


def test_two_signatures_are_one_too_many(browser: Browser) -> None:
    both = as_in_2007(wish(version=None)) + "&signature=x"
    assert "Invalid Signature" in browser.ask(both).text


def test_a_signature_of_2007_is_encoded_where_the_switch_says_so(bank: Bank, browser: Browser) -> None:
    bank.switches.aws_signature = "encoded"
    url = browser.approve(as_in_2007(wish(version=None)))
    assert url.endswith("%3D")
    judge = outbound.AwsSignature([demo.SECRET_KEY])
    assert outbound.verified_return(urlsplit(url).query, RETURN_URL, judge).status == "SA"
