from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.ledger import Accepted
from flask_fps.ledger import Proof
from flask_fps.ledger import Terms
from flask_fps.ledger.models import InboxRow
from flask_fps.ledger.models import IntentRow
from flask_fps.ledger.models import PaymentRow
from flask_fps.records import FINAL
from flask_fps.records import IntentState
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import HOUR
from tests.ledger.books import JANE
from tests.ledger.books import LEASE
from tests.ledger.books import SECOND

LICENCE = Item("licence", 9, "A seat", repeatable=True)
AWAY = [State.STARTED, State.ABANDONED, State.REFUSED]


def asked(books: Books, payment: Payment, terms: Terms | None = None, given_at: timedelta | None = None) -> Accepted:
    """The provider, asked, says that the buyer authorized this."""
    given = books.clock.now + given_at if given_at is not None else None
    proof = Proof("TOKEN", None, None, given)
    return books.ledger.accept(proof, books.candidate(payment), books.lease(), terms or Terms(DAY))


@pytest.mark.parametrize("state", AWAY)
def test_an_authorization_is_stored_with_the_frozen_request_and_the_lease(books: Books, state: State) -> None:
    payment = books.force(books.started(), state=state)
    books.clock.advance(60)
    accepted = books.accept(payment)

    stored = books.payment(payment.reference)
    assert (accepted.payment, accepted.release) == (stored, None)
    assert (stored.state, stored.authorization_id, stored.method) == (State.PAYING, "TOKEN", "CC")
    assert stored.authorized_at == books.clock.now
    assert stored.due_at == books.clock.now + LEASE
    assert accepted.intent == books.ledger.intent(payment.reference)
    assert accepted.intent is not None
    assert (accepted.intent.reference, accepted.intent.money) == (f"{payment.reference}-1", payment.money)
    assert (accepted.intent.state, accepted.intent.sends, accepted.intent.harmless_sends) == (IntentState.FROZEN, 1, 0)
    assert accepted.intent.first_sent_at == books.clock.now
    assert accepted.intent.parameters == {"CallerReference": f"{payment.reference}-1"}
    [arrival] = books.rows(InboxRow)
    assert (arrival.body, arrival.verdict, arrival.done_at) == (b"status=SC&tokenID=TOKEN", "valid", books.clock.now)
    [row] = books.rows(PaymentRow)
    assert (row.lease_owner, row.lease_until) == ("tests", books.clock.now + LEASE)


def test_the_same_return_again_changes_nothing(books: Books) -> None:
    payment, _ = books.paying()
    before = books.payment(payment.reference)
    again = books.accept(payment, owner="reloaded")

    assert (again.intent, again.release) == (None, None)
    assert books.payment(payment.reference) == before
    assert len(books.rows(IntentRow)) == len(books.rows(InboxRow)) == 1


def test_a_second_authorization_of_a_payment_is_given_back(books: Books) -> None:
    payment, _ = books.paying()
    again = books.accept(payment, token="SECOND")

    assert (again.intent, again.release) == (None, "SECOND")
    assert books.payment(payment.reference).authorization_id == "TOKEN"
    assert books.events(payment)[-1] == "second authorization"


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_token_that_comes_when_all_is_over_is_given_back(books: Books, state: State) -> None:
    payment = books.force(books.started(), state=state)
    accepted = books.accept(payment)

    assert (accepted.intent, accepted.release) == (None, "TOKEN")
    assert books.payment(payment.reference).state is state


def test_a_second_authorization_tells_nothing_anew(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.FAILURE)

    assert books.accept(payment, token="SECOND").before is State.FAILED


def test_an_offer_past_its_lifetime_is_not_paid(books: Books) -> None:
    payment = books.started()
    books.clock.advance(DAY)
    accepted = books.accept(payment)

    assert (accepted.intent, accepted.release, accepted.before) == (None, "TOKEN", State.STARTED)
    assert accepted.payment.state is State.EXPIRED
    assert accepted.payment.due_at is None
    assert books.rows(IntentRow) == []


