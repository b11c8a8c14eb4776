"""Every question a ledger answers while it works is answered by an index, however many payments there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from flask_fps.ledger import Arrival
from flask_fps.ledger import Search
from flask_fps.ledger import Windows
from flask_fps.ledger.schema import VERSION_TABLE
from flask_fps.records import Result
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import HOUR
from tests.ledger.books import JANE
from tests.ledger.books import JOHN


@pytest.fixture
def plans(books: Books) -> Iterator[dict[str, list[str]]]:
    """How the database answers each statement that is run from here on."""
    found: dict[str, list[str]] = {}
    asks = _ask_postgresql if books.engine.dialect.name == "postgresql" else _ask_sqlite

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE") and VERSION_TABLE not in statement:
            found[statement] = asks(connection.connection.driver_connection, statement, parameters)

    event.listen(books.engine, "before_cursor_execute", explain)
    yield found
    event.remove(books.engine, "before_cursor_execute", explain)


def _ask_sqlite(driver: Any, statement: str, parameters: Any) -> list[str]:
    return [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()]


def _ask_postgresql(driver: Any, statement: str, parameters: Any) -> list[str]:
    """A table of three rows is read from end to end wherever that is allowed."""
    driver.execute("SET LOCAL enable_seqscan = off")
    driver.execute("SET LOCAL enable_sort = off")
    plan = [row[0].strip(" ->") for row in driver.execute(f"EXPLAIN {statement}", parameters).fetchall()]
    driver.execute("SET LOCAL enable_seqscan = on")
    driver.execute("SET LOCAL enable_sort = on")
    return plan


def no_scans(plans: dict[str, list[str]]) -> None:
    assert plans
    for statement, steps in plans.items():
        for step in steps:
            assert not step.startswith("SCAN fps") or "COVERING" in step, f"{step}: {statement}"
            assert "Seq Scan on fps" not in step, f"{steps}: {statement}"
            assert not step.startswith("Sort") or "LIMIT" not in statement, f"{steps}: {statement}"
            assert "TEMP B-TREE FOR ORDER BY" not in step or "LIMIT" not in statement, f"{step}: {statement}"


def test_a_purchase(books: Books, plans: dict[str, list[str]]) -> None:
    payment, intent = books.paying()
    books.open()
    [owed] = books.settle(intent, Result.SUCCESS, handlers=["mail"]).deliveries
    books.ledger.deliveries.hand_over(owed, lambda session: None)
    books.open()

    assert books.ledger.payment(payment.reference)
    assert books.ledger.rights.owns("default", JOHN, ["song"])
    assert books.ledger.rights.grants(payment.reference)
    assert books.ledger.journal(payment.reference)
    assert books.ledger.intent(payment.reference)
    no_scans(plans)


def test_who_fetches_what(books: Books, plans: dict[str, list[str]]) -> None:
    payment = books.paid()
    [grant] = books.ledger.rights.grants(payment.reference)
    books.ledger.rights.claim(payment.reference, JANE)
    books.ledger.rights.begin_use([grant.id], HOUR)
    books.ledger.rights.reach(payment.reference, "john@example.com")

    assert books.ledger.rights.held("default", JANE, ["song"])
    assert books.ledger.rights.holds(payment.reference, JANE)
    assert books.ledger.rights.purchases(["default"], JANE)
    assert books.ledger.rights.to_be_written("john@example.com", HOUR, 10)
    books.ledger.adopt(JANE, "jane@shop")
    no_scans(plans)


def test_what_is_listed(books: Books, plans: dict[str, list[str]]) -> None:
    books.paid()

    assert books.ledger.rights.purchases(["default"], JOHN)
    no_scans(plans)
    plans.clear()
    assert books.ledger.newest(50)
    [(statement, steps)] = plans.items()
    assert "ORDER BY fps_payments.id DESC" in statement.partition("LIMIT")[0]
    if books.engine.dialect.name == "sqlite":
        assert [each for each in steps if each.startswith("SCAN")] == [
            "SCAN fps_payments",
            "SCAN anon_1",
        ]  # till the limit
    else:
        assert [each for each in steps if "Backward using pk_fps_payments on fps_payments" in each]


def test_looking_for_work(books: Books, plans: dict[str, list[str]]) -> None:
    books.paid()
    plans.clear()

    books.ledger.due_payments(100)
    books.ledger.arrivals.due(100)
    books.ledger.deliveries.due(100)
    books.ledger.releases.due(100)
    books.ledger.worker_seen(timedelta(minutes=1))
    books.ledger.unseen(timedelta(minutes=5))
    no_scans(plans)
    assert len(plans) >= 6


def test_work(books: Books, plans: dict[str, list[str]]) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)
    books.clock.advance(HOUR)
    books.ledger.take(books.candidate(payment), books.lease(), Windows(3 * HOUR, 6 * DAY))
    books.ledger.resend(intent, books.lease())
    books.ledger.park(payment.reference, "no answer")
    books.settle(intent, Result.FAILURE, owner="another")
    books.settle(intent, books.outcome(Result.SUCCESS))
    [mail] = books.settle(books.paying(buyer=JANE)[1], books.outcome(Result.SUCCESS, transaction_id="TX2")).deliveries
    books.ledger.deliveries.renew(mail, HOUR)
    books.ledger.deliveries.failed(mail, "no")
    books.ledger.deliveries.give_back(mail)
    for each in books.ledger.deliveries.due_of(payment.reference, named=True):
        books.ledger.deliveries.claim(each, books.lease())
    books.ledger.beat("host:1")
    no_scans(plans)


def test_the_inbox(books: Books, plans: dict[str, list[str]]) -> None:
    payment, intent = books.paying()
    arrival = Arrival("notification", "https://shop.example/fps/ipn", b"body", "default", "fps", payment.reference)
    id = books.ledger.arrivals.keep_notification(arrival, "valid")
    assert id is not None
    waiting = books.ledger.arrivals.claim(id, books.lease())
    assert waiting is not None
    books.ledger.arrivals.postpone(waiting, "later")
    books.ledger.arrivals.finish(id, "done")
    books.ledger.arrivals.due_of(payment.reference)
    books.ledger.arrivals.waits(payment.reference)
    books.ledger.payment_of_intent(intent.reference)
    books.ledger.payment_by_handle("default", "handle")
    books.ledger.intent_named(intent.reference)
    no_scans(plans)


def test_buyers_who_stay_away_and_what_is_given_back(books: Books, plans: dict[str, list[str]]) -> None:
    payment = books.started(buyer=JANE)
    books.clock.advance(HOUR)
    held = books.ledger.hold(payment.reference, books.lease())
    assert held is not None
    books.ledger.still_away(held, books.lease(), books.clock.now, books.clock.now + DAY)
    books.clock.advance(DAY)
    books.accept(payment)
    for each in books.ledger.releases.due_of(payment.reference):
        release = books.ledger.releases.claim(each, books.lease())
        assert release is not None
        books.ledger.releases.postpone(release)
        books.ledger.releases.ended(release, "cancelled", "")
    no_scans(plans)


def test_signing_in(books: Books, plans: dict[str, list[str]]) -> None:
    books.paid()
    books.started(buyer=JANE)
    books.ledger.adopt(JOHN, JANE)
    no_scans(plans)


def test_what_an_operator_looks_for(books: Books, plans: dict[str, list[str]]) -> None:
    payment = books.paid()
    operator, now = books.ledger.operator, books.clock.now
    plans.clear()
    first = operator.page(Search(), 1)
    for search in (
        Search(text=payment.reference),
        Search(state=payment.state),
        Search(parked=True),
        Search(since=now - DAY, until=now + DAY),
    ):
        operator.page(search, 50, (now, 7))
    operator.daily(now, 30)
    operator.backlog(now)
    operator.payment_of_transaction("default", "fps", "TX1")
    operator.waiting(payment.reference)

    assert first.payments == (payment,)
    for statement, steps in plans.items():
        scans = [step for step in steps if step.startswith("SCAN fps") and "USING" not in step]
        assert scans == [], f"{scans}: {statement}"
        sorts = [step for step in steps if step == "USE TEMP B-TREE FOR ORDER BY"]
        assert not sorts or "anon_1" in statement or "LIMIT" not in statement, statement
