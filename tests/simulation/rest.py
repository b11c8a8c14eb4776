"""What all histories have in common: nobody sleeps, nothing is overlooked, and in the end there is rest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from unittest.mock import patch

from sqlalchemy.exc import OperationalError

from flask_fps.checkout import Desk
from flask_fps.checkout.audit import Finding
from flask_fps.checkout.deliver import _WATCH
from flask_fps.errors import LedgerBusy
from flask_fps.ledger import Delivery
from tests.clock import START
from tests.simulation.oracle import last_due
from tests.simulation.shapes import SECOND
from tests.simulation.shop import ACCOUNT
from tests.simulation.shop import HandlerRaised
from tests.simulation.shop import Shop
from tests.simulation.world import Violation
from tests.simulation.world import World

#: Whatever happened, after this many passes in fine weather nothing waits any more.
PASSES = 16
_MINUTES = (1, 180, 1800, 11520)
LADDER = tuple(timedelta(minutes=minutes) for minutes in _MINUTES)
#: Exceptions that the simulation itself put in, wherever the shop logs them.
EXPECTED = (HandlerRaised, OperationalError, LedgerBusy)


@contextmanager
def supervised(world: World) -> Iterator[None]:
    """Nobody sleeps, and what the shop only logs is a violation too, unless we put it in."""
    watch = _Watch()
    logger = logging.getLogger("flask_fps")
    spread, level, handlers = logger.propagate, logger.level, logger.handlers[:]
    logger.propagate, logger.handlers = False, [watch]
    logger.setLevel(logging.ERROR)
    try:
        with patch("flask_fps.ledger.engine.time", NoTime), patch.object(_WATCH, "run", _run_here):
            yield
        if watch.caught is not None:
            raise Violation(f"the shop logged {watch.caught!r}") from watch.caught
    finally:
        logger.propagate, logger.handlers = spread, handlers
        logger.setLevel(level)
        for fiber in list(world.fibers):
            fiber.kill()


def all_ends(shop: Shop) -> None:
    """The weather turns fine: whatever is under way ends."""
    world = shop.world
    world.note("the weather turns fine")
    world.dice.calm = True
    while world.fibers:
        world.go_on(world.fibers[0])
    shop.workers.clear()
    while world.jobs:
        world.step_job()


def come_to_rest(shop: Shop) -> int:
    """A worker passes by, always when the last of all that waits is due; how often it had to."""
    worker = shop.process()[1]
    for passes in range(1, PASSES + 1):
        worker.work_once()
        last = last_due(shop)
        if last is None:
            return passes
        due = datetime.fromisoformat(last).replace(tzinfo=timezone.utc)
        ladder = shop.world.clock() + LADDER[min(passes, len(LADDER)) - 1]
        shop.world.wait(max(due, ladder) + SECOND - shop.world.clock())
    raise Violation(f"something still waits after {PASSES} passes")


def compare(shop: Shop) -> list[Finding]:
    """An operator holds the ledger against the provider's books, and what comes of that comes to rest, too."""
    shop.world.wait(timedelta(minutes=5))
    findings = list(shop.process()[0].audit(ACCOUNT, START - timedelta(days=1)))
    come_to_rest(shop)
    return findings


def _run_here(desk: Desk, delivery: Delivery, work: Callable[[], None]) -> None:
    """In place of a thread of its own."""
    work()


class NoTime:
    """The machine's own time, which no history may depend on: it stands still, and nobody sleeps."""

    @staticmethod
    def monotonic() -> float:
        return 0.0

    @staticmethod
    def sleep(_seconds: float) -> None: ...


class _Watch(logging.Handler):
    """Catches what the shop logs with an exception."""

    caught: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, EXPECTED):
            self.caught = self.caught or error
