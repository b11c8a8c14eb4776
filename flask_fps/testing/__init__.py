"""A pytest plugin: a sandbox of the test's own, and a robot that pays in it.

Installed with the package; nothing to import. The sandbox answers on a real socket of this machine and keeps
its books in memory; the robot walks the sandbox's real pages, form by form. Neither Flask nor the sandbox is
imported before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .buyer import Buyer as Buyer
from .sandbox import Sandbox as Sandbox


@pytest.fixture
def fps_sandbox() -> Iterator[Sandbox]:
    """A :class:`Sandbox` of this test's own: on a free port, with fresh books, and every switch at its harshest."""
    from ..errors import SetupError
    from ..sandbox.bank import Bank
    from ..sandbox.bank.switches import harshest
    from ..sandbox.server import SandboxServer
    from ..sandbox.settings import Settings

    bank, settings = Bank(switches=harshest()), Settings(only_to_ports=True)
    try:
        made = SandboxServer(port=0, bank=bank, settings=settings, ticking=False)
    except SetupError as error:
        pytest.fail(str(error), pytrace=False)
    with made as server:
        yield Sandbox(server)


@pytest.fixture
def fps_buyer(fps_sandbox: Sandbox) -> Buyer:
    """A :class:`Buyer` who pays in :func:`fps_sandbox`."""
    return Buyer(fps_sandbox)
