"""How much memory a worker takes at a large ledger: ``python -m benchmarks.memory``.

``worker_memory``
    Peak resident memory of ``flask fps work --once`` at a SQLite ledger of a million payments, each with its lines,
    requests, transactions, deliveries, grants and journal, of which some are due; against the 100 MB it may take.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Column
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import select
from sqlalchemy import Table
from sqlalchemy import text

from benchmarks.result import publish
from benchmarks.result import Result as Figure
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import Base
from flask_fps.ledger.models import PaymentRow
from flask_fps.ledger.schema import upgrade
from flask_fps.records import Result
from flask_fps.worker import BATCH
from tests.fleet_shop import make_due
from tests.fleet_shop import make_undecided
from tests.ledger.books import Books

ROOT = Path(__file__).parent.parent
PAYMENTS = 1_000_000
#: What one pass takes.
DUE = BATCH
ALLOWED_MEGABYTES = 100
#: A copy of a payment has its row numbers moved by so much, in every table.
_STRIDE = 100
#: What is said once in a ledger.
_NAMES = ("reference", "order_key", "transaction_id", "authorization_id", "digest", "buyer")


def main() -> bool:
    with TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/ledger.sqlite"
        _fill(create_engine(uri))
        peak = _peak_megabytes(uri, Path(folder))
    compared = (
        f"peak of `flask fps work --once` at a ledger of {PAYMENTS} payments, {DUE} of them due, against the limit"
    )
    figure = Figure("worker_memory", peak, ALLOWED_MEGABYTES, "MB", "at most", 1.0, compared)
    return publish([figure])


def _fill(engine: Engine) -> None:
    """What is due; and one payment that was made, paid and delivered as any, so many times."""
    upgrade(engine)
    make_undecided(engine, DUE)
    make_due(engine)
    books = Books(engine)
    payment, intent = books.paying(reference="delivered", buyer="John")
    [owed] = books.settle(intent, books.outcome(Result.SUCCESS)).deliveries
    books.ledger.deliveries.hand_over(owed, lambda session: None)
    with writing(engine) as session:
        id = session.scalar(select(PaymentRow.id).where(PaymentRow.reference == payment.reference))
        for table in Base.metadata.sorted_tables:
            if table.name == PaymentRow.__tablename__ or "payment_id" in table.c:
                session.execute(text(_copy(table)), {"payment": id, "copies": PAYMENTS - 1})
    engine.dispose()


def _copy(table: Table) -> str:
    """The statement that copies all rows of one payment: the same story under other names, again and again."""
    names = ", ".join(column.name for column in table.columns)
    of_payment = "id" if table.name == PaymentRow.__tablename__ else "payment_id"
    return (
        "WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < :copies) "
        f"INSERT INTO {table.name} ({names}) SELECT {', '.join(map(_copied, table.columns))} "
        f"FROM copy, {table.name} WHERE {of_payment} = :payment"
    )


def _copied(column: Column[Any]) -> str:
    if column.name == "id" or column.foreign_keys:
        return f"{column.name} + n * {_STRIDE}"
    return f"{column.name} || '-' || n" if column.name in _NAMES else column.name


def _peak_megabytes(uri: str, folder: Path) -> float:
    told = {"FLEET_DATABASE": uri, "FLEET_BOOK": str(folder / "sent"), "FLEET_WORKERS": "1"}
    environment = {**os.environ, "FLASK_APP": "tests.fleet_shop", **told}
    worker = subprocess.Popen([sys.executable, "-m", "flask", "fps", "work", "--once"], cwd=ROOT, env=environment)
    peak = 0.0
    while worker.poll() is None:
        peak = max(peak, _high_water(worker.pid))
        time.sleep(0.02)
    sent = len((folder / "sent").read_text().splitlines())
    assert (worker.returncode, sent) == (0, DUE), f"the worker ended with {worker.returncode} and paid {sent}"
    return peak


def _high_water(pid: int) -> float:
    """What a process has needed at most so far, in MB. What ``wait4`` tells of it may be its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
