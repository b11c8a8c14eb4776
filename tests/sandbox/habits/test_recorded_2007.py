"""The calls of a real client of 2007, as they were recorded, against a sandbox: each is understood.

``tests/data/vectors/fpys-calls.json`` holds one request of each action that FPyS 0.5 was made to ask, by GET and under
version 1 of the signature; the answers are read as FPyS reads them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.habits.wire import ask
from tests.sandbox.recorded import Recorded
from tests.sandbox.recorded import recorded

CALLS = recorded("fpys-calls")
#: What a request is refused with whose reference, token or transaction is not known here.
UNKNOWN = {"InvalidParams", "InvalidTransactionId", "InvalidTokenId", "InvalidTokenId_Sender"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    """The demo sandbox, at the moment when it was first asked."""
    with SandboxServer(bank=Bank(SandboxClock.stopped_at(CALLS[0].moment)), ticking=False) as server:
        yield server


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_call_of_fpys_is_understood_and_so_is_its_answer(sandbox: SandboxServer, call: Recorded) -> None:
    """It looks for Status and Errors by their bare names, whatever namespace the root has."""
    answer = ask(sandbox, call.request)
    assert answer.status == 200
    root = ElementTree.fromstring(answer.body)
    assert root.tag == f"{{http://fps.amazonaws.com/doc/2007-01-08/}}{call.name.split()[-1]}Response"
    if root.findtext("Status") == "Success":
        assert root.find("Errors") is None
    else:
        (code,) = [error.text for error in root.iterfind("Errors/Errors/ErrorCode")]
        assert code in UNKNOWN
