"""What buyers and operators read, in another language."""

from __future__ import annotations

import re
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
from flask_fps.words import in_utc
from flask_fps.words import language
from flask_fps.words import method
from flask_fps.words import moment
from flask_fps.words import money
from flask_fps.words import say
from flask_fps.words import short_day
from tests.apps import heading
from tests.apps import Shop
from tests.clock import START
from tests.words import listed
from tests.words import PACKAGE
from tests.words import spoken

GERMAN = {
    "Thank you, it is paid": "Danke, es ist bezahlt",
    "All downloads of this purchase are used": "Alle Downloads dieses Kaufs sind verbraucht",
    "It was sold for %(number)s downloads, and all of them are used.": "Er galt für %(number)s Downloads.",
    "Buy it again": "Noch einmal kaufen",
    "Pay to": "Empfänger",
    "This link does not work": "Dieser Link geht nicht",
    "Card": "Karte",
    "paid": "bezahlt",
    "Paid": "Bezahlt am",
    "Its story": "Was geschah",
    "The refund was asked for.": "Die Rückzahlung ist verlangt.",
    "%(day)s: %(total)s, payments: %(number)s": "%(day)s: %(total)s, Zahlungen: %(number)s",
}
TEMPLATES = sorted((PACKAGE / "templates" / "flask_fps").rglob("*.html"))
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
        shop.fps.register_admin(shop.app, allow=lambda: "ada")
        shop.app.add_url_rule("/twice", "twice", shop.fps.payment_required(TWICE)(lambda: "twice"))

    shop = Shop(tmp_path, before=speak)
    yield shop
    shop.close()


def test_every_text_is_in_the_list_that_shops_translate() -> None:
    assert listed() == spoken(), "python -m tests.words"
    assert len(spoken()) > 60
    assert set(GERMAN) <= spoken()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_page_says_a_word_that_cannot_be_translated(template: Path) -> None:
    """What stands between the tags and in the attributes that are read out comes from an expression."""
    text = re.sub(r"\{#.*?#\}|<code>.*?</code>|page_class %\}\w*", "", template.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    read_out = re.findall(r'(?:aria-label|data-label|placeholder|title|alt)="([^"]*)"', text)
    assert not [each for each in (re.sub(r"<[^>]*>", " ", text), *read_out) if re.search(r"[^\W\d_]{2}", each)]


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


def test_the_operator_reads_his_language_too(shop: Shop) -> None:
    client = shop.client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    payment = shop.buy(client, client.get("/twice").headers["Location"])
    page = f"/fps-admin/payments/{payment.reference}"
    [token, *_] = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    client.post(f"{page}/refund", data={"csrf_token": token, "amount": "1000.5", "key": "k"})
    shown, front = client.get(page).text, client.get("/fps-admin/").text

    for text in ('lang="de"', "1.234,50\xa0$", "Karte", ">bezahlt<", "Bezahlt am", "01.03.2026, 12:00:00 UTC"):
        assert text in shown, text
    assert "Die Rückzahlung ist verlangt." in shown and "Was geschah" in shown
    assert "bezahlt → " not in shown and " → bezahlt" in shown
    assert "1. März: 1.234,50\xa0$, Zahlungen: 1" in front
    assert '<option value="paid">bezahlt</option>' in front and "01.03.26, 12:00" in front


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
        assert (moment(START), in_utc(START)) == ("1 March 2026, 12:00 UTC", "1 Mar 2026, 12:00:00")
        assert (short_day(START), method("bank"), method("Barter")) == ("1 Mar", "Bank account", "Barter")


def test_a_shops_templates_have_the_filters(shop: Shop) -> None:
    with shop.app.test_request_context(headers={"Accept-Language": "de"}):
        text = render_template_string("{{ m|fps_money }} {{ d|fps_day }}", m=Money(10, "USD"), d=START)
    assert text == "0,10\xa0$ 01.03.2026"


def test_where_there_is_no_catalog_the_page_is_english_and_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    Babel(shop.app, default_locale="fr")
    with shop.app.test_request_context():
        assert language() == "en"
    shop.close()
