from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flask_fps.ledger import Pruned
from flask_fps.ledger.models import DeliveryRow
from flask_fps.ledger.models import GrantRow
from flask_fps.ledger.models import InboxRow
from flask_fps.ledger.models import IntentRow
from flask_fps.ledger.models import JournalRow
from flask_fps.ledger.models import ParkedRow
from flask_fps.ledger.models import PaymentRow
from flask_fps.ledger.models import TransactionRow
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import Result
from tests.ledger.books import Books
from tests.ledger.books import DAY

LASTING = (PaymentRow, IntentRow, TransactionRow, GrantRow, DeliveryRow, ParkedRow)


def delivered(books: Books, sku: str = "song") -> Payment:
    _, intent = books.paying(Item(sku, 1, sku))
    [owed] = books.settle(intent, books.outcome(Result.SUCCESS, transaction_id=f"TX-{sku}")).deliveries
    books.ledger.deliveries.hand_over(owed, lambda session: None)
    return owed.payment


def prune(books: Books, after: timedelta = 31 * DAY) -> Pruned:
    books.clock.advance(after)
    return books.ledger.operator.prune(books.clock.now - 30 * DAY, 100)


def test_what_is_over_loses_its_story_and_nothing_else(books: Books) -> None:
    payment = delivered(books)
    kept = {model: books.rows(model) for model in LASTING}
    done = prune(books)

    assert (done.payments, done.messages) == (1, 1)
    assert done.journal >= 5
    assert books.rows(InboxRow) == [] and books.rows(JournalRow) == []
    assert {model: len(books.rows(model)) for model in LASTING} == {model: len(rows) for model, rows in kept.items()}
    assert books.payment(payment.reference).is_paid
    assert books.ledger.rights.owns("default", payment.buyer, ["song"])
    assert prune(books, timedelta()) == Pruned()


def test_what_is_young_stays(books: Books) -> None:
    delivered(books)

    assert prune(books, 29 * DAY) == Pruned()


def _started(books: Books) -> Payment:
    return books.started()


def _unknown(books: Books) -> Payment:
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    return payment


def _undelivered(books: Books) -> Payment:
    return books.paid()


def _parked(books: Books) -> Payment:
    payment = delivered(books)
    return books.ledger.park(payment.reference, "a contradiction")


def _message_waits(books: Books) -> Payment:
    payment = delivered(books)
    books.ledger.arrivals.keep_notification(books.arrival(payment, source="notification"), "could_not_tell")
    return payment


def _heard_of_lately(books: Books) -> Payment:
    payment = delivered(books)
    books.clock.advance(20 * DAY)
    books.ledger.note(payment.reference, "asked for a receipt")
    return payment


@pytest.mark.parametrize("open", [_started, _unknown, _undelivered, _parked, _message_waits, _heard_of_lately])
def test_what_is_not_over_keeps_everything(books: Books, open: Callable[[Books], Payment]) -> None:
    payment = open(books)
    story = books.events(payment)

    assert books.ledger.operator.prunable(books.clock.now + DAY) == 0 or open is _heard_of_lately
    assert prune(books, 40 * DAY if open is not _heard_of_lately else 20 * DAY) == Pruned()
    assert books.events(payment) == story


def test_it_is_done_piece_by_piece(books: Books) -> None:
    for number in range(3):
        delivered(books, f"song-{number}")
    books.clock.advance(31 * DAY)
    before = books.clock.now - 30 * DAY
    assert books.ledger.operator.prunable(before) == 3

    assert [books.ledger.operator.prune(before, 2).payments for _ in range(3)] == [2, 1, 0]


def test_messages_about_nothing_of_ours_go_too(books: Books) -> None:
    arrival = books.arrival(books.started(), source="notification")
    stray = type(arrival)("notification", arrival.url, b"about another shop", "default", "fps")
    id = books.ledger.arrivals.keep_notification(stray, "valid")
    assert id is not None
    books.clock.advance(31 * DAY)
    before = books.clock.now - 30 * DAY
    assert books.ledger.operator.prune_strays(before) == 0  # nobody has looked at it yet
    books.ledger.arrivals.finish(id, "not about a payment of this ledger", "valid")

    assert books.ledger.operator.prune_strays(before) == 1
    assert books.rows(InboxRow) == []
