from __future__ import annotations

from datetime import timedelta

from flask_fps.ledger.models import HeartbeatRow
from tests.ledger.books import Books

MINUTE = timedelta(minutes=1)


def test_a_worker_is_seen_for_a_while(books: Books) -> None:
    assert not books.ledger.worker_seen(MINUTE)
    books.ledger.beat("host:1")
    assert books.ledger.worker_seen(MINUTE)
    books.clock.advance(MINUTE)
    assert not books.ledger.worker_seen(MINUTE)


def test_each_worker_has_one_row(books: Books) -> None:
    began = books.clock.now
    books.ledger.beat("host:1")
    books.clock.advance(30)
    books.ledger.beat("host:1")
    books.ledger.beat("host:2")

    assert [(row.worker, row.started_at, row.beat_at) for row in books.rows(HeartbeatRow)] == [
        ("host:1", began, books.clock.now),
        ("host:2", books.clock.now, books.clock.now),
    ]


def test_one_dead_worker_does_not_hide_a_living_one(books: Books) -> None:
    books.ledger.beat("host:1")
    books.clock.advance(MINUTE)
    books.ledger.beat("host:2")

    assert books.ledger.worker_seen(MINUTE)
