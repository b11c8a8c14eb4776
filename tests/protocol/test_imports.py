"""What importing the protocol costs: nothing that is not needed yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

PURE = ("query", "signing", "rsa", "cbui", "outbound", "messages", "schema", "codes", "endpoints", "demo", "values")
HEAVY = (
    "flask",
    "werkzeug",
    "requests",
    "urllib3",
    "cryptography",
    "sqlalchemy",
    "defusedxml",
    "xml.etree.ElementTree",
)


def loaded_by(*modules: str) -> set[str]:
    """Which heavy modules a fresh interpreter has after importing these."""
    names = ", ".join(f"flask_fps.protocol.{module}" for module in modules)
    code = f"import sys, {names}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("modules", "loads"),
    [
        (PURE, set()),
        (("wire",), {"defusedxml", "xml.etree.ElementTree"}),
        (("client",), {"defusedxml", "xml.etree.ElementTree", "requests", "urllib3"}),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(modules: tuple[str, ...], loads: set[str]) -> None:
    assert loaded_by(*modules) == loads
