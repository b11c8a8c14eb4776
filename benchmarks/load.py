"""A plain client that asks as fast as it is answered, over raw sockets: it must not be what is measured."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence

#: So many clients at once.
CLIENTS = 4


def post(host: str, body: str, *, keep: bool) -> bytes:
    """A POST of a form, as bytes."""
    head = (
        f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    return (head + body).encode()


def per_second(port: int, requests: Sequence[bytes], *, keep: bool, holds: bytes) -> float:
    """Answers per second to these requests, shared by :data:`CLIENTS` clients.

    :param keep: every client keeps one connection; otherwise each request opens its own.
    :param holds: what every answer must hold, or the benchmark measures refusals.
    :raises AssertionError: for an answer without it.
    """
    problems: list[BaseException] = []

    def run(share: Sequence[bytes]) -> None:
        try:
            _ask(port, share, keep, holds)
        except BaseException as problem:
            problems.append(problem)

    clients = [threading.Thread(target=run, args=(requests[number::CLIENTS],)) for number in range(CLIENTS)]
    begun = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = time.perf_counter() - begun
    if problems:
        raise problems[0]
    return len(requests) / took


def _ask(port: int, requests: Sequence[bytes], keep: bool, holds: bytes) -> None:
    connection = _connected(port)
    for number, request in enumerate(requests):
        connection.sendall(request)
        answer = _answer(connection)
        assert holds in answer, answer.decode(errors="replace")
        if not keep and number + 1 < len(requests):
            connection.close()
            connection = _connected(port)
    connection.close()


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _answer(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection, answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _more(connection, body)
    return body


def _more(connection: socket.socket, so_far: bytes) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise AssertionError(f"the server hung up after {so_far!r}")
    return data
