"""What a benchmark found: one line for people, one entry of ``benchmarks/results.json`` for programs."""

from __future__ import annotations

import json
import operator
import platform
from collections.abc import Iterable
from dataclasses import asdict
from dataclasses import dataclass
from datetime import datetime
from datetime import timezone
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"
_KEPT = {"at least": operator.ge, "at most": operator.le}


@dataclass(frozen=True)
class Result:
    """One figure of ours beside one to measure it by."""

    name: str
    ours: float
    other: float
    unit: str
    #: ``at least`` or ``at most``.
    direction: str
    #: The ratio to reach.
    goal: float
    #: What was compared with what.
    compared: str

    @property
    def ratio(self) -> float:
        return self.ours / self.other

    @property
    def met(self) -> bool:
        return bool(_KEPT[self.direction](self.ratio, self.goal))

    def __str__(self) -> str:
        told = "met" if self.met else "missed"
        return f"{self.name} {self.ratio:.2f} ({self.ours:.4g} / {self.other:.4g}, {self.unit}) goal {told}"

    def plain(self) -> dict[str, object]:
        return asdict(self) | {"ratio": round(self.ratio, 3), "met": self.met}


def publish(results: Iterable[Result]) -> bool:
    """Print and write down; results of other benchmarks stay. True where every goal is met."""
    found = list(results)
    for result in found:
        print(result, flush=True)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    machine = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    stamp = {"measured": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%MZ}", "machine": machine}
    known |= {result.name: result.plain() | stamp for result in found}
    RESULTS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    return all(result.met for result in found)
