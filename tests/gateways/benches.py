"""One bench per gateway: its provider, what buyers do there, and what may go wrong on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from typing import Protocol
from urllib.parse import urlsplit

import requests

from flask_fps.assembly import fps_gateway
from flask_fps.config import Config
from flask_fps.errors import NotSent
from flask_fps.errors import OutcomeUnknown
from flask_fps.gateways import Begun
from flask_fps.gateways import Gateway
from flask_fps.gateways.fps import FPSGateway
from flask_fps.money import Money
from flask_fps.records import Intent
from flask_fps.records import Payment
from flask_fps.records import State
from flask_fps.sandbox.server import SandboxServer
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests.clock import Clock
from tests.gateways.hold import HoldGateway
from tests.gateways.hold_provider import HoldProvider
from tests.gateways.hold_provider import Refused

#: Nobody listens there.
SHOP = "http://127.0.0.1:9/fps"
SELLER = "seller@digitaldownload.example"


@dataclass(frozen=True)
class Letter:
    """A notification as it reaches the shop."""

    body: bytes
    headers: Mapping[str, str]
    url: str


class Bench(Protocol):
    """What the contract suite needs of a gateway's surroundings."""

    @property
    def gateway(self) -> Gateway: ...

    @property
    def cut_off(self) -> Gateway:
        """The same account, where no connection can be opened."""

    @property
    def currency(self) -> str: ...

    @property
    def begin_asks(self) -> bool:
        """Does ``begin`` ask the provider?"""

    def started(self, *, denied: bool = False) -> Payment:
        """A payment that was not begun yet; ``denied``: paid by a slow method, it will fail in the end."""

    def authorize(self, payment: Payment, method: str | None = None) -> str:
        """The buyer approves; what his browser brings back. ``slow``: a method that settles later."""

    def abandon(self, payment: Payment) -> str: ...

    def refuse(self, payment: Payment) -> str: ...

    def doomed(self, payment: Payment) -> str:
        """The buyer approves, and paying will be refused without anything moving, but may pass later."""

    def settle(self) -> None:
        """What pends ends."""

    def lose_answer(self) -> None:
        """The next request has its effect, and its answer is lost."""

    def break_down(self) -> None:
        """The next request is answered with an internal error, and has no effect."""

    def advance(self, by: timedelta) -> None: ...

    def now(self) -> datetime: ...

    def moved(self) -> list[tuple[str, Money]]:
        """Reference and amount of all money that moved or is about to."""

    def returned(self) -> list[tuple[str, Money]]:
        """Reference and amount of all money that went back or is about to."""

    def fail_refund(self) -> None:
        """The last refund does not reach the buyer after all."""

    def give_back_by_hand(self, payment: Payment) -> str:
        """Somebody gives a payment back at the provider; the transaction."""

    def is_usable(self, authorization_id: str) -> bool:
        """Could the provider still take money with it?"""

    def letters(self) -> list[Letter]:
        """Every notification so far, oldest first."""


_numbers = count(1)


def payment_of(gateway: str, money: Money) -> Payment:
    """A payment as the ledger would hand it over."""
    reference = f"{next(_numbers):032x}"
    return Payment(
        reference=reference,
        state=State.STARTED,
        items=(),
        money=money,
        buyer="7",
        account="default",
        gateway=gateway,
        order_key="order",
        reason="Now and Forever",
        next_url=None,
        return_url=f"{SHOP}/return?ref={reference}",
        notify_url=f"{SHOP}/ipn",
        created_at=datetime.fromisoformat("2026-03-01T12:00:00+00:00"),
    )


def begin(bench: Bench, payment: Payment) -> Payment:
    """Begun, with what the ledger remembers of it."""
    begun = bench.gateway.begin(payment)
    assert isinstance(begun, Begun)
    return replace(payment, redirect_url=begun.redirect, gateway_handle=begun.handle)


