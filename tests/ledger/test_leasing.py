from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.ledger import Taken
from flask_fps.ledger import Task
from flask_fps.ledger import Windows
from flask_fps.ledger.models import IntentRow
from flask_fps.ledger.models import PaymentRow
from flask_fps.records import FINAL
from flask_fps.records import Intent
from flask_fps.records import Item
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.ledger.books import ASK_AFTER
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import HOUR
from tests.ledger.books import JANE
from tests.ledger.books import LEASE
from tests.ledger.books import SECOND

WINDOWS = Windows(3 * HOUR, 6 * DAY)


def take(
    books: Books, payment: Payment, *, owner: str = "worker", number: int = 2, early: bool = False
) -> Taken | None:
    return books.ledger.take(books.candidate(payment, number), books.lease(owner), WINDOWS, early=early)


def taken(books: Books, payment: Payment, *, owner: str = "worker", number: int = 2, early: bool = False) -> Taken:
    found = take(books, payment, owner=owner, number=number, early=early)
    assert found is not None
    return found


def unknown(books: Books) -> tuple[Payment, Intent]:
    """A payment whose answer was lost once, and that is due."""
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    books.clock.advance(LEASE)
    return payment, intent


def test_nobody_takes_what_another_holds(books: Books) -> None:
    payment, _ = books.paying()
    books.clock.advance(LEASE - SECOND)

    assert take(books, payment) is None
    assert take(books, payment, early=True) is None
    assert books.ledger.due_payments(10) == []


def test_a_lease_that_ran_out_is_free_for_one(books: Books) -> None:
    payment, intent = books.paying()
    books.clock.advance(LEASE)

    assert books.ledger.due_payments(10) == [payment.reference]
    found = taken(books, payment, owner="one")
    assert (found.task, found.intent.reference, found.intent.sends) == (Task.SEND, intent.reference, 2)
    assert take(books, payment, owner="two") is None
    [row] = books.rows(PaymentRow)
    assert (row.lease_owner, row.lease_until, row.due_at) == ("one", books.clock.now + LEASE, row.lease_until)


def test_who_comes_too_early_waits(books: Books) -> None:
    payment, intent = books.paying()
    settled = books.settle(intent, Result.UNKNOWN)

    assert settled.payment.due_at == books.clock.now + 5 * SECOND
    assert take(books, payment) is None
    assert taken(books, payment, early=True).task is Task.SEND


def test_what_is_held_is_not_listed_as_due_even_where_its_time_has_come(books: Books) -> None:
    payment, _ = books.paying()
    books.force(payment, due_at=books.clock.now)

    assert books.ledger.due_payments(10) == []


def test_the_first_resend_is_sent_at_once_every_later_one_is_looked_for_before(books: Books) -> None:
    payment, _ = unknown(books)

    assert taken(books, payment, owner="one").task is Task.SEND
    books.clock.advance(LEASE)
    assert taken(books, payment, owner="two").task is Task.FIND
    assert [row.sends for row in books.rows(IntentRow)] == [2]


@pytest.mark.parametrize(("waited", "task"), [(6 * DAY - LEASE, Task.SEND), (6 * DAY - LEASE + SECOND, Task.FIND)])
def test_nothing_is_sent_again_once_the_provider_may_have_forgotten_it(
    books: Books, waited: timedelta, task: Task
) -> None:
    payment, _ = unknown(books)
    books.clock.advance(waited)

    assert taken(books, payment).task is task


def test_a_send_that_a_crash_cut_off_long_ago_is_only_looked_for(books: Books) -> None:
    payment, _ = books.paying()
    books.clock.advance(8 * DAY)

    assert taken(books, payment).task is Task.FIND
    assert [row.sends for row in books.rows(IntentRow)] == [1]


def test_what_pends_is_asked_about(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.PENDING)
    books.clock.advance(LEASE)

    assert taken(books, payment).task is Task.CHECK
    assert [row.sends for row in books.rows(IntentRow)] == [1]


def test_what_is_before_a_person_rests(books: Books) -> None:
    payment, _ = unknown(books)
    books.ledger.park(payment.reference, "a person must see this")

    assert books.ledger.due_payments(10) == []
    assert take(books, payment) is None


def test_what_is_before_a_person_is_asked_about_if_he_wants_it_but_never_sent_again(books: Books) -> None:
    payment, _ = unknown(books)
    books.ledger.park(payment.reference, "a person must see this")

    assert taken(books, payment, early=True).task is Task.FIND
    assert [row.sends for row in books.rows(IntentRow)] == [1]


def test_an_authorization_before_a_person_is_not_paid_with(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.NOT_SENT)
    books.ledger.park(payment.reference, "a person must see this")

    assert take(books, payment, early=True) is None


@pytest.mark.parametrize("state", [*sorted(FINAL), State.STARTED, State.ABANDONED, State.REFUSED, State.RESERVED])
def test_other_states_have_no_request_to_send(books: Books, state: State) -> None:
    payment, _ = books.paying()
    books.clock.advance(LEASE)
    books.force(payment, state=state)

    assert take(books, payment) is None


def test_what_never_left_is_sent_as_it_was(books: Books) -> None:
    payment, intent = books.paying()
    settled = books.settle(intent, Result.NOT_SENT)
    assert settled.payment.state is State.AUTHORIZED
    books.clock.advance(LEASE)
    found = taken(books, payment)

    assert (found.task, found.payment.state) == (Task.SEND, State.PAYING)
    assert (found.intent.reference, found.intent.sends, found.intent.harmless_sends) == (intent.reference, 2, 1)
    assert len(books.rows(IntentRow)) == 1


