"""docs/fault-matrix.rst is complete, and up to date with the tests."""

from __future__ import annotations

from collections import Counter

from tests.faults.guards import GUARDS
from tests.faults.table import cases
from tests.faults.table import LAST_ROW
from tests.faults.table import NOT_HERE
from tests.faults.table import ON_POSTGRESQL
from tests.faults.table import PAGE
from tests.faults.table import page
from tests.faults.table import rows
from tests.ledger import test_postgresql


def test_all_are_played_or_says_why_not() -> None:
    assert set(rows()) | set(NOT_HERE) == set(range(1, LAST_ROW + 1))


def test_all_name_a_guard_and_every_guard_is_proved() -> None:
    assert [row.number for row in rows().values() if not row.guards] == []
    assert {name for row in rows().values() for name in row.guards} == set(GUARDS)


def test_the_page_is_up_to_date() -> None:
    """Every test there is, with as many cases as it has, and all of them passed: ``python -m tests.faults.table``."""
    assert PAGE.read_text() == page({name: Counter(passed=times) for name, times in cases().items()})


def test_what_is_played_elsewhere_is_there() -> None:
    assert [name for name in ON_POSTGRESQL if not callable(getattr(test_postgresql, name, None))] == []
