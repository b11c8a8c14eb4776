from __future__ import annotations

from datetime import datetime
from datetime import timezone

import pytest

from flask_fps.ledger import Search
from flask_fps.money import Money
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import JANE
from tests.ledger.books import JOHN


def found(books: Books, **search: object) -> list[str]:
    page = books.ledger.operator.page(Search(**search), 50)  # type: ignore[arg-type]
    return [payment.reference for payment in page.payments]


def paid(books: Books, sku: str, price: object = "0.10", **changes: object) -> Payment:
    return books.paid(Item(sku, str(price), sku), **changes)


def test_pages_follow_each_other_without_gap_or_repetition(books: Books) -> None:
    made = [books.started(Item(f"song-{number}", 1, "song")).reference for number in range(7)]
    assert books.clock.now == books.payment(made[0]).created_at  # all at the same moment
    pages, after = [], None
    while True:
        page = books.ledger.operator.page(Search(), 3, after)
        pages.append([payment.reference for payment in page.payments])
        if page.next is None:
            break
        after = page.next

    assert [len(page) for page in pages] == [3, 3, 1]
    assert sum(pages, []) == made[::-1]


def test_a_full_last_page_has_no_next(books: Books) -> None:
    books.started()

    assert books.ledger.operator.page(Search(), 1).next is None


@pytest.mark.parametrize("name", ["reference", "buyer", "payer", "transaction", "intent", "order key"])
def test_a_payment_is_found_by_whatever_it_is_called(books: Books, name: str) -> None:
    _, intent = books.paying(key="order-7", buyer=JANE)
    outcome = books.outcome(Result.SUCCESS, transaction_id="TX7", payer="jane@example.com")
    payment = books.settle(intent, outcome).payment
    paid(books, "another", buyer=JOHN)
    names = {
        "reference": payment.reference,
        "buyer": JANE,
        "payer": "Jane@Example.com",
        "transaction": "TX7",
        "intent": intent.reference,
        "order key": "order-7",
    }

    assert found(books, text=f" {names[name]} ") == [payment.reference]


@pytest.mark.parametrize("text", ["%", "_", "payment", "' OR 1=1 --", "\x00", "🎵" * 50])
def test_what_nothing_is_called_finds_nothing(books: Books, text: str) -> None:
    books.started()

    assert found(books, text=text) == []


def test_filters_narrow_together(books: Books) -> None:
    first = paid(books, "first")
    books.clock.advance(DAY)
    second = books.started(Item("second", 1, "second"))
    books.ledger.park(second.reference, "look at this")
    day = books.clock.now

    assert found(books) == [second.reference, first.reference]
    assert found(books, state=State.PAID) == [first.reference]
    assert found(books, parked=True) == [second.reference]
    assert found(books, since=day) == [second.reference]
    assert found(books, until=day) == [first.reference]
    assert found(books, state=State.PAID, since=day) == []
    assert found(books, text=JOHN, parked=True) == [second.reference]


def test_takings_of_each_day(books: Books) -> None:
    paid(books, "old")
    books.clock.advance(3 * DAY)
    paid(books, "a", "0.10")
    paid(books, "b", "1.00")
    books.clock.advance(DAY)
    paid(books, "c", "2.00")
    books.started(Item("d", 1, "d"))
    today = datetime(2026, 3, 5, tzinfo=timezone.utc)
    takings = books.ledger.operator.daily(today, 3)

    assert [(each.day.day, each.payments, each.money) for each in takings] == [
        (4, 2, Money(110, "USD")),
        (5, 1, Money(200, "USD")),
    ]


def test_a_transaction_tells_its_payment(books: Books) -> None:
    payment = paid(books, "song")

    def owner(transaction: str | None, account: str = "default") -> str | None:
        return books.ledger.operator.payment_of_transaction(account, "fps", transaction or "")

    assert owner(payment.transaction_id) == payment.reference
    assert owner("TX-of-nobody") is None and owner(payment.transaction_id, "another") is None
