"""Many workers at one PostgreSQL ledger share the work, and none of it is done twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.fleet import run

PAYMENTS = 36
WORKERS = 3


def test_workers_of_a_fleet_share_the_work_without_doing_it_twice(tmp_path: Path) -> None:
    sent = run(WORKERS, PAYMENTS, tmp_path)
    shares = Counter(each.worker for each in sent)

    assert len(sent) == len({each.reference for each in sent}) == PAYMENTS
    assert len(shares) == WORKERS, shares
    assert any(one.began < other.ended and other.began < one.ended for one in sent for other in sent if one != other)
