"""A shop without Flask: the checkout over a real ledger and a simulated provider, with all that it told."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from flask_fps.checkout import Addresses
from flask_fps.checkout import all_or_nothing
from flask_fps.checkout import Checkout
from flask_fps.checkout import Desk
from flask_fps.checkout import Policy
from flask_fps.checkout import Started
from flask_fps.gateways import Standing
from flask_fps.gateways import Verdict
from flask_fps.ledger import Home
from flask_fps.ledger import Ledger
from flask_fps.ledger import Store
from flask_fps.ledger import Terms
from flask_fps.orders import make_order
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.signals import PaymentSignal
from tests.checkout.gateway import Provider
from tests.checkout.gateway import ScriptedGateway
from tests.checkout.gateway import Token
from tests.clock import Clock

SONG = Item("song", "0.10", "Now and Forever")
JOHN = "john@shop"
GUEST = "guest:1"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
#: One whole exchange; a lease is three of them and five seconds.
EXCHANGE = timedelta(seconds=10)
LEASE = 3 * EXCHANGE + timedelta(seconds=5)
IPN = "https://shop.example/fps/ipn"
_names = count(1)


class Shop:
    """One process of a shop. :meth:`again` is the next one, over the same database and the same provider."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock | None = None,
        gateway: ScriptedGateway | None = None,
        *,
        shares_session: bool = True,
    ) -> None:
        self.clock = clock or Clock()
        self.gateway = gateway or ScriptedGateway(Provider(self.clock))
        self.provider = self.gateway.provider
        self.engine = engine
        session = (lambda: Session(engine)) if shares_session else None
        self.ledger = Ledger(Store(Home(lambda: engine, session, lambda: None, lambda: False, own=True), self.clock))
        #: Signals and deliveries in order: ``completed`` is a call of the shop's receivers.
        self.told: list[str] = []
        self.telling: list[Payment] = []
        self.delivered: list[str] = []
        #: What the receivers do, in place of nothing.
        self.receiver: Callable[[Payment, Any], None] = lambda payment, session: None
        self.named: dict[str, Callable[[Payment], None]] = {}
        self.may_deliver = True
        self.policy: Policy = all_or_nothing
        self.desk = Desk(
            ledger=self.ledger,
            gateways={"default": self.gateway},
            clock=self.ledger.clock,
            new_name=lambda: f"name-{next(_names)}",
            tell=self._tell,
            fresh=lambda payment, function: function(),
            handle=self._handle,
            handlers=self._handlers,
            may_deliver=lambda: self.may_deliver,
            exchange=EXCHANGE,
            terms=Terms(DAY),
            handler_timeout=timedelta(seconds=5),
            policy=lambda: self.policy,
        )
        self.checkout = Checkout(self.desk)

    def again(self, **changes: Any) -> Shop:
        """Another process, or the same one after a crash: nothing in memory is kept."""
        other = Shop(self.engine, self.clock, self.gateway, shares_session=self.ledger.deliveries.share_session)
        other.named, other.receiver = dict(self.named), self.receiver
        if changes:
            other.desk = replace(other.desk, **changes)
            other.checkout = Checkout(other.desk)
        return other

    # What a buyer does

    def start(self, *items: Item, buyer: str = JOHN, key: str | None = None, reserve: bool = False) -> Started:
        order = make_order(items or (SONG,), "USD", next_url="/download/1", key=key, reserve=reserve)
        addresses = Addresses(lambda reference: f"https://shop.example/fps/return?ref={reference}", IPN)
        return self.checkout.start(order, buyer, "default", addresses)

    def started(self, *items: Item, buyer: str = JOHN, key: str | None = None, reserve: bool = False) -> Payment:
        payment = self.start(*items, buyer=buyer, key=key, reserve=reserve).payment
        assert payment is not None
        return payment

    def come_back(self, payment: Payment, token: Token | None = None, **changes: str) -> Standing:
        """The buyer agreed and is back."""
        agreed = token or self.provider.authorize(payment.reference)
        said = {"status": "authorized", "token": agreed.id, "signature": "provider", **changes}
        return self.checkout.finish(payment, _query(said))

    def buy(self, *items: Item, buyer: str = JOHN, key: str | None = None, reserve: bool = False) -> Payment:
        payment = self.started(*items, buyer=buyer, key=key, reserve=reserve)
        assert self.come_back(payment) is Standing.AUTHORIZED
        return self.payment(payment)

    # What the provider and the worker do

    def notify(self, payment: Payment | None = None, **changes: str) -> Verdict:
        """The provider tells of this payment's newest transaction."""
        said = {"signature": "provider", **(self._transaction_of(payment) if payment else {}), **changes}
        return self.checkout.notify("default", _query(said).encode(), {}, IPN)

    def _transaction_of(self, payment: Payment) -> Mapping[str, str]:
        reference = f"{payment.reference}-"
        found = [each for each in self.provider.transactions.values() if each.reference.startswith(reference)]
        return {"reference": found[-1].reference, "transaction": found[-1].id}

    def work(self) -> int:
        """One pass of a worker; how much was due."""
        arrivals, payments = self.ledger.arrivals.due(100), self.ledger.due_payments(100)
        for arrival in arrivals:
            self.checkout.process_arrival(arrival)
        for payment in payments:
            self.checkout.drive_payment(payment)
        releases, refunds = self.ledger.releases.due(100), self.ledger.refunds.due(100)
        for release in releases:
            self.checkout.give_back(release)
        for refund in refunds:
            self.checkout.drive_refund(refund)
        deliveries = self.ledger.deliveries.due(100)
        for delivery in deliveries:
            self.checkout.deliver(delivery)
        return len(arrivals) + len(payments) + len(releases) + len(refunds) + len(deliveries)

    def work_for(self, span: timedelta, every: timedelta = HOUR) -> None:
        """A worker at it for so long."""
        end = self.clock.now + span
        while self.clock.now < end:
            self.clock.advance(min(every, end - self.clock.now))
            for _ in range(20):
                if self.work() == 0:
                    break
            else:
                raise AssertionError("the worker never comes to rest")

    # What is known

    def payment(self, payment: Payment) -> Payment:
        found = self.ledger.payment(payment.reference)
        assert found is not None
        return found

    def events(self, payment: Payment) -> list[str]:
        return [entry.event for entry in self.ledger.journal(payment.reference)]

    @property
    def sends(self) -> list[str]:
        """References of the requests that were to move money, in the order they were sent."""
        return [call.removeprefix("pay ") for call in self.gateway.calls if call.startswith("pay ")]

    def _tell(self, signal: PaymentSignal, payment: Payment, /, **told: Any) -> None:
        self.told.append(signal.name)
        self.telling.append(payment)

    def _handle(self, payment: Payment, session: Any) -> None:
        self.told.append("completed")
        self.receiver(payment, session)
        self.delivered.append(payment.reference)

    def _handlers(self) -> dict[str, Callable[[Payment], None]]:
        return self.named


def _query(said: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in said.items())
