"""Chromium, the example shop and a sandbox, each on a real port. JavaScript is off everywhere."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from example_app import create_app
from tests.browser.people import Shop
from tests.browser.people import Visitor

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    if sys.platform == "linux" and find_library("atomic") is None:
        pytest.skip("libatomic1, which Playwright's driver needs, is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS, timeout=120_000)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1200, "height": 900})
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the shop that a test module may change."""
    return {}


@pytest.fixture
def shop(fps_sandbox: Any, tmp_path: Path, settings: dict[str, Any]) -> Iterator[Shop]:
    database = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    own = {"SECRET_KEY": "browser tests", "SQLALCHEMY_DATABASE_URI": database}
    app = create_app({**fps_sandbox.config, **own, **settings})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Shop(f"http://127.0.0.1:{server.server_port}", app)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visitor(context: BrowserContext, shop: Shop) -> Visitor:
    return Visitor(context.new_page(), shop)


@pytest.fixture
def ledger(fps_sandbox: Any) -> Callable[[], list[dict[str, Any]]]:
    """What money really moved: the transactions of the sandbox, which the shop cannot write."""

    def transactions() -> list[dict[str, Any]]:
        found = requests.get(f"{fps_sandbox.url}/_control/ledger", timeout=10).json()["transactions"]
        return list(found)

    return transactions
