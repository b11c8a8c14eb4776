"""A commit that is done and reported as failed: its step is taken again, and counts nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.errors import LedgerBusy
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import RefundState
from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import HOUR
from tests.checkout.shop import Shop
from tests.database import LostCommit

ALBUM = Item("album", "10.00", "A whole album")
HALF_A_DAY = timedelta(hours=12)


@pytest.fixture
def commit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> LostCommit:
    return LostCommit(shop.engine, monkeypatch)


def sent(shop: Shop, payment: Payment, number: int = 1) -> tuple[int, int]:
    """How often a request went out, and how many of those sends are known to have moved nothing."""
    intent = shop.ledger.intent_named(f"{payment.reference}-{number}")
    assert intent is not None
    return intent.sends, intent.harmless_sends


@pytest.mark.parametrize("refusal", ["refused", "refused for now", "not sent"])
def test_a_refusal_counted_twice_would_hide_the_send_whose_answer_was_lost(
    shop: Shop, commit: LostCommit, refusal: str
) -> None:
    payment = shop.started()
    shop.gateway.will("pay", "lost", refusal)
    shop.come_back(payment)
    shop.clock.advance(HOUR)
    shop.gateway.meanwhile["pay"] = commit.arm
    shop.work()

    assert commit.lost
    assert sent(shop, payment) == (2, 1)
    assert shop.payment(payment).state is State.UNKNOWN
    shop.work_for(DAY)
    assert shop.payment(payment).state is State.PAID
    assert len(shop.provider.moved) == 1


def test_a_single_refusal_still_ends_it(shop: Shop, commit: LostCommit) -> None:
    payment = shop.started()
    shop.gateway.will("pay", "refused")
    shop.gateway.meanwhile["pay"] = commit.arm
    shop.come_back(payment)

    assert commit.lost
    assert sent(shop, payment) == (1, 1)
    assert shop.payment(payment).state is State.FAILED


@pytest.mark.parametrize("refusal", ["refused", "refused for now", "not sent"])
def test_a_refund_is_not_given_back_twice(shop: Shop, commit: LostCommit, refusal: str) -> None:
    payment = shop.buy(ALBUM)
    shop.gateway.will("refund", "lost", refusal)
    shop.checkout.refund(payment.reference, "3.00", "k")
    shop.clock.advance(HOUR)
    shop.gateway.meanwhile["refund"] = commit.arm
    shop.work()

    assert commit.lost
    shop.work_for(DAY)
    assert [each.money.minor for each in shop.provider.returned] == [300]
    assert [each.state for each in shop.ledger.refunds.of(payment.reference)] == [RefundState.DONE]


@pytest.mark.parametrize("what", ["pay", "refund"])
def test_a_send_is_counted_once(shop: Shop, commit: LostCommit, what: str) -> None:
    """What is looked for first and then sent once more is counted in a step of its own."""
    shop.gateway.will(what, "lost before", "not sent", "not sent")
    payment = shop.buy(ALBUM)
    reference = f"{payment.reference}-1"
    if what == "refund":
        reference = f"{payment.reference}-r1"
        shop.checkout.refund(payment.reference, "3.00", "k")
    for _ in range(2):
        shop.clock.advance(HOUR)
        shop.gateway.meanwhile["find"] = commit.arm
        shop.work()

    assert commit.lost
    intent = shop.ledger.intent_named(reference)
    assert intent is not None
    assert (intent.sends, intent.harmless_sends) == (3, 2)


@pytest.mark.parametrize("after", range(8))
def test_whatever_commit_is_lost_a_purchase_and_its_refund_happen_once(
    shop: Shop, commit: LostCommit, after: int
) -> None:
    commit.arm(after)
    payment = shop.buy(ALBUM)
    shop.work_for(HOUR)
    for _ in range(2):
        shop.checkout.refund(payment.reference, "3.00", "k")
    shop.work_for(DAY, HALF_A_DAY)

    found = shop.payment(payment)
    assert (found.state, found.refunded_money.minor) == (State.PAID, 300)
    assert found.delivered_at is not None
    assert len(shop.provider.moved) == 1
    assert [each.money.minor for each in shop.provider.returned] == [300]


def test_a_refund_that_may_be_written_down_tells_its_key(shop: Shop, commit: LostCommit) -> None:
    payment = shop.buy(ALBUM)
    commit.arm(for_good=True)
    with pytest.raises(LedgerBusy, match="may be written down, and is given back then: repeat it with the key") as busy:
        shop.checkout.refund(payment.reference, "3.00")
    assert busy.value.key is not None
    assert repr(busy.value.key) in str(busy.value)

    shop.checkout.refund(payment.reference, "3.00", busy.value.key)
    shop.work_for(DAY, HALF_A_DAY)
    assert [each.money.minor for each in shop.provider.returned] == [300]


def test_more_downloads_are_given_once(shop: Shop, commit: LostCommit) -> None:
    payment = shop.buy(Item("album", "10.00", "A whole album", downloads=2))
    commit.arm()
    shop.ledger.rights.renew_downloads(payment.reference, 3, None)

    assert commit.lost
    [grant] = shop.ledger.rights.grants(payment.reference)
    assert grant.downloads == 5
