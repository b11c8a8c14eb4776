"""A sandbox in the middle of its life, and what somebody outside may know of it."""

from __future__ import annotations

import logging
from datetime import datetime
from datetime import timezone
from random import Random
from types import TracebackType
from urllib.parse import urlsplit

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.server import SandboxServer
from flask_fps.sandbox.settings import Settings
from flask_fps.testing.pages import Form
from flask_fps.testing.pages import Page
from tests.fuzz.shots import Shot
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

PEOPLE = {JOHN: "john", JANE: "jane", SELLER: "seller"}
_COOKIE = "fps_sandbox_session"


class World:
    """One sandbox on a port of its own; its clock stands still until it is moved."""

    def __init__(self) -> None:
        bank = Bank(SandboxClock.stopped_at(datetime.now(timezone.utc)))
        self.server = SandboxServer(bank=bank, settings=Settings(post_notifications=False), ticking=False)
        self.host = urlsplit(self.server.url).netloc
        self.errors = _Errors()
        #: What the API was asked, oldest first.
        self.asked: list[Shot] = []

    def __enter__(self) -> World:
        logging.getLogger("flask_fps.sandbox").addHandler(self.errors)
        self.server.app.logger.addHandler(self.errors)
        self.server.start()
        self._live_a_while()
        self.sessions = {email: self._signed_in(email, password) for email, password in PEOPLE.items()}
        self.put_in = self.total()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()
        logging.getLogger("flask_fps.sandbox").removeHandler(self.errors)

    @property
    def bank(self) -> Bank:
        return self.server.bank

    def total(self) -> int:
        """All balances together, in cents."""
        return sum(account.balance.minor for account in self.bank.books.accounts)

    def token_id(self, dice: Random) -> str:
        """One that pays, most of the time."""
        now = self.bank.clock.now()
        good = [one.token_id for one in self.bank.books.tokens if one.is_active(now)]
        if good and dice.random() < 0.7:
            return dice.choice(good)
        return dice.choice([one.token_id for one in self.bank.books.tokens][-50:])

    def transaction_id(self, dice: Random) -> str:
        return dice.choice([one.transaction_id for one in self.bank.books.transactions][-30:])

    def reserved_id(self, dice: Random) -> str:
        """One that holds money, if there is any."""
        held = [one.transaction_id for one in self.bank.books.transactions if one.status == "Reserved"]
        return dice.choice(held) if held else self.transaction_id(dice)

    def run_id(self, dice: Random) -> str:
        return dice.choice([one.run_id for one in self.bank.books.runs][-10:])

    def reference(self, dice: Random) -> str:
        """One that was used, or one that was not."""
        used = [one.caller_reference for one in self.bank.books.transactions][-20:]
        return dice.choice(used) if dice.random() < 0.2 else f"new-{dice.getrandbits(40):x}"

    def forms(self, email: str, path: str) -> list[Form]:
        """The forms a person finds on a page."""
        with self.server.app.test_client() as client:
            client.set_cookie(_COOKIE, self.sessions[email], domain="127.0.0.1")
            answer = client.get(path, base_url=self.server.url)
            return Page(f"{self.server.url}{path}", answer.status_code, answer.get_data(as_text=True)).forms

    def cookie(self, email: str) -> str:
        return f"{_COOKIE}={self.sessions[email]}"

    def _live_a_while(self) -> None:
        """Tokens in every state, transactions of every method, a refund, and a run that goes on."""
        caller = Caller(self.server.url)
        for number, method in enumerate(("ABT", "CC", "ACH", "ABT", "CC")):
            for buyer in (JOHN, JANE):
                caller.pay(token(self.server, buyer, method, "5.00", f"{buyer}-{number}"), f"{buyer}-{number}", "4.00")
        self.server.advance(2)
        paid = self.bank.transactions.all()[0].transaction_id
        refund = {"RefundAmount.Value": "1.00", "RefundAmount.CurrencyCode": "USD"}
        caller.send(caller.signed({"Action": "Refund", "TransactionId": paid, "CallerReference": "back", **refund}))
        cancelled = token(self.server, JOHN, "ABT", "5.00", "cancelled")
        caller.call("CancelToken", TokenId=cancelled)
        for buyer in (JOHN, JANE):
            for method in ("ABT", "CC", "ACH"):
                for number in range(5):
                    token(self.server, buyer, method, "5.00", f"{buyer}-{method}-{number}")

    def _signed_in(self, email: str, password: str) -> str:
        """The cookie of a browser that is signed in."""
        with self.server.app.test_client() as client:
            page = client.get("/account/sign-in", base_url=self.server.url)
            form = Page("", 200, page.get_data(as_text=True)).forms[0]
            sent = dict(form.filled([("email", email), ("password", password)]))
            answer = client.post("/account/sign-in", data=sent, base_url=self.server.url)
            assert answer.status_code == 303, answer.get_data(as_text=True)
            cookie = client.get_cookie(_COOKIE, domain="127.0.0.1")
            assert cookie is not None
            return cookie.value


class _Errors(logging.Handler):
    """What the sandbox logged as a mistake of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def take(self) -> list[str]:
        told = [logging.Formatter().format(record) for record in self.records]
        self.records.clear()
        return told
