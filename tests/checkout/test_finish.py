from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from flask_fps.gateways import Standing
from flask_fps.ledger.models import InboxRow
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import Shop


def inbox(shop: Shop) -> list[InboxRow]:
    with Session(shop.engine) as session:
        return list(session.scalars(select(InboxRow).order_by(InboxRow.id)))


def test_a_buyer_who_agreed_and_came_back_has_bought(shop: Shop) -> None:
    payment = shop.buy()

    assert (payment.state, payment.method) == (State.PAID, "card")
    assert payment.delivered_at == shop.clock.now
    assert shop.told == ["payment-started", "payment-authorized", "completed"]
    [moved] = shop.provider.moved
    assert (moved.id, moved.money, moved.reference) == (
        payment.transaction_id,
        payment.money,
        f"{payment.reference}-1",
    )
    assert shop.ledger.rights.owns("default", payment.buyer, ["song"])


def test_a_return_that_is_not_the_providers_changes_nothing_and_is_kept_nowhere(shop: Shop) -> None:
    payment = shop.started()
    before = shop.events(payment)
    standing = shop.come_back(payment, signature="mine")

    assert standing is Standing.INVALID
    assert (shop.payment(payment), shop.events(payment), inbox(shop), shop.sends) == (payment, before, [], [])


@pytest.mark.parametrize("said", ["abandoned", "refused"])
def test_a_buyer_who_turned_away_is_believed_but_may_come_back(shop: Shop, said: str) -> None:
    payment = shop.started()
    shop.come_back(payment, status=said)

    assert shop.payment(payment).state is State(said)
    assert shop.sends == []
    shop.come_back(payment)
    assert shop.payment(payment).state is State.PAID
    assert len(shop.provider.moved) == 1


def test_a_late_no_does_not_undo_a_yes(shop: Shop) -> None:
    payment = shop.buy()
    shop.come_back(payment, status="abandoned")

    assert shop.payment(payment) == payment


def test_reload_and_back_change_nothing(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    shop.come_back(payment, token)
    before, told = shop.payment(payment), list(shop.told)
    for _ in range(3):
        assert shop.come_back(payment, token) is Standing.AUTHORIZED

    assert (shop.payment(payment), shop.told) == (before, told)
    assert len(shop.sends) == len(shop.provider.moved) == len(shop.delivered) == 1


def test_a_second_tab_that_agreed_too_gets_its_authorization_back(shop: Shop) -> None:
    payment = shop.started()
    first, second = shop.provider.authorize(payment.reference), shop.provider.authorize(payment.reference)
    shop.come_back(payment, first)
    shop.come_back(payment, second)

    assert len(shop.provider.moved) == 1
    assert (first.used_by is not None, second.cancelled) == (True, True)


def test_an_offer_that_has_expired_is_not_paid_and_its_authorization_goes_back(shop: Shop) -> None:
    payment = shop.started()
    shop.clock.advance(DAY)
    token = shop.provider.authorize(payment.reference)
    shop.come_back(payment, token)

    assert shop.payment(payment).state is State.EXPIRED
    assert token.cancelled
    assert shop.sends == []
    assert shop.told == ["payment-started", "payment-failed"]


def test_of_two_payments_of_one_order_the_second_to_return_loses(shop: Shop) -> None:
    first = shop.started(key="order-17", buyer="jane")
    second = shop.started(key="order-17")
    early, late = shop.provider.authorize(first.reference), shop.provider.authorize(second.reference)
    shop.come_back(first, early)
    shop.come_back(second, late)

    assert shop.payment(first).state is State.PAID
    assert shop.payment(second).state is State.CANCELLED
    assert late.cancelled
    assert shop.delivered == [first.reference]


# Returns that could not be checked


def test_a_return_that_could_not_be_checked_is_kept_and_decides_nothing(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("finish", "lost")
    assert shop.come_back(payment) is Standing.COULD_NOT_TELL

    assert shop.payment(payment) == payment
    [row] = inbox(shop)
    assert (row.verdict, row.done_at) == ("could_not_tell", None)
    assert b"token=" in row.body
    assert shop.sends == []
    assert shop.ledger.arrivals.waits(payment.reference)


def test_a_kept_return_is_processed_from_the_inbox(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("finish", "lost")
    shop.come_back(payment)
    shop.again().work()

    assert shop.payment(payment).state is State.PAID
    [row] = inbox(shop)
    assert (row.verdict, row.done_at) == ("valid", shop.clock.now)
    assert not shop.ledger.arrivals.waits(payment.reference)


def test_a_kept_return_that_turns_out_to_be_forged_is_dropped(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("finish", "lost")
    shop.come_back(payment, signature="mine")
    shop.work()

    assert shop.payment(payment) == payment
    [row] = inbox(shop)
    assert (row.verdict, row.done_at) == ("invalid", shop.clock.now)


def test_a_kept_return_waits_as_long_as_nobody_can_tell(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("finish", "lost", "lost", "lost")
    shop.come_back(payment)
    for _ in range(2):
        shop.work()
        assert shop.work() == 0
        assert shop.payment(payment).state is State.STARTED
        shop.clock.advance(timedelta(seconds=10))
    shop.work()

    assert shop.payment(payment).state is State.PAID


def test_the_buyer_who_reloads_is_checked_again_at_once(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    shop.gateway.will("finish", "lost")
    shop.come_back(payment, token)
    shop.come_back(payment, token)

    assert shop.payment(payment).state is State.PAID
    assert [row.done_at for row in inbox(shop)] == [shop.clock.now]
    assert shop.work() == 0
