from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import replace
from pkgutil import resolve_name

import pytest

from flask_fps.gateways import Gateway
from flask_fps.sandbox.server import SandboxServer
from tests.gateways.benches import Bench
from tests.gateways.benches import FPSBench
from tests.gateways.benches import HoldBench


@pytest.fixture(scope="module")
def sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer(port=0, ticking=False) as server:
        yield server


#: ``module:name`` of a bench that is not ours: whoever writes a gateway holds the contract against it.
THEIRS = os.environ.get("FPS_TEST_GATEWAY")


@pytest.fixture(params=["theirs"] if THEIRS else ["fps", "hold"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Each gateway at its provider, with fresh books."""
    if request.param == "theirs":
        assert THEIRS is not None
        yield resolve_name(THEIRS)()
        return
    if request.param == "hold":
        yield HoldBench()
        return
    server: SandboxServer = request.getfixturevalue("sandbox_server")
    server.reset()
    fps = FPSBench(server)
    yield fps
    fps.close()


@pytest.fixture
def unsure(bench: Bench) -> Gateway:
    """The same account, where the judge of messages cannot be asked."""
    if isinstance(bench, FPSBench):
        return replace(bench.gateway, verifier=NobodyKnows)
    return bench.cut_off


class NobodyKnows:
    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        return None
