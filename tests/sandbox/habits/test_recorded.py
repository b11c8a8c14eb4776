"""Every call of a real old client, as it was recorded, against a sandbox: each is understood.

``tests/data/vectors/boto-calls.json`` holds the thirty requests that boto 2.49.0 makes of ``boto.fps``; Pay in all its
texts, from boto and from the official PHP SDK, is played in ``tests/sandbox/api/test_door.py``.
"""

from __future__ import annotations

import pytest

from flask_fps.money import Money
from flask_fps.protocol.dialects import V2010_08_28
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.habits.wire import ask
from tests.sandbox.recorded import Recorded
from tests.sandbox.recorded import recorded

CALLS = recorded("boto-calls")
#: What is said before anything of the request is understood.
AT_THE_DOOR = {
    *("AuthFailure", "InvalidAction", "InvalidClientTokenId", "InvalidParameterValue", "InvalidRequest"),
    *("MissingParameter", "RequestExpired", "SignatureDoesNotMatch", "InternalError"),
}


def test_the_calls_are_every_action_that_boto_had() -> None:
    named = {call.request.partition(b"&Action=")[2].partition(b"&")[0].decode() for call in CALLS}
    assert named <= set(V2010_08_28.actions)
    assert len(named) == 27


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_call_of_boto_is_understood(call: Recorded) -> None:
    bank = Bank(SandboxClock.stopped_at(call.moment))
    bank.accounts.open(
        Account(
            email="boto@example.com",
            name="boto",
            balance=Money(0, "USD"),
            access_key=call.access_key,
            secret_key=call.secret_key,
        )
    )
    with SandboxServer(bank=bank, ticking=False) as server:
        answer = ask(server, call.request)
        assert answer.status in (200, 400)
        assert answer.code not in AT_THE_DOOR, answer.body
