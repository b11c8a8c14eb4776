"""HTTPS, for clients that ask FPS by its own names and nobody else."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl
from urllib.parse import quote
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from flask_fps.protocol.endpoints import API_HOSTS
from flask_fps.protocol.endpoints import API_SANDBOX
from flask_fps.protocol.endpoints import CBUI_HOSTS
from flask_fps.protocol.endpoints import CBUI_SANDBOX
from flask_fps.sandbox import tls
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.browsing import request_url
from tests.sandbox.browsing import WireBrowser
from tests.sandbox.caller import Caller
from tests.sandbox.habits.wire import Got
from tests.sandbox.habits.wire import read

RETURN_URL = "http://shop.example/return"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for Amazon's names and 127.0.0.1, and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, API_HOSTS[0])])
    names = [x509.DNSName(host) for host in API_HOSTS + CBUI_HOSTS]
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([*names, x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "amazon.pem", folder / "amazon.key"
    paths[0].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.TraditionalOpenSSL
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    return paths


@pytest.fixture(scope="module")
def secure(pair: tuple[Path, Path]) -> Iterator[SandboxServer]:
    with SandboxServer(tls=tls.context(*pair), public_url=API_SANDBOX) as server:
        yield server


@pytest.fixture
def trusting(pair: tuple[Path, Path]) -> ssl.SSLContext:
    """A client that checks certificate and name."""
    return ssl.create_default_context(cafile=str(pair[0]))


def asked(server: SandboxServer, request: str, context: ssl.SSLContext, name: str = API_HOSTS[1]) -> Got:
    """One answer, up to the goodbye that tells its end from a cut: without one ``recv`` raises."""
    answer = b""
    with (
        socket.create_connection(("127.0.0.1", port(server)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False) as connection,
    ):
        connection.sendall(request.encode())
        while chunk := connection.recv(65536):
            answer += chunk
    return read(answer)


def port(server: SandboxServer) -> int:
    found = urlsplit(server.url).port
    assert found
    return found


def signed_balance(server: SandboxServer) -> str:
    """As the PHP SDK of 2009 asks for it: HTTP/1.0, until the connection ends."""
    caller = Caller(f"https://{API_HOSTS[1]}")
    body = urlencode(caller.signed({"Action": "GetAccountBalance"}), quote_via=quote)
    return f"POST / HTTP/1.0\r\nHost: {API_HOSTS[1]}\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def test_it_says_that_it_speaks_https(secure: SandboxServer) -> None:
    assert secure.url == f"https://127.0.0.1:{port(secure)}"


def test_a_call_by_amazons_name_is_answered_whole(secure: SandboxServer, trusting: ssl.SSLContext) -> None:
    got = asked(secure, signed_balance(secure), trusting)
    assert (got.status, got.code) == (200, "")
    assert got.body.endswith("</GetAccountBalanceResponse>")


def test_the_validator_of_2011_is_content(secure: SandboxServer, pair: tuple[Path, Path]) -> None:
    """It takes no certificate address but Amazon's, and asks there, unsigned, with everything encoded anew."""
    browser = WireBrowser(secure.url)
    browser.session.verify = str(pair[0])
    start = urlsplit(request_url(return_url=RETURN_URL, start=CBUI_SANDBOX))
    returned = browser.approve(f"{secure.url}{start.path}?{start.query}")
    browser.close()
    said = dict(parse_qsl(urlsplit(returned).query))
    assert said["certificateUrl"].startswith(API_SANDBOX)
    for params, verdict in ((said, "Success"), ({**said, "status": "SC"}, "Failure")):
        question = f"/?Action=VerifySignature&UrlEndPoint={quote(RETURN_URL, safe='')}"
        question += f"&HttpParameters={quote(urlencode(params), safe='')}&Version=2010-08-28"
        request = f"GET {question} HTTP/1.1\r\nHost: {API_HOSTS[1]}\r\nConnection: close\r\n\r\n"
        got = asked(secure, request, ssl.create_default_context(cafile=str(pair[0])))
        assert f"<VerificationStatus>{verdict}</VerificationStatus>" in got.body


def test_the_tls_of_the_time_is_spoken(secure: SandboxServer) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    assert asked(secure, signed_balance(secure), old).status == 200


def test_who_speaks_no_tls_or_says_nothing_holds_nobody_up(secure: SandboxServer, trusting: ssl.SSLContext) -> None:
    with socket.create_connection(("127.0.0.1", port(secure)), timeout=10) as silent:
        with socket.create_connection(("127.0.0.1", port(secure)), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert not plain.recv(1000).startswith(b"HTTP/")
        assert asked(secure, signed_balance(secure), trusting).status == 200
        silent.close()


def test_files_that_do_not_fit_are_named(pair: tuple[Path, Path]) -> None:
    with pytest.raises(RuntimeError, match="TLS needs a certificate and its key, both PEM: .*amazon.key"):
        tls.context(pair[1], pair[0])
