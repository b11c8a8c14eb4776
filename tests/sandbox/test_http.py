from __future__ import annotations

import http.client
import socket
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import raw
from tests.sandbox.caller import token


def test_a_connection_is_kept_for_many_requests(server: SandboxServer, caller: Caller) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    sockets = set()
    for method in ("POST", "GET", "POST"):
        query = urlencode(caller.but(method=method).signed({"Action": "GetAccountBalance"}))
        target, body = (f"/?{query}", None) if method == "GET" else ("/", query)
        connection.request(method, target, body)
        sockets.add(connection.sock)
        with connection.getresponse() as response:
            assert response.status == 200
            response.read()
    assert len(sockets) == 1
    connection.close()


def test_two_requests_may_be_sent_at_once(server: SandboxServer) -> None:
    one = b"GET /?Action=Nonsense HTTP/1.1\r\nHost: x\r\n\r\n"
    assert raw(server.url, one * 2).count(b"<Code>MissingParameter</Code>") == 2


def test_a_client_that_expects_100_continue_is_told_to_go_on(server: SandboxServer, caller: Caller) -> None:
    body = urlencode(caller.signed({"Action": "GetAccountBalance"})).encode()
    parts = urlsplit(server.url)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        head = f"POST / HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(100000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_does_not_wait_for_100_continue_is_served(server: SandboxServer, caller: Caller) -> None:
    body = urlencode(caller.signed({"Action": "GetAccountBalance"}))
    answer = raw(
        server.url,
        f"POST / HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode(),
    )
    assert answer.count(b"HTTP/1.1 100 ") == 1
    assert answer.count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Transfer-Encoding: chunked", b"400"),
        (b"Transfer-Encoding: gzip, chunked", b"501"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"400"),
        (b"Content-Length: many", b"400"),
        (b"Content-Length: -1", b"400"),
        (b"Content-Length: 1048577", b"413"),
    ],
)
def test_a_body_that_cannot_be_read_ends_the_connection(server: SandboxServer, header: bytes, status: bytes) -> None:
    answer = raw(server.url, b"POST / HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer


def test_half_a_body_is_not_half_a_request(server: SandboxServer) -> None:
    assert raw(server.url, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nAction=Pay") == b""


def test_head_moves_no_money(server: SandboxServer, caller: Caller) -> None:
    money = {"TransactionAmount.Value": "1.00", "TransactionAmount.CurrencyCode": "USD"}
    pay = {"Action": "Pay", "SenderTokenId": token(server), "CallerReference": "pay-1"} | money
    query = urlencode(caller.but(method="HEAD").signed(pay))
    answer = raw(server.url, f"HEAD /?{query} HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert server.bank.transactions.all() == []


def test_other_methods_are_refused_without_harm(server: SandboxServer) -> None:
    assert raw(server.url, b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 405 ")


def test_a_request_may_name_the_whole_address(server: SandboxServer) -> None:
    answer = raw(server.url, f"GET {server.url}/?Action=X HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert b"<Code>MissingParameter</Code>" in answer


def test_an_old_client_is_answered_and_let_go(server: SandboxServer) -> None:
    answer = raw(server.url, b"GET /?Action=X HTTP/1.0\r\n\r\n")
    assert b"<Code>MissingParameter</Code>" in answer
    assert b"Connection: close" in answer


def test_a_request_line_without_end_is_refused(server: SandboxServer) -> None:
    assert b" 414 " in raw(server.url, b"GET /?" + b"x" * 70000)
