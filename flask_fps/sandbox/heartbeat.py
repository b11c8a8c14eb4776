"""A thread that does one thing again and again until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """Call a function every so many seconds; an error is logged and does not end it."""

    def __init__(self, name: str, seconds: float, function: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._seconds = seconds
        self._function = function
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._function()
            except Exception:
                log.exception("%s failed and goes on", self.name)

    def stop(self, patience: float) -> None:
        """Make no other call, and give the present one so many seconds to end."""
        self._stopped.set()
        self.join(patience)