def test_a_superseded_payment_may_still_win(books: Books) -> None:
    old = books.started()
    new = books.started(Item("song", "0.20", "Now and Forever"))
    accepted = books.accept(old)

    assert accepted.intent is not None
    assert accepted.payment.state is State.PAYING
    loser = books.accept(new, token="SECOND")
    assert (loser.payment.state, loser.intent, loser.release) == (State.CANCELLED, None, "SECOND")


@pytest.mark.parametrize("state", ["paying", "unknown", "pending", "reserved", "paid"])
def test_the_loser_of_an_order_is_never_paid(books: Books, state: str) -> None:
    books.force(books.started(LICENCE, key="order-17"), state=State.ABANDONED)
    late = books.started(LICENCE, key="order-17", buyer=JANE)
    books.force(books.started(LICENCE, key="another"), state=State(state), order_key="order-17")
    accepted = books.accept(late)

    assert (accepted.payment.state, accepted.intent, accepted.release) == (State.CANCELLED, None, "TOKEN")
    assert accepted.payment.due_at is None


def test_a_closed_purchase_does_not_stand_in_the_way(books: Books) -> None:
    payment = books.started(LICENCE, key="order-17")
    books.force(books.started(LICENCE, key="x"), state=State.PAID, order_key="order-17", closed_at=books.clock.now)

    assert books.accept(payment).intent is not None


def test_waits_are_counted_anew_once_the_buyer_has_authorized(books: Books) -> None:
    payment = books.started()
    for _ in range(6):
        books.clock.advance(HOUR)
        held = books.ledger.hold(payment.reference, books.lease("worker"))
        assert held is not None
        books.ledger.still_away(held, books.lease("worker"), books.clock.now + HOUR, books.clock.now + DAY)
    accepted = books.accept(payment)

    assert accepted.intent is not None
    settled = books.settle(accepted.intent, Result.NOT_SENT)
    assert settled.payment.due_at is not None
    assert settled.payment.due_at - books.clock.now <= 5 * SECOND


# Without the buyer


def test_an_authorization_we_had_to_ask_for_is_paid_for_a_buyer_we_can_reach(books: Books) -> None:
    payment = books.started(buyer=JANE)
    books.clock.advance(HOUR)
    accepted = asked(books, payment, given_at=-10 * SECOND)

    assert accepted.intent is not None
    assert accepted.payment.authorized_at == books.clock.now - 10 * SECOND
    assert books.rows(InboxRow) == []


def test_a_guest_who_did_not_come_back_is_not_charged(books: Books) -> None:
    accepted = asked(books, books.started())

    assert (accepted.payment.state, accepted.intent, accepted.release) == (State.CANCELLED, None, "TOKEN")


def test_a_shop_may_refuse_to_pay_unattended(books: Books) -> None:
    accepted = asked(books, books.started(buyer=JANE), Terms(DAY, unattended=False))

    assert (accepted.payment.state, accepted.release) == (State.CANCELLED, "TOKEN")


def test_who_left_the_payment_pages_is_not_charged_behind_his_back(books: Books) -> None:
    accepted = asked(books, books.force(books.started(buyer=JANE), state=State.ABANDONED))

    assert (accepted.payment.state, accepted.release) == (State.CANCELLED, "TOKEN")


def test_who_started_again_is_not_charged_for_the_first_try(books: Books) -> None:
    old = books.started(buyer=JANE)
    books.started(Item("song", "0.20", "Now and Forever"), buyer=JANE)
    accepted = asked(books, old)

    assert (accepted.payment.state, accepted.release) == (State.CANCELLED, "TOKEN")


def test_his_own_return_is_paid_whatever_the_policy(books: Books) -> None:
    payment = books.started()
    proof = Proof("TOKEN", None, None, arrival=books.arrival(payment))

    accepted = books.ledger.accept(proof, books.candidate(payment), books.lease(), Terms(DAY, unattended=False))
    assert accepted.intent is not None
