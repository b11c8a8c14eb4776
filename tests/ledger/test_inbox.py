from __future__ import annotations

from datetime import timedelta

from flask_fps.ledger import Arrival
from flask_fps.ledger.models import InboxRow
from flask_fps.records import State
from tests.ledger.books import Books
from tests.ledger.books import LEASE
from tests.ledger.books import SECOND


def posted(body: bytes = b"transactionId=TX1", payment: str | None = None) -> Arrival:
    return Arrival("notification", "https://shop.example/fps/ipn", body, "default", "fps", payment)


def test_what_arrives_is_kept_byte_for_byte_before_anything_is_done(books: Books) -> None:
    payment = books.started()
    body = b"a=%e9&b=\xff\x00+"
    id = books.ledger.arrivals.keep_notification(posted(body, payment.reference), "valid")

    [row] = books.rows(InboxRow)
    assert (row.id, row.body, row.source, row.url) == (id, body, "notification", "https://shop.example/fps/ipn")
    assert (row.verdict, row.received_at, row.done_at) == ("valid", books.clock.now, None)
    assert books.ledger.arrivals.due(10) == [id]
    assert books.ledger.arrivals.due_of(payment.reference) == [id]


def test_the_same_message_is_kept_once(books: Books) -> None:
    first = books.ledger.arrivals.keep_notification(posted(), "valid")

    assert books.ledger.arrivals.keep_notification(posted(), "valid") == first
    assert books.ledger.arrivals.keep_notification(posted(b"another"), "valid") != first
    assert len(books.rows(InboxRow)) == 2


def test_the_same_words_at_another_address_are_another_message(books: Books) -> None:
    payment = books.started()
    one, two = posted(), Arrival("return", payment.return_url, b"transactionId=TX1", "default", "fps")

    assert one.digest != two.digest
    assert books.ledger.arrivals.keep_notification(one, "valid") != books.ledger.arrivals.keep_notification(
        two, "valid"
    )


def test_a_message_that_was_dealt_with_is_nobodys_work(books: Books) -> None:
    id = books.ledger.arrivals.keep_notification(posted(), "valid")
    assert id is not None
    books.ledger.arrivals.finish(id, "success TX1", "valid")

    assert books.ledger.arrivals.keep_notification(posted(), "valid") is None
    assert books.ledger.arrivals.due(10) == []
    assert books.ledger.arrivals.claim(id, books.lease()) is None
    [row] = books.rows(InboxRow)
    assert (row.note, row.done_at, row.lease_owner) == ("success TX1", books.clock.now, None)


def test_one_at_a_time_processes_a_message(books: Books) -> None:
    payment = books.started()
    arrival = posted(payment=payment.reference)
    id = books.ledger.arrivals.keep_notification(arrival, "valid")
    assert id is not None
    waiting = books.ledger.arrivals.claim(id, books.lease("one"))

    assert waiting is not None
    assert (waiting.id, waiting.arrival) == (id, arrival)
    assert books.ledger.arrivals.claim(id, books.lease("two")) is None
    assert books.ledger.arrivals.due(10) == []
    books.clock.advance(LEASE)
    assert books.ledger.arrivals.due(10) == [id]
    assert books.ledger.arrivals.claim(id, books.lease("two")) is not None


def test_a_message_that_could_not_be_judged_waits_longer_and_longer(books: Books) -> None:
    id = books.ledger.arrivals.keep_notification(posted(), "could_not_tell")
    assert id is not None
    waits = []
    for _ in range(3):
        waiting = books.ledger.arrivals.claim(id, books.lease())
        assert waiting is not None
        books.ledger.arrivals.postpone(waiting, "no answer")
        [row] = books.rows(InboxRow)
        waits.append(row.due_at - books.clock.now)
        assert (row.note, row.lease_owner, row.done_at) == ("no answer", None, None)
        assert books.ledger.arrivals.due(10) == []
        books.clock.advance(waits[-1])
        assert books.ledger.arrivals.due(10) == [id]

    assert waits == [5 * SECOND, 10 * SECOND, 20 * SECOND]


def test_a_return_that_waited_is_done_when_it_is_accepted(books: Books) -> None:
    payment = books.started()
    arrival = books.arrival(payment, "status=SC&tokenID=TOKEN")
    books.ledger.arrivals.keep_return(arrival, "could_not_tell")
    assert len(books.ledger.arrivals.due_of(payment.reference)) == 1
    books.accept(payment)

    [row] = books.rows(InboxRow)
    assert (row.verdict, row.done_at) == ("valid", books.clock.now)
    assert books.ledger.arrivals.due(10) == []


def test_a_return_without_authorization_is_noted(books: Books) -> None:
    payment = books.started()
    turned = books.ledger.turned_away(payment.reference, books.arrival(payment), None, "abandoned", "A")

    assert turned.state is State.ABANDONED
    entry = books.ledger.journal(payment.reference)[-1]
    assert (entry.to_state, entry.detail) == ("abandoned", {"why": "A"})
    [row] = books.rows(InboxRow)
    assert row.done_at == books.clock.now


def test_a_return_without_authorization_does_not_undo_one_with(books: Books) -> None:
    payment, _ = books.paying()
    turned = books.ledger.turned_away(payment.reference, books.arrival(payment, "status=A"), None, "abandoned", "A")

    assert turned.state is State.PAYING
    assert books.events(payment)[-1] == "return"


def test_the_oldest_message_comes_first_and_no_more_than_asked(books: Books) -> None:
    ids = []
    for number in range(5):
        ids.append(books.ledger.arrivals.keep_notification(posted(b"%d" % number), "valid"))
        books.clock.advance(timedelta(seconds=1))

    assert books.ledger.arrivals.due(3) == ids[:3]


def test_a_message_about_nobody_is_kept_too(books: Books) -> None:
    id = books.ledger.arrivals.keep_notification(posted(payment="no such payment"), "valid")

    [row] = books.rows(InboxRow)
    assert (row.id, row.payment_id) == (id, None)
    assert books.ledger.arrivals.due_of("no such payment") == []


def test_a_payment_waits_while_a_message_about_it_does(books: Books) -> None:
    payment = books.started()
    assert not books.ledger.arrivals.waits(payment.reference)
    id = books.ledger.arrivals.keep_notification(posted(payment=payment.reference), "could_not_tell")
    assert id is not None
    waiting = books.ledger.arrivals.claim(id, books.lease())
    assert waiting is not None
    books.ledger.arrivals.postpone(waiting, "no answer")
    assert books.ledger.arrivals.waits(payment.reference)
    books.ledger.arrivals.finish(id, "done")
    assert not books.ledger.arrivals.waits(payment.reference)
