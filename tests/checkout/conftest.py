from __future__ import annotations

import pytest

from tests.checkout.shop import Shop
from tests.database import KINDS
from tests.database import still_engine

#: What is tested on every database; on SQLite alone is what draws histories by the hundred.
ON_BOTH = {
    "test_audit",
    "test_drive",
    "test_finish",
    "test_notify",
    "test_overtaken",
    "test_pay",
    "test_recover",
    "test_refund",
    "test_release",
    "test_reserve",
    "test_resolve",
    "test_start",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shop" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in ON_BOTH:
        metafunc.parametrize("shop", KINDS, indirect=True)


@pytest.fixture
def shop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(still_engine(getattr(request, "param", "sqlite"), monkeypatch))
