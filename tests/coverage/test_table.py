"""docs/coverage.rst is complete and in step: with what the code declares, and with the tests it names.

After a change that this complains about run ``python -m tests.coverage.table``.
"""

from __future__ import annotations

import json

import pytest

from tests.coverage import rows
from tests.coverage.table import choose
from tests.coverage.table import missing
from tests.coverage.table import PAGE
from tests.coverage.table import page
from tests.coverage.table import PROOFS
from tests.coverage.table import ROOT

KNOWN: dict[str, str] = json.loads(PROOFS.read_text())


def test_every_row_has_a_test() -> None:
    assert missing(KNOWN) == []


def test_no_row_is_left_of_what_is_gone() -> None:
    left = {row.replace("scripted ", "code ", 1) for row in KNOWN} - set(rows.every())
    assert left == set()


@pytest.mark.parametrize("path", sorted({test.partition("::")[0] for test in KNOWN.values()}))
def test_every_test_that_is_named_is_there(path: str) -> None:
    source = (ROOT / path).read_text()
    named = {test.partition("::")[2] for test in KNOWN.values() if test.startswith(f"{path}::")}
    assert [name for name in sorted(named) if f"def {name}(" not in source] == []


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(KNOWN)


def test_a_row_goes_to_the_test_that_shows_the_fewest_other_things() -> None:
    seen = {"http 200": ["a", "b"], "http 400": ["b"], "code DuplicateRequest": ["c", "b"], "unknown": ["a"]}
    assert choose(seen) == {"http 200": "a", "http 400": "b", "code DuplicateRequest": "c"}


def test_a_row_without_a_test_is_missed_and_a_code_of_the_script_is_not() -> None:
    every = set(rows.every())
    shown = dict.fromkeys(every - {"http 503", "code AccessFailure", "2010-08-28 Pay"}, "t")
    assert missing({**shown, "scripted AccessFailure": "t"}) == ["2010-08-28 Pay", "http 503"]
