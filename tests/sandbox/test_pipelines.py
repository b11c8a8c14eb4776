"""All seven pipelines over a real socket: what the buyer reads, what comes back, and what the token is good for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from dataclasses import MISSING
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from flask_fps.money import Money
from flask_fps.protocol import demo
from flask_fps.protocol import outbound
from flask_fps.protocol import query
from flask_fps.protocol import signing
from flask_fps.protocol import values
from flask_fps.protocol.cbui import CBUI
from flask_fps.protocol.client import Client
from flask_fps.protocol.messages import CancelToken
from flask_fps.protocol.messages import GetTokenByCaller
from flask_fps.protocol.pipelines import PIPELINES
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.periods import Period
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.bank.records import Address
from flask_fps.sandbox.server import SandboxServer
from flask_fps.testing.pages import Page
from tests.decency import complaints
from tests.sandbox.browsing import WireBrowser
from tests.sandbox.caller import ACCESS_KEY
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SECRET_KEY
from tests.sandbox.caller import SELLER

BACK = "http://127.0.0.1:5000/back?mine=a%20b"
ANNE = "anne@example.com"
SIGNED = {"mine", "status", "signature", "signatureVersion", "signatureMethod", "certificateUrl"}
METHODS = {"ABT": "SA", "ACH": "SB", "CC": "SC"}
PREPAID = {"prepaidInstrumentID", "prepaidSenderTokenID", "fundingTokenID"}
POSTPAID = {"creditInstrumentID", "creditSenderTokenID", "settlementTokenID"}
ANNES_ADDRESS = Address(name="Anne Buyer", line1="1 Elm Street", city="Seattle", state="WA", zip="98101", country="US")
#: The least that each pipeline asks for, as the wire writes it.
LEAST: dict[str, dict[str, str]] = {
    "SingleUse": {"transactionAmount": "10.00"},
    "MultiUse": {"globalAmountLimit": "50.00"},
    "Recurring": {"transactionAmount": "5.00", "recurringPeriod": "1 Month"},
    "Recipient": {"recipientPaysFee": "True", "maxFixedFee": "0.10", "maxVariableFee": "2.5"},
    "SetupPrepaid": {"callerReferenceFunding": "order-1-f", "fundingAmount": "100.00"},
    "SetupPostpaid": {"callerReferenceSettlement": "order-1-s", "creditLimit": "20.00", "globalAmountLimit": "200"},
    "EditToken": {},
}
#: What a page calls what is approved.
THINGS = {
    **dict.fromkeys(("MultiUse", "Recipient"), "agreement"),
    "SingleUse": "payment",
    "Recurring": "subscription",
    "SetupPrepaid": "prepaid balance",
    "SetupPostpaid": "line of credit",
    "EditToken": "change",
}
#: Those that make something new.
MAKING = tuple(name for name in LEAST if name != "EditToken")
PAYING = tuple(name for name in MAKING if name != "Recipient")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(bank=Bank(SandboxClock.stopped_at(datetime.now(timezone.utc))), ticking=False) as running:
        yield running


@pytest.fixture
def bank(sandbox: SandboxServer) -> Iterator[Bank]:
    """The sandbox's bank as on its first day, with one more account: Anne can pay and be paid. No cent is lost."""
    sandbox.reset()
    sandbox.bank.accounts.open(replace(sandbox.bank.account(JOHN), email=ANNE, name="Anne", password="anne"))
    put_in = sum(one.balance.minor for one in sandbox.bank.accounts.all())
    yield sandbox.bank
    assert sum(one.balance.minor for one in sandbox.bank.accounts.all()) == put_in


@pytest.fixture
def browser(sandbox: SandboxServer, bank: Bank) -> Iterator[WireBrowser]:
    opened = WireBrowser(sandbox.url)
    yield opened
    opened.close()


def url_of(browser: WireBrowser, pipeline: str, /, **changed: str | None) -> str:
    """A signed request of the demo seller, right or wrong; ``None`` leaves a parameter out."""
    named = "callerReference" if PIPELINES[pipeline].__dataclass_fields__.get("caller_reference") else None
    reference = {named or "callerReferenceSender": "order-1"}
    common = {"pipelineName": pipeline, "returnURL": BACK, "paymentMethod": "ABT,ACH,CC", "version": "2009-01-09"}
    signing_by = {"callerKey": demo.ACCESS_KEY, "signatureVersion": "2", "signatureMethod": "HmacSHA256"}
    given: dict[str, str | None] = {**signing_by, **common, **reference, **LEAST[pipeline], **changed}
    sent = {name: value for name, value in given.items() if value is not None}
    start = f"{browser.base}/cobranded-ui/actions/start"
    return f"{start}?{query.join({**sent, 'signature': signing.sign('GET', start, sent, demo.SECRET_KEY)})}"


def back(browser: WireBrowser, url: str | Page) -> dict[str, str]:
    """What a caller reads from the URL the buyer came back to, once its signature was checked."""
    assert isinstance(url, str), f"kept at {url}"
    judge = outbound.PinnedCertificate(demo.CERTIFICATE_PEM, f"{browser.base}{demo.CERTIFICATE_PATH}")
    return dict(outbound.verified_return(urlsplit(url).query, BACK, judge).params)


def approved(
    browser: WireBrowser, pipeline: str, name: str = "john", method: str = "ABT", **more: Any
) -> dict[str, str]:
    """What came back of a run that somebody walked through, who had not been here before."""
    browser.session.cookies.clear()
    return back(browser, browser.approve(url_of(browser, pipeline, **more), name, method))


def refused(browser: WireBrowser, pipeline: str, **more: Any) -> dict[str, str]:
    """What came back of a request that was sent straight back."""
    return back(browser, browser.visit(url_of(browser, pipeline, **more)))


def token_to_edit(browser: WireBrowser, **more: Any) -> str:
    return approved(browser, "MultiUse", callerReference="to-edit", **more)["tokenID"]


def recipient_token(browser: WireBrowser, name: str = "jane", reference: str = "of-jane", **more: Any) -> str:
    return approved(browser, "Recipient", name, callerReference=reference, **more)["tokenID"]


def nothing_was_made(bank: Bank) -> bool:
    return not bank.tokens.all() and not len(bank.books.instruments)


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pipeline", PAYING)
def test_the_status_says_how_it_is_paid(browser: WireBrowser, bank: Bank, pipeline: str, method: str) -> None:
    made = {"SetupPrepaid": PREPAID, "SetupPostpaid": POSTPAID}.get(pipeline, {"tokenID", "callerReference"})
    said = approved(browser, pipeline, method=method)
    assert set(said) == SIGNED | made | ({"expiry"} if method == "CC" else set())
    assert (said["status"], said["mine"]) == (METHODS[method], "a b")
    assert said.get("expiry", "08/2031") == "08/2031"
    for name in made & PREPAID | made & POSTPAID | made & {"tokenID"}:
        assert len(said[name]) == 64, name


