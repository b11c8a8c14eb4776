"""A small shop on a port of its own, and people who come to it over real sockets."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import abort
from flask import Flask
from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import signals
from flask_fps.signals import PaymentSignal
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from flask_fps.worker import Worker

#: What the shop sells, and for how much at first.
PRICES = {"song": "0.10", "album": "7.49", "piano": "2000", "denied": "3.61"}


class Clock:
    """The shop's own time: real, and moved ahead when a test says so."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(timezone.utc) + self.ahead


@dataclass
class Shop:
    """One shop, and what it has been told."""

    app: Flask
    fps: FPS
    clock: Clock
    url: str = ""
    prices: dict[str, str] = field(default_factory=lambda: dict(PRICES))
    #: Reference and goods of every call of the fulfillment handler, in order.
    delivered: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    #: Signal and state of the payment, in order.
    told: list[tuple[str, str]] = field(default_factory=list)
    #: Makes the fulfillment handler raise this many times.
    broken: int = 0

    def work(self, *, after: timedelta = timedelta(0)) -> None:
        """A worker passes by, later by this much."""
        self.clock.ahead += after
        with self.app.app_context():
            Worker(self.app.extensions["fps"]).work_once()

    def wait(self, sandbox: Sandbox, by: timedelta) -> None:
        """Time passes for the shop and for the sandbox alike; no worker passes by."""
        self.clock.ahead += by
        sandbox.advance(by)

    def payment(self, reference: str) -> Payment:
        found = self.app.extensions["fps"].ledger.payment(reference)
        assert isinstance(found, Payment)
        return found

    def payments(self) -> list[Payment]:
        """All of them, oldest first."""
        found: list[Payment] = self.app.extensions["fps"].ledger.newest(1000)
        return found[::-1]

    def states(self) -> list[str]:
        return [payment.state.value for payment in self.payments()]

    def journal(self, reference: str) -> list[str]:
        return [entry.event for entry in self.app.extensions["fps"].ledger.journal(reference)]

    def start_url(self, *skus: str, **options: Any) -> str:
        """A start link as the shop puts it on its pages."""
        with self.app.test_request_context(base_url=self.url):
            return self.url + self.fps.start_url(*(_item(self.prices, sku) for sku in skus), **options)


@dataclass(frozen=True)
class Answer:
    """An answer to a request whose every byte we chose."""

    status: int
    headers: dict[str, str]
    text: str


class Visitor:
    """Somebody at a browser of his own."""

    def __init__(self, shop: Shop, buyer: Buyer) -> None:
        self.shop = shop
        self.session = requests.Session()
        self.session.trust_env = False
        self._buyer = buyer
        self.pay = partial(buyer.pay, self.session)
        self.decline = partial(buyer.decline, self.session)
        self.abandon = partial(buyer.abandon, self.session)
        self.authorize = partial(buyer.authorize, self.session)
        self.come_back = partial(buyer.come_back, self.session)
        self.pay_late = partial(buyer.pay_late, self.session)

    def get(self, url: str, **headers: str) -> requests.Response:
        """One request; redirects are not followed."""
        url = url if "://" in url else self.shop.url + url
        return self.session.get(url, headers=headers, allow_redirects=False, timeout=30)

    def want(self, sku: str) -> requests.Response:
        """Press the download link."""
        return self.get(f"/download/{sku}")

    def has(self, sku: str) -> bool:
        """Does the shop let this browser have it?"""
        return self.want(sku).status_code == 200

    def buy(self, sku: str, **how: Any) -> str:
        """The whole dance; gives the payment's reference."""
        return reference_in(self.pay(self.want(sku), **how))

    def page(self, reference: str) -> str:
        """What the payment's page says; looking takes the payment further."""
        answer = self.get(f"/fps/payments/{reference}")
        assert answer.status_code == 200
        return answer.text

    def bring(self, url: str, method: str = "GET") -> Answer:
        """Ask for exactly these bytes, with this browser's cookies."""
        return raw(url, method, {"Cookie": "; ".join(f"{each.name}={each.value}" for each in self.session.cookies)})


def raw(url: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    """One request whose every byte is ours: no client tidies the query up."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
    finally:
        connection.close()


def reference_in(answer: Any) -> str:
    """The payment whose page an answer redirects to."""
    assert answer.status_code == 303, answer.text
    prefix, _, reference = str(answer.headers["Location"]).rpartition("/fps/payments/")
    assert "/" not in reference and not prefix.startswith("//")
    return reference


def money(sandbox: Sandbox) -> list[tuple[str, Decimal, str]]:
    """What really moved, or is about to: status, amount and reference, oldest first. All of it is for the seller."""
    found = sandbox.ledger()["transactions"]
    assert {each["recipient"] for each in found} <= {"seller@digitaldownload.example"}
    return [(each["status"], Decimal(each["amount"]), each["callerReference"]) for each in found]


def _item(prices: dict[str, str], sku: str) -> Item:
    return Item(sku, prices[sku], f"One {sku}", data={"file": f"{sku}.mp3"})


def make_shop(config: dict[str, Any]) -> Shop:
    """The shop's code, as its developer would write it."""
    app, clock = Flask("flow_shop"), Clock()
    app.config.update(config)
    fps = FPS(app, clock=clock)
    shop = Shop(app, fps, clock)

    def sold(sku: str) -> Item:
        return _item(shop.prices, sku) if sku in shop.prices else abort(404)

    @app.get("/download/<sku>")
    @fps.payment_required(sold)
    def download(sku: str) -> ResponseReturnValue:
        return f"here is {sku}"

    @fps.buyer_loader
    def signed_in() -> str | None:
        return request.headers.get("X-Buyer")

    @signals.payment_completed.connect_via(app)
    def fulfill(app: Flask, *, payment: Payment, session: Any, **extra: Any) -> None:
        if shop.broken:
            shop.broken -= 1
            raise RuntimeError("the handler is broken")
        assert session is None
        shop.delivered.append((payment.reference, tuple(line.sku for line in payment.items)))

    listen(app, shop)
    return shop


def listen(app: Flask, shop: Shop) -> None:
    """Write down every signal that only tells."""
    telling = [value for value in vars(signals).values() if isinstance(value, PaymentSignal)]
    for signal in telling:

        def hear(app: Flask, *, name: str = signal.name, payment: Payment, **extra: Any) -> None:
            shop.told.append((name.removeprefix("payment-"), payment.state.value))

        signal.connect_via(app)(hear)


@contextmanager
def open_shop(config: dict[str, Any]) -> Iterator[Shop]:
    """A shop that is served until the block ends."""
    shop = make_shop(config)
    server = make_server("127.0.0.1", 0, shop.app, threaded=True)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with shop.app.app_context():
            shop.fps.client.close()
        shop.app.extensions["fps"].ledger.engine.dispose()
