"""The sandbox's account manager at a desk and on a phone: nothing sticks out, whatever is in its tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.browser.people import Visitor

pytestmark = pytest.mark.browser

SONG = "Now and Forever - Richard Marx"
LONG = "The voyages of the Donaudampfschifffahrtsgesellschaftskapitän, volume 3"
STICKS_OUT = """all => all.filter(each => each.getBoundingClientRect().right > innerWidth
    || each.closest('.card') && each.getBoundingClientRect().right > each.closest('.card').getBoundingClientRect().right
).map(each => each.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize(
    ("email", "password"), [("john@example.com", "john"), ("seller@digitaldownload.example", "seller")]
)
def test_every_page_of_an_account_fits(visitor: Visitor, fps_sandbox: Any, email: str, password: str) -> None:
    page, account = visitor.page, f"{fps_sandbox.url}/account/"
    visitor.buy(SONG)
    [used] = fps_sandbox.server.bank.tokens.all()
    unused = replace(used, token_id="L" * 64, caller_reference="long", reason=LONG, used_by=None)
    fps_sandbox.server.bank.tokens.install(unused)
    page.context.clear_cookies()
    page.goto(account)
    seen = [account]
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    links = page.locator("nav a, main table a").evaluate_all("all => all.map(each => each.href)")
    page.goto(f"{account}tokens")
    links += page.locator("main table a").evaluate_all("all => all.map(each => each.href)")
    for link in dict.fromkeys([*links, f"{account}nothing"]):
        page.goto(link)
        seen.append(link)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            out = page.locator("body *:visible:not(.hidden)").evaluate_all(STICKS_OUT)
            assert not out, f"at {link}, {width} wide"
    assert len(seen) > 8
