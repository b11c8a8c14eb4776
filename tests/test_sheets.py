from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from datetime import timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.sheets import csv_lines
from flask_fps.sheets import json_lines

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NOON = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=timezone.utc)


def test_values_become_text() -> None:
    row = {"name": "song", "amount": "0.10", "at": NOON, "nothing": None, "items": [{"sku": "song"}], "extra": 1}
    text = "".join(csv_lines([row], ["name", "amount", "at", "nothing", "items"]))

    assert text == ('name,amount,at,nothing,items\r\nsong,0.10,2026-03-01T12:00:00+00:00,,"[{""sku"": ""song""}]"\r\n')


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_no_cell_is_a_formula_and_none_is_lost(text: str) -> None:
    [_, [cell]] = list(csv.reader(io.StringIO("".join(csv_lines([{"name": text}], ["name"])), newline=""))) or [
        [],
        [""],
    ]

    assert not cell.startswith(FORMULA)
    assert cell.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("＝1", "'＝1"),
        ('"=1"', '\'"=1"'),
        ("John;=1", "John;'=1"),
        ('John; "@SUM(A1)"', 'John;\' "@SUM(A1)"'),
        ("John\n=1", "John\n'=1"),
        ("John\t-1", "John\t'-1"),
        ("a=b; c-d, e+f", "a=b; c-d, e+f"),
    ],
)
def test_no_cell_becomes_a_formula_where_semicolons_part_them(text: str, cell: str) -> None:
    _, line = csv_lines([{"name": text}], ["name"])
    assert next(csv.reader(io.StringIO(line, newline=""))) == [cell]
    for part in re.split(r"[;\t\r\n]", line):
        assert not part.lstrip('" ').startswith(("=", "+", "-", "@", "＝"))


def test_a_json_line_is_an_object() -> None:
    [line] = json_lines([{"at": NOON, "items": [1], "name": "a\nb"}])

    assert line.endswith("\n") and line.count("\n") == 1
    assert json.loads(line) == {"at": "2026-03-01T12:00:00+00:00", "items": [1], "name": "a\nb"}
