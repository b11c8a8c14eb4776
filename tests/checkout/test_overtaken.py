"""Nobody is asked about what has become known while that was decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flask_fps.records import RefundState
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import HOUR
from tests.checkout.shop import Shop

WEEK = 7 * DAY
A_MINUTE = timedelta(minutes=1)


def test_a_payment_that_is_found_while_it_is_given_up(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    shop.clock.advance(WEEK)
    shop.gateway.will("find", "lost")
    shop.gateway.meanwhile["find"] = lambda: shop.notify(payment)
    shop.checkout.drive_payment(payment.reference)

    assert (shop.payment(payment).state, shop.payment(payment).parked_reason) == (State.PAID, None)
    assert shop.told.count("payment-parked") == 0
    assert shop.checkout.refund(payment.reference).state is RefundState.DONE


def test_who_stood_still_before_he_sent_again_sends_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider may have forgotten the request that it had, and would do it twice."""
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    counted, sent = shop.ledger.resend, shop.gateway.calls.count("pay")

    def frozen(*given: Any) -> Any:
        again = counted(*given)
        shop.clock.advance(DAY)
        return again

    with monkeypatch.context() as slow:
        slow.setattr(shop.ledger, "resend", frozen)
        shop.checkout.drive_payment(payment.reference)
    assert shop.gateway.calls.count("pay") == sent
    assert shop.payment(payment).state is State.UNKNOWN
    shop.work_for(HOUR)
    assert shop.payment(payment).state is State.PAID
    assert len(shop.provider.transactions) == 1


def test_a_payment_that_settles_while_it_is_given_up(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.clock.advance(WEEK + A_MINUTE)
    shop.provider.settle()
    shop.gateway.will("status", "lost")
    shop.gateway.meanwhile["status"] = lambda: shop.notify(payment)
    shop.checkout.drive_payment(payment.reference)

    assert (shop.payment(payment).state, shop.payment(payment).parked_reason) == (State.PAID, None)


def test_a_buyer_who_comes_back_while_he_is_given_up(shop: Shop) -> None:
    payment = shop.started()
    shop.clock.advance(WEEK + DAY)
    shop.gateway.will("recover", "lost")
    shop.gateway.meanwhile["recover"] = lambda: shop.come_back(payment)
    shop.checkout.drive_payment(payment.reference)

    assert (shop.payment(payment).state, shop.payment(payment).parked_reason) == (State.EXPIRED, None)


def test_two_who_find_it_too_late_to_pay_tell_of_it_once(shop: Shop) -> None:
    shop.gateway.will("pay", "not sent")
    payment = shop.buy()
    shop.clock.advance(4 * HOUR)

    def another() -> None:
        shop.clock.advance(HOUR)  # longer than any lease
        shop.work()

    shop.gateway.meanwhile["find"] = another
    shop.checkout.drive_payment(payment.reference)

    assert shop.payment(payment).state is State.EXPIRED
    assert shop.told.count("payment-failed") == 1


def test_a_refund_that_is_found_while_it_is_given_up(shop: Shop) -> None:
    payment = shop.buy()
    shop.gateway.will("refund", "lost")
    shop.checkout.refund(payment.reference, key="once")
    shop.clock.advance(WEEK)
    shop.gateway.will("find", "lost")
    shop.gateway.meanwhile["find"] = lambda: shop.notify(payment)
    shop.work()

    assert [each.state for each in shop.ledger.refunds.of(payment.reference)] == [RefundState.DONE]
    assert shop.payment(payment).parked_reason is None
    assert shop.told.count("payment-parked") == 0
