"""Where a process is struck: before or after a call of something the product has a name for."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults.guards import find


@dataclass(frozen=True)
class Point:
    """A point in a process's life, and what hits it there."""

    #: Dotted: ``flask_fps.ledger.Ledger.accept``.
    call: str
    #: ``before``, ``after`` or, for the body of a request, ``half``.
    when: str = "before"
    #: At which call.
    nth: int = 1
    signal: int = signal.SIGKILL


#: Half of a request's body leaves, and no more.
HALF_SENT = Point("http.client.HTTPConnection.send", "half")


def strike(point: Point, patch: pytest.MonkeyPatch) -> None:
    """From now on this process is hit at the point."""
    if point.when == "half":
        patch.setattr(http.client.HTTPConnection, "send", _half(http.client.HTTPConnection.send, point))
        return
    owner, name = find(point.call)
    patch.setattr(owner, name, _struck(getattr(owner, name), point))


def _struck(call: Callable[..., Any], point: Point) -> Callable[..., Any]:
    lock, calls = threading.Lock(), [0]

    def struck(*args: Any, **options: Any) -> Any:
        with lock:
            calls[0] += 1
            due = calls[0] == point.nth
        if due and point.when == "before":
            os.kill(os.getpid(), point.signal)
        result = call(*args, **options)
        if due and point.when == "after":
            os.kill(os.getpid(), point.signal)
        return result

    return struck


def _half(send: Callable[..., Any], point: Point) -> Callable[..., Any]:
    def struck(connection: Any, data: Any) -> None:
        if bytes(data[:5]) == b"POST ":
            send(connection, data)
        else:
            send(connection, data[: len(data) // 2])
            os.kill(os.getpid(), point.signal)

    return struck
