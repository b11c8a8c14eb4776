from __future__ import annotations

from decimal import Decimal
from decimal import Inexact
from decimal import localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.errors import OrderError
from flask_fps.money import exponent_of
from flask_fps.money import EXPONENTS
from flask_fps.money import LARGEST
from flask_fps.money import Money


@pytest.mark.parametrize(
    ("price", "minor"),
    [
        ("0.10", 10),
        ("0.1", 10),
        ("7", 700),
        ("0", 0),
        ("007.50", 750),
        ("29.5000", 2950),
        (12, 1200),
        (Decimal("0.10"), 10),
        (Decimal("1E+2"), 10000),
        (Decimal("29.500"), 2950),
        ("10000000000.00", LARGEST),
    ],
)
def test_a_price_is_read_exactly(price: Decimal | int | str, minor: int) -> None:
    assert Money.parse(price, "USD") == Money(minor, "USD")


@pytest.mark.parametrize(
    "price",
    [
        -1,
        "-1",
        Decimal("-0.01"),
        "0.001",
        Decimal("0.001"),
        "29.4847",
        "1e2",
        "1E-2",
        "NaN",
        "Infinity",
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("-Infinity"),
        "1,00",
        "1.000,00",
        " 10",
        "10 ",
        "10\n",
        "+10",
        "1_0",
        "0x10",
        ".5",
        "5.",
        "",
        "１０",
        "٣",
        "$10",
        10**30,
        Decimal(10) ** 30,
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        Decimal("0.00999999999999999999999999999999999"),
        Decimal("0.10" + "0" * 80 + "1"),
        "9" * 400,
        "10000000000.01",
    ],
)
def test_what_is_not_a_price_is_refused(price: Decimal | int | str) -> None:
    with pytest.raises(OrderError):
        Money.parse(price, "USD")


@pytest.mark.parametrize("price", [0.1, 10.0, float("nan"), float("inf")])
def test_a_float_is_refused_with_what_to_write(price: float) -> None:
    with pytest.raises(TypeError, match="must not be a float.*write Decimal"):
        Money.parse(price, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("price", [True, None, b"10", ["10"], 1j])
def test_other_types_are_refused(price: object) -> None:
    with pytest.raises(TypeError, match="a price is a Decimal, an int or a str"):
        Money.parse(price, "USD")  # type: ignore[arg-type]


def test_a_yen_has_no_cents() -> None:
    assert Money.parse("120", "JPY").decimal == Decimal(120)
    with pytest.raises(OrderError, match="more than 0 digits"):
        Money.parse("1.5", "JPY")


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "US", "ＵＳＤ"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(OrderError, match="not a currency this package knows"):
        exponent_of(currency)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(10, "USD"), "$0.10"),
        (Money(0, "USD"), "$0.00"),
        (Money(123456789, "USD"), "$1,234,567.89"),
        (Money(1200, "CHF"), "12.00 CHF"),
        (Money(120, "JPY"), "¥120"),
    ],
)
def test_people_read_money(money: Money, text: str) -> None:
    assert str(money) == text


def test_sums_stay_in_one_currency() -> None:
    assert Money(10, "USD") + Money(5, "USD") == Money(15, "USD")
    assert Money(10, "USD") - Money(5, "USD") == Money(5, "USD")
    assert Money(10, "USD") * 3 == Money(30, "USD")
    with pytest.raises(OrderError, match="one order, one currency"):
        Money(10, "USD") + Money(10, "EUR")
    with pytest.raises(OrderError, match="one order, one currency"):
        Money(10, "USD") - Money(10, "EUR")


@given(minor=st.integers(min_value=0, max_value=LARGEST), currency=st.sampled_from(sorted(EXPONENTS)))
def test_any_amount_survives_its_decimal_and_its_text(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert Money.parse(money.decimal, currency) == money
    assert Money.parse(str(money.decimal), currency) == money


def test_what_a_shop_sets_for_its_own_sums_rounds_no_money() -> None:
    with localcontext() as context:
        context.prec = 4
        assert Money.parse("12345.67", "USD") == Money(1234567, "USD")
        assert str(Money(1234567, "USD").decimal) == "12345.67"
        context.traps[Inexact] = True
        with pytest.raises(OrderError, match="more than 2 digits"):
            Money.parse("0.001", "USD")


@given(price=st.one_of(st.text(), st.decimals(), st.integers()))
def test_any_value_is_read_or_refused(price: Decimal | int | str) -> None:
    try:
        money = Money.parse(price, "USD")
    except OrderError:
        return
    assert money.decimal == Decimal(price)
