from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime
from datetime import timezone
from decimal import Decimal
from typing import Any

import pytest

from flask_fps.errors import OrderError
from flask_fps.money import Money
from flask_fps.records import CLAIMING
from flask_fps.records import FINAL
from flask_fps.records import IntentState
from flask_fps.records import Item
from flask_fps.records import Line
from flask_fps.records import Order
from flask_fps.records import Payment
from flask_fps.records import State


def a_payment(**changes: Any) -> Payment:
    values: dict[str, Any] = {
        "reference": "ref",
        "state": State.STARTED,
        "items": (Line("track-1", "A song", 1, 10),),
        "money": Money(10, "USD"),
        "buyer": "guest:1",
        "account": "default",
        "gateway": "fps",
        "order_key": "key",
        "reason": "A song",
        "next_url": None,
        "return_url": "http://127.0.0.1/fps/return?ref=x",
        "notify_url": "http://127.0.0.1/fps/ipn",
        "created_at": datetime(2013, 1, 1, tzinfo=timezone.utc),
    }
    return Payment(**{**values, **changes})


def test_an_item_is_a_price_and_a_reason() -> None:
    item = Item("track-1", Decimal("0.10"), "Now and Forever")

    assert (item.quantity, item.currency, item.data, item.repeatable) == (1, None, None, False)


@pytest.mark.parametrize(
    "price",
    [-1, 0, "0", "0.00", "0.001", "1e2", "1E-2", "NaN", "Infinity", "1,00", " 10", "１０", 10**30, "29.4847"],
)
@pytest.mark.parametrize("currency", [None, "USD"])
def test_an_amount_that_cannot_be_sold_is_refused_at_once(price: int | str, currency: str | None) -> None:
    with pytest.raises(ValueError, match=r"price|digits|amount|costs nothing"):
        Item("track-1", price, "A song", currency=currency)


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        Item("track-1", 0.1, "A song")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\x00b", "a\tb", "\x1b[31m", "\ud800", 7, None])
def test_sku_and_reason_are_plain_text(text: Any) -> None:
    with pytest.raises(OrderError, match="sku"):
        Item(text, 1, "A song")
    with pytest.raises(OrderError, match="reason"):
        Item("track-1", 1, text)


def test_sku_and_reason_have_a_length() -> None:
    Item("s" * 128, 1, "r" * 255)
    with pytest.raises(OrderError, match="sku"):
        Item("s" * 129, 1, "A song")
    with pytest.raises(OrderError, match="reason"):
        Item("track-1", 1, "r" * 256)


@pytest.mark.parametrize("quantity", [0, -1, 10_001, True, "1", 1.0, None])
def test_a_quantity_is_a_small_whole_number(quantity: Any) -> None:
    with pytest.raises(OrderError, match="quantity"):
        Item("track-1", 1, "A song", quantity=quantity)


@pytest.mark.parametrize("data", [{1, 2}, object(), b"x", float("nan"), {"when": datetime(2013, 1, 1)}])
def test_data_must_be_json(data: Any) -> None:
    with pytest.raises(OrderError, match="cannot be stored as JSON"):
        Item("track-1", 1, "A song", data=data)


def test_data_has_a_size() -> None:
    Item("track-1", 1, "A song", data="x" * 1022)
    with pytest.raises(OrderError, match="1024 bytes"):
        Item("track-1", 1, "A song", data="x" * 1023)


def test_an_item_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Item("track-1", 1, "A song").price = 0  # type: ignore[misc]


def test_an_order_sums_its_lines() -> None:
    order = Order((Line("a", "A", 2, 10), Line("b", "B", 1, 5)), "USD", "two things")

    assert order.total == Money(25, "USD")
    assert order.skus == ("a", "b")
    assert order.lines[0].amount == 20


def test_a_payment_reads_in_main_units() -> None:
    payment = a_payment()

    assert payment.amount == Decimal("0.10")
    assert payment.currency == "USD"
    assert not payment.is_paid
    assert a_payment(state=State.PAID).is_paid


def test_a_payment_never_changes_under_you() -> None:
    with pytest.raises(FrozenInstanceError):
        a_payment().state = State.PAID  # type: ignore[misc]


def test_states_read_as_their_value() -> None:
    assert f"{State.PAID}" == "paid"
    assert str(IntentState.NOT_SENT) == "not_sent"


def test_no_unfinished_state_is_final() -> None:
    assert {State.PAID, State.FAILED, State.EXPIRED, State.CANCELLED} == FINAL
    assert {State.PAID} == CLAIMING & FINAL


@pytest.mark.parametrize(("price", "error"), [("0,10", OrderError), ("0.001", OrderError), (0.1, TypeError)])
def test_an_error_about_a_price_says_whose_it_is(price: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="^the price of track-7: "):
        Item("track-7", price, "A song")
