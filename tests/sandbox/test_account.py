"""The account manager: each sees his own side, and only his own."""

from __future__ import annotations

import pytest
from flask import Flask

from flask_fps.money import Money
from flask_fps.protocol import demo
from flask_fps.protocol import query
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank.payments import PayOrder
from flask_fps.sandbox.bank.records import TransactionRecord
from flask_fps.testing.pages import Page
from tests.decency import complaints
from tests.sandbox.browsing import BASE
from tests.sandbox.browsing import Browser
from tests.sandbox.browsing import request_url
from tests.sandbox.browsing import sandbox_app

HOME = f"{BASE}/account/"
METHODS = f"{HOME}payment-methods"


@pytest.fixture
def app(bank: Bank) -> Flask:
    return sandbox_app(bank)


@pytest.fixture
def john(app: Flask) -> Browser:
    return signed_in(app, "john@example.com", "john")


@pytest.fixture
def jane(app: Flask) -> Browser:
    return signed_in(app, "jane@example.com", "jane")


@pytest.fixture
def seller(app: Flask) -> Browser:
    return signed_in(app, demo.SELLER_EMAIL, "seller")


def signed_in(app: Flask, email: str, password: str) -> Browser:
    browser = Browser(app)
    page = browser.go(browser.open(HOME), "password", email=email, password=password)
    assert page.url == HOME
    return browser


def approved(buyer: Browser, reference: str = "order-1", method: str = "ABT") -> str:
    """The token of a payment of ten cents."""
    answer = buyer.approve(request_url(reference), method=method)
    return dict(query.parse(answer.partition("?")[2]))["tokenID"]


def paid(bank: Bank, token_id: str) -> TransactionRecord:
    order = PayOrder(sender_token_id=token_id, amount=Money(10, "USD"), caller_reference=f"pay-{token_id}")
    return bank.pay(bank.account(demo.SELLER_EMAIL), order)


def followed(browser: Browser, page: Page, text: str) -> Page:
    url = page.link(text)
    assert url, f"{page} has no link {text}"
    return browser.open(url)


def test_a_stranger_is_asked_to_sign_in_and_told_as_whom(app: Flask) -> None:
    browser = Browser(app)
    pages = ("activity", "activity.csv", "purchases", "payment-methods", "tokens", "state", "fees", "preferences")
    for path in ("", *pages, "transactions/x", "tokens/x"):
        assert browser.open(HOME + path).url == f"{BASE}/account/sign-in"
    for email in ("john@example.com", "jane@example.com", demo.SELLER_EMAIL):
        assert email in browser.html
    assert "fees@sandbox.example" not in browser.html


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("john@example.com", "jane"),
        ("john@example.com", ""),
        ("nobody@example.com", "john"),
        ("fees@sandbox.example", ""),
        ("", ""),
        ("\x00é", "é\x00"),
    ],
)
def test_a_wrong_sign_in_is_told(app: Flask, email: str, password: str) -> None:
    browser = Browser(app)
    page = browser.go(browser.open(HOME), "password", email=email, password=password)
    assert (page.status, page.alert) == (400, "This e-mail address and password do not belong together.")
    assert browser.open(HOME).heading == "Sign in to your account"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nope", 404), ("/account/nope", 404), ("/account/sign-out", 405), ("/cobranded-ui/runs/nope/confirm", 404)],
)
def test_an_address_of_nothing_is_a_page_with_a_way_on(john: Browser, path: str, status: int) -> None:
    page = john.open(BASE + path)
    assert (page.status, page.link("Your account")) == (status, HOME)
    assert complaints(john.html) == []


def test_a_request_that_cannot_be_carried_out_has_a_way_on(john: Browser) -> None:
    page = john.open(f"{BASE}/cobranded-ui/actions/start?pipelineName=SingleUse")
    assert (page.status, page.heading, page.link("Your account")) == (400, "Invalid Request", HOME)


def test_signing_out(john: Browser) -> None:
    page = john.open(HOME)
    out = next(form for form in page.forms if form.action.endswith("/sign-out"))
    john.visit(out.action, out.fields)
    assert john.open(HOME).heading == "Sign in to your account"


def test_the_balance_of_both_sides(john: Browser, seller: Browser, bank: Bank) -> None:
    paid(bank, approved(john))
    for browser, balance in ((john, "$999.90"), (seller, "$0.09")):
        browser.open(HOME)
        assert f"{balance} <small" in browser.html


def test_a_payment_from_both_sides(john: Browser, seller: Browser, bank: Bank) -> None:
    record = paid(bank, approved(john))
    for browser, partner, amount in ((john, "DigitalDownload", "−$0.10"), (seller, "John Doe", "+$0.10")):
        page = browser.open(f"{HOME}activity")
        for text in (partner, amount, "Success"):
            assert text in browser.html
        followed(browser, page, "Now and Forever - Richard Marx")
        for text in (partner, amount, "Account balance", record.transaction_id, "Success"):
            assert text in browser.html


def test_only_the_seller_sees_fee_and_reference(john: Browser, seller: Browser, bank: Bank) -> None:
    record = paid(bank, approved(john))
    url = f"{HOME}transactions/{record.transaction_id}"
    john.open(url)
    seller.open(url)
    for text in ('<dt>Fee</dt><dd class="">$0.01</dd>', record.caller_reference):
        assert text in seller.html
        assert text not in john.html


