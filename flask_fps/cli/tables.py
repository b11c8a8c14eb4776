"""What a person reads at a terminal: columns no wider than it is, long lines folded, times in UTC.

Where the output is no terminal, nothing is cut: whoever pipes it has all of it.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from datetime import timezone

import click

GAP = 2
#: A last column that has less room than this goes on lines of its own, indented by so much.
LEAST, INDENT = 24, 4
UNLIMITED = 10**6


def show_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, gives: Mapping[str, int] | None = None, folds: bool = False
) -> None:
    """Write a table, and on standard error what there was no room for.

    :param gives: the columns that give way where the terminal is too narrow, in this order, and how narrow they may
        become; 0: left out.
    :param folds: the last column is text, and may go on in further lines.
    """
    lines = [tuple(heads), *(tuple(row) for row in rows)]
    wide = room() or UNLIMITED
    widths = _widths(lines, gives or {}, wide, folds)
    for line in lines:
        click.echo(_folding(line, widths, wide) if folds else _plain(line, widths))
    missing = [head for head, width in zip(heads, widths, strict=True) if width == 0]
    if missing:
        said = f"(No room for {', '.join(missing)}: a wider terminal shows more, --json all.)"
        click.echo(folded(said, indent=1), err=True)


def room() -> int | None:
    """How many columns the terminal has; ``None`` where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def folded(text: str, indent: int) -> str:
    """A long line, with what does not fit on further lines under its own text."""
    wide = room()
    if wide is None or len(text) <= wide:
        return text
    return "\n".join(_wrapped(text, wide, " " * indent))


def moment(value: datetime | None, form: str = "%Y-%m-%d %H:%M:%S UTC") -> str:
    """A time for people, in UTC: FPS tells the time of its own place."""
    return f"{value.astimezone(timezone.utc):{form}}" if value else "-"


def _widths(lines: Sequence[Sequence[str]], gives: Mapping[str, int], wide: int, folds: bool) -> list[int]:
    """How wide each column is; 0: it is left out. Of a last one that folds: whatever is left, if that is any use."""
    widths = [max(len(text) for text in column) for column in zip(*lines, strict=True)]
    if folds:
        widths[-1] = min(widths[-1], LEAST)
    for head, least in gives.items():
        over = _total(widths) - wide
        if over > 0:
            column = lines[0].index(head)
            widths[column] = max(least, widths[column] - over) if least else 0
    if folds:
        widths[-1] = wide - _total(widths[:-1]) - GAP
    return widths


def _total(widths: Sequence[int]) -> int:
    shown = [width for width in widths if width]
    return sum(shown) + GAP * (len(shown) - 1)


def _plain(line: Sequence[str], widths: Sequence[int]) -> str:
    shown = [_cut(text, width).ljust(width) for text, width in zip(line, widths, strict=True) if width]
    return (" " * GAP).join(shown).rstrip()


def _folding(line: Sequence[str], widths: Sequence[int], wide: int) -> str:
    *first, text = line
    *before, left = widths
    begin = _plain(first, before)
    if not text:
        return begin
    indent = _total(before) + GAP
    if len(text) <= left or left >= LEAST:
        return "\n".join(_wrapped(f"{begin.ljust(indent)}{text}", wide, " " * indent))
    return "\n".join([begin, *_wrapped(" " * INDENT + text, wide, " " * INDENT)])


def _wrapped(text: str, wide: int, indent: str) -> list[str]:
    return textwrap.wrap(text, wide, subsequent_indent=indent, break_on_hyphens=False)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
