from __future__ import annotations

from dataclasses import replace

import pytest

from flask_fps.checkout import Finding
from flask_fps.errors import NotSent
from flask_fps.money import Money
from flask_fps.records import Result
from tests.checkout.gateway import Transaction
from tests.checkout.shop import DAY
from tests.checkout.shop import Shop


def findings(shop: Shop) -> list[tuple[str, str | None]]:
    return [(each.kind, each.payment) for each in found(shop)]


def found(shop: Shop) -> list[Finding]:
    return list(shop.checkout.audit("default", shop.clock.now - DAY))


def change(shop: Shop, id: str | None, **changes: object) -> Transaction:
    assert id is not None
    shop.provider.transactions[id] = replace(shop.provider.transactions[id], **changes)  # type: ignore[arg-type]
    return shop.provider.transactions[id]


def test_books_that_agree_are_no_finding(shop: Shop) -> None:
    shop.gateway.will("pay", "success", "pending", "failure")
    for number in range(3):
        shop.buy(buyer=f"buyer {number}")

    assert findings(shop) == []


def test_another_amount_currency_or_payee(shop: Shop) -> None:
    amount, currency, payee = (shop.buy(buyer=f"buyer {number}") for number in range(3))
    change(shop, amount.transaction_id, money=Money(9, "USD"))
    change(shop, currency.transaction_id, money=Money(10, "EUR"))
    change(shop, payee.transaction_id, recipient="somebody else")

    assert findings(shop) == [
        ("amount", amount.reference),
        ("currency", currency.reference),
        ("payee", payee.reference),
    ]


def test_what_moved_nothing_is_held_to_no_amount(shop: Shop) -> None:
    shop.gateway.will("pay", "failure")
    failed = shop.buy()
    change(shop, failed.transaction_id, money=Money(5, "USD"))

    assert findings(shop) == []


def test_paid_here_and_not_there(shop: Shop) -> None:
    failed, gone = shop.buy(), shop.buy(buyer="jane")
    change(shop, failed.transaction_id, status=Result.FAILURE)
    assert gone.transaction_id is not None
    del shop.provider.transactions[gone.transaction_id]

    assert findings(shop) == [("status", failed.reference), ("missing", gone.reference)]


def test_money_that_moved_and_is_nobodys_here(shop: Shop) -> None:
    payment = shop.buy()
    original = change(shop, payment.transaction_id)
    shop.provider.transactions["TX90"] = replace(original, id="TX90", reference="stranger")
    shop.provider.transactions["TX91"] = replace(original, id="TX91", reference="x", status=Result.FAILURE)
    shop.provider.transactions["TX92"] = replace(original, id="TX92", reference="y", recipient="somebody else")

    assert [(each.kind, each.transaction_id) for each in found(shop)] == [("orphan", "TX90")]


def test_money_that_moved_twice_for_one_payment(shop: Shop) -> None:
    payment = shop.buy()
    original = change(shop, payment.transaction_id)
    shop.provider.transactions["TX90"] = replace(original, id="TX90")

    assert findings(shop) == [("orphan", payment.reference), ("duplicate", payment.reference)]


def test_money_that_went_back_of_what_is_not_known_to_be_paid_names_its_payment(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    [moved] = shop.provider.transactions
    shop.provider.returns(moved, payment.money)

    assert findings(shop) == [("orphan", payment.reference), ("orphan", payment.reference)]


def test_a_lost_answer_shows_until_it_is_found(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()

    assert findings(shop) == [("orphan", payment.reference)]
    shop.clock.advance(5)
    shop.work()
    assert findings(shop) == []


def test_what_the_provider_does_not_tell_of_is_named(shop: Shop) -> None:
    payment = shop.buy()
    [moved] = shop.provider.transactions
    shop.provider.transactions["TX90"] = replace(shop.provider.transactions[moved], id="TX90", reference="stranger")
    shop.gateway.will("line", "lost", "lost")

    assert [(each.kind, each.transaction_id, each.payment) for each in found(shop)] == [
        ("unread", moved, payment.reference),
        ("unread", "TX90", None),
    ]
    assert [each.kind for each in found(shop)] == ["orphan"]


def test_who_does_not_say_does_not_say_no(shop: Shop) -> None:
    payment = shop.buy()
    [moved] = shop.provider.transactions
    change(shop, moved, date=shop.clock.now - 2 * DAY)
    assert findings(shop) == []
    shop.gateway.will("status", "lost", "breaks")

    assert findings(shop) == findings(shop) == [("unread", payment.reference)]


def test_a_provider_that_does_not_answer_is_no_clean_bill(shop: Shop) -> None:
    shop.gateway.will("activity", "lost")
    with pytest.raises(NotSent):
        found(shop)
