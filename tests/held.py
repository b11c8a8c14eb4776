"""Answers of the sandbox that come when a test says so: "while Pay is under way" is a condition, not a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

#: Reached by a test that fails, and by no other.
PATIENCE_SECONDS = 60.0


class Held:
    """What the sandbox's scripted delays wait for instead of the clock."""

    def __init__(self) -> None:
        self._come = threading.Semaphore(0)
        self._go = threading.Event()
        #: The seconds that the scripts asked for, in order.
        self.seconds: list[float] = []

    def come(self, times: int = 1) -> None:
        """Wait until so many more requests, or their answers, are held."""
        for _ in range(times):
            assert self._come.acquire(timeout=PATIENCE_SECONDS), "no request of the script has come"

    def let_go(self) -> None:
        """All go on, and nothing is held any more."""
        self._go.set()

    def sleep(self, seconds: float) -> None:
        """Stands in for :func:`time.sleep`."""
        self.seconds.append(seconds)
        self._come.release()
        self._go.wait(PATIENCE_SECONDS)


@contextmanager
def held_back() -> Iterator[Held]:
    """Delays of this process's sandboxes last until they are let go: at the block's end, if not before."""
    held = Held()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_fps.sandbox.api.spoiling.time", held)
        try:
            yield held
        finally:
            held.let_go()
