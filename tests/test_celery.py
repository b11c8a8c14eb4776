"""Celery drives the ledger, over a real broker; tasks are lost, doubled and killed, and nothing changes by it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import Celery
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy import text

import flask_fps.celery
from flask_fps.celery import DRIVE
from flask_fps.celery import WORK
from flask_fps.errors import SetupError
from flask_fps.sandbox.server import SandboxServer
from flask_fps.signals import payment_authorized
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests import broker
from tests import postgres
from tests.apps import Shop
from tests.celery_shop import make_shop

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 60.0
CELERIES = {name: Celery(name) for name in ("one", "other")}


def until(found: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"in vain waited for: {what}")


class Fleet:
    """A shop, its sandbox, its broker and its workers."""

    def __init__(self, address: str, folder: Path) -> None:
        self.folder = folder
        self.broker = address
        self.database = postgres.fresh_database()
        self.sandbox = SandboxServer().start()
        self.told = {
            "broker": address,
            "database": self.database,
            "sandbox": self.sandbox.url,
            "folder": str(folder),
        }
        self.app, self.fps, self.celery = make_shop(**self.told)

    def close(self) -> None:
        self.sandbox.stop()
        self.celery.close()
        with self.app.app_context():
            self.app.extensions["sqlalchemy"].engine.dispose()

    def buy(self, buyer: str) -> str:
        """A buyer pays; the payment's reference."""
        client = self.app.test_client()
        who = {"X-Buyer": buyer}
        host = "http://127.0.0.1:5000"
        start = client.get(client.get("/link", base_url=host).text, base_url=host, headers=who)
        assert start.status_code == 303, start.text
        url = Buyer(Sandbox(self.sandbox)).authorize(None, _answer(start), method="ABT")  # type: ignore[arg-type]
        answer = client.get(url, base_url=host, headers=who)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"]).rpartition("/")[2]

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A Celery worker that is also the one that beats, in a session of its own."""
        arguments = ["worker", "--beat", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=error"]
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.celery_shop", *arguments, "-s", str(self.folder / "beat")],
            cwd=ROOT,
            env={**os.environ, "CELERY_SHOP": json.dumps(self.told), "C_FORCE_ROOT": "1"},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGQUIT)
                process.wait(PATIENCE_SECONDS)

    def lines(self, book: str) -> list[str]:
        path = self.folder / book
        return path.read_text().splitlines() if path.exists() else []

    def delivered(self) -> list[tuple[str, str]]:
        engine = create_engine(self.database)
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT handler, state FROM fps_deliveries ORDER BY id")).all()
        engine.dispose()
        return [(row.handler, row.state) for row in rows]

    def paid(self) -> list[str]:
        """The sandbox's own word."""
        return [each["status"] for each in Sandbox(self.sandbox).ledger()["transactions"]]


def _answer(response: Any) -> Any:
    url = response.headers["Location"]
    return SimpleNamespace(status_code=303, headers={"Location": url}, request=SimpleNamespace(url=url))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with broker.running(tmp_path_factory.mktemp("broker")) as url:
        yield url


