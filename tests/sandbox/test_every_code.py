"""Each error code that FPS had can be made to come by the fault script, as the service sent it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flask_fps.protocol.codes import CODES
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import token

_STATUS = {
    **dict.fromkeys(("AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch"), 403),
    **dict.fromkeys(("InternalError", "InternalServerError"), 500),
    "ServiceUnavailable": 503,
}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(ticking=False) as running:
        yield running


@pytest.fixture(scope="module")
def sender(server: SandboxServer) -> str:
    return token(server)


@pytest.mark.parametrize("code", CODES)
def test_a_code_by_the_fault_script(server: SandboxServer, sender: str, code: str) -> None:
    server.faults.add("Pay", "decline", code=code)
    answer = Caller(server.url).pay(sender, f"pay-{code}")
    assert (answer.status, answer.error) == (_STATUS.get(code, 400), code)
    assert server.bank.transactions.all() == []
