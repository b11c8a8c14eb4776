"""What the fault script does to notifications, and to the URL a buyer carries back."""

from __future__ import annotations

from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest

from flask_fps.errors import InvalidSignature
from flask_fps.protocol import demo
from flask_fps.protocol.outbound import HmacV1
from flask_fps.protocol.outbound import PinnedCertificate
from flask_fps.protocol.outbound import verified_notification
from flask_fps.protocol.outbound import verified_return
from flask_fps.sandbox.bank.records import Run
from flask_fps.sandbox.cbui.answers import Answers
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SECRET_KEY
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token
from tests.sandbox.test_ipn import Listener
from tests.sandbox.test_ipn import listener as listener

HOUR = 3600
RETURN_URL = "http://127.0.0.1:5000/fps/return?ref=1"


def statuses(listener: Listener) -> list[str]:
    return [message["transactionStatus"] for message in listener.messages()]


def judge(server: SandboxServer) -> PinnedCertificate:
    return PinnedCertificate(demo.CERTIFICATE_PEM, server.settings.certificate_url)


def test_a_notification_comes_twice(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    server.faults.add("Pay", "duplicate_ipn")
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.tick()
    first, second = listener.bodies
    assert first == second
    assert server.notifications == []


def test_a_notification_comes_late(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    server.faults.add("Pay", "delay_ipn", seconds=20 * HOUR)
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.advance(20 * HOUR - 1)
    assert listener.bodies == []
    server.advance(1)
    assert statuses(listener) == ["SUCCESS"]


def test_a_notification_is_overtaken_by_the_next(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    server.faults.add("Pay", "reorder_ipn")
    caller.pay(token(server, method="CC"), OverrideIPNURL=listener.url)
    server.tick()
    assert (listener.bodies, len(server.notifications)) == ([], 1)
    server.advance(1)
    assert statuses(listener) == ["SUCCESS", "PENDING"]


def test_one_that_nothing_overtakes_comes_an_hour_later(
    server: SandboxServer, caller: Caller, listener: Listener
) -> None:
    server.faults.add("Pay", "reorder_ipn")
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.advance(HOUR - 1)
    assert listener.bodies == []
    server.advance(1)
    assert statuses(listener) == ["SUCCESS"]


def test_what_is_due_at_once_may_be_posted_newest_first(
    server: SandboxServer, caller: Caller, listener: Listener
) -> None:
    server.switches.ipn_order = "newest_first"
    caller.pay(token(server, method="CC"), OverrideIPNURL=listener.url)
    server.advance(1)
    assert statuses(listener) == ["SUCCESS", "PENDING"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount", "0.01", {"transactionAmount": "USD 0.01"}),
        ("currency", "JPY", {"transactionAmount": "JPY 1.00"}),
        ("recipient", "mallory@example.com", {"recipientEmail": "mallory@example.com"}),
        ("reference", "pay-2", {"callerReference": "pay-2"}),
        ("status", "FAILURE", {"transactionStatus": "FAILURE"}),
        ("transaction_id", "1" * 35, {"transactionId": "1" * 35}),
    ],
)
def test_a_notification_may_lie(
    server: SandboxServer, caller: Caller, listener: Listener, field: str, value: str, said: dict[str, str]
) -> None:
    server.faults.add("Pay", "tamper_ipn", field=field, value=value)
    server.faults.add("Pay", "tamper_ipn", field=field, value=value, signed=False)
    caller.pay(token(server), OverrideIPNURL=listener.url)
    caller.pay(token(server, reference="order-2"), "pay-9", OverrideIPNURL=listener.url)
    server.tick()
    for message in listener.messages():
        assert said.items() <= message.items()
    lie, forgery = listener.bodies
    assert verified_notification(lie.encode(), listener.url, judge(server)).params.items() >= said.items()
    with pytest.raises(InvalidSignature):
        verified_notification(forgery.encode(), listener.url, judge(server))


def test_a_notification_of_version_1_may_be_forged(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    server.bank.accounts.set_ipn(SELLER, listener.url, "1")
    server.faults.add("Pay", "tamper_ipn", field="status", value="FAILURE", signed=False)
    caller.pay(token(server))
    caller.pay(token(server, reference="order-2"), "pay-2")
    server.tick()
    assert statuses(listener) == ["FAILURE", "SUCCESS"]
    judge = HmacV1([SECRET_KEY])
    forgery, truth = listener.bodies
    verified_notification(truth.encode(), listener.url, judge)
    with pytest.raises(InvalidSignature):
        verified_notification(forgery.encode(), listener.url, judge)


def test_a_notification_may_keep_something_to_itself(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    server.faults.add("Pay", "tamper_ipn", field="recipient")
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.tick()
    assert "recipientEmail" not in listener.messages()[0]


def _come_back(server: SandboxServer, reference: str) -> str:
    request = {
        "pipelineName": "SingleUse",
        "returnURL": RETURN_URL,
        "callerReference": reference,
        "transactionAmount": "1.00",
    }
    run = server.bank.pipelines.open(SELLER, request)
    assert isinstance(run, Run)
    server.bank.pipelines.authorize(run.run_id, JOHN, "ABT")
    ended = server.bank.pipelines.run(run.run_id)
    assert ended is not None
    return Answers(server.bank, server.settings, server.faults).outcome(ended)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [("status", "A", "status"), ("reference", "order-9", "callerReference"), ("token_id", "X" * 64, "tokenID")],
)
def test_a_return_may_lie(server: SandboxServer, field: str, value: str, name: str) -> None:
    server.faults.add("SingleUse", "tamper_return", field=field, value=value)
    server.faults.add("SingleUse", "tamper_return", field=field, value=value, signed=False)
    lie, forgery, truth = (_come_back(server, f"order-{number}") for number in range(3))
    assert [parse_qs(urlsplit(url).query)[name] == [value] for url in (lie, forgery, truth)] == [True, True, False]
    verified_return(urlsplit(lie).query, RETURN_URL, judge(server))
    verified_return(urlsplit(truth).query, RETURN_URL, judge(server))
    with pytest.raises(InvalidSignature):
        verified_return(urlsplit(forgery).query, RETURN_URL, judge(server))


def test_a_return_may_lack_something(server: SandboxServer) -> None:
    server.faults.add("SingleUse", "tamper_return", field="reference", signed=False)
    assert "callerReference" not in parse_qs(urlsplit(_come_back(server, "order-1")).query)
