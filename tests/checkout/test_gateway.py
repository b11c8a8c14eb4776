"""The double itself: it fits the seam, and its books are honest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.gateways import Gateway
from flask_fps.money import Money
from flask_fps.records import Intent
from flask_fps.records import Result
from tests.checkout.gateway import Provider
from tests.checkout.gateway import ScriptedGateway
from tests.clock import Clock


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway(Provider(Clock()))


def intent(gateway: ScriptedGateway, reference: str = "p-1", token: str | None = None) -> Intent:
    token = token or gateway.provider.authorize("p").id
    parameters = {"reference": reference, "token": token, "amount": "10 USD"}
    return Intent(reference, "pay", "p", Money(10, "USD"), token, parameters)


def test_it_fits_the_seam(gateway: ScriptedGateway) -> None:
    fits: Gateway = gateway

    assert fits.name == "fps"


def test_the_same_request_again_is_the_same_transaction(gateway: ScriptedGateway) -> None:
    request = intent(gateway)

    assert gateway.pay(request) == gateway.pay(request)
    assert len(gateway.provider.moved) == 1


@pytest.mark.parametrize("said", ["lost", "breaks"])
def test_a_lost_answer_moved_money_all_the_same(gateway: ScriptedGateway, said: str) -> None:
    gateway.will("pay", said)
    if said == "breaks":
        with pytest.raises(ConnectionResetError):
            gateway.pay(intent(gateway))
    else:
        assert gateway.pay(intent(gateway)).result is Result.UNKNOWN
    assert len(gateway.provider.moved) == 1


@pytest.mark.parametrize("said", ["lost before", "not sent", "refused", "refused for now"])
def test_what_was_not_done_moved_nothing(gateway: ScriptedGateway, said: str) -> None:
    gateway.will("pay", said)
    gateway.pay(intent(gateway))
    assert gateway.provider.transactions == {}


def test_a_token_pays_once_and_not_for_long(gateway: ScriptedGateway) -> None:
    request = intent(gateway)
    gateway.pay(request)
    again = gateway.pay(intent(gateway, "p-2", request.authorization_id))
    late = intent(gateway, "p-3")
    gateway.provider.clock.advance(timedelta(hours=3))

    assert (again.result, again.code) == (Result.FAILURE, "TokenUsageError")
    assert gateway.pay(late).code == "TokenUsageError"
    assert len(gateway.provider.moved) == 1
