"""The connections of the client: pooled, and every exchange under one deadline, however slowly the bytes drip.

Whatever fails while connecting (name lookup, connection, proxy, TLS handshake) is urllib3's NewConnectionError: it says
that not one byte of the request was sent.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.exceptions import NewConnectionError

#: Connections kept open for threads that send at the same time.
CONNECTIONS = 32


def pooled_session(ca: str | None, proxies: dict[str, str]) -> requests.Session:
    """A session whose exchanges end by the total of their timeout.

    :param ca: file with the certificates to trust instead of the usual ones.
    :param proxies: by scheme; the environment is not asked.
    """
    session = requests.Session()
    session.trust_env = False  # no .netrc, and no look at the environment for each request
    session.verify = ca or True
    session.proxies.update(proxies)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.mount("http://", Adapter(pool_maxsize=CONNECTIONS))
    session.mount("https://", Adapter(pool_maxsize=CONNECTIONS))
    return session


class Reader(io.RawIOBase):
    """Reads a socket until its timeout has passed in all, where a plain one allows it for each piece."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._expires = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._expires - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the exchange has passed")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Response(http.client.HTTPResponse):
    """Reads status, headers and body under one deadline: what urllib3 has left of the total when it starts."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(Reader(self.fp.detach(), sock))


class Deadline(HTTPConnection):
    """A connection that tells "never connected" from all else, and sends nothing after its deadline."""

    response_class = Response

    def connect(self) -> None:
        started = time.monotonic()
        try:
            super().connect()
            if self.timeout is not None and time.monotonic() - started >= self.timeout:
                raise TimeoutError("connected after the deadline")
        except ConnectTimeoutError:
            raise
        except Exception as error:  # lookup, connection, proxy, handshake: whatever it was, nothing was sent
            self.close()
            raise NewConnectionError(self, f"could not connect: {error}") from error

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:  # kept alive: it still has what its last exchange left of the timeout
            self.sock.settimeout(self.timeout)
        super().request(*args, **options)


class DeadlineTLS(Deadline, HTTPSConnection):
    """The same over TLS: the handshake belongs to connecting."""


class Pool(HTTPConnectionPool):
    ConnectionCls = Deadline


class PoolTLS(HTTPSConnectionPool):
    ConnectionCls = DeadlineTLS


class Adapter(HTTPAdapter):
    """Makes every pool of deadline connections, through a proxy or not."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": PoolTLS}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": Pool, "https": PoolTLS}
        return manager
