"""Somebody who clicks twice, goes back and loads again: he pays once, and every page tells him where he stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.people import Shop
from tests.browser.people import Visitor

pytestmark = pytest.mark.browser

SONG = "Now and Forever - Richard Marx"
Ledger = Callable[[], list[dict[str, Any]]]


def states(shop: Shop) -> list[str]:
    return [payment["state"] for payment in json.loads(shop.cli("list", "--json"))]


def test_two_clicks_on_every_button_are_one(visitor: Visitor, shop: Shop, ledger: Ledger) -> None:
    page = visitor.page
    visitor.open("/")
    page.get_by_role("link", name=f"Download {SONG}").dblclick()
    page.locator("[name=email]").fill("john@example.com")
    page.locator("[name=password]").fill("john")
    page.get_by_role("button", name="Sign in").dblclick()
    page.locator("[name=paymentMethod][value=ABT]").check()
    page.get_by_role("button", name="Continue").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your payment")
    page.get_by_role("button", name="Confirm").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, it is paid")

    assert visitor.at_shop() and [each["status"] for each in ledger()] == ["Success"]
    assert states(shop) == ["paid"]


def test_who_goes_back_is_told_what_he_approved_and_led_on(visitor: Visitor, shop: Shop) -> None:
    visitor.buy(SONG)
    paid = visitor.page.url
    visitor.page.go_back()
    assert visitor.heading == "You have already approved this payment", "the page is not taken from a cache"
    for told in ("DigitalDownload", SONG, "$0.10"):
        assert told in visitor.text
    visitor.follow("Return to DigitalDownload")
    assert visitor.page.url == paid and visitor.heading == "Thank you, it is paid"
    assert states(shop) == ["paid"]


def test_back_before_paying_goes_on_with_the_same_payment(visitor: Visitor, shop: Shop, ledger: Ledger) -> None:
    page = visitor.page
    visitor.want(SONG)
    visitor.sign_in_to_pay("john")
    page.go_back()
    page.go_back()
    visitor.follow(f"Download {SONG}")
    assert visitor.heading == "Choose how to pay", "he is known, and is not asked again who he is"
    page.reload()
    visitor.choose("ABT")
    page.reload()
    visitor.confirm()
    assert visitor.heading == "Thank you, it is paid"
    assert len(ledger()) == 1 and states(shop) == ["paid"]


def test_an_operator_who_clicks_twice_or_loads_again_refunds_once(visitor: Visitor, shop: Shop, ledger: Ledger) -> None:
    page = visitor.page
    visitor.buy(SONG)
    visitor.sign_in_to_shop("ola")
    visitor.open("/fps-admin/")
    visitor.follow(SONG)
    page.get_by_label("How much").fill("0.04")
    page.get_by_role("button", name="Refund").dblclick()
    expect(page.get_by_role("status")).to_contain_text("The refund was asked for.")
    assert "?" not in page.url
    said = page.get_by_role("status").inner_text()
    page.reload()
    assert page.get_by_role("status").inner_text() == said and "ola@shop.example" in said

    assert sorted(each["operation"] for each in ledger()) == ["Pay", "Refund"]
