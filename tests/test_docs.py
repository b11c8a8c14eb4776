from __future__ import annotations

import re
from pathlib import Path

import pytest
from click import Group
from defusedxml import ElementTree

import flask_fps
from docs import commands
from docs import drawing
from flask_fps import config
from flask_fps import signals
from flask_fps.cli import fps
from flask_fps.ledger.moves import MOVES
from flask_fps.records import State

DOCS = Path(__file__).parent.parent / "docs"
CONFIGURATION = (DOCS / "configuration.rst").read_text()
SIGNALS = sorted(name for name, value in vars(signals).items() if isinstance(value, signals.PaymentSignal))


@pytest.mark.parametrize("key", config.KEYS)
def test_every_key_has_its_anchor_and_its_entry(key: str) -> None:
    anchor = key.lower().replace("_", "-")
    assert f".. _{anchor}:\n\n.. data:: {key}\n" in CONFIGURATION


def test_no_key_is_documented_that_does_not_exist() -> None:
    documented = [line.split()[2] for line in CONFIGURATION.splitlines() if line.startswith(".. data::")]
    assert sorted(documented) == sorted(config.KEYS)


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_has_its_entry_and_is_public(name: str) -> None:
    assert f".. autodata:: {name}\n" in (DOCS / "signals.rst").read_text()
    assert name in flask_fps.__all__


def test_no_signal_is_documented_that_does_not_exist() -> None:
    text = (DOCS / "signals.rst").read_text()
    assert sorted(line.split()[2] for line in text.splitlines() if line.startswith(".. autodata::")) == SIGNALS


def test_the_promise_is_worded_the_same_everywhere() -> None:
    def plain(name: str) -> str:
        return " ".join((DOCS / name).read_text().replace("*", "").replace("`", "").split())

    promise = (
        "Money moves at most once. The fulfillment handler runs at least once. Its effect is exactly once when it "
        "commits through the session it is handed, or de-duplicates on payment.reference."
    )
    assert promise in plain("../README.md")
    assert promise in plain("promise.rst")


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (DOCS / "index.rst").read_text().split()
    assert {page.stem for page in DOCS.glob("*.rst")} - {"index"} <= set(index)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    readme = (DOCS / "../README.md").read_text()
    targets = [part.split(")")[0] for part in readme.split("](")[1:]]
    assert len(targets) > 8
    for target in targets:
        assert (DOCS.parent / target).exists(), target


def test_every_state_and_every_move_is_drawn() -> None:
    drawn = drawing.states()

    assert set(drawing.PLACES) == set(State) == set(MOVES)
    for origin, targets in MOVES.items():
        for to in targets:
            assert f"<title>{origin} to {to}</title>" in drawn
    assert drawn.count("<path class=") == sum(map(len, MOVES.values()))
    assert ElementTree.fromstring(drawn) is not None and ElementTree.fromstring(drawing.dance()) is not None


def test_every_command_is_described() -> None:
    described = set(re.findall(r"_cli-([a-z-]+):", "\n".join(commands.described(fps, "flask fps"))))

    assert {"list", "show", "replay", "park-resolve", "db-upgrade", "health", "prune"} <= described
    assert len(described) >= len(fps.commands)


def test_every_command_that_a_page_names_is_there() -> None:
    for page in [*DOCS.glob("*.rst"), DOCS.parent / "README.md"]:
        for line in re.findall(r"flask fps ([a-z][a-z -]*)", page.read_text()):
            words = line.split()
            command = fps.commands.get(words[0])
            assert command is not None, f"{page.name}: flask fps {line}"
            if isinstance(command, Group) and len(words) > 1:
                assert words[1] in command.commands, f"{page.name}: flask fps {line}"
