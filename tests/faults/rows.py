"""The rows of the fault matrix: each test says which row it plays, and which guard it would fail without."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from functools import wraps
from typing import Any

import pytest

from tests.faults.guards import Guard
from tests.faults.stage import NotFired
from tests.faults.stage import Stage

Scenario = Callable[..., None]


@dataclass
class Row:
    """One row, as the table shows it."""

    number: int
    fault: str
    tests: list[str] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)

    def add(self, test: str | None = None, guard: str | None = None) -> None:
        """Once, however often the module is imported."""
        self.tests += [test] if test and test not in self.tests else []
        self.guards += [guard] if guard and guard not in self.guards else []


ROWS: dict[int, Row] = {}


def row(number: int, fault: str) -> Callable[[Scenario], Scenario]:
    """A scenario of this row, as a test: it fails unless it has proved that its fault happened."""

    def register(scenario: Scenario) -> Scenario:
        assert scenario.__name__.startswith(f"test_row_{number:02}_"), scenario.__name__
        ROWS.setdefault(number, Row(number, fault)).add(scenario.__name__)

        @wraps(scenario)
        def play(stage: Stage, **given: Any) -> None:
            scenario(stage, **given)
            if not stage.evidence:
                raise NotFired("nothing shows that this row's fault has happened")

        return play

    return register


@dataclass(frozen=True)
class Without:
    """A scenario, and a guard without which it must fail."""

    scenario: Scenario
    guard: Guard
    given: dict[str, Any]


def without(guard: Guard, scenario: Scenario, **given: Any) -> Without:
    return Without(scenario, guard, given)


def fails(*cases: Without) -> Scenario:
    """The self-check of a row: each case must fail, its fault having fired, for want of the guard alone."""
    for case in cases:
        ROWS[int(case.scenario.__name__.split("_")[2])].add(guard=case.guard.name)

    @pytest.mark.parametrize("case", cases, ids=[case.guard.name for case in cases])
    def fails_without(stage: Stage, case: Without, monkeypatch: pytest.MonkeyPatch) -> None:
        case.guard.off(monkeypatch)
        stage.unguarded.append(case.guard.name)
        with pytest.raises(AssertionError) as failure:
            case.scenario(stage, **case.given)
        if not stage.evidence:
            raise NotFired("it failed before its fault had happened") from failure.value

    fails_without.__module__ = _caller()
    return fails_without


def _caller() -> str:
    frame = inspect.stack()[2].frame
    return str(frame.f_globals["__name__"])
