"""What buyers read, in another language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask
from flask import render_template_string
from flask import request
from flask_babel import Babel

from flask_fps import Item
from flask_fps.money import Money
from flask_fps.words import day
from flask_fps.words import language
from flask_fps.words import money
from flask_fps.words import say
from tests.apps import heading
from tests.apps import Shop
from tests.clock import START
from tests.words import listed
from tests.words import spoken

GERMAN = {
    "Thank you, it is paid": "Danke, es ist bezahlt",
    "All downloads of this purchase are used": "Alle Downloads dieses Kaufs sind verbraucht",
    "It was sold for %(number)s downloads, and all of them are used.": "Er galt für %(number)s Downloads.",
    "Buy it again": "Noch einmal kaufen",
    "Pay to": "Empfänger",
    "This link does not work": "Dieser Link geht nicht",
}
TWICE = Item("twice", "1234.50", "Twice", downloads=2)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "translations" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    ours, its_own = Catalog(locale="de"), Catalog(locale="de")
    for number, (english, german) in enumerate(GERMAN.items()):
        (ours if number % 2 else its_own).add(english, german)
    for name, catalog in (("flask_fps", ours), ("messages", its_own)):
        with (folder / f"{name}.mo").open("wb") as file:
            write_mo(file, catalog)

    def speak(shop: Shop) -> None:
        shop.app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(tmp_path / "translations")
        Babel(shop.app, locale_selector=lambda: request.accept_languages.best_match(["en", "de"]))
        shop.app.add_url_rule("/twice", "twice", shop.fps.payment_required(TWICE)(lambda: "twice"))

    shop = Shop(tmp_path, before=speak)
    yield shop
    shop.close()


def test_every_text_is_in_the_list_that_shops_translate() -> None:
    assert listed() == spoken(), "python -m tests.words"
    assert len(spoken()) > 60
    assert set(GERMAN) <= spoken()


def test_pages_speak_the_visitors_language_and_write_money_its_way(shop: Shop) -> None:
    client = shop.client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    payment = shop.buy(client, client.get("/twice").headers["Location"])
    page = client.get(shop.page(payment))

    assert heading(page) == "Danke, es ist bezahlt"
    assert '<html lang="de">' in page.text
    assert "Empfänger" in page.text
    assert "1.234,50\xa0$" in page.text
    for _ in range(2):
        client.get("/twice")
        shop.clock.advance(3600)
    denied = client.get("/twice")
    assert heading(denied) == "Alle Downloads dieses Kaufs sind verbraucht"
    assert "Er galt für 2 Downloads." in denied.text and "Noch einmal kaufen" in denied.text
    assert heading(client.get("/fps/claim/x")) == "Dieser Link geht nicht"


def test_what_is_not_translated_stays_english(shop: Shop) -> None:
    client = shop.client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    payment = shop.buy(client, client.get("/twice").headers["Location"])
    page = client.get(shop.page(payment))

    assert (heading(page), "$1,234.50" in page.text, '<html lang="en">' in page.text) == (
        "Thank you, it is paid",
        True,
        True,
    )


def test_without_babel_everything_is_english() -> None:
    app = Flask("plain")
    with app.app_context():
        assert say("%(a)s of 100%%", a=1) == "1 of 100%"
        assert say("100%") == "100%"
        assert (money(Money(123450, "USD")), day(START), language()) == ("$1,234.50", "1 March 2026", "en")


def test_a_shops_templates_have_the_filters(shop: Shop) -> None:
    with shop.app.test_request_context(headers={"Accept-Language": "de"}):
        text = render_template_string("{{ m|fps_money }} {{ d|fps_day }}", m=Money(10, "USD"), d=START)
    assert text == "0,10\xa0$ 01.03.2026"
