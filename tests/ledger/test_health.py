from __future__ import annotations

from datetime import timedelta

from flask_fps.ledger import Backlog
from flask_fps.records import Result
from tests.ledger.books import Books


def backlog(books: Books) -> Backlog:
    return books.ledger.operator.backlog(books.clock.now - timedelta(minutes=5))


def test_an_empty_ledger_waits_for_nothing(books: Books) -> None:
    found = backlog(books)

    assert (found.parked, found.worker_seen_at) == (0, None)
    assert {name: queue.due for name, queue in found.queues.items()} == dict.fromkeys(
        ("payments", "messages", "releases", "refunds", "deliveries"), 0
    )


def test_what_is_due_counts_once_nobody_came_for_five_minutes(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.SUCCESS)
    due = books.clock.now
    books.ledger.arrivals.keep_notification(books.arrival(payment, source="notification"), "could_not_tell")
    books.clock.advance(299)
    assert not any(queue.due for queue in backlog(books).queues.values())
    books.clock.advance(1)
    queues = backlog(books).queues

    assert (queues["deliveries"].due, queues["messages"].due, queues["payments"].due) == (1, 1, 0)
    assert queues["deliveries"].since == due


def test_parked_payments_count_once_each(books: Books) -> None:
    payment = books.started()
    books.ledger.park(payment.reference, "look")
    books.ledger.park(payment.reference, "look again")

    assert backlog(books).parked == 1


def test_the_newest_worker_is_seen(books: Books) -> None:
    books.ledger.beat("one")
    books.clock.advance(10)
    books.ledger.beat("two")

    assert backlog(books).worker_seen_at == books.clock.now
