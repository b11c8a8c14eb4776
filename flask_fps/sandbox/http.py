"""A small threaded HTTP/1.1 server for one WSGI application.

Clients of a payment API keep their connection, announce a body by ``Expect: 100-continue``, and must be
able to lose an answer on purpose; the servers at hand close after each answer. Standard library only.
"""

from __future__ import annotations

import io
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any
from typing import cast
from urllib.parse import quote_from_bytes
from urllib.parse import unquote_to_bytes

from . import bodies
from . import tls

log = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: No request of a caller or a browser here is larger.
BODY_BYTES = 1 << 20
#: In the WSGI environment: how much of its answer an application wants lost.
CUT = "flask_fps.sandbox.cut"
WHOLE = "whole"
HALF = "half"
#: An unused connection is kept this long.
IDLE_SECONDS = 75
_NO_BODY = (204, 304)
#: A query of anything but these is read as if its other bytes had been encoded.
_ASCII = bytes(range(128))
#: They have names of their own in a WSGI environment, or speak of a body that was read already.
_NOT_PASSED_ON = {"content-type", "content-length", "transfer-encoding"}


class Server(ThreadingHTTPServer):
    """Listens as soon as it is made; answers while :meth:`serve_forever` runs.

    :param secure: speak TLS with it; plain HTTP otherwise.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, application: Application, *, secure: ssl.SSLContext | None = None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.application = application
        self.scheme = "http" if secure is None else "https"
        self._secure = secure
        self._connections: dict[socket.socket, Handler] = {}
        self._open = threading.Lock()
        super().__init__((host, port), Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Bind without asking a name service for our own name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        return connection if self._secure is None else tls.wrapped(connection, self._secure), address

    def shutdown_request(self, request: Any) -> None:
        if isinstance(request, ssl.SSLSocket):
            tls.say_goodbye(request)
        super().shutdown_request(request)

    def opened(self, handler: Handler) -> None:
        with self._open:
            self._connections[handler.connection] = handler

    def closed(self, handler: Handler) -> None:
        with self._open:
            self._connections.pop(handler.connection, None)

    def hang_up(self, *, busy: bool) -> int:
        """Close the connections that wait for a request, and the busy ones too if told; how many are left."""
        with self._open:
            for connection, handler in list(self._connections.items()):
                if busy or not handler.busy:
                    _shut(connection)
            return sum(handler.busy for handler in self._connections.values())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or could not agree on TLS, is no error of ours."""
        if isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, ssl.SSLError)):
            log.debug("a client went away", exc_info=True)
        else:
            log.error("a request failed", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """One connection: request after request until either side has enough."""

    protocol_version = "HTTP/1.1"
    server_version = "FPS-Sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    busy = False

    def setup(self) -> None:
        super().setup()
        self._server.opened(self)

    def finish(self) -> None:
        self._server.closed(self)
        super().finish()

    @property
    def _server(self) -> Server:
        return cast(Server, self.server)

    def parse_request(self) -> bool:
        self.busy = True
        return super().parse_request()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        finally:
            self.busy = False

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Any method goes to the application, which knows what it allows."""
        if name.startswith("do_"):
            return self._run
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Not to stderr, and without the query, which holds signatures."""
        log.debug("%s %s", getattr(self, "command", None), getattr(self, "path", "").partition("?")[0])

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no HTTP request is refused in HTTP/1.1 all the same: with a status line and a length."""
        self._refuse(f"{code} {HTTPStatus(code).phrase}")

    def _run(self) -> None:
        try:
            body = bodies.read(self.rfile, self.headers, BODY_BYTES)
        except bodies.Unreadable as problem:
            self._refuse(problem.status)
            return
        if body is None:
            self.close_connection = True  # the client hung up in the middle: nothing was asked
            return
        environ = self._environ(body)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self._server.application(environ, lambda status, headers, *_: started.append((status, headers)))
        try:
            content = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        self._send_or_cut(*started[-1], content, environ.get(CUT))

    def _send_or_cut(self, status: str, headers: list[tuple[str, str]], content: bytes, cut: str | None) -> None:
        if cut != WHOLE:
            self._send(status, headers, content, len(content) // 2 if cut else len(content))
        if cut:
            self.close_connection = True
            _shut(self.connection)

    def _refuse(self, status: str) -> None:
        self.close_connection = True
        self._send(status, [("Content-Type", "text/plain")], status.encode())

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes, arriving: int | None = None) -> None:
        """Answer; of the content so many bytes only, where the rest is to be lost."""
        sent = [f"HTTP/1.1 {_told(status)}", f"Date: {self.date_time_string()}", f"Server: {self.server_version}"]
        sent += [f"{name}: {value}" for name, value in headers if name.lower() != "content-length"]
        if int(status[:3]) not in _NO_BODY:
            length = {name.lower(): value for name, value in headers}.get("content-length")
            sent.append(f"Content-Length: {length if self.command == 'HEAD' and length else len(content)}")
        sent.append("Connection: close" if self.close_connection else "Connection: keep-alive")
        body = b"" if self.command == "HEAD" else content[:arriving]
        self.wfile.write("\r\n".join([*sent, "", ""]).encode("latin-1", "replace") + body)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        query = quote_from_bytes(query.encode("latin-1"), safe=_ASCII)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(_path_only(path).encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "SERVER_NAME": self._server.server_name,
            "SERVER_PORT": str(self._server.port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": str(self.client_address[0]),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._server.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name in {name.lower() for name in self.headers} - _NOT_PASSED_ON:
            values = self.headers.get_all(name, [])
            if "_" not in name:
                environ["HTTP_" + name.replace("-", "_").upper()] = ("; " if name == "cookie" else ",").join(values)
        return environ


def _told(status: str) -> str:
    """The status with its phrase as the standard writes it; WSGI applications shout it."""
    return f"{status[:3]} {HTTPStatus(int(status[:3])).phrase}"


def _path_only(target: str) -> str:
    """A request may name the whole URL in place of the path."""
    if target.startswith("/"):
        return target
    return "/" + target.partition("://")[2].partition("/")[2]


def _shut(connection: socket.socket) -> None:
    """End both directions; the thread that owns it closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("the connection was gone already")
