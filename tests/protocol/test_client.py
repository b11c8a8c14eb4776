"""The client against real sockets: what a failure means, and that nothing takes longer than allowed."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509.oid import NameOID

from flask_fps.errors import NotSent
from flask_fps.errors import OutcomeUnknown
from flask_fps.errors import ServiceError
from flask_fps.errors import TransportError
from flask_fps.protocol import signing
from flask_fps.protocol import wire
from flask_fps.protocol.client import Client
from flask_fps.protocol.client import LARGEST_ANSWER
from flask_fps.protocol.messages import Amount
from flask_fps.protocol.messages import CancelToken
from flask_fps.protocol.messages import Pay
from flask_fps.protocol.messages import PayResult
from flask_fps.protocol.transport import Response
from tests.ports import closed_port
from tests.protocol.service import always
from tests.protocol.service import answer
from tests.protocol.service import Request
from tests.protocol.service import Script
from tests.protocol.service import Service

PAY = Pay(sender_token_id="S" * 64, transaction_amount=Amount(Decimal("0.10")), caller_reference="ref ~é")
PAID = wire.render_answer("Pay", PayResult("T1", "Success"), "2010-08-28", "id:0")
REFUSED = wire.render_error("InsufficientBalance", "no funds", "r-1")


OPEN: list[Client] = []


@pytest.fixture(autouse=True)
def _close_clients() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def client(service: Service, **options: object) -> Client:
    OPEN.append(Client(service.url, "AKID", "SECRET", **{"timeout": 5.0, **options}))  # type: ignore[arg-type]
    return OPEN[-1]


def outcome(script: Script, **options: object) -> TransportError:
    """The error of one send to a server with this script."""
    with Service(script) as service, pytest.raises(TransportError) as caught:
        client(service, **options).send(PAY)
    return caught.value


# ------------------------------------------------------------------------------------ what is sent


def test_sends_a_signed_form_and_returns_the_result() -> None:
    with Service(always(answer(PAID))) as service:
        result = client(service, clock=lambda: 1254815591.9).send(PAY)
    assert result == PayResult("T1", "Success")
    [request] = service.requests
    assert request.line == "POST / HTTP/1.1"
    assert request.headers["host"] == f"127.0.0.1:{service.port}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert request.headers["accept-encoding"] == "identity"
    params = request.params
    signature = params.pop("Signature")
    assert params == {
        **PAY.parameters(),
        "Action": "Pay",
        "AWSAccessKeyId": "AKID",
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": "2",
        "Timestamp": "2009-10-06T07:53:11Z",
        "Version": "2010-08-28",
    }
    hosts = [request.headers["host"]]
    assert signing.verifies("POST", hosts, "/", params, signature, ["SECRET"], "HmacSHA256")
    assert b"SECRET" not in request.raw


def test_a_frozen_request_goes_out_the_same_but_for_time_and_signature() -> None:
    seconds = iter([1e9, 2e9])
    frozen = {**PAY.parameters(), "Later": "kept as it was stored"}
    with Service(always(answer(PAID))) as service:
        sender = client(service, clock=lambda: next(seconds))
        assert sender.send_parameters(Pay, frozen) == sender.send_parameters(Pay, frozen)
    first, second = (request.params for request in service.requests)
    assert {name for name in first if first[name] != second[name]} == {"Timestamp", "Signature"}
    assert frozen.items() <= first.items()


def test_an_action_may_answer_nothing() -> None:
    with Service(always(answer(wire.render_answer("CancelToken", None, "2008-09-17", "id:0")))) as service:
        sender = client(service, version="2008-09-17")
        assert sender.send(CancelToken(token_id="T" * 64)) is None


def test_a_parameter_that_the_version_lacks_is_not_sent() -> None:
    with Service(always(answer(PAID))) as service:
        message = CancelToken(token_id="T" * 64, override_ipn_url="http://h/")
        with pytest.raises(ValueError, match="OverrideIPNURL in API version 2008-09-17"):
            client(service, version="2008-09-17").send(message)
    assert service.connections == 0


def test_two_sends_use_one_connection() -> None:
    with Service(always(answer(PAID))) as service:
        sender = client(service)
        for _ in range(3):
            sender.send(PAY)
        assert (service.connections, len(service.requests)) == (1, 3)


def test_an_answer_in_chunks_keeps_the_connection_too() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    half = len(PAID) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PAID[:half], PAID[half:], b""))
    with Service(always(head + chunks)) as service:
        sender = client(service)
        assert sender.send(PAY) == sender.send(PAY)
        assert service.connections == 1


def test_a_connection_that_the_service_closed_is_opened_again() -> None:
    def once(connection: socket.socket, _: Request) -> bool:
        connection.sendall(answer(PAID))
        return False

    with Service(once) as service:
        sender = client(service)
        sender.send(PAY)
        assert service.ended.acquire(timeout=5)
        sender.send(PAY)
        assert service.connections == 2


def test_an_exchange_that_took_long_takes_nothing_from_the_next() -> None:
    def slow(connection: socket.socket, _: Request) -> None:
        time.sleep(1)
        connection.sendall(answer(PAID))

    with Service(slow) as service:
        sender = client(service, timeout=1.9)
        assert sender.send(PAY) == sender.send(PAY)
        assert service.connections == 1


def test_threads_share_one_client() -> None:
    with Service(always(answer(PAID))) as service:
        sender = client(service)
        results: list[PayResult] = []
        threads = [threading.Thread(target=lambda: results.append(sender.send(PAY))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [PayResult("T1", "Success")] * 8


def test_a_forked_process_opens_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with Service(always(answer(PAID))) as service:
        sender = client(service)
        sender.send(PAY)
        parent = sender._session()
        monkeypatch.setattr(os, "getpid", lambda: -1)
        sender.send(PAY)
        parent.close()
        assert service.connections == 2


def test_neither_netrc_nor_cookies_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login john password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Service(always(answer(PAID, "200 OK", "Set-Cookie: id=1"))) as service:
        sender = client(service)
        sender.send(PAY)
        sender.send(PAY)
    for request in service.requests:
        assert not {"authorization", "cookie"} & set(request.headers)


def test_a_transport_may_be_passed_in() -> None:
    with Service(always(answer(PAID))) as service, requests.Session() as session:
        sender = client(service, transport=session)
        assert sender.send(PAY) == PayResult("T1", "Success")
        assert sender.reachable()
        sender.close()
        assert sender.send(PAY) == PayResult("T1", "Success")


# ------------------------------------------------------------------------------------ nothing was sent


@pytest.fixture(name="closed_port")
def _closed_port() -> Iterator[int]:
    with closed_port() as port:
        yield port


def test_a_refused_connection_is_not_sent(closed_port: int) -> None:
    sender = Client(f"http://127.0.0.1:{closed_port}/", "AKID", "SECRET")
    with pytest.raises(NotSent, match="could not connect"):
        sender.send(PAY)


def test_an_unknown_host_is_not_sent() -> None:
    with pytest.raises(NotSent):
        Client("http://no-such-host.invalid/", "AKID", "SECRET", timeout=5).send(PAY)


def test_a_handshake_that_never_ends_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = Client(f"https://127.0.0.1:{listener.getsockname()[1]}/", "AKID", "SECRET", timeout=0.3)
        started = time.monotonic()
        with pytest.raises(NotSent):
            sender.send(PAY)
        assert time.monotonic() - started < 4


def test_a_server_that_speaks_no_tls_is_not_sent() -> None:
    with Service(always(answer(PAID))) as service:
        with pytest.raises(NotSent):
            Client(f"https://127.0.0.1:{service.port}/", "AKID", "SECRET", timeout=0.3).send(PAY)
        assert service.requests == []


def test_nothing_is_sent_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that takes its time: the connection comes too late and is not used."""
    lookup = socket.getaddrinfo

    def slowly(*args: object, **options: object) -> object:
        time.sleep(0.4)
        return lookup(*args, **options)  # type: ignore[arg-type]

    with Service(always(answer(PAID))) as service:
        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        with pytest.raises(NotSent):
            client(service, timeout=0.3).send(PAY)
        assert service.requests == []


