"""No step takes a second connection: where all of a pool's are in steps, nobody would get one."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping

import pytest
from sqlalchemy import create_engine

from flask_fps.ledger import Ledger
from flask_fps.records import Intent
from flask_fps.records import Payment
from flask_fps.records import RefundState
from flask_fps.records import State
from tests.checkout.gateway import Provider
from tests.checkout.gateway import ScriptedGateway
from tests.checkout.shop import EXCHANGE
from tests.checkout.shop import LEASE
from tests.checkout.shop import Shop
from tests.clock import Clock
from tests.database import emptied_engine
from tests.database import KINDS


class StoringGateway(ScriptedGateway):
    """As FPS of 2007: every request shows a token that the ledger keeps."""

    ledger: Ledger

    def freeze(self, payment: Payment, intent: Intent) -> Mapping[str, str]:
        caller = self.ledger.role_tokens.get(payment.account, payment.gateway)["caller"]
        return {**super().freeze(payment, intent), "caller": caller}


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A shop whose pool holds one connection."""
    engine = create_engine(emptied_engine(request.param).url, pool_size=1, max_overflow=0, pool_timeout=0.2)
    clock = Clock()
    gateway = StoringGateway(Provider(clock))
    shop = Shop(engine, clock, gateway)
    gateway.ledger = shop.ledger
    shop.ledger.role_tokens.keep("default", "fps", "caller", "CALLER")
    yield shop
    engine.dispose()


def shown(shop: Shop, reference: str) -> str | None:
    intent = shop.ledger.intent_named(reference)
    return intent.parameters.get("caller") if intent else None


def test_a_refund_is_frozen_on_its_steps_own_connection(shop: Shop) -> None:
    payment = shop.buy()
    assert shop.checkout.refund(payment.reference, "0.04").state is RefundState.DONE
    assert shown(shop, f"{payment.reference}-r1") == "CALLER"


def test_a_refund_is_frozen_anew_on_its_steps_own_connection(shop: Shop) -> None:
    payment = shop.buy()
    shop.gateway.will("refund", "refused for now")
    shop.checkout.refund(payment.reference, "0.04")
    shop.work_for(LEASE + EXCHANGE, every=LEASE)

    assert [each.state for each in shop.ledger.refunds.of(payment.reference)] == [RefundState.DONE]
    assert shown(shop, f"{payment.reference}-r1x2") == "CALLER"


def test_a_hold_is_settled_on_its_steps_own_connection(shop: Shop) -> None:
    payment = shop.buy(reserve=True)
    assert payment.state is State.RESERVED
    assert shop.checkout.settle(payment.reference).state is State.PAID
    assert shown(shop, f"{payment.reference}-h1") == "CALLER"


def test_a_step_that_fails_is_over(shop: Shop) -> None:
    """What is read after it is read on a connection that works."""
    with pytest.raises(LookupError):
        shop.ledger.note("nothing", "in vain")
    assert shop.ledger.role_tokens.get("default", "fps") == {"caller": "CALLER"}
