"""Who decided that money moves stands in the payment's story before it moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flask_fps.checkout import Decision
from flask_fps.records import Item
from flask_fps.records import JournalEntry
from flask_fps.records import Payment
from tests.checkout.shop import Shop

ALBUM = Item("album", "10.00", "A whole album")
ADA = Decision("ada", "it was scratched")
Act = Callable[[Shop, str], object]
WAYS: dict[str, Act] = {
    "refund": lambda shop, reference: shop.checkout.refund(reference, "4.00", "a scratch", decision=ADA),
    "settle": lambda shop, reference: shop.checkout.settle(reference, "4.00", decision=ADA),
    "cancel": lambda shop, reference: shop.checkout.cancel(reference, decision=ADA),
}


def story(shop: Shop, payment: Payment, way: str) -> list[JournalEntry]:
    about = (f"{way} decided", f"{way} asked for", "answer", "refund done")
    return [each for each in shop.ledger.journal(payment.reference) if each.event in about]


@pytest.mark.parametrize("way", WAYS)
def test_the_name_stands_there_before_the_provider_is_asked(shop: Shop, way: str) -> None:
    payment = shop.buy(ALBUM, reserve=way != "refund")
    told = len(story(shop, payment, way))
    seen: list[JournalEntry] = []
    shop.gateway.meanwhile[way] = lambda: seen.extend(story(shop.again(), payment, way)[told:])
    WAYS[way](shop, payment.reference)

    assert [each.event for each in seen] == [f"{way} decided", f"{way} asked for"]
    amount = "$10.00" if way == "cancel" else "$4.00"
    key = {"key": "a scratch"} if way == "refund" else {}
    assert seen[0].detail == {"by": "ada", "why": "it was scratched", "amount": amount, **key}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_asked_for_before_is_not_decided_again(shop: Shop, way: str) -> None:
    payment = shop.buy(ALBUM, reserve=way != "refund")
    for _ in range(2):
        WAYS[way](shop, payment.reference)

    assert shop.events(payment).count(f"{way} decided") == 1


def test_a_shop_that_decides_by_itself_gives_no_name(shop: Shop) -> None:
    payment = shop.buy(ALBUM)
    shop.checkout.refund(payment.reference)

    assert "refund decided" not in shop.events(payment)
