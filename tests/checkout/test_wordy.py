"""A provider that says much: what it tells is cut where it is too long, and what it names never is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any
from typing import cast

import pytest

from flask_fps.gateways import Authorization
from flask_fps.gateways import Begun
from flask_fps.gateways import Standing
from flask_fps.gateways.watched import watched
from flask_fps.ledger.models import IntentRow
from flask_fps.records import Intent
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import PROVIDER_NAME_LENGTH
from flask_fps.records import RefundState
from flask_fps.records import State
from tests.checkout.gateway import Provider
from tests.checkout.gateway import ScriptedGateway
from tests.checkout.shop import DAY
from tests.checkout.shop import Shop


class Wordy(ScriptedGateway):
    """Everything that it says is as long as ``length``, its names too, and every word about itself is longer."""

    name = "n" * 64

    def __init__(self, provider: Provider, length: int) -> None:
        super().__init__(provider)
        self.length = length
        self.provider._numbers = cast(Any, _numbers(length))

    def begin(self, payment: Payment) -> Begun:
        return replace(super().begin(payment), handle=f"{payment.reference:h>{self.length}}")

    def finish(self, raw_return: str, payment: Payment) -> Authorization:
        return replace(super().finish(raw_return, payment), method="m" * 300, payer=f"{'p' * 300}@x.example")

    def pay(self, intent: Intent) -> Outcome:
        return self._wordy(super().pay(intent))

    def refund(self, intent: Intent) -> Outcome:
        return self._wordy(super().refund(intent))

    def status(self, transaction_id: str) -> Outcome:
        return self._wordy(super().status(transaction_id))

    def find(self, intent: Intent) -> Outcome:
        return self._wordy(super().find(intent))

    def _wordy(self, outcome: Outcome) -> Outcome:
        long = {"payer": f"{'q' * 300}@x.example", "method": "w" * 300, "code": "c" * 300, "message": "s" * 9000}
        return replace(outcome, **cast(Any, long))


def _numbers(length: int) -> Iterator[str]:
    """Together with the word before them: transactions are ``TX…``, tokens are ``TOKEN…``."""
    return (f"{number:0{length - 5}}" for number in count(1))


def wordy(shop: Shop, length: int = PROVIDER_NAME_LENGTH) -> Shop:
    gateway = Wordy(shop.provider, length)
    shop.gateway = gateway
    return shop.again(gateways={"default": watched(gateway, "default", ())})


def test_what_is_told_is_cut_and_what_is_named_is_kept(shop: Shop) -> None:
    shop = wordy(shop)
    payment = shop.buy()
    row = shop.provider.moved[0]

    assert payment.is_paid
    assert payment.gateway == "n" * 64
    assert (payment.method, payment.payer, payment.contact) == ("m" * 64, "q" * 255, None)
    assert (payment.transaction_id, payment.authorization_id) == (row.id, row.token)
    assert len(row.token) == PROVIDER_NAME_LENGTH
    assert payment.gateway_handle is not None and len(payment.gateway_handle) == PROVIDER_NAME_LENGTH
    assert shop.ledger.payment_by_handle("default", payment.gateway_handle) == payment


def test_a_part_of_an_address_is_nobodys(shop: Shop) -> None:
    shop = wordy(shop)

    assert shop.checkout.address_of(shop.buy()) is None


def test_the_code_of_a_refusal_is_cut(shop: Shop) -> None:
    shop = wordy(shop)
    shop.gateway.will("pay", "refused")
    payment = shop.buy()

    assert payment.state is State.FAILED
    with shop.engine.connect() as connection:
        assert connection.execute(IntentRow.__table__.select()).one().code == "c" * 64


def test_what_goes_back_has_long_names_too(shop: Shop) -> None:
    shop = wordy(shop)
    payment = shop.buy()
    refund = shop.checkout.refund(payment.reference, "0.04")
    for _ in range(2):
        assert payment.transaction_id is not None
        by_hand = shop.provider.returns(payment.transaction_id, replace(payment.money, minor=1))
        shop.notify(transaction=by_hand.transaction_id or "", parent=payment.transaction_id)

    known = shop.ledger.refunds.of(payment.reference)
    assert [each.state for each in known] == [RefundState.DONE] * 3
    assert {refund.transaction_id, *(each.id for each in shop.provider.returned)} == {
        each.transaction_id for each in known
    }
    assert list(shop.checkout.audit("default", shop.clock.now - DAY)) == []


def test_an_unused_authorization_is_given_back_by_its_whole_name(shop: Shop) -> None:
    shop = wordy(shop)
    first, second = shop.started(), shop.started(key="another")
    shop.come_back(first)
    token = shop.provider.authorize(first.reference)
    shop.come_back(first, token)
    shop.work()

    assert token.cancelled and len(token.id) == PROVIDER_NAME_LENGTH
    assert shop.payment(second).state is State.STARTED


# What is longer than the ledger keeps


def test_a_handle_too_long_sends_nobody_away(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop = wordy(shop, PROVIDER_NAME_LENGTH + 1)
    started = shop.start()

    assert started.redirect is None and started.payment is not None
    assert started.payment.state is State.STARTED
    assert "longer than 512 characters, which is all that the ledger keeps" in caplog.text


def test_an_authorization_too_long_is_kept_for_a_person(shop: Shop) -> None:
    shop = wordy(shop, PROVIDER_NAME_LENGTH + 1)
    payment = shop.started()

    assert shop.come_back(payment) is Standing.COULD_NOT_TELL
    assert shop.payment(payment).state is State.STARTED
    shop.work_for(9 * DAY, DAY)
    assert "the gateway's name of the authorization is longer" in (shop.payment(payment).parked_reason or "")


def test_a_transaction_too_long_is_an_answer_that_nobody_heard(shop: Shop) -> None:
    shop = wordy(shop)
    shop.provider._numbers = cast(Any, iter(["1", "2" * PROVIDER_NAME_LENGTH]))
    payment = shop.buy()

    assert payment.state is State.UNKNOWN and payment.transaction_id is None
    [finding] = shop.checkout.audit("default", shop.clock.now - DAY)
    assert finding.kind == "unread" and "longer than 512 characters" in finding.detail
