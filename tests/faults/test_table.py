"""docs/fault-matrix.rst is complete, and up to date with the tests."""

from __future__ import annotations

import re
from collections import Counter
from collections import defaultdict

from tests.faults.guards import GUARDS
from tests.faults.table import LAST_ROW
from tests.faults.table import NOT_HERE
from tests.faults.table import PAGE
from tests.faults.table import page
from tests.faults.table import rows


def test_all_are_played_or_says_why_not() -> None:
    assert set(rows()) | set(NOT_HERE) == set(range(1, LAST_ROW + 1))


def test_all_name_a_guard_and_every_guard_is_proved() -> None:
    assert [row.number for row in rows().values() if not row.guards] == []
    assert {name for row in rows().values() for name in row.guards} == set(GUARDS)


def test_the_page_is_up_to_date() -> None:
    """But for the numbers: run ``python -m tests.faults.table``."""
    counted = re.compile(r"[0-9]+ passed")
    written = PAGE.read_text()
    assert "failed" not in "".join(line for line in written.splitlines() if counted.search(line))
    expected = page(defaultdict(lambda: Counter(passed=1)))
    assert counted.sub("1 passed", written) == counted.sub("1 passed", expected)
