"""Every block of code in the README and the documentation is run, and what it makes is used."""

from __future__ import annotations

import ast
import logging
import re
import shlex
import sys
from collections.abc import Callable
from collections.abc import Iterator
from configparser import ConfigParser
from decimal import Decimal
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import ModuleType
from types import SimpleNamespace
from typing import Any

import click
import pytest
from flask import abort
from flask import Blueprint
from flask import Flask
from flask import request
from flask_babel import Babel
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from prometheus_client import REGISTRY
from sqlalchemy import create_engine
from sqlalchemy import Numeric
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

import flask_fps
from example_app import create_app
from example_app import fps as example_fps
from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.cli import fps as commands
from tests.documentation.blocks import Block
from tests.documentation.blocks import blocks_of
from tests.documentation.blocks import PAGES
from tests.documentation.blocks import ROOT
from tests.gateways.hold import HoldGateway

ALL = [block for page in PAGES for block in blocks_of(page)]
#: Run whole, by tests of their own: the README's program, and the shop of the quickstart.
WHOLE = {"README", "quickstart"}
PYTHON = sorted({block.page for block in ALL if block.is_python} - WHOLE)


class Stage:
    """A shop in which the blocks of one page are run, in order, as in one module."""

    def __init__(self, folder: Path, sandbox: Any, page: str) -> None:
        class Base(DeclarativeBase): ...

        self.app = Flask("docs_stage", instance_path=str(folder))
        self.app.config.update(
            sandbox.config, SECRET_KEY="docs", SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/s.sqlite"
        )
        self.app.config.update(CONFIG.get(page, {}))
        self.db = SQLAlchemy(self.app, model_class=Base)
        self.fps = FPS(db=self.db)
        self.mails: list[str] = []
        self._numbers = count(1)
        db = self.db

        class Sale(db.Model):  # type: ignore[name-defined, misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            reference: Mapped[str]
            sku: Mapped[str]
            track_id: Mapped[int | None]

        class Track(db.Model):  # type: ignore[name-defined, misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            title: Mapped[str]
            price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
            file: Mapped[str]

        self.module = ModuleType(f"docs_{page.replace('-', '_')}")
        self.names = vars(self.module)
        self.names["__path__"] = []
        models = ModuleType(f"{self.module.__name__}.models")
        vars(models)["db"] = db
        shop = ModuleType("shop")
        vars(shop)["create_app"] = lambda: SimpleNamespace(extensions={"celery": None})
        self.modules = {each.__name__: each for each in (self.module, models, shop)}
        sys.modules.update(self.modules)
        self.names.update(
            app=self.app,
            db=db,
            fps=example_fps if page == "testing" else self.fps,
            Sale=Sale,
            Track=Track,
            FPS=FPS,
            Flask=Flask,
            Blueprint=Blueprint,
            Migrate=Migrate,
            SQLAlchemy=SQLAlchemy,
            create_engine=lambda url: create_engine(f"sqlite:///{folder}/another.sqlite"),
            BackgroundScheduler=Scheduler,
            abort=abort,
            request=request,
            cart=[1, 2],
            record_sale=lambda app, **told: None,
            track_item=lambda id: Item(f"track-{id}", db.get_or_404(Track, id).price, "A track"),
            Item=Item,
            Payment=Payment,
            flask_fps=flask_fps,
            payment_completed=payment_completed,
            create_app=create_app,
            current_user=SimpleNamespace(is_authenticated=True, is_staff=True, email="ola@shop.example"),
            address_of=lambda buyer: "ola@shop.example",
            mailer=SimpleNamespace(send=lambda **mail: self.mails.append(mail["key"])),
            HoldGateway=lambda *ignored: HoldGateway.__new__(HoldGateway),
        )

    def open(self, initialise: bool) -> None:
        if initialise:
            self.fps.init_app(self.app)
        with self.app.app_context():
            self.db.create_all()
            if initialise:
                self.fps.upgrade()
            track = self.names["Track"]
            self.db.session.add_all(track(title="A track", price="0.10", file="a.mp3") for _ in range(2))
            self.db.session.commit()
        self.sell()

    def sell(self) -> None:
        item = Item("song", "0.10", "A song", data={"track": 7})
        self.app.add_url_rule("/song", "song", self.fps.payment_required(item)(lambda: "the song"))

    def run(self, block: Block) -> None:
        code = compile("\n" * block.line + block.code, f"docs/{block.page}", "exec")
        with self.app.app_context():
            exec(code, self.names)

    def run_each(self, block: Block, buyer: Any) -> None:
        """Run statements that are alternatives, each by itself on an app or a payment of its own."""
        for statement in ast.parse(block.code).body:
            code = ast.unparse(statement)
            if re.search(r"\bpayment\b", code):
                self.names["payment"] = self.fresh_payment(buyer, reserve="settle" in code or "cancel" in code)
            if code.startswith("fps = FPS(app"):
                self.names["app"] = app = Flask("docs_stage", instance_path=self.app.instance_path)
                app.config.update(self.app.config)
            self.run(Block(block.page, block.line, block.kind, code))

    def fresh_payment(self, buyer: Any, *, reserve: bool) -> Payment:
        client, number = self.app.test_client(), next(self._numbers)
        with self.app.test_request_context():
            link = self.fps.start_url(Item(f"vinyl-{number}", "12.00", "A vinyl"), reserve=reserve)
        buyer.pay(client, client.get(link))
        payment: Payment = self.app.extensions["fps"].ledger.newest()[0]
        assert payment.state.value == ("reserved" if reserve else "paid")
        return payment

    def buy(self, buyer: Any) -> Payment:
        with self.app.app_context():
            self.fps.upgrade()
        client = self.app.test_client()
        buyer.pay(client, client.get("/song"))
        [payment] = self.app.extensions["fps"].ledger.newest()
        assert payment.is_paid and payment.delivered_at
        bought: Payment = payment
        return bought

    def close(self) -> None:
        for name in self.modules:
            del sys.modules[name]
        for receiver in list(payment_completed.receivers_for(self.app)):
            if receiver.__module__ == self.module.__name__:
                payment_completed.disconnect(receiver)
        with self.app.app_context():
            self.db.engine.dispose()


