"""Several real `flask fps work` at one ledger, and what each of them did."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy import text

from tests import postgres
from tests.fleet_shop import make_due
from tests.fleet_shop import make_undecided

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 120.0
_UNDONE = text("SELECT count(*) FROM fps_payments WHERE state <> 'paid'")


@dataclass(frozen=True)
class Sent:
    """One request to the provider."""

    worker: int
    reference: str
    began: float
    ended: float


def run(workers: int, payments: int, folder: Path) -> list[Sent]:
    """Let so many workers pay so many payments; what they sent, in the order of its end."""
    uri, book = postgres.fresh_database(), folder / f"sent by {workers}"
    engine = create_engine(uri)
    make_undecided(engine, payments)
    with _working(workers, uri, book), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        make_due(engine)
        end = time.monotonic() + PATIENCE_SECONDS
        while connection.scalar(_UNDONE):
            assert time.monotonic() < end, "the workers did not come to an end"
            time.sleep(0.05)
    engine.dispose()
    lines = (line.split() for line in book.read_text().splitlines())
    return [Sent(int(worker), reference, float(began), float(ended)) for worker, reference, began, ended in lines]


@contextmanager
def _working(workers: int, uri: str, book: Path) -> Iterator[None]:
    """They are all at work before the block begins, so that none comes too late for its share."""
    told = {"FLEET_DATABASE": uri, "FLEET_BOOK": str(book), "FLEET_WORKERS": str(workers)}
    environment = {**os.environ, "FLASK_APP": "tests.fleet_shop", **told}
    command = [sys.executable, "-m", "flask", "fps", "work", "--pause", "0.05"]
    started = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) for _ in range(workers)]
    try:
        for each in started:
            assert each.stdout is not None
            assert b"is at work" in each.stdout.readline()
        yield
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.communicate()
