from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.ledger import ClaimLost
from flask_fps.ledger import COMPLETED
from flask_fps.ledger import Delivery
from flask_fps.ledger.models import DeliveryRow
from flask_fps.ledger.models import ParkedRow
from flask_fps.ledger.outbox import ATTEMPTS_MAX
from flask_fps.records import Result
from tests.ledger.books import Books
from tests.ledger.books import LEASE
from tests.ledger.books import SECOND


@pytest.fixture
def delivery(books: Books) -> Delivery:
    """What is owed for a payment that was paid a moment ago, claimed by who learned it."""
    _, intent = books.paying()
    [owed] = books.settle(intent, Result.SUCCESS, handlers=["mail"]).deliveries
    return owed


def row_of(books: Books, handler: str = COMPLETED) -> DeliveryRow:
    [row] = books.rows(DeliveryRow, handler=handler)
    assert isinstance(row, DeliveryRow)
    return row


def test_the_first_delivery_is_claimed_by_who_learned_of_the_payment(books: Books, delivery: Delivery) -> None:
    reference = delivery.payment.reference

    assert books.ledger.deliveries.claim(delivery.id, books.lease("another")) is None
    assert books.ledger.deliveries.due(10) == [row_of(books, "mail").id]
    assert books.ledger.deliveries.due_of(reference, named=False) == []
    assert books.ledger.deliveries.due_of(reference, named=True) == [row_of(books, "mail").id]


def test_a_delivery_whose_worker_died_is_free_after_its_lease(books: Books, delivery: Delivery) -> None:
    books.clock.advance(LEASE)

    assert books.ledger.deliveries.due_of(delivery.payment.reference, named=False) == [delivery.id]
    claimed = books.ledger.deliveries.claim(delivery.id, books.lease("another"))
    assert claimed is not None
    assert (claimed.owner, claimed.handler, claimed.payment) == ("another", COMPLETED, delivery.payment)
    with pytest.raises(ClaimLost):
        books.ledger.deliveries.mark(delivery)
    books.ledger.deliveries.mark(claimed)


def test_the_mark_is_final(books: Books, delivery: Delivery) -> None:
    books.clock.advance(3)
    books.ledger.deliveries.mark(delivery)

    row = row_of(books)
    assert (row.state, row.delivered_at, row.due_at, row.lease_owner) == ("done", books.clock.now, None, None)
    assert books.payment(delivery.payment.reference).delivered_at == books.clock.now
    assert books.events(delivery.payment)[-1] == "delivered"
    books.clock.advance(LEASE)
    assert books.ledger.deliveries.claim(delivery.id, books.lease("another")) is None
    with pytest.raises(ClaimLost):
        books.ledger.deliveries.mark(delivery)


def test_a_named_handler_has_a_row_of_its_own(books: Books, delivery: Delivery) -> None:
    mail = books.ledger.deliveries.claim(row_of(books, "mail").id, books.lease())
    assert mail is not None
    books.ledger.deliveries.mark(mail)

    assert row_of(books, "mail").state == "done"
    assert row_of(books).state == "due"
    assert books.payment(delivery.payment.reference).delivered_at is None


def test_a_lease_is_renewed_for_who_holds_it(books: Books, delivery: Delivery) -> None:
    books.clock.advance(LEASE - SECOND)
    assert books.ledger.deliveries.renew(delivery, LEASE)
    books.clock.advance(LEASE - SECOND)
    assert books.ledger.deliveries.claim(delivery.id, books.lease("another")) is None
    books.clock.advance(SECOND)
    assert books.ledger.deliveries.claim(delivery.id, books.lease("another")) is not None
    assert not books.ledger.deliveries.renew(delivery, LEASE)


def test_a_handler_that_raised_is_tried_again_later(books: Books, delivery: Delivery) -> None:
    assert books.ledger.deliveries.failed(delivery, "ValueError: no") is False

    row = row_of(books)
    assert (row.state, row.attempts, row.last_error) == ("due", 1, "ValueError: no")
    assert (row.lease_owner, row.due_at) == (None, books.clock.now + 5 * SECOND)
    assert books.ledger.deliveries.due_of(delivery.payment.reference, named=False) == []
    assert books.ledger.deliveries.claim(delivery.id, books.lease("impatient")) is None
    assert books.events(delivery.payment)[-1] == "delivery failed"


def test_a_handler_that_keeps_raising_is_put_before_a_person(books: Books, delivery: Delivery) -> None:
    owed: Delivery | None = delivery
    for attempt in range(1, ATTEMPTS_MAX + 1):
        assert owed is not None
        assert books.ledger.deliveries.failed(owed, "ValueError: no") is (attempt == ATTEMPTS_MAX)
        books.clock.advance(timedelta(hours=2))
        owed = books.ledger.deliveries.claim(delivery.id, books.lease())

    assert owed is None
    payment = books.payment(delivery.payment.reference)
    assert payment.parked_reason == "paid, but payment_completed raised 10 times, last: ValueError: no"
    assert (payment.is_paid, payment.delivered_at) == (True, None)
    [parked] = books.rows(ParkedRow)
    assert parked.delivery_id == delivery.id
    assert books.ledger.deliveries.due(10) == [row_of(books, "mail").id]


def test_who_lost_the_claim_notes_no_failure(books: Books, delivery: Delivery) -> None:
    books.clock.advance(LEASE)
    books.ledger.deliveries.claim(delivery.id, books.lease("another"))

    assert books.ledger.deliveries.failed(delivery, "late") is False
    row = row_of(books)
    assert (row.attempts, row.lease_owner) == (0, "another")


def test_a_claim_given_back_is_free_at_once(books: Books, delivery: Delivery) -> None:
    books.ledger.deliveries.give_back(delivery)

    assert books.ledger.deliveries.claim(delivery.id, books.lease("another")) is not None
    books.ledger.deliveries.give_back(delivery)  # not his any more
    assert row_of(books).lease_owner == "another"


def test_a_delivery_put_off_is_not_due_before(books: Books, delivery: Delivery) -> None:
    books.ledger.deliveries.give_back(delivery, wait=30 * SECOND)

    assert books.ledger.deliveries.due_of(delivery.payment.reference, named=False) == []
    books.clock.advance(30)
    assert books.ledger.deliveries.due_of(delivery.payment.reference, named=False) == [delivery.id]
    assert row_of(books).attempts == 0
