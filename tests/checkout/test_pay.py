from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from flask_fps import signals
from flask_fps.checkout.books import disagreement
from flask_fps.errors import LedgerBusy
from flask_fps.money import Money
from flask_fps.records import Facts
from flask_fps.records import Intent
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from flask_fps.signals import PaymentSignal
from tests.checkout.shop import DAY
from tests.checkout.shop import HOUR
from tests.checkout.shop import LEASE
from tests.checkout.shop import Shop

SECOND = timedelta(seconds=1)


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


def die() -> None:
    raise Killed


def settled_once(shop: Shop, payment: Payment) -> None:
    """Money moved once, what was paid for was delivered, and all agree."""
    found = shop.payment(payment)
    assert (found.state, found.delivered_at is not None) == (State.PAID, True)
    [moved] = shop.provider.moved
    assert (moved.id, moved.money) == (found.transaction_id, found.money)
    assert found.parked_reason is None


# What the direct answer says


@pytest.mark.parametrize(
    ("said", "state", "signals"),
    [
        ("success", State.PAID, ["completed"]),
        ("pending", State.PENDING, ["payment-pending"]),
        ("failure", State.FAILED, ["payment-failed"]),
        ("refused", State.FAILED, ["payment-failed"]),
        ("refused for now", State.AUTHORIZED, []),
        ("lost", State.UNKNOWN, []),
        ("lost before", State.UNKNOWN, []),
        ("breaks", State.UNKNOWN, []),
        ("not sent", State.AUTHORIZED, []),
    ],
)
def test_every_answer_and_what_is_told_of_it(shop: Shop, said: str, state: State, signals: list[str]) -> None:
    shop.gateway.will("pay", said)
    payment = shop.buy()

    assert payment.state is state
    assert shop.told == ["payment-started", "payment-authorized", *signals]
    assert shop.telling[-1].state in (state, State.PAYING)
    assert bool(shop.delivered) is (state is State.PAID)


def test_the_request_is_committed_before_its_bytes_leave(shop: Shop) -> None:
    seen: list[Intent | None] = []
    payment = shop.started()
    shop.gateway.meanwhile["pay"] = lambda: seen.append(shop.again().ledger.intent(payment.reference))
    shop.come_back(payment)

    [intent] = seen
    assert intent is not None
    assert (intent.sends, intent.first_sent_at) == (1, shop.clock.now)
    assert intent.parameters == {
        "reference": f"{payment.reference}-1",
        "token": intent.authorization_id,
        "amount": "10 USD",
    }


# Lost answers


@pytest.mark.parametrize("said", ["lost", "lost before", "breaks"])
def test_after_a_lost_answer_the_identical_request_is_sent_again(shop: Shop, said: str) -> None:
    shop.gateway.will("pay", said)
    payment = shop.buy()
    shop.clock.advance(5)
    shop.work()

    assert shop.sends == [f"{payment.reference}-1"] * 2
    settled_once(shop, payment)


def test_before_every_later_resend_the_transaction_is_looked_for(shop: Shop) -> None:
    shop.gateway.will("pay", "lost before", "lost before", "lost")
    payment = shop.buy()
    shop.clock.advance(5)
    shop.work()
    assert shop.gateway.calls[-1] == f"pay {payment.reference}-1"
    shop.clock.advance(10)
    shop.work()
    assert shop.gateway.calls[-2:] == [f"find {payment.reference}-1", f"pay {payment.reference}-1"]
    shop.clock.advance(20)
    shop.work()

    assert shop.gateway.calls[-1] == f"find {payment.reference}-1"  # and there it was
    assert len(shop.sends) == 3
    settled_once(shop, payment)


@pytest.mark.parametrize("error", ["refused", "refused for now", "failure"])
@pytest.mark.parametrize("lost", ["lost", "breaks"])
def test_a_lost_answer_and_then_an_error_is_never_read_as_nothing_was_charged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, lost: str, error: str
) -> None:
    """Money moved, the answer was cut, and the provider forgets that it knows the reference."""
    shop.gateway.will("pay", lost)
    payment = shop.buy()

    def forgets(intent: Intent) -> Outcome:
        shop.gateway.calls.append(f"pay {intent.reference}")
        return Outcome(Result.FAILURE, code="X", retryable=error == "refused for now")

    monkeypatch.setattr(shop.gateway, "pay", forgets)
    shop.work_for(HOUR, timedelta(minutes=1))

    settled_once(shop, payment)
    assert set(shop.sends) == {f"{payment.reference}-1"}


