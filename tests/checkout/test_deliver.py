from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy.orm import Session

from flask_fps.checkout import Checkout
from flask_fps.errors import LedgerBusy
from flask_fps.ledger import COMPLETED
from flask_fps.ledger import Deliveries
from flask_fps.ledger.models import DeliveryRow
from flask_fps.ledger.outbox import ATTEMPTS_MAX
from flask_fps.records import Payment
from tests.checkout.shop import HOUR
from tests.checkout.shop import LEASE
from tests.checkout.shop import Shop
from tests.database import emptied_engine
from tests.database import KINDS
from tests.database import still_engine


class Killed(BaseException):
    """The process is gone."""


def row(shop: Shop, handler: str = COMPLETED) -> DeliveryRow:
    with Session(shop.engine) as session:
        return session.scalars(select(DeliveryRow).where(DeliveryRow.handler == handler)).one()


def fails(times: int) -> Any:
    """A receiver that raises so often, then works."""
    left = [times]

    def receiver(payment: Payment, session: Any) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise ValueError("not yet")

    return receiver


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return still_engine(request.param, monkeypatch)


@pytest.fixture(params=[True, False], ids=["shared session", "no session"])
def either(request: pytest.FixtureRequest, engine: Engine) -> Shop:
    return Shop(engine, shares_session=request.param)


def test_what_is_paid_is_delivered_before_the_buyer_sees_his_page(either: Shop) -> None:
    sessions: list[Any] = []
    either.receiver = lambda payment, session: sessions.append(session)
    payment = either.buy()

    assert either.delivered == [payment.reference]
    assert payment.delivered_at == either.clock.now
    assert (row(either).state, row(either).attempts) == ("done", 0)
    assert (sessions[0] is not None) is either.ledger.deliveries.share_session
    assert either.work() == 0


def test_a_receiver_that_raises_is_called_again_later(either: Shop) -> None:
    either.receiver = fails(2)
    payment = either.buy()
    assert (payment.is_paid, payment.delivered_at, either.delivered) == (True, None, [])
    assert either.work() == 0
    for wait in (5, 10):
        either.clock.advance(wait)
        either.work()

    assert either.delivered == [payment.reference]
    assert either.events(payment).count("delivery failed") == 2
    assert either.payment(payment).delivered_at == either.clock.now


def test_a_receiver_that_always_raises_is_put_before_a_person(either: Shop) -> None:
    either.receiver = fails(1000)
    payment = either.buy()
    either.work_for(10 * HOUR, timedelta(minutes=10))

    found = either.payment(payment)
    assert (found.is_paid, found.delivered_at) == (True, None)
    assert found.parked_reason == f"paid, but payment_completed raised {ATTEMPTS_MAX} times, last: ValueError: not yet"
    assert either.told.count("completed") == ATTEMPTS_MAX
    assert either.told[-1] == "payment-parked"
    assert either.telling[-1].parked_reason == found.parked_reason


