"""All of them, one after the other: ``python -m benchmarks`` (``make bench``). Fails where a goal is missed."""

from __future__ import annotations

import sys

from benchmarks import memory
from benchmarks import sandbox
from benchmarks import workers

met = [measure() for measure in (sandbox.main, workers.main, memory.main)]
sys.exit(0 if all(met) else 1)
