"""Series after series on all cores, until enough have died."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import wait
from itertools import count
from itertools import islice
from multiprocessing import get_context
from multiprocessing.util import Finalize

from tests.crash.lane import Lane
from tests.crash.scenarios import SCENARIOS
from tests.crash.series import one
from tests.crash.series import PLAIN
from tests.crash.series import sample
from tests.crash.series import Series
from tests.crash.series import sweep
from tests.crash.series import Tally
from tests.database import KINDS

#: Of every history, these kills are made again in a new interpreter.
ANEW = (9,)
#: After a world in which only the kill goes wrong, so many others.
BAD_WORLDS = 4
KILLS_IN_A_BAD_WORLD = 20

#: Each process of the run has one lane for each database.
_lanes: dict[str, Lane] = {}


def plan(
    seed: str, only: str | None = None, world: int | None = None, databases: Iterable[str] = KINDS
) -> Iterator[Series]:
    """World after world, in each every scenario: now and then one in which nothing else goes wrong."""
    for number in worlds() if world is None else (world,):
        for name in [only] if only else SCENARIOS:
            for database in databases:
                yield Series(seed, name, number, database)


def worlds() -> Iterator[int]:
    bad = count(PLAIN)
    for plain in range(PLAIN):
        yield plain
        yield from islice(bad, BAD_WORLDS)
    yield from bad


def run(series: Iterator[Series], kills: int, jobs: int, sabotage: str, report: Callable[[Tally], None]) -> Tally:
    """Run them until so many have died, or there are no more."""
    total, running = Tally(), set[Future[Tally]]()
    with ProcessPoolExecutor(jobs, get_context("spawn"), _be_quiet) as pool:
        while True:
            while len(running) < jobs and total.kills < kills and (one_more := next(series, None)):
                running.add(pool.submit(_die, one_more, kills - total.kills, sabotage))
            if not running:
                return total
            done, running = wait(running, return_when=FIRST_COMPLETED)
            total = sum((each.result() for each in done), total)
            report(total)


def _be_quiet() -> None:
    logging.disable(logging.CRITICAL)


def _lane(database: str, sabotage: str) -> Lane:
    if database not in _lanes:
        _lanes[database] = Lane(sabotage, database)
        Finalize(None, _lanes[database].close, exitpriority=10)
    return _lanes[database]


def _die(series: Series, limit: int, sabotage: str) -> Tally:
    """At every point where only the kill goes wrong; at some in a world of which there are as many as one likes."""
    lane = _lane(series.database, sabotage)
    tally = sweep(lane, series, limit) if series.is_plain else sample(lane, series, min(limit, KILLS_IN_A_BAD_WORLD))
    opened = series.open(lane)
    return sum((one(series, opened, number, anew=True)[0] for number in ANEW), tally)
