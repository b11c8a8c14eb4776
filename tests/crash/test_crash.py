"""Processes die at every point; the oracle is the sandbox's own ledger. ``make crash`` runs thousands of these."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from random import Random

import pytest

from tests.crash.lane import Lane
from tests.crash.scenarios import SCENARIOS
from tests.crash.series import one
from tests.crash.series import PLAIN
from tests.crash.series import sample
from tests.crash.series import Series

SEED = os.environ.get("CRASH_SEED", "2010-08-28")
#: So many points of every history are tried here, drawn by the seed: all of them are `make crash`.
KILLS = 8
KILLS_IN_A_BAD_WORLD = 3
#: On PostgreSQL each takes longer.
KILLS_ON_POSTGRESQL = 2


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """The sandbox warns of each of its faults."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    with Lane() as opened:
        yield opened


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_doubled_or_given_away(lane: Lane, name: str) -> None:
    tally = sample(lane, Series(SEED, name, 0), KILLS)
    print(f"{name}: {tally}, seed {SEED}")
    assert tally.kills >= KILLS
    assert not tally.problems, "\n".join(tally.problems)


@pytest.fixture(scope="module")
def lane_on_postgresql() -> Iterator[Lane]:
    with Lane(database="postgresql") as opened:
        yield opened


@pytest.mark.parametrize("name", SCENARIOS)
def test_nor_on_a_shared_database(lane_on_postgresql: Lane, name: str) -> None:
    world = Random(f"{SEED}/{name}/postgresql").randrange(PLAIN)
    tally = sample(lane_on_postgresql, Series(SEED, name, world, "postgresql"), KILLS_ON_POSTGRESQL)
    print(f"{name}: {tally}, seed {SEED}")
    assert tally.kills >= KILLS_ON_POSTGRESQL
    assert not tally.problems, "\n".join(tally.problems)


@pytest.mark.parametrize("name", SCENARIOS)
def test_nor_when_the_world_is_bad_as_well(lane: Lane, name: str) -> None:
    world = Random(f"{SEED}/{name}").randint(PLAIN, 10**6)
    tally = sample(lane, Series(SEED, name, world), KILLS_IN_A_BAD_WORLD)
    print(f"{name}: {tally}, seed {SEED}")
    assert tally.kills
    assert not tally.problems, "\n".join(tally.problems)


@pytest.mark.parametrize("world", range(PLAIN))
def test_nor_by_a_new_interpreter(lane: Lane, world: int) -> None:
    series = Series(SEED, "return", world)
    opened = series.open(lane)
    for number in (25, 46):
        tally, killed = one(series, opened, number, anew=True)
        assert killed
        assert not tally.problems, "\n".join(tally.problems)


@pytest.mark.parametrize(
    ("guard", "name", "point", "word"),
    [
        ("mark first", "return", "before UPDATE fps_deliveries", "lost"),
        ("mark last", "return", "the handler begins", "doubled"),
        ("new reference", "lost answer", "before an exchange", "lost"),
        ("nobody recovers", "lost answer", "before an exchange", "lost"),
        ("order unguarded", "two tabs", "before an exchange", "doubled"),
        ("pending is paid", "declined", "before an exchange", "unpaid"),
    ],
)
def test_a_guard_that_is_switched_off_is_missed(guard: str, name: str, point: str, word: str) -> None:
    """A harness that finds nothing then would prove nothing. It looks from the point on where the guard stood."""
    with Lane(guard) as unguarded:
        series = Series(SEED, name, 0)
        opened = series.open(unguarded)
        opened.begin()
        points = opened.danger().points
        numbers = range(points.index(point) if point in points else 1, len(points) + 1)
        found = (one(series, opened, number)[0] for number in numbers)
        assert any(getattr(tally, word) for tally in found)


def test_the_same_seed_draws_the_same_world() -> None:
    assert Series("a", "return", 7).draw == Series("a", "return", 7).draw
    assert len({Series("a", "return", number).draw for number in range(3, 30)}) > 20
