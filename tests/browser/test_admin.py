"""The operator's pages as an operator uses them: at a browser, without JavaScript, on a wide screen and a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from flask_fps.ledger import Ledger
from tests.browser.people import Shop
from tests.browser.people import Visitor

pytestmark = pytest.mark.browser

SONG = "Now and Forever - Richard Marx"
WIDTHS = {"wide": 1280, "phone": 390}


def ledger_of(shop: Shop) -> Ledger:
    found: Ledger = shop.app.extensions["fps"].ledger
    return found


def fits(visitor: Visitor, tmp_path: Path, name: str) -> None:
    """Nothing is cut off at the right, at a desk and on a phone; the pictures are there to be looked at."""
    for screen, width in WIDTHS.items():
        visitor.page.set_viewport_size({"width": width, "height": 900})
        visitor.page.screenshot(path=tmp_path / f"{name}-{screen}.png", full_page=True)
        edges = visitor.page.locator("body *:visible").evaluate_all(
            "all => Math.max(...all.map(each => each.getBoundingClientRect().right))"
        )
        assert edges <= width + 1, f"{name} is {edges} wide on a {screen} screen"


def test_an_operator_looks_refunds_and_decides(visitor: Visitor, shop: Shop, tmp_path: Path) -> None:
    visitor.buy(SONG)
    visitor.want("Paper Lanterns - Ines Kova")
    visitor.choose("ABT")
    visitor.confirm()
    visitor.open("/fps-admin/")
    expect(visitor.page.get_by_role("heading", name="This page is for the shop's operator")).to_be_visible()

    newest, oldest = ledger_of(shop).newest()
    ledger_of(shop).park(newest.reference, "transaction 14GK4F9WQW7XW8RVVK3LTU8N2SSDZSHEPXZ paid it too")
    visitor.sign_in_to_shop("ola")
    visitor.follow("Payments")
    assert "paid it too" in visitor.text and "Paid in the last 30 days" in visitor.text
    fits(visitor, tmp_path, "payments")

    visitor.page.get_by_label("Find").fill(oldest.transaction_id or "")
    visitor.press("Search")
    visitor.follow(SONG)
    assert visitor.heading == SONG and "paying → paid" in visitor.text
    visitor.page.get_by_label("How much").fill("0.04")
    visitor.press("Refund")
    assert "The refund was asked for." in visitor.text
    assert "by ola@shop.example" in visitor.text
    visitor.press("Deliver again")
    assert "It was handed to the shop's code again." in visitor.text
    fits(visitor, tmp_path, "payment")

    visitor.follow("Parked")
    visitor.follow("Paper Lanterns - Ines Kova")
    fits(visitor, tmp_path, "parked")
    visitor.page.get_by_label("I have seen to it").check()
    visitor.page.locator("#why-parked").fill("given back at the provider's")
    visitor.press("Decide")
    assert "Somebody has seen to it." in visitor.text
    visitor.follow("Parked")
    assert "No payment fits." in visitor.text
