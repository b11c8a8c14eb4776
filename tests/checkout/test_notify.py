from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from flask_fps.checkout import pay
from flask_fps.errors import LedgerBusy
from flask_fps.gateways import Verdict
from flask_fps.ledger import Arrivals
from flask_fps.ledger.models import InboxRow
from flask_fps.records import Outcome
from flask_fps.records import Result
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import LEASE
from tests.checkout.shop import Shop


def inbox(shop: Shop) -> list[InboxRow]:
    with Session(shop.engine) as session:
        return list(session.scalars(select(InboxRow).where(InboxRow.source == "notification").order_by(InboxRow.id)))


def test_a_notification_completes_what_pends(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.provider.settle()

    assert shop.notify(payment) is Verdict.VALID
    found = shop.payment(payment)
    assert (found.state, found.delivered_at) == (State.PAID, shop.clock.now)
    [row] = inbox(shop)
    assert (row.verdict, row.done_at, row.note) == ("valid", shop.clock.now, f"success {found.transaction_id}")


def test_a_notification_before_the_answer_of_its_own_request(shop: Shop) -> None:
    payment = shop.started()
    other = shop.again()
    shop.gateway.meanwhile["pay"] = lambda: other.notify(payment)
    shop.come_back(payment)

    assert shop.payment(payment).state is State.PAID
    assert other.delivered + shop.delivered == [payment.reference]
    assert len(shop.sends) == len(shop.provider.moved) == 1


def test_a_pending_notification_before_the_answer_does_not_hide_the_success(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("pay", "pending")
    shop.gateway.meanwhile["pay"] = lambda: shop.again().notify(payment)
    shop.come_back(payment)
    assert shop.payment(payment).state is State.PENDING
    shop.provider.settle()
    shop.notify(payment, again="1")

    assert shop.payment(payment).state is State.PAID


def test_a_notification_for_a_lost_answer(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    shop.notify(payment)

    assert shop.payment(payment).state is State.PAID
    assert len(shop.sends) == 1


def test_the_same_notification_twice_or_a_day_late_changes_nothing(shop: Shop) -> None:
    payment = shop.buy()
    for _ in range(2):
        assert shop.notify(payment) is Verdict.VALID
    before = shop.payment(payment)
    shop.clock.advance(DAY)
    assert shop.notify(payment) is Verdict.VALID

    assert shop.payment(payment) == before
    assert len(inbox(shop)) == 1
    assert shop.delivered == [payment.reference]


def test_news_in_the_wrong_order_end_the_same(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.provider.settle()
    shop.notify(payment, said="success")
    shop.notify(payment, said="pending")  # what counts is what the provider says when it is asked

    assert shop.payment(payment).state is State.PAID
    assert shop.delivered == [payment.reference]


def test_a_forged_notification_changes_nothing_and_is_kept_nowhere(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.provider.settle()

    assert shop.notify(payment, signature="mine") is Verdict.INVALID
    assert (shop.payment(payment), inbox(shop)) == (payment, [])
    assert "status" not in " ".join(shop.gateway.calls)


def test_a_notification_is_only_a_hint(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()

    shop.notify(payment)  # whatever it claims, the transaction still pends
    assert shop.payment(payment).state is State.PENDING
    assert shop.delivered == []


@pytest.mark.parametrize("reference", ["nobody-1", "", "TX1"])
def test_a_notification_about_nobody_is_kept_and_done_with(shop: Shop, reference: str) -> None:
    assert shop.notify(reference=reference, transaction="TX9") is Verdict.VALID

    [row] = inbox(shop)
    assert (row.note, row.payment_id) == ("not about a payment of this ledger", None)
    assert row.done_at is not None
    assert shop.work() == 0


def test_a_notification_before_anything_was_sent_decides_nothing(shop: Shop) -> None:
    payment = shop.started()
    shop.notify(reference=payment.reference, transaction="TX9")

    assert shop.payment(payment) == payment
    [row] = inbox(shop)
    assert (row.note, row.payment_id is not None) == ("nothing was sent yet: the return decides", True)


def test_a_notification_that_names_another_payments_transaction(shop: Shop) -> None:
    first = shop.buy()
    shop.gateway.will("pay", "pending")
    second = shop.buy(buyer="jane")
    assert first.transaction_id is not None
    shop.notify(reference=f"{second.reference}-1", transaction=first.transaction_id)

    found = shop.payment(second)
    assert not found.is_paid
    assert found.parked_reason is not None
    assert shop.delivered == [first.reference]
    assert shop.told[-1] == "payment-parked"


def test_a_failed_transaction_of_another_payment_does_not_fail_this_one(shop: Shop) -> None:
    shop.gateway.will("pay", "failure", "pending")
    first, second = shop.buy(), shop.buy(buyer="jane")
    assert first.transaction_id is not None
    shop.notify(reference=f"{second.reference}-1", transaction=first.transaction_id)

    assert shop.payment(second).state is State.PENDING


def test_a_failed_transaction_of_a_stranger_does_not_fail_this_payment(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    [paid] = shop.provider.moved
    shop.provider.transactions["TX90"] = replace(paid, id="TX90", reference="stranger", status=Result.FAILURE)
    shop.notify(reference=f"{payment.reference}-1", transaction="TX90")
    assert shop.payment(payment).state is State.UNKNOWN
    shop.notify(payment)

    assert shop.payment(payment).state is State.PAID


# What could not be told, or not be asked


def test_a_notification_that_could_not_be_checked_is_kept_and_checked_later(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.provider.settle()
    shop.gateway.will("notification", "lost", "lost")

    assert shop.notify(payment) is Verdict.COULD_NOT_TELL
    assert shop.payment(payment).state is State.PENDING
    [row] = inbox(shop)
    assert (row.verdict, row.done_at, row.due_at) == ("could_not_tell", None, shop.clock.now + timedelta(seconds=5))
    shop.clock.advance(5)
    shop.again().work()
    assert shop.payment(payment).state is State.PAID
    assert [(row.verdict, row.done_at) for row in inbox(shop)] == [("valid", shop.clock.now)]


def test_one_that_turns_out_to_be_forged_is_dropped(shop: Shop) -> None:
    payment = shop.buy()
    shop.gateway.will("notification", "lost")
    shop.notify(payment, signature="mine")

    [row] = inbox(shop)
    assert (row.verdict, row.done_at) == ("invalid", shop.clock.now)


@pytest.mark.parametrize("said", ["lost", "breaks"])
def test_where_the_provider_cannot_be_asked_the_notification_waits(shop: Shop, said: str) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    shop.gateway.will("status", said)

    assert shop.notify(payment) is Verdict.VALID
    assert shop.payment(payment).state is State.UNKNOWN
    [row] = inbox(shop)
    assert row.done_at is None
    shop.clock.advance(5)
    for id in shop.ledger.arrivals.due(10):
        shop.checkout.process_arrival(id)
    assert shop.payment(payment).state is State.PAID


def test_a_message_nobody_can_act_on_is_left_alone_at_some_time(shop: Shop) -> None:
    payment = shop.buy()
    shop.gateway.will("notification", *["lost"] * 1000)
    shop.notify(payment)
    shop.work_for(8 * DAY, DAY / 4)

    [row] = inbox(shop)
    assert row.done_at is not None
    assert row.note == "given up: no answer"
    assert shop.work() == 0


def test_a_notification_that_cannot_be_kept_is_not_acknowledged(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = shop.buy()

    def away(*args: object, **options: object) -> None:
        raise LedgerBusy("away")

    monkeypatch.setattr(Arrivals, "keep_notification", away)
    with pytest.raises(LedgerBusy):
        shop.notify(payment)


def test_once_it_is_kept_it_is_acknowledged_whatever_follows(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()

    def away(*args: object, **options: object) -> None:
        raise LedgerBusy("away")

    with monkeypatch.context() as down:
        down.setattr(shop.ledger, "settle", away)
        assert shop.notify(payment) is Verdict.VALID
    assert shop.payment(payment).state is State.UNKNOWN
    shop.clock.advance(LEASE)
    shop.work()
    assert shop.payment(payment).state is State.PAID
    assert [row.done_at is not None for row in inbox(shop)] == [True]


def test_two_workers_do_not_process_one_message_twice(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    shop.gateway.will("status", "lost")
    shop.notify(payment)
    shop.clock.advance(5)
    other = shop.again()
    [id] = shop.ledger.arrivals.due(10)
    shop.gateway.meanwhile["status"] = lambda: other.checkout.process_arrival(id)
    shop.checkout.process_arrival(id)

    assert shop.delivered + other.delivered == [payment.reference]
    assert len([call for call in shop.gateway.calls if call.startswith("status")]) == 2


def test_a_late_failure_of_what_was_paid_is_put_before_a_person(shop: Shop) -> None:
    payment = shop.buy()
    assert payment.transaction_id is not None
    paid = shop.provider.transactions[payment.transaction_id]
    shop.provider.transactions[paid.id] = replace(paid, status=Result.FAILURE)
    shop.notify(payment)

    found = shop.payment(payment)
    assert (found.state, found.delivered_at) == (State.PAID, payment.delivered_at)
    assert found.parked_reason == "it is paid here, but the provider now says failure"
    assert shop.told[-1] == "payment-parked"


@pytest.mark.parametrize("said", [Result.PENDING, Result.RESERVED])
def test_what_ended_unpaid_and_is_about_to_be_paid_after_all_waits_for_a_person(shop: Shop, said: Result) -> None:
    shop.gateway.will("pay", "refused")
    payment = shop.buy()
    intent = shop.ledger.intent(payment.reference)
    assert intent is not None
    assert payment.state is State.FAILED
    shop.provider.tokens[intent.authorization_id].cancelled = False
    shop.provider.execute(intent.parameters, said)
    shop.notify(payment)

    assert shop.payment(payment).parked_reason == f"it is failed here, but the provider now says {said.value}"


def test_old_news_of_what_has_failed_are_no_contradiction(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    intent = shop.ledger.intent(payment.reference)
    assert intent is not None
    shop.provider.settle(Result.FAILURE)
    shop.notify(payment)
    pay.settle_learned(shop.desk, intent, Outcome(Result.PENDING, payment.transaction_id), shop.desk.lease())

    assert (shop.payment(payment).state, shop.payment(payment).parked_reason) == (State.FAILED, None)
