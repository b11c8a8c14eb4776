"""A scripted server on a real socket: what it does with each connection is the test's own business."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field

from flask_fps.protocol import query


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire."""

    raw: bytes

    @property
    def line(self) -> str:
        return self.raw.split(b"\r\n", 1)[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def params(self) -> dict[str, str]:
        return query.unique(query.parse(self.body))


#: Gets the connection and the request just read; closes the connection by returning False.
Script = Callable[[socket.socket, Request], object]


@dataclass
class Service:
    """Listens on a free port of 127.0.0.1, reads requests and runs the script on each.

    ``ended`` counts the connections that it has closed.
    """

    script: Script
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def __enter__(self) -> Service:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._open: set[socket.socket] = set()
        self.ended = threading.Semaphore(0)
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener)
        self._threads[0].join(5)
        for connection in tuple(self._open):
            _close(connection)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/"

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        plain = connection
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.add(connection)
            while (request := read_request(connection)) is not None:
                self.requests.append(request)
                if self.script(connection, request) is False:
                    break
        except OSError:
            return
        finally:
            for each in {plain, connection}:
                self._open.discard(each)
                _close(each)
            self.ended.release()


def read_request(connection: socket.socket) -> Request | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = connection.recv(65536)
        if not piece:
            return None
        raw += piece
    length = int(Request(raw).headers.get("content-length", "0"))
    while len(raw.partition(b"\r\n\r\n")[2]) < length:
        raw += connection.recv(65536)
    return Request(raw)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/xml;charset=UTF-8", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(data: bytes) -> Script:
    return lambda connection, _: connection.sendall(data)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):  # closed already, or never connected
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    connection.close()
