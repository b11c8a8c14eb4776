"""The table of docs/fault-matrix.rst: what each row's tests say of themselves, and how they ended.

``python -m tests.faults.table`` runs them all and writes the page; ``python -m tests.faults.table FILE`` takes the
results from a JUnit file of an earlier run (``pytest tests/faults --junitxml=FILE``).
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

from defusedxml import ElementTree

from tests.faults.guards import GUARDS
from tests.faults.rows import Row
from tests.faults.rows import ROWS

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "fault-matrix.rst"
LAST_ROW = 60
#: In ``tests/ledger/test_postgresql.py``.
ON_POSTGRESQL = ("test_a_deadlock_is_resolved_and_tried_again", "test_a_serialization_failure_is_tried_again")
#: Rows, or parts of them, that are not played on this stage.
NOT_HERE: Mapping[int, tuple[str, str]] = {
    39: (
        "Deadlocks and serialization failures of PostgreSQL",
        "no shop over sockets, but the ledger on a real server: "
        + " and ".join(f"``{name}``" for name in ON_POSTGRESQL),
    ),
    45: ("A read replica that lags behind", "nothing reads a replica: the ledger has one database and one engine"),
}
HEAD = """\
The fault matrix
================

What can go wrong between a start link and the delivery, row by row, and the test that plays it: a real shop and a
real sandbox, over real sockets, judged by the sandbox's own ledger, which the shop cannot write. "Killed" is
SIGKILL to the process that was at it; what was on disk is all that is left, and the worker goes on from there.

Every test fails unless the sandbox's fault log, the payment's journal or the killed process itself shows that the
fault has happened. And every row names a guard: the same story is played once more with that guard taken out of
the code, and must then fail.

The faults assumed are these: processes that stop at any point and may come back, messages that are lost, late,
doubled, reordered or forged, a database that refuses or forgets what it had not committed, clocks that are wrong,
and a provider that is honest about money but may be silent, slow, or wrong about one transaction.

This page is made by ``python -m tests.faults.table``.

.. list-table::
   :header-rows: 1
   :widths: 5 25 40 30

   * - Row
     - What goes wrong
     - Tests, and how they ended
     - Fails without this guard
"""
FOOT = """
Not played
----------

.. list-table::
   :header-rows: 1
   :widths: 5 45 50

   * - Row
     - What goes wrong
     - Why not here
"""


def main() -> None:
    if len(sys.argv) > 1:
        PAGE.write_text(page(read(Path(sys.argv[1]))))
        return
    with TemporaryDirectory() as folder:
        found = Path(folder) / "faults.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-k", "row", str(HERE), f"--junitxml={found}"]
        failed = subprocess.run(command, cwd=ROOT, check=False).returncode
        PAGE.write_text(page(read(found)))
    sys.exit(failed)


def rows() -> dict[int, Row]:
    """Every row that is played, in order."""
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(f"tests.faults.{path.stem}")
    return dict(sorted(ROWS.items()))


def cases() -> Counter[str]:
    """How often each test of a row is to be played, by its own marks; self-checks of a row may stand in two files."""
    found: Counter[str] = Counter()
    for path in HERE.glob("test_*.py"):
        module = importlib.import_module(f"tests.faults.{path.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_row_"):
                marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
                found[name] += prod(len(mark.args[1]) for mark in marks)
    return found


def read(path: Path) -> dict[str, Counter[str]]:
    """How often each test function ended how: ``passed`` or ``failed``."""
    results: dict[str, Counter[str]] = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = str(case.get("name")).partition("[")[0]
        ended = "failed" if {"failure", "error"} & {child.tag for child in case} else "passed"
        results.setdefault(name, Counter())[ended] += 1
    return results


def page(results: Mapping[str, Counter[str]]) -> str:
    played = "".join(_line(row, results) for row in rows().values())
    missing = "".join(f"   * - {number}\n     - {what}\n     - {why}\n" for number, (what, why) in NOT_HERE.items())
    return HEAD + played + FOOT + missing


def _line(row: Row, results: Mapping[str, Counter[str]]) -> str:
    tests = [f"``{name}``: {_ended(results[name])}" for name in row.tests]
    guards = [f"{GUARDS[name].does[0].upper()}{GUARDS[name].does[1:]}." for name in row.guards]
    checked = f"(self-checks: {_ended(results[f'test_row_{row.number:02}_guard'])})"
    cells = [str(row.number), row.fault, "\n\n       ".join(tests), "\n\n       ".join([*guards, checked])]
    return "   * - " + "\n     - ".join(cells) + "\n"


def _ended(results: Counter[str]) -> str:
    return ", ".join(f"{times} {ended}" for ended, times in sorted(results.items(), reverse=True))


if __name__ == "__main__":
    main()
