from __future__ import annotations

import pytest

from flask_fps.ledger import Release
from flask_fps.ledger.models import ReleaseRow
from flask_fps.records import Result
from flask_fps.records import State
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import LEASE
from tests.ledger.books import SECOND


@pytest.fixture
def release(books: Books) -> Release:
    """What is owed back of a payment that failed, claimed."""
    _, intent = books.paying()
    books.settle(intent, Result.FAILURE)
    [id] = books.ledger.releases.due(10)
    claimed = books.ledger.releases.claim(id, books.lease("one"))
    assert claimed is not None
    return claimed


def test_an_authorization_that_will_not_be_paid_with_is_owed_back_from_the_same_step_on(books: Books) -> None:
    payment, intent = books.paying()
    assert books.rows(ReleaseRow) == []
    books.settle(intent, Result.FAILURE)

    [row] = books.rows(ReleaseRow)
    assert (row.authorization_id, row.created_at, row.due_at) == ("TOKEN", books.clock.now, books.clock.now)
    assert books.ledger.releases.due(10) == books.ledger.releases.due_of(payment.reference) == [row.id]
    assert books.ledger.releases.due_of("another") == []


def test_what_was_paid_with_is_never_given_back(books: Books) -> None:
    books.paid()

    assert books.rows(ReleaseRow) == []


def test_one_at_a_time_gives_it_back(books: Books, release: Release) -> None:
    assert (release.authorization_id, release.payment.state) == ("TOKEN", State.FAILED)
    assert books.ledger.releases.due(10) == []
    assert books.ledger.releases.claim(release.id, books.lease("two")) is None
    books.clock.advance(LEASE)
    assert books.ledger.releases.claim(release.id, books.lease("two")) is not None


def test_an_answer_ends_it(books: Books, release: Release) -> None:
    books.ledger.releases.ended(release, "cancelled", "done")
    books.ledger.releases.ended(release, "cancelled", "and again")
    books.clock.advance(DAY)

    assert books.ledger.releases.due(10) == []
    assert books.ledger.releases.claim(release.id, books.lease()) is None
    assert books.events(release.payment).count("authorization given back") == 1


def test_no_answer_is_tried_again_later(books: Books, release: Release) -> None:
    books.ledger.releases.postpone(release)

    assert books.ledger.releases.due(10) == []
    books.clock.advance(5 * SECOND)
    assert books.ledger.releases.due(10) == [release.id]


def test_the_same_authorization_is_owed_once(books: Books, release: Release) -> None:
    payment = release.payment
    books.accept(payment, token="SECOND")
    books.accept(payment, token="SECOND", body="once more")

    assert [row.authorization_id for row in books.rows(ReleaseRow)] == ["TOKEN", "SECOND"]
