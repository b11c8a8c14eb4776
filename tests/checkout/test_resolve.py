"""What a person decides about a parked payment counts only where the provider's books agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from flask_fps.checkout import Decision
from flask_fps.errors import Refused
from flask_fps.money import Money
from flask_fps.records import Facts
from flask_fps.records import Item
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import RefundState
from flask_fps.records import Result
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import Shop

ADA = Decision("ada", "the bank's letter of May 2")


def unknown(shop: Shop, *answers: str) -> Payment:
    """Paid for all we know, or not: the answer was lost, every question since too, and a person is asked."""
    shop.gateway.will("pay", *(answers or ("lost before",)))
    payment = shop.buy()
    shop.ledger.park(payment.reference, "no answer")
    return shop.payment(payment)


def given_up(shop: Shop) -> Payment:
    """Paid, and its handler raised until it was given up."""

    def raises(payment: Payment, session: object) -> None:
        raise ValueError("no licences left")

    shop.receiver = raises
    payment = shop.buy()
    shop.work_for(DAY)
    parked = shop.payment(payment)
    assert parked.parked_reason and parked.delivered_at is None
    return parked


def charged_again(shop: Shop) -> None:
    """The provider has charged the buyer a second time, and tells of it."""
    first = shop.provider.moved[0]
    shop.provider.transactions["TX99"] = replace(first, id="TX99")
    shop.notify(reference=first.reference, transaction="TX99", time=str(shop.clock.now))


def story(shop: Shop, payment: Payment, event: str) -> list[tuple[object, object]]:
    journal = shop.ledger.journal(payment.reference)
    return [(entry.detail.get("by"), entry.detail.get("why")) for entry in journal if entry.event == event]


# --paid


def test_a_transaction_that_the_provider_confirms_pays_and_delivers(shop: Shop) -> None:
    payment = unknown(shop, "lost")
    [transaction] = shop.provider.moved
    after = shop.checkout.found_paid(payment.reference, transaction.id, ADA)

    assert (after.state, after.transaction_id, after.parked_reason) == (State.PAID, transaction.id, None)
    assert shop.delivered == [payment.reference]
    assert story(shop, payment, "found paid") == [("ada", "the bank's letter of May 2")]
    assert len(shop.sends) == 1


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Facts("another", Money(10, "USD"), True), "belongs to another, not to this payment"),
        (Facts(None, Money(10, "USD"), True), "belongs to nothing it names"),
        (Facts("{}-1", Money(11, "USD"), True), r"it is about \$0.11, not \$0.10"),
        (Facts("{}-1", Money(10, "EUR"), True), "it is about"),
        (Facts("{}-1", None, True), "it says no amount"),
        (Facts("{}-1", Money(10, "USD"), False, "mallory@example.com"), "somebody else was paid"),
        (Facts("{}-1", Money(10, "USD"), None), "does not say who was paid"),
    ],
)
def test_a_transaction_that_disagrees_in_anything_pays_nothing(shop: Shop, facts: Facts, said: str) -> None:
    payment = unknown(shop, "lost")
    [transaction] = shop.provider.moved
    reference = facts.reference.format(payment.reference) if facts.reference else None
    shop.gateway.facts = Facts(reference, facts.money, facts.ours, facts.payee)
    with pytest.raises(Refused, match=said):
        shop.checkout.found_paid(payment.reference, transaction.id, ADA)

    assert shop.payment(payment) == payment
    assert shop.delivered == []


def test_a_transaction_of_another_payment_pays_nothing(shop: Shop) -> None:
    bought = shop.buy(Item("other", 1, "Another"))
    payment = unknown(shop)
    with pytest.raises(Refused, match="not to this payment"):
        shop.checkout.found_paid(payment.reference, bought.transaction_id or "", ADA)

    assert shop.payment(payment) == payment


@pytest.mark.parametrize("answer", ["lost", "breaks"])
def test_without_the_providers_word_nothing_is_paid(shop: Shop, answer: str) -> None:
    payment = unknown(shop, "lost")
    [transaction] = shop.provider.moved
    shop.gateway.will("status", answer)
    with pytest.raises(Refused, match="the provider does not say"):
        shop.checkout.found_paid(payment.reference, transaction.id, ADA)

    assert shop.payment(payment).state is State.UNKNOWN


def test_what_still_pends_is_not_paid(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy()
    shop.ledger.park(payment.reference, "still pending")
    with pytest.raises(Refused, match="pending"):
        shop.checkout.found_paid(payment.reference, payment.transaction_id or "", ADA)


def test_what_is_final_is_not_decided_again(shop: Shop) -> None:
    payment = given_up(shop)
    decisions: list[Callable[[], Payment]] = [
        lambda: shop.checkout.found_paid(payment.reference, payment.transaction_id or "", ADA),
        lambda: shop.checkout.found_unpaid(payment.reference, ADA),
    ]
    for decide in decisions:
        with pytest.raises(Refused, match="is paid, which is final"):
            decide()


def test_only_what_waits_for_a_person_is_decided(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    decisions: list[Callable[[], Payment]] = [
        lambda: shop.checkout.found_paid(payment.reference, "TX2", ADA),
        lambda: shop.checkout.found_unpaid(payment.reference, ADA),
        lambda: shop.checkout.dismiss(payment.reference, ADA),
    ]
    for decide in decisions:
        with pytest.raises(Refused, match="is not parked"):
            decide()
    with pytest.raises(Refused, match="no payment 'nothing'"):
        shop.checkout.dismiss("nothing", ADA)


# --unpaid


def test_nothing_was_paid_where_the_books_hold_nothing_and_no_send_can_be_answered(shop: Shop) -> None:
    payment = unknown(shop)
    shop.clock.advance(8 * DAY)
    after = shop.checkout.found_unpaid(payment.reference, ADA)

    assert (after.state, after.parked_reason, after.due_at) == (State.FAILED, None, None)
    assert shop.told[-1] == "payment-failed"
    assert story(shop, payment, "found unpaid") == [("ada", "the bank's letter of May 2")]
    assert len(shop.sends) == 1 and shop.provider.moved == []


def test_not_while_a_send_may_still_be_answered(shop: Shop) -> None:
    payment = unknown(shop)
    shop.clock.advance(7 * DAY - timedelta(seconds=1))
    with pytest.raises(Refused, match="may still be answered with a payment: wait until 2026-03-08 12:00 UTC"):
        shop.checkout.found_unpaid(payment.reference, ADA)

    assert shop.payment(payment) == payment


def test_not_where_the_books_show_it(shop: Shop) -> None:
    payment = unknown(shop, "lost")
    shop.clock.advance(8 * DAY)
    with pytest.raises(Refused, match="transaction TX2: success"):
        shop.checkout.found_unpaid(payment.reference, ADA)

    assert shop.payment(payment).state is State.UNKNOWN


@pytest.mark.parametrize("answer", ["lost", "breaks"])
def test_not_where_nobody_looked(shop: Shop, answer: str) -> None:
    payment = unknown(shop)
    shop.clock.advance(8 * DAY)
    shop.gateway.will("find", answer)
    with pytest.raises(Refused, match="does not say that nothing was paid"):
        shop.checkout.found_unpaid(payment.reference, ADA)

    assert shop.payment(payment) == payment


def test_not_where_it_was_learned_meanwhile(shop: Shop) -> None:
    payment = unknown(shop)
    shop.clock.advance(8 * DAY)
    intent = shop.ledger.intent(payment.reference)
    assert intent is not None

    def found() -> None:
        shop.ledger.settle(intent, Outcome(Result.SUCCESS, "TX9"), shop.desk.lease(), [])

    shop.gateway.meanwhile["find"] = found
    with pytest.raises(Refused, match="has moved on meanwhile"):
        shop.checkout.found_unpaid(payment.reference, ADA)

    assert shop.payment(payment).state is State.PAID


def test_what_was_never_sent_is_unpaid(shop: Shop) -> None:
    payment = shop.started()
    shop.ledger.park(payment.reference, "the provider does not say whether the buyer agreed")
    after = shop.checkout.found_unpaid(payment.reference, ADA)

    assert (after.state, after.parked_reason) == (State.EXPIRED, None)
    assert "find" not in " ".join(shop.gateway.calls)


# --deliver and replay


def test_a_delivery_that_was_given_up_is_tried_again(shop: Shop) -> None:
    payment = given_up(shop)
    shop.receiver = lambda payment, session: None
    after = shop.checkout.redeliver(payment.reference, ADA, parked=True)

    assert (after.parked_reason, shop.delivered) == (None, [payment.reference])
    assert after.delivered_at is not None
    assert story(shop, payment, "delivered again") == [("ada", "the bank's letter of May 2")]


def test_a_delivery_that_fails_again_has_all_its_tries(shop: Shop) -> None:
    payment = given_up(shop)
    after = shop.checkout.redeliver(payment.reference, ADA, parked=True)
    assert after.parked_reason is None and after.delivered_at is None
    shop.receiver = lambda payment, session: None
    shop.work_for(DAY)

    assert shop.delivered == [payment.reference]


def test_replay_hands_it_over_again_and_never_pays(shop: Shop) -> None:
    shop.named["mail"] = mails = _Mails()
    payment = shop.buy()
    shop.work()
    calls = list(shop.gateway.calls)
    after = shop.checkout.redeliver(payment.reference, ADA)

    assert shop.delivered == [payment.reference] * 2
    assert mails.sent == [payment.reference] * 2
    assert after.delivered_at is not None
    assert shop.gateway.calls == calls


def test_replay_of_one_handler(shop: Shop) -> None:
    shop.named["mail"] = mails = _Mails()
    payment = shop.buy()
    shop.work()
    shop.checkout.redeliver(payment.reference, ADA, handler="mail")

    assert (shop.delivered, mails.sent) == ([payment.reference], [payment.reference] * 2)
    with pytest.raises(Refused, match="payment_completed is done, mail is done"):
        shop.checkout.redeliver(payment.reference, ADA, handler="licence")


class _Mails:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def __call__(self, payment: Payment) -> None:
        self.sent.append(payment.reference)


def test_only_what_is_paid_is_delivered(shop: Shop) -> None:
    payment = unknown(shop, "lost")
    with pytest.raises(Refused, match="is unknown: only what is paid is delivered"):
        shop.checkout.redeliver(payment.reference, ADA)

    assert shop.delivered == []


def test_what_is_being_delivered_is_left_alone(shop: Shop) -> None:
    payment = given_up(shop)
    shop.checkout.redeliver(payment.reference, ADA, parked=True)
    shop.clock.advance(DAY)
    [owed] = shop.ledger.deliveries.due_of(payment.reference, named=True)
    assert shop.ledger.deliveries.claim(owed, shop.desk.lease())
    with pytest.raises(Refused, match="is being delivered right now"):
        shop.checkout.redeliver(payment.reference, ADA)


# --dismiss


def test_what_is_dismissed_waits_no_more(shop: Shop) -> None:
    payment = given_up(shop)
    after = shop.checkout.dismiss(payment.reference, ADA)

    assert (after.parked_reason, after.delivered_at) == (None, None)
    assert story(shop, payment, "dismissed") == [("ada", "the bank's letter of May 2")]
    shop.work_for(DAY)
    assert shop.delivered == []


def test_money_that_nobody_accounts_for_is_not_dismissed(shop: Shop) -> None:
    payment = unknown(shop)
    with pytest.raises(Refused, match="say what became of its money"):
        shop.checkout.dismiss(payment.reference, ADA)

    assert shop.payment(payment) == payment


def test_what_is_parked_hides_nothing_that_is_found_later(shop: Shop) -> None:
    payment = given_up(shop)
    charged_again(shop)
    assert shop.told.count("payment-parked") == 2
    both = shop.payment(payment).parked_reason or ""
    assert "no licences left" in both and "TX99 paid it too" in both
    charged_again(shop)
    assert shop.payment(payment).parked_reason == both

    shop.receiver = lambda payment, session: None
    shop.checkout.redeliver(payment.reference, ADA, parked=True)
    assert "TX99 paid it too" in (shop.payment(payment).parked_reason or "")


def test_only_what_is_named_is_dismissed(shop: Shop) -> None:
    payment = given_up(shop)
    charged_again(shop)
    with pytest.raises(Refused, match=r"is parked for \d+: .*no licences left.*; \d+: .*TX99.*--number NUMBER"):
        shop.checkout.dismiss(payment.reference, ADA)
    [delivery, charge] = shop.ledger.operator.reasons(payment.reference)
    with pytest.raises(Refused, match="Name the one that was seen to"):
        shop.checkout.dismiss(payment.reference, ADA, charge.number + 1)

    after = shop.checkout.dismiss(payment.reference, ADA, charge.number)
    assert after.parked_reason == delivery.text
    assert shop.checkout.dismiss(payment.reference, ADA).parked_reason is None


def test_a_refund_that_nobody_accounts_for_is_not_dismissed(shop: Shop) -> None:
    payment = shop.buy()
    shop.gateway.will("refund", *["lost before"] * 20)
    shop.gateway.will("find", *["lost"] * 100)
    shop.checkout.refund(payment.reference, key="k")
    shop.work_for(7 * DAY, timedelta(hours=12))
    assert "no answer for the refund" in (shop.payment(payment).parked_reason or "")
    with pytest.raises(Refused, match="nobody knows yet whether the refund k was given back: no answer"):
        shop.checkout.dismiss(payment.reference, ADA)
    assert shop.payment(payment).parked_reason is not None
    assert shop.ledger.refunds.of(payment.reference)[0].state is RefundState.UNKNOWN

    shop.gateway.script["find"].clear()
    with pytest.raises(Refused, match=r"nothing found\. It can be dismissed 7 days after it was sent"):
        shop.checkout.dismiss(payment.reference, ADA)
    shop.clock.advance(timedelta(minutes=1))
    sent = len(shop.gateway.calls)
    after = shop.checkout.dismiss(payment.reference, ADA)
    assert (after.parked_reason, after.refunded) == (None, 0)
    assert shop.ledger.refunds.of(payment.reference)[0].state is RefundState.FAILED
    assert shop.gateway.calls[sent:] == [f"find {payment.reference}-r1"]
    assert story(shop, payment, "dismissed") == [("ada", "the bank's letter of May 2")]


# What is held


def held(shop: Shop) -> Payment:
    payment = shop.buy(reserve=True)
    assert payment.state is State.RESERVED
    shop.ledger.park(payment.reference, "look at this hold")
    return shop.payment(payment)


def test_a_hold_is_not_unpaid_while_the_provider_has_it(shop: Shop) -> None:
    payment = held(shop)
    shop.clock.advance(8 * DAY)
    with pytest.raises(Refused, match="does not say that nothing was paid: transaction .*: reserved"):
        shop.checkout.found_unpaid(payment.reference, ADA)

    assert shop.payment(payment) == payment


def test_a_hold_is_not_paid_until_it_is_taken(shop: Shop) -> None:
    payment = held(shop)
    [hold] = shop.provider.transactions.values()
    with pytest.raises(Refused, match="does not say that .* was paid: reserved"):
        shop.checkout.found_paid(payment.reference, hold.id, ADA)

    assert shop.payment(payment) == payment


def test_a_hold_that_was_taken_by_hand_is_paid(shop: Shop) -> None:
    payment = held(shop)
    [hold] = shop.provider.transactions.values()
    shop.provider.take({"of": hold.id, "amount": "10 USD"}, Result.SUCCESS)
    after = shop.checkout.found_paid(payment.reference, hold.id, ADA)

    assert (after.state, shop.delivered) == (State.PAID, [payment.reference])
