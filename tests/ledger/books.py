"""A ledger of the test's own, and short words for what tests do with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine
from sqlalchemy import select
from sqlalchemy.orm import Session

from flask_fps.ledger import Accepted
from flask_fps.ledger import Arrival
from flask_fps.ledger import Draft
from flask_fps.ledger import Home
from flask_fps.ledger import Lease
from flask_fps.ledger import Ledger
from flask_fps.ledger import Opening
from flask_fps.ledger import Proof
from flask_fps.ledger import Settled
from flask_fps.ledger import Store
from flask_fps.ledger import Terms
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import Base
from flask_fps.ledger.models import IntentRow
from flask_fps.ledger.models import PaymentRow
from flask_fps.orders import make_order
from flask_fps.records import Intent
from flask_fps.records import Item
from flask_fps.records import Order
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.clock import Clock

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: How long tests hold a lease.
LEASE = timedelta(seconds=35)
ASK_AFTER = timedelta(minutes=10)
PAY_WITHIN = 3 * HOUR
TERMS = Terms(DAY)
SONG = Item("song", "0.10", "Now and Forever")
JOHN = "guest:john"
JANE = "jane"


class Books:
    """One ledger, its clock, and payments made as a shop makes them."""

    def __init__(self, engine: Engine) -> None:
        self.clock = Clock()
        self.engine = engine
        home = Home(lambda: self.engine, lambda: Session(self.engine), lambda: None, lambda: False, own=True)
        self.ledger = Ledger(Store(home, self.clock))
        self._numbers = count(1)

    # Orders

    def draft(self, *items: Item, buyer: str = JOHN, key: str | None = None, **changes: Any) -> Draft:
        number = next(self._numbers)
        given: dict[str, Any] = {
            "reference": f"payment-{number}",
            "account": "default",
            "gateway": "fps",
            "order": self.order(*items, key=key),
            "buyer": buyer,
            "return_url": f"https://shop.example/fps/return?ref={number}",
            "notify_url": "https://shop.example/fps/ipn",
            "lifetime": DAY,
            "ask_after": ASK_AFTER,
            **changes,
        }
        return Draft(**given)

    def order(self, *items: Item, key: str | None = None) -> Order:
        return make_order(items or (SONG,), "USD", key=key, next_url="/download/1")

    def open(self, *items: Item, **changes: Any) -> tuple[Opening, Payment | None]:
        return self.ledger.open_payment(self.draft(*items, **changes))

    def started(self, *items: Item, **changes: Any) -> Payment:
        opening, payment = self.open(*items, **changes)
        assert opening is Opening.STARTED, opening
        assert payment is not None
        return payment

    # Returns and answers

    def lease(self, owner: str = "tests") -> Lease:
        return Lease(owner, LEASE)

    def arrival(self, payment: Payment, body: str = "status=SC", source: str = "return") -> Arrival:
        return Arrival(source, payment.return_url, body.encode(), payment.account, payment.gateway, payment.reference)

    def candidate(self, payment: Payment, number: int = 1, token: str = "TOKEN") -> Intent:
        reference = f"{payment.reference}-{number}"
        return Intent(reference, "pay", payment.reference, payment.money, token, {"CallerReference": reference})

    def accept(self, payment: Payment, *, token: str = "TOKEN", owner: str = "tests", body: str = "") -> Accepted:
        """The buyer comes back with this token."""
        arrival = self.arrival(payment, body or f"status=SC&tokenID={token}")
        proof = Proof(token, "CC", None, arrival=arrival)
        return self.ledger.accept(proof, self.candidate(payment, token=token), self.lease(owner), TERMS)

    def paying(self, *items: Item, **changes: Any) -> tuple[Payment, Intent]:
        """A payment whose request is on its way."""
        accepted = self.accept(self.started(*items, **changes))
        assert accepted.intent is not None
        return accepted.payment, accepted.intent

    def settle(
        self, intent: Intent, outcome: Outcome | Result, *, owner: str = "tests", handlers: Iterable[str] = ()
    ) -> Settled:
        told = outcome if isinstance(outcome, Outcome) else self.outcome(outcome)
        return self.ledger.settle(intent, told, self.lease(owner), handlers)

    def outcome(self, result: Result, **more: Any) -> Outcome:
        if result in (Result.SUCCESS, Result.PENDING, Result.RESERVED):
            more = {"transaction_id": "TX1", **more}
        return Outcome(result, **more)

    def paid(self, *items: Item, **changes: Any) -> Payment:
        _, intent = self.paying(*items, **changes)
        outcome = self.outcome(Result.SUCCESS, transaction_id=f"TX-{intent.reference}")
        return self.settle(intent, outcome).payment

    # Looking and forcing

    def payment(self, reference: str) -> Payment:
        found = self.ledger.payment(reference)
        assert found is not None
        return found

    def events(self, payment: Payment | str) -> list[str]:
        reference = payment if isinstance(payment, str) else payment.reference
        return [entry.event for entry in self.ledger.journal(reference)]

    def rows(self, model: type[Base], **where: Any) -> list[Any]:
        with Session(self.engine) as session:
            return list(session.scalars(select(model).filter_by(**where).order_by(model.id)))

    def force(self, payment: Payment, **columns: Any) -> Payment:
        """Put a payment where a test needs it, past all rules."""
        with writing(self.engine) as session:
            row = session.query(PaymentRow).filter_by(reference=payment.reference).one()
            for name, value in columns.items():
                setattr(row, name, value.value if isinstance(value, State) else value)
        return self.payment(payment.reference)

    def force_intent(self, intent: Intent, **columns: Any) -> None:
        with writing(self.engine) as session:
            row = session.query(IntentRow).filter_by(reference=intent.reference).one()
            for name, value in columns.items():
                setattr(row, name, value)
