"""Ways to break what the shop stands on, from inside its process: its database, the network, its clock."""

from __future__ import annotations

import http.server
import itertools
import sqlite3
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.faults import guards

WRITES = ("INSERT", "UPDATE", "DELETE")
LOCKED = "database is locked"
FULL = "database or disk is full"
DEVICE = "disk I/O error"


@dataclass
class Breaker:
    """Breaks from the n-th time on, for so many times."""

    left: int = 0
    times: int = 0
    #: How often it has broken.
    broken: int = 0

    def arm(self, nth: int, times: int = 1) -> None:
        self.left, self.times, self.broken = nth, times, 0

    def disarm(self) -> None:
        self.left = self.times = 0

    def due(self) -> bool:
        """Is this the time?"""
        if self.left > 1:
            self.left -= 1
            return False
        if not self.times:
            return False
        self.times -= 1
        self.broken += 1
        return True


def break_steps(patch: pytest.MonkeyPatch, said: str) -> Breaker:
    """Steps of the ledger that write find the database so, before they have begun."""
    breaker = Breaker()

    def around(writing: Callable[[Engine], Any]) -> Callable[[Engine], Any]:
        def broken(engine: Engine) -> Any:
            if breaker.due():
                raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError(said))
            return writing(engine)

        return broken

    guards.around(patch, "flask_fps.ledger.store.writing", around)
    return breaker


def break_writes(engine: Engine, said: str) -> Breaker:
    """Single statements fail, in the middle of their transaction."""
    breaker = Breaker()

    @event.listens_for(engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
        if statement.split(None, 1)[0].upper() in WRITES and breaker.due():
            raise sqlite3.OperationalError(said)

    return breaker


def break_commits(engine: Engine, said: str) -> Breaker:
    """Commits are done, and reported as failed."""
    breaker, commit = Breaker(), engine.dialect.do_commit

    def do_commit(connection: Any) -> None:
        commit(connection)
        if breaker.due():
            raise sqlite3.OperationalError(said)

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign,assignment]
    return breaker


def each_in_turn(breaker: Breaker, story: Callable[[int], None], times: int = 1) -> int:
    """Play a story whose first, then second, … step breaks, until one ends unbroken; how many were broken."""
    for nth in itertools.count(1):
        breaker.arm(nth, times)
        story(nth)
        breaker.disarm()
        if not breaker.broken:
            return nth - 1
    raise AssertionError("unreachable")


# The network


@contextmanager
def refusing_proxy() -> Iterator[str]:
    """A proxy that wants to know who asks (407), and is never told."""

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_error(407)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
