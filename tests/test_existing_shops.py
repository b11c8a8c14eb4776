"""Flask-FPS in shops that are there already, with the real packages that such shops are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Blueprint
from flask import Flask
from flask import redirect
from flask.testing import FlaskClient
from flask_login import current_user
from flask_login import login_user
from flask_login import LoginManager
from flask_login import logout_user
from flask_login import UserMixin
from flask_mail import Mail
from flask_mail import Message
from flask_migrate import Migrate
from flask_migrate import migrate as make_migration
from flask_migrate import upgrade as run_migrations
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import inspect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from werkzeug import Response
from werkzeug.middleware.proxy_fix import ProxyFix

import flask_fps
from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.worker import Worker
from tests.apps import heading

pytestmark = pytest.mark.story


class Base(DeclarativeBase): ...


db = SQLAlchemy(model_class=Base)
fps = FPS(db=db)
login = LoginManager()
mail = Mail()
music = Blueprint("music", __name__, url_prefix="/music")


class User(UserMixin, db.Model):  # type: ignore[name-defined, misc]
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Sale(db.Model):  # type: ignore[name-defined, misc]
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str]


@login.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


@fps.buyer_loader
def buyer() -> str | None:
    found: str | None = current_user.get_id()
    return found


def track_item(track_id: int) -> Item:
    return Item(f"track-{track_id}", "0.99", "A track")


@music.get("/download/<int:track_id>")
@fps.payment_required(track_item)
def download(track_id: int) -> str:
    return f"track {track_id} for {current_user.get_id()}"


@music.get("/cart")
def cart() -> Response:
    return fps.checkout(track_item(1), track_item(2), next_url="/music/download/2")


@music.post("/sign-in/<int:user_id>")
def sign_in(user_id: int) -> str:
    login_user(db.session.get(User, user_id))
    return "welcome"


@music.post("/sign-out")
def sign_out() -> Response:
    logout_user()
    return redirect("/")


def send_receipt(payment: Payment, *, to: str | None, url: str) -> None:
    if to is not None:
        mail.send(Message("Your purchase", [to], f"{payment.reason}: {url}", sender="shop@example.com"))


def record_sale(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
    session.add(Sale(reference=payment.reference))


def create_app(folder: Path, config: dict[str, Any], name: str = "shop") -> Flask:
    """The factory, in the order that a shop may have it."""
    app = Flask(__name__, instance_path=str(folder))
    app.config.update(config, SECRET_KEY=name, SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/{name}.sqlite")
    app.config.update(FPS_SEND_RECEIPT=send_receipt, TESTING=True)
    fps.init_app(app)
    db.init_app(app)
    login.init_app(app)
    mail.init_app(app)
    csrf = CSRFProtect(app)
    csrf.exempt(sign_in)
    csrf.exempt(sign_out)
    Migrate(app, db, directory=str(folder / f"migrations-{name}"), include_name=flask_fps.not_fps)
    app.register_blueprint(music)
    app.add_url_rule("/rename", "rename", lambda: "renamed", methods=["POST"])
    payment_completed.connect_via(app)(record_sale)
    return app


@pytest.fixture
def app(tmp_path: Path, fps_sandbox: Any) -> Iterator[Flask]:
    app = create_app(tmp_path, fps_sandbox.config)
    open_shop(app)
    yield app
    close(app)


def open_shop(app: Flask) -> None:
    with app.app_context():
        db.create_all()
        fps.upgrade()
        db.session.add_all([User(name="Ada"), User(name="Ben")])
        db.session.commit()


def close(app: Flask) -> None:
    with app.app_context():
        fps.client.close()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def sales(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(db.select(Sale)).all())


def test_a_guest_of_a_shop_with_everything_buys_signs_in_and_out(
    app: Flask, client: FlaskClient, fps_buyer: Any
) -> None:
    wanted = client.get("/music/download/1?quality=high")
    page = client.get(fps_buyer.pay(client, wanted).headers["Location"])
    assert heading(page) == "Thank you, it is paid"
    assert 'href="/music/download/1?quality=high"' in page.text
    assert client.get("/music/download/1").text == "track 1 for None"
    client.post("/music/sign-in/1")
    assert client.get("/music/download/1").text == "track 1 for 1"
    client.post("/music/sign-out")

    assert client.get("/music/download/1").status_code == 303
    elsewhere = app.test_client()
    elsewhere.post("/music/sign-in/2")
    assert elsewhere.get("/music/download/1").status_code == 303
    elsewhere.post("/music/sign-in/1")
    assert elsewhere.get("/music/download/1").text == "track 1 for 1"
    assert sales(app) == 1


def test_a_cart_of_the_shop(app: Flask, client: FlaskClient, fps_buyer: Any, fps_sandbox: Any) -> None:
    fps_buyer.pay(client, client.get("/music/cart"))
    assert [client.get(f"/music/download/{track}").status_code for track in (1, 2, 3)] == [200, 200, 303]
    assert [each["amount"] for each in fps_sandbox.ledger()["transactions"]] == ["1.98"]


def test_flask_wtf_guards_the_shops_forms_and_stands_in_nobodys_way(
    app: Flask, client: FlaskClient, fps_buyer: Any, fps_sandbox: Any
) -> None:
    assert client.post("/rename").status_code == 400
    fps_buyer.pay(client, client.get("/music/download/1"), method="CC")
    fps_sandbox.settle()
    fps_buyer.notify(client)
    assert client.get("/music/download/1").status_code == 200
    assert app.test_client().post("/fps/links", data={"email": "nobody@example.com"}).status_code == 200


def test_flask_mail_brings_the_claim_link(app: Flask, client: FlaskClient, fps_buyer: Any) -> None:
    fps_buyer.pay(client, client.get("/music/download/1"))
    with mail.record_messages() as outbox, app.app_context():
        Worker(app.extensions["fps"]).work_once()
    [letter] = outbox
    assert letter.recipients == ["john@example.com"] and letter.body is not None
    other = app.test_client()
    path = urlsplit(letter.body.split()[-1]).path
    assert "A track" in other.get(path).text
    assert other.post(path).headers["Location"] == "/music/download/1"
    assert other.get("/music/download/1").status_code == 200


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")  # in the env.py that Flask-Migrate writes
def test_flask_migrate_sees_the_shops_tables_only(tmp_path: Path, fps_sandbox: Any) -> None:
    app = create_app(tmp_path, fps_sandbox.config, "migrated")
    runner = app.test_cli_runner()
    directory = str(tmp_path / "migrations-migrated")
    assert runner.invoke(args=["db", "init", "-d", directory]).exit_code == 0
    env = Path(directory) / "env.py"  # it configures the logging of the whole process
    env.write_text(env.read_text().replace("fileConfig(config.config_file_name)", ""))
    assert runner.invoke(args=["fps", "db", "upgrade"]).exit_code == 0
    with app.app_context():
        make_migration(directory)
        run_migrations(directory)
        tables = set(inspect(db.engine).get_table_names())
    assert {"user", "sale", "fps_payments", "fps_grants", "fps_claims"} <= tables
    [script] = (tmp_path / "migrations-migrated" / "versions").glob("*.py")
    assert "create_table('user'" in script.read_text() and "fps_" not in script.read_text()
    close(app)


def test_two_shops_in_one_process_know_nothing_of_each_other(
    app: Flask, client: FlaskClient, tmp_path: Path, fps_sandbox: Any, fps_buyer: Any
) -> None:
    other = create_app(tmp_path, fps_sandbox.config, "other")
    open_shop(other)
    fps_buyer.pay(client, client.get("/music/download/1"))
    stranger = other.test_client()
    for cookie in ("fps_guest", "session"):
        found = client.get_cookie(cookie)
        if found is not None:
            stranger.set_cookie(cookie, found.value)

    assert client.get("/music/download/1").status_code == 200
    assert stranger.get("/music/download/1").status_code == 303
    assert (sales(app), sales(other)) == (1, 0)
    fps_buyer.pay(stranger, stranger.get("/music/download/1"))
    assert (sales(app), sales(other)) == (1, 1)
    close(other)


def test_behind_a_proxy_under_a_path(tmp_path: Path, fps_sandbox: Any, fps_buyer: Any) -> None:
    """What the proxy says is believed for links of the shop; returns go where the settings say."""
    config = {**fps_sandbox.config, "FPS_EXTERNAL_URL": "http://localhost/store"}
    app = create_app(tmp_path, config, "proxied")
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    open_shop(app)
    client = app.test_client()
    client.environ_base.update({"HTTP_X_FORWARDED_PREFIX": "/store", "HTTP_X_FORWARDED_HOST": "localhost"})
    wanted = client.get("/music/download/1")
    assert wanted.headers["Location"].startswith("/store/fps/start?order=")
    start = client.get(wanted.headers["Location"].removeprefix("/store"))
    assert "localhost%2Fstore%2Ffps%2Freturn" in start.headers["Location"]
    with app.app_context():
        [payment] = app.extensions["fps"].ledger.newest()
    assert payment.return_url.startswith("http://localhost/store/fps/return?ref=")
    assert (payment.notify_url, payment.next_url) == ("http://localhost/store/fps/ipn", "/store/music/download/1")

    for prefix in ("//evil.example", "/elsewhere"):
        denied = client.get("/music/download/2", headers={"X-Forwarded-Prefix": prefix})
        assert denied.headers["Location"].startswith("/store/fps/start?order=")
    spoofed = app.test_client().get(
        wanted.headers["Location"].removeprefix("/store"), headers={"Host": "127.0.0.1:99", "Referer": "http://evil"}
    )
    assert "evil" not in spoofed.headers["Location"] and "127.0.0.1%3A99" not in spoofed.headers["Location"]
    close(app)


def test_a_shops_frame_is_around_our_pages(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "flask_fps"
    folder.mkdir(parents=True)
    (folder / "base.html").write_text("<html><nav>Our shop</nav>{% block content %}{% endblock %}</html>")
    app.root_path = str(tmp_path)
    page = client.get("/fps/links")
    assert "<nav>Our shop</nav>" in page.text and heading(page) == "Send me a new link"
