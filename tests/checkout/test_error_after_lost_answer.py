"""No answer is ever read as "nothing was charged": once an answer was lost, no error settles a payment.

For every code that FPS may answer: the first answer is lost, and each re-send gets this error. The payment ends
paid or before a person, whether the money moved or not; it never ends failed, its page never says "declined" or
"nothing was charged", and there is never a second request to pay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from flask_fps.assembly import fps_gateway
from flask_fps.config import Config
from flask_fps.gateways.fps import FPSGateway
from flask_fps.protocol.codes import CODES
from flask_fps.records import Payment
from flask_fps.records import State
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank.clock import SandboxClock
from flask_fps.sandbox.server import SandboxServer
from flask_fps.standing import describe
from flask_fps.testing import Sandbox
from tests.checkout.shop import Shop
from tests.clock import Clock
from tests.simulation import database
from tests.simulation import dice
from tests.simulation.rest import supervised
from tests.simulation.shapes import FPSShape
from tests.simulation.shop import Shop as SimulatedShop
from tests.simulation.shop import Wish
from tests.simulation.world import World

MINUTE = timedelta(minutes=1)
NEVER = timedelta(days=1000)
#: When a worker comes by: soon and often, then past every edge.
PASSES = (MINUTE, MINUTE, 10 * MINUTE, 180 * MINUTE, *(timedelta(days=days) for days in (1, 5, 1)))


def check(payment: Payment) -> None:
    """What its page says, and that it is not taken for settled."""
    text = describe(payment)
    assert payment.state in (State.UNKNOWN, State.PAYING, State.PAID)
    assert "othing was charged" not in text.message
    assert "declined" not in text.headline
    assert payment.is_paid or "do not pay again" in text.message


class Case:
    """A payment of a simulated FPS whose first answer is lost, on a purpose that the test chooses."""

    def __init__(self, code: str, *, arrives: bool, is_listed: bool) -> None:
        self.world = World(0)
        self.world.dice = dice.Scripted(self.world.random)
        self.shape = FPSShape(self.world)
        rules = self.shape.provider.rules
        rules.done_reference = rules.failed_reference = code if arrives else "replay"
        rules.used_token, rules.activity_delay = code, timedelta(0) if is_listed else NEVER
        if not arrives:
            self.shape.provider.refusals += [code] * 100
        self.shop = SimulatedShop(self.world, self.shape, database.emptied(self.world.dice))
        self._first = dice.LOST_ANSWER if arrives else dice.NEVER_ARRIVES

    def live(self) -> Payment:
        with supervised(self.world):
            redirects: list[str] = []
            self.shop.start(Wish("song", "USD"), "buyer-1", redirects.append)
            returned = self.shape.approve(redirects[0], slow=False)
            assert returned is not None
            self.world.dice = dice.Scripted(self.world.random)
            self.world.dice.fates = [dice.FINE, self._first]  # of the return's signature, and of Pay
            self.shop.come_back(returned)
            check(self._payment())
            for wait in PASSES:
                self.world.wait(wait)
                self.shop.work("worker")
                check(self._payment())
            return self._payment()

    def _payment(self) -> Payment:
        [reference] = self.shop.drafts
        found = self.shop.ledger.payment(reference)
        assert found is not None
        return found

    @property
    def references(self) -> list[str]:
        """Of all requests to pay that have ever reached the provider."""
        return [reference for action, reference in self.shape.provider.references if action == "Pay"]


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_money_moved_and_the_transaction_is_found(code: str) -> None:
    case = Case(code, arrives=True, is_listed=True)
    payment = case.live()

    assert payment.state is State.PAID
    assert [each.reference for each in case.shop.calls] == [payment.reference]
    assert case.references == [f"{payment.reference}-1"]
    assert len(case.shape.transactions()) == 1


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_money_moved_and_nothing_tells_of_it(code: str) -> None:
    case = Case(code, arrives=True, is_listed=False)
    payment = case.live()

    assert (payment.state, bool(payment.parked_reason)) == (State.UNKNOWN, True)
    assert case.shop.calls == []
    assert case.references == [f"{payment.reference}-1"]
    assert len(case.shape.transactions()) == 1


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_request_never_arrived_and_nobody_can_know(code: str) -> None:
    case = Case(code, arrives=False, is_listed=True)
    payment = case.live()

    assert (payment.state, bool(payment.parked_reason)) == (State.UNKNOWN, True)
    assert case.shop.calls == []
    assert case.references == [f"{payment.reference}-1"]
    assert case.shape.transactions() == []


# Over the wire: what comes in place of a readable answer


class WireCase:
    """The same with the real client, before the sandbox on a real socket."""

    def __init__(self, shop: Shop, server: SandboxServer, clock: Clock) -> None:
        config = Config.read({"FPS_ENVIRONMENT": "local", "FPS_SANDBOX_URL": server.url, "FPS_TIMEOUT": 5})
        gateway = fps_gateway(config, "default", None, clock)
        assert isinstance(gateway, FPSGateway)
        self.gateway = gateway
        self.sandbox = Sandbox(server)
        self.shop = shop.again(gateways={"default": replace(gateway, probe=False)})

    def live(self) -> Payment:
        payment = self.shop.started()
        bank = self.sandbox.server.bank
        run = bank.pipelines.open(bank.account("seller@digitaldownload.example"), _asked(payment))
        bank.pipelines.authorize(run.run_id, "john@example.com", "ABT")  # type: ignore[union-attr]
        self.shop.clock.advance(10 * MINUTE)
        self.shop.work()
        check(self.shop.payment(payment))
        for wait in PASSES:
            self.shop.clock.advance(wait)
            self.shop.work()
            check(self.shop.payment(payment))
        return self.shop.payment(payment)


def _asked(payment: Payment) -> dict[str, str]:
    return {
        "pipelineName": "SingleUse",
        "callerReference": payment.reference,
        "returnURL": payment.return_url,
        "transactionAmount": str(payment.amount),
        "paymentMethod": "ABT",
    }


@pytest.fixture
def wire(shop: Shop) -> Iterator[WireCase]:
    bank = Bank(SandboxClock(lambda: shop.clock().timestamp()))
    with SandboxServer(port=0, bank=bank, ticking=False) as server:
        case = WireCase(shop, server, shop.clock)
        yield case
        case.gateway.client.close()


UNREADABLE = ("500_before", "500_after", "503_before", "503_after", "cut_answer", "lose_answer", "garbage")


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.parametrize("is_found", [True, False], ids=["found", "not found"])
def test_no_readable_answer_on_any_re_send(wire: WireCase, fault: str, is_found: bool) -> None:
    faults = wire.sandbox.faults
    faults.add("Pay", "lose_answer")
    faults.add("Pay", fault, 100)
    if not is_found:
        faults.add("GetAccountActivity", "500_before", 100)
    payment = wire.live()

    if is_found:
        assert payment.state is State.PAID
        assert wire.shop.delivered == [payment.reference]
    else:
        assert (payment.state, bool(payment.parked_reason)) == (State.UNKNOWN, True)
        assert wire.shop.delivered == []
    moved = wire.sandbox.ledger()["transactions"]
    assert [each["callerReference"] for each in moved] == [f"{payment.reference}-1"]