def test_a_kill_between_the_payment_and_its_delivery(either: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = either.started()

    def killed(payment: Payment, session: Any) -> None:
        raise Killed

    either.receiver = killed
    if either.ledger.deliveries.share_session:
        with pytest.raises(Killed):
            either.come_back(payment)
    else:  # it ran in a thread of its own, which cannot end the process
        either.come_back(payment)
    survivor = either.again()
    survivor.receiver = lambda payment, session: None
    assert survivor.payment(payment).is_paid
    survivor.clock.advance(LEASE)
    survivor.work()

    assert survivor.delivered == [payment.reference]
    assert len(either.provider.moved) == 1


def test_what_a_killed_handler_wrote_into_the_session_is_gone(shop: Shop) -> None:
    payment = shop.started()

    def killed(payment: Payment, session: Any) -> None:
        session.execute(text("UPDATE fps_payments SET reason = 'half done'"))
        raise Killed

    shop.receiver = killed
    with pytest.raises(Killed):
        shop.come_back(payment)

    assert shop.payment(payment).reason == payment.reason


def test_two_workers_deliver_once(either: Shop) -> None:
    either.receiver = fails(1)
    payment = either.buy()
    either.clock.advance(5)
    other = either.again()
    other.receiver = lambda payment, session: None
    due = either.ledger.deliveries.due(10)
    assert due == other.ledger.deliveries.due(10)
    other.checkout.deliver(due[0])
    either.checkout.deliver(due[0])

    assert either.delivered + other.delivered == [payment.reference]


def test_a_claim_lost_meanwhile_is_no_failure(shop: Shop) -> None:
    def slow(payment: Payment, session: Any) -> None:
        session.execute(text("UPDATE fps_deliveries SET lease_owner = 'another'"))

    shop.receiver = slow
    shop.buy()

    assert (row(shop).attempts, row(shop).last_error) == (0, None)


def test_a_ledger_that_is_away_costs_no_attempt_and_no_haste(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise LedgerBusy("away")

    with monkeypatch.context() as down:
        down.setattr(Deliveries, "hand_over", away)
        payment = shop.buy()
        assert shop.work() == 0
    assert (row(shop).attempts, row(shop).lease_owner) == (0, None)
    shop.clock.advance(5)
    shop.work()

    assert shop.delivered == [payment.reference]


def test_the_snapshot_is_what_is_delivered(shop: Shop) -> None:
    seen: list[Payment] = []
    shop.receiver = lambda payment, session: seen.append(payment)
    payment = shop.buy()

    assert [(line.sku, line.unit_amount) for line in seen[0].items] == [("song", 10)]
    assert (seen[0].reference, seen[0].is_paid) == (payment.reference, True)


# Handlers that must be there


def test_a_process_that_lacks_handlers_delivers_nothing(either: Shop) -> None:
    either.may_deliver = False
    payment = either.buy()
    assert (payment.is_paid, payment.delivered_at, either.delivered) == (True, None, [])
    assert row(either).lease_owner is None
    fit = either.again()
    fit.work()

    assert fit.delivered == [payment.reference]


def test_who_delivers_adds_the_handlers_that_the_one_who_learned_of_it_lacked(either: Shop) -> None:
    either.may_deliver = False
    payment = either.buy()
    either.checkout.drive(payment.reference)
    fit = either.again()
    letters: list[str] = []
    fit.named["mail"] = lambda payment: letters.append(payment.reference)
    fit.work()
    fit.work()

    assert (fit.delivered, letters) == ([payment.reference], [payment.reference])


def test_a_handler_that_is_new_is_not_run_for_what_was_delivered_before(shop: Shop) -> None:
    payment = shop.buy()
    later = shop.again()
    later.named["mail"] = lambda payment: pytest.fail("it ran")

    assert later.work() == 0
    later.checkout.drive(payment.reference)


# Named handlers


@pytest.fixture
def letters(shop: Shop) -> list[str]:
    """The references that the handler ``mail`` has written to."""
    sent: list[str] = []
    shop.named["mail"] = lambda payment: sent.append(payment.reference)
    return sent


def test_a_named_handler_is_never_run_before_the_redirect(shop: Shop, letters: list[str]) -> None:
    payment = shop.buy()

    assert (letters, row(shop, "mail").state) == ([], "due")
    shop.work()
    assert (letters, row(shop, "mail").state) == ([payment.reference], "done")
    assert shop.work() == 0


def test_a_named_handler_runs_on_the_payments_page_where_no_worker_is_seen(shop: Shop, letters: list[str]) -> None:
    payment = shop.buy()
    shop.checkout.drive(payment.reference)

    assert letters == [payment.reference]


def test_a_named_handler_is_left_to_the_worker_where_one_is_seen(shop: Shop, letters: list[str]) -> None:
    payment = shop.buy()
    shop.ledger.beat("host:1")
    shop.checkout.drive(payment.reference)
    assert letters == []
    shop.clock.advance(timedelta(minutes=1))
    shop.checkout.drive(payment.reference)

    assert letters == [payment.reference]


def test_handlers_fail_and_succeed_each_for_itself(shop: Shop, letters: list[str]) -> None:
    calls = []

    def license(payment: Payment) -> None:
        calls.append(payment.reference)
        if len(calls) < 3:
            raise ValueError("no")

    shop.named["license"] = license
    payment = shop.buy()
    shop.work()
    for wait in (5, 10):
        shop.clock.advance(wait)
        shop.work()

    assert letters == [payment.reference]
    assert calls == [payment.reference] * 3
    assert (row(shop, "license").state, row(shop, "license").attempts) == ("done", 2)
    assert row(shop, "license").last_error == "ValueError: no"


def test_a_handler_that_tries_to_end_the_process_has_raised(shop: Shop) -> None:
    def leave(payment: Payment) -> None:
        raise SystemExit(3)

    shop.named["mail"] = leave
    shop.buy()
    shop.work()

    assert (row(shop, "mail").state, row(shop, "mail").attempts) == ("due", 1)
    assert row(shop, "mail").last_error == "HandlerFailed: the handler tried to end the process: SystemExit(3)"


def test_a_handler_this_process_does_not_know_is_tried_again_elsewhere(shop: Shop, letters: list[str]) -> None:
    payment = shop.buy()
    stranger = shop.again()
    stranger.named.clear()
    stranger.work()
    assert "no fulfillment handler 'mail' in this process" in (row(shop, "mail").last_error or "")
    shop.clock.advance(5)
    shop.work()

    assert letters == [payment.reference]


def test_no_transaction_is_open_while_a_named_handler_runs(shop: Shop) -> None:
    def writes(payment: Payment) -> None:
        shop.ledger.note(payment.reference, "from a handler")

    shop.named["mail"] = writes
    payment = shop.buy()
    shop.work()

    assert row(shop, "mail").state == "done"
    assert "from a handler" in shop.events(payment)


# Slow handlers: real time, short


@pytest.fixture
def hurried(shop: Shop) -> Shop:
    """A shop whose leases last a fifth of a second, on the wall's clock."""
    shop.desk = replace(shop.desk, exchange=timedelta(seconds=-1.6), handler_timeout=timedelta(seconds=30))
    shop.checkout = Checkout(shop.desk)
    assert shop.desk.lease().lasts == timedelta(seconds=0.2)
    return shop


def allow(shop: Shop, seconds: float) -> None:
    """Give handlers so much of the wall's time."""
    shop.desk = replace(shop.desk, handler_timeout=timedelta(seconds=seconds))
    shop.checkout = Checkout(shop.desk)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a slow handler waits for; opened at the end, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def test_while_a_slow_handler_lives_its_claim_is_renewed(hurried: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = []
    renew = Deliveries.renew
    monkeypatch.setattr(Deliveries, "renew", lambda *args: renewed.append(renew(*args)))

    def slow(payment: Payment) -> None:
        while len(renewed) < 2:
            time.sleep(0.01)

    hurried.named["mail"] = slow
    hurried.buy()
    hurried.work()

    assert row(hurried, "mail").state == "done"
    assert all(renewed)


def test_a_renewal_that_fails_does_not_give_the_claim_away(hurried: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise LedgerBusy("away")

    monkeypatch.setattr(Deliveries, "renew", away)
    done = []

    def slow(payment: Payment) -> None:
        time.sleep(0.2)
        done.append(payment.reference)

    hurried.named["mail"] = slow
    payment = hurried.buy()
    hurried.work()

    assert done == [payment.reference]
    assert row(hurried, "mail").state == "done"


def test_a_handler_past_its_time_counts_as_raised_and_is_not_run_again_while_it_lives(
    hurried: Shop, gate: threading.Event
) -> None:
    begun, ended = [], []
    allow(hurried, 0.3)

    def slow(payment: Payment) -> None:
        begun.append(payment.reference)
        gate.wait(10)
        ended.append(payment.reference)

    hurried.named["mail"] = slow
    hurried.buy()
    hurried.work()
    assert (row(hurried, "mail").attempts, len(begun), ended) == (1, 1, [])
    assert "still running after" in (row(hurried, "mail").last_error or "")
    hurried.clock.advance(HOUR)
    hurried.work()
    assert (row(hurried, "mail").attempts, len(begun)) == (2, 1)
    assert "still running from an earlier attempt" in (row(hurried, "mail").last_error or "")
    gate.set()
    while not ended:
        time.sleep(0.01)
    allow(hurried, 30)
    while row(hurried, "mail").state != "done":
        hurried.clock.advance(HOUR)
        hurried.work()

    assert (row(hurried, "mail").state, len(begun)) == ("done", 2)


def test_a_thread_that_cannot_be_started_is_one_attempt_and_no_more(
    shop: Shop, letters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    shop.buy()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        shop.work()
    assert row(shop, "mail").last_error == "RuntimeError: can't start new thread"
    shop.clock.advance(HOUR)
    shop.work()

    assert row(shop, "mail").state == "done"


def test_a_slow_receiver_without_a_shared_session_is_watched_likewise(gate: threading.Event) -> None:
    shop = Shop(emptied_engine(), shares_session=False)
    allow(shop, 0.3)

    def slow(payment: Payment, session: Any) -> None:
        gate.wait(10)

    shop.receiver = slow
    payment = shop.buy()

    assert (payment.is_paid, payment.delivered_at) == (True, None)
    assert "still running after" in (row(shop).last_error or "")


def test_two_shops_in_one_process_do_not_share_their_handlers(shop: Shop, gate: threading.Event) -> None:
    """Rows of two ledgers have the same numbers."""

    def slow(payment: Payment) -> None:
        gate.wait(10)

    shop.named["mail"] = slow
    shop.buy()
    other = shop.again()
    other.named["mail"] = lambda payment: None
    working = threading.Thread(target=shop.work)
    working.start()
    while row(shop, "mail").lease_owner is None:
        time.sleep(0.01)
    shop.clock.advance(LEASE)
    other.work()
    assert row(shop, "mail").state == "done"
    gate.set()
    working.join()
