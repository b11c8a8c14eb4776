"""The same story on a telephone's screen, and by somebody who has no mouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page

from tests.browser.people import Shop
from tests.browser.people import Visitor

pytestmark = pytest.mark.browser

SONG = "Now and Forever - Richard Marx"


@pytest.fixture
def telephone(chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}) as context:
        context.set_default_timeout(60_000)
        yield context


def fits(page: Page) -> None:
    """Nothing reaches past the screen's edge, so that nobody has to scroll sideways."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url


def test_every_page_fits_a_telephone(telephone: BrowserContext, shop: Shop) -> None:
    visitor = Visitor(telephone.new_page(), shop)
    for path in ("/", "/tracks/1", "/sign-in", "/purchases", "/no-such-page"):
        visitor.open(path)
        fits(visitor.page)
    visitor.want(SONG)
    fits(visitor.page)
    visitor.sign_in_to_pay("john")
    fits(visitor.page)
    visitor.choose("ABT")
    fits(visitor.page)
    visitor.confirm()
    assert visitor.at_shop()
    fits(visitor.page)
    visitor.open("/purchases")
    assert SONG in visitor.text
    fits(visitor.page)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this stands in focus, and see that the focus shows."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            outline = page.locator(f"{selector}:focus").evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", f"no focus ring on {selector}"
            return
    raise AssertionError(f"the keyboard does not reach {selector} on {page.url}")


def test_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/")
    tab_to(page, "a[href='/download/1']")
    page.keyboard.press("Enter")
    page.locator("[name=email]").wait_for()
    page.locator("body").press("Control+Home")
    if not page.locator("[name=email]:focus").count():
        tab_to(page, "[name=email]")
    page.keyboard.type("john@example.com")
    tab_to(page, "[name=password]")
    page.keyboard.type("john")
    page.keyboard.press("Enter")
    page.locator("[name=paymentMethod]").first.wait_for()
    tab_to(page, "[name=paymentMethod]")
    page.keyboard.press("Space")
    tab_to(page, "button:not([name=cancel])")
    page.keyboard.press("Enter")
    page.locator("[name=confirm]").wait_for()
    tab_to(page, "[name=confirm]")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{visitor.shop.url}/**")
    tab_to(page, "a.button")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert started.value.suggested_filename == f"{SONG}.mp3"
