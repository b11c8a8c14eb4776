"""A shop and a sandbox, each on a real port. The oracle is always the sandbox's own ledger."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests import postgres
from tests.database import KINDS
from tests.flow.shop import open_shop
from tests.flow.shop import Shop
from tests.flow.shop import Visitor


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the shop that a test module may change."""
    return {"FPS_TIMEOUT": 5}


@pytest.fixture
def quiet(fps_sandbox: Sandbox) -> None:
    """Notifications wait until the test posts them."""
    fps_sandbox.switches.ipn = "after"


#: What is told on every database.
ON_BOTH = {"test_twice"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shop" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in ON_BOTH:
        metafunc.parametrize("kind", KINDS)


@pytest.fixture
def kind() -> str:
    """The database of the shop."""
    return "sqlite"


@pytest.fixture
def shop(fps_sandbox: Sandbox, tmp_path: Path, settings: dict[str, Any], kind: str) -> Iterator[Shop]:
    uri = f"sqlite:///{tmp_path / 'fps.sqlite'}" if kind == "sqlite" else postgres.fresh_database()
    own = {"SECRET_KEY": "flow", "FPS_DATABASE_URI": uri}
    with open_shop({**fps_sandbox.config, **own, **settings}) as shop:
        yield shop


@pytest.fixture
def somebody(shop: Shop, fps_buyer: Buyer) -> Iterator[Callable[[], Visitor]]:
    """Makes visitors, each with a browser of his own."""
    visitors: list[Visitor] = []

    def make() -> Visitor:
        visitors.append(Visitor(shop, fps_buyer))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.session.close()


@pytest.fixture
def john(somebody: Callable[[], Visitor]) -> Visitor:
    return somebody()


@pytest.fixture
def mallory(somebody: Callable[[], Visitor]) -> Visitor:
    return somebody()
