"""docs/sandbox.rst lists every fault and every switch as the code has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

import pytest

from flask_fps.sandbox import control
from flask_fps.sandbox.bank.accounts import STANDING
from flask_fps.sandbox.bank.switches import SWITCHES
from flask_fps.sandbox.kinds import FAULTS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "sandbox.rst").read_text()
#: What is struck, as the page calls it, in the page's order.
STRUCK = {
    "request": "A request to the API",
    "transaction": "A transaction",
    "answer": "What an answer says",
    "notification": "A notification",
    "page": "A co-branded page",
    "return": "A return",
}


def test_every_fault_is_documented_as_it_is() -> None:
    described = "\n\n".join(_faults(strikes, heading) for strikes, heading in STRUCK.items())
    assert described in PAGE, f"docs/sandbox.rst should read:\n\n{described}"


def test_every_switch_is_documented_as_it_is() -> None:
    described = "\n\n".join(_switch(name) for name in SWITCHES)
    assert described in PAGE, f"docs/sandbox.rst should read:\n\n{described}"


@pytest.mark.parametrize(
    ("door", "keys"),
    [
        ("clock", control.CLOCK),
        ("accounts", (*control.ACCOUNT, *STANDING)),
        ("subscriptions", control.SUBSCRIPTION),
    ],
)
def test_every_key_of_the_control_plane_is_documented(door: str, keys: tuple[str, ...]) -> None:
    described = PAGE.rpartition(f"``POST /_control/{door}``")[2].partition("\n\n")[0]
    assert [key for key in keys if f'"{key}"' not in described and f"``{key}``" not in described] == []


def _faults(strikes: str, heading: str) -> str:
    lines = [_entry(name, kind.does, kind.takes) for name, kind in FAULTS.items() if kind.strikes == strikes]
    return "\n\n".join([f"**{heading}**", *lines])


def _entry(name: str, does: str, takes: Mapping[str, Any]) -> str:
    shown = {"None": "null", "True": "true"}
    settings = ", ".join(f"``{key}`` ({shown.get(str(default), default)})" for key, default in takes.items())
    return f"``{name}``\n" + _wrapped(f"{does[0].upper()}{does[1:]}.{f' Takes {settings}.' if takes else ''}")


def _switch(name: str) -> str:
    switch = SWITCHES[name]
    positions = [
        _wrapped(f"- ``{position}``{' (harshest)' if position == switch.harshest else ''}: {meaning}.", "      ")
        for position, meaning in switch.positions.items()
    ]
    return "\n".join([f"``{name}``", _wrapped(switch.question), "", *positions])


def _wrapped(text: str, hanging: str = "    ") -> str:
    return fill(text, 112, initial_indent="    ", subsequent_indent=hanging, break_on_hyphens=False)
