"""``make fuzz``: mutated requests to every door of the sandbox, for as long as you like.

    python -m tests.fuzz [--seconds N] [--seed S] [--jobs J] [--world W]

It prints the seed first and the tally last; each problem comes with the line that replays its world. With a
world it plays that one and tells every request.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from itertools import count
from secrets import token_hex

from tests.fuzz.series import play
from tests.fuzz.series import quiet
from tests.fuzz.series import Tally

#: So many problems are printed, and then it is enough.
SHOWN = 20


def main() -> int:
    options = _options()
    print(f"seed {options.seed}", flush=True)
    if options.world is not None:
        return _told(play(options.seed, options.world, tell=True), options.seed)
    total = Tally()
    with multiprocessing.get_context("spawn").Pool(options.jobs, quiet) as pool:
        ends, numbers = time.monotonic() + options.seconds, count()
        while time.monotonic() < ends and len(total.problems) < SHOWN:
            batch = [(options.seed, next(numbers)) for _ in range(4 * options.jobs)]
            for tally in pool.starmap(play, batch, chunksize=1):
                total.add(tally)
    return _told(total, options.seed)


def _told(tally: Tally, seed: str) -> int:
    for problem in tally.problems[:SHOWN]:
        print(f"- {problem}")
    print(f"{tally}\nseed {seed}")
    return 1 if tally.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mutated requests to every door of the sandbox.")
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("FUZZ_SECONDS") or 1200))
    parser.add_argument("--seed", default=os.environ.get("FUZZ_SEED") or token_hex(4))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--world", type=int, help="play this one alone and tell it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
