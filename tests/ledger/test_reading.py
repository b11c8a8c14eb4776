from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import GrantRow
from flask_fps.ledger.reading import locked_row
from flask_fps.records import FINAL
from flask_fps.records import Item
from flask_fps.records import Outcome
from flask_fps.records import Result
from flask_fps.records import State
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import HOUR
from tests.ledger.books import JANE
from tests.ledger.books import JOHN
from tests.ledger.books import SONG

ALBUM = Item("album", 5, "The album", quantity=2, data={"format": "flac"})


def test_grants_bring_back_what_the_shop_noted(books: Books) -> None:
    payment = books.paid(SONG, ALBUM)

    assert [
        (grant.sku, grant.quantity, grant.data, grant.payment)
        for grant in books.ledger.rights.grants(payment.reference)
    ] == [
        ("song", 1, None, payment.reference),
        ("album", 2, {"format": "flac"}, payment.reference),
    ]
    assert books.ledger.rights.grants("nothing") == []


def test_who_owns_what(books: Books) -> None:
    books.paid(SONG, ALBUM)

    assert books.ledger.rights.owns("default", JOHN, ["song"])
    assert books.ledger.rights.owns("default", JOHN, ["album", "song"])
    assert not books.ledger.rights.owns("default", JOHN, ["song", "another"])
    assert not books.ledger.rights.owns("default", JANE, ["song"])
    assert not books.ledger.rights.owns("eu", JOHN, ["song"])


@pytest.mark.parametrize("state", [state for state in State if state is not State.PAID])
def test_what_is_not_paid_is_not_owned(books: Books, state: State) -> None:
    books.force(books.started(), state=state)

    assert not books.ledger.rights.owns("default", JOHN, ["song"])
    assert books.ledger.rights.purchases(["default"], JOHN) == []


def test_purchases_are_newest_first_and_only_what_is_still_owned(books: Books) -> None:
    first, second = books.paid(), books.paid(ALBUM)
    books.paid(buyer=JANE)
    assert [each.reference for each in books.ledger.rights.purchases(["default"], JOHN)] == [
        second.reference,
        first.reference,
    ]
    with writing(books.engine) as session:
        session.query(GrantRow).filter_by(sku="album").update({"revoked_at": books.clock.now})

    assert [each.reference for each in books.ledger.rights.purchases(["default"], JOHN)] == [first.reference]
    assert not books.ledger.rights.owns("default", JOHN, ["album"])


def test_a_payment_is_found_by_any_of_its_names(books: Books) -> None:
    payment, intent = books.paying()
    books.ledger.begun(payment, "https://provider.example/7", "7", books.clock.now + HOUR)

    assert books.ledger.payment_of_intent(intent.reference) == books.payment(payment.reference)
    assert books.ledger.payment_of_intent(payment.reference) == books.payment(payment.reference)
    assert books.ledger.payment_by_handle("default", "7") == books.payment(payment.reference)
    assert books.ledger.payment_by_handle("eu", "7") is None
    assert books.ledger.payment_of_intent("nothing") is None
    assert books.ledger.intent_named(intent.reference) == books.ledger.intent(payment.reference)
    assert books.ledger.intent_named("nothing") is None
    assert books.ledger.payment("nothing") is None


def test_unfinished_is_what_may_still_move(books: Books) -> None:
    for number, state in enumerate(State):
        books.force(books.started(key=f"order-{number}"), state=state)
    found = [books.payment(reference).state for reference in books.ledger.unfinished_payments()]

    assert set(found) == set(State) - FINAL


def test_transactions_as_the_ledger_has_them(books: Books) -> None:
    _, old = books.paying(key="old")
    books.settle(old, Outcome(Result.SUCCESS, "TX1"))
    books.clock.advance(DAY)
    payment, intent = books.paying(buyer=JANE)
    books.settle(intent, Outcome(Result.PENDING, "TX2"))
    [found] = books.ledger.transactions_since("default", books.clock.now - HOUR)

    assert (found.transaction_id, found.payment, found.intent) == ("TX2", payment.reference, intent.reference)
    assert (found.result, found.money, found.is_paid) == (Result.PENDING, payment.money, False)
    assert books.ledger.transactions_since("eu", books.clock.now - 2 * DAY) == []


def test_what_is_due_and_nobody_does_is_counted(books: Books) -> None:
    _, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    books.settle(books.paying(buyer=JANE)[1], Outcome(Result.SUCCESS, "TX1"), handlers=["mail"])
    assert books.ledger.unseen(timedelta(minutes=5)) == 0
    books.clock.advance(timedelta(minutes=6))

    assert books.ledger.unseen(timedelta(minutes=5)) == 3


def test_a_step_about_no_payment_of_ours_is_a_mistake(books: Books) -> None:
    with (
        pytest.raises(LookupError, match="no payment 'nothing' in this ledger: `flask fps list` shows"),
        writing(books.engine) as session,
    ):
        locked_row(session, "nothing")