def test_a_lost_answer_that_nobody_finds_ends_before_a_person_and_never_as_failed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    monkeypatch.setattr(shop.gateway, "find", lambda intent: Outcome(Result.UNKNOWN))
    refuse = Outcome(Result.FAILURE, code="InvalidParams")
    monkeypatch.setattr(shop.gateway, "pay", lambda intent: refuse)
    shop.work_for(8 * DAY, 4 * HOUR)

    found = shop.payment(payment)
    assert (found.state, found.due_at) == (State.UNKNOWN, None)
    assert found.parked_reason == f"no answer for {payment.reference}-1, and it is too late to ask again"
    assert shop.told.count("payment-parked") == 1
    assert shop.telling[-1].parked_reason == found.parked_reason
    parked = next(entry for entry in shop.ledger.journal(payment.reference) if entry.event == "parked")
    assert timedelta(days=6) < parked.at - payment.created_at <= timedelta(days=6, hours=4)


def test_a_process_that_was_down_for_a_week_sends_nothing_again(shop: Shop) -> None:
    shop.gateway.will("pay", "lost before")
    payment = shop.buy()
    shop.clock.advance(8 * DAY)
    shop.again().work()

    assert shop.sends == [f"{payment.reference}-1"]
    assert shop.payment(payment).parked_reason is not None
    assert shop.provider.moved == []


