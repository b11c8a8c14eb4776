"""Two steps on one payment at once, on PostgreSQL: what one has read is still true when it writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from contextlib import suppress
from datetime import timedelta
from typing import Any
from typing import TypeVar

import pytest
from sqlalchemy import event

from flask_fps.errors import Refused
from flask_fps.ledger import Decision
from flask_fps.ledger import Judged
from flask_fps.ledger import moves
from flask_fps.ledger import Opening
from flask_fps.ledger import outbox
from flask_fps.ledger import Proof
from flask_fps.ledger import Windows
from flask_fps.ledger import Wish
from flask_fps.ledger.models import DeliveryRow
from flask_fps.money import Money
from flask_fps.records import Intent
from flask_fps.records import Kind
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.database import still_engine
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import HOUR
from tests.ledger.books import LEASE
from tests.ledger.books import SECOND
from tests.ledger.books import TERMS

T = TypeVar("T")

#: Who has not come to his end by then waits for a lock.
A_MOMENT = 0.3
ADA = Decision("ada", "she knows")
NOTHING = Judged(0, frozenset())


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Books:
    return Books(still_engine("postgresql", monkeypatch))


@contextmanager
def just_before(books: Books, statement: str, act: Callable[[], T]) -> Iterator[Future[T]]:
    """Somebody else acts just before our first such statement; where he has to wait for our locks, he ends after us."""
    us, result = threading.current_thread(), Future[T]()
    begun: list[Future[T]] = []

    def interrupt(connection: Any, cursor: Any, said: str, *_more: Any) -> None:
        if begun or threading.current_thread() is not us or not said.startswith(statement):
            return
        begun.append(other.submit(act))
        with suppress(NotYet):
            begun[0].result(A_MOMENT)

    event.listen(books.engine, "before_cursor_execute", interrupt)
    try:
        with ThreadPoolExecutor(1) as other:
            yield result
    finally:
        event.remove(books.engine, "before_cursor_execute", interrupt)
    assert begun, f"nobody said {statement!r}"
    result.set_result(begun[0].result())


def delivered(books: Books) -> Payment:
    _, intent = books.paying()
    [owed] = books.settle(intent, Result.SUCCESS).deliveries
    books.ledger.deliveries.hand_over(owed, lambda session: None)
    return owed.payment


def row(books: Books) -> DeliveryRow:
    [found] = books.rows(DeliveryRow)
    assert isinstance(found, DeliveryRow)
    return found


# What is taken away


def test_a_message_that_comes_while_its_payment_is_pruned_is_kept(books: Books) -> None:
    """It was acknowledged: nobody will say it again."""
    payment = delivered(books)
    books.clock.advance(31 * DAY)
    chargeback = books.arrival(payment, "a chargeback", "notification")
    with just_before(
        books, "DELETE FROM fps_inbox", lambda: books.ledger.arrivals.keep_notification(chargeback, "valid")
    ) as kept:
        books.ledger.operator.prune(books.clock.now - 30 * DAY, 100)

    assert books.ledger.arrivals.due(10) == [kept.result()]


def test_what_is_written_down_while_a_payment_is_pruned_is_kept(books: Books) -> None:
    payment = delivered(books)
    books.clock.advance(31 * DAY)
    with just_before(books, "DELETE FROM fps_journal", lambda: books.ledger.note(payment.reference, "refund decided")):
        books.ledger.operator.prune(books.clock.now - 30 * DAY, 100)

    assert books.events(payment) == ["refund decided"]


# Deliveries


def abandoned_delivery(books: Books) -> Payment:
    """Paid; whoever claimed the delivery never came to its end, and his claim runs out."""
    payment = books.paid()
    books.clock.advance(LEASE + SECOND)
    return payment


def test_who_delivers_again_takes_nobodys_claim(books: Books) -> None:
    payment = abandoned_delivery(books)
    id = row(books).id
    with (
        just_before(
            books, "UPDATE fps_deliveries", lambda: books.ledger.deliveries.claim(id, books.lease("worker"))
        ) as claimed,
        suppress(Refused),
    ):
        books.ledger.operator.redeliver(payment.reference, ADA, parked=False, handler=None)

    delivery = claimed.result()
    assert row(books).lease_owner == (delivery.owner if delivery else None)


def test_what_is_just_being_claimed_is_not_delivered_again(books: Books) -> None:
    payment = abandoned_delivery(books)
    id = row(books).id

    def again() -> str:
        with pytest.raises(Refused, match="is being delivered right now"):
            books.ledger.operator.redeliver(payment.reference, ADA, parked=False, handler=None)
        return "refused"

    with just_before(books, "SELECT fps_payments", again) as said:
        assert books.ledger.deliveries.claim(id, books.lease("worker")) is not None
    assert said.result() == "refused"


def refund(books: Books, payment: Payment) -> int:
    """All of it, under way."""
    wish = Wish(payment.reference, None, "all")

    def make(payment: Payment, money: Money, reference: str) -> Intent:
        return Intent(reference, Kind.REFUND.value, payment.reference, money, "", {})

    return books.ledger.refunds.ask(wish, make, books.lease("refunder")).id


def test_what_is_not_refunded_after_all_is_delivered(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refund fails just when the delivery of what it gave back is withdrawn."""
    payment = books.paid()
    id = refund(books, payment)
    books.clock.advance(LEASE + SECOND)
    fails = Outcome(Result.FAILURE, code="AccountClosed", transaction_id="TX-refund")
    journal = moves.journal

    def slowly(*story: Any, **more: Any) -> None:
        answered = other.submit(
            lambda: books.ledger.refunds.answered(id, None, fails, books.lease("refunder"), NOTHING)
        )
        with suppress(NotYet):
            answered.result(A_MOMENT)
        journal(*story, **more)

    monkeypatch.setattr(outbox, "journal", slowly)
    with ThreadPoolExecutor(1) as other:
        books.ledger.deliveries.claim(row(books).id, books.lease("worker"))

    assert (books.payment(payment.reference).refunded, row(books).state) == (0, "due")
    assert books.ledger.deliveries.due(10) == [row(books).id]