def intent_of(
    gateway: Gateway,
    payment: Payment,
    authorization_id: str,
    number: int | str = 1,
    *,
    kind: str = "pay",
    money: Money | None = None,
) -> Intent:
    """A request about this payment's money, as the checkout freezes it."""
    reference = f"{payment.reference}-{number}"
    draft = Intent(reference, kind, payment.reference, money or payment.money, authorization_id, {})
    return replace(draft, parameters=gateway.freeze(payment, draft))


class FPSBench:
    """FPSGateway against a sandbox on a real socket."""

    currency = "USD"
    begin_asks = False

    def __init__(self, server: SandboxServer) -> None:
        self._sandbox = Sandbox(server)
        self._buyer = Buyer(self._sandbox)
        self.gateway = self._open(server.url)
        self.cut_off = self._open("http://127.0.0.1:9")

    def _open(self, url: str) -> FPSGateway:
        config = Config.read({"FPS_ENVIRONMENT": "local", "FPS_SANDBOX_URL": url, "FPS_TIMEOUT": 5})
        gateway = fps_gateway(config, "default", None, lambda: self._sandbox.clock.unmoved())
        assert isinstance(gateway, FPSGateway)
        return replace(gateway, probe=True)

    def close(self) -> None:
        for gateway in (self.gateway, self.cut_off):
            gateway.client.close()

    def started(self, *, denied: bool = False) -> Payment:
        return payment_of("fps", Money(361 if denied else 10, self.currency))

    def authorize(self, payment: Payment, method: str | None = None) -> str:
        kind = "CC" if method == "slow" else "ABT"
        with requests.Session() as browser:
            return _query(self._buyer.authorize(browser, _redirect(payment), method=kind))

    def abandon(self, payment: Payment) -> str:
        with requests.Session() as browser:
            walk = self._buyer._walk(browser, _redirect(payment), "john@example.com", None, None)
            return _query(walk.left(walk.send(walk.to_step("confirm"), "cancel", [("cancel", "yes")])))

    def refuse(self, payment: Payment) -> str:
        """The seller himself is not taken as a buyer."""
        with requests.Session() as browser:
            return _query(self._buyer.authorize(browser, _redirect(payment), as_=SELLER, password="seller"))

    def doomed(self, payment: Payment) -> str:
        raw = self.authorize(payment)
        self._sandbox.faults.add("Pay", "decline", code="AccessFailure")
        return raw

    def settle(self) -> None:
        self._sandbox.settle()

    def lose_answer(self) -> None:
        self._sandbox.faults.add("*", "lose_answer")

    def break_down(self) -> None:
        self._sandbox.faults.add("*", "500_before")

    def advance(self, by: timedelta) -> None:
        self._sandbox.advance(by)

    def now(self) -> datetime:
        return self._sandbox.clock.now()

    def moved(self) -> list[tuple[str, Money]]:
        transactions = self._sandbox.ledger()["transactions"]
        return [
            (each["callerReference"], Money.parse(each["amount"], each["currency"]))
            for each in transactions
            if each["status"] in ("Success", "Pending") and each["operation"] != "Refund"
        ]

    def returned(self) -> list[tuple[str, Money]]:
        transactions = self._sandbox.ledger()["transactions"]
        return [
            (each["callerReference"], Money.parse(each["amount"], each["currency"]))
            for each in transactions
            if each["status"] != "Failure" and each["operation"] == "Refund"
        ]

    def fail_refund(self) -> None:
        refund = self._sandbox.ledger()["transactions"][-1]
        self._sandbox.server.bank.by_hand.fail(SELLER, refund["transactionId"], "TransactionDenied")

    def give_back_by_hand(self, payment: Payment) -> str:
        """Nobody named an address for it: it goes to the account's own."""
        bank, transaction = self._sandbox.server.bank, str(payment.transaction_id)
        bank.accounts.set_ipn(SELLER, payment.notify_url, "2")
        back = bank.by_hand.refund(SELLER, transaction, Money(5, self.currency), None)
        self._sandbox.settle()
        return back.transaction_id

    def is_usable(self, authorization_id: str) -> bool:
        token = self._sandbox.server.bank.tokens.get(authorization_id)
        return token.is_active(self.now())

    def letters(self) -> list[Letter]:
        found = self._sandbox.server.notifications
        return [Letter(each.body, dict(each.headers), each.url or "") for each in found]


