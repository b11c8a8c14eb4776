"""How much a second worker helps: ``python -m benchmarks.workers``.

``two_workers``
    Payments per second of two ``flask fps work`` on one PostgreSQL ledger against one of them, at a provider that takes
    50 ms for each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.result import publish
from benchmarks.result import Result
from tests.fleet import run
from tests.fleet import Sent

PAYMENTS = 120
#: They take turns, and the best round of either counts: the machine does other things, too.
ROUNDS = 3
#: What is sent before all workers are there says nothing.
WARM_UP = 20


def main() -> bool:
    with TemporaryDirectory() as folder:
        one, two = zip(
            *((_rate(1, Path(folder), turn), _rate(2, Path(folder), turn)) for turn in range(ROUNDS)), strict=True
        )
    compared = "two `flask fps work` on PostgreSQL against one, at a provider that takes 50 ms for each payment"
    result = Result("two_workers", max(two), max(one), "payments/s", "at least", 1.7, compared)
    return publish([result])


def _rate(workers: int, folder: Path, turn: int) -> float:
    place = folder / f"{workers} {turn}"
    place.mkdir()
    sent = sorted(run(workers, PAYMENTS, place), key=_ended)
    first = max(min(each.began for each in sent if each.worker == worker) for worker in {each.worker for each in sent})
    counted = [each for each in sent[WARM_UP:] if each.began > first]
    return (len(counted) - 1) / (counted[-1].ended - counted[0].ended)


def _ended(sent: Sent) -> float:
    return sent.ended


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
