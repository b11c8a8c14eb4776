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
from tests.sandbox.schema import Reader


@pytest.fixture
def bank() -> Iterator[Bank]:
    """A bank whose books must agree with themselves when the test is over."""
    opened = Bank(SandboxClock.stopped_at(datetime.now(timezone.utc)))
    audit = Audit(opened)
    yield opened
    audit.check()


@pytest.fixture
def server(bank: Bank) -> Iterator[SandboxServer]:
    """A sandbox whose answers Amazon's own clients can read, each of them, unless it was made to lie."""
    reader = Reader()
    made = SandboxServer(bank=bank, ticking=False)
    made.app.after_request(reader.look)
    with made as running:
        yield running
    if not {fired.fault for fired in made.faults.fired} & {"tamper", "garbage"}:
        reader.check()


@pytest.fixture
def caller(server: SandboxServer) -> Caller:
    return Caller(server.url)
