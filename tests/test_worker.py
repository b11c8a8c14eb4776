from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_fps import signals
from flask_fps.errors import LedgerBusy
from flask_fps.ledger import Arrivals
from flask_fps.ledger import Deliveries
from flask_fps.ledger import Ledger
from flask_fps.ledger import Releases
from flask_fps.ledger.stumbling import STUMBLES_MAX
from flask_fps.records import Intent
from flask_fps.records import Payment
from flask_fps.records import State
from flask_fps.worker import BATCH
from flask_fps.worker import BEAT_EVERY
from flask_fps.worker import COMPLAIN_EVERY
from flask_fps.worker import Pass
from flask_fps.worker import Worker
from tests.apps import Shop
from tests.database import counted

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


@pytest.fixture
def worker(shop: Shop) -> Worker:
    return Worker(shop.state)


def test_a_pass_takes_everything_that_is_due_a_step_further(shop: Shop, worker: Worker) -> None:
    mails: list[str] = []
    shop.fps.fulfillment("mail")(lambda payment: mails.append(payment.reference))
    shop.gateway.will("pay", "lost", "pending")
    lost, pending = shop.buy(shop.client("1")), shop.buy(shop.client("2"))
    shop.gateway.will("finish", "lost")
    kept = shop.started(shop.client("3"))
    shop.client("3").get(shop.return_path(kept))
    expired = shop.started(shop.client("4"))
    shop.clock.advance(5)
    shop.provider.settle()

    done = worker.work_once()
    assert (done.arrivals, done.payments, done.deliveries) == (1, 2, 3)
    assert {shop.payment(each.reference).state for each in (lost, pending, kept)} == {State.PAID}
    assert sorted(mails) == sorted(each.reference for each in (lost, pending, kept))
    assert worker.work_once().idle
    shop.clock.advance(timedelta(hours=28))
    worker.work_once()
    assert shop.payment(expired.reference).state is State.EXPIRED


def test_what_is_owed_back_is_given_back(shop: Shop, worker: Worker) -> None:
    shop.gateway.will("pay", "refused")
    shop.buy(shop.client())
    done = worker.work_once()

    assert done.releases == 1
    assert not done.idle
    assert [token.cancelled for token in shop.provider.tokens.values()] == [True]


def test_an_idle_worker_says_now_and_then_that_it_is_there_and_writes_nothing_else(shop: Shop, worker: Worker) -> None:
    with counted(shop.ledger.engine) as commits:
        for _ in range(10):
            assert worker.work_once().idle
            shop.clock.advance(BEAT_EVERY / 10)
    assert len(commits) == 1
    worker.work_once()
    assert shop.ledger.worker_seen(timedelta(seconds=1))


def test_a_clock_that_was_set_back_does_not_silence_it(shop: Shop, worker: Worker) -> None:
    worker.work_once()
    shop.clock.advance(-timedelta(days=1))
    worker.work_once()
    shop.clock.advance(timedelta(seconds=1))

    assert shop.ledger.worker_seen(timedelta(seconds=10))


