"""What a row of the matrix is played on: a sandbox, a shop, people, and processes that are struck down."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest
import requests

from flask_fps.records import JournalEntry
from flask_fps.records import Payment
from flask_fps.state import ACCOUNT
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests.crash.acts import NEXT_DUE
from tests.crash.oracle import judge
from tests.crash.oracle import read
from tests.crash.oracle import Wish
from tests.faults.nursery import End
from tests.faults.nursery import Life
from tests.faults.nursery import Nursery
from tests.faults.points import Point
from tests.faults.shop import DATABASE
from tests.faults.shop import make_shop
from tests.faults.shop import served
from tests.faults.shop import Shop
from tests.held import Held
from tests.held import held_back

#: Passes of a worker after which all must be at rest.
PASSES = 60


class NotFired(Exception):
    """A row's fault did not happen: whatever the test found says nothing about it."""


class Person:
    """Somebody at a browser of his own, signed in unless he is a guest."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.name = name
        self.session = requests.Session()
        self.session.trust_env = False
        if name != "guest":
            self.session.headers["X-Buyer"] = name
        self._stage = stage
        self._buyer = Buyer(stage.sandbox)

    def get(self, url: str) -> requests.Response:
        """One request; redirects are not followed."""
        url = url if "://" in url else self._stage.shop.url + url
        return self.session.get(url, allow_redirects=False, timeout=30)

    def want(self, sku: str = "song") -> requests.Response:
        """Press the download link, and what it leads to: the answer of the start."""
        return self.get(self.get(f"/download/{sku}").headers["Location"])

    def agree(self, sku: str = "song", method: str = "ABT") -> str:
        """Approve on the sandbox's pages; the URL to come back to."""
        return self.agree_to(self.want(sku), method)

    def agree_to(self, start: requests.Response, method: str = "ABT") -> str:
        self._stage.note_wish(self.name, start.headers["Location"])
        return self._buyer.authorize(self.session, start, method=method)

    def come_back(self, url: str) -> str:
        """Open the return URL; the reference whose page it leads to."""
        answer = self.get(url)
        assert answer.status_code == 303, f"the return is answered by {answer.status_code}: {answer.text}"
        return answer.headers["Location"].rpartition("/")[2]

    def buy(self, sku: str = "song", method: str = "ABT") -> str:
        """The whole dance; the payment's reference."""
        return self.come_back(self.agree(sku, method))

    def page(self, reference: str) -> str:
        """What the payment's page says; looking takes the payment further."""
        answer = self.get(f"/fps/payments/{reference}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def has(self, sku: str = "song") -> bool:
        return self.get(f"/download/{sku}").status_code == 200


class Stage:
    """One row's stage. The shop opens when it is first needed, so that what it needs can be set before."""

    def __init__(self, sandbox: Sandbox, folder: Path, nursery: Callable[[], Nursery]) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self._nursery = nursery
        self._closing = ExitStack()
        #: Settings of the shop, before it opens.
        self.config: dict[str, Any] = {}
        #: Options of its ``FPS``, before it opens; processes that are struck down do not have them.
        self.options: dict[str, Any] = {}
        #: Names of the guards that are off.
        self.unguarded: list[str] = []
        #: What proves that the row's fault has happened.
        self.evidence: list[str] = []
        self.wishes: dict[str, Wish] = {}
        #: Processes that have begun and were not waited for.
        self._begun: set[int] = set()
        #: Put back when the row has been played.
        self.patch = self._closing.enter_context(pytest.MonkeyPatch.context())

    @cached_property
    def shop(self) -> Shop:
        shop = make_shop(self.folder, {**self.sandbox.config, **self.config}, **self.options)
        return self._closing.enter_context(served(shop))

    @cached_property
    def john(self) -> Person:
        return self.somebody("john")

    def somebody(self, name: str) -> Person:
        person = Person(self, name)
        self._closing.callback(person.session.close)
        return person

    def close(self) -> None:
        for pid in self._begun:
            os.kill(pid, signal.SIGKILL)
            self._nursery().wait(pid)
        self._closing.close()

    def note_wish(self, buyer: str, pages: str) -> None:
        """Somebody is about to agree to what these payment pages ask."""
        asked = {name: value for name, [value] in parse_qs(urlsplit(pages).query).items()}
        sku = asked["paymentReason"].removeprefix("One ")
        wish = Wish(f"{buyer} {sku}", None if buyer == "guest" else buyer, sku, asked["transactionAmount"])
        self.wishes[asked["callerReference"]] = wish

    # What happens

    def wait(self, **by: float) -> None:
        """Time passes for the shop and for the sandbox alike: ``minutes=5``."""
        self.shop.clock.ahead += timedelta(**by)
        self.sandbox.advance(timedelta(**by))

    def work(self, **after: float) -> None:
        """A worker passes by, so much later."""
        if after:
            self.wait(**after)
        self.shop.work()

    def rest(self) -> None:
        """Pass after pass of a worker, each when the next thing is due, until nothing is."""
        for _ in range(PASSES):
            self.shop.work()
            due = self._next_due()
            if due is None:
                return
            self.wait(seconds=max(0.0, due) + 0.01)
        raise AssertionError(f"the shop does not come to rest: {self.shop.states()}")

    def _next_due(self) -> float | None:
        """In how many seconds something falls due."""
        with self.shop.engine.connect() as connection:
            due = connection.execute(NEXT_DUE).scalar()
        if due is None:
            return None
        return (datetime.fromisoformat(due).replace(tzinfo=timezone.utc) - self.shop.clock()).total_seconds()

    @contextmanager
    def holding(self, fault: str = "delay", **given: Any) -> Iterator[Held]:
        """The next Pay meets this fault, which lasts until the test lets it go; as a rule its answer is held back."""
        self.sandbox.faults.add("Pay", fault, seconds=1, **given)
        with held_back() as held:
            yield held

    def quiet(self) -> None:
        """No notification ever comes: what is not learned otherwise is not learned."""
        self.sandbox.faults.add("Pay", "drop_ipn", 99)

    # Processes that are struck down

    def begin(self, act: list[Any], point: Point | None = None) -> int:
        """Another process of this shop does something; its process id."""
        life = Life(
            folder=str(self.folder),
            config={**self.sandbox.config, **self.config},
            act=act,
            url=self.shop.url,
            ahead=self.shop.clock.ahead.total_seconds(),
            point=None if point is None else asdict(point),
            unguarded=self.unguarded,
        )
        pid = self._nursery().begin(life)
        self._begun.add(pid)
        return pid

    def end_of(self, pid: int) -> End:
        """How it ended; or that it stands still."""
        end = self._nursery().wait(pid)
        if not end.stopped:
            self._begun.discard(pid)
        return end

    def killed(self, act: list[Any], point: Point) -> None:
        """Another process of this shop does something and is killed at this point."""
        end = self.end_of(self.begin(act, point))
        self.saw(f"killed {point.when} {point.call}", end.signal == point.signal and not end.stopped, end)

    def killed_on_return(self, point: Point) -> str:
        """John has agreed, and the process that answers his return is killed at this point; the return's URL."""
        url = self.john.agree()
        self.killed(self.opening(self.john, url), point)
        return url

    def lived(self, act: list[Any]) -> Any:
        """Another process of this shop does something, and lives; what it answered."""
        end = self.end_of(self.begin(act))
        assert end.signal == 0, end
        return end.answer

    def opening(self, person: Person, url: str) -> list[Any]:
        """The act of a process that answers this person's request."""
        cookies = "; ".join(f"{each.name}={each.value}" for each in person.session.cookies)
        headers = {"Cookie": cookies} | ({"X-Buyer": person.name} if person.name != "guest" else {})
        return ["get", url, headers]

    # The database

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else writes to the database, and does not end."""
        with closing(sqlite3.connect(self.folder / DATABASE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.saw("the database was locked", other.in_transaction)
            yield
            other.execute("ROLLBACK")

    def back_up(self) -> bytes:
        """The database as it is now."""
        self.shop.engine.dispose()
        with closing(sqlite3.connect(self.folder / DATABASE)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (self.folder / DATABASE).read_bytes()

    def restore(self, backup: bytes) -> None:
        """The database as it was then."""
        self.shop.engine.dispose()
        for tail in ("-wal", "-shm"):
            (self.folder / f"{DATABASE}{tail}").unlink(missing_ok=True)
        (self.folder / DATABASE).write_bytes(backup)

    def tear_out(self, reference: str) -> None:
        """Somebody deletes a payment and all that hangs on it, past every rule."""
        with closing(sqlite3.connect(self.folder / DATABASE)) as database:
            [[key]] = database.execute("SELECT id FROM fps_payments WHERE reference = ?", [reference]).fetchall()
            for [table] in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
                if "payment_id" in columns:
                    database.execute(f"DELETE FROM {table} WHERE payment_id = ?", [key])
            database.execute("DELETE FROM fps_payments WHERE id = ?", [key])
            database.commit()

    def audit(self) -> list[tuple[str, str]]:
        """Kind and transaction of every difference between the ledger and the provider's books."""
        since = self.shop.clock() - timedelta(days=2)
        with self.shop.app.app_context():
            return [(found.kind, found.transaction_id) for found in self.shop.state.checkout.audit(ACCOUNT, since)]

    # What is proved

    def saw(self, what: str, happened: bool, otherwise: Any = "") -> None:
        """The row's fault has happened, and this is how we know.

        :raises NotFired: it has not.
        """
        if not happened:
            raise NotFired(f"{what}: not so. {otherwise}")
        self.evidence.append(what)

    def fired(self, fault: str, action: str = "Pay", times: int = 1) -> None:
        """The sandbox's log says that this fault has fired so often, or more often."""
        found = [one for one in self.sandbox.faults.fired if (one.action, one.fault) == (action, fault)]
        self.saw(f"{fault} on {action}", len(found) >= times, self.sandbox.faults.plain())

    def journalled(self, reference: str, event: str, **detail: Any) -> None:
        """The payment's journal has such an entry."""
        entries = self.journal(reference)
        found = [one for one in entries if one.event == event and detail.items() <= dict(one.detail).items()]
        self.saw(f"journal: {event} {detail or ''}", bool(found), entries)

    def journal(self, reference: str) -> list[JournalEntry]:
        return self.shop.state.ledger.journal(reference)

    def sends(self, reference: str) -> list[int]:
        """How often each request of a payment may have left."""
        return self.shop.rows(
            "SELECT sends FROM fps_intents i JOIN fps_payments p ON p.id = i.payment_id WHERE p.reference = :r "
            "ORDER BY i.id",
            r=reference,
        )

    def money(self) -> list[tuple[str, str]]:
        """What really moved or is about to: status and amount, oldest first."""
        return [(each["status"], each["amount"]) for each in self.sandbox.ledger()["transactions"]]

    def judge(self) -> None:
        """The eight invariants, by the sandbox's own ledger and the shop's files."""
        try:
            problems = judge(read(self.folder, self.sandbox.ledger(), "session"), self.wishes).problems
        except ValueError as error:
            raise AssertionError(f"the shop's files cannot be read: {error}") from error
        assert not problems, "\n".join(problems)

    def settled(self, *states: str) -> None:
        """All comes to rest in these states, and nothing is wrong with it."""
        self.rest()
        assert self.shop.states() == list(states), self.shop.states()
        self.judge()

    def settled_and_delivered(self) -> None:
        """All comes to rest with one payment paid, and what was paid for handed over once."""
        self.settled("paid")
        self.delivered_once(self.shop.payments()[0])

    def delivered_once(self, payment: Payment | str) -> None:
        reference = payment if isinstance(payment, str) else payment.reference
        assert self.shop.rows("SELECT count(*) FROM goods WHERE reference = :r", r=reference) == [1]
