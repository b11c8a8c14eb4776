"""``python -m tests.simulation``: many histories on all cores, or one again.

``SIM_SEED=1234`` lives through that one and prints its story. Otherwise ``SIM_HISTORIES`` histories (20,000)
follow from ``SIM_FIRST``, the seed of the first of them (0).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from time import monotonic

from tests.simulation.history import Report
from tests.simulation.history import run
from tests.simulation.world import Violation

#: So many histories are handed to a process at a time.
BATCH = 50


@dataclass
class Totals:
    """What all histories were together."""

    counts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    passes: int = 0

    def add(self, report: Report) -> None:
        self.counts.update(
            histories=1,
            payments=report.payments,
            transactions=report.transactions,
            delivered=report.delivered,
            parked=report.parked,
            crashes=report.crashes,
        )
        self.states += report.states
        self.faults += report.faults
        self.shapes[report.shape] += 1
        self.passes = max(self.passes, report.passes)

    def __iadd__(self, other: Totals) -> Totals:
        self.counts += other.counts
        self.states += other.states
        self.faults += other.faults
        self.shapes += other.shapes
        self.violations += other.violations
        self.passes = max(self.passes, other.passes)
        return self

    def lines(self) -> Iterable[str]:
        counts = self.counts
        yield (
            f"histories {counts['histories']} ({_listed(self.shapes)}), payments {counts['payments']}, "
            f"transactions {counts['transactions']}, delivered {counts['delivered']}, parked {counts['parked']}: "
            f"violations {len(self.violations)}"
        )
        yield f"payments ended {_listed(self.states)}"
        yield f"crashes {counts['crashes']}"
        yield f"exchanges that went wrong {sum(self.faults.values())}: {_listed(self.faults)}"
        yield f"at rest after at most {self.passes} passes"


def live(seeds: Iterable[int]) -> Totals:
    """Live through these histories, and go on after a violation."""
    totals = Totals()
    for seed in seeds:
        try:
            totals.add(run(seed))
        except Violation as violation:
            totals.counts["histories"] += 1
            totals.violations.append(str(violation))
    return totals


def main() -> int:
    if "SIM_SEED" in os.environ:
        return _again(int(os.environ["SIM_SEED"]))
    first, count = int(os.environ.get("SIM_FIRST", "0")), int(os.environ.get("SIM_HISTORIES", "20000"))
    began, totals = monotonic(), Totals()
    batches = [range(start, min(start + BATCH, first + count)) for start in range(first, first + count, BATCH)]
    with ProcessPoolExecutor() as pool:
        for each in pool.map(live, batches):
            totals += each
            _progress(f"{totals.counts['histories']}/{count} histories, {len(totals.violations)} violations")
    print(f"\nseeds {first} to {first + count - 1}, {monotonic() - began:.0f} s")
    print("\n".join(totals.lines()))
    print("\n\n".join(totals.violations[:3]))
    return 1 if totals.violations else 0


def _again(seed: int) -> int:
    try:
        print("\n".join(run(seed).trace))
    except Violation as violation:
        print(violation)
        return 1
    return 0


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in sorted(counted.items()))


if __name__ == "__main__":
    sys.exit(main())
