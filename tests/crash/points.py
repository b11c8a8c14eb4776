"""The points at which a process may die: around every write to the store and every step of an HTTP exchange.

Nothing of this is in the product: it listens to SQLAlchemy's engine, and stands around the driver's commit,
the client's exchange and the standard library's HTTP connection below it.
"""

from __future__ import annotations

import http.client
import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy import event

from flask_fps.protocol.client import Client

WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE"})
#: A whole request has left; whatever becomes of its sender, it will be answered.
SENT = "after sending the body"
#: An answer that is not there after this many seconds is not waited for.
PATIENCE = 10.0


class _Aside(threading.local):
    deep = 0


class Points:
    """Counts the points a process passes, and kills it at the n-th.

    Every point is written to ``log`` before it is passed, so that whoever finds the dead knows how far it came.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log: int | None = None
        self._left = 0
        self._aside = _Aside()

    def arm(self, log: Path, kill: int) -> None:
        """Count from now on, and die at point ``kill``; 0 never dies."""
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._left = kill

    def disarm(self) -> None:
        if self._log is not None:
            os.close(self._log)
        self._log = None

    def reach(self, name: str) -> None:
        """Here a process may die."""
        if self._log is None or self._aside.deep:
            return
        with self._lock:
            os.write(self._log, f"{name}\n".encode())
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What this thread does meanwhile is the test's own work: it has no points."""
        self._aside.deep += 1
        try:
            yield
        finally:
            self._aside.deep -= 1

    def watch_store(self, engine: Engine) -> None:
        """Points before and after every statement that writes, and every commit."""
        event.listen(engine, "before_cursor_execute", self._before_write)
        event.listen(engine, "after_cursor_execute", self._after_write)
        dialect: Any = engine.dialect
        commit = dialect.do_commit

        def do_commit(connection: Any) -> None:
            self.reach("before a commit")
            commit(connection)
            self.reach("after a commit")

        dialect.do_commit = do_commit

    def watch_http(self) -> None:
        """Points around the head, the body and the answer of every request this process sends."""
        connection: Any = http.client.HTTPConnection
        connection.send = self._watched_send(connection.send)
        connection.getresponse = self._watched_answer(connection.getresponse)
        client: Any = Client
        client._exchange = self._watched_exchange(client._exchange)

    def _before_write(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if _writes(statement):
            self.reach(f"before {_short(statement)}")

    def _after_write(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if _writes(statement):
            self.reach(f"after {_short(statement)}")

    def _watched_send(self, send: Any) -> Any:
        def watched(connection: Any, data: Any) -> None:
            part = "head" if bytes(data[:5]) in (b"POST ", b"GET /") else "body"
            self.reach(f"before sending the {part}")
            send(connection, data)
            self.reach(f"after sending the {part}")

        return watched

    def _watched_answer(self, getresponse: Any) -> Any:
        def watched(connection: Any, *args: Any, **options: Any) -> Any:
            if self._log is not None and connection.sock is not None:
                select.select([connection.sock], [], [], PATIENCE)
                self.reach("an answer waits, unread")
            response = getresponse(connection, *args, **options)
            self.reach("after reading the answer's head")
            return response

        return watched

    def _watched_exchange(self, exchange: Any) -> Any:
        def watched(client: Any, form: bytes) -> Any:
            self.reach("before an exchange")
            try:
                return exchange(client, form)
            finally:
                self.reach("after an exchange")

        return watched


def _writes(statement: str) -> bool:
    return statement.split(None, 1)[0].upper() in WRITES


def _short(statement: str) -> str:
    """The verb and the table: enough to find the line."""
    words = [word for word in statement.split()[:4] if word.upper() not in ("INTO", "FROM", "OR", "IGNORE")]
    return " ".join(words[:2])