class Scheduler:
    """As APScheduler's, as far as a page needs it: it keeps what it is to run."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def scheduled_job(self, trigger: str, **options: object) -> Callable[[Callable[[], None]], Callable[[], None]]:
        def keep(job: Callable[[], None]) -> Callable[[], None]:
            self.jobs.append(job)
            return job

        return keep


#: Pages whose blocks show several ways to do one thing.
ALTERNATIVES = {"machines", "refunds"}
CONFIG: dict[str, dict[str, Any]] = {"api-2007": {"FPS_API_VERSION": "2007-01-08"}}


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path, fps_sandbox: Any) -> Iterator[Stage]:
    level, handlers = logging.getLogger("flask_fps").level, list(logging.getLogger("flask_fps").handlers)
    stage = Stage(tmp_path, fps_sandbox, request.node.callspec.params["page"])
    yield stage
    logging.getLogger("flask_fps").setLevel(level)
    logging.getLogger("flask_fps").handlers = handlers
    stage.close()


# What a page's blocks have made is then used.


def _fulfillment(stage: Stage, buyer: Any) -> None:
    payment = stage.buy(buyer)
    with stage.app.app_context():
        [sale] = stage.db.session.scalars(stage.db.select(stage.names["Sale"]))
        assert (sale.reference, sale.track_id) == (payment.reference, 7)
    stage.app.test_cli_runner().invoke(args=["fps", "work", "--once"])
    assert stage.mails == [payment.reference]


def _signals(stage: Stage, buyer: Any) -> None:
    payment = stage.buy(buyer)
    with stage.app.app_context():
        assert stage.db.session.scalar(stage.db.select(stage.names["Sale"].reference)) == payment.reference


def _admin(stage: Stage, buyer: Any) -> None:
    Babel(stage.app)
    stage.buy(buyer)
    client = stage.app.test_client()
    assert "A song" in client.get("/fps-admin/").text
    assert 'href="/fps-admin/"' in client.get("/admin/").text


def _monitoring(stage: Stage, buyer: Any) -> None:
    stage.buy(buyer)
    assert 'fps_payments{state="paid"} 1.0' in stage.app.test_client().get("/metrics").text
    for name in ("fps_gateway_seconds", "fps_ledger_up"):
        collector = REGISTRY._names_to_collectors.get(name)
        if collector is not None:
            REGISTRY.unregister(collector)


def _machines(stage: Stage, buyer: Any) -> None:
    with stage.names["app"].app_context():
        stage.names["fps"].upgrade()
    for job in stage.names["scheduler"].jobs:
        job()
    stage.names["app"].extensions["fps"].ledger.engine.dispose()


USES: dict[str, Callable[[Stage, Any], None]] = {
    "fulfillment": _fulfillment,
    "signals": _signals,
    "admin": _admin,
    "machines": _machines,
    "monitoring": _monitoring,
}


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs(page: str, stage: Stage, fps_sandbox: Any, fps_buyer: Any, tmp_path: Path) -> None:
    blocks = [block for block in ALL if block.page == page and block.is_python]
    stage.open(initialise=not any(re.search(r"^fps(\.init_app\(| = FPS\()", block.code, re.M) for block in blocks))
    for block in blocks:
        if page in ALTERNATIVES:
            stage.run_each(block, fps_buyer)
        else:
            stage.run(block)
    if page in USES:
        USES[page](stage, fps_buyer)
    for name, found in list(stage.names.items()):
        if name.startswith("test_"):
            found(fps_sandbox, fps_buyer, tmp_path)


# What is typed into a shell


EXTRAS = ConfigParser(interpolation=None)
EXTRAS.read(ROOT / "setup.cfg")


def _flask(words: list[str]) -> None:
    while words and words[0] == "--app":
        words = words[2:]
    if words[:1] != ["fps"]:
        assert words[0] in {"run", "shell", "db", "routes"}, words
        return
    command: click.Command = commands
    path = words[1:]
    while isinstance(command, click.Group):
        assert path and path[0] in command.commands, words
        command, path = command.commands[path[0]], path[1:]
    if command.name != "sandbox":
        command.make_context(" ".join(words), list(path), resilient_parsing=False)


def _make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    assert words[0] in targets, words


def _pip(words: list[str]) -> None:
    for extra in re.findall(r"Flask-FPS\[(\w+)\]", " ".join(words)):
        assert extra in EXTRAS["options.extras_require"], extra


def _python(words: list[str]) -> None:
    if words[:1] == ["-m"]:
        assert find_spec(words[1]) is not None, words


TYPED: dict[str, Callable[[list[str]], None]] = {
    "flask": _flask,
    "make": _make,
    "pip": _pip,
    "python": _python,
    "celery": lambda words: None,
    "pybabel": lambda words: None,
    "git": lambda words: None,
    "cd": lambda words: None,
    ">>>": lambda words: None,
}


def typed(block: Block) -> list[str]:
    """The lines of a block that are typed; none where it shows what is printed, or what other programs are given."""
    lines = block.code.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    known = any(line.split()[0] in TYPED for line in lines if line.strip())
    return prompted or [line for line in lines if line.strip() and known]


SHELL = [block for block in ALL if not block.is_python and typed(block)]


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{block.page}:{block.line}")
def test_what_is_typed_can_be_typed(block: Block) -> None:
    for line in typed(block):
        words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)]
        assert words and words[0] in TYPED, f"{block.page}:{block.line}: {line}"
        TYPED[words[0]](words[1:])


def test_there_are_blocks_and_all_are_run() -> None:
    assert len(ALL) > 30
    assert len(SHELL) > 10
    assert all(block.page in PYTHON or block.page in WHOLE for block in ALL if block.is_python)