def test_a_card_payment_is_pending_until_it_settles(john: Browser, bank: Bank) -> None:
    record = paid(bank, approved(john, method="CC"))
    url = f"{HOME}transactions/{record.transaction_id}"
    john.open(url)
    assert "Pending</span>" in john.html
    assert "Completed" not in john.html
    bank.clock.advance(60)
    john.open(url)
    assert john.html.index("Pending</span>") < john.html.rindex("Success</span>"), "the history has both"
    assert "Completed" in john.html


def test_a_transaction_is_shown_to_its_parties_only(john: Browser, jane: Browser, bank: Bank) -> None:
    record = paid(bank, approved(john))
    for transaction_id in (record.transaction_id, "0" * 35, "%00", "..", "x" * 300):
        page = jane.open(f"{HOME}transactions/{transaction_id}")
        assert page.status == 404
    assert record.transaction_id not in jane.html


def test_a_token_is_listed_used_and_cancelled(john: Browser, seller: Browser, bank: Bank) -> None:
    paid(bank, approved(john, "used"))
    waiting = approved(john, "waiting")
    page = john.open(f"{HOME}tokens")
    assert "Active</span>" in john.html
    assert "Used</span>" in john.html
    [form] = [form for form in page.forms if "/cancel" in form.action]
    assert waiting in form.action
    john.visit(form.action, form.fields)
    assert "The token is cancelled." in john.html
    assert bank.tokens.get(waiting).cancelled_at is not None
    seller.open(f"{HOME}tokens")
    assert "Cancelled</span>" in seller.html
    john.visit(form.action, form.fields)
    assert "The token was not cancelled." in john.html


def test_a_token_expires(john: Browser, bank: Bank) -> None:
    approved(john)
    bank.clock.advance(3 * 3600)
    page = john.open(f"{HOME}tokens")
    assert "Expired</span>" in john.html
    assert not [form for form in page.forms if "/cancel" in form.action]


def test_another_persons_token_is_not_cancelled(john: Browser, jane: Browser, bank: Bank) -> None:
    token = approved(john)
    fields = jane.open(HOME).forms[0].fields
    for token_id in (token, "0" * 64, "x"):
        jane.visit(f"{HOME}tokens/{token_id}/cancel", fields)
        assert "The token was not cancelled." in jane.html
    assert bank.tokens.get(token).is_active(bank.clock.now())
    assert "Now and Forever" not in jane.html


def test_a_default_method_is_chosen_used_and_cleared(john: Browser, bank: Bank) -> None:
    john.go(john.open(METHODS), "paymentMethod", paymentMethod="CC")
    assert bank.account("john@example.com").default_method == "CC"
    assert john.open(request_url("with")).heading == "Confirm your payment"
    john.go(john.open(METHODS), "paymentMethod", paymentMethod="")
    assert bank.account("john@example.com").default_method is None
    assert john.open(request_url("without")).heading == "Choose how to pay"


def test_a_method_one_does_not_have_is_no_default(john: Browser, bank: Bank) -> None:
    john.go(john.open(METHODS), "paymentMethod", paymentMethod="GOLD")
    assert "Nothing was changed." in john.html
    assert bank.account("john@example.com").default_method is None


@pytest.mark.parametrize("path", ["sign-out", "default-method", "tokens/x/cancel"])
def test_a_form_from_elsewhere_changes_nothing(john: Browser, bank: Bank, path: str) -> None:
    token = approved(john)
    john.visit(HOME + path.replace("x", token), [("paymentMethod", "CC")])
    assert "open for too long" in john.html
    assert john.open(HOME).heading == "John Doe", "still signed in"
    assert bank.account("john@example.com").default_method is None
    assert bank.tokens.get(token).cancelled_at is None
    assert john.ask(HOME + path.replace("x", token)).status_code == 405, "never by a link"


def test_a_sign_in_form_from_elsewhere_signs_nobody_in(app: Flask) -> None:
    browser = Browser(app)
    browser.visit(f"{HOME}sign-in", [("email", "john@example.com"), ("password", "john")])
    assert "open for too long" in browser.html
    assert browser.open(HOME).heading == "Sign in to your account"


def test_a_cookie_of_an_account_that_is_gone() -> None:
    bank = Bank()
    john = signed_in(sandbox_app(bank), "john@example.com", "john")
    with bank.change():
        bank.books.clear()
    assert john.open(HOME).heading == "Sign in to your account"


def test_pages_stay_in_the_browser_and_out_of_frames(john: Browser) -> None:
    answer = john.ask(HOME)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert john.client.get_cookie("fps_sandbox_session", domain="127.0.0.1"), "the shop's own cookie is another"


def test_every_page_can_be_read_and_used_by_everybody(john: Browser, seller: Browser, app: Flask, bank: Bank) -> None:
    record = paid(bank, approved(john))
    approved(john, "another")
    details = f"transactions/{record.transaction_id}"
    paths = ["", "activity", "activity?from=x", "purchases", "payment-methods", "tokens", details, "transactions/none"]
    paths += ["state", f"tokens/{record.sender_token_id}", "tokens/none"]
    for path in (*paths, "fees", "preferences"):
        for browser in (john, seller):
            browser.open(HOME + path)
            assert complaints(browser.html) == [], path
    stranger = Browser(app)
    stranger.open(HOME)
    assert complaints(stranger.html) == []


def test_the_stylesheet_is_served(john: Browser) -> None:
    answer = john.ask(f"{BASE}/cobranded-ui/static/fps.css")
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    answer.close()