class HoldWire:
    """The way to a HoldProvider, and what may go wrong on it."""

    def __init__(self, provider: HoldProvider) -> None:
        self._provider = provider
        self.faults: list[str] = []

    def __call__(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "break_down":
            raise Refused("internal", status=500)
        answer = self._provider.call(action, parameters)
        if fault == "lose_answer":
            raise OutcomeUnknown("the answer was lost")
        return answer


def _no_connection(action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    raise NotSent("connection refused")


class HoldBench:
    """HoldGateway against its provider."""

    currency = "JPY"
    begin_asks = True

    def __init__(self) -> None:
        self.clock = Clock()
        self.provider = HoldProvider(self.clock)
        self.wire = HoldWire(self.provider)
        self.gateway = HoldGateway(self.wire)
        self.cut_off = HoldGateway(_no_connection)

    def started(self, *, denied: bool = False) -> Payment:
        return payment_of("hold", Money(361 if denied else 1200, self.currency))

    def authorize(self, payment: Payment, method: str | None = None) -> str:
        kind = "bank" if method == "slow" else "card"
        return _query(self.provider.authorize(self._session(payment), kind))

    def pend(self, payment: Payment) -> str:
        return _query(self.provider.authorize(self._session(payment), pending=True))

    def abandon(self, payment: Payment) -> str:
        return _query(self.provider.turn_away(self._session(payment), "abandoned"))

    def refuse(self, payment: Payment) -> str:
        return _query(self.provider.turn_away(self._session(payment), "refused"))

    def doomed(self, payment: Payment) -> str:
        self.provider.refusals.append(Refused("busy", retryable=True))
        return self.authorize(payment)

    def settle(self) -> None:
        for back in self.provider.backs:
            if back.state == "pending":
                self.provider.end_back(back, "success")
        pending = next((each for each in self.provider.charges if each.state == "pending"), None)
        if pending is not None:
            self.provider.end(pending, "failure" if pending.money.minor == 361 else "success")

    def lose_answer(self) -> None:
        self.wire.faults.append("lose_answer")

    def break_down(self) -> None:
        self.wire.faults.append("break_down")

    def advance(self, by: timedelta) -> None:
        self.clock.advance(by)

    def now(self) -> datetime:
        return self.clock()

    def moved(self) -> list[tuple[str, Money]]:
        return [(each.key, each.money) for each in self.provider.charges if each.state != "failure"]

    def returned(self) -> list[tuple[str, Money]]:
        return [(each.key, each.money) for each in self.provider.backs if each.state != "failure"]

    def fail_refund(self) -> None:
        self.provider.end_back(self.provider.backs[-1], "failure")

    def give_back_by_hand(self, payment: Payment) -> str:
        charge = next(each for each in self.provider.charges if each.id == payment.transaction_id)
        return self.provider.give_back(charge, Money(5, self.currency)).id

    def is_usable(self, authorization_id: str) -> bool:
        return self.provider.is_open(next(each for each in self.provider.holds if each.id == authorization_id))

    def letters(self) -> list[Letter]:
        return [Letter(each.body, each.headers, each.url) for each in self.provider.letters]

    def _session(self, payment: Payment) -> Any:
        found = self.provider.session(payment.gateway_handle)
        assert found is not None
        return found


def _redirect(payment: Payment) -> Any:
    """What a shop answers that sends its buyer away."""
    assert payment.redirect_url is not None
    return SimpleNamespace(
        status_code=303, headers={"Location": payment.redirect_url}, request=SimpleNamespace(url=SHOP)
    )


def _query(url: str) -> str:
    return urlsplit(url).query
