"""Nobody is asked about what has become known while that was decided."""

from __future__ import annotations

from datetime import timedelta

from flask_fps.records import RefundState
from flask_fps.records import State
from tests.checkout.shop import DAY
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
    assert shop.told.count("payment_parked") == 0
    assert shop.checkout.refund(payment.reference).state is RefundState.DONE


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
    assert shop.told.count("payment_parked") == 0
