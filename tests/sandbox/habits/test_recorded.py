"""Every call of a real old client, as it was recorded, against a sandbox: each is understood.

``tests/data/vectors/boto-calls.json`` holds the thirty requests that boto 2.49.0 makes of ``boto.fps``; Pay in all its
texts, from boto and from the official PHP SDK, is played in ``tests/sandbox/api/test_door.py``. ``php-calls.json``
holds one request of each action of the PHP SDKs of both versions, and the answers are read as those SDKs read them.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

from flask_fps.money import Money
from flask_fps.protocol.dialects import V2008_09_17
from flask_fps.protocol.dialects import V2010_08_28
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.habits.wire import ask
from tests.sandbox.recorded import Recorded
from tests.sandbox.recorded import recorded

CALLS = recorded("boto-calls")
PHP = recorded("php-calls")
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


@pytest.fixture(scope="module")
def php() -> Iterator[SandboxServer]:
    """The demo sandbox, at the moment when the PHP SDKs asked it."""
    with SandboxServer(bank=Bank(SandboxClock.stopped_at(PHP[0].moment)), ticking=False) as server:
        yield server


def test_the_calls_are_every_action_that_the_php_sdks_had() -> None:
    """The one of 2009 is older than the question that it lacks."""
    for version, dialect, lacking in (
        ("2008-09-17", V2008_09_17, {"GetRecipientVerificationStatus"}),
        ("2010-08-28", V2010_08_28, set[str]()),
    ):
        named = {call.name.split()[-1] for call in PHP if version in call.name}
        assert named == set(dialect.actions) - lacking


@pytest.mark.parametrize("call", PHP, ids=str)
def test_a_call_of_the_php_sdks_is_understood_and_so_is_its_answer(php: SandboxServer, call: Recorded) -> None:
    """They split the status line into three, look for an error in one line, and for the rest by one namespace."""
    answer = ask(php, call.request)
    status = answer.head.split("\r\n")[0].split(" ", 2)
    assert answer.body.startswith("<")
    if int(status[1]) == 200:
        _, version, action = call.name.split()
        root = ElementTree.fromstring(answer.body)
        assert root.tag == f"{{http://fps.amazonaws.com/doc/{version}/}}{action}Response"
        assert all(element.tag.startswith(root.tag.partition("}")[0]) for element in root.iter())
    else:
        assert (status[1], status[2]) == ("400", "Bad Request")
        said = re.search(
            "<Error><Code>(.+)</Code><Message>(.+)</Message></Error>.*<RequestID>(.+)</RequestID>", answer.body
        )
        assert said
        assert said[1] not in AT_THE_DOOR