def test_a_recipient_gets_two_tokens(browser: WireBrowser, bank: Bank) -> None:
    said = approved(browser, "Recipient", "jane", method="")
    assert set(said) == SIGNED | {"tokenID", "refundTokenID", "callerReference"}
    assert said["status"] == "SR"
    receiving, refunding = bank.tokens.get(said["tokenID"]), bank.tokens.get(said["refundTokenID"])
    assert (receiving.use, refunding.use) == ("Receive", "Refund")
    assert (receiving.sender, receiving.caller, refunding.sender) == (JANE, SELLER, JANE)
    assert (receiving.max_fixed_fee, str(receiving.max_variable_fee)) == (Money(10, "USD"), "2.5")
    assert bank.tokens.by_caller(SELLER, None, "order-1") == receiving


def test_a_refund_token_has_the_reference_it_came_with(
    sandbox: SandboxServer, browser: WireBrowser, bank: Bank
) -> None:
    said = approved(browser, "Recipient", "jane", method="")
    client = Client(sandbox.url, ACCESS_KEY, SECRET_KEY)
    for name in ("tokenID", "refundTokenID"):
        found = client.send(GetTokenByCaller(token_id=said[name])).token
        assert (found.token_id, found.caller_reference) == (said[name], "order-1")
    assert client.send(GetTokenByCaller(caller_reference="order-1")).token.token_id == said["tokenID"]
    client.send(CancelToken(token_id=said["refundTokenID"]))
    assert sandbox.notifications[-1].parameters["callerReference"] == "order-1"


def test_a_refund_token_of_2007_may_have_its_own_reference(browser: WireBrowser, bank: Bank) -> None:
    said = approved(browser, "Recipient", "jane", method="", callerReferenceRefund="order-1-r")
    assert bank.tokens.by_caller(SELLER, None, "order-1-r").token_id == said["refundTokenID"]
    assert bank.tokens.by_caller(SELLER, None, "order-1").token_id == said["tokenID"]


@pytest.mark.parametrize(("chosen", "status"), [("ABT", "SU"), ("ACH", "SB"), ("CC", "SC")])
def test_a_token_is_edited(browser: WireBrowser, bank: Bank, chosen: str, status: str) -> None:
    token_id = token_to_edit(browser)
    before = bank.tokens.get(token_id)
    said = approved(browser, "EditToken", method=chosen, tokenID=token_id)
    assert (said["status"], said["tokenID"], said["callerReference"]) == (status, token_id, "order-1")
    assert ("expiry" in said) is (chosen == "CC")
    assert bank.tokens.get(token_id) == replace(before, method=chosen)


def test_both_spellings_of_the_token_to_edit(browser: WireBrowser, bank: Bank) -> None:
    token_id = token_to_edit(browser)
    assert approved(browser, "EditToken", callerReference="edit-2", method="CC", tokenId=token_id)["status"] == "SC"


