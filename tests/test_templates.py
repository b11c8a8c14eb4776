"""The extension's own pages and the one stylesheet, as far as a machine can judge them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from datetime import timezone
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import current_app
from flask import Flask
from flask import render_template

import flask_fps
from flask_fps import standing
from flask_fps.denials import Reason
from flask_fps.denials import words
from flask_fps.money import Money
from flask_fps.records import Line
from flask_fps.records import Payment
from flask_fps.records import State
from flask_fps.views import blueprint
from tests.decency import complaints

CSS = (Path(flask_fps.__file__).parent / "static" / "fps.css").read_text("utf-8")
STANDINGS = (
    *("open", "confirming", "pending", "reserved", "unavailable", "paid"),
    *("delivering", "declined", "abandoned", "expired", "refunded", "parked"),
)
PAYMENT = Payment(
    reference="a-reference",
    state=State.PAID,
    items=(Line("track-1", "Now and Forever - Richard Marx", 1, 10),),
    money=Money(10, "USD"),
    buyer="buyer",
    account="default",
    gateway="fps",
    order_key="key",
    reason="Now and Forever - Richard Marx",
    next_url="/download/1",
    return_url="https://shop.example/fps/return",
    notify_url="https://shop.example/fps/ipn",
    created_at=datetime(2026, 11, 3, 14, 5, tzinfo=timezone.utc),
)
AUTHORIZED = replace(PAYMENT, state=State.UNKNOWN, authorization_id="TOKEN")


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    app = Flask("shop")
    app.register_blueprint(blueprint, url_prefix="/fps")
    with app.test_request_context():
        yield


def shown(standing: str, payment: Payment = PAYMENT, **more: Any) -> str:
    context = {"payee": "DigitalDownload", "headline": "A headline", "message": "A message"}
    links = {"next_url": None, "again_url": None, "refresh": None}
    return render_template("flask_fps/payment.html", **{**context, **links, **more}, payment=payment, standing=standing)


def steps(html: str) -> list[str]:
    """The look of every step of the progress line."""
    found = re.search('<ol class="steps".*?</ol>', html, re.DOTALL)
    assert found
    return re.findall('<li class="([a-z]*)"', found[0])


@pytest.mark.parametrize("standing", STANDINGS)
def test_every_standing_tells_amount_payee_and_reason(standing: str) -> None:
    html = shown(standing)
    assert complaints(html) == []
    for text in ("$0.10", "USD", "DigitalDownload", "Now and Forever - Richard Marx", "a-reference", "A headline"):
        assert text in html


@pytest.mark.parametrize("standing", ["paid", "delivering", "refunded", "parked"])
def test_what_was_taken_is_shown_and_what_was_approved_beside_it(standing: str) -> None:
    html = shown(standing, replace(PAYMENT, money=Money(1000, "USD"), paid_amount=400))
    assert re.search(r'<p class="amount">\$4\.00 ', html)
    assert "<dt>Approved</dt><dd>$10.00</dd>" in html
    assert "Approved" not in shown(standing)


def test_every_standing_of_a_payment_is_known_to_the_page() -> None:
    spoken = {text.standing for text in vars(standing).values() if isinstance(text, standing.Text)}
    assert spoken == set(STANDINGS)


def test_progress_goes_as_far_as_the_payment_got() -> None:
    assert steps(shown("open")) == ["done", "now", "", ""]
    assert steps(shown("abandoned")) == ["done", "stop", "", ""]
    assert steps(shown("declined")) == ["done", "stop", "", ""]
    assert steps(shown("declined", AUTHORIZED)) == ["done", "done", "stop", ""]
    assert steps(shown("confirming")) == ["done", "done", "now", ""]
    assert steps(shown("delivering")) == ["done", "done", "done", "now"]
    assert steps(shown("paid")) == ["done", "done", "done", "done"]
    assert steps(shown("parked")) == ["done", "done", "done", "now"]
    assert steps(shown("parked", AUTHORIZED)) == ["done", "done", "now", ""]


def test_links_and_refresh_are_there_only_when_given() -> None:
    bare = shown("paid")
    assert re.findall('class="button[^>]*', bare) == ['class="button quiet" href="/"']
    assert "refresh" not in bare
    full = shown("delivering", next_url="/goods?a=1&b=2", again_url="/again", refresh=5)
    assert 'href="/goods?a=1&amp;b=2"' in full
    assert 'href="/again"' in full
    assert '<meta http-equiv="refresh" content="5">' in full


def test_what_others_wrote_is_shown_as_text() -> None:
    evil = "<script>alert(1)</script>\"'&"
    line = replace(PAYMENT.items[0], reason=evil)
    payment = replace(PAYMENT, reason=evil, items=(line, line), method=evil, transaction_id=evil, reference=evil)
    html = shown("paid", payment, payee=evil, headline=evil, message=evil, next_url='"><script>', again_url=evil)
    assert "<script" not in html
    html = render_template(
        "flask_fps/message.html", title=evil, message=evil, command=evil, action_url=evil, action_label=evil
    )
    assert "<script" not in html


@pytest.mark.parametrize("reason", Reason)
def test_a_denial_is_a_decent_page_and_shows_what_others_wrote_as_text(reason: Reason) -> None:
    title, message = words(reason, None)
    given = {"reason": reason.value, "title": title, "message": message, "grant": None, "start_label": "Buy it"}
    for url in (None, '/start?order="><script>'):
        html = render_template("flask_fps/denied.html", **given, payee="<script>", start_url=url, new_link_url=url)
        assert complaints(html) == []
        assert "<script" not in html


def test_a_claim_shows_what_others_wrote_as_text() -> None:
    evil = "<script>alert(1)</script>"
    payment = replace(PAYMENT, paid_at=PAYMENT.created_at)
    lines = [Line("a", evil, 3, 10), Line("b", "Two", 1, 10)]
    html = render_template("flask_fps/claim.html", payment=payment, lines=lines, grants=[], payee=evil)
    assert complaints(html) == []
    assert "<script" not in html and "× 3" in html
    assert complaints(render_template("flask_fps/new_link.html", payee=evil, wrong=True)) == []


@pytest.mark.parametrize("template", ["message", "denied", "payment"])
def test_no_page_is_a_dead_end(template: str) -> None:
    said = {"title": "T", "message": "M", "reason": "refunded", "payee": "DigitalDownload", "headline": "H"}
    with current_app.test_request_context(environ_overrides={"SCRIPT_NAME": "/shop"}):
        page = render_template(f"flask_fps/{template}.html", **said, payment=PAYMENT, standing="parked")
    assert '<a class="mark" href="/shop/">DigitalDownload</a>' in page
    assert '<a class="button quiet" href="/shop/">Back to the shop</a>' in page


def test_several_lines_are_listed_with_their_prices() -> None:
    lines = (Line("a", "One", 1, 10), Line("b", "Two", 3, 129))
    html = shown("paid", replace(PAYMENT, items=lines, money=Money(397, "USD")))
    for text in ("$3.97", "One", "$0.10", "Two", "$3.87"):
        assert text in html


@pytest.mark.parametrize("more", [{}, {"command": "flask fps sandbox"}, {"action_url": "/", "action_label": "Back"}])
def test_a_message(more: dict[str, str]) -> None:
    html = render_template("flask_fps/message.html", title="A title", message="A message", **more)
    assert complaints(html) == []
    for text in ("A title", "A message", *more.values()):
        assert text in html


# ---------------------------------------------------------------- the stylesheet


def test_the_stylesheet_is_small_and_needs_nobody() -> None:
    assert len(CSS.encode()) <= 12 * 1024
    assert "url(" not in CSS
    assert "@import" not in CSS


def palette(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): #([0-9a-f]{3,6});", blocks[0]))
    if dark:
        colours |= dict(re.findall(r"--([a-z-]+): #([0-9a-f]{3,6});", blocks[1]))
    return colours


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    full = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    channels = (int(full[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


TEXTS = [
    *product(("ink", "dim", "brand", "brand-dark", "bad"), ("paper", "ground", "tint")),
    *product(("ok", "wait", "bad"), ("paper",)),
    *(("on-brand", ground) for ground in ("brand", "brand-dark")),
    *((kind, f"{kind}-soft") for kind in ("ok", "wait", "bad")),
    *(("paper", kind) for kind in ("ok", "bad")),
]
SHAPES = list(product(("edge", "focus", "brand"), ("paper", "ground")))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_and_shapes_stand_out_as_wcag_aa_asks(dark: bool) -> None:
    colours = palette(dark)
    for least, pairs in ((4.5, TEXTS), (3.0, SHAPES)):
        for one, other in pairs:
            found = contrast(colours[one], colours[other])
            assert found >= least, f"{one} on {other}: {found:.2f}"
