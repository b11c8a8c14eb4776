from __future__ import annotations

import gc
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import has_request_context
from flask import render_template_string
from flask import url_for
from flask_migrate import init as init_migrations
from flask_migrate import Migrate
from flask_migrate import migrate as make_migration
from flask_migrate import upgrade as run_migrations
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import create_engine
from sqlalchemy import inspect
from sqlalchemy import String
from sqlalchemy import text
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

import flask_fps
from flask_fps import FPS
from flask_fps import Item
from flask_fps import OrderError
from flask_fps import Payment
from flask_fps import payment_authorized
from flask_fps import payment_completed
from flask_fps import payment_started
from flask_fps.errors import SetupError
from flask_fps.ledger import HandlerEndedTransaction
from flask_fps.protocol.client import Client
from flask_fps.state import current_fps
from flask_fps.worker import Worker
from tests.apps import heading
from tests.apps import Shop
from tests.apps import SONG

Folder = Callable[[str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    def make(name: str) -> Path:
        path = tmp_path / name
        path.mkdir()
        return path

    return make


@pytest.fixture(autouse=True)
def no_receivers() -> Iterator[None]:
    """Signals belong to the process; tests leave them as they were."""
    yield
    for signal in (payment_authorized, payment_completed, payment_started):
        signal._clear_state()


@pytest.fixture(params=["beside its models", "behind an engine", "by itself"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop with its ledger in each of its homes; ``sales`` is a table of the shop's where the ledger is too."""
    engine = None
    if request.param == "behind an engine":
        from tests.database import fresh_database

        engine = create_engine(f"sqlite:///{fresh_database(tmp_path)}")
    shop = Shop(tmp_path, db=True if request.param == "beside its models" else engine)
    with shop.ledger.engine.begin() as connection:
        connection.execute(text("CREATE TABLE sales (reference TEXT, receiver TEXT)"))
    yield shop
    shop.close()


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path, db=True)
    with shop.ledger.engine.begin() as connection:
        connection.execute(text("CREATE TABLE sales (reference TEXT, receiver TEXT)"))
    yield shop
    shop.close()


def sell(session: Any, payment: Payment, receiver: str = "one") -> None:
    row = {"reference": payment.reference, "receiver": receiver}
    session.execute(text("INSERT INTO sales VALUES (:reference, :receiver)"), row)


def sales(shop: Shop) -> list[str]:
    with shop.ledger.engine.connect() as connection:
        return list(connection.execute(text("SELECT receiver FROM sales")).scalars())


# Set-up


def test_two_apps_in_one_process_have_nothing_in_common(folder: Folder) -> None:
    one, two = Shop(folder("one"), db=True), Shop(folder("two"))
    delivered: list[tuple[Flask, str]] = []

    @payment_completed.connect_via(one.app)
    def ones(app: Flask, *, payment: Payment, **extra: object) -> None:
        delivered.append((app, payment.reference))

    client = one.client("7")
    payment = one.buy(client)
    two.buy(two.client("8"))

    assert delivered == [(one.app, payment.reference)]
    assert one.ledger is not two.ledger
    assert two.ledger.payment(payment.reference) is None
    assert two.client("7").get("/song").status_code == 303
    with one.app.app_context():
        assert current_fps() is one.state
    with two.app.app_context():
        assert current_fps() is two.state
    one.close()
    two.close()


def test_one_extension_for_several_apps(folder: Folder) -> None:
    fps = FPS()
    apps = []
    for name in ("one", "two"):
        app = Flask(name, instance_path=str(folder(name)))
        app.config["SECRET_KEY"] = name
        fps.init_app(app)
        apps.append(app)

    assert apps[0].extensions["fps"] is not apps[1].extensions["fps"]
    with apps[0].test_request_context():
        first = fps.start_url(SONG)
    with apps[1].test_request_context():
        assert fps.start_url(SONG) != first


@pytest.mark.parametrize("first", ["db", "fps"])
def test_the_order_of_init_app_does_not_matter(tmp_path: Path, first: str) -> None:
    app = Flask("order", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'shop.sqlite'}")
    db = SQLAlchemy()
    fps = FPS(db=db)
    for init_app in (db.init_app, fps.init_app) if first == "db" else (fps.init_app, db.init_app):
        init_app(app)
    with app.app_context():
        fps.upgrade()
        assert inspect(db.engine).has_table("fps_payments")
        assert current_fps().ledger.newest(1) == []
        db.engine.dispose()


def test_a_second_registration_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with pytest.raises(RuntimeError, match="call init_app once, or make one FPS per app"):
        shop.fps.init_app(shop.app)
    with pytest.raises(RuntimeError, match="already registered"):
        FPS(shop.app)
    shop.close()


def test_a_database_in_the_apps_place_is_told_where_it_belongs() -> None:
    with pytest.raises(RuntimeError, match=r"take the Flask app, not SQLAlchemy: write FPS\(db=db\)"):
        FPS(SQLAlchemy())  # type: ignore[arg-type]


def test_an_app_may_be_given_at_once(tmp_path: Path) -> None:
    app = Flask("at once", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = "x"
    FPS(app)

    assert "fps.start" in app.view_functions


def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    config = {"FPS_TIMEOUT": "soon", "FPS_COLOUR": "red", "FPS_URL_PREFIX": "no slash"}
    with pytest.raises(RuntimeError) as wrong:
        Shop(tmp_path, config=config)

    for key in config:
        assert f"  {key} " in str(wrong.value)


def test_a_uri_beside_a_db_is_a_contradiction(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"FPS_DATABASE_URI is set, but FPS\(db=…\) says where the ledger is"):
        Shop(tmp_path, db=True, config={"FPS_DATABASE_URI": "sqlite:///x.sqlite"})


def test_a_database_that_a_crash_would_lose_is_refused_with_the_fix(tmp_path: Path) -> None:
    app = Flask("memory", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://")
    db = SQLAlchemy(app)
    fps = FPS(app, db=db)
    with app.app_context():
        with pytest.raises(RuntimeError, match="SQLALCHEMY_DATABASE_URI = 'sqlite:///shop.sqlite'"):
            fps.upgrade()
        db.engine.dispose()


def test_a_currency_the_gateway_does_not_take(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="FPS_CURRENCY is 'EUR': the gateway 'fps' takes USD"):
        Shop(tmp_path, config={"FPS_CURRENCY": "EUR"})
    shop = Shop(tmp_path)
    with shop.app.test_request_context(), pytest.raises(OrderError, match="take USD, and the order is in EUR"):
        shop.fps.start_url(Item("a", 1, "A", currency="EUR"))
    shop.close()


def test_local_warns_once_that_no_money_moves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "flask_fps")
    app = Flask("local_shop", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = "x"
    FPS(app)

    assert [record.message for record in caplog.records] == [
        "FPS_ENVIRONMENT is 'local': the sandbox at http://127.0.0.1:8042, no real money"
    ]


def test_its_own_ledger_is_in_the_instance_folder(tmp_path: Path) -> None:
    app = Flask("own", instance_path=str(tmp_path / "instance"))
    app.config["SECRET_KEY"] = "x"
    fps = FPS(app)
    assert not (tmp_path / "instance").exists()
    with app.test_request_context():
        assert fps.purchases() == []
        assert fps.payment("none") is None

    assert (tmp_path / "instance" / "fps.sqlite").exists()
    app.extensions["fps"].ledger.engine.dispose()


def test_outside_an_app_the_sentence_helps() -> None:
    with pytest.raises(
        RuntimeError, match=r"no application context is active .* or fps\.init_app\(app\) was not called"
    ):
        FPS().payment("none")
    with Flask("bare").app_context(), pytest.raises(RuntimeError, match="was not called on this app"):
        FPS().payment("none")


def test_the_prefix_moves_all_pages(tmp_path: Path) -> None:
    shop = Shop(tmp_path, config={"FPS_URL_PREFIX": "/pay"})
    client = shop.client()
    payment = shop.started(client)

    assert client.get("/buy").text.startswith("/pay/start?")
    assert payment.return_url.startswith("http://localhost/pay/return?")
    assert payment.notify_url == "http://localhost/pay/ipn"
    assert client.get(shop.return_path(payment)).headers["Location"].startswith("/pay/payments/")
    shop.close()


def test_nothing_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    code = """
import json, sys
from flask import Flask
from flask_fps import FPS, Item
app = Flask("light", instance_path=sys.argv[1])
app.config["SECRET_KEY"] = "x"
fps = FPS(app)
with app.test_request_context():
    fps.start_url(Item("a", 1, "A"))
heavy = ["alembic", "cryptography", "flask_fps.sandbox", "flask_fps.testing"]
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)

    assert json.loads(run.stdout) == []


# What a shop asks


def test_templates_have_the_extension(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    page = "{{ fps.is_paid(song) }} {{ fps.purchases()|length }} {{ fps.start_url(song) }}"
    shop.app.add_url_rule("/page", "page", lambda: render_template_string(page, song=SONG))
    client = shop.client()
    assert client.get("/page").text.startswith("False 0 /fps/start?order=")
    shop.buy(client)
    assert client.get("/page").text.startswith("True 1 /fps/start?order=")
    shop.close()


def test_a_view_may_send_the_buyer_away_itself(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.app.add_url_rule("/cart", "cart", lambda: shop.fps.checkout(SONG, next_url="/song", order_key="17"))
    client = shop.client()
    answer = client.get("/cart")

    assert answer.status_code == 303
    payment = shop.started(client, answer.headers["Location"])
    assert (payment.order_key, payment.next_url) == ("17", "/song")
    shop.close()


def test_a_payment_is_frozen_and_found_by_its_reference(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    payment = shop.buy(shop.client())
    with shop.app.app_context():
        assert shop.fps.payment(payment.reference) == payment
    with pytest.raises(AttributeError):
        payment.buyer = "somebody else"  # type: ignore[misc]
    shop.close()


def test_links_can_be_made_outside_a_request(tmp_path: Path) -> None:
    config = {"FPS_ENVIRONMENT": "production", "FPS_EXTERNAL_URL": "https://shop.example/app"}
    shop = Shop(tmp_path, config=config)
    with shop.app.app_context():
        assert shop.fps.start_url(SONG).startswith("/app/fps/start?order=")
    shop.close()


def test_the_client_is_fps_own(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.app.app_context(), pytest.raises(RuntimeError, match="FPS_GATEWAY names another gateway"):
        _ = shop.fps.client
    shop.close()
    app = Flask("fps", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = "x"
    fps = FPS(app)
    with app.app_context():
        assert isinstance(fps.client, Client)
        assert fps.client is fps.client is fps.client_for("default")


def test_each_account_has_its_client(tmp_path: Path) -> None:
    app = Flask("fps", instance_path=str(tmp_path))
    eu = {"ACCESS_KEY": "AKIAEU", "SECRET_KEY": "secret", "RECIPIENT_EMAIL": "eu@shop.example"}
    app.config.update(SECRET_KEY="x", FPS_ACCOUNTS={"eu": eu})
    fps = FPS(app)
    with app.app_context():
        assert fps.client_for("eu") is not fps.client
        with pytest.raises(RuntimeError, match="there is no account 'us': the accounts are default, eu"):
            fps.client_for("us")


# Receivers


def test_a_receiver_inside_a_factory_delivers(shop: Shop) -> None:
    def create_app() -> None:
        @payment_completed.connect_via(shop.app)
        def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
            delivered.append((app, payment.reference, session is not None))

    delivered: list[tuple[Flask, str, bool]] = []
    create_app()
    gc.collect()
    payment = shop.buy(shop.client())

    assert delivered == [(shop.app, payment.reference, shop.ledger.deliveries.share_session)]


def test_what_receivers_add_commits_with_the_mark(beside: Shop) -> None:
    assert beside.db is not None
    db = beside.db

    @payment_completed.connect_via(beside.app)
    def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
        assert session is db.session
        sell(db.session, payment)
        assert sales(beside) == []

    payment = beside.buy(beside.client())

    assert (sales(beside), payment.delivered_at) == (["one"], beside.clock.now)


def test_of_two_receivers_one_of_which_raises_both_are_called_and_called_again(shop: Shop) -> None:
    calls: list[str] = []

    @payment_completed.connect_via(shop.app)
    def one(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
        calls.append("one")
        if session is not None:
            sell(session, payment, "one")

    @payment_completed.connect_via(shop.app)
    def two(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
        calls.append("two")
        if session is not None:
            sell(session, payment, "two")
        if calls.count("two") == 1:
            raise ValueError("no")

    @payment_completed.connect_via(shop.app)
    def three(app: Flask, **extra: object) -> None:
        calls.append("three")

    payment = shop.buy(shop.client())
    assert calls == ["one", "two", "three"]
    assert (sales(shop), payment.is_paid, payment.delivered_at) == ([], True, None)
    shop.clock.advance(5)
    Worker(shop.state).work_once()

    assert calls == ["one", "two", "three"] * 2
    assert sales(shop) == (["one", "two"] if shop.ledger.deliveries.share_session else [])
    assert shop.payment(payment.reference).delivered_at == shop.clock.now


END_IT: dict[str, Callable[[Any], object]] = {
    "commit": lambda session: session.commit(),
    "rollback": lambda session: session.rollback(),
    "close": lambda session: session.close(),
    "remove": lambda session: session.remove(),
}


@pytest.mark.parametrize("call", END_IT)
def test_a_handler_that_ends_the_transaction_is_refused_with_a_sentence(
    beside: Shop, call: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert beside.db is not None
    db = beside.db

    @payment_completed.connect_via(beside.app)
    def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
        sell(session, payment)
        END_IT[call](db.session)

    payment = beside.buy(beside.client())

    assert (sales(beside), payment.is_paid, payment.delivered_at) == ([], True, None)
    assert "a handler of payment_completed must not call session." in caplog.text
    assert any(entry.event == "delivery failed" for entry in beside.ledger.journal(payment.reference))


def test_a_handler_that_swallows_the_refusal_has_raised_all_the_same(beside: Shop) -> None:
    @payment_completed.connect_via(beside.app)
    def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
        sell(session, payment)
        with pytest.raises(HandlerEndedTransaction):
            session.commit()

    assert beside.buy(beside.client()).delivered_at is None
    assert sales(beside) == []


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK"])
def test_a_handler_that_ends_it_in_sql_is_noticed(beside: Shop, statement: str) -> None:
    @payment_completed.connect_via(beside.app)
    def fulfill(app: Flask, *, session: Any, **extra: object) -> None:
        session.execute(text(statement))

    assert beside.buy(beside.client()).delivered_at is None


def test_a_receiver_sees_the_same_in_a_view_and_in_a_worker(shop: Shop) -> None:
    seen: list[tuple[bool, str]] = []

    @payment_completed.connect_via(shop.app)
    def fulfill(app: Flask, **extra: object) -> None:
        seen.append((has_request_context(), url_for("song", _external=True)))
        if len(seen) == 1:
            raise ValueError("once more")

    client = shop.client()
    client.get(shop.return_path(shop.started(client)), base_url="http://127.0.0.1:5000")
    shop.clock.advance(5)
    Worker(shop.state).work_once()

    assert seen == [(False, "http://localhost/song")] * 2


def test_handlers_make_links_to_the_external_address(tmp_path: Path) -> None:
    config = {"FPS_ENVIRONMENT": "production", "FPS_EXTERNAL_URL": "https://shop.example/app"}
    shop = Shop(tmp_path, config=config)
    links: list[str] = []
    shop.fps.fulfillment("mail")(lambda payment: links.append(url_for("song", _external=True)))
    client = shop.client()
    payment = shop.started(client, client.get("/buy").text.removeprefix("/app"))
    client.get(shop.return_path(payment).removeprefix("/app"))
    Worker(shop.state).work_once()

    assert links == ["https://shop.example/app/song"]
    shop.close()


def test_receivers_may_be_coroutines(shop: Shop) -> None:
    seen: list[str] = []

    @payment_started.connect_via(shop.app)
    async def started(app: Flask, **extra: object) -> None:
        seen.append("started")

    @payment_completed.connect_via(shop.app)
    async def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
        seen.append("completed")
        if session is not None:
            sell(session, payment)

    @shop.fps.fulfillment("mail")
    async def mail(payment: Payment) -> None:
        seen.append("mail")

    payment = shop.buy(shop.client())
    Worker(shop.state).work_once()

    assert seen == ["started", "completed", "mail"]
    assert sales(shop) == (["one"] if shop.ledger.deliveries.share_session else [])
    assert payment.delivered_at is not None


def test_a_listener_that_raises_is_logged_and_stops_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    @payment_authorized.connect_via(shop.app)
    def raises(app: Flask, **extra: object) -> None:
        raise ValueError("no")

    @payment_authorized.connect_via(shop.app)
    def listens(app: Flask, *, payment: Payment, **extra: object) -> None:
        heard.append(payment.state.value)

    payment = shop.buy(shop.client())

    assert payment.delivered_at is not None
    assert heard == ["paying"]
    assert "a receiver of payment-authorized raised" in caplog.text


def test_a_process_that_lacks_an_expected_receiver_delivers_nothing(tmp_path: Path) -> None:
    name = f"{__name__}.fulfill_the_order"
    shop = Shop(tmp_path, config={"FPS_EXPECT_HANDLERS": [name]})
    payment = shop.buy(shop.client())
    assert (payment.is_paid, payment.delivered_at) == (True, None)
    payment_completed.connect_via(shop.app)(fulfill_the_order)
    Worker(shop.state).work_once()

    assert shop.payment(payment.reference).delivered_at is not None
    shop.close()


def fulfill_the_order(app: Flask, **extra: object) -> None:
    """A handler that a shop expects."""


# Beside other extensions


@pytest.mark.parametrize("first", ["csrf", "fps"])
def test_notifications_are_exempt_from_csrf_by_themselves(tmp_path: Path, first: str) -> None:
    csrf = CSRFProtect()
    shop = Shop(tmp_path, before=lambda shop: csrf.init_app(shop.app) if first == "csrf" else None)
    if first == "fps":
        csrf.init_app(shop.app)
    shop.app.add_url_rule("/post", "post", lambda: "posted", methods=["POST"])
    client = shop.client()
    payment = shop.buy(client)

    assert shop.notify(client, payment).status_code == 200
    assert client.post("/post").status_code == 400
    shop.close()


def shop_with_migrations(folder: Path, **options: Any) -> tuple[Flask, SQLAlchemy, FPS]:
    app = Flask("migrated", instance_path=str(folder), root_path=str(folder))
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'shop.sqlite'}")
    db = SQLAlchemy(app)

    class Track(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(80))

    Migrate(app, db, directory=str(folder / "migrations"), **options)
    return app, db, FPS(app, db=db)


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")
def test_a_shops_own_migrations_leave_the_ledger_alone(tmp_path: Path) -> None:
    app, db, fps = shop_with_migrations(tmp_path, include_name=flask_fps.not_fps)
    with app.app_context():
        init_migrations()
        _keep_logging(tmp_path / "migrations" / "env.py")
        fps.upgrade()
        make_migration(message="tracks")
        run_migrations()
        tables = set(inspect(db.engine).get_table_names())
        assert {"track", "alembic_version", "fps_payments", "fps_alembic_version"} <= tables
        make_migration(message="nothing")
        [only] = (tmp_path / "migrations" / "versions").glob("*.py")
        assert "track" in only.read_text()
        assert "fps_" not in only.read_text()
        assert current_fps().ledger.newest(1) == []
        db.engine.dispose()


def _keep_logging(env: Path) -> None:
    """Alembic's own env.py configures the logging of the whole process."""
    env.write_text(env.read_text().replace("fileConfig(config.config_file_name)", ""))


@pytest.mark.parametrize("options", [{}, {"include_name": lambda name, kind, parents: True}], ids=["none", "other"])
def test_without_the_line_that_spares_our_tables_the_upgrade_is_refused(tmp_path: Path, options: Any) -> None:
    app, db, fps = shop_with_migrations(tmp_path, **options)
    with app.app_context():
        with pytest.raises(RuntimeError, match=r"Migrate\(app, db, include_name=flask_fps\.not_fps\)"):
            fps.upgrade()
        assert inspect(db.engine).get_table_names() == []
        db.engine.dispose()
    result = app.test_cli_runner().invoke(args=["fps", "db", "upgrade"])
    assert result.exit_code == 1
    assert "Error: this shop's `flask db migrate` would drop the ledger's tables" in result.output


def test_migrations_of_a_shop_whose_ledger_is_elsewhere_are_its_own_affair(tmp_path: Path) -> None:
    app = Flask("apart", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'shop.sqlite'}")
    db = SQLAlchemy(app)
    Migrate(app, db)
    fps = FPS(app)
    with app.app_context():
        fps.upgrade()
        db.engine.dispose()
    app.extensions["fps"].ledger.engine.dispose()


def test_an_engine_will_do(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    shop = Shop(tmp_path, db=engine)
    answer = shop.start(shop.client())
    assert (answer.status_code, heading(answer)) == (503, "This shop is not set up yet")
    with shop.app.app_context():
        shop.fps.upgrade()

    assert shop.buy(shop.client()).delivered_at is not None
    engine.dispose()


def test_nothing_else_is_a_db(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="takes the shop's Flask-SQLAlchemy object or a SQLAlchemy Engine"):
        Shop(tmp_path, db="sqlite:///x")


def test_a_factory_that_makes_the_engine_gives_it_to_init_app(tmp_path: Path) -> None:
    fps = FPS()
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = "tests"
    fps.init_app(app, db=engine)
    with app.app_context():
        fps.upgrade()

    assert app.extensions["fps"].ledger.engine is engine
    assert "fps_payments" in inspect(engine).get_table_names()
    other = Flask("other", instance_path=str(tmp_path))
    other.config["FPS_DATABASE_URI"] = f"sqlite:///{tmp_path / 'other.sqlite'}"
    with pytest.raises(SetupError, match="says where the ledger is: remove one of them"):
        FPS().init_app(other, db=engine)
    engine.dispose()


def test_a_payment_or_its_reference_is_taken_where_both_are_natural(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    payment = shop.buy(shop.client())
    with shop.app.test_request_context():
        assert shop.fps.refunds(payment) == shop.fps.refunds(payment.reference) == []
        assert shop.fps.grants(payment) == shop.fps.grants(payment.reference) != []
        assert shop.fps.refund(payment).payment == payment.reference
        asking: list[Any] = [shop.fps.refund, shop.fps.refunds, shop.fps.settle, shop.fps.cancel, shop.fps.grants]
        for ask in asking:
            for wrong in (None, 7):
                with pytest.raises(TypeError, match="takes a Payment or its reference, not"):
                    ask(wrong)
        for link in (None, payment.reference):
            with pytest.raises(TypeError, match=r"takes a Payment, such as fps\.payment\(reference\) finds"):
                shop.fps.claim_url(link)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="is_paid asks about Items"):
            shop.fps.is_paid(None)  # type: ignore[arg-type]
    shop.close()