def test_one_broken_payment_does_not_stop_the_others(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop.gateway.will("pay", "lost", "lost")
    broken, good = shop.buy(shop.client("1")), shop.buy(shop.client("2"))
    shop.clock.advance(5)
    drive = shop.state.checkout.drive_payment

    def breaks(reference: str, *, early: bool = False) -> None:
        if reference == broken.reference:
            raise ZeroDivisionError
        drive(reference, early=early)

    monkeypatch.setattr(shop.state.checkout, "drive_payment", breaks)
    done = worker.work_once()

    assert (done.payments, done.failed) == (1, 1)
    assert shop.payment(good.reference).state is State.PAID
    assert f"could not take '{broken.reference}' further" in caplog.text
    assert Pass(failed=1).idle  # what breaks every time is no reason to hurry
    assert worker.work_once() == Pass()  # and waits, so that others have their turn


def test_what_cannot_be_taken_further_waits_longer_and_longer_and_then_for_a_person(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.gateway.will("pay", *["lost"] * 100)
    payment = shop.buy(shop.client())
    told: list[str] = []
    signals.payment_parked.connect(keep := lambda app, payment, **_: told.append(payment.reference), shop.app)

    def breaks(intent: Intent, *given: object) -> None:
        raise ZeroDivisionError("a wrong name")

    with monkeypatch.context() as broken:
        broken.setattr(shop.ledger, "settle", breaks)
        failed = []
        for _ in range(300):
            shop.clock.advance(timedelta(minutes=2))
            failed.append(worker.work_once().failed)
            backlog = shop.ledger.operator.backlog(shop.clock())
            assert (backlog.stumbling, backlog.parked) == ((1, 0) if sum(failed) < STUMBLES_MAX else (0, 1))
    assert sum(failed) == STUMBLES_MAX
    assert failed[:3] == [1, 1, 1]
    assert sum(failed[100:200]) < 8
    found = shop.payment(payment.reference)
    assert found.parked_reason == "it could not be taken further: ZeroDivisionError: a wrong name"
    assert (found.state, told) == (State.UNKNOWN, [payment.reference])

    worker.reconcile([payment.reference], early=True)  # a person has mended it
    assert shop.payment(payment.reference).state is State.PAID
    assert keep is not None


def test_what_gets_on_in_between_is_not_put_before_a_person(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy(shop.client())
    for nth in range(2 * STUMBLES_MAX):
        shop.clock.advance(timedelta(hours=2))
        with monkeypatch.context() as broken:
            if nth != STUMBLES_MAX - 1:
                broken.setattr(shop.ledger, "take", _break)
            worker.work_once()
        assert shop.payment(payment.reference).parked_reason is None or nth == 2 * STUMBLES_MAX - 1


def _break(*given: object, **named: object) -> None:
    raise ZeroDivisionError


def test_what_cannot_be_asked_for_keeps_nobody_waiting(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a batch of authorized payments whose request cannot be written: the next pass is the others'."""
    shop.gateway.will("pay", *["refused for now"] * 3, "lost")
    poisoned = {shop.buy(shop.client(str(number))).reference for number in range(3)}
    late = shop.buy(shop.client("late"))
    freeze = shop.gateway.freeze

    def fails(payment: Payment, intent: Intent) -> Any:
        if payment.reference in poisoned:
            raise RuntimeError("no tokens")
        return freeze(payment, intent)

    monkeypatch.setattr(shop.gateway, "freeze", fails)
    monkeypatch.setattr("flask_fps.worker.BATCH", 3)
    shop.clock.advance(5)
    assert (worker.work_once().failed, worker.work_once().payments) == (3, 1)
    assert shop.payment(late.reference).state is State.PAID


def test_what_only_has_to_be_asked_about_needs_no_new_request(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.gateway.will("pay", "pending", "lost")
    payments = [shop.buy(shop.client(name)) for name in ("pending", "lost")]
    shop.provider.settle()
    monkeypatch.setattr(shop.gateway, "freeze", _break)
    shop.clock.advance(5)

    assert worker.work_once().failed == 0
    assert {shop.payment(each.reference).state for each in payments} == {State.PAID}


def test_who_is_told_to_stop_begins_nothing_new_and_who_is_slow_is_seen(shop: Shop, worker: Worker) -> None:
    shop.gateway.will("pay", *["lost"] * 6)
    for number in range(6):
        shop.buy(shop.client(str(number)))
    shop.clock.advance(5)
    stop, seen = threading.Event(), list[bool]()
    pay = shop.gateway.pay

    def slow(intent: Intent) -> Any:
        shop.clock.advance(timedelta(seconds=30))
        seen.append(shop.ledger.worker_seen(MINUTE))
        if len(seen) == 3:
            stop.set()
        return pay(intent)

    shop.gateway.pay = slow  # type: ignore[method-assign]
    worker.run(stop, 0.0, lambda done: None)
    assert seen == [True] * 3


def test_a_ledger_that_is_away_ends_the_pass_and_not_the_worker(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: object) -> None:
        raise LedgerBusy("away")

    with monkeypatch.context() as down:
        down.setattr(shop.ledger, "due_payments", away)
        assert worker.work_once().idle
    assert "the worker waits for the ledger: away" in caplog.text
    worker.work_once()


def test_it_delivers_nothing_where_expected_handlers_are_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(tmp_path, config={"FPS_EXPECT_HANDLERS": ["mail"]})
    payment = shop.buy(shop.client())
    worker = Worker(shop.state)
    for count in (1, 2):
        assert worker.work_once().deliveries == 0
        assert worker.work_once().deliveries == 0
        assert caplog.text.count("lacks the handlers mail") == count, "once an hour"
        shop.clock.advance(COMPLAIN_EVERY)
    assert shop.payment(payment.reference).delivered_at is None
    mails: list[str] = []
    shop.fps.fulfillment("mail")(lambda payment: mails.append(payment.reference))
    for _ in range(2):
        worker.work_once()

    assert shop.payment(payment.reference).delivered_at is not None
    assert mails == [payment.reference]  # though the process that learned of the payment did not know the handler
    shop.close()


def test_it_works_until_it_is_stopped(shop: Shop, worker: Worker) -> None:
    stop, reports = threading.Event(), list[Pass]()

    def report(done: Pass) -> None:
        reports.append(done)
        if len(reports) == 3:
            stop.set()

    worker.run(stop, 0.001, report)
    assert len(reports) == 3


def test_it_does_not_pause_while_there_is_work(shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = [Pass(payments=1), Pass(payments=1), Pass()]
    waits: list[float] = []
    monkeypatch.setattr(worker, "work_once", lambda stop: passes.pop(0))

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            self.set()
            return True

    worker.run(Stop(), 7.0, lambda done: None)
    assert (waits, passes) == ([7.0], [])


def test_no_more_than_a_batch_at_a_time(shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def due(_: object, limit: int, **named: bool) -> list[Any]:
        asked.append(limit)
        return []

    monkeypatch.setattr(Ledger, "due_payments", due)
    for queue in (Arrivals, Deliveries, Releases):
        monkeypatch.setattr(queue, "due", due)
    worker.work_once()
    assert asked == [BATCH] * 4


def test_two_workers_share_the_work(shop: Shop) -> None:
    shop.gateway.will("pay", *["lost"] * 12)
    payments = [shop.buy(shop.client(str(number))) for number in range(12)]
    shop.clock.advance(5)
    threads = [threading.Thread(target=Worker(shop.state).work_once) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {shop.payment(each.reference).state for each in payments} == {State.PAID}
    assert len(shop.provider.moved) == 12
    assert len([call for call in shop.gateway.calls if call.startswith("pay")]) == 24
    assert all(
        [entry.event for entry in shop.ledger.journal(each.reference)].count("delivered") == 1 for each in payments
    )


def test_what_was_done_is_said_and_added(caplog: pytest.LogCaptureFixture) -> None:
    total = Pass(1, 2, 3, 4) + Pass(10, 20, 30, 40)

    assert total == Pass(11, 22, 33, 44)
    assert str(total) == "11 messages, 22 payments, 33 authorizations given back, 44 deliveries"
    assert str(Pass(1, 1, 1, 1, 1)) == "1 message, 1 payment, 1 authorization given back, 1 refund, 1 delivery"
    assert str(Pass()) == "nothing"
    assert Pass().idle
    assert not Pass(releases=1).idle


# Reconciling


def test_reconcile_drives_what_is_due_and_no_more_than_asked(shop: Shop) -> None:
    shop.gateway.will("pay", "lost", "lost", "lost")
    for number in range(3):
        shop.buy(shop.client(str(number)))
    with shop.app.app_context():
        assert shop.fps.reconcile().idle
        assert shop.ledger.worker_seen(MINUTE)
        shop.clock.advance(5)
        assert shop.fps.reconcile(limit=2).payments == 2
        assert shop.fps.reconcile(seconds=0).idle
        assert shop.fps.reconcile(seconds=60).payments == 1
        assert shop.fps.reconcile().idle
    assert len(shop.provider.moved) == 3


def test_reconcile_refuses_while_the_shop_has_an_open_write(tmp_path: Path) -> None:
    shop = Shop(tmp_path, db=True)
    assert shop.db is not None
    with shop.app.app_context():
        from sqlalchemy import text

        shop.db.session.execute(text("CREATE TABLE notes (text TEXT)"))
        shop.db.session.execute(text("INSERT INTO notes VALUES ('half done')"))
        with pytest.raises(RuntimeError, match="commit first"):
            shop.fps.reconcile()
        shop.db.session.commit()
        assert shop.fps.reconcile().idle
    shop.close()


def test_all_that_is_unfinished_can_be_asked_for(shop: Shop, worker: Worker) -> None:
    shop.gateway.will("pay", "lost")
    lost, started = shop.buy(shop.client("1")), shop.started(shop.client("2"))
    shop.buy(shop.client("3"))

    assert worker.unfinished(everything=False) == []
    assert worker.unfinished(everything=True) == [lost.reference, started.reference]
    assert worker.reconcile(worker.unfinished(everything=True), early=True).payments == 2
    assert shop.payment(lost.reference).state is State.PAID


def test_a_payment_due_and_unseen_is_a_warning(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.gateway.will("pay", "lost")
    client = shop.client("1")
    payment = shop.buy(client)
    shop.clock.advance(6 * MINUTE)
    assert shop.ledger.unseen(5 * MINUTE) == 1
    caplog.set_level(logging.WARNING)
    client.get(shop.page(payment))

    assert payment.reference in caplog.text
    assert shop.ledger.unseen(5 * MINUTE) == 0