def test_a_proxy_that_refuses_the_tunnel_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with Service(always(answer(b"", "407 Proxy Authentication Required"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(NotSent):
            Client("https://fps.example/", "AKID", "SECRET", timeout=2).send(PAY)
        assert [request.line.split(" ")[:2] for request in proxy.requests] == [["CONNECT", "fps.example:443"]]


def test_a_proxy_that_is_not_there_is_not_sent(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{closed_port}")
        sender = Client(f"{scheme}://fps.example/", "AKID", "SECRET", timeout=2)
        with pytest.raises(NotSent):
            sender.send(PAY)
        assert not sender.reachable()


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    with Service(always(answer(PAID))) as service:
        sender = client(service)
        assert sender.send(PAY) == PayResult("T1", "Success")


# ------------------------------------------------------------------------------------ TLS


def certificate_for(address: str, folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for an address: its file, and a server's context that uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file, key_file = folder / f"{address}.pem", folder / f"{address}.key"
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return file, context


@pytest.mark.parametrize(("address", "trusted"), [("127.0.0.1", False), ("127.0.0.2", True), ("127.0.0.2", False)])
def test_a_wrong_certificate_is_not_sent(tmp_path: Path, address: str, trusted: bool) -> None:
    file, context = certificate_for(address, tmp_path)
    with Service(always(answer(PAID)), tls=context) as service:
        with pytest.raises(NotSent):
            client(service, ca=str(file) if trusted else None).send(PAY)
        assert service.requests == []


def test_a_certificate_of_one_s_own_authority_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, context = certificate_for("127.0.0.1", tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)
    with Service(always(answer(PAID)), tls=context) as service:
        sender = client(service, ca=str(file))
        assert sender.send(PAY) == sender.send(PAY) == PayResult("T1", "Success")
        assert service.connections == 1


def test_the_deadline_holds_over_tls(tmp_path: Path) -> None:
    file, context = certificate_for("127.0.0.1", tmp_path)
    with Service(drip(answer(PAID)), tls=context) as service:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            client(service, ca=str(file), timeout=1).send(PAY)
        assert time.monotonic() - started < 4


# ------------------------------------------------------------------------------------ sent, and then


def cut(data: bytes) -> Script:
    def script(connection: socket.socket, _: Request) -> bool:
        connection.sendall(data)
        return False

    return script


def drip(data: bytes, start: int = 0) -> Script:
    """Sends all up to ``start`` at once and the rest byte by byte: no single pause is long."""

    def script(connection: socket.socket, _: Request) -> None:
        connection.sendall(data[:start])
        for place in range(start, len(data)):
            connection.sendall(data[place : place + 1])
            time.sleep(0.02)

    return script


def reset(connection: socket.socket, _: Request) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return False


@pytest.mark.parametrize(
    "script",
    [
        cut(b""),
        cut(b"HTTP/1.1 200 OK\r\n"),
        cut(answer(PAID)[:-1]),
        cut(answer(PAID).replace(b"Content-Length", b"X-Length")[:-40]),
        cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n<PayResp"),
        cut(b"\x16\x03\x01 no http at all\r\n\r\n"),
        reset,
    ],
)
def test_a_cut_after_sending_leaves_the_outcome_unknown(script: Script) -> None:
    assert isinstance(outcome(script), OutcomeUnknown)


def test_a_cut_on_a_kept_connection_leaves_the_outcome_unknown_and_is_not_tried_again() -> None:
    def second_time(connection: socket.socket, _: Request) -> bool:
        if len(service.requests) == 2:
            return False
        connection.sendall(answer(PAID))
        return True

    with Service(second_time) as service:
        sender = client(service)
        sender.send(PAY)
        with pytest.raises(OutcomeUnknown):
            sender.send(PAY)
        assert len(service.requests) == 2


@pytest.mark.parametrize("start", [0, 20, len(answer(PAID)) - len(PAID), len(answer(PAID)) - 60])
def test_a_slow_drip_meets_the_total_deadline(start: int) -> None:
    """In the status line, in the headers, at the body's first byte, near its end."""
    started = time.monotonic()
    assert isinstance(outcome(drip(answer(PAID), start), timeout=0.3), OutcomeUnknown)
    assert 0.25 < time.monotonic() - started < 4


def test_no_read_begins_after_the_deadline() -> None:
    """Not even of bytes that are there already."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer(PAID))
        ours.settimeout(0.01)
        response = Response(ours)
        time.sleep(0.02)
        with pytest.raises(TimeoutError, match="deadline"):
            response.begin()
        response.close()


def test_silence_meets_the_deadline() -> None:
    started = time.monotonic()
    assert isinstance(outcome(lambda *_: time.sleep(0.6), timeout=0.3), OutcomeUnknown)
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 P"]
)
def test_a_redirect_is_not_followed(status: str) -> None:
    with Service(always(answer(PAID))) as other:
        error = outcome(always(answer(PAID, status, f"Location: {other.url}")))
        assert isinstance(error, OutcomeUnknown)
        assert other.connections == 0


@pytest.mark.parametrize(
    "reply",
    [
        answer(PAID, "500 Internal Server Error"),
        answer(wire.render_error("InternalError", "later", "r"), "500 Internal Server Error"),
        answer(REFUSED, "503 Service Unavailable"),
        answer(b"<html>bad gateway</html>", "502 Bad Gateway"),
        answer(b"<html>who are you</html>", "407 Proxy Authentication Required"),
        answer(PAID, "400 Bad Request"),
        answer(b"", "204 No Content"),
        answer(PAID, "201 Created"),
        answer(PAID, "206 Partial Content"),
        answer(b""),
        answer(b"<html>welcome to our hotel network</html>"),
        answer(b"<!DOCTYPE PayResponse []>" + PAID.partition(b"\n")[2]),
        answer(PAID.replace(b"2010-08-28", b"2008-09-17")),
        answer(PAID.replace(b"Pay", b"Refund")),
        answer(PAID, "200 OK", "Content-Encoding: gzip"),
        answer(PAID, "200 OK", "Content-Encoding: br"),
    ],
)
def test_what_is_not_exactly_an_answer_leaves_the_outcome_unknown(reply: bytes) -> None:
    assert isinstance(outcome(cut(reply)), OutcomeUnknown)


@pytest.mark.parametrize("head", [b"Content-Length: 3000000", b"Transfer-Encoding: chunked", b"X: y"])
def test_an_answer_over_a_mebibyte_is_not_read_to_its_end(head: bytes) -> None:
    sent: list[int] = []

    def endless(connection: socket.socket, _: Request) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        piece = b"a" * 65536
        for _number in range(1000):
            connection.sendall(b"10000\r\n" + piece + b"\r\n" if b"chunked" in head else piece)
            sent.append(len(piece))
        return False

    assert "over" in str(outcome(endless))
    assert LARGEST_ANSWER < sum(sent) < 60 * LARGEST_ANSWER


# ------------------------------------------------------------------------------------ the service says no


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "200 OK"])
def test_an_error_document_is_a_no(status: str) -> None:
    with Service(always(answer(REFUSED, status))) as service, pytest.raises(ServiceError) as caught:
        client(service).send(PAY)
    error = caught.value
    assert (error.code, error.message, error.request_id) == ("InsufficientBalance", "no funds", "r-1")
    assert (error.retryable, error.http_status) == (True, int(status[:3]))


# ------------------------------------------------------------------------------------ the rest


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """A port where connections are neither taken nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])
        for each in waiting:
            each.close()


def test_reachable(closed_port: int) -> None:
    with Service(always(answer(PAID))) as service:
        assert client(service).reachable()
    assert not Client(f"http://127.0.0.1:{closed_port}/", "AKID", "SECRET").reachable()
    assert not Client("http://no-such-host.invalid/", "AKID", "SECRET").reachable()


def test_reachable_does_not_wait_long(full_backlog: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_fps.protocol.client.REACHABLE_WITHIN", 0.2)
    started = time.monotonic()
    assert not Client(f"http://127.0.0.1:{full_backlog}/", "AKID", "SECRET").reachable()
    assert time.monotonic() - started < 4


def test_a_connection_that_is_not_taken_is_not_sent(full_backlog: int) -> None:
    started = time.monotonic()
    with pytest.raises(NotSent):
        Client(f"http://127.0.0.1:{full_backlog}/", "AKID", "SECRET", timeout=0.3).send(PAY)
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("endpoint", ["", "fps.example", "ftp://fps.example/", "https:///", "file:///etc/passwd"])
def test_the_endpoint_is_an_absolute_url(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        Client(endpoint, "AKID", "SECRET")


@pytest.mark.parametrize("version", ["2007-01-09", "2011-09-20", ""])
def test_versions_that_the_client_does_not_speak(version: str) -> None:
    with pytest.raises(ValueError, match="API version"):
        Client("http://127.0.0.1/", "AKID", "SECRET", version=version)


def test_no_secret_is_shown(closed_port: int) -> None:
    sender = Client(f"http://127.0.0.1:{closed_port}/", "AKID", "hush-hush")
    with pytest.raises(NotSent) as caught:
        sender.send(PAY)
    assert "hush-hush" not in f"{sender!r} {caught.value!r} {caught.value.__cause__!r}"


def test_https_where_only_http_is_spoken_is_said() -> None:
    def answer_by_http() -> None:
        with listener.accept()[0] as connection:
            connection.recv(9)
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=answer_by_http)
        answering.start()
        sender = Client(f"https://127.0.0.1:{listener.getsockname()[1]}/", "AKID", "SECRET", timeout=5)
        with pytest.raises(NotSent, match="it answers, but not by https: write http://"):
            sender.send(PAY)
        answering.join()
