from __future__ import annotations

import pytest

from tests.database import KINDS
from tests.database import still_engine
from tests.ledger.books import Books


@pytest.fixture(params=KINDS)
def books(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Books:
    return Books(still_engine(request.param, monkeypatch))
