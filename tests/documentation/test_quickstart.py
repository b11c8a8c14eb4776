"""The shop of the quickstart, put together from its blocks alone: it signs people in, migrates, sells and delivers."""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import inspect

from flask_fps import payment_completed
from tests.documentation.blocks import blocks_of
from tests.documentation.blocks import ROOT

PAGE = blocks_of(ROOT / "docs" / "quickstart.rst")
PROGRAM = "\n\n".join(block.code for block in PAGE if block.is_python)
TYPED = [line for block in PAGE if not block.is_python for line in block.code.splitlines()]
SONG = "♪ Now and Forever ♪"

pytestmark = [
    pytest.mark.story,
    # Flask-Migrate's template of env.py, which it writes into the shop.
    pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning"),
]


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """Flask-Migrate's env.py configures logging anew, and turns off every logger that is there."""
    root = logging.getLogger()
    loggers = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    before = [(each, each.disabled, each.level) for each in loggers]
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for logger, disabled, its_level in before:
        logger.disabled = disabled
        logger.setLevel(its_level)


@pytest.fixture
def shop(
    logs_as_before: None, tmp_path: Path, fps_sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """``shop.py`` in a folder of its own, opened as ``flask --app shop`` does."""
    monkeypatch.setenv("FLASK_FPS_SANDBOX_URL", fps_sandbox.url)
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path / 'shop.sqlite'}")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "shop.py"
    file.write_text(PROGRAM)
    spec = importlib.util.spec_from_file_location("quickstart_shop", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "quickstart_shop", module)
    spec.loader.exec_module(module)
    yield module
    payment_completed.disconnect(module.fulfill)
    with module.app.app_context():
        module.db.engine.dispose()


def flask(shop: ModuleType, *arguments: str) -> str:
    result = shop.app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    return str(result.output)


def open_shop(shop: ModuleType) -> None:
    """Type what the page says, up to the servers, and put a track and a person in."""
    commands = [line.split()[3:] for line in TYPED if re.match(r"flask --app shop (db|fps db) ", line)]
    assert [" ".join(words) for words in commands] == ["db init", "db migrate", "db upgrade", "fps db upgrade"]
    for words in commands:
        flask(shop, *words)
    with shop.app.app_context():
        [line] = [line.removeprefix(">>> ") for line in TYPED if line.startswith(">>> ")]
        exec(line, vars(shop))


def sign_in(client: FlaskClient, name: str) -> None:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    signed_in = client.post("/sign-in", data={"name": name, "csrf_token": token[1]}, follow_redirects=True)
    assert '<a href="/download/1">Now and Forever</a>' in signed_in.text


def downloads(client: FlaskClient) -> bool:
    answer = client.get("/download/1")
    return answer.status_code == 200 and answer.text == SONG


def test_it_sells_to_who_is_signed_in(shop: ModuleType, fps_buyer: Any) -> None:
    open_shop(shop)
    client = shop.app.test_client()
    sign_in(client, "ada")
    assert client.get("/download/1").status_code == 303
    assert client.get("/download/2").status_code == 404
    fps_buyer.pay(client, client.get("/download/1"))

    assert downloads(client)
    elsewhere = shop.app.test_client()
    assert not downloads(elsewhere)
    sign_in(elsewhere, "ada")
    assert downloads(elsewhere)
    with shop.app.app_context():
        [sale] = shop.db.session.scalars(shop.db.select(shop.Sale))
        assert sale.sku == "track-1"


def test_a_guests_purchase_is_his_when_he_signs_in(shop: ModuleType, fps_buyer: Any) -> None:
    open_shop(shop)
    client = shop.app.test_client()
    fps_buyer.pay(client, client.get("/download/1"))
    assert downloads(client)
    sign_in(client, "ada")
    assert downloads(client)

    elsewhere = shop.app.test_client()
    sign_in(elsewhere, "ada")
    assert downloads(elsewhere)


def test_a_forged_form_signs_nobody_in_and_notifications_come_through(shop: ModuleType, fps_buyer: Any) -> None:
    open_shop(shop)
    client = shop.app.test_client()
    assert client.post("/sign-in", data={"name": "ada"}).status_code == 400
    fps_buyer.pay(client, client.get("/download/1"))

    assert client.post("/fps/ipn", data="not=signed").status_code == 400
    fps_buyer.notify(client)  # past CSRFProtect: it carries a signature of its own
    assert downloads(client)


def test_the_next_migration_leaves_the_ledger_alone(shop: ModuleType, tmp_path: Path) -> None:
    open_shop(shop)
    before = set((tmp_path / "migrations" / "versions").glob("*.py"))
    flask(shop, "db", "migrate", "-m", "next")
    for file in set((tmp_path / "migrations" / "versions").glob("*.py")) - before:
        assert "fps_" not in file.read_text()
    flask(shop, "db", "upgrade")

    with shop.app.app_context():
        assert inspect(shop.db.engine).has_table("fps_payments")
    assert flask(shop, "fps", "list") == "No payments yet.\n"
