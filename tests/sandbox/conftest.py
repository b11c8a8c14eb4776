"""A sandbox on a free port whose clock stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from datetime import timezone

import pytest

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller


@pytest.fixture
def bank() -> Bank:
    return Bank(SandboxClock.stopped_at(datetime.now(timezone.utc)))


@pytest.fixture
def server(bank: Bank) -> Iterator[SandboxServer]:
    with SandboxServer(bank=bank, ticking=False) as running:
        yield running


@pytest.fixture
def caller(server: SandboxServer) -> Caller:
    return Caller(server.url)
