from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.ledger import COMPLETED
from flask_fps.ledger import Task
from flask_fps.ledger import Windows
from flask_fps.ledger.backoff import INTENTS_MAX
from flask_fps.ledger.models import DeliveryRow
from flask_fps.ledger.models import GrantRow
from flask_fps.ledger.models import IntentRow
from flask_fps.ledger.models import ParkedRow
from flask_fps.ledger.models import PaymentRow
from flask_fps.ledger.models import TransactionRow
from flask_fps.records import FINAL
from flask_fps.records import Intent
from flask_fps.records import Item
from flask_fps.records import Outcome
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
OUTCOMES = {
    "success": Outcome(Result.SUCCESS, "TX1"),
    "pending": Outcome(Result.PENDING, "TX1"),
    "reserved": Outcome(Result.RESERVED, "TX1"),
    "refused": Outcome(Result.FAILURE, code="InsufficientBalance"),
    "refused for now": Outcome(Result.FAILURE, code="AccessFailure", retryable=True),
    "recorded failure": Outcome(Result.FAILURE, "TX1", code="PaymentMethodDeclined"),
    "cancelled": Outcome(Result.CANCELLED, "TX1"),
    "unknown": Outcome(Result.UNKNOWN),
    "not sent": Outcome(Result.NOT_SENT),
}
#: Where the answer to a first and only send leads, by what the payment is when it comes.
LEADS = {
    "authorized": "paid authorized authorized failed authorized failed cancelled authorized authorized",
    "paying": "paid pending reserved failed authorized failed cancelled unknown authorized",
    "unknown": "paid pending reserved failed unknown failed cancelled unknown unknown",
    "pending": "paid pending reserved pending pending failed cancelled pending pending",
    "reserved": "paid reserved reserved reserved reserved failed cancelled reserved reserved",
    "paid": "paid paid paid paid paid paid paid paid paid",
    "failed": "failed failed failed failed failed failed failed failed failed",
    "expired": "expired expired expired expired expired expired expired expired expired",
    "cancelled": " ".join(["cancelled"] * 9),
}
#: Both cannot be true: money moved, and it did not.
CONTRADICTIONS = {
    *(("paid", name) for name in ("refused", "recorded failure", "cancelled")),
    *((state, told) for state in ("failed", "expired", "cancelled") for told in ("success", "pending", "reserved")),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("state", LEADS)
def test_every_answer_in_every_state(books: Books, state: str, outcome: str) -> None:
    payment, intent = books.paying()
    books.force(payment, state=State(state), transaction_id="TX1" if state == "paid" else None)
    expected = LEADS[state].split()[list(OUTCOMES).index(outcome)]
    settled = books.settle(intent, OUTCOMES[outcome])

    assert settled.payment == books.payment(payment.reference)
    assert (settled.before, settled.payment.state) == (State(state), State(expected))
    assert settled.parked is ((state, outcome) in CONTRADICTIONS)
    assert (settled.payment.parked_reason is not None) is settled.parked
    assert bool(settled.deliveries) is (expected == "paid" != state)
    assert "answer" in books.events(payment)
    waits = expected in ("authorized", "paying", "unknown", "pending", "reserved")
    assert settled.payment.due_at == (books.clock.now + 5 * SECOND if waits else None)


def test_a_success_writes_all_that_belongs_to_it_in_one_step(books: Books) -> None:
    payment, intent = books.paying(Item("song", 1, "A song", quantity=2), LICENCE, key="order-17")
    outcome = Outcome(Result.SUCCESS, "TX1", payer="john@example.com", method="ABT")
    settled = books.settle(intent, outcome, handlers=["mail", "licence server"])

    assert settled.payment.state is State.PAID
    assert settled.payment.paid_at == books.clock.now
    assert (settled.payment.transaction_id, settled.payment.payer) == ("TX1", "john@example.com")
    assert settled.payment.method == "CC"  # as the return said
    grants = books.rows(GrantRow)
    assert [(row.buyer, row.sku, row.quantity) for row in grants] == [
        (payment.buyer, "song", 2),
        (payment.buyer, "licence", 1),
    ]
    [transaction] = books.rows(TransactionRow)
    assert (transaction.transaction_id, transaction.status) == ("TX1", "success")
    assert (transaction.amount, transaction.currency) == (1100, "USD")
    owed = {row.handler: row for row in books.rows(DeliveryRow)}
    assert set(owed) == {COMPLETED, "mail", "licence server"}
    assert owed[COMPLETED].lease_owner == "tests"
    assert owed["mail"].lease_owner is None
    [delivery] = settled.deliveries
    assert (delivery.handler, delivery.owner, delivery.payment) == (COMPLETED, "tests", settled.payment)
    [row] = books.rows(PaymentRow)
    assert (row.lease_owner, row.lease_until, row.due_at) == (None, None, None)
    assert [row.state for row in books.rows(IntentRow)] == ["success"]


def test_the_same_success_twice_is_one(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.SUCCESS)
    again = books.settle(intent, Result.SUCCESS)

    assert (again.deliveries, again.parked) == ((), False)
    assert len(books.rows(GrantRow)) == len(books.rows(DeliveryRow)) == len(books.rows(TransactionRow)) == 1
    assert books.payment(payment.reference).transaction_id == "TX1"


def test_pending_then_paid(books: Books) -> None:
    _, intent = books.paying()
    books.settle(intent, Result.PENDING)
    assert books.rows(GrantRow) == books.rows(DeliveryRow) == []
    settled = books.settle(intent, Result.SUCCESS, owner="somebody else")

    assert settled.payment.state is State.PAID
    assert [row.status for row in books.rows(TransactionRow)] == ["success"]
    assert settled.deliveries[0].owner == "somebody else"


def test_waits_double_up_to_an_hour(books: Books) -> None:
    payment, intent = books.paying()
    waits = []
    for _ in range(14):
        settled = books.settle(intent, Result.UNKNOWN)
        assert settled.payment.due_at is not None
        waits.append(settled.payment.due_at - books.clock.now)
        books.clock.advance(waits[-1])
        books.ledger.take(books.candidate(payment), books.lease(), Windows(DAY, 9 * DAY))

    assert waits[:3] == [5 * SECOND, 10 * SECOND, 20 * SECOND]
    assert waits[-1] == timedelta(hours=1)


# Harmless and unknown sends


def resent(books: Books, payment: Payment, intent: Intent) -> Intent:
    """Once more, as the worker does: under a lease, counted."""
    books.clock.advance(LEASE)
    found = books.ledger.take(books.candidate(payment, 2), books.lease(), Windows(3 * HOUR, 6 * DAY))
    assert found is not None
    assert found.intent.reference == intent.reference
    if found.task is Task.FIND:
        counted = books.ledger.resend(found.intent, books.lease())
        assert counted is not None
        return counted
    return found.intent


@pytest.mark.parametrize("code", ["InsufficientBalance", "TokenUsageError", "DuplicateRequest", "InvalidParams", "X"])
@pytest.mark.parametrize("retryable", [True, False])
def test_after_one_unknown_no_error_is_a_no(books: Books, code: str, retryable: bool) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    intent = resent(books, payment, intent)
    settled = books.settle(intent, Outcome(Result.FAILURE, code=code, retryable=retryable))

    assert settled.payment.state is State.UNKNOWN
    again = books.settle(resent(books, payment, intent), Outcome(Result.FAILURE, code=code, retryable=retryable))
    assert again.payment.state is State.UNKNOWN
    assert len(books.rows(IntentRow)) == 1


def test_an_error_after_sends_that_never_left_is_a_no(books: Books) -> None:
    payment, intent = books.paying()
    for _ in range(3):
        assert books.settle(intent, Result.NOT_SENT).payment.state is State.AUTHORIZED
        intent = resent(books, payment, intent)

    assert (intent.sends, intent.harmless_sends) == (4, 3)
    assert books.settle(intent, OUTCOMES["refused"]).payment.state is State.FAILED


def test_not_sent_after_an_unknown_send_proves_nothing(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    intent = resent(books, payment, intent)

    assert books.settle(intent, Result.NOT_SENT).payment.state is State.UNKNOWN
    assert books.settle(resent(books, payment, intent), OUTCOMES["refused"]).payment.state is State.UNKNOWN


def test_answers_to_two_sends_in_the_wrong_order_prove_together_what_neither_proves_alone(books: Books) -> None:
    payment, intent = books.paying()
    second = resent(books, payment, intent)  # the first send is slow; its lease ran out

    assert books.settle(second, OUTCOMES["refused"]).payment.state is State.UNKNOWN
    assert books.settle(intent, OUTCOMES["refused"], owner="slow").payment.state is State.FAILED


@pytest.mark.parametrize("late", ["success", "refused", "not sent", "unknown"])
def test_a_late_answer_of_the_first_send_never_undoes_the_second(books: Books, late: str) -> None:
    payment, intent = books.paying()
    second = resent(books, payment, intent)
    books.settle(second, Result.SUCCESS)
    settled = books.settle(intent, OUTCOMES[late], owner="slow")

    assert (settled.payment.state, settled.parked, settled.deliveries) == (State.PAID, False, ())


def test_a_failure_that_the_provider_recorded_ends_even_an_unknown_payment(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    intent = resent(books, payment, intent)

    assert books.settle(intent, OUTCOMES["recorded failure"]).payment.state is State.FAILED


def test_who_lost_his_lease_still_brings_knowledge(books: Books) -> None:
    payment, intent = books.paying()
    books.clock.advance(LEASE)
    books.ledger.take(books.candidate(payment), books.lease("another"), Windows(3 * HOUR, 6 * DAY))
    settled = books.settle(intent, Result.SUCCESS, owner="tests")

    assert settled.payment.state is State.PAID


def test_who_lost_his_lease_does_not_free_another_ones(books: Books) -> None:
    payment, intent = books.paying()
    books.clock.advance(LEASE)
    books.ledger.take(books.candidate(payment), books.lease("another"), Windows(3 * HOUR, 6 * DAY))
    books.settle(intent, Result.UNKNOWN, owner="tests")

    assert [row.lease_owner for row in books.rows(PaymentRow)] == ["another"]
    assert books.ledger.due_payments(10) == []


# A second request


def refused_once(books: Books) -> tuple[Payment, Intent, Intent]:
    """A payment whose first request was refused for now, and whose second is on its way."""
    payment, first = books.paying()
    books.settle(first, OUTCOMES["refused for now"])
    books.clock.advance(LEASE)
    found = books.ledger.take(books.candidate(payment, 2), books.lease(), Windows(3 * HOUR, 6 * DAY))
    assert found is not None
    return payment, first, found.intent


@pytest.mark.parametrize("said", ["refused", "refused for now", "recorded failure", "cancelled", "unknown", "pending"])
def test_news_of_an_earlier_request_do_not_touch_the_one_on_its_way(books: Books, said: str) -> None:
    payment, first, _ = refused_once(books)
    before = books.payment(payment.reference)
    settled = books.settle(first, OUTCOMES[said], owner="a notification")

    assert settled.payment == before
    assert (settled.payment.state, settled.payment.transaction_id) == (State.PAYING, None)


def test_news_of_an_earlier_request_do_not_contradict_a_success(books: Books) -> None:
    _, first, second = refused_once(books)
    books.settle(second, Outcome(Result.SUCCESS, "TX2"))
    settled = books.settle(first, OUTCOMES["recorded failure"])

    assert (settled.payment.state, settled.parked, settled.payment.transaction_id) == (State.PAID, False, "TX2")
    assert {row.transaction_id: row.status for row in books.rows(TransactionRow)} == {
        "TX1": "failure",
        "TX2": "success",
    }


def test_refusals_for_now_end_at_some_point(books: Books) -> None:
    payment, intent = books.paying()
    for number in range(2, INTENTS_MAX + 1):
        assert books.settle(intent, OUTCOMES["refused for now"]).payment.state is State.AUTHORIZED
        books.clock.advance(2 * LEASE)
        found = books.ledger.take(books.candidate(payment, number), books.lease(), Windows(3 * HOUR, 6 * DAY))
        assert found is not None
        intent = found.intent

    assert books.settle(intent, OUTCOMES["refused for now"]).payment.state is State.FAILED
    assert len(books.rows(IntentRow)) == INTENTS_MAX


def test_wrong_keys_or_a_wrong_clock_of_ours_fail_no_payment(books: Books) -> None:
    """Turned away at the front door, it waits until that is mended or the authorization is too old."""
    unread = Outcome(Result.FAILURE, code="RequestExpired", retryable=True, unread=True)
    payment, intent = books.paying()
    for number in range(2, INTENTS_MAX + 3):
        assert books.settle(intent, unread).payment.state is State.AUTHORIZED
        books.clock.advance(timedelta(minutes=10))
        found = books.ledger.take(books.candidate(payment, number), books.lease(), Windows(3 * HOUR, 6 * DAY))
        assert found is not None
        intent = found.intent


# What cannot be


def test_a_transaction_pays_one_payment_only(books: Books) -> None:
    _, intent = books.paying()
    books.settle(intent, Result.SUCCESS)
    other, theirs = books.paying(buyer=JANE)
    settled = books.settle(theirs, Outcome(Result.SUCCESS, "TX1"))

    assert (settled.payment.state, settled.parked, settled.deliveries) == (State.UNKNOWN, True, ())
    assert settled.payment.parked_reason == "transaction TX1 already belongs to another payment"
    assert settled.payment.due_at is None
    assert [row.buyer for row in books.rows(GrantRow)] == [books.payment(intent.payment).buyer]
    assert books.payment(other.reference).transaction_id is None


def test_two_transactions_for_one_payment_are_put_before_a_person(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.SUCCESS)
    settled = books.settle(intent, Outcome(Result.SUCCESS, "TX2"))

    assert (settled.payment.state, settled.payment.transaction_id, settled.parked) == (State.PAID, "TX1", True)
    assert settled.payment.parked_reason == "it was paid by transaction TX1, and transaction TX2 paid it too"
    assert len(books.rows(GrantRow)) == len(books.rows(DeliveryRow)) == 1
    assert {row.transaction_id for row in books.rows(TransactionRow)} == {"TX1", "TX2"}
    assert "parked" in books.events(payment)


def test_a_contradiction_is_a_row_and_never_moves_the_state(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.SUCCESS)
    settled = books.settle(intent, OUTCOMES["recorded failure"])

    assert settled.payment.state is State.PAID
    [row] = books.rows(ParkedRow)
    assert row.reason == "it is paid here, but the provider now says failure"
    again = books.settle(intent, OUTCOMES["recorded failure"])
    assert again.parked is False
    assert len(books.rows(ParkedRow)) == 1
    assert books.events(payment).count("parked") == 1


def test_a_success_that_another_payment_forestalled_is_put_before_a_person(books: Books) -> None:
    waiting, intent = books.paying(LICENCE, key="order-17")
    books.settle(intent, Result.NOT_SENT)
    books.force(books.started(LICENCE, key="x", buyer=JANE), state=State.PAID, order_key="order-17")
    settled = books.settle(intent, Result.SUCCESS)

    assert (settled.payment.state, settled.parked) == (State.AUTHORIZED, True)
    assert books.payment(waiting.reference).due_at is None


# Parked


def test_a_late_success_beats_parked(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    parked = books.ledger.park(payment.reference, "no answer")
    assert (parked.parked_reason, parked.due_at) == ("no answer", None)
    books.clock.advance(8 * DAY)
    settled = books.settle(intent, Result.SUCCESS)

    assert settled.payment.state is State.PAID
    assert settled.payment.parked_reason is None
    assert settled.deliveries[0].payment.parked_reason is None
    [row] = books.rows(ParkedRow)
    assert (row.resolved_at, row.resolution) == (books.clock.now, "it was paid after all")


@pytest.mark.parametrize("said", ["recorded failure", "cancelled"])
def test_a_late_end_settles_what_was_parked(books: Books, said: str) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.PENDING)
    books.ledger.park(payment.reference, "still pending after 7 days")
    settled = books.settle(intent, OUTCOMES[said])

    assert settled.payment.state in FINAL
    assert settled.payment.parked_reason is None


def test_what_is_parked_stays_so_while_nothing_new_is_known(books: Books) -> None:
    payment, intent = books.paying()
    books.ledger.park(payment.reference, "no answer")
    settled = books.settle(intent, Result.UNKNOWN)

    assert (settled.payment.parked_reason, settled.payment.due_at, settled.parked) == ("no answer", None, False)


def test_a_payment_is_parked_once_for_each_reason(books: Books) -> None:
    payment = books.started()
    for reason in ("first", "second", "first"):
        parked = books.ledger.park(payment.reference, reason)

    assert parked.parked_reason == "first; second"
    assert [row.reason for row in books.rows(ParkedRow)] == ["first", "second"]


@pytest.mark.parametrize("late", [Result.PENDING, Result.RESERVED])
def test_a_slow_answer_does_not_undo_what_is_known_of_a_transaction(books: Books, late: Result) -> None:
    _, intent = books.paying()
    books.settle(intent, Result.PENDING)
    books.settle(intent, Result.SUCCESS)
    books.settle(intent, late)

    assert [row.status for row in books.rows(TransactionRow)] == ["success"]
