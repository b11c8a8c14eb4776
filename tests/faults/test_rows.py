"""The matrix's own rules: no evidence, no proof; and a guard that is not missed guards nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import rows
from tests.faults.guards import Guard
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.stage import NotFired
from tests.faults.stage import Stage

NOTHING = Guard("nothing", "it does nothing", lambda patch: None)


@pytest.fixture(autouse=True)
def no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ROWS", {})


def test_a_row_without_evidence_fails(stage: Stage) -> None:
    @row(1, "nothing happens")
    def test_row_01_nothing_happens(stage: Stage) -> None:
        assert stage.money() == []

    with pytest.raises(NotFired):
        test_row_01_nothing_happens(stage)


def test_a_fault_that_did_not_fire_is_no_evidence(stage: Stage) -> None:
    stage.sandbox.faults.add("Pay", "lose_answer")
    reference = stage.john.buy()
    stage.fired("lose_answer")
    wrong: list[Callable[[], None]] = [
        lambda: stage.fired("lose_answer", times=2),
        lambda: stage.fired("lose_answer", "Refund"),
        lambda: stage.journalled(reference, "answer", code="DuplicateRequest"),
        lambda: stage.killed(["work"], Point("flask_fps.ledger.Ledger.accept")),
    ]
    for look in wrong:
        with pytest.raises(NotFired):
            look()
    assert stage.evidence == ["lose_answer on Pay"]


def _check(stage: Stage, scenario: Any) -> None:
    self_check: Any = fails(without(NOTHING, scenario))
    [[mark, case]] = [(each, each.args[1][0]) for each in self_check.pytestmark]
    assert mark.name == "parametrize"
    with pytest.MonkeyPatch.context() as patch:
        self_check(stage, case, patch)


def test_a_guard_that_is_not_missed_fails_its_self_check(stage: Stage) -> None:
    @row(1, "it goes well with and without")
    def test_row_01_all_is_well(stage: Stage) -> None:
        stage.saw("the fault", True)

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _check(stage, test_row_01_all_is_well)


def test_a_failure_before_the_fault_proves_no_guard(stage: Stage) -> None:
    @row(1, "it fails, but not because of the fault")
    def test_row_01_broken(stage: Stage) -> None:
        raise AssertionError("the test is broken")

    with pytest.raises(NotFired):
        _check(stage, test_row_01_broken)
