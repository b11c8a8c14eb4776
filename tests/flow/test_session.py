"""A ledger in the shop's own database: what handlers write commits with the mark "delivered", or not at all."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import session as flask_session
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column
from sqlalchemy import func
from sqlalchemy import Integer
from sqlalchemy import select
from sqlalchemy import String
from sqlalchemy import Table

from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from flask_fps.worker import Worker
from tests import postgres
from tests.flow.shop import Clock
from tests.flow.shop import money

pytestmark = pytest.mark.story

Handler = Callable[[Any, Payment], None]


class Shop:
    """A shop with a database, and a handler that a test may change."""

    def __init__(self, config: dict[str, Any], order: str) -> None:
        self.clock = Clock()
        self.db = SQLAlchemy()
        self.fps = FPS(db=self.db, clock=self.clock)
        self.app = Flask("session_shop")
        self.app.config.update(config)
        for extension in (self.db, self.fps) if order == "db first" else (self.fps, self.db):
            extension.init_app(self.app)
        self.sales = Table(
            "sales", self.db.metadata, Column("id", Integer, primary_key=True), Column("sku", String(50))
        )
        self.calls = 0
        self.handler: Handler = self.sell

        @self.app.get("/song")
        @self.fps.payment_required(Item("song", "0.10", "A song"))
        def song() -> ResponseReturnValue:
            return "♪"

        @payment_completed.connect_via(self.app)
        def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: Any) -> None:
            self.calls += 1
            self.handler(session, payment)

        with self.app.app_context():
            self.db.create_all()
            self.fps.upgrade()

    def sell(self, session: Any, payment: Payment) -> None:
        session.execute(self.sales.insert().values(sku=payment.items[0].sku))

    def sold(self) -> int:
        with self.app.app_context():
            return int(self.db.session.scalar(select(func.count()).select_from(self.sales)) or 0)

    def work(self, after: timedelta = timedelta(minutes=5)) -> None:
        self.clock.ahead += after
        with self.app.app_context():
            Worker(self.app.extensions["fps"]).work_once()

    def payment(self) -> Payment:
        (payment,) = self.app.extensions["fps"].ledger.newest(10)
        assert isinstance(payment, Payment)
        return payment


@pytest.fixture(params=[("db first", "sqlite"), ("fps first", "sqlite"), ("db first", "postgresql")], ids=", ".join)
def shop(request: pytest.FixtureRequest, fps_sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    order, kind = request.param
    uri = f"sqlite:///{tmp_path / 'shop.sqlite'}" if kind == "sqlite" else postgres.fresh_database()
    shop = Shop({**fps_sandbox.config, "SECRET_KEY": "x", "SQLALCHEMY_DATABASE_URI": uri}, order)
    yield shop
    with shop.app.app_context():
        shop.fps.client.close()
        shop.db.engine.dispose()


@pytest.fixture
def client(shop: Shop) -> FlaskClient:
    return shop.app.test_client()


def buy(client: FlaskClient, buyer: Buyer) -> None:
    assert buyer.pay(client, client.get("/song")).status_code == 303


def test_a_sale_is_written_once(shop: Shop, client: FlaskClient, fps_buyer: Buyer, fps_sandbox: Sandbox) -> None:
    buy(client, fps_buyer)
    shop.work()

    assert shop.sold() == shop.calls == 1
    assert shop.payment().delivered_at is not None
    assert client.get("/song").text == "♪"
    assert len(money(fps_sandbox)) == 1


def test_what_a_raising_handler_wrote_is_not_there(
    shop: Shop, client: FlaskClient, fps_buyer: Buyer, fps_sandbox: Sandbox
) -> None:
    def write_and_raise(session: Any, payment: Payment) -> None:
        shop.sell(session, payment)
        raise RuntimeError("broken")

    shop.handler = write_and_raise
    buy(client, fps_buyer)
    assert (shop.calls, shop.sold()) == (1, 0)
    assert shop.payment().delivered_at is None

    shop.handler = shop.sell
    shop.work()
    assert (shop.calls, shop.sold()) == (2, 1)
    assert shop.payment().delivered_at is not None
    assert len(money(fps_sandbox)) == 1


def test_if_one_receiver_raises_none_has_written(shop: Shop, client: FlaskClient, fps_buyer: Buyer) -> None:
    broken = [True]

    @payment_completed.connect_via(shop.app)
    def second(app: Flask, *, payment: Payment, session: Any, **extra: Any) -> None:
        if broken[0]:
            raise RuntimeError("broken")

    buy(client, fps_buyer)
    assert (shop.calls, shop.sold()) == (1, 0)
    broken[0] = False
    shop.work()
    assert (shop.calls, shop.sold()) == (2, 1)


@pytest.mark.parametrize("name", ["commit", "rollback", "close", "remove"])
def test_a_handler_must_not_end_the_transaction(shop: Shop, client: FlaskClient, fps_buyer: Buyer, name: str) -> None:
    said: list[str] = []

    def end_it(session: Any, payment: Payment) -> None:
        shop.sell(session, payment)
        try:
            getattr(shop.db.session if name == "remove" else session, name)()
        except Exception as error:
            said.append(str(error))
            raise

    shop.handler = end_it
    buy(client, fps_buyer)
    assert shop.sold() == 0
    assert len(said) == 1
    assert shop.payment().delivered_at is None

    shop.handler = shop.sell
    shop.work()
    assert shop.sold() == 1


def test_a_handler_that_hides_its_own_commit_has_not_delivered(
    shop: Shop, client: FlaskClient, fps_buyer: Buyer
) -> None:
    def commit_quietly(session: Any, payment: Payment) -> None:
        shop.sell(session, payment)
        try:
            session.commit()
        except Exception:
            return

    shop.handler = commit_quietly
    buy(client, fps_buyer)
    shop.handler = shop.sell
    shop.work()

    assert shop.sold() == 1
    assert shop.payment().delivered_at is not None


def test_the_session_is_the_shops_own(shop: Shop, client: FlaskClient, fps_buyer: Buyer) -> None:
    same: list[bool] = []

    def look(session: Any, payment: Payment) -> None:
        same.append(session is shop.db.session or session is shop.db.session())
        shop.db.session.execute(shop.sales.insert().values(sku="through db.session"))

    shop.handler = look
    buy(client, fps_buyer)

    assert same == [True]
    assert shop.sold() == 1


def test_unfinished_rows_of_the_request_are_not_the_handlers(shop: Shop, client: FlaskClient, fps_buyer: Buyer) -> None:
    """The payment pages commit what the buyer was read with, and hold no lock through Pay."""

    @shop.fps.buyer_loader
    def loader() -> str:
        shop.db.session.execute(select(shop.sales))
        return "7"

    buy(client, fps_buyer)
    assert shop.sold() == 1
    assert shop.payment().buyer == "7"


def test_signing_in_while_a_view_reads_slowly_moves_a_guests_purchases(
    tmp_path: Path, fps_sandbox: Sandbox, fps_buyer: Buyer
) -> None:
    """An open cursor keeps SQLite's writers waiting: purchases must not move in the middle of a view."""
    db = SQLAlchemy()
    fps = FPS(db=db)
    app = Flask("slow_shop")
    app.config.update(
        fps_sandbox.config, SECRET_KEY="test", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'slow.sqlite'}"
    )
    db.init_app(app)
    fps.init_app(app)
    fps.buyer_loader(lambda: flask_session.get("user"))
    shelf = Table("shelf", db.metadata, Column("id", Integer, primary_key=True))
    app.get("/song")(fps.payment_required(Item("song", "0.10", "A song"))(lambda: "♪"))

    @app.get("/sign-in")
    def sign_in() -> str:
        flask_session["user"] = "ada"
        return "welcome"

    @app.get("/home")
    def home() -> str:
        rows = db.session.execute(select(shelf.c.id)).yield_per(1)
        next(iter(rows))
        return f"{len(fps.purchases())} bought"

    with app.app_context():
        db.create_all()
        fps.upgrade()
        db.session.execute(shelf.insert(), [{"id": number} for number in range(1, 500)])
        db.session.commit()
    client = app.test_client()
    fps_buyer.pay(client, client.get("/song"))
    assert client.get("/home").text == "1 bought"
    client.get("/sign-in")
    assert client.get("/home").text == "1 bought"
    assert client.get_cookie("fps_guest") is None
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