def test_what_a_refund_is_just_decided_about_waits(books: Books) -> None:
    payment = books.paid()
    id = refund(books, payment)
    books.clock.advance(LEASE + SECOND)
    fails = Outcome(Result.FAILURE, code="AccountClosed", transaction_id="TX-refund")

    def claim() -> object:
        return books.ledger.deliveries.claim(row(books).id, books.lease("worker"))

    with just_before(books, "UPDATE fps_refunds", claim) as claimed:
        books.ledger.refunds.answered(id, None, fails, books.lease("refunder"), NOTHING)

    assert claimed.result() is None
    assert (row(books).state, row(books).lease_owner) == ("due", None)
    assert claim() is not None


# Orders


def recovered(books: Books, payment: Payment) -> State:
    """The provider says that the buyer, who was turned away, had agreed before."""
    proof = Proof("TOKEN", "CC", None, given_at=books.clock.now)
    return books.ledger.accept(proof, books.candidate(payment), books.lease("worker"), TERMS).payment.state


def refused(books: Books) -> Payment:
    payment = books.started(buyer="john")
    return books.ledger.turned_away(payment.reference, books.arrival(payment), None, "refused", "NP")


def test_an_order_that_is_started_anew_is_not_paid_beside_its_buyer(books: Books) -> None:
    payment = refused(books)
    with just_before(books, "INSERT INTO fps_payments", lambda: recovered(books, payment)) as state:
        opening, _ = books.open(buyer="john")

    assert (opening, state.result()) == (Opening.STARTED, State.CANCELLED)


def test_an_order_that_is_being_paid_is_not_started_anew(books: Books) -> None:
    payment = refused(books)
    with just_before(books, "INSERT INTO fps_intents", lambda: books.open(buyer="john")) as opened:
        assert recovered(books, payment) is State.PAYING

    opening, shown = opened.result()
    assert (opening, shown and shown.reference) == (Opening.PAGE, payment.reference)


# Rights


@pytest.mark.parametrize("paid_first", [True, False])
def test_a_purchase_that_is_paid_while_its_guest_signs_in_is_his(books: Books, paid_first: bool) -> None:
    """Whichever of the two is first, the grants are the buyer's."""
    _, intent = books.paying()
    steps: list[Callable[[], object]] = [
        lambda: books.settle(intent, Result.SUCCESS),
        lambda: books.ledger.adopt("guest:john", "john"),
    ]
    first, second = steps if paid_first else reversed(steps)
    with just_before(books, "INSERT INTO fps_journal", second):
        first()

    assert books.ledger.rights.owns("default", "john", ["song"])


def test_a_link_that_is_opened_while_its_guest_signs_in_lends_to_the_buyer(books: Books) -> None:
    payment = books.paid(buyer="jane")
    books.started(buyer="guest:john")
    books.ledger.rights.claim(payment.reference, "guest:john")
    with just_before(books, "UPDATE fps_claims", lambda: books.ledger.rights.claim(payment.reference, "john")):
        books.ledger.adopt("guest:john", "john")

    assert books.ledger.rights.holds(payment.reference, "john")


# The inbox


def test_what_comes_again_while_it_is_dealt_with_is_looked_at_again(books: Books) -> None:
    """A provider that only says that something has changed says it in the same words each time."""
    changed = books.arrival(books.started(), "changed", "notification")
    id = books.ledger.arrivals.keep_notification(changed, "valid", again=True)
    assert id is not None
    waiting = books.ledger.arrivals.claim(id, books.lease())
    assert waiting is not None
    books.clock.advance(SECOND)
    assert books.ledger.arrivals.keep_notification(changed, "valid", again=True) == id
    books.ledger.arrivals.finish(id, "pending", "valid", waiting.received_at)
    assert books.ledger.arrivals.due(10) == [id]

    once_more = books.ledger.arrivals.claim(id, books.lease())
    assert once_more is not None
    books.ledger.arrivals.finish(id, "success", "valid", once_more.received_at)
    assert books.ledger.arrivals.due(10) == []


# Requests


def test_of_two_who_would_make_the_next_request_one_does(books: Books) -> None:
    payment, intent = books.paying()
    retriable = Outcome(Result.FAILURE, code="InsufficientBalance", retryable=True)
    books.settle(intent, retriable)
    second = books.candidate(payment, 2)
    windows = Windows(3 * HOUR, timedelta(days=6))
    taken = books.ledger.take(second, books.lease(), windows, early=True)
    assert taken is not None
    books.settle(taken.intent, retriable)

    assert books.ledger.take(second, books.lease("late"), windows, early=True) is None
    assert books.payment(payment.reference).state is State.AUTHORIZED
