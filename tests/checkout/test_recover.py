from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flask_fps.gateways import Authorization
from flask_fps.gateways import Standing
from flask_fps.ledger import Terms
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import GUEST
from tests.checkout.shop import HOUR
from tests.checkout.shop import LEASE
from tests.checkout.shop import Shop

MINUTE = timedelta(minutes=1)


def test_a_buyer_who_agreed_and_never_came_back_has_bought(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    shop.clock.advance(9 * MINUTE)
    assert shop.work() == 0
    shop.clock.advance(MINUTE)
    shop.work()

    found = shop.payment(payment)
    assert (found.state, found.authorization_id, found.authorized_at) == (State.PAID, token.id, token.given_at)
    assert shop.delivered == [payment.reference]
    assert shop.told == ["payment-started", "payment-authorized", "completed"]


def test_whoever_takes_long_to_note_that_a_buyer_is_on_his_way_ends_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = shop.started()
    shop.clock.advance(10 * MINUTE)
    shop.provider.authorize(payment.reference)
    noted = shop.ledger.still_away

    def late(*given: Any, **named: Any) -> Any:
        shop.clock.advance(5 * MINUTE)
        return noted(*given, **named)

    with monkeypatch.context() as slow:
        slow.setattr(shop.ledger, "still_away", late)
        shop.work()
    assert shop.payment(payment).state is State.STARTED
    shop.work()
    assert shop.payment(payment).state is State.PAID


@pytest.mark.parametrize("said", ["", "abandoned", "refused"])
def test_who_never_agrees_is_asked_about_less_and_less_until_the_last_token_would_be_dead(
    shop: Shop, said: str
) -> None:
    payment = shop.started()
    if said:
        shop.come_back(payment, status=said)
        shop.provider.tokens.clear()
    shop.work_for(27 * HOUR - MINUTE, timedelta(minutes=10))
    assert shop.payment(payment).state is State(said or "started")
    asked = shop.gateway.calls.count("recover")
    assert 25 <= asked <= 32
    shop.work_for(HOUR + MINUTE, timedelta(minutes=10))

    assert shop.payment(payment).state is State.EXPIRED
    assert shop.told == ["payment-started", "payment-failed"]
    assert shop.work() == 0


def test_who_comes_back_after_the_end_gets_his_authorization_back(shop: Shop) -> None:
    payment = shop.started()
    shop.work_for(28 * HOUR)
    token = shop.provider.authorize(payment.reference)
    shop.come_back(payment, token)

    assert (shop.payment(payment).state, shop.sends, token.cancelled) == (State.EXPIRED, [], True)


def test_a_provider_that_does_not_answer_proves_nothing(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("recover", *["lost"] * 10_000)
    shop.work_for(7 * DAY, 6 * HOUR)
    assert shop.payment(payment).state is State.STARTED
    shop.work_for(2 * DAY, 6 * HOUR)

    found = shop.payment(payment)
    assert (found.state, found.due_at) == (State.STARTED, None)
    assert found.parked_reason == "the provider does not say whether the buyer agreed: no answer"
    assert shop.told.count("payment-parked") == 1


def test_a_provider_that_breaks_is_asked_again(shop: Shop) -> None:
    payment = shop.started()
    shop.provider.authorize(payment.reference)
    shop.gateway.will("recover", "breaks")
    shop.clock.advance(10 * MINUTE)
    shop.work()
    shop.clock.advance(HOUR)
    shop.work()

    assert shop.payment(payment).state is State.PAID


def test_a_guest_who_did_not_come_back_is_not_charged(shop: Shop) -> None:
    payment = shop.started(buyer=GUEST)
    token = shop.provider.authorize(payment.reference)
    shop.clock.advance(10 * MINUTE)
    shop.work()

    assert (shop.payment(payment).state, token.cancelled, shop.sends) == (State.CANCELLED, True, [])
    assert shop.told[-1] == "payment-failed"


def test_a_shop_may_give_back_what_it_had_to_ask_for(shop: Shop) -> None:
    careful = shop.again(terms=Terms(DAY, unattended=False))
    payment = careful.started()
    token = careful.provider.authorize(payment.reference)
    careful.clock.advance(10 * MINUTE)
    careful.work()

    assert (careful.payment(payment).state, token.cancelled) == (State.CANCELLED, True)


def test_who_left_is_not_charged_behind_his_back(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    shop.come_back(payment, token, status="abandoned")
    shop.clock.advance(10 * MINUTE)
    shop.work()

    assert (shop.payment(payment).state, token.cancelled) == (State.CANCELLED, True)


def test_who_began_anew_is_charged_for_what_he_began_last(shop: Shop) -> None:
    first = shop.started()
    second = shop.started(Item("song", "0.20", "Now and Forever"))
    old, new = shop.provider.authorize(first.reference), shop.provider.authorize(second.reference)
    shop.clock.advance(10 * MINUTE)
    shop.work()

    assert (shop.payment(first).state, old.cancelled) == (State.CANCELLED, True)
    assert (shop.payment(second).state, new.cancelled) == (State.PAID, False)
    assert [moved.money.minor for moved in shop.provider.moved] == [20]


def test_who_comes_back_while_he_is_asked_about_is_charged_once(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    other = shop.again()
    shop.gateway.meanwhile["recover"] = lambda: other.come_back(payment, token)
    shop.clock.advance(10 * MINUTE)
    shop.work()

    assert shop.payment(payment).state is State.PAID
    assert len(shop.sends) == len(shop.provider.moved) == 1
    assert shop.delivered + other.delivered == [payment.reference]


def test_two_workers_ask_once(shop: Shop) -> None:
    payment = shop.started()
    other = shop.again()
    shop.gateway.meanwhile["recover"] = lambda: other.checkout.drive_payment(payment.reference, early=True)
    shop.clock.advance(10 * MINUTE)
    shop.work()

    assert shop.gateway.calls.count("recover") == 1


def test_a_worker_that_died_while_asking_is_followed_by_another(shop: Shop) -> None:
    payment = shop.started()
    shop.provider.authorize(payment.reference)

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    shop.gateway.meanwhile["recover"] = die
    shop.clock.advance(10 * MINUTE)
    with pytest.raises(Killed):
        shop.work()
    survivor = shop.again()
    assert survivor.work() == 0
    survivor.clock.advance(LEASE)
    survivor.work()

    assert survivor.payment(payment).state is State.PAID


def test_a_superseded_payment_is_asked_about_too(shop: Shop) -> None:
    first = shop.started()
    shop.started(Item("song", "0.20", "Now and Forever"))
    shop.work_for(28 * HOUR)

    assert shop.payment(first).state is State.EXPIRED


def test_what_a_person_was_to_find_out_is_known_once_the_buyer_is_back(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("recover", *["lost"] * 10_000)
    shop.work_for(9 * DAY, 6 * HOUR)
    assert shop.payment(payment).parked_reason is not None
    shop.come_back(payment)

    assert (shop.payment(payment).state, shop.payment(payment).parked_reason) == (State.EXPIRED, None)


def test_or_once_the_provider_says_that_he_never_agreed(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("recover", *["lost"] * 1000)
    shop.work_for(9 * DAY, 6 * HOUR)
    shop.gateway.script["recover"].clear()
    shop.checkout.drive_payment(payment.reference, early=True)

    assert (shop.payment(payment).state, shop.payment(payment).parked_reason) == (State.EXPIRED, None)


def test_what_ended_while_we_asked_is_told_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = shop.started()
    shop.clock.advance(DAY + 4 * HOUR)

    def answer_too_late(asked: Payment) -> Authorization:
        shop.come_back(payment, shop.provider.authorize(payment.reference))
        return Authorization(Standing.ABANDONED)

    monkeypatch.setattr(shop.gateway, "recover", answer_too_late)
    shop.work()

    assert shop.payment(payment).state is State.EXPIRED
    assert shop.told.count("payment-failed") == 1


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=1, seconds=20)])
def test_who_has_agreed_a_moment_ago_is_not_decided_about_without_him(shop: Shop, ahead: timedelta) -> None:
    """Nor where the provider's clock is ahead of ours."""
    payment = shop.started(buyer=GUEST)
    shop.clock.advance(9 * MINUTE)
    token = shop.provider.authorize(payment.reference)
    token.given_at += ahead
    shop.clock.advance(MINUTE)
    shop.work()
    assert shop.payment(payment).state is State.STARTED

    shop.come_back(payment, token)
    assert shop.payment(payment).state is State.PAID
