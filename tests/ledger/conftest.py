from __future__ import annotations

import pytest

from tests.database import emptied_engine
from tests.ledger.books import Books


@pytest.fixture
def books() -> Books:
    return Books(emptied_engine())
