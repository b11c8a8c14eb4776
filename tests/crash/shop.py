"""The shop that dies: its handlers leave marks that can be counted, in its database or outside it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path
from typing import Any

from flask import abort
from flask import Flask
from flask import request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from tests.crash.points import Points
from tests.crash.store import address

#: Where the ledger lives: in the shop's Flask-SQLAlchemy database, behind its Engine, or in a database of its own.
HOMES = ("db", "engine", "own")
#: What is sold, and for how much at first. A card is declined for an amount whose cents are 60 to 69.
PRICES = {"song": "0.10", "album": "7.49", "piano": "2000", "denied": "3.61", "vinyl": "12.00"}
#: What is only held when it is ordered, until the shop has it on its shelf.
HELD = {"vinyl"}
HOST = "http://127.0.0.1:5000"
MAIL = "mail"
LICENSE = "license"


class Base(DeclarativeBase):
    pass


class Good(Base):
    """What the handler hands over through ``session``. Nothing forbids a second row: it must not be written."""

    __tablename__ = "goods"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str]
    sku: Mapped[str]
    quantity: Mapped[int]
    unit_amount: Mapped[int]
    currency: Mapped[str]


class Clock:
    """The shop's time: real, and as far ahead as the sandbox's."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(timezone.utc) + self.ahead


@dataclass
class Shop:
    """One shop in one process."""

    home: str
    app: Flask
    fps: FPS
    clock: Clock
    points: Points
    folder: Path
    sandbox_url: str
    prices: dict[str, str] = field(default_factory=lambda: dict(PRICES))
    #: Makes the handler of ``payment_completed`` raise this many times.
    broken: int = 0

    @property
    def state(self) -> Any:
        return self.app.extensions["fps"]

    def item(self, sku: str) -> Item:
        return Item(sku, self.prices[sku], f"One {sku}", data={"file": f"{sku}.mp3"})

    def leave_mark(self, book: str, payment: Payment) -> None:
        """A work outside the database, done once for each reference, as the documentation asks for.

        Two processes may be at it in the same moment: a clock that leaps ends the lease of one that still lives.
        """
        path = self.folder / book
        line = f"{payment.reference} {','.join(item.sku for item in payment.items)} {payment.money.minor}\n"
        self.points.reach(f"before a line in {book}")
        _append_once(path, line)
        self.points.reach(f"after a line in {book}")


def make_shop(home: str, folder: Path, sandbox_url: str, points: Points) -> Shop:
    """The shop's code, as its developer would write it, with its ledger at ``home``."""
    app, clock = Flask("crash_shop"), Clock()
    app.config.update(SECRET_KEY="crash", FPS_SANDBOX_URL=sandbox_url, FPS_TIMEOUT=5)
    fps = _fps(app, home, folder, clock)
    shop = Shop(home, app, fps, clock, points, folder, sandbox_url)

    def sold(sku: str) -> Item:
        return shop.item(sku) if sku in shop.prices else abort(404)

    @app.get("/download/<sku>")
    @fps.payment_required(sold)
    def download(sku: str) -> ResponseReturnValue:
        return f"here is {sku}"

    @fps.buyer_loader
    def signed_in() -> str | None:
        return request.headers.get("X-Buyer")

    @payment_completed.connect_via(app)
    def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: Any) -> None:
        points.reach("the handler begins")
        if shop.broken:
            shop.broken -= 1
            raise RuntimeError("the handler is broken")
        if session is None:
            shop.leave_mark(LICENSE, payment)
        else:
            session.add_all(_goods(payment))
            session.flush()
        points.reach("the handler ends")

    @fps.fulfillment(MAIL)
    def mail(payment: Payment) -> None:
        shop.leave_mark(MAIL, payment)

    return shop


def make_tables(shop: Shop) -> None:
    """The shop's own table and the ledger's."""
    with shop.app.app_context():
        shop.fps.upgrade()
    Base.metadata.create_all(shop.state.ledger.engine)


def _fps(app: Flask, home: str, folder: Path, clock: Clock) -> FPS:
    uri = address(folder)
    if home == "own":
        app.config["FPS_DATABASE_URI"] = uri
        return FPS(app, clock=clock)
    if home == "engine":
        return FPS(app, db=create_engine(uri), clock=clock)
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    db = SQLAlchemy(app)
    return FPS(app, db=db, clock=clock)


def _goods(payment: Payment) -> Iterable[Good]:
    return [
        Good(
            reference=payment.reference,
            sku=item.sku,
            quantity=item.quantity,
            unit_amount=item.unit_amount,
            currency=payment.currency,
        )
        for item in payment.items
    ]


def _append_once(path: Path, line: str) -> None:
    book = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        fcntl.flock(book, fcntl.LOCK_EX)  # whoever is killed lets go of it
        if line.encode() not in path.read_bytes():
            os.write(book, line.encode())
    finally:
        os.close(book)
