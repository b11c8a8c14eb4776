"""The shop's side: the real checkout and the real ledger, in processes that keep nothing when they die."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from typing import cast
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy import text
from sqlalchemy.orm import Session

from flask_fps.checkout import Addresses
from flask_fps.checkout import Checkout
from flask_fps.checkout import Desk
from flask_fps.errors import LedgerBusy
from flask_fps.errors import Refused
from flask_fps.ledger import Deliveries
from flask_fps.ledger import Delivery
from flask_fps.ledger import Draft
from flask_fps.ledger import Home
from flask_fps.ledger import Ledger
from flask_fps.ledger import Opening
from flask_fps.ledger import Store
from flask_fps.ledger import Terms
from flask_fps.money import Money
from flask_fps.orders import make_order
from flask_fps.records import Item
from flask_fps.records import Order
from flask_fps.records import Payment
from flask_fps.signals import payment_refund_failed
from flask_fps.signals import PaymentSignal
from flask_fps.standing import describe
from flask_fps.state import AppState
from flask_fps.worker import Worker
from tests.simulation.fibers import pause
from tests.simulation.shapes import Shape
from tests.simulation.world import Violation
from tests.simulation.world import World

T = TypeVar("T")
ACCOUNT = "default"
HERE = Addresses(
    return_url=lambda reference: f"https://shop.example/fps/return?ref={reference}",
    notify_url="https://shop.example/fps/ipn",
)


class HandlerRaised(Exception):
    """A handler of the shop has a bad day."""


@dataclass(frozen=True)
class Wish:
    """What a buyer wants, under the shop's own key or under none."""

    sku: str
    currency: str
    key: str | None = None
    reserve: bool = False


@dataclass(frozen=True)
class Claim:
    """A sentence that a buyer has read."""

    payment: str
    state: str
    text: str
    at: datetime


