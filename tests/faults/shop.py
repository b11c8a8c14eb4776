"""The shop of the fault matrix: its ledger and its goods in one file, made the same way in every process."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from flask import abort
from flask import Flask
from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy import text
from werkzeug.serving import make_server

from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps import signals
from flask_fps.signals import PaymentSignal
from flask_fps.state import AppState
from flask_fps.worker import Pass
from flask_fps.worker import Worker
from tests.database import fresh_database
from tests.database import quick_engine
from tests.flow.shop import Clock

DATABASE = "shop.sqlite"
#: Tests that lock the database do not wait for long.
PATIENCE_MS = 100
PRICES = {"song": "0.10", "album": "7.49"}
GOODS = """
CREATE TABLE goods (id INTEGER PRIMARY KEY, reference TEXT, sku TEXT, quantity INT, unit_amount INT, currency TEXT)
"""
HAND_OVER = text("INSERT INTO goods (reference, sku, quantity, unit_amount, currency) VALUES (:r, :s, :q, :a, :c)")


@dataclass
class Shop:
    """One process's shop."""

    app: Flask
    fps: FPS
    clock: Clock
    engine: Engine
    folder: Path
    url: str = ""
    prices: dict[str, str] = field(default_factory=lambda: dict(PRICES))
    #: Makes the handler of ``payment_completed`` raise so many times, after it has handed over.
    broken: int = 0
    #: References for which the handler of ``payment_completed`` was called, in order.
    called: list[str] = field(default_factory=list)
    #: Signals that only tell, as they came: name and state.
    told: list[tuple[str, str]] = field(default_factory=list)
    #: Called by the handler outside the database.
    mailing: Callable[[], None] = lambda: None

    def handed_over(self) -> None:
        """The handler has done its work and has not returned."""
        if self.broken:
            self.broken -= 1
            raise RuntimeError("the handler is broken")

    @property
    def state(self) -> AppState:
        found: AppState = self.app.extensions["fps"]
        return found

    def item(self, sku: str) -> Item:
        return Item(sku, self.prices[sku], f"One {sku}")

    def work(self) -> Pass:
        """One pass of a worker."""
        with self.app.app_context():
            return Worker(self.state).work_once()

    def payment(self, reference: str) -> Payment:
        found = self.state.ledger.payment(reference)
        assert found is not None, f"the ledger has no {reference}"
        return found

    def payments(self) -> list[Payment]:
        """All of them, oldest first."""
        return self.state.ledger.newest(1000)[::-1]

    def states(self) -> list[str]:
        return [payment.state.value for payment in self.payments()]

    def rows(self, query: str, **values: Any) -> list[Any]:
        """What is in the file, asked past the ledger."""
        with closing(sqlite3.connect(self.folder / DATABASE)) as database:
            return [row[0] if len(row) == 1 else row for row in database.execute(query, values)]

    def close(self) -> None:
        with self.app.app_context():
            self.fps.client.close()
        self.engine.dispose()


def make_shop(folder: Path, config: Mapping[str, Any], **given: Any) -> Shop:
    """The shop's code, as its developer would write it; ``given`` goes to :class:`FPS`."""
    if not (folder / DATABASE).exists():
        shutil.copy(_template(), folder / DATABASE)
    app, clock, engine = Flask("fault_shop"), Clock(), quick_engine(folder / DATABASE)
    event.listen(engine, "connect", _do_not_wait)
    app.config.update({"SECRET_KEY": "faults", "FPS_TIMEOUT": 5, **config})
    fps = FPS(app, db=engine, clock=clock, **given)
    shop = Shop(app, fps, clock, engine, folder)

    @app.get("/download/<sku>")
    @fps.payment_required(lambda sku: shop.item(sku) if sku in shop.prices else abort(404))
    def download(sku: str) -> ResponseReturnValue:
        return f"here is {sku}"

    @fps.buyer_loader
    def signed_in() -> str | None:
        return request.headers.get("X-Buyer")

    @payment_completed.connect_via(app)
    def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: Any) -> None:
        shop.called.append(payment.reference)
        for line in payment.items:
            values = {"s": line.sku, "q": line.quantity, "a": line.unit_amount, "c": payment.currency}
            session.execute(HAND_OVER, {"r": payment.reference, **values})
        shop.handed_over()

    @fps.fulfillment("mail")
    def mail(payment: Payment) -> None:
        shop.mailing()
        goods = ",".join(line.sku for line in payment.items)
        _append_once(folder / "mail", f"{payment.reference} {goods} {payment.money.minor}\n")

    _listen(app, shop)
    return shop


@contextmanager
def served(shop: Shop) -> Iterator[Shop]:
    """The shop on a port of its own."""
    server = make_server("127.0.0.1", 0, shop.app, threaded=True)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        shop.close()


def until(happened: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait until something has happened, and give it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = happened()
        if found:
            return found
        time.sleep(0.005)
    raise TimeoutError("what was waited for did not happen")


def _listen(app: Flask, shop: Shop) -> None:
    for signal in [value for value in vars(signals).values() if isinstance(value, PaymentSignal)]:

        def hear(app: Flask, *, name: str = signal.name, payment: Payment, **extra: Any) -> None:
            shop.told.append((name.removeprefix("payment-"), payment.state.value))

        if signal is not payment_completed:
            signal.connect_via(app)(hear)


def _append_once(path: Path, line: str) -> None:
    """What a handler outside the database does: it knows a reference again."""
    if not path.exists() or line not in path.read_text():
        with path.open("a") as book:
            book.write(line)


@cache
def _template() -> Path:
    path = fresh_database(Path(mkdtemp(prefix="flask-fps-faults-")), DATABASE)
    with closing(sqlite3.connect(path)) as database:
        database.execute(GOODS)
        database.commit()
    return path


def _do_not_wait(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}").close()
