from __future__ import annotations

from typing import Any

import pytest

from flask_fps.gateways import Begun
from flask_fps.ledger import Opening
from flask_fps.records import Outcome
from flask_fps.records import Result
from flask_fps.records import State
from tests.checkout.gateway import AWAY
from tests.checkout.shop import DAY
from tests.checkout.shop import GUEST
from tests.checkout.shop import HOUR
from tests.checkout.shop import IPN
from tests.checkout.shop import JOHN
from tests.checkout.shop import Shop


def test_a_payment_is_committed_before_anybody_is_sent_anywhere(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def begin(payment: Any) -> Begun:
        seen.append(shop.again().ledger.payment(payment.reference))
        return Begun("https://provider.example/pay")

    monkeypatch.setattr(shop.gateway, "begin", begin)
    started = shop.start()

    assert (started.opening, started.redirect) == (Opening.STARTED, "https://provider.example/pay")
    assert seen == [started.payment]
    assert started.payment is not None
    assert started.payment.return_url == f"https://shop.example/fps/return?ref={started.payment.reference}"
    assert started.payment.notify_url == IPN
    assert shop.told == ["payment-started"]


def test_a_second_click_goes_to_the_same_place_and_tells_nothing(shop: Shop) -> None:
    first, second = shop.start(), shop.again().start()

    assert second.opening is Opening.RESUMED
    assert (second.payment, second.redirect) == (first.payment, first.redirect)


def test_who_is_paying_already_is_shown_his_payment(shop: Shop) -> None:
    payment = shop.buy()
    again = shop.start()

    assert (again.opening, again.payment, again.redirect) == (Opening.GOODS, None, None)
    shop.gateway.will("pay", "pending")
    pending = shop.buy(buyer=GUEST)
    shown = shop.start(buyer=GUEST)
    assert (shown.opening, shown.payment, shown.redirect) == (Opening.PAGE, pending, None)
    assert payment.state is State.PAID


def test_a_provider_that_had_to_be_asked_is_asked_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def begin(payment: Any) -> Begun:
        calls.append(payment.reference)
        return Begun("https://provider.example/pay/7", handle="7", expires_at=shop.clock.now + DAY / 2)

    monkeypatch.setattr(shop.gateway, "begin", begin)
    first, second = shop.start(), shop.start()

    assert len(calls) == 1
    assert second.redirect == first.redirect == "https://provider.example/pay/7"
    assert second.payment is not None
    assert second.payment.gateway_handle == "7"
    shop.clock.advance(DAY / 2)
    third = shop.start()
    assert third.opening is Opening.STARTED
    assert len(calls) == 2


def test_nobody_is_sent_where_a_payment_was_begun_that_has_ended_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that stood still for days would else have money held that nobody awaits."""

    def begin(payment: Any) -> Begun:
        shop.work_for(28 * HOUR)
        return Begun("https://provider.example/pay/7", handle="7")

    monkeypatch.setattr(shop.gateway, "begin", begin)
    started = shop.start()

    assert started.payment is not None
    assert started.redirect is None
    assert shop.payment(started.payment).state is State.EXPIRED
    assert shop.payment(started.payment).gateway_handle is None


def test_a_buyer_is_sent_to_one_place_though_a_payment_was_begun_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that has forgotten the first begins anew, and only one of both is looked after."""
    handles = iter(("stale", "first"))

    def begin(payment: Any) -> Begun:
        handle = next(handles)
        if handle == "stale":
            first = shop.again().start()
            assert first.redirect == "https://provider.example/pay/first"
        return Begun(f"https://provider.example/pay/{handle}", handle=handle)

    monkeypatch.setattr(shop.gateway, "begin", begin)
    started = shop.start()

    assert started.payment is not None
    assert started.redirect is None
    assert shop.payment(started.payment).gateway_handle == "first"


@pytest.mark.parametrize("result", [Result.UNKNOWN, Result.NOT_SENT])
def test_a_provider_that_does_not_answer_leaves_a_payment_to_begin_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, result: Result
) -> None:
    with monkeypatch.context() as silent:
        silent.setattr(shop.gateway, "begin", lambda payment: Outcome(result))
        first = shop.start()
    second = shop.start()

    assert first.payment is not None
    assert (first.redirect, second.opening) == (None, Opening.RESUMED)
    assert second.redirect is not None
    assert shop.provider.transactions == {}


def test_whether_it_is_worth_sending_a_buyer_away_is_the_gateways_word(shop: Shop) -> None:
    assert shop.checkout.unreachable("default") is None
    shop.gateway.will("reachable", "lost")
    assert shop.checkout.unreachable("default") == AWAY


def test_two_buyers_of_a_shops_order_never_share_a_payment(shop: Shop) -> None:
    johns = shop.started(key="order-17")
    janes = shop.started(buyer="jane", key="order-17")

    assert johns.reference != janes.reference
    assert shop.payment(johns).superseded_by == janes.reference
    assert shop.payment(johns).buyer == JOHN
