from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from flask_fps.sandbox.server import SandboxServer
from flask_fps.sandbox.server import STOP_SECONDS
from flask_fps.sandbox.settings import Settings
from tests.sandbox.caller import Caller
from tests.sandbox.caller import token


def test_it_listens_on_loopback_once_it_is_made() -> None:
    server = SandboxServer()
    assert server.url.startswith("http://127.0.0.1:")
    with server:
        assert requests.get(f"{server.url}/_control/ledger", timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=10)


def test_it_stops_at_once_though_a_client_keeps_its_connection() -> None:
    with SandboxServer() as server, requests.Session() as session:
        session.get(f"{server.url}/_control/ledger", timeout=10)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < STOP_SECONDS / 2
        server.stop()


def test_it_answers_what_is_being_asked_before_it_stops() -> None:
    with SandboxServer() as server:
        server.faults.add("GetAccountBalance", "delay", seconds=0.3)
        statuses: list[int] = []
        ask = Caller(server.url)
        thread = threading.Thread(target=lambda: statuses.append(ask.call("GetAccountBalance").status))
        thread.start()
        while not server.faults.fired:
            time.sleep(0.01)
        server.stop()
        thread.join()
    assert statuses == [200]


def test_a_taken_port_is_said_so() -> None:
    with SandboxServer() as server, pytest.raises(OSError):
        SandboxServer(port=urlsplit(server.url).port or 0)


def test_it_listens_on_ipv6_or_says_what_the_system_says() -> None:
    missing = _what_ipv6_lacks()
    if missing is None:
        with SandboxServer("::1", ticking=False) as server:
            assert server.url.startswith("http://[::1]:")
            assert Caller(server.url).call("GetAccountBalance").status == 200
    else:
        with pytest.raises(OSError) as refused:
            SandboxServer("::1")
        assert (refused.value.errno, refused.value.strerror) == (missing.errno, missing.strerror)


def _what_ipv6_lacks() -> OSError | None:
    """Why nobody can listen on IPv6's loopback here."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return None
    except OSError as error:
        return error


def test_a_public_address_is_what_it_is_known_by() -> None:
    with SandboxServer(public_url="http://fps.test:9000/", ticking=False) as server:
        assert server.settings.certificate_url == "http://fps.test:9000/certs/090911/PKICert.pem"
        assert Caller(server.url, host="fps.test:9000").call("GetAccountBalance").status == 200
        assert Caller(server.url, host="fps.test").call("GetAccountBalance").status == 200


def test_the_certificate_is_at_its_address_only(server: SandboxServer) -> None:
    pem = requests.get(server.settings.certificate_url + "?requestId=1", timeout=10)
    assert pem.content == Settings().certificate_pem
    assert requests.get(f"{server.url}/certs/090909/PKICert.pem", timeout=10).status_code == 404


def test_a_person_who_comes_by_lands_in_the_account_manager(server: SandboxServer) -> None:
    page = requests.get(server.url, headers={"Accept": "text/html,*/*"}, timeout=10)
    assert page.status_code == 200
    assert urlsplit(page.url).path == "/account/sign-in"


def test_a_failure_of_ours_is_an_internal_error_on_the_wire(
    server: SandboxServer, caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server.bank.payments, "pay", lambda *_: 1 / 0)
    answer = caller.pay(token(server))
    assert (answer.status, answer.error) == (500, "InternalError")
    assert "ZeroDivisionError" in caplog.text


def test_a_reset_brings_the_first_day_back(server: SandboxServer, caller: Caller) -> None:
    caller.pay(token(server))
    server.faults.add("Pay", "lose_answer")
    server.advance(100)
    server.reset()
    assert server.bank.transactions.all() == []
    assert server.faults.left == []
    assert server.bank.clock.now() == server.bank.clock.unmoved()
    assert caller.pay(token(server)).status == 200
