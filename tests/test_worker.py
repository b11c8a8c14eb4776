from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_fps.errors import LedgerBusy
from flask_fps.ledger import Arrivals
from flask_fps.ledger import Deliveries
from flask_fps.ledger import Ledger
from flask_fps.ledger import Releases
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

    def breaks(reference: str) -> None:
        if reference == broken.reference:
            raise ZeroDivisionError
        drive(reference)

    monkeypatch.setattr(shop.state.checkout, "drive_payment", breaks)
    done = worker.work_once()

    assert done.payments == 1
    assert shop.payment(good.reference).state is State.PAID
    assert f"could not take '{broken.reference}' further" in caplog.text
    assert worker.work_once().idle  # what breaks every time is no reason to hurry


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
    monkeypatch.setattr(worker, "work_once", lambda: passes.pop(0))

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            self.set()
            return True

    worker.run(Stop(), 7.0, lambda done: None)
    assert (waits, passes) == ([7.0], [])


def test_no_more_than_a_batch_at_a_time(shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def due(_: object, limit: int) -> list[Any]:
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
