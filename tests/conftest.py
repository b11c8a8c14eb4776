"""What the whole suite shares: in CI, a test that skips itself has failed; no example is drawn anew or timed."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from typing import TypeVar
from weakref import WeakSet

import pytest
from hypothesis import HealthCheck
from hypothesis import settings

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# The same examples each time, however busy the machine is. `--hypothesis-profile=default` draws others.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _no_skips((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _no_skips((yield))


def _no_skips(report: Report) -> Report:
    """A capability that is missing from CI is found by no one else."""
    if os.environ.get("CI") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_fps_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """An FPS that another test made, and gave to no app, is not named in this one's log."""
    wiring = sys.modules.get("flask_fps.wiring")
    if wiring is not None:
        monkeypatch.setattr(wiring, "_MADE", WeakSet())
