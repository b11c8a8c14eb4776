"""Money that goes back: once, never more than was paid, and never forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from flask_fps.errors import Refused
from flask_fps.money import Money
from flask_fps.records import Item
from flask_fps.records import Line
from flask_fps.records import Payment
from flask_fps.records import Refund
from flask_fps.records import RefundState
from flask_fps.records import Result
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import HOUR
from tests.checkout.shop import JOHN
from tests.checkout.shop import Shop

ALBUM = Item("album", "10.00", "A whole album")
SLEEVE = Item("sleeve", "2.00", "Its sleeve")
MINUTE = timedelta(minutes=1)


def bought(shop: Shop, *items: Item) -> Payment:
    payment = shop.buy(*(items or (ALBUM,)))
    assert payment.state is State.PAID
    return payment


def refunds(shop: Shop, payment: Payment) -> list[Refund]:
    return shop.ledger.refunds.of(payment.reference)


def states(shop: Shop, payment: Payment) -> list[str]:
    return [each.state.value for each in refunds(shop, payment)]


def returned(shop: Shop) -> list[int]:
    return [each.money.minor for each in shop.provider.returned]


def undelivered(shop: Shop) -> Payment:
    """Paid, and its handler has not succeeded yet."""

    def broken(payment: Payment, session: object) -> None:
        raise RuntimeError("out of order")

    shop.receiver = broken
    payment = shop.buy(ALBUM)
    assert (payment.state, payment.delivered_at) == (State.PAID, None)
    shop.receiver = lambda payment, session: None
    return payment


# What goes well


def test_all_of_it_goes_back_once(shop: Shop) -> None:
    payment = bought(shop)
    refund = shop.checkout.refund(payment.reference)

    assert (refund.state, refund.money) == (RefundState.DONE, Money(1000, "USD"))
    assert refund.transaction_id in shop.provider.transactions
    assert returned(shop) == [1000]
    assert shop.told[-1] == "payment-refunded"
    assert shop.payment(payment).state is State.PAID
    assert shop.payment(payment).refunded == 1000


def test_a_full_refund_takes_the_goods_back_and_the_order_can_be_bought_again(shop: Shop) -> None:
    payment = bought(shop, ALBUM, SLEEVE)
    assert shop.ledger.rights.owns("default", JOHN, ["album", "sleeve"])
    shop.checkout.refund(payment.reference)

    assert not shop.ledger.rights.owns("default", JOHN, ["album"])
    assert not shop.ledger.rights.owns("default", JOHN, ["sleeve"])
    assert shop.payment(payment).closed_at is not None
    assert shop.buy(ALBUM, SLEEVE).reference != payment.reference
    assert shop.ledger.rights.owns("default", JOHN, ["album", "sleeve"])


def test_parts_go_back_until_nothing_is_left(shop: Shop) -> None:
    payment = bought(shop)
    for amount in ("4", Decimal("5.50")):
        assert shop.checkout.refund(payment.reference, amount).state is RefundState.DONE
    assert shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.payment(payment).closed_at is None

    assert shop.checkout.refund(payment.reference).money == Money(50, "USD")
    assert returned(shop) == [400, 550, 50]
    assert not shop.ledger.rights.owns("default", JOHN, ["album"])
    with pytest.raises(Refused, match="fully refunded: nothing is left"):
        shop.checkout.refund(payment.reference)


def test_the_same_key_is_the_same_refund(shop: Shop) -> None:
    payment = bought(shop)
    first = shop.checkout.refund(payment.reference, "3", key="case 17")

    assert shop.checkout.refund(payment.reference, "3", key="case 17") == first
    assert shop.checkout.refund(payment.reference, key="case 17") == first
    with pytest.raises(Refused, match=r"the key 'case 17' is that of a refund of \$3.00: use another key for \$4.00"):
        shop.checkout.refund(payment.reference, "4", key="case 17")
    assert returned(shop) == [300]


def test_a_key_is_made_from_payment_amount_and_what_was_refunded(shop: Shop) -> None:
    payment, other = bought(shop), bought(shop, SLEEVE)
    key = shop.checkout.refund_key(payment.reference, "3")
    assert key == shop.checkout.refund_key(payment.reference, "3")
    assert shop.checkout.refund(payment.reference, "3").key == key

    keys = {
        key,
        shop.checkout.refund_key(payment.reference, "3"),
        shop.checkout.refund_key(payment.reference, "4"),
        shop.checkout.refund_key(payment.reference),
        shop.checkout.refund_key(other.reference),
    }
    assert len(keys) == 5


def test_the_policy_decides_line_by_line(shop: Shop) -> None:
    def policy(payment: Payment, line: Line, refunded: Decimal) -> bool:
        return refunded >= payment.line_money(line).decimal

    shop.policy = policy
    payment = bought(shop, ALBUM, SLEEVE)
    shop.checkout.refund(payment.reference, "2")

    assert shop.ledger.rights.owns("default", JOHN, ["album"])
    assert not shop.ledger.rights.owns("default", JOHN, ["sleeve"])


def test_a_policy_that_raises_leaves_all_or_nothing(shop: Shop) -> None:
    def policy(payment: Payment, line: Line, refunded: Decimal) -> bool:
        raise LookupError("no such line")

    shop.policy = policy
    payment = bought(shop)
    shop.checkout.refund(payment.reference, "2")
    assert shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.checkout.refund(payment.reference).state is RefundState.DONE
    assert not shop.ledger.rights.owns("default", JOHN, ["album"])


# What is refused


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("0", "cannot be refunded: give an amount above zero"),
        ("-1", "'-1' is not a price"),
        (Decimal("-1"), "not an amount"),
        ("1.001", "more than 2 digits"),
        ("10.01", r"\$10.01 is more than can be refunded: \$10.00 is left of \$10.00"),
        (Money(100, "EUR"), "was paid in USD, and €1.00 is in EUR"),
        (Money(-100, "USD"), "cannot be refunded"),
        ("a lot", "not a price"),
    ],
)
def test_an_amount_that_cannot_go_back(shop: Shop, amount: str | Decimal | Money, sentence: str) -> None:
    payment = bought(shop)
    with pytest.raises(Refused, match=sentence):
        shop.checkout.refund(payment.reference, amount)
    assert refunds(shop, payment) == []
    assert not any(call.startswith("refund") for call in shop.gateway.calls)


def test_what_is_not_paid_is_not_refunded(shop: Shop) -> None:
    with pytest.raises(Refused, match="there is no payment 'nobody' in this ledger"):
        shop.checkout.refund("nobody")
    with pytest.raises(Refused, match="is started: only what is paid can be refunded"):
        shop.checkout.refund(shop.started(ALBUM).reference)
    shop.gateway.will("pay", "pending")
    with pytest.raises(Refused, match="is pending: only"):
        shop.checkout.refund(shop.buy(SLEEVE).reference)


def test_what_waits_for_a_person_comes_first(shop: Shop) -> None:
    payment = bought(shop)
    shop.ledger.park(payment.reference, "transactions T1 and T2 both paid it")
    with pytest.raises(
        Refused, match="is parked for an operator .transactions T1 and T2 both paid it.: that comes first"
    ):
        shop.checkout.refund(payment.reference)


def test_a_payment_of_another_account_is_refunded_where_that_is_configured(shop: Shop) -> None:
    payment = bought(shop)
    other = shop.again(gateways={"eu": shop.gateway})
    with pytest.raises(Refused, match="made with the account 'default' of the gateway 'fps', and this process does"):
        other.checkout.refund(payment.reference)


def test_a_key_too_long_to_be_kept(shop: Shop) -> None:
    payment = bought(shop)
    for key in ("", "k" * 101):
        with pytest.raises(Refused, match="a refund's key is a text of 1 to 100 characters"):
            shop.checkout.refund(payment.reference, key=key)


# What goes wrong on the way


def test_a_refusal_gives_its_amount_back(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "refused")
    refund = shop.checkout.refund(payment.reference)

    assert refund.state is RefundState.FAILED
    assert refund.said == "InsufficientBalance"
    assert shop.told[-1] == "payment-refund-failed"
    assert shop.payment(payment).refunded == 0
    assert shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.checkout.refund(payment.reference).state is RefundState.DONE
    assert returned(shop) == [1000]


def test_a_refusal_for_now_is_asked_for_anew(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "refused for now", "refused for now")
    assert shop.checkout.refund(payment.reference).state is RefundState.SENDING
    shop.work_for(HOUR, every=MINUTE)

    assert states(shop, payment) == ["done"]
    sent = [call.split()[1].rpartition("-")[2] for call in shop.gateway.calls if call.startswith("refund")]
    assert sent == ["r1", "r1x2", "r1x3"]
    assert returned(shop) == [1000]


def test_a_refusal_for_now_is_not_asked_for_without_end(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", *["refused for now"] * 20)
    shop.checkout.refund(payment.reference)
    shop.work_for(DAY)

    assert states(shop, payment) == ["failed"]
    assert len([call for call in shop.gateway.calls if call.startswith("refund")]) == 5


def test_no_answer_is_asked_for_with_the_very_same_request(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "lost")
    assert shop.checkout.refund(payment.reference).state is RefundState.UNKNOWN
    assert shop.payment(payment).refunded == 1000
    with pytest.raises(Refused, match="or a refund of it is under way"):
        shop.checkout.refund(payment.reference)
    shop.work_for(HOUR, every=MINUTE)

    assert states(shop, payment) == ["done"]
    assert returned(shop) == [1000]
    assert shop.told.count("payment-refunded") == 1


def test_an_error_after_a_lost_answer_is_no_no(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "lost", "refused", "refused")
    shop.gateway.will("find", "lost")
    shop.checkout.refund(payment.reference)
    shop.work_for(5 * MINUTE, every=MINUTE / 6)

    assert states(shop, payment) == ["done"]
    assert returned(shop) == [1000]


def test_what_is_never_answered_is_put_before_a_person(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", *["lost before"] * 500)
    shop.gateway.will("find", *["lost"] * 500)
    shop.checkout.refund(payment.reference, "4")
    shop.work_for(7 * DAY, every=6 * HOUR)

    assert states(shop, payment) == ["unknown"]
    assert shop.told.count("payment-parked") == 1
    assert "no answer for the refund" in (shop.payment(payment).parked_reason or "")
    assert shop.payment(payment).refunded == 400
    assert shop.checkout.refund(payment.reference).money == Money(600, "USD")


def test_what_a_person_was_to_find_out_is_known_once_the_books_are_read(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "lost", *["lost before"] * 500)
    shop.gateway.will("find", *["lost"] * 500)
    shop.checkout.refund(payment.reference)
    shop.work_for(7 * DAY)
    shop.gateway.script.clear()
    [id] = shop.ledger.refunds.due(10, early=True)
    shop.checkout.drive_refund(id, early=True)

    assert states(shop, payment) == ["done"]
    assert shop.payment(payment).parked_reason is None


def test_not_sent_is_sent_later(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "not sent", "not sent")
    assert shop.checkout.refund(payment.reference).state is RefundState.SENDING
    shop.work_for(HOUR, every=MINUTE)
    assert states(shop, payment) == ["done"]
    assert returned(shop) == [1000]


def test_a_process_that_dies_before_it_sends_leaves_the_refund_to_the_worker(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.meanwhile["refund"] = _die
    with pytest.raises(SystemExit):
        shop.checkout.refund(payment.reference)
    assert states(shop, payment) == ["sending"]
    shop.again().work_for(HOUR, every=MINUTE)

    assert states(shop, payment) == ["done"]
    assert returned(shop) == [1000]


def _die() -> None:
    raise SystemExit


def test_two_processes_never_send_the_same_refund_at_once(shop: Shop) -> None:
    payment = bought(shop)
    [*seen] = list[int]()
    shop.gateway.meanwhile["refund"] = lambda: seen.append(shop.again().work())
    shop.checkout.refund(payment.reference)

    assert seen == [0]
    assert len([call for call in shop.gateway.calls if call.startswith("refund")]) == 1


# What takes its time


def test_a_refund_that_pends_is_watched_until_it_is_done(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "pending")
    assert shop.checkout.refund(payment.reference).state is RefundState.PENDING
    assert shop.ledger.rights.owns("default", JOHN, ["album"])
    shop.work_for(HOUR)
    assert states(shop, payment) == ["pending"]
    shop.provider.settle()
    shop.work_for(HOUR)

    assert states(shop, payment) == ["done"]
    assert not shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.told.count("payment-refunded") == 1


def test_a_refund_that_pends_for_ever_is_put_before_a_person(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "pending")
    shop.checkout.refund(payment.reference)
    shop.work_for(15 * DAY, every=6 * HOUR)
    assert "still pending after 14 days" in (shop.payment(payment).parked_reason or "")


def test_a_refund_that_fails_late_gives_its_amount_and_the_goods_back(shop: Shop) -> None:
    payment = bought(shop)
    refund = shop.checkout.refund(payment.reference)
    assert refund.transaction_id is not None
    assert not shop.ledger.rights.owns("default", JOHN, ["album"])
    shop.provider.end(refund.transaction_id, Result.FAILURE)
    shop.notify(reference=f"{payment.reference}-r1", transaction=refund.transaction_id)

    assert states(shop, payment) == ["failed"]
    assert shop.told[-1] == "payment-refund-failed"
    assert shop.payment(payment).refunded == 0
    assert shop.payment(payment).closed_at is None
    assert shop.ledger.rights.owns("default", JOHN, ["album"])
    assert shop.checkout.refund(payment.reference).state is RefundState.DONE


def test_a_refund_that_fails_after_the_order_was_bought_again(shop: Shop) -> None:
    payment = bought(shop)
    refund = shop.checkout.refund(payment.reference)
    assert refund.transaction_id is not None
    again = shop.buy(ALBUM)
    shop.provider.end(refund.transaction_id, Result.FAILURE)
    shop.notify(reference=f"{payment.reference}-r1", transaction=refund.transaction_id)

    assert states(shop, payment) == ["failed"]
    assert shop.payment(payment).closed_at is not None
    assert "stays closed" in shop.events(payment)
    assert shop.payment(again).state is State.PAID


# What nobody here asked for


def test_a_refund_made_by_hand_is_adopted_from_its_notification(shop: Shop) -> None:
    payment = bought(shop)
    assert payment.transaction_id is not None
    by_hand = shop.provider.returns(payment.transaction_id, Money(400, "USD"))
    for _ in range(2):
        shop.notify(reference="by hand", transaction=str(by_hand.transaction_id), parent=payment.transaction_id)

    [refund] = refunds(shop, payment)
    assert (refund.kind, refund.state, refund.money) == ("adopted", RefundState.DONE, Money(400, "USD"))
    assert shop.told.count("payment-refunded") == 1
    assert shop.checkout.refund(payment.reference).money == Money(600, "USD")
    assert returned(shop) == [400, 600]


def test_a_refund_that_is_parked_is_asked_about_and_not_sent(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "lost before")
    shop.checkout.refund(payment.reference, "3", key="k")
    id = shop.ledger.refunds.named(f"{payment.reference}-r1")
    assert id is not None
    shop.clock.advance(HOUR)
    shop.ledger.refunds.park(id, "look at this refund", shop.desk.lease())
    shop.gateway.calls.clear()
    for _ in range(2):
        shop.checkout.drive_refund(id, early=True)

    assert shop.gateway.calls == [f"find {payment.reference}-r1"] * 2
    assert shop.payment(payment).parked_reason == "look at this refund"


def test_what_can_be_refunded_is_a_whole_number(shop: Shop) -> None:
    payment = bought(shop)
    shop.checkout.refund(payment.reference, "3")

    found = shop.payment(payment)
    assert (type(found.refunded), type(found.refundable_money.minor)) == (int, int)


@pytest.mark.parametrize("told_by", ["notification", "books"])
def test_a_second_charge_that_was_given_back_takes_nothing_from_the_buyer(shop: Shop, told_by: str) -> None:
    payment = bought(shop)
    [first] = shop.provider.moved
    shop.provider.transactions["TX99"] = replace(first, id="TX99")
    shop.notify(reference=first.reference, transaction="TX99")
    assert "TX99 paid it too" in (shop.payment(payment).parked_reason or "")
    back = shop.provider.returns("TX99", first.money)
    for _ in range(2):
        if told_by == "notification":
            shop.notify(reference="by hand", transaction=str(back.transaction_id), parent="TX99")
        else:
            assert [each.kind for each in shop.checkout.audit("default", shop.clock.now - DAY)] == ["duplicate"]

    found = shop.payment(payment)
    assert (found.refunded, found.closed_at, refunds(shop, payment)) == (0, None, [])
    assert [each.revoked_at for each in shop.ledger.rights.grants(payment.reference)] == [None]
    [noted] = [each for each in shop.ledger.journal(payment.reference) if each.event == "another charge was given back"]
    assert (noted.detail["of"], noted.detail["amount"]) == ("TX99", "$10.00")


def test_a_second_charge_that_pends_does_not_become_the_payments_own(shop: Shop) -> None:
    payment = bought(shop)
    [first] = shop.provider.moved
    shop.provider.transactions["TX99"] = replace(first, id="TX99", status=Result.PENDING)
    shop.notify(reference=first.reference, transaction="TX99")
    assert shop.payment(payment).transaction_id == first.id

    shop.provider.end("TX99", Result.SUCCESS)
    shop.notify(reference=first.reference, transaction="TX99", again="yes")
    assert "TX99 paid it too" in (shop.payment(payment).parked_reason or "")


def test_what_two_processes_learn_of_at_once_is_adopted_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = bought(shop)
    assert payment.transaction_id is not None
    by_hand = shop.provider.returns(payment.transaction_id, Money(400, "USD"))
    shelf = type(shop.ledger.refunds)
    honest = shelf.by_transaction

    def a_moment_before_the_other(*_: object) -> int | None:
        monkeypatch.setattr(shelf, "by_transaction", honest)
        shop.notify(reference="by hand", transaction=str(by_hand.transaction_id), parent=str(payment.transaction_id))
        return None

    monkeypatch.setattr(shelf, "by_transaction", a_moment_before_the_other)
    assert list(shop.checkout.audit("default", shop.clock.now - DAY)) == []
    assert [each.money.minor for each in refunds(shop, payment)] == [400]
    assert shop.told.count("payment-refunded") == 1


def test_a_chargeback_is_adopted_from_the_books(shop: Shop) -> None:
    payment = bought(shop)
    assert payment.transaction_id is not None
    shop.provider.returns(payment.transaction_id, Money(1000, "USD"), chargeback=True)
    findings = [list(shop.checkout.audit("default", shop.clock.now - DAY)) for _ in range(2)]

    assert [[each.kind for each in found] for found in findings] == [["refund"], []]
    assert findings[0][0].detail == "the chargeback of $10.00 is done now"
    assert [each.kind for each in refunds(shop, payment)] == ["chargeback"]
    assert not shop.ledger.rights.owns("default", JOHN, ["album"])
    with pytest.raises(Refused, match="fully refunded"):
        shop.checkout.refund(payment.reference)


def test_what_goes_back_of_a_payment_that_is_not_known_to_be_paid_waits(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy(ALBUM)
    assert payment.transaction_id is not None
    by_hand = shop.provider.returns(payment.transaction_id, Money(400, "USD"))
    shop.notify(reference="by hand", transaction=str(by_hand.transaction_id), parent=payment.transaction_id)
    assert refunds(shop, payment) == []
    shop.provider.settle()
    shop.work_for(3 * HOUR)

    assert shop.payment(payment).state is State.PAID
    assert [each.money.minor for each in refunds(shop, payment)] == [400]


def test_a_forged_parent_adopts_nothing(shop: Shop) -> None:
    payment, other = bought(shop), bought(shop, SLEEVE)
    by_hand = shop.provider.returns(str(other.transaction_id), Money(100, "USD"))
    shop.notify(reference="x", transaction=str(by_hand.transaction_id), parent=str(payment.transaction_id))

    assert refunds(shop, payment) == []
    assert [each.money.minor for each in refunds(shop, other)] == [100]


def test_a_refund_of_ours_is_known_by_its_reference(shop: Shop) -> None:
    """Its answer was lost, and the provider tells of it before anybody asks."""
    payment = bought(shop)
    shop.gateway.will("refund", "lost")
    shop.checkout.refund(payment.reference)
    [back] = shop.provider.returned
    shop.notify(reference=back.reference, transaction=back.id, parent=str(payment.transaction_id))

    assert states(shop, payment) == ["done"]
    assert shop.told.count("payment-refunded") == 1


def test_money_of_one_payment_gives_back_nothing_of_another(shop: Shop) -> None:
    """Somebody with our keys gives money back by hand, under a reference that was never answered here."""
    payment, other = bought(shop, SLEEVE), bought(shop, Item("poster", "2.00", "A poster"))
    shop.gateway.will("refund", "lost before", "lost before")
    shop.checkout.refund(other.reference)
    reference = f"{other.reference}-r1"
    by_hand = shop.provider.returns(str(payment.transaction_id), Money(200, "USD"), reference)
    shop.notify(reference=reference, transaction=str(by_hand.transaction_id), parent=str(payment.transaction_id))

    assert [(each.kind, each.state.value) for each in refunds(shop, payment)] == [("adopted", "done")]
    assert states(shop, other) == ["unknown"]
    shop.work_for(10 * MINUTE, every=MINUTE)
    assert states(shop, other) == ["unknown"]
    assert "it gives back TX" in (shop.payment(other).parked_reason or "")


def test_books_that_disagree_put_the_refund_before_a_person(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "lost")
    shop.checkout.refund(payment.reference, "4")
    [back] = shop.provider.returned
    shop.provider.transactions[back.id] = replace(back, money=Money(500, "USD"))
    shop.work_for(10 * MINUTE, every=MINUTE)
    shop.notify(reference=back.reference, transaction=back.id, parent=str(payment.transaction_id))

    assert "it is about $5.00, not $4.00" in (shop.payment(payment).parked_reason or "")


# What was not delivered yet


def test_a_full_refund_withdraws_what_was_not_delivered(shop: Shop) -> None:
    payment = undelivered(shop)
    shop.checkout.refund(payment.reference)
    shop.work_for(DAY)

    assert shop.delivered == []
    assert "delivery withdrawn" in shop.events(payment)


def test_a_delivery_that_was_given_up_is_withdrawn_too(shop: Shop) -> None:
    payment = undelivered(shop)
    shop.receiver = lambda payment, session: 1 / 0  # type: ignore[assignment]
    shop.work_for(2 * DAY)
    assert shop.payment(payment).parked_reason is not None
    shop.checkout.refund(payment.reference)
    assert shop.payment(payment).parked_reason is None


def test_a_part_withdraws_nothing(shop: Shop) -> None:
    payment = undelivered(shop)
    shop.checkout.refund(payment.reference, "9.99")
    shop.work_for(DAY)
    assert shop.delivered == [payment.reference]


def test_a_full_refund_under_way_already_holds_the_delivery_back(shop: Shop) -> None:
    payment = undelivered(shop)
    shop.gateway.will("refund", "pending")
    shop.checkout.refund(payment.reference)
    shop.work_for(HOUR)
    assert shop.delivered == []
    shop.provider.settle(Result.FAILURE)
    shop.work_for(3 * HOUR)

    assert states(shop, payment) == ["failed"]
    assert shop.delivered == [payment.reference]


def test_who_is_delivering_is_not_disturbed(shop: Shop) -> None:
    done: list[Refund] = []
    shop.receiver = lambda payment, session: done.append(shop.again().checkout.refund(payment.reference))
    elsewhere = Shop(shop.engine, shop.clock, shop.gateway, shares_session=False)
    elsewhere.receiver = shop.receiver
    payment = elsewhere.buy(ALBUM)

    assert done[0].state is RefundState.DONE
    assert elsewhere.delivered == [payment.reference]
    assert elsewhere.payment(payment).delivered_at is not None


def test_a_delivery_whose_process_died_is_withdrawn_when_it_is_claimed_again(shop: Shop) -> None:
    elsewhere = Shop(shop.engine, shop.clock, shop.gateway, shares_session=False)

    def refund_and_die(payment: Payment, session: object) -> None:
        elsewhere.again().checkout.refund(payment.reference)
        raise SystemExit

    elsewhere.receiver = refund_and_die
    elsewhere.buy(ALBUM)
    later = elsewhere.again()
    later.receiver = lambda payment, session: None
    later.work_for(DAY)
    assert later.delivered == []