@pytest.fixture
def fleet(address: str, tmp_path: Path) -> Iterator[Fleet]:
    with redis.Redis.from_url(address) as client:
        client.flushall()
    made = Fleet(address, tmp_path)
    yield made
    made.close()
    _disconnect()


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What this process connects stays behind for no other test."""
    yield
    _disconnect()


def _disconnect() -> None:
    for receiver in list(payment_authorized.receivers.values()):
        if getattr(receiver, "__module__", "") == flask_fps.celery.__name__:
            payment_authorized.disconnect(receiver)  # from every sender


def test_a_payment_is_looked_after_by_a_task_and_a_worker_killed_in_the_middle_loses_nothing(fleet: Fleet) -> None:
    (fleet.folder / "stuck").touch()
    first = fleet.buy("ann")
    with fleet.worker() as worker:
        until(lambda: fleet.lines("began"), "the handler's begin")
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert fleet.lines("mail") == []
    (fleet.folder / "stuck").unlink()
    with redis.Redis.from_url(fleet.broker) as client:
        client.flushall()  # and every task is lost
    with fleet.worker():
        until(lambda: fleet.lines("mail"), "the mail of a pass")
        second = fleet.buy("bob")
        for _ in range(20):  # and every task is doubled
            fleet.celery.send_task(DRIVE, (second,))
        until(lambda: second in fleet.lines("mail"), "the mail of a task")
        until(lambda: {state for _, state in fleet.delivered()} == {"done"}, "all marks")
        time.sleep(1)

    assert fleet.lines("mail") == [first, second]
    assert len(fleet.lines("began")) == 3
    assert [handler for handler, _ in fleet.delivered()] == ["payment_completed", "mail"] * 2
    assert fleet.paid() == ["Success", "Success"]


def test_a_broker_that_is_away_costs_nothing_but_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fleet = Fleet("redis://127.0.0.1:1/0", tmp_path)
    fleet.buy("ann")
    fleet.close()

    assert ("payment_completed", "done") in fleet.delivered()
    assert "a receiver of payment-authorized raised" in caplog.text


def test_passes_are_beats_and_add_to_what_the_shop_has_there_already() -> None:
    celery = Celery("shop")
    celery.conf.beat_schedule = {"nightly": {"task": "nightly", "schedule": 86400.0}}
    flask_fps.celery.register(celery, every=5.0)

    assert set(celery.conf.beat_schedule) == {"nightly", WORK}
    assert celery.conf.beat_schedule[WORK]["schedule"] == 5.0
    assert {DRIVE, WORK} <= set(celery.tasks)
    celery.close()


def receivers(app: Flask) -> int:
    return len(list(payment_authorized.receivers_for(app)))


def test_each_app_has_its_own_celery() -> None:
    one, other = Flask("one"), Flask("other")
    for app in (one, other, one):  # a factory that is called again adds nothing
        flask_fps.celery.register(CELERIES[app.name], app)

    assert (receivers(one), receivers(other)) == (1, 1)


def test_a_second_celery_does_not_silence_the_first() -> None:
    for celery in (*CELERIES.values(), *CELERIES.values()):
        flask_fps.celery.register(celery)

    assert receivers(Flask("one")) == 2


def test_without_an_application_context_the_task_says_what_is_missing() -> None:
    celery = Celery("shop")
    flask_fps.celery.register(celery)
    with pytest.raises(RuntimeError, match=r"with app\.app_context\(\)"):
        celery.tasks[WORK]()
    celery.close()


@pytest.fixture
def queued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Shop, Celery, list[float]]]:
    """A shop, its Celery, and after how many seconds each task that was put into the queue is due."""
    shop, celery, waits = Shop(tmp_path), Celery("queued"), list[float]()
    flask_fps.celery.register(celery, shop.app)
    put = lambda arguments, countdown, retry: waits.append(countdown)  # noqa: E731
    monkeypatch.setattr(celery.tasks[DRIVE], "apply_async", put)
    yield shop, celery, waits
    celery.close()
    shop.close()


def test_a_payment_has_one_chain_of_tasks(queued: tuple[Shop, Celery, list[float]]) -> None:
    shop, celery, waits = queued
    shop.gateway.will("pay", "pending")
    payment = shop.buy(shop.client())
    assert waits == [2.0]
    for _ in range(3):
        shop.clock.advance(waits[-1])
        with shop.app.app_context():
            celery.tasks[DRIVE](payment.reference)
    assert len(waits) == 4 and waits == sorted(waits)

    shop.provider.settle()
    shop.clock.advance(waits[-1])
    with shop.app.app_context():
        celery.tasks[DRIVE](payment.reference)
    assert shop.payment(payment.reference).is_paid
    assert len(waits) == 4


def test_what_nobody_here_can_drive_is_left_to_the_passes(
    queued: tuple[Shop, Celery, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, celery, waits = queued
    shop.gateway.will("pay", "lost")
    payment = shop.buy(shop.client())
    monkeypatch.delitem(shop.state.gateways, "default")
    shop.clock.advance(3600)
    with shop.app.app_context():
        celery.tasks[DRIVE](payment.reference)

    assert shop.payment(payment.reference).due_at is not None
    assert waits == [2.0]


def test_register_is_told_the_celery_app_first() -> None:
    with pytest.raises(SetupError, match="register takes the Celery app first, then the Flask app"):
        flask_fps.celery.register(Flask("shop"))


def test_without_the_extra_its_name_is_the_error() -> None:
    code = "import sys; sys.modules['celery'] = None; import flask_fps.celery"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert 'SetupError: flask_fps.celery needs Celery: pip install "Flask-FPS[celery]"' in done.stderr
