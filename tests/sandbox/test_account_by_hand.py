"""What the account manager does by hand: transactions that end, come back and are charged back; activity; settings."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from flask import Flask

from flask_fps.money import Money
from flask_fps.protocol import demo
from flask_fps.protocol import query
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank.payments import PayOrder
from flask_fps.sandbox.bank.pipelines import Refusal
from flask_fps.sandbox.bank.records import TransactionRecord
from flask_fps.testing.pages import Page
from tests.decency import complaints
from tests.sandbox.browsing import Browser
from tests.sandbox.browsing import request_url
from tests.sandbox.browsing import sandbox_app
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.test_account import followed
from tests.sandbox.test_account import HOME
from tests.sandbox.test_account import signed_in

LISTENER = "http://127.0.0.1:5999/fps/ipn"


@pytest.fixture
def app(bank: Bank) -> Flask:
    bank.accounts.set_ipn(SELLER, LISTENER)
    return sandbox_app(bank)


@pytest.fixture
def john(app: Flask) -> Browser:
    return signed_in(app, JOHN, "john")


@pytest.fixture
def seller(app: Flask) -> Browser:
    return signed_in(app, demo.SELLER_EMAIL, "seller")


def paid(
    bank: Bank, method: str = "ABT", cents: int = 1000, reference: str = "order-1", buyer: str = JOHN
) -> TransactionRecord:
    request = {
        "pipelineName": "SingleUse",
        "returnURL": "http://127.0.0.1:5000/",
        "callerReference": reference,
        "transactionAmount": f"{cents / 100:.2f}",
        "paymentMethod": "ABT,ACH,CC",
        "paymentReason": "A song",
    }
    run = bank.pipelines.open(SELLER, request)
    assert not isinstance(run, Refusal)
    token = bank.pipelines.authorize(run.run_id, buyer, method)
    order = PayOrder(
        sender_token_id=token.token_id, amount=Money(cents, "USD"), caller_reference=f"pay-{token.caller_reference}"
    )
    return bank.pay(bank.account(SELLER), order)


def settled(bank: Bank, method: str = "CC") -> TransactionRecord:
    record = paid(bank, method)
    bank.advance(4 * 86400)
    return now(bank, record)


def now(bank: Bank, record: TransactionRecord) -> TransactionRecord:
    found = bank.transaction(record.transaction_id)
    assert found is not None
    return found


def details(browser: Browser, record: TransactionRecord) -> Page:
    return browser.open(f"{HOME}transactions/{record.transaction_id}")


def acts(page: Page) -> set[str]:
    """What the page offers to do."""
    return {form.action.rpartition("/")[2] for form in page.forms} - {"sign-out"}


def do(browser: Browser, record: TransactionRecord, act: str, **values: str) -> Page:
    """Fill in and send the form of this act."""
    form = next(form for form in details(browser, record).forms if form.action.endswith(f"/{act}"))
    page = browser.visit(form.action, form.filled(list(values.items())))
    assert isinstance(page, Page)
    return page


def told(bank: Bank) -> list[dict[str, str]]:
    return [notice.parameters for notice in bank.notices.undelivered()]


def total(bank: Bank) -> int:
    return sum(account.balance.minor for account in bank.accounts.all())


# ---------------------------------------------------------------- a transaction by hand


@pytest.mark.parametrize("method", ["CC", "ACH"])
def test_a_pending_payment_is_settled(seller: Browser, bank: Bank, method: str) -> None:
    before = total(bank)
    record = paid(bank, method)
    page = do(seller, record, "settle")
    assert page.status == 200
    assert (now(bank, record).status, total(bank)) == ("Success", before)
    assert bank.account(SELLER).balance == record.amount - record.fees
    assert [each["transactionStatus"] for each in told(bank)] == ["PENDING", "SUCCESS"]


@pytest.mark.parametrize("code", ["TransactionDenied", "Expired"])
def test_a_pending_payment_fails(john: Browser, bank: Bank, code: str) -> None:
    before = total(bank)
    record = paid(bank, "CC")
    do(john, record, "fail", code=code)
    ended = now(bank, record)
    assert (ended.status, ended.status_code, total(bank)) == ("Failure", code, before)
    assert told(bank)[-1]["transactionStatus"] == "FAILURE"
    assert told(bank)[-1]["statusCode"] == code


def test_a_reason_that_is_none_fails_nothing(john: Browser, bank: Bank) -> None:
    record = paid(bank, "CC")
    page = do(john, record, "fail", code="Bored")
    assert (page.status, now(bank, record).status) == (409, "Pending")
    assert "Bored is no reason" in page.alert


@pytest.mark.parametrize(("asked", "given"), [("", 1000), ("2.50", 250), ("$10.00", 1000)])
def test_a_payment_is_refunded(seller: Browser, bank: Bank, asked: str, given: int) -> None:
    record = settled(bank, "ABT")
    before = total(bank)
    do(seller, record, "refund", amount=asked, note="Sorry")
    bank.advance(60)
    [refund] = [bank.transaction(one) for one in now(bank, record).refund_ids]
    assert refund is not None
    assert (refund.status, refund.amount, refund.caller_description) == ("Success", Money(given, "USD"), "Sorry")
    assert bank.account(JOHN).balance == Money(100_000 - 1000 + given, "USD")
    assert total(bank) == before
    message = told(bank)[-1]
    assert (message["operation"], message["transactionStatus"]) == ("REFUND", "SUCCESS")
    assert message["parentTransactionId"] == record.transaction_id
    assert [each.get("status") for each in told(bank)][-2:] == ["INITIATED", "SUCCESS"], "as from the site of 2009"
    assert message["transactionAmount"] == f"USD {given / 100:.2f}"
    details(seller, record)
    assert "Refunded by" in seller.html
    details(seller, refund)
    assert "Refund of" in seller.html


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("10.01", "more than the refundable"),
        ("-1", "not a price"),
        ("1.001", "digits"),
        ("ten", "not a price"),
        ("0", "range"),
    ],
)
def test_a_refund_that_cannot_be(seller: Browser, bank: Bank, amount: str, said: str) -> None:
    record = settled(bank, "ABT")
    page = do(seller, record, "refund", amount=amount)
    assert page.status == 409
    assert page.alert.startswith("Nothing was done.")
    assert said in page.alert
    assert now(bank, record).refund_ids == ()


def test_a_seller_without_money_refunds_nothing(seller: Browser, bank: Bank) -> None:
    record = settled(bank)
    bank.accounts.transfer(SELLER, JANE, bank.account(SELLER).balance)
    page = do(seller, record, "refund")
    assert (page.status, now(bank, record).refund_ids) == (409, ())
    assert "balance is not sufficient" in page.alert


def test_the_buyers_bank_takes_its_money_all_the_same(john: Browser, bank: Bank) -> None:
    record = settled(bank)
    bank.accounts.transfer(SELLER, JANE, bank.account(SELLER).balance)
    before = total(bank)
    do(john, record, "charge-back")
    bank.advance(60)
    assert (bank.account(SELLER).balance.minor, total(bank)) == (record.fees.minor - 1000, before)
    message = told(bank)[-1]
    assert (message["operation"], message["parentTransactionId"]) == ("REFUND", record.transaction_id)
    assert message["paymentReason"] == "Charged back by the buyer's bank"


def test_what_is_offered_fits_the_transaction(john: Browser, seller: Browser, bank: Bank) -> None:
    pending = paid(bank, "CC", reference="pending")
    assert acts(details(john, pending)) == acts(details(seller, pending)) == {"settle", "fail"}
    by_balance = paid(bank, reference="balance")
    assert acts(details(john, by_balance)) == set()
    assert acts(details(seller, by_balance)) == {"refund"}
    do(seller, pending, "settle")
    assert acts(details(john, pending)) == {"charge-back"}
    assert acts(details(seller, pending)) == {"refund", "charge-back"}
    do(seller, pending, "refund")
    assert acts(details(seller, pending)) == set()
    failed = paid(bank, "CC", reference="failed")
    do(seller, failed, "fail")
    assert acts(details(seller, failed)) == set()


@pytest.mark.parametrize("act", ["settle", "fail", "collect", "release", "refund", "charge-back"])
def test_what_is_not_offered_is_not_done(app: Flask, john: Browser, bank: Bank, act: str) -> None:
    """Neither by a stranger, nor to a transaction that is past it, nor by a form of another site."""
    record = paid(bank)
    url = f"{HOME}transactions/{record.transaction_id}/{act}"
    ours = john.open(HOME).forms[0].fields
    page = john.visit(url, ours)
    assert isinstance(page, Page)
    assert page.status == 409
    assert "can no longer be done" in page.alert
    jane = signed_in(app, JANE, "jane")
    stranger = jane.visit(url, jane.open(HOME).forms[0].fields)
    assert isinstance(stranger, Page)
    assert stranger.status == 404
    john.visit(url, [("amount", "1")])
    assert "open for too long" in john.html
    assert john.ask(url).status_code == 405
    assert now(bank, record) == record
    assert len(bank.transactions.all()) == 1


def reserved(bank: Bank, method: str = "CC") -> TransactionRecord:
    request = {
        "pipelineName": "SingleUse",
        "returnURL": "http://127.0.0.1:5000/",
        "callerReference": "held",
        "transactionAmount": "10.00",
        "paymentMethod": "ABT,CC",
        "reserve": "True",
    }
    run = bank.pipelines.open(SELLER, request)
    assert not isinstance(run, Refusal)
    token = bank.pipelines.authorize(run.run_id, JOHN, method)
    order = PayOrder(sender_token_id=token.token_id, amount=Money(1000, "USD"), caller_reference="hold-1")
    record = bank.reserve(bank.account(SELLER), order)
    bank.advance(60)
    return now(bank, record)


def test_what_is_reserved_is_collected_or_released_by_the_seller(john: Browser, seller: Browser, bank: Bank) -> None:
    record = reserved(bank)
    assert acts(details(john, record)) == set()
    assert acts(details(seller, record)) == {"collect", "release"}
    do(seller, record, "collect", amount="4.00")
    bank.advance(60)
    assert (now(bank, record).status, now(bank, record).amount) == ("Success", Money(400, "USD"))
    assert told(bank)[-1]["operation"] == "SETTLE"


def test_what_is_released_is_free_again(seller: Browser, bank: Bank) -> None:
    record = reserved(bank, "ABT")
    before = total(bank)
    do(seller, record, "release")
    bank.advance(60)
    assert (now(bank, record).status, total(bank)) == ("Cancelled", before)
    assert bank.account(JOHN).balance == Money(100_000, "USD")
    assert told(bank)[-1]["transactionStatus"] == "CANCELLED"


# ---------------------------------------------------------------- activity


def titles(browser: Browser, page: Page) -> list[str]:
    return [text for text, href in page.links if "/transactions/" in href]


def test_activity_is_filtered(john: Browser, bank: Bank) -> None:
    paid(bank, "ABT", reference="one")
    paid(bank, "CC", reference="two")
    record = paid(bank, "ACH", reference="three")
    for asked, count in {
        "": 3,
        "method=CC": 1,
        "status=Pending": 2,
        "status=Pending&method=ACH": 1,
        "operation=Pay": 3,
        "operation=Refund": 0,
        "role=Sender": 3,
        "role=Recipient": 0,
        f"from={record.received_at:%Y-%m-%d}": 3,
        f"from={record.received_at:%Y-%m-%d}&to={record.received_at:%Y-%m-%d}": 3,
        f"to={record.received_at - timedelta(days=1):%Y-%m-%d}": 0,
    }.items():
        assert len(titles(john, john.open(f"{HOME}activity?{asked}"))) == count, asked


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=yesterday", "yesterday is no date"),
        ("to=2026-13-01", "no date"),
        ("status=Paid", "no status Paid"),
        ("role=%3Cb%3E", "no role <b>"),
        ("from=2999-01-01", "in the future"),
        ("from=2020-01-02&to=2020-01-01", "before the start"),
    ],
)
def test_a_filter_that_says_nothing_is_told(john: Browser, query: str, said: str) -> None:
    page = john.open(f"{HOME}activity?{query}")
    assert page.status == 400
    assert said in page.alert
    assert john.ask(f"{HOME}activity.csv?{query}").status_code == 400


def test_any_two_dates_may_be_asked_for(john: Browser) -> None:
    assert john.open(f"{HOME}activity?from=0001-01-01&to=9999-12-31").status == 200


def test_activity_comes_a_page_at_a_time(john: Browser, bank: Bank) -> None:
    for number in range(30):
        paid(bank, reference=f"order-{number}")
    first = john.open(f"{HOME}activity?method=ABT")
    assert len(titles(john, first)) == 25
    older = first.link("Older")
    assert older
    assert "method=ABT" in older
    second = john.open(older)
    assert len(titles(john, second)) == 5
    assert second.link("Older") is None
    seen = {href for page in (first, second) for _, href in page.links if "/transactions/" in href}
    assert len(seen) == 30


def test_tokens_and_purchases_come_a_page_at_a_time(john: Browser, bank: Bank) -> None:
    for number in range(30):
        paid(bank, reference=f"order-{number}")
    for path, part in (("tokens", "/tokens/"), ("purchases", "/transactions/")):
        first = john.open(HOME + path)
        second = john.open(first.link("Older") or "")
        seen = [{href for _, href in page.links if part in href} for page in (first, second)]
        assert (len(seen[0]), len(seen[1]), len(seen[0] | seen[1])) == (25, 5, 30)
        assert second.link("Older") is None
    for nonsense in ("tokens?page=-1", "tokens?page=x", "tokens?page=99999999999", "purchases?before=x"):
        assert john.open(HOME + nonsense).status == 200


def test_activity_as_a_spreadsheet(john: Browser, seller: Browser, bank: Bank) -> None:
    record = paid(bank)
    for browser, amount, fee, reference in ((john, "-10.00", "", ""), (seller, "10.00", "0.16", "pay-order-1")):
        answer = browser.ask(f"{HOME}activity.csv")
        assert answer.mimetype == "text/csv"
        assert "attachment" in answer.headers["Content-Disposition"]
        [row] = csv.DictReader(answer.get_data(as_text=True).splitlines())
        assert (row["Transaction"], row["Operation"], row["Status"]) == (record.transaction_id, "Pay", "Success")
        assert (row["Amount"], row["Fee"], row["Currency"], row["Caller reference"]) == (amount, fee, "USD", reference)
        assert row["Description"] == "A song"


def test_a_text_is_no_formula(seller: Browser, bank: Bank) -> None:
    record = settled(bank, "ABT")
    do(seller, record, "refund", note="=HYPERLINK(1)")
    rows = list(csv.DictReader(seller.ask(f"{HOME}activity.csv").get_data(as_text=True).splitlines()))
    assert rows[0]["Description"] == "'=HYPERLINK(1)"


def test_purchases_say_what_came_back(john: Browser, seller: Browser, bank: Bank) -> None:
    record = settled(bank, "ABT")
    do(seller, record, "refund", amount="2.50")
    page = john.open(f"{HOME}purchases")
    assert titles(john, page) == ["A song"]
    assert "$2.50" in john.html
    assert not titles(seller, seller.open(f"{HOME}purchases"))


# ---------------------------------------------------------------- settings


def test_a_seller_says_where_he_is_told_and_by_which_signature(seller: Browser, bank: Bank) -> None:
    page = seller.open(f"{HOME}preferences")
    form = page.form("ipnUrl")
    assert form is not None
    assert (form.value("ipnUrl"), form.value("signature")) == (LISTENER, "2")
    seller.go(page, "ipnUrl", ipnUrl="http://127.0.0.1:6000/ipn", signature="1")
    account = bank.account(SELLER)
    assert (account.ipn_url, account.ipn_signature) == ("http://127.0.0.1:6000/ipn", "1")
    assert account.return_signature == ""
    seller.go(seller.open(f"{HOME}preferences"), "ipnUrl", ipnUrl="  ")
    assert bank.account(SELLER).ipn_url is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ipnUrl": "shop.example/ipn"}, "absolute http or https"),
        ({"ipnUrl": "javascript:alert(1)"}, "absolute http or https"),
        ({"ipnUrl": "http://[bad/"}, "absolute http or https"),
        ({"ipnUrl": "http://shop.example:99999/"}, "absolute http or https"),
        ({"ipnUrl": '"><script>'}, "absolute http or https"),
        ({"signature": "3"}, "signature version"),
        ({"returnSignature": "v2"}, "signature version"),
    ],
)
def test_preferences_that_cannot_be_are_told_and_kept_in_the_form(
    seller: Browser, bank: Bank, changed: dict[str, str], said: str
) -> None:
    page = seller.go(seller.open(f"{HOME}preferences"), "ipnUrl", **changed)
    assert page.status == 400
    assert said in page.alert
    form = page.form("ipnUrl")
    assert form is not None
    assert form.value("ipnUrl") == changed.get("ipnUrl", LISTENER)
    assert "<script" not in seller.html
    assert (bank.account(SELLER).ipn_url, bank.account(SELLER).ipn_signature) == (LISTENER, "2")


def test_the_fees_are_those_that_are_charged(seller: Browser, bank: Bank) -> None:
    seller.open(f"{HOME}fees")
    for text in ("1.50 %", "$0.01", "2.90 %", "$0.30", "$10.00", "3 days", "at once"):
        assert text in seller.html


@pytest.mark.parametrize("path", ["fees", "preferences"])
def test_a_buyer_has_no_sellers_pages(john: Browser, path: str) -> None:
    assert john.open(HOME + path).status == 404
    assert "Developer preferences" not in john.html


def test_returns_are_signed_as_the_seller_prefers(seller: Browser, john: Browser) -> None:
    for preferred in ("1", "2", ""):
        seller.go(seller.open(f"{HOME}preferences"), "ipnUrl", returnSignature=preferred)
        returned = dict(query.parse(john.approve(request_url(f"order-{preferred}")).partition("?")[2]))
        assert "signature" in returned
        assert ("signatureVersion" in returned) is (preferred != "1")


def send(browser: Browser, path: str, **values: str) -> Page:
    """A form of ours with these values."""
    ours = browser.open(HOME).forms[0].fields
    page = browser.visit(HOME + path, [*ours, *values.items()])
    assert isinstance(page, Page)
    return page


def test_a_card_is_removed_and_another_added(app: Flask, bank: Bank) -> None:
    jane = signed_in(app, JANE, "jane")
    page = jane.open(f"{HOME}payment-methods")
    assert [form.value("kind") for form in page.forms if form.action.endswith("/remove")] == ["ACH", "CC"]
    send(jane, "payment-methods/remove", kind="CC")
    assert [method.kind for method in bank.account(JANE).methods] == ["ABT", "ACH"]
    assert bank.account(JANE).default_method is None
    send(jane, "payment-methods/remove", kind="ACH")
    assert complaints(jane.html) == []
    send(jane, "payment-methods/add", kind="CC", digits="0005", expiry="01/2032")
    send(jane, "payment-methods/add", kind="ACH", digits="1234")
    labels = [(method.kind, method.label, method.expiry) for method in bank.account(JANE).methods]
    assert labels == [
        ("ABT", "Account balance", None),
        ("ACH", "Bank account ending in 1234", None),
        ("CC", "Card ending in 0005", "01/2032"),
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "CC", "digits": "0005", "expiry": "13/2032"}, "when the card expires"),
        ({"kind": "CC", "digits": "0005"}, "when the card expires"),
        ({"kind": "CC", "digits": "5", "expiry": "01/2032"}, "last four digits"),
        ({"kind": "CC", "digits": "<b>x", "expiry": "01/2032"}, "last four digits"),
        ({"kind": "ACH", "digits": "1234"}, "cannot be added"),
        ({"kind": "ABT", "digits": "1234"}, "cannot be added"),
        ({}, "cannot be added"),
    ],
)
def test_a_method_that_is_none_is_not_added(john: Browser, bank: Bank, values: dict[str, str], said: str) -> None:
    send(john, "payment-methods/remove", kind="CC")
    before = bank.account(JOHN)
    page = send(john, "payment-methods/add", **values)
    assert page.status == 400
    assert said in page.alert
    assert "<b>x" not in john.html
    assert bank.account(JOHN) == before


@pytest.mark.parametrize("kind", ["ABT", "GOLD", ""])
def test_what_is_not_there_is_not_removed(john: Browser, bank: Bank, kind: str) -> None:
    before = bank.account(JOHN)
    send(john, "payment-methods/remove", kind=kind)
    assert "Nothing was changed." in john.html
    assert bank.account(JOHN) == before


TRAITS = ("email_verified", "is_verified", "bank_verified", "is_limited", "is_personal", "is_marketplace")


def test_an_account_is_what_its_holder_says_in_a_sandbox(john: Browser, bank: Bank) -> None:
    page = john.open(f"{HOME}state")
    form = page.form("email_verified")
    assert form is not None
    ours = [("csrf_token", form.value("csrf_token") or "")]
    assert {name for name in TRAITS if form.value(name)} == {
        *("email_verified", "is_verified", "bank_verified", "is_marketplace"),
    }
    john.visit(form.action, [*ours, ("standing", "suspended"), ("is_personal", "yes"), ("house", "yes")])
    account = bank.account(JOHN)
    assert (account.standing, account.is_personal, account.email_verified) == ("suspended", True, False)
    assert (account.house, account.balance) == (False, Money(100_000, "USD"))
    john.visit(form.action, [*ours, ("standing", "rich")])
    assert "There is no such standing." in john.html
    assert bank.account(JOHN) == account


def test_a_token_says_on_which_terms_and_how_far_it_is_used(john: Browser, seller: Browser, bank: Bank) -> None:
    request = {
        "pipelineName": "MultiUse",
        "returnURL": "http://127.0.0.1:5000/",
        "callerReference": "club",
        "globalAmountLimit": "50.00",
        "transactionAmount": "20",
        "amountType": "Maximum",
        "paymentReason": "A club",
        "usageLimitType2": "Count",
        "usageLimitValue2": "2",
        "usageLimitPeriod2": "7 Days",
    }
    run = bank.pipelines.open(SELLER, request)
    assert not isinstance(run, Refusal)
    token = bank.pipelines.authorize(run.run_id, JOHN, "ABT")
    order = PayOrder(sender_token_id=token.token_id, amount=Money(1250, "USD"), caller_reference="pay-club")
    bank.pay(bank.account(SELLER), order)
    for browser in (john, seller):
        page = browser.open(f"{HOME}tokens")
        followed(browser, page, "A club")
        for text in ("at most $20.00", "$50.00 in all; used up: $12.50", "2 payments in each 7 days; used up: 1"):
            assert text in browser.html
        assert "$12.50" in browser.html


def test_another_persons_token_is_not_shown(app: Flask, john: Browser, bank: Bank) -> None:
    token = paid(bank).sender_token_id
    jane = signed_in(app, JANE, "jane")
    assert jane.open(f"{HOME}tokens/{token}").status == 404
    assert john.open(f"{HOME}tokens/{token}").status == 200
