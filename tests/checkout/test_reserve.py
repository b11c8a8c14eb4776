"""What is held: never fulfilled, settled once, cancelled once, and never forgotten."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from flask_fps.errors import Refused
from flask_fps.money import Money
from flask_fps.records import Item
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import HOUR
from tests.checkout.shop import JOHN
from tests.checkout.shop import Shop

ALBUM = Item("album", "10.00", "A whole album")
MINUTE = timedelta(minutes=1)


def reserved(shop: Shop) -> Payment:
    payment = shop.buy(ALBUM, reserve=True)
    assert payment.state is State.RESERVED
    return payment


def calls(shop: Shop, name: str) -> list[str]:
    return [call for call in shop.gateway.calls if call.split()[0] == name]


def taken(shop: Shop) -> list[int]:
    return [each.money.minor for each in shop.provider.moved]


def test_what_is_held_is_not_paid_and_not_delivered(shop: Shop) -> None:
    payment = reserved(shop)
    shop.work_for(DAY)

    assert shop.payment(payment).state is State.RESERVED
    assert shop.payment(payment).hold_until == payment.authorized_at + 7 * DAY if payment.authorized_at else False
    assert (taken(shop), shop.delivered) == ([], [])
    assert not shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.told == ["payment-started", "payment-authorized", "payment-reserved"]
    assert calls(shop, "pay") == []


@pytest.mark.parametrize("taken_in_the_end", [True, False])
def test_a_hold_whose_settle_pends_is_never_given_up_by_itself(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, taken_in_the_end: bool
) -> None:
    """While the Settle pends the transaction still shows that it is reserved, and so it does if that failed."""
    payment = reserved(shop)
    assert payment.transaction_id is not None
    pending = Outcome(Result.PENDING, payment.transaction_id)
    monkeypatch.setattr(shop.gateway, "settle", lambda intent: pending)
    shop.checkout.settle(payment.reference)
    shop.work_for(5 * MINUTE, MINUTE)
    if taken_in_the_end:
        shop.provider.end(payment.transaction_id, Result.SUCCESS)
    shop.work_for(8 * DAY, 6 * HOUR)

    found = shop.payment(payment)
    assert calls(shop, "cancel") == []
    assert found.state is (State.PAID if taken_in_the_end else State.RESERVED)
    assert (found.parked_reason is None) is taken_in_the_end


def test_a_hold_that_takes_its_time(shop: Shop) -> None:
    shop.gateway.will("reserve", "pending")
    payment = shop.buy(ALBUM, reserve=True)
    assert payment.state is State.PENDING
    shop.provider.settle(Result.RESERVED)
    shop.work_for(HOUR)

    assert shop.payment(payment).state is State.RESERVED
    assert shop.told[-1] == "payment-reserved"


def test_settled_it_is_paid_and_delivered(shop: Shop) -> None:
    payment = reserved(shop)
    settled = shop.checkout.settle(payment.reference)

    assert (settled.state, settled.paid_money) == (State.PAID, Money(1000, "USD"))
    assert (taken(shop), shop.delivered) == ([1000], [payment.reference])
    assert shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.checkout.settle(payment.reference).state is State.PAID
    assert len(calls(shop, "settle")) == 1


def test_a_part_is_what_was_paid(shop: Shop) -> None:
    payment = reserved(shop)
    settled = shop.checkout.settle(payment.reference, Decimal("7.50"))

    assert (settled.money, settled.paid_money) == (Money(1000, "USD"), Money(750, "USD"))
    assert taken(shop) == [750]
    assert shop.delivered == [payment.reference]
    assert list(shop.checkout.audit("default", shop.clock.now - DAY)) == []
    with pytest.raises(Refused, match=r"was settled for \$7.50: a hold is settled once"):
        shop.checkout.settle(payment.reference, "2")
    with pytest.raises(Refused, match=r"\$7.51 is more than can be refunded: \$7.50 is left of \$7.50"):
        shop.checkout.refund(payment.reference, "7.51")
    shop.checkout.refund(payment.reference)
    assert not shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.payment(payment).closed_at is not None


def test_cancelled_nothing_was_taken(shop: Shop) -> None:
    payment = reserved(shop)

    assert shop.checkout.cancel(payment.reference).state is State.CANCELLED
    assert shop.checkout.cancel(payment.reference).state is State.CANCELLED
    assert len(calls(shop, "cancel")) == 1
    assert (taken(shop), shop.delivered) == ([], [])
    assert shop.told[-1] == "payment-failed"
    with pytest.raises(Refused, match="is cancelled: only what is reserved can be settled"):
        shop.checkout.settle(payment.reference)
    assert shop.buy(ALBUM).reference != payment.reference


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("0", "cannot be settled"),
        ("-1", "not a price"),
        ("10.01", r"\$10.01 is more than is held: \$10.00"),
        ("1.001", "more than 2 digits"),
        (Money(100, "EUR"), "is in USD, and €1.00 is in EUR"),
    ],
)
def test_an_amount_that_cannot_be_settled(shop: Shop, amount: str | Money, sentence: str) -> None:
    payment = reserved(shop)
    with pytest.raises(Refused, match=sentence):
        shop.checkout.settle(payment.reference, amount)
    assert calls(shop, "settle") == []


def test_what_is_not_held(shop: Shop) -> None:
    paid = shop.buy(ALBUM)
    for ask in (shop.checkout.settle, shop.checkout.cancel):
        with pytest.raises(Refused, match="there is no payment 'nobody'"):
            ask("nobody")
    with pytest.raises(Refused, match="is paid: only what is reserved can be settled"):
        shop.checkout.settle(paid.reference)
    with pytest.raises(Refused, match="what is paid is refunded .`flask fps refund`., not cancelled"):
        shop.checkout.cancel(paid.reference)
    with pytest.raises(Refused, match="is reserved and not paid: cancel it"):
        shop.checkout.refund(shop.buy(Item("other", 3, "Another"), reserve=True).reference)


@pytest.mark.parametrize("lost", ["lost", "lost before", "not sent", "refused for now"])
@pytest.mark.parametrize("ask", ["settle", "cancel"])
def test_what_was_not_answered_is_asked_for_until_it_is(shop: Shop, ask: str, lost: str) -> None:
    payment = reserved(shop)
    shop.gateway.will(ask, lost, lost)
    answered = getattr(shop.checkout, ask)(payment.reference)
    assert answered.state is State.RESERVED
    shop.work_for(HOUR, every=MINUTE)

    assert shop.payment(payment).state is (State.PAID if ask == "settle" else State.CANCELLED)
    assert taken(shop) == ([1000] if ask == "settle" else [])
    assert shop.delivered == ([payment.reference] if ask == "settle" else [])


def test_one_thing_after_the_other(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("settle", "lost before", "lost before")
    shop.checkout.settle(payment.reference, "4")
    with pytest.raises(Refused, match=r"is being settled for \$4.00: wait until that is answered"):
        shop.checkout.cancel(payment.reference)
    with pytest.raises(Refused, match="is being settled"):
        shop.checkout.settle(payment.reference, "5")
    assert shop.checkout.settle(payment.reference).state is State.RESERVED
    shop.work_for(HOUR, every=MINUTE)
    assert taken(shop) == [400]


def test_a_settle_that_pends_is_watched(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("settle", "pending")
    assert shop.checkout.settle(payment.reference).state is State.RESERVED
    shop.work_for(2 * HOUR)
    assert (shop.payment(payment).state, shop.delivered) == (State.RESERVED, [])
    shop.provider.settle()
    shop.work_for(2 * HOUR)
    assert shop.payment(payment).state is State.PAID
    assert shop.delivered == [payment.reference]


def test_a_settle_that_fails_in_the_end(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("settle", "pending")
    shop.checkout.settle(payment.reference)
    shop.provider.settle(Result.FAILURE)
    shop.work_for(2 * HOUR)
    assert (shop.payment(payment).state, shop.told[-1]) == (State.FAILED, "payment-failed")


def test_a_cancel_that_was_taken_and_failed_goes_before_a_person(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("cancel", "pending")
    assert shop.checkout.cancel(payment.reference).state is State.RESERVED
    shop.provider.end(str(payment.transaction_id), Result.RESERVED)
    shop.work_for(HOUR)

    assert "refuses to give up the hold" in (shop.payment(payment).parked_reason or "")
    assert shop.checkout.cancel(payment.reference).state is State.CANCELLED
    assert shop.payment(payment).parked_reason is None


def test_a_settle_that_is_refused_puts_it_before_a_person_and_can_be_asked_for_again(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("settle", "refused")
    assert shop.checkout.settle(payment.reference).state is State.RESERVED
    shop.work_for(HOUR)
    assert "refuses to take what is held: InsufficientBalance" in (shop.payment(payment).parked_reason or "")
    assert shop.told[-1] == "payment-parked"

    assert shop.checkout.settle(payment.reference).state is State.PAID
    assert shop.payment(payment).parked_reason is None


def test_what_the_shop_forgets_is_cancelled_before_the_hold_ends(shop: Shop) -> None:
    payment = reserved(shop)
    shop.work_for(5 * DAY, every=6 * HOUR)
    assert shop.payment(payment).state is State.RESERVED
    shop.work_for(DAY + HOUR)

    assert shop.payment(payment).state is State.CANCELLED
    assert "hold ends" in shop.events(payment)
    assert taken(shop) == []
    assert shop.told[-1] == "payment-failed"


def test_what_a_person_is_to_look_at_is_cancelled_in_time_too(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("settle", "refused")
    shop.checkout.settle(payment.reference)
    shop.work_for(7 * DAY, every=6 * HOUR)
    assert shop.payment(payment).state is State.CANCELLED
    assert shop.payment(payment).parked_reason is None


def test_a_hold_that_the_provider_dropped(shop: Shop) -> None:
    payment = reserved(shop)
    shop.provider.end(str(payment.transaction_id), Result.CANCELLED)
    shop.checkout.settle(payment.reference)
    shop.work_for(HOUR, every=MINUTE)
    assert shop.payment(payment).state is State.CANCELLED


def test_a_hold_settled_by_hand_is_paid(shop: Shop) -> None:
    payment = reserved(shop)
    transaction = str(payment.transaction_id)
    shop.provider.take({"of": transaction, "amount": "600 USD"}, Result.SUCCESS)
    shop.notify(payment)

    assert (shop.payment(payment).state, shop.payment(payment).paid_money) == (State.PAID, Money(600, "USD"))
    assert shop.delivered == [payment.reference]


def test_books_that_say_more_than_was_held_go_before_a_person(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("settle", "lost")
    shop.checkout.settle(payment.reference, "5")
    shop.provider.end(str(payment.transaction_id), Result.RESERVED)
    shop.provider.take({"of": str(payment.transaction_id), "amount": "400 USD"}, Result.SUCCESS)
    shop.notify(payment)
    assert "it is about $4.00, not $5.00" in (shop.payment(payment).parked_reason or "")


def test_an_answer_that_it_was_paid_is_not_believed_of_a_request_to_reserve(shop: Shop) -> None:
    shop.gateway.will("reserve", "success")
    payment = shop.buy(ALBUM, reserve=True)
    assert (payment.state, shop.delivered) == (State.UNKNOWN, [])


def test_a_settle_asked_for_while_somebody_is_at_the_payment(shop: Shop) -> None:
    payment = reserved(shop)
    shop.clock.advance(DAY)
    asked: list[Payment] = []
    shop.gateway.meanwhile["status"] = lambda: asked.append(shop.again().checkout.settle(payment.reference))
    shop.checkout.drive_payment(payment.reference, early=True)

    assert [each.state for each in asked] == [State.RESERVED]
    shop.work_for(HOUR, every=MINUTE)
    assert shop.payment(payment).state is State.PAID
    assert taken(shop) == [1000]


def test_the_same_goods_bought_outright_are_another_wish(shop: Shop) -> None:
    held = shop.started(ALBUM, reserve=True)
    outright = shop.started(ALBUM)
    assert held.reference != outright.reference
    assert (held.reserve, outright.reserve) == (True, False)
