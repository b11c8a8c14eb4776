"""A sandbox on a free port whose clock stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from datetime import timezone

import pytest

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.audit import Audit
from tests.sandbox.caller import Caller


@pytest.fixture
def bank() -> Iterator[Bank]:
    """A bank whose books must agree with themselves when the test is over."""
    opened = Bank(SandboxClock.stopped_at(datetime.now(timezone.utc)))
    audit = Audit(opened)
    yield opened
    audit.check()


@pytest.fixture
def server(bank: Bank) -> Iterator[SandboxServer]:
    with SandboxServer(bank=bank, ticking=False) as running:
        yield running


@pytest.fixture
def caller(server: SandboxServer) -> Caller:
    return Caller(server.url)
