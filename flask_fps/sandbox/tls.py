"""HTTPS, for clients that know FPS by its own names and insist on it.

Amazon's validators of 2011 ask ``https://fps.sandbox.amazonaws.com/`` and nobody else. The programs around them are as
old, so the oldest TLS is spoken too: no real money moves here.
"""

from __future__ import annotations

import logging
import socket
import ssl
from pathlib import Path

log = logging.getLogger(__name__)


def context(certificate: str | Path, key: str | Path) -> ssl.SSLContext:
    """What a server needs to speak TLS as this certificate.

    :raises RuntimeError: for files that are no PEM, or do not belong together.
    :raises OSError: if a file cannot be read.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    made.set_ciphers("DEFAULT@SECLEVEL=0")
    try:
        made.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise RuntimeError(f"TLS needs a certificate and its key, both PEM: {certificate}, {key}: {error}") from error
    return made


def wrapped(connection: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
    """The connection under TLS. Hands are shaken when it is first read, in whichever thread does so."""
    return tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


def say_goodbye(connection: ssl.SSLSocket) -> None:
    """Tell the client that the answer ended and was not cut off; its own goodbye is not waited for."""
    try:
        connection.setblocking(False)
        connection.unwrap()
    except (OSError, ValueError):
        log.debug("the client had gone, or has still to say goodbye")
