"""What a purchase costs: each durable commit is a wait for the disk, and there are no more than the design needs."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_fps.ledger import own_engine
from flask_fps.records import Payment
from tests.checkout.shop import Shop
from tests.database import counted
from tests.database import fresh_database


@pytest.fixture(params=[True, False], ids=["shared session", "no session"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    engine = own_engine(f"sqlite:///{fresh_database(tmp_path)}")
    yield Shop(engine, shares_session=request.param)
    engine.dispose()


def commits(shop: Shop, act: Callable[[], object]) -> int:
    with counted(shop.engine) as commits:
        act()
    return len(commits)


def test_a_start_is_one_commit(shop: Shop) -> None:
    assert commits(shop, shop.start) == 1


def test_a_paid_return_is_three_commits(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)

    assert commits(shop, lambda: shop.come_back(payment, token)) == 3
    assert shop.delivered == [payment.reference]


def test_a_paid_return_with_named_handlers_is_three_commits_too(shop: Shop) -> None:
    shop.named = {"mail": lambda payment: None, "license": lambda payment: None}
    payment = shop.started()

    assert commits(shop, lambda: shop.come_back(payment)) == 3


def test_a_declined_return_is_two_commits_and_the_giving_back(shop: Shop) -> None:
    shop.gateway.will("pay", "refused")
    payment = shop.started()

    assert commits(shop, lambda: shop.come_back(payment)) == 2


def test_an_abandoned_return_is_one_commit(shop: Shop) -> None:
    payment = shop.started()

    assert commits(shop, lambda: shop.come_back(payment, status="abandoned")) == 1


def test_a_return_that_is_not_the_providers_is_none(shop: Shop) -> None:
    payment = shop.started()

    assert commits(shop, lambda: shop.come_back(payment, signature="mine")) == 0


def test_a_page_of_a_paid_payment_is_none(shop: Shop) -> None:
    payment: Payment = shop.buy()

    assert commits(shop, lambda: shop.checkout.drive(payment.reference)) == 0
