"""How a person's terminal is filled: what fits is shown, what gives way is told, and a pipe has all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.cli import tables
from flask_fps.cli.tables import folded
from flask_fps.cli.tables import show_table
from tests.apps import Shop

HEADS = ("REFERENCE", "FOR", "BUYER", "NOTE")
ROW = ("3c72d849b9f8ef64", "Now and Forever - Richard Marx", "guest:gI_tUT2FeTpaPlPId9xJqQ", "delivered")
REASON = "parked: no answer for 3c72d849b9f8ef64-1, and it is too late to ask again"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(tables, "room", lambda: 60)
    return monkeypatch


def shown(capsys: pytest.CaptureFixture[str], *rows: tuple[str, ...]) -> tuple[list[str], str]:
    show_table(HEADS, rows, gives={"BUYER": 0, "FOR": 12}, folds=True)
    written = capsys.readouterr()
    return written.out.splitlines(), written.err


def test_a_pipe_has_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines, told = shown(capsys, ROW, (*ROW[:3], REASON))

    assert [line.split("  ")[-1].strip() for line in lines] == ["NOTE", "delivered", REASON]
    assert all(text in lines[1] for text in ROW)
    assert told == ""


def test_on_a_terminal_columns_give_way_and_that_is_told(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    lines, told = shown(capsys, ROW)

    assert lines == [
        "REFERENCE         FOR                             NOTE",
        "3c72d849b9f8ef64  Now and Forever - Richard Marx  delivered",
    ]
    assert told == "(No room for BUYER: a wider terminal shows more, --json\n all.)\n"


def test_a_long_text_goes_on_in_its_own_column(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    lines, _ = shown(capsys, (*ROW[:3], REASON))

    assert lines[1:] == [
        "3c72d849b9f8ef64  Now and Forever…  parked: no answer for",
        "                                    3c72d849b9f8ef64-1, and",
        "                                    it is too late to ask",
        "                                    again",
    ]


def test_or_below_where_that_would_be_too_narrow(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    terminal.setattr(tables, "room", lambda: 40)
    lines, _ = shown(capsys, (*ROW[:3], REASON))

    assert lines[1:] == [
        "3c72d849b9f8ef64  Now and For…",
        "    parked: no answer for",
        "    3c72d849b9f8ef64-1, and it is too",
        "    late to ask again",
    ]


@given(
    rows=st.lists(st.tuples(*[st.text("abc de", max_size=90)] * 4), max_size=4),
    wide=st.integers(50, 200),
    gives=st.sampled_from([{"BUYER": 0, "FOR": 4, "REFERENCE": 8}, {"NOTE": 0, "BUYER": 0, "FOR": 4, "REFERENCE": 8}]),
)
def test_no_line_is_wider_than_the_terminal(rows: list[Any], wide: int, gives: dict[str, int]) -> None:
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "room", lambda: wide)
        patch.setattr("click.echo", lambda text, err=False: None if err else written.append(text))
        show_table(HEADS, rows, gives=gives, folds="NOTE" not in gives)

    assert all(len(line) <= wide for text in written for line in text.splitlines())


def test_a_long_line_goes_on_under_its_own_text(terminal: pytest.MonkeyPatch) -> None:
    text = "2026-03-01 12:00:00  answer  (reference: 3c72d849b9f8ef64-1, result: success)"

    assert folded(text, 21).splitlines() == [
        "2026-03-01 12:00:00  answer  (reference: 3c72d849b9f8ef64-1,",
        "                     result: success)",
    ]
    assert folded("short", 21) == "short"


# The commands themselves


def test_no_command_is_wider_than_a_terminal_of_80(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path)
    shop.gateway.will("pay", "lost")
    waits = shop.buy(shop.client("a buyer with a very long name indeed"))
    shop.ledger.park(waits.reference, "no answer for the request, and it is too late to ask again: look for it")
    bought = shop.buy(shop.client("7"))
    monkeypatch.setattr(tables, "room", lambda: 80)
    for command in (
        ["list"],
        ["list", "--parked"],
        ["show", bought.reference],
        ["downloads", bought.reference],
        ["health"],
    ):
        result = shop.app.test_cli_runner().invoke(args=["fps", *command])
        assert result.exit_code == (command == ["health"]), result.output
        assert max(map(len, result.stdout.splitlines())) <= 80, result.stdout
        assert waits.reference in result.stdout or command[0] != "list"
    shop.close()


def test_no_summary_of_a_command_is_cut(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    runner = shop.app.test_cli_runner()
    for group in ([], ["tokens"], ["park"], ["db"]):
        shown = runner.invoke(args=["fps", *group, "--help"], terminal_width=80).output
        assert "..." not in shown.partition("Commands:")[2], shown
    shop.close()


def test_dry_runs_are_for_scripts_too(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.gateway.will("pay", "lost")
    payment = shop.buy(shop.client("7"))
    shop.clock.advance(3600)
    run = shop.app.test_cli_runner()
    due = run.invoke(args=["fps", "reconcile", "--dry-run", "--json"])
    over = run.invoke(args=["fps", "prune", "--older-than", "1", "--dry-run", "--json"])

    said = json.loads(due.stdout)
    assert [each["reference"] for each in said["payments"]] == [payment.reference]
    assert (said["messages"], said["deliveries"]) == (0, 0)
    assert json.loads(over.stdout) == {"payments": 0}
    shop.close()
