"""Can the simulation be trusted? It is the same each time, it sees much, and it finds what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.history import Report
from tests.simulation.history import run
from tests.simulation.sabotage import SABOTAGE
from tests.simulation.sabotage import sabotaged
from tests.simulation.world import Violation

ROOT = Path(__file__).parents[2]
#: A guard that is missing must be missed within so many histories.
ENOUGH = 400


def story(report: Report) -> str:
    return "\n".join(report.trace)


def test_a_seed_tells_the_same_story_every_time() -> None:
    assert [story(run(seed)) for seed in range(5)] == [story(run(seed)) for seed in range(5)]


def test_a_seed_tells_the_same_story_in_another_process() -> None:
    """Whatever Python makes of hashes, and whatever happened before."""
    for seed in (1, 2):
        told = subprocess.run(
            [sys.executable, "-m", "tests.simulation"],
            env={**os.environ, "SIM_SEED": str(seed), "PYTHONHASHSEED": str(seed + 1)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert told.rstrip("\n") == story(run(seed))


def test_the_histories_are_not_all_the_same() -> None:
    """All ends, both shapes, every fault: the simulation is of something."""
    reports = [run(seed) for seed in range(100)]
    states = sum((report.states for report in reports), Counter[str]())
    faults = sum((report.faults for report in reports), Counter[str]())

    money_back = sum((report.money_back for report in reports), Counter[str]())

    assert {"refund done", "refund failed", "held paid", "held cancelled"} <= set(money_back)
    assert {"adopted done", "chargeback done"} & set(money_back)
    assert {"paid", "failed", "expired", "cancelled", "unknown", "pending"} <= set(states)
    assert {report.shape for report in reports} == {"fps", "hold"}
    assert len(faults) == 6
    assert min(faults.values()) > 5
    assert sum(report.delivered for report in reports) > 50
    assert sum(report.crashes for report in reports) > 50


@pytest.mark.parametrize("name", SABOTAGE)
def test_a_guard_that_is_switched_off_is_missed(name: str) -> None:
    with sabotaged(name) as climate, pytest.raises(Violation) as missed:
        for seed in range(ENOUGH):
            run(seed, climate)
    assert "SIM_SEED=" in str(missed.value)
