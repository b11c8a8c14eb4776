from __future__ import annotations

import pytest

from tests.checkout.shop import Shop
from tests.database import emptied_engine


@pytest.fixture
def shop() -> Shop:
    return Shop(emptied_engine())
