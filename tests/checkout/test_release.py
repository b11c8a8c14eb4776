from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.records import State
from tests.checkout.gateway import Token
from tests.checkout.shop import DAY
from tests.checkout.shop import HOUR
from tests.checkout.shop import LEASE
from tests.checkout.shop import Shop


@pytest.fixture
def unused(shop: Shop) -> Token:
    """What a buyer authorized for an offer that has expired by now."""
    payment = shop.started()
    shop.clock.advance(DAY)
    return shop.provider.authorize(payment.reference)


def give_up(shop: Shop, token: Token) -> None:
    payment = shop.ledger.payment(token.payment)
    assert payment is not None
    shop.come_back(payment, token)
    assert shop.payment(payment).state is State.EXPIRED


def releases(shop: Shop) -> int:
    return len([call for call in shop.gateway.calls if call.startswith("release")])


@pytest.mark.parametrize("said", ["", "refused"])
def test_an_answer_settles_it(shop: Shop, unused: Token, said: str) -> None:
    shop.gateway.will("release", said)
    give_up(shop, unused)
    shop.work_for(DAY)

    assert (unused.cancelled, releases(shop)) == (True, 1)


@pytest.mark.parametrize("said", ["lost", "not sent"])
def test_without_an_answer_it_is_tried_until_the_authorization_lapses_by_itself(
    shop: Shop, unused: Token, said: str
) -> None:
    shop.gateway.will("release", *[said] * 1000)
    give_up(shop, unused)
    shop.work_for(5 * HOUR, timedelta(minutes=5))

    assert 5 < releases(shop) < 30
    assert shop.work() == 0
    assert shop.ledger.journal(unused.payment)[-1].detail["result"] == "lapsed"


def test_a_kill_before_it_is_given_back(shop: Shop, unused: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(authorization_id: str) -> None:
        raise Killed

    with monkeypatch.context() as dying, pytest.raises(Killed):
        dying.setattr(shop.gateway, "release", die)
        give_up(shop, unused)
    survivor = shop.again()
    survivor.clock.advance(LEASE)
    survivor.work()

    assert unused.cancelled


def test_a_gateway_that_breaks_is_asked_again(shop: Shop, unused: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(authorization_id: str) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as broken:
        broken.setattr(shop.gateway, "release", breaks)
        give_up(shop, unused)
    shop.clock.advance(LEASE)
    shop.work()

    assert unused.cancelled


def test_what_a_failed_payment_had_is_given_back(shop: Shop) -> None:
    shop.gateway.will("pay", "refused")
    payment = shop.buy()
    shop.work()

    assert payment.state is State.FAILED
    assert [token.cancelled for token in shop.provider.tokens.values()] == [True]