@pytest.mark.parametrize("pipeline", LEAST)
def test_whoever_cancels_is_sent_back_with_nothing(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    more = {"tokenID": token_to_edit(browser)} if pipeline == "EditToken" else {}
    browser.session.cookies.clear()
    before = bank.tokens.all()
    for number, stop in enumerate(("password", "paymentMethod", "confirm")):
        if stop == "paymentMethod" and pipeline == "Recipient":
            continue
        names = {"callerReference": f"run-{number}"}
        if "Setup" in pipeline:
            names = {name: f"{name}-{number}" for name in LEAST[pipeline] if "Reference" in name}
            names["callerReferenceSender"] = f"run-{number}"
        browser.session.cookies.clear()
        page = browser.open(url_of(browser, pipeline, **names, **more))
        page = browser.sign_in(page) if stop != "password" else page
        page = browser.go(page, "paymentMethod", paymentMethod="CC") if _is_asked(page, stop) else page
        assert page.form(stop), f"{page} is not {stop}"
        said = back(browser, browser.leave(page, "cancel"))
        assert said == {**said, "status": "A"}
        assert set(said) == SIGNED
    assert bank.tokens.all() == before
    assert not len(bank.books.instruments)


def _is_asked(page: Page, stop: str) -> bool:
    return stop == "confirm" and page.form("confirm") is None


# ---------------------------------------------------------------- what the buyer reads


@pytest.mark.parametrize(
    ("pipeline", "given", "shown"),
    [
        (
            "MultiUse",
            {
                "transactionAmount": "7.00",
                "amountType": "Maximum",
                "validityStart": "soon",
                "usageLimitType1": "Amount",
                "usageLimitValue1": "20",
                "usageLimitPeriod1": "7 Days",
                "usageLimitType2": "Count",
                "usageLimitValue2": "3",
                "usageLimitPeriod2": "1 month",
            },
            ["$50.00", "in all", "at most $7.00", "$20.00 in each 7 days", "3 payments in each month", "From</dt>"],
        ),
        ("MultiUse", {"transactionAmount": "7.00"}, ["<dt>Each payment</dt><dd>$7.00</dd>"]),
        ("MultiUse", {"transactionAmount": "7.00", "amountType": "Minimum"}, ["at least $7.00"]),
        ("Recurring", {}, ["$5.00", "each time", "once in each month"]),
        ("Recurring", {"recurringPeriod": "14days", "validityExpiry": "soon"}, ["once in each 14 days", "Until</dt>"]),
        (
            "Recipient",
            {"paymentMethod": "ABT,CC"},
            ["Account balance, Card", "paid by you", "$0.10 and 2.5 % of each payment", "Accept these terms"],
        ),
        ("Recipient", {"recipientPaysFee": "false"}, ["Account balance, Bank account, Card", "paid by the shop"]),
        ("SetupPrepaid", {}, ["$100.00", "USD at most", "Fill with"]),
        (
            "SetupPostpaid",
            {"usageLimitType1": "Count", "usageLimitValue1": "1"},
            ["$20.00", "USD credit limit", "at most $200.00", "1 payment in all", "Settle with"],
        ),
        (
            "SingleUse",
            {"itemTotal": "9.00", "shipping": "2", "discount": "1.00", "giftWrapping": "0", "addressName": "Joe"},
            ["Items</dt><dd>$9.00", "Shipping</dt><dd>$2.00", "Discount</dt><dd>−$1.00", "Gift wrapping", "Joe"],
        ),
    ],
)
def test_the_terms_are_shown_before_anybody_agrees(
    browser: WireBrowser, bank: Bank, pipeline: str, given: dict[str, str], shown: list[str]
) -> None:
    soon = str(int((bank.clock.now() + timedelta(days=3)).timestamp()))
    given = {name: soon if value == "soon" else value for name, value in given.items()}
    page = browser.sign_in(browser.open(url_of(browser, pipeline, paymentReason="A <b>club</b> of songs", **given)))
    if not page.form("confirm"):
        page = browser.go(page, "paymentMethod", paymentMethod="CC")
    for text in shown:
        assert text in browser.html
    assert ("A  club  of songs" in browser.html) is (pipeline != "Recipient")


def test_whoever_edits_reads_how_it_was_paid_and_how_it_will_be(browser: WireBrowser, bank: Bank) -> None:
    token_id = token_to_edit(browser, paymentReason="The club")
    bank.set_default_method(JOHN, "ACH")
    page = browser.open(url_of(browser, "EditToken", tokenID=token_id))
    form = page.form("paymentMethod")
    assert form is not None, "asked in spite of a default"
    assert form.value("paymentMethod") == "ABT"
    browser.go(page, "paymentMethod", paymentMethod="CC")
    for text in ("The club", "Paid so far with</dt><dd>Account balance", "From now on", "Visa ending in 1111"):
        assert text in browser.html


@pytest.mark.parametrize("pipeline", LEAST)
def test_every_page_can_be_read_and_used_by_everybody(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    more = {"tokenID": token_to_edit(browser)} if pipeline == "EditToken" else {}
    browser.session.cookies.clear()
    page = browser.open(url_of(browser, pipeline, collectShippingAddress="True", **more))
    assert complaints(browser.html) == []
    page = browser.sign_in(page)
    for _ in range(3):
        assert complaints(browser.html) == [], page
        if page.form("confirm"):
            break
        control = "paymentMethod" if page.form("paymentMethod") else "addressName"
        written = {"addressName": "J", "addressLine1": "1 Elm", "city": "Rome", "country": "IT"}
        page = browser.go(page, control, **({"paymentMethod": "CC"} if control == "paymentMethod" else written))
    browser.leave(page, "confirm")
    ended = browser.open(page.url)
    assert ended.heading == f"You have already approved this {THINGS[pipeline]}"
    assert ended.link("Return to DigitalDownload")
    assert complaints(browser.html) == []
    browser.session.cookies.clear()
    ended = browser.open(page.url)
    assert ended.heading == f"This {THINGS[pipeline]} has been approved already", "said to somebody else"
    assert (ended.link("Return"), ended.link("Your account")) == (None, f"{browser.base}/account/")


@pytest.mark.parametrize("pipeline", LEAST)
def test_the_page_of_an_end_says_what_it_was_about(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    more = {"tokenID": token_to_edit(browser, paymentReason="The club")} if pipeline == "EditToken" else {}
    more = more if pipeline in ("EditToken", "Recipient") else {"paymentReason": "The club"}
    page = browser.open(url_of(browser, pipeline, **more))
    browser.leave(page, "cancel")
    ended = browser.open(page.url)
    asked = [LEAST[pipeline].get(name) for name in ("creditLimit", "fundingAmount", "transactionAmount")]
    amount = next((each for each in asked if each), LEAST[pipeline].get("globalAmountLimit", ""))

    assert ended.heading == f"This {THINGS[pipeline]} was cancelled"
    assert "DigitalDownload" in browser.html and amount in browser.html
    assert ("The club" in browser.html) is (pipeline != "Recipient")
    assert "charged" in browser.html or pipeline == "EditToken"


def test_who_is_to_be_paid_is_not_shown_a_method_to_pay_with(browser: WireBrowser, bank: Bank) -> None:
    page = browser.sign_in(browser.open(url_of(browser, "Recipient")), "jane")  # who has a default method
    assert page.form("confirm") and not page.link("Change")
    assert "Pay with" not in browser.html and "ending in" not in browser.html


# ---------------------------------------------------------------- straight back: the caller's mistakes


BAD: dict[str, dict[str, list[str | None]]] = {
    "SingleUse": {"recipientToken": ["A" * 64, "x"], "collectShippingAddress": ["maybe"]},
    "MultiUse": {
        "globalAmountLimit": [None, "", "0", "-1", "1.001", "USD 5"],
        "transactionAmount": ["0", "much", "10000.01"],
        "amountType": ["exact", "About"],
        "usageLimitType1": ["Sum"],
        "recipientTokenList": ["A" * 64, f"{'A' * 64},"],
        "isRecipientCobranding": ["True"],
        "validityStart": ["-1", "yesterday", "1", "99999999999"],
        "validityExpiry": ["1", "soon", "99999999999999"],
        "currencyCode": ["EUR"],
        "paymentMethod": ["GOLD"],
    },
    "Recurring": {
        "transactionAmount": [None, "0"],
        "recurringPeriod": [None, "", "Month", "0 Days", "1 Week", "1  Month", "-1 Day"],
        "recipientToken": ["A" * 64],
    },
    "Recipient": {
        "recipientPaysFee": [None, "", "yes"],
        "maxFixedFee": [None, "-1", "free"],
        "maxVariableFee": [None, "101", "2.5%"],
        "callerReferenceRefund": ["x" * 129],
        "callerReference": ["x" * 129],
    },
    "SetupPrepaid": {
        "callerReferenceSender": [None, "", "x" * 129, "order-1-f"],
        "callerReferenceFunding": [None, "x" * 129],
        "fundingAmount": [None, "0", "10000.01"],
    },
    "SetupPostpaid": {
        "callerReferenceSender": [None],
        "callerReferenceSettlement": [None, ""],
        "creditLimit": [None, "0"],
        "globalAmountLimit": [None, "x"],
        "usageLimitType2": ["Often"],
    },
}


@pytest.mark.parametrize(("pipeline", "name"), [(pipeline, name) for pipeline in BAD for name in BAD[pipeline]])
def test_a_bad_value_goes_back_as_ce(browser: WireBrowser, bank: Bank, pipeline: str, name: str) -> None:
    for value in BAD[pipeline][name]:
        said = refused(browser, pipeline, **{name: value})
        blank = "" if "Setup" in pipeline else " "
        named = "callerReferenceFunding" if value == "order-1-f" else name
        assert said["status"] == "CE", value
        assert said["errorMessage"] in (
            f"The following input(s) are not well formed:{blank}[{name}]",
            f"The following input(s) are not well formed:{blank}[{named}]",
        )
        assert ("callerReference" in said) is ("Setup" not in pipeline)
    assert nothing_was_made(bank)
    assert not len(bank.books.runs)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"usageLimitType1": "Amount"}, "usageLimitValue1"),
        ({"usageLimitType1": "Amount", "usageLimitValue1": "0"}, "usageLimitValue1"),
        ({"usageLimitType1": "Count", "usageLimitValue1": "1.5"}, "usageLimitValue1"),
        ({"usageLimitValue2": "3"}, "usageLimitType2"),
        ({"usageLimitPeriod2": "1 Day"}, "usageLimitType2"),
        ({"usageLimitType2": "Count", "usageLimitValue2": "3", "usageLimitPeriod2": "a week"}, "usageLimitPeriod2"),
    ],
)
def test_a_limit_is_whole_or_it_is_none(browser: WireBrowser, bank: Bank, given: dict[str, str], named: str) -> None:
    said = refused(browser, "MultiUse", **given)
    assert said["errorMessage"] == f"The following input(s) are not well formed: [{named}]"


