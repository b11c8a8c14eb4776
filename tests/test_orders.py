from __future__ import annotations

import json
from typing import Any

import pytest

from flask_fps import Item
from flask_fps import OrderError
from flask_fps.money import Money
from flask_fps.orders import LARGEST_TOTAL
from flask_fps.orders import make_order
from flask_fps.orders import NEXT_URL_LENGTH
from flask_fps.orders import ORDER_KEY_LENGTH
from flask_fps.orders import order_of
from flask_fps.orders import payload_of
from flask_fps.records import Line

SONG = Item("song", "0.10", "Now and Forever")
ALBUM = Item("album", 5, "The album", quantity=2, data={"format": "flac"})


def test_an_order_is_the_snapshot_of_its_items() -> None:
    order = make_order([SONG, ALBUM], "USD", next_url="/download/1", key="order-17")

    assert order.lines == (
        Line("song", "Now and Forever", 1, 10),
        Line("album", "The album", 2, 500, {"format": "flac"}),
    )
    assert (order.total, order.currency, order.next_url, order.key) == (
        Money(1010, "USD"),
        "USD",
        "/download/1",
        "order-17",
    )


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([SONG], "Now and Forever"),
        ([ALBUM], "2 × The album"),
        ([SONG, ALBUM], "Now and Forever and 1 more"),
        ([Item("x", 1, "y" * 255), SONG, ALBUM], "y" * 244 + " and 2 more"),
    ],
)
def test_what_the_buyer_reads(items: list[Item], reason: str) -> None:
    order = make_order(items, "USD")

    assert order.reason == reason
    assert len(order.reason) <= 255


@pytest.mark.parametrize(
    "order", [make_order([SONG], "USD"), make_order([SONG, ALBUM], "USD", next_url="/a?b=ü", key="k")]
)
def test_its_plain_values_bring_it_back(order: Any) -> None:
    payload = json.loads(json.dumps(payload_of(order)))

    assert order_of(payload) == order


def test_the_currency_of_the_items_wins() -> None:
    assert make_order([Item("a", 1, "a", currency="EUR")], "USD").currency == "EUR"
    assert make_order([SONG, Item("a", 1, "a", currency="USD")], "USD").currency == "USD"


def test_one_order_one_currency() -> None:
    with pytest.raises(OrderError, match="one order, one currency: these items are priced in EUR, USD"):
        make_order([SONG, Item("a", 1, "a", currency="EUR")], "USD")


def test_an_order_of_nothing_is_none() -> None:
    with pytest.raises(OrderError, match="at least one Item"):
        make_order([], "USD")


def test_an_order_too_dear_for_one_payment() -> None:
    make_order([Item("a", LARGEST_TOTAL, "a")], "USD")
    with pytest.raises(OrderError, match="more than one payment can carry"):
        make_order([Item("a", LARGEST_TOTAL, "a"), SONG], "USD")


@pytest.mark.parametrize("sold", ["track-1", ["track-1"], [SONG, None], {"sku": "track-1"}])
def test_what_is_no_item_is_told_to_the_developer(sold: Any) -> None:
    with pytest.raises(TypeError, match=r"what is sold is an Item, several Items, or None .*, not "):
        make_order(sold, "USD")


@pytest.mark.parametrize("key", ["", "x" * (ORDER_KEY_LENGTH + 1), "fps:mine", 17])
def test_a_shops_key_has_its_form(key: Any) -> None:
    make_order([SONG], "USD", key="x" * ORDER_KEY_LENGTH)
    with pytest.raises(OrderError, match="order_key is a text"):
        make_order([SONG], "USD", key=key)


def test_what_may_be_bought_again_needs_a_key_of_the_shops() -> None:
    seat = Item("seat", 9, "A seat", repeatable=True)

    assert make_order([seat], "USD", key="order-17").lines[0].repeatable
    with pytest.raises(OrderError, match="needs your own order_key"):
        make_order([SONG, seat], "USD")


@pytest.mark.parametrize("next_url", ["/", "/download/1?a=b#c", "/d%20e", "/ünï", "/" + "x" * (NEXT_URL_LENGTH - 1)])
def test_a_path_of_this_shop_may_follow(next_url: str) -> None:
    assert make_order([SONG], "USD", next_url=next_url).next_url == next_url


@pytest.mark.parametrize(
    "next_url",
    [
        "",
        "download/1",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a b",
        "/a\nb",
        "/a\tb",
        "/\x00",
        "/\x7f",
        " /a",
        "/" + "x" * NEXT_URL_LENGTH,
    ],
)
def test_nothing_else_may(next_url: str) -> None:
    with pytest.raises(OrderError, match="next_url is a path of this shop"):
        make_order([SONG], "USD", next_url=next_url)


def test_a_next_url_that_is_no_text_is_refused_with_the_sentence() -> None:
    with pytest.raises(OrderError, match="next_url is a path of this shop such as '/download/1', not 5"):
        make_order((Item("song", 1, "A song"),), "USD", next_url=5)  # type: ignore[arg-type]
