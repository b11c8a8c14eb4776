"""Twenty at once on a database that lets twenty write at once."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy import select

from flask_fps.errors import FPSError
from flask_fps.ledger.models import PaymentRow
from flask_fps.records import State
from tests import postgres
from tests.checkout.shop import JOHN
from tests.checkout.shop import Shop

AT_ONCE = 20


@pytest.fixture
def shop() -> Iterator[Shop]:
    engine = create_engine(postgres.fresh_database(), pool_size=AT_ONCE)
    yield Shop(engine)
    engine.dispose()


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """What each of them got, or what was raised."""
    ready = Barrier(AT_ONCE)

    def one(number: int) -> Any:
        ready.wait()
        try:
            return act(number)
        except FPSError as refused:
            return refused

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return list(crowd.map(one, range(AT_ONCE)))


def test_twenty_refunds_at_once_never_give_back_more_than_was_paid(shop: Shop) -> None:
    payment = shop.buy()
    given = at_once(lambda number: shop.again().checkout.refund(payment.reference, "0.03", key=f"refund {number}"))
    refunded = [each for each in given if not isinstance(each, FPSError)]

    assert len(refunded) == 3, given
    assert shop.ledger.payment(payment.reference).refunded == 9  # type: ignore[union-attr]


def test_twenty_refunds_under_one_key_are_one(shop: Shop) -> None:
    payment = shop.buy()
    given = at_once(lambda number: shop.again().checkout.refund(payment.reference, "0.03", key="once"))

    assert {each.key for each in given} == {"once"}
    assert shop.ledger.payment(payment.reference).refunded == 3  # type: ignore[union-attr]


def test_twenty_starts_at_once_are_one_payment(shop: Shop) -> None:
    started = at_once(lambda number: shop.again().start())

    assert len({each.payment.reference for each in started}) == 1, started


def test_twenty_returns_at_once_pay_and_deliver_once(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    shops = [shop.again() for _ in range(AT_ONCE)]
    at_once(lambda number: shops[number].come_back(payment, token))

    assert [each.status.value for each in shop.provider.transactions.values()] == ["success"]
    assert sum(len(each.delivered) for each in shops) == 1
    assert shop.ledger.payment(payment.reference).state is State.PAID  # type: ignore[union-attr]


def test_a_guest_signs_in_while_he_buys(shop: Shop) -> None:
    """Whatever is first: his payments are his."""
    for number in range(3):
        shop.started(buyer="guest:1", key=f"cart {number}")
    at_once(lambda number: shop.ledger.adopt("guest:1", JOHN) if number % 2 else shop.again().start(buyer=JOHN))
    with shop.engine.connect() as connection:
        buyers = set(connection.scalars(select(PaymentRow.buyer)))

    assert buyers == {JOHN}