@pytest.mark.parametrize("pipeline", LEAST)
@pytest.mark.parametrize("name", ["pipelineName", "returnURL", "callerKey", "callerReference"])
def test_a_common_input_that_is_missing_gets_the_error_page(
    browser: WireBrowser, bank: Bank, pipeline: str, name: str
) -> None:
    if name == "callerReference" and "Setup" in pipeline:
        name = "returnURL"
    page = browser.open(url_of(browser, pipeline, **{name: None}))
    assert (page.status, page.heading) == (400, "Invalid Request")
    how = "not well formed" if name == "callerReference" else "either invalid or absent"
    assert page.alert == f"Caller Input Exception: The following input(s) are {how}:[{name}]"


@pytest.mark.parametrize("pipeline", LEAST)
def test_a_request_that_was_changed_gets_the_error_page(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    page = browser.open(url_of(browser, pipeline).replace("returnURL=http", "returnURL=https"))
    assert page.alert == "Caller Input Exception: Invalid Signature"
    assert nothing_was_made(bank)


@pytest.mark.parametrize(
    ("pipeline", "more", "name", "taken"),
    [
        ("SingleUse", {}, "tokenID", True),
        ("SingleUse", {}, "state", False),
        ("SingleUse", {"collectShippingAddress": "True"}, "state", True),
        ("Recipient", {}, "refundTokenID", True),
        ("SingleUse", {}, "refundTokenID", False),
        ("SetupPrepaid", {}, "fundingTokenID", True),
        ("SetupPostpaid", {}, "settlementTokenID", True),
        ("SetupPostpaid", {}, "fundingTokenID", False),
    ],
)
def test_a_return_url_brings_none_of_the_answers_names(
    browser: WireBrowser, bank: Bank, pipeline: str, more: dict[str, str], name: str, taken: bool
) -> None:
    page = browser.open(url_of(browser, pipeline, returnURL=f"http://127.0.0.1:5000/back?{name}=mine", **more))
    assert (page.status, "[returnURL]" in page.alert) == ((400, True) if taken else (200, False))


@pytest.mark.parametrize("pipeline", MAKING)
def test_a_reference_names_one_run(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    name = "callerReferenceSender" if "Setup" in pipeline else "callerReference"
    approved(browser, pipeline)
    made = bank.tokens.all()
    again = refused(browser, pipeline)
    assert (again["status"], again["errorMessage"]) == ("NP", "User Error: The pipeline was aborted and restarted")
    other = refused(browser, pipeline, paymentReason="Something else")
    assert other["status"] == "CE"
    assert f"[{name}]" in other["errorMessage"]
    assert bank.tokens.all() == made


def test_a_second_reference_names_one_token_too(browser: WireBrowser, bank: Bank) -> None:
    approved(browser, "SetupPrepaid")
    said = refused(browser, "SetupPrepaid", callerReferenceSender="another")
    assert said["errorMessage"] == "The following input(s) are not well formed:[callerReferenceFunding]"
    assert refused(browser, "MultiUse", callerReference="order-1")["errorMessage"].endswith("[callerReference]")
    recipient_token(browser, callerReferenceRefund="refunds")
    said = refused(browser, "Recipient", callerReference="more", callerReferenceRefund="refunds")
    assert said["errorMessage"].endswith("[callerReferenceRefund]")
    crossed = refused(browser, "MultiUse", callerReference="order-1-f")
    assert crossed["errorMessage"] == "The following input(s) are not well formed: [callerReference]"


# ---------------------------------------------------------------- who cannot


def account(bank: Bank, email: str, **changed: Any) -> Account:
    return bank.books.accounts.put(replace(bank.account(email), **changed))


def kept_out(browser: WireBrowser, bank: Bank, pipeline: str, name: str = "john", **more: Any) -> dict[str, str]:
    """What comes back of somebody who signs in and cannot go on; and he is told, if he comes back signed in."""
    email = SELLER if name == "seller" else f"{name}@example.com"
    url = url_of(browser, pipeline, **more)
    page = browser.open(url)
    page = page if page.form("password") else browser.open(page.link("Not you?") or "")
    before = bank.tokens.all()
    said = back(browser, browser.leave(page, "password", email=email, password=name))
    assert set(said) == SIGNED | {"errorMessage"}
    told = browser.open(url)
    assert email in told.alert
    assert bank.tokens.all() == before
    return said


@pytest.mark.parametrize("pipeline", MAKING)
def test_np_for_an_unverified_address(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    account(bank, JOHN, email_verified=False)
    said = kept_out(browser, bank, pipeline)
    assert (said["status"], said["errorMessage"]) == (
        "NP",
        "User Error: The e-mail address of the account is not verified",
    )


@pytest.mark.parametrize("pipeline", MAKING)
def test_np_for_the_recipient_himself(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    assert kept_out(browser, bank, pipeline, "seller")["status"] == "NP"


def test_np_for_a_recipient_among_others(browser: WireBrowser, bank: Bank) -> None:
    token = recipient_token(browser, method="")
    assert kept_out(browser, bank, "SingleUse", "jane", recipientToken=token)["status"] == "NP"
    both = {"recipientTokenList": f"{token},{recipient_token(browser, 'anne', 'of-anne')}", "callerReference": "list"}
    assert kept_out(browser, bank, "MultiUse", "anne", **both)["status"] == "NP"


def test_np_for_cards_to_a_personal_account(browser: WireBrowser, bank: Bank) -> None:
    account(bank, SELLER, is_personal=True)
    said = refused(browser, "SingleUse", paymentMethod="CC")
    assert (said["status"], "callerReference" in said) == ("NP", False)
    page = browser.sign_in(browser.open(url_of(browser, "SingleUse", callerReference="both")))
    form = page.form("paymentMethod")
    assert form is not None
    assert form.choices["paymentMethod"] == ["ABT", "ACH"]
    account(bank, ANNE, is_personal=True)
    assert kept_out(browser, bank, "Recipient", "anne", callerReference="cards")["status"] == "NP"
    assert "is a personal account" in browser.html
    said = approved(browser, "Recipient", "anne", callerReference="no-cards", paymentMethod="ABT,ACH")
    assert said["status"] == "SR"


def test_np_for_a_method_that_the_recipient_does_not_take(browser: WireBrowser, bank: Bank) -> None:
    token = recipient_token(browser, paymentMethod="ACH")
    assert refused(browser, "SingleUse", recipientToken=token, paymentMethod="ABT,CC")["status"] == "NP"
    browser.session.cookies.clear()
    page = browser.sign_in(browser.open(url_of(browser, "SingleUse", recipientToken=token, callerReference="more")))
    form = page.form("paymentMethod")
    assert form is not None
    assert form.choices["paymentMethod"] == ["ACH"]


@pytest.mark.parametrize("pipeline", ["Recipient", "SingleUse", "MultiUse", "Recurring"])
def test_nm_for_a_caller_that_is_no_marketplace(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    name = {"MultiUse": "recipientTokenList", "Recipient": None}.get(pipeline, "recipientToken")
    more = {name: recipient_token(browser, method="")} if name else {}
    account(bank, SELLER, is_marketplace=False)
    before = bank.tokens.all()
    said = refused(browser, pipeline, **more)
    assert (said["status"], said["errorMessage"]) == (
        "NM",
        "User Error: The caller is not registered as a third-party caller",
    )
    assert bank.tokens.all() == before


@pytest.mark.parametrize("pipeline", PAYING)
def test_pe_for_a_buyer_without_the_method(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    account(bank, JOHN, methods=bank.account(JOHN).methods[:1])
    said = kept_out(browser, bank, pipeline, paymentMethod="CC")
    assert (said["status"], said["errorMessage"]) == (
        "PE",
        "User Error: The account has none of the requested payment methods",
    )


@pytest.mark.parametrize("pipeline", LEAST)
def test_se_when_the_service_fails(sandbox: SandboxServer, browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    more = {"tokenID": token_to_edit(browser)} if pipeline == "EditToken" else {}
    before = bank.tokens.all()
    sandbox.faults.add(pipeline, "system_error")
    said = approved(browser, pipeline, method="CC", **more)
    assert set(said) == SIGNED | {"errorMessage"}
    assert (said["status"], said["errorMessage"]) == (
        "SE",
        "System Error: The request could not be completed. Please try again.",
    )
    assert bank.tokens.all() == before
    assert not len(bank.books.instruments)
    assert refused(browser, pipeline, returnURL=f"{BACK}&other=1", **more)["status"] == "CE"
    assert approved(browser, pipeline, method="CC", **more)["status"] in ("SC", "SR"), "it may be tried again"
    assert refused(browser, pipeline, **more)["status"] == "NP"


# ---------------------------------------------------------------- EditToken's own


def test_it_for_a_token_that_cannot_be_edited(browser: WireBrowser, bank: Bank) -> None:
    single = approved(browser, "SingleUse", callerReference="single")["tokenID"]
    prepaid = approved(browser, "SetupPrepaid", callerReferenceSender="pre")["prepaidSenderTokenID"]
    gone = token_to_edit(browser)
    bank.cancel_token(JOHN, gone)
    for number, token_id in enumerate((single, prepaid, gone, "A" * 64, "x")):
        said = refused(browser, "EditToken", callerReference=f"edit-{number}", tokenID=token_id)
        assert (said["status"], set(said)) == ("IT", SIGNED | {"errorMessage"}), token_id
    assert refused(browser, "EditToken", callerReference="none")["errorMessage"].endswith("[tokenId]")


def test_it_for_a_token_that_ends_while_it_is_edited(browser: WireBrowser, bank: Bank) -> None:
    token_id = token_to_edit(browser)
    page = browser.open(url_of(browser, "EditToken", tokenID=token_id))
    page = browser.go(page, "paymentMethod", paymentMethod="CC")
    bank.cancel_token(JOHN, token_id)
    kept = browser.go(page, "confirm")
    assert "cannot change this approval any more" in kept.alert
    assert bank.tokens.get(token_id).method == "ABT"


def test_ut_for_another_persons_token(browser: WireBrowser, bank: Bank) -> None:
    token_id = token_to_edit(browser)
    assert kept_out(browser, bank, "EditToken", "jane", tokenID=token_id)["status"] == "UT"


def test_na_for_somebody_without_a_payment_account(browser: WireBrowser, bank: Bank) -> None:
    token_id = token_to_edit(browser)
    account(bank, JANE, methods=(), default_method=None)
    assert kept_out(browser, bank, "EditToken", "jane", tokenID=token_id)["status"] == "NA"


def test_pe_for_an_edit_to_a_method_that_he_lacks(browser: WireBrowser, bank: Bank) -> None:
    token_id = token_to_edit(browser)
    account(bank, JOHN, methods=bank.account(JOHN).methods[:1])
    assert kept_out(browser, bank, "EditToken", tokenID=token_id, paymentMethod="CC")["status"] == "PE"


# ---------------------------------------------------------------- what the tokens are good for


def caller_of(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url)


def test_a_multi_use_token_pays_within_its_limits(sandbox: SandboxServer, browser: WireBrowser, bank: Bank) -> None:
    limits = {"usageLimitType1": "Count", "usageLimitValue1": "2", "usageLimitPeriod1": "7 Days"}
    token = approved(browser, "MultiUse", transactionAmount="20.00", amountType="Maximum", **limits)["tokenID"]
    caller = caller_of(sandbox)
    assert caller.pay(token, "one", "20.00")["TransactionStatus"] == "Success"
    assert caller.pay(token, "high", "20.01").error == "IncompatibleTokens"
    assert caller.pay(token, "two", "20.00")["TransactionStatus"] == "Success"
    assert caller.pay(token, "often", "1.00").error == "TokenUsageError"
    sandbox.advance(7 * 86400)
    assert caller.pay(token, "beyond", "10.01").error == "TokenUsageError", "fifty in all"
    assert caller.pay(token, "three", "10.00")["TransactionStatus"] == "Success"


def test_a_recurring_token_pays_once_in_each_period(sandbox: SandboxServer, browser: WireBrowser, bank: Bank) -> None:
    token = approved(browser, "Recurring")["tokenID"]
    caller = caller_of(sandbox)
    assert caller.pay(token, "one", "4.99").error == "IncompatibleTokens"
    assert caller.pay(token, "two", "5.00")["TransactionStatus"] == "Success"
    assert caller.pay(token, "three", "5.00").error == "TokenUsageError"
    sandbox.advance(31 * 86400)
    assert caller.pay(token, "four", "5.00")["TransactionStatus"] == "Success"


def test_an_edited_token_pays_by_its_new_method(sandbox: SandboxServer, browser: WireBrowser, bank: Bank) -> None:
    token = token_to_edit(browser)
    approved(browser, "EditToken", method="CC", tokenID=token)
    caller = caller_of(sandbox)
    assert caller.pay(token, "one", "5.00")["TransactionStatus"] == "Pending"
    assert (
        caller.call("GetTransaction", TransactionId=caller.pay(token, "one", "5.00")["TransactionId"])["PaymentMethod"]
        == "CC"
    )


def test_a_lost_redirect_is_found_again(sandbox: SandboxServer, browser: WireBrowser, bank: Bank) -> None:
    caller = caller_of(sandbox)
    for pipeline, kind in (("MultiUse", "MultiUse"), ("Recurring", "Recurring")):
        token = approved(browser, pipeline, callerReference=pipeline)["tokenID"]
        found = caller.call("GetTokenByCaller", CallerReference=pipeline)
        assert (found["TokenId"], found["TokenType"], found["TokenStatus"]) == (token, kind, "Active")


def test_instruments_are_set_up(browser: WireBrowser, bank: Bank) -> None:
    said = approved(browser, "SetupPrepaid", method="CC")
    prepaid = bank.books.instruments.get(said["prepaidInstrumentID"])
    assert prepaid is not None
    assert (prepaid.kind, prepaid.limit, prepaid.balance.minor) == ("Prepaid", Money(10_000, "USD"), 0)
    spending, funding = bank.tokens.get(said["prepaidSenderTokenID"]), bank.tokens.get(said["fundingTokenID"])
    assert (spending.method, spending.use, funding.method, funding.use) == ("Prepaid", "Pay", "CC", "FundPrepaid")
    assert spending.instrument_id == funding.instrument_id == prepaid.instrument_id
    assert bank.tokens.by_caller(SELLER, None, "order-1-f") == funding
    said = approved(browser, "SetupPostpaid", callerReferenceSender="post", method="ACH")
    credit = bank.books.instruments.get(said["creditInstrumentID"])
    assert credit is not None
    assert (credit.kind, credit.limit, credit.sender, credit.recipient) == ("Debt", Money(2000, "USD"), JOHN, SELLER)
    assert (bank.tokens.get(said["creditSenderTokenID"]).method, bank.tokens.get(said["settlementTokenID"]).method) == (
        "Debt",
        "ACH",
    )


def dollars(value: str, name: str) -> dict[str, str]:
    return {f"{name}_Value": value, f"{name}_CurrencyCode": "USD"}


def test_a_prepaid_balance_is_filled_and_spent(sandbox: SandboxServer, browser: WireBrowser, bank: Bank) -> None:
    said = approved(browser, "SetupPrepaid", method="ABT")
    caller = caller_of(sandbox)
    spending = said["prepaidSenderTokenID"]
    assert caller.pay(spending, "early", "5.00").error == "InsufficientBalance"
    to_fill = {"SenderTokenId": said["fundingTokenID"], "PrepaidInstrumentId": said["prepaidInstrumentID"]}
    filled = caller.call("FundPrepaid", CallerReference="fill", **to_fill, **dollars("40.00", "FundingAmount"))
    assert filled["TransactionStatus"] == "Success"
    over = caller.call("FundPrepaid", CallerReference="over", **to_fill, **dollars("60.01", "FundingAmount"))
    assert over.error == "PrepaidFundingLimitExceeded"
    assert caller.pay(spending, "one", "5.00")["TransactionStatus"] == "Success"
    balance = caller.call("GetPrepaidBalance", PrepaidInstrumentId=said["prepaidInstrumentID"])
    assert balance["Value"] == "35.000000"
    browser.open(f"{browser.base}/account/tokens/{spending}")
    assert "$35.00" in browser.html
    assert "of at most $100.00" in browser.html


def test_a_debt_is_run_up_and_settled(sandbox: SandboxServer, browser: WireBrowser, bank: Bank) -> None:
    said = approved(browser, "SetupPostpaid", method="ABT")
    caller = caller_of(sandbox)
    assert caller.pay(said["creditSenderTokenID"], "one", "15.00")["TransactionStatus"] == "Success"
    assert caller.pay(said["creditSenderTokenID"], "more", "5.01").error
    debt = {"SenderTokenId": said["settlementTokenID"], "CreditInstrumentId": said["creditInstrumentID"]}
    much = caller.call("SettleDebt", CallerReference="much", **debt, **dollars("15.01", "SettlementAmount"))
    assert much.error == "SettleAmountGreaterThanDebt"
    settled = caller.call("SettleDebt", CallerReference="settle", **debt, **dollars("10.00", "SettlementAmount"))
    assert settled["TransactionStatus"] == "Success"
    balance = caller.call("GetDebtBalance", CreditInstrumentId=said["creditInstrumentID"])
    assert balance["Value"] == "5.000000"


def test_others_are_paid_on_the_terms_they_accepted(sandbox: SandboxServer, browser: WireBrowser, bank: Bank) -> None:
    recipient = recipient_token(browser, method="")
    token = approved(browser, "MultiUse", recipientTokenList=recipient)["tokenID"]
    caller = caller_of(sandbox)
    high = caller.pay(token, "high", "10.00", RecipientTokenId=recipient, MarketplaceVariableFee="2.6")
    assert high.error
    fees = dollars("0.10", "MarketplaceFixedFee") | {"MarketplaceVariableFee": "2.5"}
    before = bank.account(JANE).balance
    paid = caller.pay(token, "one", "10.00", RecipientTokenId=recipient, **fees)
    assert paid["TransactionStatus"] == "Success"
    record = bank.transaction(paid["TransactionId"])
    assert record is not None
    assert (record.recipient, record.marketplace_fees) == (JANE, Money(35, "USD"))
    assert bank.account(JANE).balance == before + Money(1000 - 35, "USD") - record.fees
    assert bank.account(SELLER).balance == Money(35, "USD")
    assert caller.pay(token, "ours", "10.00").error == "IncompatibleTokens", "the buyer named who may be paid"


def test_validity_binds_the_token(browser: WireBrowser, bank: Bank) -> None:
    start, end = (bank.clock.now().replace(microsecond=0) + timedelta(days=days) for days in (2, 30))
    given = {"validityStart": str(int(start.timestamp())), "validityExpiry": end.isoformat().replace("+00:00", "Z")}
    token = bank.tokens.get(approved(browser, "Recurring", **given)["tokenID"])
    assert (token.starts_at, token.expires_at) == (start, end)
    a_year = bank.tokens.get(approved(browser, "MultiUse", callerReference="year")["tokenID"])
    assert a_year.expires_at == Period(1, "year").after(bank.clock.now())


@pytest.mark.parametrize("pipeline", ["MultiUse", "Recurring", "SetupPrepaid"])
def test_a_date_with_an_offset_is_the_same_moment(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    approved(browser, pipeline, validityExpiry="2099-01-01T00:00:00-08:00")
    [*_, token] = bank.tokens.all()
    assert str(token.expires_at) == "2099-01-01 08:00:00+00:00"


@pytest.mark.parametrize(
    ("pipeline", "given"),
    [
        (
            "SingleUse",
            {"validityExpiry": "1", "validityStart": "soon", "amountType": "About", "usageLimitType1": "Sum"},
        ),
        ("MultiUse", {"tax": "much", "reserve": "maybe", "itemTotal": "-1"}),
        ("Recurring", {"globalAmountLimit": "all", "giftWrapping": "True"}),
        ("Recipient", {"currencyCode": "EUR", "collectShippingAddress": "perhaps", "isRecipientCobranding": "x"}),
        ("Recipient", {"collectShippingAddress": "True", "addressName": "Nobody's", "paymentReason": "none"}),
        ("SetupPrepaid", {"usageLimitType1": "Sum", "transactionAmount": "0"}),
        ("SetupPostpaid", {"recipientToken": "x", "tax": "much"}),
        ("EditToken", {"validityExpiry": "1", "currencyCode": "EUR", "collectShippingAddress": "True"}),
    ],
)
def test_what_a_pipeline_does_not_have_is_ignored(
    browser: WireBrowser, bank: Bank, pipeline: str, given: dict[str, str]
) -> None:
    more = {"tokenID": token_to_edit(browser)} if pipeline == "EditToken" else {}
    said = approved(browser, pipeline, **more, **given)
    assert said["status"] == {"Recipient": "SR", "EditToken": "SU"}.get(pipeline, "SA")
    assert "addressName" not in said


# ---------------------------------------------------------------- the buyer's address


NEW = {"addressName": "John  Doe", "addressLine1": "2 Oak Road", "city": "Portland", "country": "US"}


def test_the_buyer_says_where_it_is_shipped_to(browser: WireBrowser, bank: Bank) -> None:
    account(bank, JOHN, addresses=(ANNES_ADDRESS,))
    url = url_of(browser, "SingleUse", collectShippingAddress="True", addressName="Somebody else", city="Rome")
    page = browser.sign_in(browser.open(url))
    page = browser.go(page, "paymentMethod", paymentMethod="CC")
    assert page.heading == "Where to ship to"
    page = browser.go(page, "address", address="0")
    assert "Anne Buyer<br>1 Elm Street<br>Seattle WA 98101<br>US" in browser.html
    assert "Somebody else" not in browser.html
    assert page.link("Change")
    said = back(browser, browser.leave(page, "confirm"))
    names = {"addressName", "addressLine1", "city", "state", "zip", "country"}
    assert set(said) == SIGNED | {"tokenID", "callerReference", "expiry"} | names
    assert (said["addressName"], said["addressLine1"], said["zip"], said["status"]) == (
        "Anne Buyer",
        "1 Elm Street",
        "98101",
        "SC",
    )


def test_a_new_address_is_kept(browser: WireBrowser, bank: Bank) -> None:
    page = browser.open(url_of(browser, "MultiUse", collectShippingAddress="true"))
    page = browser.go(browser.sign_in(page), "paymentMethod", paymentMethod="ABT")
    page = browser.go(page, "addressName", **NEW, state="OR", zip="97201-1234", phoneNumber="555 0100")
    said = back(browser, browser.leave(page, "confirm"))
    assert (said["addressName"], said["phoneNumber"]) == ("John Doe", "555 0100")
    assert "warningCode" not in said
    assert [one.line1 for one in bank.account(JOHN).addresses][-1:] == ["2 Oak Road"]


def test_an_address_that_cannot_be_right_comes_with_a_warning(browser: WireBrowser, bank: Bank) -> None:
    page = browser.open(url_of(browser, "SingleUse", collectShippingAddress="True"))
    page = browser.go(browser.sign_in(page), "paymentMethod", paymentMethod="ABT")
    page = browser.go(page, "addressName", **NEW, zip="9720")
    said = back(browser, browser.leave(page, "confirm"))
    assert (said["status"], said["warningCode"]) == ("SA", "InvalidShippingAddress")
    assert len(said["tokenID"]) == 64


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({**NEW, "city": " "}, "Please fill in: City."),
        ({"addressName": "J"}, "Please fill in: Address line 1."),
        ({**NEW, "zip": "9" * 101}, "ZIP code is too long"),
        ({**NEW, "state": "\x00"}, "State is too long, or has signs that cannot be printed"),
        ({"address": "7"}, "choose an address"),
        ({"address": "-1"}, "choose an address"),
        ({}, "choose an address"),
    ],
)
def test_an_address_that_is_none_is_told(browser: WireBrowser, bank: Bank, written: dict[str, str], told: str) -> None:
    page = browser.open(url_of(browser, "SingleUse", collectShippingAddress="True"))
    page = browser.go(browser.sign_in(page), "paymentMethod", paymentMethod="ABT")
    form = page.form("addressName")
    assert form is not None
    kept = browser.visit(page.url, [("csrf_token", form.value("csrf_token") or ""), *written.items()])
    assert isinstance(kept, Page)
    assert (kept.status, kept.heading) == (400, "Where to ship to")
    assert told in kept.alert
    assert browser.open(page.url.replace("/address", "/confirm")).heading == "Where to ship to", "no way round it"


def test_an_address_from_elsewhere_is_not_taken(browser: WireBrowser, bank: Bank) -> None:
    page = browser.open(url_of(browser, "SingleUse", collectShippingAddress="True"))
    page = browser.go(browser.sign_in(page), "paymentMethod", paymentMethod="ABT")
    before = bank.account(JOHN).addresses
    kept = browser.visit(page.url, [*NEW.items(), ("csrf_token", "made.up")])
    assert isinstance(kept, Page)
    assert (kept.status, bank.account(JOHN).addresses) == (400, before)
    assert "open for too long" in kept.alert


def test_another_persons_address_is_not_shown(browser: WireBrowser, bank: Bank) -> None:
    account(bank, JOHN, addresses=(ANNES_ADDRESS,))
    account(bank, JANE, addresses=())
    page = browser.open(url_of(browser, "SingleUse", collectShippingAddress="True"))
    page = browser.go(browser.sign_in(page), "paymentMethod", paymentMethod="ABT")
    page = browser.go(page, "address", address="0")
    page = browser.open(page.link("Not you?") or "")
    assert browser.sign_in(page, "jane").heading == "Where to ship to"
    assert "Elm Street" not in browser.html


# ---------------------------------------------------------------- whose pages


def test_the_brand_is_named_and_nothing_is_loaded(browser: WireBrowser, bank: Bank) -> None:
    brand = {
        "cobrandingStyle": "banner",
        "cobrandingUrl": "https://shop.example/logo.png",
        "websiteDescription": "The <i>Record</i> Store",
    }
    page = browser.open(url_of(browser, "SingleUse", **brand))
    assert "The banner of DigitalDownload" in browser.html
    assert "https://shop.example/logo.png" in browser.html
    assert "<img" not in browser.html
    assert "Cancel takes you back to The &lt;i&gt;Record&lt;/i&gt; Store." in browser.html
    browser.leave(page, "cancel")
    assert browser.open(page.url).link("Return to The <i>Record</i> Store")


@pytest.mark.parametrize(
    "address",
    ["http://shop.example/logo.png", "javascript:alert(1)", "https://", "https://a\nb/", "//shop.example", "http://[x"],
)
def test_a_logo_from_anywhere_else_is_left_out(browser: WireBrowser, bank: Bank, address: str) -> None:
    browser.open(url_of(browser, "SingleUse", cobrandingUrl=address))
    assert "would stand here" not in browser.html


def test_the_recipient_may_be_the_brand(browser: WireBrowser, bank: Bank) -> None:
    token = recipient_token(browser, method="")
    brand = {"isRecipientCobranding": "True", "cobrandingUrl": "https://jane.example/logo.png"}
    browser.open(url_of(browser, "SingleUse", recipientToken=token, **brand))
    assert "The logo of Jane Roe" in browser.html


HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' {{7*7}} {payee}"


@pytest.mark.parametrize("pipeline", MAKING)
def test_what_a_caller_writes_is_text(browser: WireBrowser, bank: Bank, pipeline: str) -> None:
    names = ("paymentReason", "websiteDescription", "addressName", "city", "cobrandingStyle")
    page = browser.open(
        url_of(browser, pipeline, cobrandingUrl=f"https://x/{HOSTILE}", **dict.fromkeys(names, HOSTILE))
    )
    for _ in range(3):
        for text in ("<script", "<img", "' onerror"):
            assert text not in browser.html, page
        assert "' {{7*7}} {payee}".replace("'", "&#39;") in browser.html, page
        if page.form("confirm"):
            break
        page = browser.sign_in(page) if page.form("password") else browser.go(page, "paymentMethod")


# ---------------------------------------------------------------- to others


def test_others_are_paid_through_a_marketplace(browser: WireBrowser, bank: Bank) -> None:
    token = recipient_token(browser, method="")
    browser.session.cookies.clear()
    page = browser.sign_in(browser.open(url_of(browser, "SingleUse", recipientToken=token)))
    page = browser.go(page, "paymentMethod", paymentMethod="ABT")
    assert 'Jane Roe <span class="dim">through DigitalDownload</span>' in browser.html
    made = bank.tokens.get(back(browser, browser.leave(page, "confirm"))["tokenID"])
    assert (made.recipient, made.caller, made.pays(JANE), made.pays(SELLER)) == (JANE, SELLER, True, False)
    both = f"{token},{recipient_token(browser, 'anne', 'of-anne')}"
    many = approved(browser, "MultiUse", recipientTokenList=both, callerReference="many")
    assert bank.tokens.get(many["tokenID"]).recipients == (JANE, ANNE)


def test_a_recipients_token_of_another_caller_is_none(browser: WireBrowser, bank: Bank) -> None:
    token = recipient_token(browser, method="")
    bank.books.tokens.put(replace(bank.tokens.get(token), caller=ANNE))
    assert refused(browser, "SingleUse", recipientToken=token)["errorMessage"].endswith("[recipientToken]")
    bank.books.tokens.put(replace(bank.tokens.get(token), caller=SELLER))
    bank.cancel_token(JANE, token)
    assert refused(browser, "SingleUse", recipientToken=token)["errorMessage"].endswith("[recipientToken]")


def test_our_own_requests_are_taken(browser: WireBrowser, bank: Bank) -> None:
    """What :mod:`flask_fps.protocol.pipelines` writes is what the pages read."""
    cbui = CBUI(f"{browser.base}/cobranded-ui/actions/start", demo.ACCESS_KEY, demo.SECRET_KEY)
    least: dict[str, dict[str, Any]] = {
        "SingleUse": {"caller_reference": "1", "transaction_amount": "1"},
        "MultiUse": {"caller_reference": "2", "global_amount_limit": 50, "validity_start": bank.clock.now()},
        "Recurring": {"caller_reference": "3", "transaction_amount": 5, "recurring_period": "2 Months"},
        "Recipient": {
            "caller_reference": "4",
            "recipient_pays_fee": False,
            "max_fixed_fee": 0,
            "max_variable_fee": 5,
        },
        "SetupPrepaid": {"caller_reference_sender": "5", "caller_reference_funding": "6", "funding_amount": 9},
        "SetupPostpaid": {
            "caller_reference_sender": "7",
            "caller_reference_settlement": "8",
            "credit_limit": 5,
            "global_amount_limit": 50,
            "usage_limit_type2": "Count",
            "usage_limit_value2": 3,
        },
    }
    for pipeline, given in least.items():
        said = back(browser, browser.approve(cbui.url(PIPELINES[pipeline](return_url=BACK, **given))))
        assert said["status"] == ("SR" if pipeline == "Recipient" else "SA")


# ---------------------------------------------------------------- what is written of it


def test_the_table_of_parameters_is_the_one_that_is_read() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "pipelines.rst").read_text("utf-8")
    used = {
        (one.metadata["wire"] or values.camel(one.name), pipeline): "required" if one.default is MISSING else "yes"
        for pipeline, request in PIPELINES.items()
        for one in fields(request)
    }
    names = {name for name, _ in used}
    rows = [re.split(r" {2,}", line) for line in page.splitlines() if re.match(r"``\w+`` .*(yes|required)$", line)]
    assert {row[0].strip("`") for row in rows} == names
    for name in names:
        [line] = [
            line for line in page.splitlines() if line.startswith(f"``{name}`` ") and line.endswith(("yes", "required"))
        ]
        said = [used[name, pipeline] for pipeline in PIPELINES if (name, pipeline) in used]
        assert line.split()[1:] == said, name


def test_every_status_is_explained() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "pipelines.rst").read_text("utf-8")
    for status in ("SA", "SB", "SC", "SR", "SU", "A", "CE", "NP", "NM", "PE", "SE", "IT", "UT", "NA"):
        assert f"``{status}``" in page, status
