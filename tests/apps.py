"""Flask shops for tests, whose provider is the simulated one of :mod:`tests.checkout.gateway`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlsplit

from flask import Flask
from flask import request
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from werkzeug.test import TestResponse

from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps.ledger import Ledger
from flask_fps.state import AppState
from tests.checkout.gateway import Provider
from tests.checkout.gateway import ScriptedGateway
from tests.clock import Clock
from tests.database import fresh_database
from tests.database import hurry

SONG = Item("song", "0.10", "Now and Forever")


class Shop:
    """A shop that sells a song: ``/song`` is the download, ``/buy`` the link. ``X-User`` is who has signed in.

    With ``db=True`` the ledger stands beside the shop's own tables, with an Engine behind it, else by itself.
    """

    def __init__(
        self,
        folder: Path,
        *,
        db: Any = None,
        config: dict[str, Any] | None = None,
        app: Flask | None = None,
        before: Callable[[Shop], None] | None = None,
    ) -> None:
        self.clock = Clock()
        self.gateway = ScriptedGateway(Provider(self.clock))
        self.provider = self.gateway.provider
        self.path = fresh_database(folder)
        self.app = app or Flask("tests.apps", instance_path=str(folder))
        self.db = SQLAlchemy() if db is True else None
        self.fps = FPS(
            db=self.db if db is True else db,
            gateways={"scripted": lambda config, account, transport, clock: self.gateway},
            clock=self.clock,
        )
        self.app.config.update({"SECRET_KEY": "tests", "FPS_GATEWAY": "scripted", "TESTING": True})
        uri = "SQLALCHEMY_DATABASE_URI" if db is True else "FPS_DATABASE_URI"
        if db is None or db is True:
            self.app.config[uri] = f"sqlite:///{self.path}"
        self.app.config.update(config or {})
        self.app.add_url_rule("/song", "song", self.fps.payment_required(SONG)(lambda: "the song"))
        self.app.add_url_rule("/buy", "buy", lambda: self.fps.start_url(SONG, next_url="/song"))
        self.fps.buyer_loader(lambda: request.headers.get("X-User"))
        if before is not None:
            before(self)
        if self.db is not None:
            self.db.init_app(self.app)
        self.fps.init_app(self.app)
        if db is None or db is True:
            hurry(self.ledger.engine)

    @property
    def state(self) -> AppState:
        state: AppState = self.app.extensions["fps"]
        return state

    @property
    def ledger(self) -> Ledger:
        return self.state.ledger

    def client(self, user: str | None = None) -> FlaskClient:
        client = self.app.test_client()
        if user is not None:
            client.environ_base["HTTP_X_USER"] = user
        return client

    def close(self) -> None:
        self.ledger.engine.dispose()

    # What a buyer's browser does

    def start(self, client: FlaskClient, link: str | None = None) -> TestResponse:
        return client.get(link or client.get("/buy").text)

    def started(self, client: FlaskClient, link: str | None = None) -> Payment:
        location = self.start(client, link).headers["Location"]
        return self.payment(parse_qs(urlsplit(location).query)["reference"][0])

    def return_path(self, payment: Payment, **changes: str) -> str:
        """Where the provider sends a buyer who agreed."""
        said = {"status": "authorized", "signature": "provider", **changes}
        if "token" not in said:
            said["token"] = self.provider.authorize(payment.reference).id
        url = urlsplit(payment.return_url)
        return f"{url.path}?{url.query}&" + "&".join(f"{name}={value}" for name, value in said.items())

    def buy(self, client: FlaskClient, link: str | None = None) -> Payment:
        payment = self.started(client, link)
        answer = client.get(self.return_path(payment))
        assert answer.status_code == 303, answer.text
        return self.payment(payment.reference)

    def notify(self, client: FlaskClient, payment: Payment, **changes: str) -> TestResponse:
        """The provider posts to the address that stands in the payment."""
        transaction = next(
            each for each in self.provider.transactions.values() if each.reference.startswith(payment.reference)
        )
        said = {"reference": transaction.reference, "transaction": transaction.id, "signature": "provider", **changes}
        body = "&".join(f"{name}={value}" for name, value in said.items())
        return client.post(urlsplit(payment.notify_url).path, data=body)

    def payment(self, reference: str) -> Payment:
        found = self.ledger.payment(reference)
        assert found is not None
        return found

    def page(self, payment: Payment) -> str:
        return f"/fps/payments/{payment.reference}"

    def rows(self, model: Any) -> list[Any]:
        assert self.db is not None
        with self.app.app_context():
            return list(self.db.session.scalars(select(model)))


def heading(answer: TestResponse) -> str:
    """What a page says first."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.S)
    assert found, answer.text
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())
