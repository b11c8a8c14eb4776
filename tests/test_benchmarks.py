"""The benchmarks run, say what they promise to say, and can miss a goal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import memory
from benchmarks import result
from benchmarks import sandbox
from benchmarks.result import publish
from benchmarks.result import Result

ROOT = Path(__file__).parent.parent
FIGURE = Result("figure", 50.0, 100.0, "requests/s", "at least", 0.5, "one against another")


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "results.json"
    monkeypatch.setattr(result, "RESULTS", path)
    return path


def test_a_line_and_an_entry_for_each_figure(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish([FIGURE])
    assert capsys.readouterr().out == "figure 0.50 (50 / 100, requests/s) goal met\n"
    assert not publish([replace(FIGURE, name="other", ours=49.0)])
    assert capsys.readouterr().out == "other 0.49 (49 / 100, requests/s) goal missed\n"
    written = json.loads(results.read_text())
    assert {name: entry["met"] for name, entry in written.items()} == {"figure": True, "other": False}


@pytest.mark.parametrize(("ours", "met"), [(99.0, True), (125.0, True), (126.0, False)])
def test_some_goals_are_not_to_be_passed(ours: float, met: bool) -> None:
    assert replace(FIGURE, ours=ours, direction="at most", goal=1.25).met is met


def test_the_sandbox_s_figures_are_those_that_are_documented(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, small in {"LEDGER": 200, "ROUNDS": 1, "PAYS": 8, "PAGES": 4}.items():
        monkeypatch.setattr(sandbox, name, small)
    met = sandbox.main()
    lines = capsys.readouterr().out.splitlines()
    names = _names(lines)
    assert len(names) == len(lines) == 3
    assert [name for name in _documented() if name in names] == names
    assert met is all(line.endswith("goal met") for line in lines)


def test_a_worker_is_measured_at_a_ledger_that_was_copied_from_one_payment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, small in {"PAYMENTS": 50, "DUE": 3}.items():
        monkeypatch.setattr(memory, name, small)
    assert memory.main()
    assert _names(capsys.readouterr().out.splitlines()) == ["worker_memory"]


def test_every_figure_that_is_documented_is_measured_somewhere() -> None:
    modules = "".join(path.read_text() for path in (ROOT / "benchmarks").glob("*.py"))
    assert [name for name in _documented() if f"``{name}``" not in modules] == []


def _names(lines: list[str]) -> list[str]:
    form = re.compile(r"(\w+) [0-9.]+ \([0-9.e+]+ / [0-9.e+]+, [A-Za-z/]+\) goal (met|missed)")
    return [match[1] for line in lines if (match := form.fullmatch(line))]


def _documented() -> list[str]:
    page = (ROOT / "docs" / "speed.rst").read_text()
    return re.findall(r"``([a-z]+(?:_[a-z]+)+)``", page.partition("The books keep")[0])
