"""The program in the README is whole: it is put into a file and sells its song as it stands."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flask_fps import payment_completed

README = (Path(__file__).parent.parent / "README.md").read_text()
(PROGRAM,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 120
    assert len(PROGRAM.splitlines()) <= 40


def test_who_has_cloned_it_is_told_how_to_install_it() -> None:
    setup = ConfigParser()
    setup.read(Path(__file__).parent.parent / "setup.cfg")
    named = re.findall(r'pip install "\.\[(\w+)\]"', README)

    assert named
    assert set(named) <= set(setup["options.extras_require"])


def test_the_end_of_fps_is_told_at_once() -> None:
    assert "2015-06-01" in "\n".join(README.splitlines()[:10])


@pytest.fixture
def shop(tmp_path: Path, fps_sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The program, imported from a folder of its own as `flask --app shop` does."""
    monkeypatch.setenv("FLASK_FPS_SANDBOX_URL", fps_sandbox.url)
    file = tmp_path / "shop.py"
    file.write_text(PROGRAM)
    spec = importlib.util.spec_from_file_location("readme_shop", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "readme_shop", module)
    spec.loader.exec_module(module)
    yield module
    payment_completed.disconnect(module.fulfill)
    with module.app.app_context():
        module.db.engine.dispose()


@pytest.mark.story
def test_the_program_sells_its_song(shop: ModuleType, fps_buyer: Any) -> None:
    client = shop.app.test_client()
    assert b"/download/1" in client.get("/").data
    page = fps_buyer.pay(client, client.get("/download/1"))
    assert page.status_code == 303
    assert client.get("/download/1").get_data(as_text=True) == "♪ Now and Forever - Richard Marx ♪"
    assert client.get("/download/2").status_code == 404
    with shop.app.app_context():
        (sale,) = shop.db.session.scalars(shop.db.select(shop.Sale)).all()
    assert sale.title == "Now and Forever - Richard Marx"
