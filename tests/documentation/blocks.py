"""The blocks of code in the README and the documentation."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.rst"))]


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    #: What it says it is: ``python``, ``console``, ``text`` (a plain block, mostly of a shell), …
    kind: str
    code: str

    @property
    def is_python(self) -> bool:
        """A plain block is Python where it compiles and is more than a bare word."""
        if self.kind != "text":
            return self.kind == "python"
        try:
            compile(self.code, self.page, "exec")
        except SyntaxError:
            return False
        return True


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    found = _markdown(page.stem, text) if page.suffix == ".md" else _rst(page.stem, text.splitlines())
    return list(found)


def _markdown(page: str, text: str) -> Iterator[Block]:
    for fence in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield Block(page, text.count("\n", 0, fence.start()) + 2, fence[1] or "text", fence[2])


def _rst(page: str, lines: list[str]) -> Iterator[Block]:
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        directive = re.match(r" *\.\. code-block:: (\w+)", line)
        plain = line.rstrip().endswith("::") and not line.lstrip().startswith("..")
        if directive or plain:
            start, deeper = number, []
            while number < len(lines) and (not lines[number].strip() or _indent(lines[number]) > _indent(line)):
                deeper.append(lines[number])
                number += 1
            code = "\n".join(each for each in deeper if not re.match(r" *:\w+:", each))
            yield Block(page, start + 1, directive[1] if directive else "text", textwrap.dedent(code).strip("\n"))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
