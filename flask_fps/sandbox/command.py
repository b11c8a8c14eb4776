"""The sandbox from the command line: ``python -m flask_fps.sandbox``."""

from __future__ import annotations

import argparse
import signal
import ssl
import sys
import threading
from collections.abc import Sequence
from errno import EADDRINUSE
from pathlib import Path
from urllib.parse import urlsplit

from ..protocol import demo
from ..protocol import rsa
from . import tls
from .bank import Bank
from .bank.store import SQLiteStore
from .server import SandboxServer
from .settings import Settings

HOST = "127.0.0.1"
PORT = urlsplit(demo.SANDBOX_URL).port or 8042


def main(
    arguments: Sequence[str] | None = None, *, name: str = "python -m flask_fps.sandbox", url: str = demo.SANDBOX_URL
) -> int:
    """Parse the command line and serve until told to stop; the exit status.

    :param name: how the command was called.
    :param url: where it listens, if the command line does not say.
    """
    options = _parser(name, url).parse_args(arguments)
    try:
        return serve(
            host=options.host,
            port=options.port,
            state=options.state,
            key=options.key,
            certificate=options.certificate,
            public_url=options.public_url,
            tls_certificate=options.tls_certificate,
            tls_key=options.tls_key,
        )
    except (RuntimeError, OSError) as error:
        taken = isinstance(error, OSError) and error.errno == EADDRINUSE
        print(f"The sandbox cannot start: {error}{_elsewhere(options.port) if taken else ''}", file=sys.stderr)
        return 1


def _elsewhere(port: int) -> str:
    other = port + 1 if port < 65535 else port - 1
    return (
        f": another one has port {port}, perhaps a sandbox that runs already. "
        f"Use --port {other} and FPS_SANDBOX_URL=http://{HOST}:{other}"
    )


def serve(
    *,
    host: str = HOST,
    port: int = PORT,
    state: str | Path | None = None,
    key: str | Path | None = None,
    certificate: str | Path | None = None,
    public_url: str | None = None,
    tls_certificate: str | Path | None = None,
    tls_key: str | Path | None = None,
) -> int:
    """Serve a sandbox until SIGTERM or SIGINT, and say where it is. Call it from the main thread.

    :param state: a file that keeps the books; without it they are forgotten at the end.
    :param key: PEM of the RSA key that signs, in place of the public demo's.
    :param certificate: PEM of the certificate that belongs to it.
    :param tls_certificate: PEM of a certificate to answer by HTTPS with; it has nothing to do with what is signed.
    :param tls_key: PEM of its key.
    :raises RuntimeError: for a state file, key or certificate that cannot be used.
    :raises OSError: if the address is taken, or a file cannot be read.
    """
    settings = _settings(key, certificate)
    secure = _secure(tls_certificate, tls_key)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    bank = Bank(store=SQLiteStore(state) if state is not None else None)
    try:
        with SandboxServer(host, port, bank=bank, settings=settings, public_url=public_url, tls=secure) as server:
            print(greeting(server.settings.base_url), flush=True)
            stopped.wait()
    finally:
        bank.close()
    return 0


def greeting(url: str) -> str:
    """The one line that says where it is and who may come in."""
    return (
        f"FPS sandbox listening on {url} (no real money moves here). Sign in at {url}/account/ as "
        f"john@example.com / john, jane@example.com / jane or {demo.SELLER_EMAIL} / seller."
    )


def _settings(key: str | Path | None, certificate: str | Path | None) -> Settings:
    if key is None and certificate is None:
        return Settings()
    if key is None or certificate is None:
        raise RuntimeError("a key of your own needs its certificate, and the other way round: give both")
    settings = Settings(private_key_pem=Path(key).read_bytes(), certificate_pem=Path(certificate).read_bytes())
    probe = rsa.sign("probe", settings.private_key_pem)
    if not rsa.verifies("probe", probe, settings.certificate_pem):
        raise RuntimeError(f"the certificate {certificate} does not belong to the key {key}")
    return settings


def _secure(certificate: str | Path | None, key: str | Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise RuntimeError("TLS needs a certificate and its key: give --tls-certificate and --tls-key")
    return tls.context(certificate, key)


def _parser(name: str, url: str) -> argparse.ArgumentParser:
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    parser = argparse.ArgumentParser(prog=name, description="An FPS of your own, to pay with no real money.")
    parser.add_argument(
        "--host", default=address.hostname, help="address to listen on (default %(default)s: this machine only)"
    )
    parser.add_argument(
        "--port", type=int, default=port, help="port to listen on, 0 for a free one (default %(default)s)"
    )
    parser.add_argument("--state", metavar="FILE", help="keep the books in this file")
    parser.add_argument("--key", metavar="PEM", help="RSA key that signs, in place of the public demo's")
    parser.add_argument("--certificate", metavar="PEM", help="the certificate of --key")
    parser.add_argument("--public-url", metavar="URL", help="what others reach it under, if not host and port")
    parser.add_argument("--tls-certificate", metavar="PEM", help="answer by HTTPS with this certificate")
    parser.add_argument("--tls-key", metavar="PEM", help="the key of --tls-certificate")
    return parser
