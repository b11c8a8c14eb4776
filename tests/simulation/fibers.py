"""Activities that stand still in the middle of their work, in one thread and in an order that a seed decides."""

from __future__ import annotations

from collections.abc import Callable

from greenlet import getcurrent
from greenlet import greenlet


class Crash(BaseException):
    """The process of this activity has just died: nothing of it runs any more."""


class Fiber(greenlet):
    """One activity of one process: a request that is served, a worker's pass."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        super().__init__()
        self.name = name
        self._work = work
        self._killed = False
        #: What it stands before or after.
        self.where = "the beginning"
        #: The machine pays no attention to it: it stands still while others go on.
        self.frozen = False
        #: What came out of it, if something unexpected did.
        self.raised: Exception | None = None

    def run(self) -> None:
        try:
            self._work()
        except Crash:
            pass
        except Exception as error:
            self.raised = error

    @property
    def is_done(self) -> bool:
        return bool(self.dead)

    def go_on(self) -> None:
        """Run until it stands still again, or is done."""
        self.switch()

    def kill(self) -> None:
        """The process dies where it stands."""
        self._killed = True
        if self.where == "the beginning":
            self._work = lambda: None
        self.switch()
        assert self.is_done, f"{self.name} lives on after its death"

    def doom(self) -> None:
        """Its process is dead from here on, though its stack must still unwind."""
        self._killed = True

    def stand(self, where: str) -> None:
        self._check()
        self.where = where
        assert self.parent is not None
        self.parent.switch()
        self._check()

    def _check(self) -> None:
        if self._killed:
            raise Crash(self.where)


def current() -> Fiber | None:
    """The activity that is running, if one is."""
    running = getcurrent()
    return running if isinstance(running, Fiber) else None


def pause(where: str) -> None:
    """Others may go on now; outside of an activity nobody waits."""
    fiber = current()
    if fiber is not None:
        fiber.stand(where)
