"""Rows as CSV that a spreadsheet opens as text, and as JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import datetime
from typing import Any

#: Where a spreadsheet may see a formula begin (OWASP, *CSV Injection*): at the start of a cell, and behind a semicolon,
#: tab or line end, which part the cells where a comma is the decimal point.
_BEGINS = re.compile(r"""^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=[\s"]*[=+\-@＝＋－＠])""")


def csv_lines(rows: Iterable[Mapping[str, Any]], heads: Iterable[str]) -> Iterator[str]:
    """A line of heads, then a line for each row; what looks like a formula is quoted with an apostrophe."""
    names = list(heads)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for cells in _with_heads(rows, names):
        writer.writerow(cells)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A JSON object on a line of its own for each row. Times are ISO 8601, amounts decimal strings."""
    for row in rows:
        yield json.dumps({name: iso(value) for name, value in row.items()}) + "\n"


def iso(value: Any) -> Any:
    """A moment to the second; everything else as it is."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _with_heads(rows: Iterable[Mapping[str, Any]], names: list[str]) -> Iterator[list[str]]:
    yield names
    for row in rows:
        yield [_cell(row[name]) for name in names]


def _cell(value: Any) -> str:
    if isinstance(value, (list, dict)):
        value = json.dumps(value)
    return _BEGINS.sub("'", "" if value is None else str(iso(value)))
