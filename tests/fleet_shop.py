"""A shop of many machines: ``FLASK_APP=tests.fleet_shop``, its ledger on PostgreSQL, its provider slow.

Every request to pay is written as a line into the file ``FLEET_BOOK``: who sent which, and when. The first of each
worker is not answered before all ``FLEET_WORKERS`` have sent one.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import update

from flask_fps import FPS
from flask_fps.ledger import system_time
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import PaymentRow
from flask_fps.records import Intent
from flask_fps.records import Outcome
from flask_fps.records import Result
from tests.checkout.gateway import Provider
from tests.checkout.gateway import ScriptedGateway
from tests.clock import Clock
from tests.ledger.books import Books

#: How long the provider takes to answer.
SLOW_SECONDS = 0.05
#: How long the first request of a worker waits for those of the others.
PATIENCE_SECONDS = 30.0


class SlowGateway(ScriptedGateway):
    """Takes its time, and pays whatever it is asked to pay."""

    def __init__(self, book: str, workers: int) -> None:
        super().__init__(Provider(Clock()))
        self._book = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._meeting = Path(f"{book}.meeting")
        self._workers = workers
        self._has_met = False

    def pay(self, intent: Intent) -> Outcome:
        began = time.time()
        self._meet()
        time.sleep(SLOW_SECONDS)
        os.write(self._book, f"{os.getpid()} {intent.reference} {began} {time.time()}\n".encode())
        return Outcome(Result.SUCCESS, transaction_id=f"TX-{intent.reference}")

    def _meet(self) -> None:
        """Once: wait until every worker has one in hand."""
        if self._has_met:
            return
        self._has_met, end = True, time.monotonic() + PATIENCE_SECONDS
        with self._meeting.open("ab") as meeting:
            meeting.write(b".")
        while self._meeting.stat().st_size < self._workers and time.monotonic() < end:
            time.sleep(0.002)


def make_shop(uri: str, book: str, workers: int) -> Flask:
    app = Flask("tests.fleet_shop")
    app.config.update(SECRET_KEY="fleet", FPS_GATEWAY="slow", FPS_TIMEOUT=2)
    gateway = SlowGateway(book, workers)
    FPS(app, db=create_engine(uri), gateways={"slow": lambda *given: gateway})
    return app


def make_undecided(engine: Engine, payments: int) -> None:
    """So many payments whose buyers agreed and whose money is still to be moved; none of them is due."""
    books = Books(engine)
    for number in range(payments):
        _, intent = books.paying(buyer=f"buyer {number}")
        books.settle(intent, Result.NOT_SENT)
    with writing(engine) as session:
        session.execute(update(PaymentRow).values(due_at=system_time() + timedelta(days=1)))


def make_due(engine: Engine) -> None:
    """All of them, now."""
    now = system_time()
    with writing(engine) as session:
        session.execute(update(PaymentRow).values(due_at=now, created_at=now, authorized_at=now))


if "FLEET_DATABASE" in os.environ:
    app = make_shop(os.environ["FLEET_DATABASE"], os.environ["FLEET_BOOK"], int(os.environ["FLEET_WORKERS"]))