def test_a_proven_refusal_that_may_pass_is_followed_by_a_new_request_with_a_new_reference(books: Books) -> None:
    payment, intent = books.paying()
    settled = books.settle(intent, Outcome(Result.FAILURE, code="AccessFailure", retryable=True))
    assert settled.payment.state is State.AUTHORIZED
    books.clock.advance(LEASE)
    found = taken(books, payment)

    assert (found.task, found.intent.reference) == (Task.SEND, f"{payment.reference}-2")
    assert [row.reference for row in books.rows(IntentRow)] == [intent.reference, found.intent.reference]
    assert found.intent.sends == 1


def test_an_unknown_request_never_gets_a_sibling(books: Books) -> None:
    payment, intent = unknown(books)
    for _ in range(5):
        found = taken(books, payment)
        assert found.intent.reference == intent.reference
        books.settle(found.intent, Outcome(Result.FAILURE, code="AccessFailure", retryable=True), owner="worker")
        books.clock.advance(HOUR)

    assert [row.reference for row in books.rows(IntentRow)] == [intent.reference]
    assert books.payment(payment.reference).state is State.UNKNOWN


def test_an_authorization_grows_too_old(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.NOT_SENT)
    books.clock.advance(3 * HOUR)
    found = taken(books, payment)

    assert (found.task, found.payment.state) == (Task.EXPIRE, State.AUTHORIZED)
    assert books.ledger.too_old(payment.reference, books.lease("another")) is None
    ended = books.ledger.too_old(payment.reference, books.lease("worker"))
    assert ended is not None
    assert (ended.state, ended.due_at) == (State.EXPIRED, None)
    assert books.ledger.too_old(payment.reference, books.lease("worker")) is None


def test_an_authorization_that_waited_loses_to_a_payment_that_did_not(books: Books) -> None:
    licence = Item("licence", 9, "A seat", repeatable=True)
    waiting, intent = books.paying(licence, key="order-17")
    books.settle(intent, Result.NOT_SENT)
    books.force(books.started(licence, key="x", buyer=JANE), state=State.PAID, order_key="order-17")
    books.clock.advance(LEASE)
    found = taken(books, waiting)

    assert (found.task, found.payment.state, found.payment.due_at) == (Task.RELEASE, State.CANCELLED, None)


def test_a_resend_needs_the_lease_still(books: Books) -> None:
    payment, intent = unknown(books)
    lease = books.lease("worker")
    found = taken(books, payment)

    counted = books.ledger.resend(found.intent, lease)
    assert counted is not None
    assert counted.sends == 3
    books.clock.advance(LEASE)
    assert books.ledger.resend(found.intent, lease) is None
    taken(books, payment, owner="another")
    assert books.ledger.resend(found.intent, lease) is None
    assert books.ledger.intent(payment.reference) == counted


# The buyer who is away


def test_a_buyer_who_is_away_is_asked_about_when_it_is_time(books: Books) -> None:
    payment = books.started()
    lease = books.lease("worker")
    assert books.ledger.hold(payment.reference, lease) is None
    assert books.ledger.due_payments(10) == []
    books.clock.advance(ASK_AFTER)

    assert books.ledger.due_payments(10) == [payment.reference]
    held = books.ledger.hold(payment.reference, lease)
    assert held is not None
    assert (held.asked, held.due_at) == (1, books.clock.now + LEASE)
    assert books.ledger.hold(payment.reference, books.lease("another")) is None


@pytest.mark.parametrize("state", [state for state in State if state.value not in ("started", "abandoned", "refused")])
def test_who_is_back_is_not_asked_about(books: Books, state: State) -> None:
    payment = books.force(books.started(), state=state)

    assert books.ledger.hold(payment.reference, books.lease(), early=True) is None


@pytest.mark.parametrize("state", [State.STARTED, State.ABANDONED, State.REFUSED])
def test_a_buyer_who_stays_away_is_asked_about_again_until_the_end(books: Books, state: State) -> None:
    payment = books.force(books.started(), state=state)
    books.clock.advance(ASK_AFTER)
    lease, end = books.lease(), books.clock.now + HOUR
    held = books.ledger.hold(payment.reference, lease)
    assert held is not None

    _, later = books.ledger.still_away(held, lease, books.clock.now + 60 * SECOND, end)
    assert (later.state, later.due_at) == (state, books.clock.now + 60 * SECOND)
    books.clock.advance(HOUR)
    again = books.ledger.hold(payment.reference, lease)
    assert again is not None
    _, over = books.ledger.still_away(again, lease, books.clock.now + DAY, end)
    assert (over.state, over.due_at) == (State.EXPIRED, None)


def test_who_lost_the_lease_does_not_end_the_payment(books: Books) -> None:
    payment = books.started()
    books.clock.advance(ASK_AFTER)
    held = books.ledger.hold(payment.reference, books.lease("slow"))
    assert held is not None
    books.accept(payment)
    _, after = books.ledger.still_away(held, books.lease("slow"), books.clock.now + DAY, books.clock.now)

    assert (after.state, after.due_at) == (State.PAYING, books.clock.now + LEASE)


def test_who_parks_a_payment_gives_up_its_lease_and_says_why(books: Books) -> None:
    payment, _ = books.paying()
    parked = books.ledger.park(payment.reference, "a person must see this", "tests")

    assert (parked.parked_reason, parked.due_at) == ("a person must see this", None)
    assert parked == books.payment(payment.reference)
    assert [row.lease_owner for row in books.rows(PaymentRow)] == [None]
