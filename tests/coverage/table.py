"""The table of docs/coverage.rst: everything the references name, and the test that proves it.

``python -m tests.coverage.table`` runs the sandbox's tests under :mod:`tests.coverage.recorder`, chooses for each row
the test that shows the fewest other things, and writes ``proofs.json`` and the page.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from flask_fps.protocol.codes import CODES
from tests.coverage import rows
from tests.coverage.recorder import VARIABLE

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "coverage.rst"
PROOFS = HERE / "proofs.json"
#: Where the proofs are looked for.
TESTS = ("tests/sandbox",)

Proofs = Mapping[str, str]

HEAD = """\
What is covered
===============

Everything the documents of FPS name for the API and the co-branded pages, and for each a test that makes it happen in
the sandbox, over the wire: an action that was performed, a parameter in a request that was performed, a code that was
answered. Where more than one test does, the one that shows the fewest other things is named.

This page is made by ``python -m tests.coverage.table``, which runs the tests and watches the sandbox meanwhile; a test
of the suite keeps it in step with the code.
"""


def main() -> None:
    with TemporaryDirectory() as folder:
        seen = Path(folder) / "seen.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.coverage.recorder", "--no-header", *TESTS]
        failed = subprocess.run(command, cwd=ROOT, env={**os.environ, VARIABLE: str(seen)}, check=False).returncode
        proofs = choose(json.loads(seen.read_text()))
    PROOFS.write_text(json.dumps(proofs, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page(proofs))
    for row in missing(proofs):
        print(f"no test shows: {row}")
    sys.exit(failed or bool(missing(proofs)))


def choose(seen: Mapping[str, list[str]]) -> dict[str, str]:
    """For each row, of the tests that show it, the most particular one."""
    shows = Counter(test for tests in seen.values() for test in tests)
    best = {row: min(tests, key=lambda test: (shows[test], test)) for row, tests in seen.items()}
    wanted = {*rows.every(), *(f"scripted {code}" for code in CODES if f"code {code}" not in best)}
    return {row: test for row, test in best.items() if row in wanted}


def missing(proofs: Proofs) -> list[str]:
    """Rows that no test shows, not even by the fault script."""
    return [row for row in rows.every() if row not in proofs and scripted(row) not in proofs]


def scripted(row: str) -> str:
    """An error code that only the fault script brings about has a row of its own."""
    return row.replace("code ", "scripted ", 1) if row.startswith("code ") else ""


def page(proofs: Proofs) -> str:
    return HEAD + "".join(_sections(proofs))


def _sections(proofs: Proofs) -> Iterator[str]:
    yield _heading("API, 2008-09-17 and 2010-08-28")
    yield (
        "Both versions have the same messages, but for what came with 2010-08-28: ``OverrideIPNURL``, "
        "GetSubscriptionDetails and\nGetTransactionsForSubscription.\n"
    )
    yield _actions(rows.NEWEST, proofs)
    yield _heading("API, 2007-01-08")
    yield _actions(rows.FIRST, proofs)
    yield _heading("Error codes")
    yield _table(
        ("Code", "Meaning", "Test"),
        ([f"``{code}``", meaning.meaning, _of_code(code, proofs)] for code, meaning in CODES.items()),
    )
    yield _heading("Statuses of transactions")
    yield _table(("Status", "Test"), _plain("transaction", rows.TRANSACTION_STATUSES, proofs))
    yield _table(("Status code", "Test"), _plain("status code", rows.STATUS_CODES, proofs))
    yield _heading("Statuses of HTTP")
    yield _table(("Status", "Test"), _plain("http", rows.HTTP_STATUSES, proofs))
    yield _heading("Notifications")
    yield _table(("Type or operation", "Test"), _plain("notification", (*rows.NOTIFICATIONS, *rows.OPERATIONS), proofs))
    yield _table(("Not made here", "Why"), ([f"``{name}``", why] for name, why in rows.NOT_HERE.items()))
    yield _heading("Co-branded pages")
    yield _table(("Pipeline", "Parameter", "Test"), _pipelines(proofs))
    yield _table(
        ("Return status", "Meaning", "Test"),
        ([f"``{status}``", told, _link(f"return {status}", proofs)] for status, told in rows.RETURN_STATUSES.items()),
    )


def _actions(version: str, proofs: Proofs) -> str:
    return _table(("Action", "Parameter", "Test"), (_cells(row, proofs) for row in rows.actions(version)))


def _pipelines(proofs: Proofs) -> Iterator[list[str]]:
    return (_cells(row, proofs) for row in rows.pipeline_rows())


def _cells(row: str, proofs: Proofs) -> list[str]:
    """The action or pipeline stands once, over its parameters."""
    _, name, *parameter = row.split(" ")
    first = ["", f"``{parameter[0]}``"] if parameter else [f"**{name}**", ""]
    return [*first, _link(row, proofs)]


def _plain(kind: str, names: tuple[str, ...], proofs: Proofs) -> Iterator[list[str]]:
    return ([f"``{name}``", _link(f"{kind} {name}", proofs)] for name in names)


def _of_code(code: str, proofs: Proofs) -> str:
    if f"code {code}" in proofs:
        return _link(f"code {code}", proofs)
    return f"by the fault script only: {_link(f'scripted {code}', proofs)}"


def _link(row: str, proofs: Proofs) -> str:
    path, _, test = proofs.get(row, "").partition("::")
    return f"``{test}`` in ``{path.removeprefix('tests/')}``" if test else "**none**"


def _heading(text: str) -> str:
    return f"\n{text}\n{'-' * len(text)}\n\n"


def _table(titles: tuple[str, ...], lines: Iterator[list[str]]) -> str:
    head = ".. list-table::\n   :header-rows: 1\n\n"
    return "\n" + head + "".join(_line(cells) for cells in [list(titles), *lines])


def _line(cells: list[str]) -> str:
    written = "   * - " + "\n     - ".join(cells)
    return "".join(f"{line.rstrip()}\n" for line in written.splitlines())


if __name__ == "__main__":
    main()