class SimulatedStore(Store):
    """The real database, at whose steps others may go on."""

    def __init__(self, world: World, home: Home) -> None:
        super().__init__(home, world.clock)
        self._dice = world.dice

    def write(self, action: Callable[[Session, datetime], T]) -> T:
        pause("before a commit")
        result = super().write(action)
        pause("after a commit")
        return result

    def read(self, action: Callable[[Session], T]) -> T:
        if self._dice.chance(self._dice.database // 4):
            raise LedgerBusy("the database is away")
        return super().read(action)


class SimulatedDeliveries(Deliveries):
    """The real handing over, before and after which others may go on."""

    def hand_over(self, delivery: Delivery, call: Callable[[Any], None]) -> None:
        pause("before a delivery")
        super().hand_over(delivery, call)
        pause("after a delivery")


class SimulatedLedger(Ledger):
    """The real ledger; what it was asked to open is remembered."""

    def __init__(self, shop: Shop, home: Home) -> None:
        super().__init__(SimulatedStore(shop.world, home))
        self.deliveries = SimulatedDeliveries(self.store)
        self._drafts = shop.drafts

    def open_payment(self, draft: Draft) -> tuple[Opening, Payment | None]:
        self._drafts[draft.reference] = draft
        return super().open_payment(draft)


class Shop:
    """One shop, its ledger, and everything it has done before the eyes of its buyers."""

    def __init__(self, world: World, shape: Shape, engine: Engine) -> None:
        self.world = world
        self.shape = shape
        self.engine = engine
        self.drafts: dict[str, Draft] = {}
        self.claims: list[Claim] = []
        #: Goods of every call of the handler.
        self.calls: list[Payment] = []
        #: Signal and payment, in order.
        self.told: list[tuple[str, str]] = []
        #: What the operator wanted: amounts to settle, by payment.
        self.settles: dict[str, list[int]] = {}
        #: Those that have not died.
        self.workers: dict[str, Worker] = {}
        #: Guests who turned out to be somebody.
        self.signed_in: dict[str, str] = {}
        self.prices = {sku: 10 + 7 * number for number, sku in enumerate(("song", "album", "book"))}
        self.with_session = bool(world.random.randrange(2))
        self.unattended = bool(world.random.randrange(4))

    def price(self, wish: Wish) -> Order:
        unit = self.prices[wish.sku] if wish.currency == "JPY" else f"{self.prices[wish.sku] / 100:.2f}"
        item = Item(wish.sku, unit, f"One {wish.sku}", currency=wish.currency, data={"file": wish.sku})
        return make_order((item,), wish.currency, key=wish.key, reserve=wish.reserve)

    # Processes

    def process(self) -> tuple[Checkout, Worker]:
        """A process that has just started."""
        session: Callable[[], AbstractContextManager[Any]] | None = None
        if self.with_session:
            session = lambda: Session(self.engine)  # noqa: E731
        home = Home(lambda: self.engine, session, lambda: None, lambda: False, own=True)
        ledger = SimulatedLedger(self, home)
        desk = Desk(
            ledger=ledger,
            gateways={ACCOUNT: self.shape.gateway},
            clock=self.world.clock,
            new_name=lambda: f"{self.world.random.getrandbits(128):032x}",
            tell=self._tell,
            fresh=lambda payment, function: function(),
            handle=self._handle,
            handlers=dict,
            may_deliver=lambda: True,
            exchange=timedelta(seconds=10),
            terms=Terms(timedelta(hours=24), unattended=self.unattended),
            handler_timeout=timedelta(minutes=10),
        )
        checkout = Checkout(desk)
        state = SimpleNamespace(ledger=ledger, checkout=checkout, missing_handlers=tuple)
        return checkout, Worker(cast(AppState, state))

    def _tell(self, signal: PaymentSignal, payment: Payment, /, **told: Any) -> None:
        self.world.die_here()
        refund = told.get("refund")
        if signal.name == payment_refund_failed.name:
            self._look_at_what_failed(payment.reference)
        about = f"{payment.reference} {refund.key}" if refund is not None else payment.reference
        self.told.append((signal.name, about))
        self.world.note(f"tells {signal.name} of {payment.reference[:6]}")

    def _look_at_what_failed(self, reference: str) -> None:
        """Nobody is told that a refund has failed while its money is on its way."""
        spent = "SELECT coalesce(sum(r.amount), 0) FROM fps_refunds r JOIN fps_payments p ON p.id = r.payment_id"
        with self.engine.connect() as connection:
            query = text(f"{spent} WHERE p.reference = :one AND r.state <> 'failed'")
            known = connection.execute(query, {"one": reference}).scalar_one()
        back = [tx for tx in self.shape.refunds() if tx.payment == reference and tx.state in ("success", "pending")]
        if sum(tx.money.minor for tx in back if tx.reference.startswith(reference)) > known:
            raise Violation(f"a refund of {reference} is called failed, and {back} went back")

    def _handle(self, payment: Payment, session: Any) -> None:
        self.world.die_here()
        if not any(each.payment == payment.reference and each.state == "success" for each in self.shape.transactions()):
            raise Violation(f"{payment.reference} is delivered and not paid")
        self.calls.append(payment)
        if session is not None:
            session.execute(text("INSERT INTO sales (reference) VALUES (:one)"), {"one": payment.reference})
        if self.world.dice.chance(self.world.dice.handlers):
            raise HandlerRaised(f"of {payment.reference}")
        self.world.die_here()
        self.world.note(f"delivers {payment.reference[:6]}")

    # What browsers and the provider ask of it

    def start(self, wish: Wish, buyer: str, found: Callable[[str], None]) -> None:
        """A click; ``found`` gets the address the buyer is sent to, if he is sent away."""
        checkout, _ = self.process()
        try:
            started = checkout.start(self.price(wish), buyer, ACCOUNT, HERE)
        except LedgerBusy:
            self.world.note("try again in a moment")
            return
        about = started.payment.reference[:6] if started.payment else "nothing"
        self.world.note(f"{started.opening.value}: {about}")
        if started.redirect is not None:
            found(started.redirect)

    def come_back(self, url: str) -> None:
        """A return, and the page after it."""
        checkout, _ = self.process()
        query = url.partition("?")[2]
        reference = query.partition("&")[0].partition("=")[2]
        try:
            payment = self.ledger.payment(reference)
            assert payment is not None
            self.world.note(f"returns to {reference[:6]}: {checkout.finish(payment, query).value}")
        except LedgerBusy:
            self.world.note("try again in a moment")
            return
        if self.world.random.randrange(2):
            self.look(reference)

    def look(self, reference: str) -> None:
        """The payment's own page, which takes it further."""
        checkout, _ = self.process()
        try:
            checkout.drive(reference)
            payment = self.ledger.payment(reference)
        except LedgerBusy:
            self.world.note("try again in a moment")
            return
        if payment is None:
            return
        claim = Claim(reference, payment.state.value, describe(payment).message, self.world.clock())
        self.world.note(f"{reference[:6]} is {claim.state}: {claim.text}")
        self.claims.append(claim)
        moved = [each for each in self.shape.transactions() if each.payment == reference and each.state == "success"]
        if moved and "othing was charged" in claim.text:
            raise Violation(f"{reference} reads {claim.text!r}, and {moved[0]} says otherwise")

    def notify(self, body: bytes, headers: dict[str, str], url: str, acknowledged: Callable[[], None]) -> None:
        checkout, _ = self.process()
        try:
            verdict = checkout.notify(ACCOUNT, body, headers, url)
        except LedgerBusy:
            self.world.note("503 to a notification")
            return
        self.world.note(f"a notification: {verdict.value}")
        acknowledged()

    def sign_in(self, guest: str, buyer: str) -> None:
        """Somebody who came as a guest says who he is."""
        self.signed_in[guest] = buyer
        try:
            moved = self.ledger.adopt(guest, buyer)
        except LedgerBusy:
            self.world.note("try again in a moment")
            return
        self.world.note(f"{guest} is {buyer}: {moved} payments are his")

    # What its operator asks of it

    def refund(self, reference: str, part: float | None, key: str | None) -> None:
        """Give a payment back, or this part of it."""
        self._ordered(f"refund {reference[:6]}", lambda checkout: self._refund(checkout, reference, part, key))

    def _refund(self, checkout: Checkout, reference: str, part: float | None, key: str | None) -> str:
        total = self.drafts[reference].order.total
        money = Money(max(1, int(total.minor * part)), total.currency) if part is not None else None
        made = checkout.refund(reference, money, key)
        return f"{made.money} {made.state}"

    def settle(self, reference: str, part: float | None) -> None:
        total = self.drafts[reference].order.total
        money = Money(max(1, int(total.minor * part)), total.currency) if part is not None else total
        self.settles.setdefault(reference, []).append(money.minor)
        self._ordered(
            f"settle {reference[:6]}", lambda checkout: checkout.settle(reference, money if part else None).state.value
        )

    def cancel(self, reference: str) -> None:
        self._ordered(f"cancel {reference[:6]}", lambda checkout: checkout.cancel(reference).state.value)

    def _ordered(self, what: str, act: Callable[[Checkout], str]) -> None:
        try:
            self.world.note(f"{what}: {act(self.process()[0])}")
        except Refused as refused:
            self.world.note(f"{what}: {refused}")
        except LedgerBusy:
            self.world.note("try again in a moment")

    def work(self, name: str) -> None:
        """One pass of a worker; one that died is started anew."""
        worker = self.workers.pop(name, None) or self.process()[1]
        self.world.note(f"worked: {worker.work_once()}")
        self.workers[name] = worker

    @property
    def ledger(self) -> Ledger:
        home = Home(lambda: self.engine, None, lambda: None, lambda: False, own=True)
        return SimulatedLedger(self, home)
