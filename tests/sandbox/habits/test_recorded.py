"""Every call of a real old client, as it was recorded, against a sandbox: each is understood.

``tests/data/vectors/boto-calls.json`` holds the thirty requests that boto 2.49.0 makes of ``boto.fps``; Pay in all
its texts, from boto and from the official PHP SDK, is played in ``tests/sandbox/api/test_door.py``.
``php-calls.json``, ``java-calls.json`` and ``csharp-calls.json`` hold one request of each action of Amazon's SDKs,
``awssum-calls.json`` and ``flexpay-calls.json`` of each that these clients for Node and Ruby name as FPS did, and the
answers are read as those SDKs read them; besides, what the validators of returns (``ruby-calls.json``, too) asked
``VerifySignature``, without a signature.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack

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
from tests.sandbox.recorded import validations
from tests.sandbox.schema import troubles

CALLS = recorded("boto-calls")
SDKS = recorded("php-calls", "java-calls", "csharp-calls", "awssum-calls", "flexpay-calls")
VALIDATIONS = validations("java-calls", "csharp-calls", "php-calls", "ruby-calls")
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
def sandbox() -> Iterator[Callable[[Recorded], SandboxServer]]:
    """The demo sandbox, at the moment when an SDK first asked it."""
    with ExitStack() as stack:

        def at(client: str) -> SandboxServer:
            first = next(call.moment for call in SDKS if call.name.startswith(client))
            return stack.enter_context(SandboxServer(bank=Bank(SandboxClock.stopped_at(first)), ticking=False))

        servers = {client: at(client) for client in {_client(call) for call in SDKS}}
        yield lambda call: servers[_client(call)]


def _client(call: Recorded) -> str:
    return call.name.partition(":")[0]


@pytest.mark.parametrize(
    ("client", "version", "lacking"),
    [
        ("php-calls", "2008-09-17", {"GetRecipientVerificationStatus"}),
        ("java-calls", "2008-09-17", {"GetRecipientVerificationStatus"}),
        ("csharp-calls", "2008-09-17", {"GetRecipientVerificationStatus"}),
        ("php-calls", "2010-08-28", set()),
        ("java-calls", "2010-08-28", set()),
    ],
)
def test_the_calls_are_every_action_that_the_sdks_had(client: str, version: str, lacking: set[str]) -> None:
    """Those of 2009 are older than the question that they lack."""
    dialect = {"2008-09-17": V2008_09_17, "2010-08-28": V2010_08_28}[version]
    named = {call.name.split()[-1] for call in SDKS if call.name.startswith(f"{client}: {version} ")}
    assert named == set(dialect.actions) - lacking


@pytest.mark.parametrize("call", SDKS, ids=str)
def test_a_call_of_the_sdks_is_understood_and_so_is_its_answer(
    sandbox: Callable[[Recorded], SandboxServer], call: Recorded
) -> None:
    """They split the status line into three, look for an error in one line, and for the rest by the schema."""
    answer = ask(sandbox(call), call.request)
    status = answer.head.split("\r\n")[0].split(" ", 2)
    assert answer.body.startswith("<")
    if int(status[1]) == 200:
        _, version, action = call.name.split()
        root = ElementTree.fromstring(answer.body)
        assert root.tag == f"{{http://fps.amazonaws.com/doc/{version}/}}{action}Response"
        assert troubles(answer.body) == []
    else:
        assert (status[1], status[2]) == ("400", "Bad Request")
        said = re.search(
            "<Error><Code>(.+)</Code><Message>(.+)</Message></Error>.*<RequestID>(.+)</RequestID>", answer.body
        )
        assert said
        assert said[1] not in AT_THE_DOOR


@pytest.mark.parametrize("asked", VALIDATIONS)
def test_the_validators_are_told(asked: bytes) -> None:
    """They look for one text in the answer; Java writes the address bare, C# capitals of its own, Ruby the whole
    address in the request line."""
    with SandboxServer(public_url="https://fps.sandbox.amazonaws.com", ticking=False) as server:
        assert "<VerificationStatus>Success</VerificationStatus>" in ask(server, asked).body
        changed = asked.replace(b"callerReference%3", b"callerReferencE%3")
        assert changed != asked
        assert "<VerificationStatus>Failure</VerificationStatus>" in ask(server, changed).body