def test_what_was_parked_and_moved_after_all_is_paid_when_somebody_asks(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    shop.gateway.will("find", "lost")
    payment = shop.buy()
    shop.clock.advance(8 * DAY)
    shop.work()
    assert shop.payment(payment).parked_reason is not None
    shop.checkout.drive_payment(payment.reference)
    assert shop.payment(payment).state is State.UNKNOWN  # a look at the page is not enough
    shop.checkout.drive_payment(payment.reference, early=True)

    settled_once(shop, payment)
    assert len(shop.sends) == 1


def test_what_is_before_a_person_is_never_sent_again_even_if_somebody_asks(shop: Shop) -> None:
    shop.gateway.will("pay", "lost before")
    payment = shop.buy()
    shop.ledger.park(payment.reference, "a person must see this")
    shop.checkout.drive_payment(payment.reference, early=True)

    assert len(shop.sends) == 1
    assert shop.gateway.calls[-1].startswith("find")
    assert shop.payment(payment).parked_reason == "a person must see this"
    assert shop.work() == 0


# Proven


def test_what_never_left_is_sent_again_as_it_was(shop: Shop) -> None:
    shop.gateway.will("pay", "not sent", "not sent")
    payment = shop.buy()
    assert shop.payment(payment).state is State.AUTHORIZED
    for wait in (5, 10):
        shop.clock.advance(wait)
        shop.work()

    assert shop.sends == [f"{payment.reference}-1"] * 3
    settled_once(shop, payment)


def test_a_refusal_that_may_pass_is_followed_by_a_new_reference(shop: Shop) -> None:
    shop.gateway.will("pay", "refused for now")
    payment = shop.buy()
    shop.clock.advance(5)
    shop.work()

    assert shop.sends == [f"{payment.reference}-1", f"{payment.reference}-2"]
    settled_once(shop, payment)


def test_a_second_request_whose_answer_is_lost_is_not_mistaken_for_the_first(shop: Shop) -> None:
    """The provider recorded the first one as a failure, under the same token."""
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    shop.gateway.will("pay", "refused for now", "lost", "lost before")
    shop.come_back(payment, token)
    first = shop.ledger.intent(payment.reference)
    assert first is not None
    shop.provider.execute(first.parameters, Result.FAILURE)
    for _ in range(20):
        shop.clock.advance(LEASE)
        shop.work()

    assert shop.sends[:2] == [f"{payment.reference}-1", f"{payment.reference}-2"]
    assert shop.payment(payment).state is not State.FAILED
    assert shop.provider.moved[0].reference == f"{payment.reference}-2"


def test_an_authorization_that_grew_too_old_is_given_back(shop: Shop) -> None:
    shop.gateway.will("pay", *["not sent"] * 100)
    payment = shop.buy()
    shop.work_for(4 * HOUR, timedelta(minutes=10))

    assert shop.payment(payment).state is State.EXPIRED
    assert shop.told[-1] == "payment-failed"
    assert [token.cancelled for token in shop.provider.tokens.values()] == [True]
    assert shop.provider.moved == []


def test_an_authorization_whose_order_was_paid_otherwise_is_given_back(shop: Shop) -> None:
    shop.gateway.will("pay", "not sent")
    waiting = shop.started(key="order-17", buyer="jane")
    winner = shop.started(key="order-17")
    shop.come_back(waiting)
    shop.come_back(winner)
    shop.clock.advance(5)
    shop.work()

    assert shop.payment(waiting).state is State.CANCELLED
    assert shop.payment(winner).state is State.PAID
    assert [token.cancelled for token in shop.provider.tokens.values()] == [True, False]
    assert shop.told.count("payment-failed") == 1


# Pending


def test_what_pends_is_asked_about_until_it_is_paid(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.work_for(HOUR, timedelta(minutes=5))
    assert shop.payment(payment).state is State.PENDING
    shop.provider.settle()
    shop.work_for(2 * HOUR)

    settled_once(shop, payment)
    assert shop.told == ["payment-started", "payment-authorized", "payment-pending", "completed"]
    assert len(shop.sends) == 1


def test_what_pends_and_fails_has_failed(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.provider.settle(Result.FAILURE)
    shop.clock.advance(5)
    shop.work()

    assert shop.payment(payment).state is State.FAILED
    assert shop.told[-1] == "payment-failed"


@pytest.mark.parametrize("status", ["", "lost", "breaks"])
def test_what_pends_for_a_week_is_put_before_a_person(shop: Shop, status: str) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.gateway.will("status", *[status] * 1000)
    shop.work_for(timedelta(days=7, hours=6), 6 * HOUR)

    found = shop.payment(payment)
    assert (found.state, found.due_at) == (State.PENDING, None)
    assert found.parked_reason == f"transaction {found.transaction_id} is still pending after 7 days"
    assert shop.told.count("payment-parked") == 1


def test_a_pending_payment_without_a_transaction_is_looked_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = Outcome(Result.PENDING)
    with monkeypatch.context() as nameless:
        nameless.setattr(
            shop.gateway, "pay", lambda intent: (shop.provider.execute(intent.parameters, Result.PENDING), pending)[1]
        )
        payment = shop.buy()
    assert (payment.state, payment.transaction_id) == (State.PENDING, None)
    shop.provider.settle()
    shop.clock.advance(5)
    shop.work()

    settled_once(shop, payment)


# Facts that disagree


GOOD = Facts("p-1", Money(10, "USD"), True)
WRONG = {
    "amount": (replace(GOOD, money=Money(9, "USD")), "it is about $0.09, not $0.10"),
    "currency": (replace(GOOD, money=Money(10, "EUR")), "it is about €0.10, not $0.10"),
    "no amount": (replace(GOOD, money=None), "it says no amount"),
    "recipient": (
        replace(GOOD, ours=False, payee="mallory@example.com"),
        "somebody else was paid (mallory@example.com): is the recipient in FPS_RECIPIENT_EMAIL the right one?",
    ),
    "unknown recipient": (replace(GOOD, ours=None), "the answer does not say who was paid"),
    "reference": (replace(GOOD, reference="another"), "it carries another reference"),
    "no reference": (replace(GOOD, reference=None), "it carries another reference"),
}


@pytest.mark.parametrize("what", WRONG)
def test_every_fact_must_agree(what: str) -> None:
    intent = Intent("p-1", "pay", "p", Money(10, "USD"), "TOKEN", {})

    assert disagreement(intent, GOOD) is None
    assert disagreement(intent, None) == "nothing else is known of it"
    assert disagreement(intent, WRONG[what][0]) == WRONG[what][1]


LEARNING: dict[str, Callable[[Shop], object]] = {
    "poll": lambda shop: shop.gateway.will("pay", "pending"),
    "find": lambda shop: shop.gateway.will("pay", "lost", "lost"),
    "notification": lambda shop: shop.gateway.will("pay", "lost"),
}


@pytest.mark.parametrize("how", LEARNING)
@pytest.mark.parametrize("what", WRONG)
def test_a_success_that_disagrees_is_put_before_a_person_and_not_delivered(shop: Shop, how: str, what: str) -> None:
    LEARNING[how](shop)
    payment = shop.buy()
    shop.provider.settle()
    facts = WRONG[what][0]
    shop.gateway.facts = replace(facts, reference=f"{payment.reference}-1") if facts.reference == "p-1" else facts
    if how == "notification":
        shop.notify(payment)
    else:
        shop.work_for(LEASE, SECOND * 5)

    found = shop.payment(payment)
    assert not found.is_paid
    assert found.parked_reason is not None
    assert WRONG[what][1] in found.parked_reason
    assert found.due_at is None
    assert shop.delivered == []
    assert shop.told[-1] == "payment-parked"


def test_a_success_learned_by_asking_counts_if_all_agrees(shop: Shop) -> None:
    shop.gateway.will("pay", "lost", "lost")
    payment = shop.buy()
    shop.work_for(LEASE, SECOND * 5)

    settled_once(shop, payment)
    assert shop.payment(payment).payer == "john@example.com"


# Crashes


CRASHES: dict[str, tuple[str, str]] = {
    "before the bytes leave": ("lost before", "pay"),
    "before the answer is stored": ("lost", "pay"),
}


@pytest.mark.parametrize("point", CRASHES)
def test_a_kill_around_the_request_loses_and_doubles_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    payment = shop.started()
    shop.gateway.will("pay", CRASHES[point][0])
    shop.gateway.meanwhile["pay"] = die
    with pytest.raises(Killed):
        shop.come_back(payment)
    survivor = shop.again()
    assert survivor.payment(payment).state is State.PAYING
    assert survivor.work() == 0  # the lease of the dead
    survivor.clock.advance(LEASE)
    survivor.work()

    settled_once(survivor, payment)
    assert survivor.delivered == [payment.reference]


def test_a_kill_before_the_authorization_is_stored_is_made_good_by_the_buyers_reload(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    with monkeypatch.context() as dying:
        dying.setattr(shop.ledger, "accept", lambda *args: die())
        with pytest.raises(Killed):
            shop.come_back(payment, token)
    assert shop.payment(payment).state is State.STARTED
    shop.again().come_back(payment, token)

    settled_once(shop, payment)


def test_a_ledger_that_is_away_before_the_request_means_no_request(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = shop.started()

    def away(*args: object) -> None:
        raise LedgerBusy("away")

    with monkeypatch.context() as down:
        down.setattr(shop.ledger, "accept", away)
        with pytest.raises(LedgerBusy):
            shop.come_back(payment)

    assert shop.sends == []


def test_a_ledger_that_is_away_after_the_request_is_made_good_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = shop.started()

    def away(*args: object) -> None:
        raise LedgerBusy("away")

    with monkeypatch.context() as down:
        down.setattr(shop.ledger, "settle", away)
        with pytest.raises(LedgerBusy):
            shop.come_back(payment)
    assert len(shop.provider.moved) == 1
    shop.clock.advance(LEASE)
    shop.work()

    settled_once(shop, payment)


# Two at once


def test_two_drivers_of_one_payment_send_once(shop: Shop) -> None:
    shop.gateway.will("pay", "lost before")
    payment = shop.buy()
    shop.clock.advance(5)
    other = shop.again()
    shop.gateway.meanwhile["pay"] = lambda: other.checkout.drive_payment(payment.reference, early=True)
    shop.work()

    assert len(shop.sends) == 2
    settled_once(shop, payment)


def test_a_driver_that_lost_its_lease_sends_nothing_more(shop: Shop) -> None:
    shop.gateway.will("pay", "lost before", "lost before", "success")
    payment = shop.buy()
    shop.clock.advance(5)
    shop.work()
    shop.clock.advance(10)
    other = shop.again()

    def pause() -> None:
        shop.clock.advance(LEASE)
        other.work()

    shop.gateway.meanwhile["find"] = pause
    shop.work()

    assert len(shop.sends) == 3  # the other's was the third
    settled_once(shop, payment)
    assert shop.delivered + other.delivered == [payment.reference]


def test_a_driver_that_lost_its_lease_still_brings_what_it_learned(shop: Shop) -> None:
    payment = shop.started()
    other = shop.again()

    def pause() -> None:
        shop.clock.advance(LEASE)
        other.gateway.will("pay", "lost before")
        other.work()

    shop.gateway.meanwhile["pay"] = pause
    shop.come_back(payment)

    settled_once(shop, payment)
    assert shop.delivered == [payment.reference]
    assert shop.sends == [f"{payment.reference}-1"] * 2


def test_who_listened_too_long_leaves_the_sending_to_the_next(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = shop.started()

    def slow(signal: PaymentSignal, told: Payment) -> None:
        if signal is signals.payment_authorized:
            shop.clock.advance(LEASE)

    slow_shop = shop.again(tell=slow)
    slow_shop.come_back(payment)
    assert shop.sends == []
    shop.work()

    assert shop.sends == [f"{payment.reference}-1"]
    settled_once(shop, payment)
