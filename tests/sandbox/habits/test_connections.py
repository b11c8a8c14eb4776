"""Habits of HTTP: connections, bodies, headers and request lines of programs old and older."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from flask_fps.sandbox.http import BODY_BYTES
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import raw
from tests.sandbox.caller import token
from tests.sandbox.habits.wire import ask
from tests.sandbox.habits.wire import balance
from tests.sandbox.habits.wire import FORM
from tests.sandbox.habits.wire import get
from tests.sandbox.habits.wire import netloc
from tests.sandbox.habits.wire import post
from tests.sandbox.habits.wire import read
from tests.sandbox.habits.wire import written


@pytest.fixture
def asked(caller: Caller) -> str:
    """A question to GET."""
    return balance(caller.but(method="GET"))


@contextmanager
def _connected(server: SandboxServer) -> Iterator[socket.socket]:
    parts = urlsplit(server.url)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        yield connection


def _one(connection: socket.socket) -> bytes:
    """One answer of a connection that stays open."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


# ----------------------------------------------------------------------------------------- connections


def test_http_1_0_is_answered_and_the_connection_closed(server: SandboxServer, asked: str) -> None:
    with _connected(server) as connection:
        connection.sendall(get(asked, netloc(server), "1.0").encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert read(answer).status == 200
    assert read(answer).header("Connection") == "close"


def test_http_1_0_needs_no_host(server: SandboxServer, caller: Caller) -> None:
    query = balance(caller.but(method="GET", host="fps.sandbox.amazonaws.com"))
    assert ask(server, f"GET /?{query} HTTP/1.0\r\n\r\n").status == 200


def test_http_1_0_may_ask_to_keep_the_connection(server: SandboxServer, asked: str) -> None:
    """PHP's and Perl's way, with a header of its own."""
    request = f"GET /?{asked} HTTP/1.0\r\nHost: {netloc(server)}\r\nConnection: Keep-Alive\r\n\r\n".encode()
    with _connected(server) as connection:
        for _ in range(3):
            connection.sendall(request)
            answer = read(_one(connection))
            assert (answer.status, answer.header("Connection")) == (200, "keep-alive")


def test_http_1_1_may_ask_to_close_it(server: SandboxServer, asked: str) -> None:
    request = f"GET /?{asked} HTTP/1.1\r\nHost: {netloc(server)}\r\nConnection: close\r\n\r\n".encode()
    with _connected(server) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert read(answer).header("Connection") == "close"


def test_requests_may_be_sent_before_the_answers_are_read(server: SandboxServer, caller: Caller, asked: str) -> None:
    host = netloc(server)
    answer = raw(server.url, (get(asked, host) + post(balance(caller), host) + get(asked, host)).encode())
    assert answer.count(b"HTTP/1.1 200 OK") == 3


def test_a_request_may_come_in_drops(server: SandboxServer, caller: Caller) -> None:
    request = post(balance(caller), netloc(server)).encode()
    with _connected(server) as connection:
        for start in range(0, len(request), 40):
            connection.sendall(request[start : start + 40])
        assert read(_one(connection)).status == 200


# ---------------------------------------------------------------------------------------------- bodies


def _chunked(body: str, host: str, ends: str = "0\r\n\r\n", sizes: int = 50) -> str:
    pieces = [body[start : start + sizes] for start in range(0, len(body), sizes)]
    chunks = "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in pieces)
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunks + ends


@pytest.mark.parametrize("sizes", [1, 50, 10000])
def test_a_body_may_come_in_chunks(server: SandboxServer, caller: Caller, sizes: int) -> None:
    assert ask(server, _chunked(balance(caller), netloc(server), sizes=sizes)).status == 200


def test_chunks_may_have_extensions_and_trailers(server: SandboxServer, caller: Caller) -> None:
    body = balance(caller)
    chunk = f"{len(body):X} ;name=value\r\n{body}\r\n0\r\nX-Checksum: 1\r\nX-More: 2\r\n\r\n"
    head = _chunked("", netloc(server), ends="")
    assert ask(server, head + chunk).status == 200


def test_after_chunks_the_connection_goes_on(server: SandboxServer, caller: Caller, asked: str) -> None:
    both = _chunked(balance(caller), netloc(server)) + get(asked, netloc(server))
    assert raw(server.url, both.encode()).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("ends", ["", "0\r\n", "5\r\nab", "0\r\nX-Trailer: 1\r\n"])
def test_chunks_that_stop_are_no_request(server: SandboxServer, caller: Caller, ends: str) -> None:
    assert raw(server.url, _chunked(balance(caller), netloc(server), ends=ends).encode()) == b""


@pytest.mark.parametrize("ends", ["x\r\n\r\n", "-1\r\n\r\n", "5\r\nabcdefgh\r\n0\r\n\r\n", "0x5\r\nabcde\r\n"])
def test_chunks_of_no_size_are_refused(server: SandboxServer, caller: Caller, ends: str) -> None:
    answer = ask(server, _chunked(balance(caller), netloc(server), ends=ends))
    assert (answer.status, answer.header("Connection")) == (400, "close")


@pytest.mark.parametrize("size", [f"{BODY_BYTES + 1:x}", "ffffffff"])
def test_chunks_of_too_much_are_refused_before_they_are_read(server: SandboxServer, size: str) -> None:
    assert ask(server, _chunked("", netloc(server), ends=f"{size}\r\n")).status == 413


@pytest.mark.parametrize(
    "headers",
    ["Content-Length: 3\r\nContent-Length: 4", "Content-Length: 3\r\nTransfer-Encoding: chunked"],
    ids=["two lengths", "a length and chunks"],
)
def test_a_body_of_two_sizes_is_refused(server: SandboxServer, headers: str) -> None:
    """Whoever stands between reads one, we the other: that is how a second request is smuggled in."""
    answer = ask(server, f"POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\nabcd")
    assert (answer.status, answer.header("Connection")) == (400, "close")


def test_a_length_of_many_digits_is_refused(server: SandboxServer) -> None:
    assert ask(server, f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {'9' * 5000}\r\n\r\n").status == 413


def test_expect_100_continue_is_met(server: SandboxServer, caller: Caller) -> None:
    """C# and curl wait for it."""
    head, _, body = post(balance(caller), netloc(server)).partition("\r\n\r\n")
    with _connected(server) as connection:
        connection.sendall(f"{head}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body.encode())
        assert read(_one(connection)).status == 200


def test_http_1_0_is_told_nothing_of_100_continue(server: SandboxServer, caller: Caller) -> None:
    request = post(balance(caller), netloc(server), f"Content-Type: {FORM}\r\nExpect: 100-continue\r\n")
    answer = raw(server.url, request.replace("HTTP/1.1", "HTTP/1.0").encode())
    assert answer.startswith(b"HTTP/1.1 200 ")


# --------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize("headers", ["user-agent:\r\n", "User-Agent: \r\n", "", "USER-AGENT: Boto/2.49.0\r\n"])
def test_a_client_may_be_nameless(server: SandboxServer, caller: Caller, headers: str) -> None:
    assert ask(server, post(balance(caller), netloc(server), f"{headers}Content-Type: {FORM}\r\n")).status == 200


def test_header_names_have_no_case(server: SandboxServer, caller: Caller) -> None:
    request = post(balance(caller), netloc(server))
    head, blank, body = request.partition("\r\n\r\n")
    line, *headers = head.split("\r\n")
    for change in (str.lower, str.upper):
        changed = [": ".join((change(name), text)) for name, _, text in (each.partition(": ") for each in headers)]
        assert ask(server, "\r\n".join([line, *changed]) + blank + body).status == 200


def test_lines_may_end_in_a_newline_alone(server: SandboxServer, asked: str) -> None:
    assert ask(server, f"GET /?{asked} HTTP/1.1\nHost: {netloc(server)}\n\n").status == 200


def test_an_answer_is_not_compressed_whatever_is_accepted(server: SandboxServer, asked: str) -> None:
    request = get(asked, netloc(server)).replace("\r\n\r\n", "\r\nAccept-Encoding: gzip, deflate\r\n\r\n")
    answer = ask(server, request)
    assert "Content-Encoding" not in answer.head
    assert answer.body.startswith("<?xml")


def test_a_browser_s_accept_header_does_not_make_a_request_a_page(server: SandboxServer, asked: str) -> None:
    request = get(asked, netloc(server)).replace("\r\n\r\n", "\r\nAccept: text/html,*/*\r\n\r\n")
    assert ask(server, request).body.startswith("<?xml")


# --------------------------------------------------------------------------------------- request lines


@pytest.mark.parametrize("address", ["{url}/", "{url}", "HTTP://{host}/", "http://fps.sandbox.amazonaws.com/"])
def test_a_request_through_a_proxy_names_the_whole_address(server: SandboxServer, caller: Caller, address: str) -> None:
    target = address.format(url=server.url, host=netloc(server))
    query = balance(caller.but(method="GET"))
    assert ask(server, f"GET {target}?{query} HTTP/1.1\r\nHost: {netloc(server)}\r\n\r\n").status == 200
    body = balance(caller)
    assert ask(server, post(body, netloc(server), target=target)).status == 200


@pytest.mark.parametrize("path", ["/index.php", "/./", "/%3F"])
def test_other_paths_are_not_the_api(server: SandboxServer, asked: str, path: str) -> None:
    assert ask(server, get(asked, netloc(server), path=path)).status in (400, 404)


def test_a_slash_too_many_is_taken_for_one(server: SandboxServer, asked: str) -> None:
    """Clients that join a base ending in a slash with a path beginning in one."""
    assert ask(server, get(asked, netloc(server), path="//")).status == 200


@pytest.mark.parametrize("line", ["GET", "GET /", "GET / HTTP/x.y", "GET / HTTP/3.0", "\x00\x00 / HTTP/1.1", "G E T /"])
def test_what_is_no_request_gets_an_answer_all_the_same(server: SandboxServer, line: str) -> None:
    answer = raw(server.url, f"{line}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 ")
    assert b"Content-Length: " in answer


def test_a_query_of_60_kilobytes_is_read(server: SandboxServer, caller: Caller) -> None:
    """A message to verify comes encoded twice, in a GET."""
    message = {"Action": "VerifySignature", "UrlEndPoint": "http://x/", "HttpParameters": "y" * 60_000}
    answer = ask(server, get(written(caller.but(method="GET").signed(message)), netloc(server)))
    assert answer.code == "InvalidParams"
    assert "signature is missing in 'HttpParameters'" in answer.body


# ------------------------------------------------------------------------- what old clients read of answers


def test_a_status_line_has_three_parts(server: SandboxServer, caller: Caller, asked: str) -> None:
    """The PHP SDK splits it so."""
    for request in (get(asked, netloc(server)), get("Action=X", netloc(server)), get("", netloc(server))):
        version, status, reason = ask(server, request).head.partition("\r\n")[0].split(" ", 2)
        assert version == "HTTP/1.1"
        assert status.isdecimal() and reason


def test_an_error_is_compact_and_read_by_the_sdks_expressions(server: SandboxServer) -> None:
    """Java's and PHP's, which see "Internal Error" in all else."""
    body = ask(server, get("Action=X", netloc(server))).body
    php = re.search(
        r"<Error><Code>(.*)</Code><Message>(.*)</Message></Error>.*<RequestI[dD]>(.*)</RequestI[dD]>", body, re.I | re.M
    )
    assert php is not None
    assert php.group(1) == "MissingParameter"
    assert re.fullmatch(r"[0-9a-f-]{36}", php.group(3))
    assert not re.search(r">\s+<(?!Response>)", body.partition("?>")[2].strip())


def test_a_pair_of_results_comes_in_the_order_of_the_schema(server: SandboxServer, caller: Caller) -> None:
    """A client in OCaml matches exactly this, and Java wants the namespace of the version it sent."""
    answer = caller.pay(token(server))
    assert re.search(
        r'<PayResponse xmlns="http://fps\.amazonaws\.com/doc/2010-08-28/"><PayResult>'
        r"<TransactionId>[A-Z0-9]{35}</TransactionId><TransactionStatus>Success</TransactionStatus></PayResult>"
        r"<ResponseMetadata><RequestId>[0-9a-f-]{36}:0</RequestId></ResponseMetadata></PayResponse>$",
        answer.text,
    )
