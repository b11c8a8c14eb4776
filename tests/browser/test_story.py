"""The whole story as people live it: a person at a browser, the shop and the sandbox on real ports."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import expect

from example_app import TRACKS
from tests.browser.people import Shop
from tests.browser.people import Visitor

pytestmark = pytest.mark.browser

SONG = "Now and Forever - Richard Marx"
FILE = "now-and-forever.mp3"
Ledger = Callable[[], list[dict[str, Any]]]


def bought(visitor: Visitor) -> None:
    """The browser stands on the page of a paid payment, and its link leads to the song."""
    assert visitor.at_shop()
    assert "$0.10" in visitor.text and SONG in visitor.text
    name, data = visitor.download("Get what you bought")
    assert name == f"{SONG}.mp3"
    assert data == (TRACKS / FILE).read_bytes()


def test_john_chooses_how_to_pay_and_downloads(visitor: Visitor, shop: Shop, ledger: Ledger) -> None:
    visitor.want(SONG)
    assert not visitor.at_shop() and "DigitalDownload" in visitor.heading
    visitor.sign_in_to_pay("john")
    assert visitor.heading == "Choose how to pay"
    visitor.choose("ABT")
    assert visitor.heading == "Confirm your payment"
    for told in ("DigitalDownload", SONG, "$0.10"):
        assert told in visitor.text
    visitor.confirm()
    bought(visitor)

    (transaction,) = ledger()
    assert (transaction["amount"], transaction["currency"]) == ("0.10", "USD")
    assert (transaction["sender"], transaction["recipient"]) == ("john@example.com", "seller@digitaldownload.example")
    assert transaction["status"] == "Success"
    (payment,) = json.loads(shop.cli("list", "--json"))
    assert payment["state"] == "paid" and payment["transaction_id"] == transaction["transactionId"]
    assert transaction["transactionId"] in shop.cli("show", payment["reference"])


def test_john_sees_the_transaction_in_his_account(visitor: Visitor, fps_sandbox: Any, ledger: Ledger) -> None:
    visitor.buy(SONG)
    visitor.page.goto(f"{fps_sandbox.url}/account/")
    if visitor.page.locator("[name=password]").count():
        visitor.sign_in_to_pay("john")
    visitor.page.get_by_role("link", name=SONG).click()
    assert "$0.10" in visitor.text and ledger()[0]["transactionId"] in visitor.text


def test_jane_is_not_asked_how_to_pay(visitor: Visitor, fps_sandbox: Any) -> None:
    visitor.want(SONG)
    visitor.sign_in_to_pay("jane")
    assert visitor.heading == "Confirm your payment"
    visitor.confirm()
    assert visitor.at_shop()
    fps_sandbox.settle()
    visitor.page.reload()
    bought(visitor)


def test_who_is_signed_in_to_the_shop_stays_so(visitor: Visitor) -> None:
    visitor.sign_in_to_shop("ada")
    visitor.buy(SONG)
    expect(visitor.page.get_by_role("button", name="Sign out (ada@shop.example)")).to_be_visible()
    bought(visitor)
    visitor.open("/purchases")
    assert SONG in visitor.text and "guest" not in visitor.text


def test_what_a_guest_bought_moves_to_his_account(visitor: Visitor) -> None:
    visitor.buy(SONG)
    visitor.sign_in_to_shop("ben")
    visitor.open("/purchases")
    assert SONG in visitor.text
    visitor.press("Sign out")
    visitor.open("/purchases")
    assert SONG not in visitor.text


def cancel_at_sign_in(visitor: Visitor) -> None:
    visitor.press("Cancel")


def cancel_at_choice(visitor: Visitor) -> None:
    visitor.sign_in_to_pay("john")
    visitor.press("Cancel")


def cancel_at_confirmation(visitor: Visitor) -> None:
    visitor.sign_in_to_pay("john")
    visitor.choose("ABT")
    visitor.press("Cancel")


@pytest.mark.parametrize("cancel", [cancel_at_sign_in, cancel_at_choice, cancel_at_confirmation])
def test_cancel_at_each_page(visitor: Visitor, ledger: Ledger, cancel: Callable[[Visitor], None]) -> None:
    visitor.want(SONG)
    cancel(visitor)
    assert visitor.at_shop()
    assert ledger() == []
    visitor.follow("Try again")
    assert not visitor.at_shop()
    if visitor.page.locator("[name=password]").count():
        visitor.sign_in_to_pay("john")
    visitor.choose("ABT")
    visitor.confirm()
    bought(visitor)
    assert len(ledger()) == 1


def test_a_card_payment_pends_and_completes_by_notification(
    visitor: Visitor, shop: Shop, fps_sandbox: Any, ledger: Ledger
) -> None:
    visitor.buy(SONG, kind="CC")
    assert visitor.at_shop() and visitor.page.get_by_role("link", name="Get what you bought").count() == 0
    (payment,) = json.loads(shop.cli("list", "--json"))
    assert payment["state"] == "pending"
    paying = visitor.page.url
    visitor.open("/download/1")
    assert visitor.page.url == paying, "who asks again sees where his payment stands and is not sent to pay"

    fps_sandbox.settle()
    (payment,) = json.loads(shop.cli("list", "--json"))
    assert payment["state"] == "paid", "the notification alone did it"
    visitor.page.reload()
    bought(visitor)
    assert len(ledger()) == 1


def test_reload_back_and_a_second_click_pay_once(visitor: Visitor, ledger: Ledger) -> None:
    visitor.buy(SONG)
    paid = visitor.page.url
    visitor.page.reload()
    assert visitor.page.url == paid
    visitor.page.go_back()
    if not visitor.at_shop() and visitor.page.get_by_role("button", name="Confirm").count():
        visitor.confirm()
    visitor.open(paid.removeprefix(visitor.shop.url))
    bought(visitor)
    visitor.open("/")
    name, _ = visitor.download(f"Download {SONG}")
    assert name == f"{SONG}.mp3"
    assert len(ledger()) == 1


def test_the_return_opened_again_pays_once(visitor: Visitor, ledger: Ledger) -> None:
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.buy(SONG)
    (returned,) = [url for url in asked if "/fps/return" in url]
    for _ in range(2):
        visitor.page.goto(returned)
        bought(visitor)
    assert len(ledger()) == 1


def test_two_tabs_pay_once(visitor: Visitor, context: BrowserContext, ledger: Ledger) -> None:
    other = Visitor(context.new_page(), visitor.shop)
    visitor.want(SONG)
    other.want(SONG)
    visitor.sign_in_to_pay("john")
    visitor.choose("ABT")
    visitor.confirm()
    bought(visitor)
    other.page.reload()
    other.open("/")
    name, _ = other.download(f"Download {SONG}")
    assert name == f"{SONG}.mp3"
    assert len(ledger()) == 1


def test_a_stranger_learns_nothing(visitor: Visitor, chromium: Browser) -> None:
    visitor.buy(SONG)
    with chromium.new_context(java_script_enabled=False) as theirs:
        stranger = Visitor(theirs.new_page(), visitor.shop)
        answer = stranger.page.goto(visitor.page.url)
        assert answer is not None and answer.status in {403, 404}
        assert SONG not in stranger.text and "$0.10" not in stranger.text
        stranger.open("/purchases")
        assert SONG not in stranger.text


def test_the_buy_link_of_a_product_page(visitor: Visitor) -> None:
    visitor.open("/tracks/1")
    visitor.follow("Buy for $0.10")
    visitor.sign_in_to_pay("john")
    visitor.choose("ABT")
    visitor.confirm()
    bought(visitor)
    visitor.open("/tracks/1")
    assert "Yours" in visitor.text


def test_a_free_track_needs_no_payment(visitor: Visitor, ledger: Ledger) -> None:
    visitor.open("/")
    name, data = visitor.download("Download Sound Check (free)")
    assert name == "Sound Check (free).mp3" and data == (TRACKS / "sound-check.mp3").read_bytes()
    assert ledger() == []
