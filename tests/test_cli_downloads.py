"""``flask fps downloads``, typed by an operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from flask_fps import Item
from flask_fps import Payment
from tests.apps import Shop

PACK = Item("pack", 3, "A pack", downloads=2)
WEEK = Item("week", 3, "A week", days=7)
SONG = Item("song", "0.10", "A song")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.app.add_url_rule("/pack", "pack", shop.fps.payment_required(PACK)(lambda: "the pack"))
    yield shop
    shop.close()


@pytest.fixture
def bought(shop: Shop) -> Payment:
    """A pack that was downloaded once, a week and a song."""
    with shop.app.test_request_context():
        link = shop.fps.start_url(PACK, WEEK, SONG)
    client = shop.client()
    payment = shop.buy(client, link)
    client.get("/pack")
    return payment


def typed(shop: Shop, *words: str) -> Result:
    return shop.app.test_cli_runner().invoke(args=["fps", "downloads", *words])


def test_what_a_buyer_may_still_fetch(shop: Shop, bought: Payment) -> None:
    shop.clock.advance(timedelta(days=7))
    rows = [line.split("  ") for line in typed(shop, bought.reference).output.splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["ITEM", "STANDS", "DOWNLOADED", "LEFT", "UNTIL"],
        ["pack", "held", "1", "1", "no limit"],
        ["week", "expired", "not counted", "no limit", "2026-03-08 12:00"],
        ["song", "held", "not counted", "no limit", "no limit"],
    ]


def test_more_of_it_and_who_gave_it(shop: Shop, bought: Payment) -> None:
    shop.clock.advance(timedelta(days=8))
    said = typed(shop, bought.reference, "--more", "3", "--days", "2", "--by", "ola", "--json")
    found = {each["sku"]: each for each in json.loads(said.output)}

    assert (found["pack"]["left"], found["pack"]["used"], found["pack"]["downloads"]) == (4, 1, 5)
    assert (found["week"]["stands"], found["week"]["expires_at"]) == ("held", "2026-03-11T12:00:00+00:00")
    assert found["song"]["left"] is None
    entry = shop.ledger.journal(bought.reference)[-1]
    told = {name: value for name, value in entry.detail.items() if name != "renewal"}
    assert (entry.event, told) == ("downloads renewed", {"downloads": 3, "days": 2, "by": "ola"})


def test_times_are_to_the_second(shop: Shop, bought: Payment) -> None:
    shop.clock.advance(timedelta(days=8, microseconds=123456))
    said = typed(shop, bought.reference, "--days", "2", "--json")

    assert {each["sku"]: each["expires_at"] for each in json.loads(said.output)}["week"] == "2026-03-11T12:00:00+00:00"


def test_what_makes_no_sense_is_refused_and_changes_nothing(shop: Shop, bought: Payment) -> None:
    before = shop.ledger.rights.grants(bought.reference)
    assert typed(shop, bought.reference, "--more", "0").exit_code == 2
    assert typed(shop, bought.reference, "--days", "x").exit_code == 2
    unknown = typed(shop, "nothing", "--more", "1")
    assert (unknown.exit_code, "no payment 'nothing' in this ledger: `flask fps list`" in unknown.output) == (1, True)
    assert shop.ledger.rights.grants(bought.reference) == before


def test_what_nobody_claimed_is_not_taken_back(shop: Shop, bought: Payment) -> None:
    result = typed(shop, bought.reference, "--take-back")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "was claimed by no browser: there is nothing to take back" in result.stderr
    shop.ledger.rights.claim(bought.reference, "guest:another")
    assert typed(shop, bought.reference, "--take-back").exit_code == 1  # asked, and nobody answered
    assert shop.ledger.rights.claimants(bought.reference) == 1
    assert [each["claimed_by"] for each in json.loads(typed(shop, bought.reference, "--json").stdout)] == [1, 1, 1]
    assert typed(shop, bought.reference, "--take-back", "--yes").exit_code == 0
    assert shop.ledger.rights.claimants(bought.reference) == 0


def test_of_what_is_not_paid_nothing_may_be_fetched(shop: Shop) -> None:
    payment = shop.started(shop.client())
    assert typed(shop, payment.reference).output == f"Payment {payment.reference} has bought nothing: it is not paid.\n"


@pytest.mark.parametrize("asked", ["--more", "--days"])
def test_more_of_what_has_no_limit_is_nothing(shop: Shop, asked: str) -> None:
    with shop.app.test_request_context():
        link = shop.fps.start_url(SONG)
    said = typed(shop, shop.buy(shop.client(), link).reference, asked, "2")

    assert said.exit_code == 1
    assert "nothing of this payment has such a limit" in said.output
