"""Thousands of histories, each from its own seed; a failure prints its seed and its story.

``SIM_HISTORIES`` asks for more of them, ``SIM_FIRST`` for others, ``SIM_SEED`` for one again.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.history import run

FIRST = int(os.environ.get("SIM_SEED") or os.environ.get("SIM_FIRST") or 0)
COUNT = 1 if "SIM_SEED" in os.environ else int(os.environ.get("SIM_HISTORIES") or 2000)
#: So many are one test.
BATCH = 50


@pytest.mark.parametrize("start", range(FIRST, FIRST + COUNT, BATCH))
def test_whatever_happens_the_money_is_right(start: int) -> None:
    for seed in range(start, min(start + BATCH, FIRST + COUNT)):
        run(seed)
