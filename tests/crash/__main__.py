"""``make crash``: thousands of kills on all cores, and what became of the money.

    python -m tests.crash [--kills N] [--seed S] [--jobs J] [--database D] [--only SCENARIO [WORLD [KILL]]]
                          [--sabotage GUARD]

It prints the seed first and the tally last; each failure comes with the line that replays it. With a
scenario, a world and a kill it plays that one kill and tells its whole story.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from secrets import token_hex

from tests.crash import many
from tests.crash import oracle
from tests.crash.lane import Lane
from tests.crash.sabotage import SABOTAGES
from tests.crash.scenarios import SCENARIOS
from tests.crash.series import one
from tests.crash.series import Series
from tests.crash.series import Tally
from tests.database import KINDS

#: So many failures are printed.
SHOWN = 20


def main() -> int:
    options = _options()
    logging.disable(logging.CRITICAL)
    print(f"seed {options.seed}", flush=True)
    name, world, kill = (*options.only, None, None, None)[:3]
    databases = [options.database] if options.database else KINDS
    if kill is not None:
        return _tell(Series(options.seed, name, int(world), databases[0]), int(kill), options.sabotage)
    started = time.monotonic()
    series = many.plan(options.seed, name, int(world) if world is not None else None, databases)
    tally = many.run(series, options.kills, options.jobs, options.sabotage, _progress)
    print(f"\r{tally}\nseed {options.seed}, {tally.kills / (time.monotonic() - started):.1f} kills a second")
    for problem in tally.problems[:SHOWN]:
        print(f"- {problem}")
    return 1 if tally.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill the shop's processes at every point, and look for the money.")
    parser.add_argument("--kills", type=int, default=int(os.environ.get("CRASH_KILLS") or 3000))
    parser.add_argument("--seed", default=os.environ.get("CRASH_SEED") or token_hex(4))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sabotage", choices=["", *SABOTAGES], default="", help="a guard to switch off")
    parser.add_argument("--database", choices=KINDS, help="otherwise both in turn; for --only one kill: sqlite")
    parser.add_argument("--only", nargs="+", default=[], metavar="SCENARIO [WORLD [KILL]]", help=", ".join(SCENARIOS))
    return parser.parse_args()


def _progress(total: Tally) -> None:
    if sys.stdout.isatty():
        print(f"\r{total} ", end="", flush=True)


def _tell(series: Series, kill: int, sabotage: str) -> int:
    """One kill, with everything that can be known of it."""
    with Lane(sabotage, series.database) as lane:
        print(series.draw)
        tally, _ = one(series, series.open(lane), kill)
        print(json.dumps(lane.ledger()["transactions"], indent=1))
        print("\n".join(oracle.story(lane.files(series.draw.home))))
    print("\n".join([str(tally), *tally.problems]))
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
