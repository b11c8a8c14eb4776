"""What only a database of many machines has: its own clock, row locks, and connections that are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from flask_fps.errors import LedgerBusy
from flask_fps.errors import SchemaMissing
from flask_fps.ledger import Arrival
from flask_fps.ledger import engine as engine_module
from flask_fps.ledger import Home
from flask_fps.ledger import Ledger
from flask_fps.ledger import noting
from flask_fps.ledger import own_engine
from flask_fps.ledger import schema
from flask_fps.ledger import Store
from flask_fps.ledger import system_time
from flask_fps.ledger import Windows
from flask_fps.ledger.engine import TRIES
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import DeliveryRow
from flask_fps.ledger.models import PaymentRow
from flask_fps.ledger.reading import locked_row
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests import postgres
from tests.checkout.shop import Shop
from tests.clock import START
from tests.database import still_engine
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import HOUR
from tests.ledger.books import LEASE
from tests.ledger.books import SECOND

WINDOWS = Windows(3 * HOUR, 6 * DAY)
EMPTY = "TRUNCATE fps_payments CASCADE; DELETE FROM fps_heartbeats"
#: Whoever waits for a lock has waited at least so long before a test goes on.
A_MOMENT = 0.3


@pytest.fixture(scope="module")
def uri() -> str:
    return postgres.fresh_database()


@pytest.fixture(scope="module")
def engine(uri: str) -> Iterator[Engine]:
    engine = create_engine(uri, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def books(engine: Engine) -> Books:
    with engine.begin() as connection:
        connection.exec_driver_sql(EMPTY)
    return Books(engine)


def ledger_on(engine: Engine, clock: Callable[[], datetime] = system_time) -> Ledger:
    return Ledger(Store(Home(lambda: engine, lambda: Session(engine), lambda: None, lambda: False, own=False), clock))


@contextmanager
def held(engine: Engine, table: str) -> Iterator[Connection]:
    """Every row of a table is being written by somebody who does not come to an end."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT 1 FROM {table} FOR NO KEY UPDATE")
        yield connection


def quickly(call: Callable[[], Any]) -> Any:
    """What it gave, at once."""
    began = time.monotonic()
    found = call()
    assert time.monotonic() - began < engine_module.PATIENCE_SECONDS / 2
    return found


# The clock


def test_leases_and_due_times_are_counted_on_the_databases_clock(engine: Engine, books: Books) -> None:
    """This machine's clock is an hour slow, and nobody notices."""
    slow = ledger_on(engine, system_time)
    with engine.connect() as connection:
        now = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    slow.beat("host:1")

    assert abs(slow.clock() - now) < timedelta(seconds=5)


def test_a_machine_whose_clock_is_wrong_goes_by_the_databases(
    engine: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong() -> datetime:
        return datetime.now(timezone.utc) - HOUR

    monkeypatch.setattr("flask_fps.ledger.store.system_time", wrong)
    behind = ledger_on(engine, wrong)
    assert abs(behind.clock() - datetime.now(timezone.utc)) < SECOND, "its first lease is counted on it already"
    behind.beat("host:1")

    assert abs(behind.clock() - datetime.now(timezone.utc)) < SECOND
    assert behind.worker_seen(timedelta(seconds=5))


def test_a_tests_clock_is_added_to_the_databases(books: Books) -> None:
    payment, _ = books.paying()
    assert payment.due_at is not None
    assert abs(payment.due_at - (books.clock.now + LEASE)) < SECOND
    candidate = books.candidate(payment)
    assert books.ledger.take(candidate, books.lease("early"), WINDOWS) is None
    books.clock.advance(LEASE + SECOND)

    assert books.ledger.take(candidate, books.lease("late"), WINDOWS) is not None


# Claims


def test_a_held_payment_delays_no_claim(books: Books) -> None:
    first, second = books.started(buyer="one"), books.started(buyer="two")
    books.clock.advance(HOUR)
    with books.engine.begin() as connection:
        connection.execute(
            select(PaymentRow.id).where(PaymentRow.reference == first.reference).with_for_update(key_share=True)
        )
        assert quickly(lambda: books.ledger.hold(first.reference, books.lease())) is None
        assert quickly(lambda: books.ledger.hold(second.reference, books.lease())) is not None

    assert books.ledger.hold(first.reference, books.lease()) is not None


def test_a_held_request_delays_nobody(books: Books) -> None:
    payment, _ = books.paying()
    books.clock.advance(HOUR)
    with held(books.engine, "fps_payments"):
        assert quickly(lambda: books.ledger.take(books.candidate(payment), books.lease(), WINDOWS)) is None

    assert books.ledger.take(books.candidate(payment), books.lease(), WINDOWS) is not None


def test_a_held_delivery_delays_nobody(books: Books) -> None:
    _, intent = books.paying()
    books.settle(intent, Result.SUCCESS, handlers=["mail"])
    mail = books.rows(DeliveryRow, handler="mail")[0].id
    books.clock.advance(SECOND)
    with held(books.engine, "fps_deliveries"):
        assert quickly(lambda: books.ledger.deliveries.claim(mail, books.lease())) is None

    assert books.ledger.deliveries.claim(mail, books.lease()) is not None


def test_a_delivery_whose_handler_outlives_its_claim_is_not_begun_again_beside_it(books: Books) -> None:
    [delivery] = books.settle(books.paying()[1], Result.SUCCESS).deliveries

    def slow_handler(session: Session) -> None:
        books.clock.advance(LEASE + SECOND)
        assert quickly(lambda: books.ledger.deliveries.claim(delivery.id, books.lease("another"))) is None

    books.ledger.deliveries.hand_over(delivery, slow_handler)
    assert [row.state for row in books.rows(DeliveryRow)] == ["done"]


def test_a_held_message_and_a_held_release_delay_nobody(books: Books) -> None:
    payment, intent = books.paying()
    arrival = Arrival("notification", "https://shop.example/fps/ipn", b"body", "default", "fps", payment.reference)
    id = books.ledger.arrivals.keep_notification(arrival, "valid")
    assert id is not None
    books.settle(intent, Result.FAILURE)
    books.clock.advance(SECOND)
    [release] = books.ledger.releases.due(10)
    with held(books.engine, "fps_inbox"), held(books.engine, "fps_releases"):
        assert quickly(lambda: books.ledger.arrivals.claim(id, books.lease())) is None
        assert quickly(lambda: books.ledger.releases.claim(release, books.lease())) is None

    assert books.ledger.arrivals.claim(id, books.lease()) is not None
    assert books.ledger.releases.claim(release, books.lease()) is not None


def test_many_claim_at_once_and_each_gets_his_own(books: Books) -> None:
    payments = [books.started(buyer=f"buyer {number}") for number in range(12)]
    books.clock.advance(HOUR)

    def claim_all(worker: int) -> list[str]:
        got = (books.ledger.hold(each.reference, books.lease(f"worker {worker}")) for each in payments)
        return [each.reference for each in got if each is not None]

    with ThreadPoolExecutor(4) as pool:
        taken = [reference for references in pool.map(claim_all, range(4)) for reference in references]

    assert sorted(taken) == sorted(each.reference for each in payments)


def test_rows_that_point_to_a_payment_are_written_while_it_is_locked(books: Books) -> None:
    """A journal line of one process does not wait for the step of another."""
    payment = books.started()
    with held(books.engine, "fps_payments"), books.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        connection.execute(
            text(
                "INSERT INTO fps_journal (account, gateway, payment_id, at, event, detail)"
                " SELECT '', '', id, now(), 'note', '{}' FROM fps_payments"
            )
        )

    assert books.events(payment)[-1] == "note"


# What is read after a wait


def test_what_another_step_has_counted_meanwhile_is_seen_after_waiting_for_it(books: Books) -> None:
    """PostgreSQL would read what stands beside the row as it was before the wait."""
    payment = books.started()
    found: list[Payment] = []

    def wait_for_it() -> None:
        found.append(books.ledger.store.write(lambda session, now: _read_locked(session, payment.reference)))

    with writing(books.engine) as session:
        noting.park_row(session, books.clock.now, locked_row(session, payment.reference), "a person must look")
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        time.sleep(A_MOMENT)
        assert not found
    waiting.join()

    assert found[0].parked_reason == "a person must look"


def _read_locked(session: Session, reference: str) -> Payment:
    from flask_fps.ledger.reading import payment_record

    return payment_record(locked_row(session, reference))


def test_a_return_that_comes_while_the_order_is_started_anew_is_never_lost(books: Books) -> None:
    """Whoever is first, the order has one payment that may be paid."""
    payment = books.started()
    with ThreadPoolExecutor(2) as pool:
        accepted = pool.submit(books.accept, payment)
        opened = pool.submit(books.open, key=None)
    accepted.result(), opened.result()
    states = [row.state for row in books.rows(PaymentRow)]

    assert states == ["paying"]


# Trying again


def test_a_deadlock_is_resolved_and_tried_again(books: Books) -> None:
    one, two = books.started(buyer="one"), books.started(buyer="two")
    both_hold = threading.Barrier(2)
    tries: list[str] = []

    def crossing(first: Payment, second: Payment) -> Callable[[Session, datetime], None]:
        def run(session: Session, now: datetime) -> None:
            tries.append(first.reference)
            locked_row(session, first.reference).reason = "crossed"
            if len(tries) <= 2:
                both_hold.wait()
            locked_row(session, second.reference).reason = "crossed"

        return run

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(books.ledger.store.write, crossing(*pair)) for pair in ((one, two), (two, one))]
    for end in ends:
        end.result()

    assert len(tries) == 3
    assert {row.reason for row in books.rows(PaymentRow)} == {"crossed"}


def test_a_serialization_failure_is_tried_again(books: Books) -> None:
    """As a shop's own default of REPEATABLE READ would have it for whoever reads before he locks."""
    payment, tries = books.started(), []

    def late(session: Session, now: datetime) -> None:
        tries.append(1)
        if len(tries) == 1:
            session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'changed meanwhile' USING ERRCODE = '40001'; END $$"))
        locked_row(session, payment.reference).reason = "written"

    books.ledger.store.write(late)
    assert ([row.reason for row in books.rows(PaymentRow)], len(tries)) == (["written"], 2)


@pytest.mark.parametrize("moment", ["before", "in the middle"])
def test_a_lost_connection_is_opened_again_and_the_step_taken_again(books: Books, moment: str) -> None:
    payment, tries = books.started(), []

    def action(session: Session, now: datetime) -> None:
        tries.append(1)
        locked_row(session, payment.reference).reason = f"try {len(tries)}"
        session.flush()
        if moment == "in the middle" and len(tries) == 1:
            end(books.engine, _pid(session.connection()))

    if moment == "before":
        with books.engine.connect() as connection:
            pid = _pid(connection)
        end(books.engine, pid)
    books.ledger.store.write(action)

    assert [row.reason for row in books.rows(PaymentRow)] == [f"try {len(tries)}"]
    assert len(tries) == (2 if moment == "in the middle" else 1)


def end(engine: Engine, pid: int) -> None:
    """End the server's side of a connection."""
    other = create_engine(engine.url, poolclass=NullPool)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 1000)"), {"pid": pid})


def _pid(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_a_commit_whose_answer_is_lost_is_not_made_twice(books: Books) -> None:
    """The connection breaks when the commit is done, and nobody says so."""
    broken: list[int] = []
    dialect: Any = books.engine.dialect
    commit = dialect.do_commit

    def commit_and_break(connection: Any) -> None:
        commit(connection)
        if not broken:
            broken.append(connection.driver_connection.info.backend_pid)
            end(books.engine, broken[0])
            connection.driver_connection.execute("SELECT 1")

    dialect.do_commit = commit_and_break
    try:
        _, payment = books.open()
    finally:
        dialect.do_commit = commit

    assert broken and payment is not None
    assert [row.reference for row in books.rows(PaymentRow)] == [payment.reference]


def test_a_row_that_stays_locked_is_waited_for_so_long_and_no_longer(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = books.started()
    monkeypatch.setattr(engine_module, "PATIENCE_SECONDS", 0.2)
    began = time.monotonic()
    with held(books.engine, "fps_payments"), pytest.raises(LedgerBusy, match="lock timeout"):
        books.ledger.note(payment.reference, "in vain")

    assert 0.2 <= time.monotonic() - began < 0.2 * TRIES + 3


def test_a_server_that_is_away_is_busy(books: Books) -> None:
    away = create_engine(books.engine.url.set(query={"host": "/nonexistent"}))
    with pytest.raises(LedgerBusy, match="does not answer"):
        ledger_on(away).beat("host:1")


# A shop's own engine


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "SERIALIZABLE", "REPEATABLE READ"])
def test_a_step_is_one_transaction_whatever_the_shops_engine_is_set_to(books: Books, level: str) -> None:
    payment = books.started()
    engine = create_engine(books.engine.url, isolation_level=level)
    ledger = ledger_on(engine)

    def torn(session: Session, now: datetime) -> None:
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
        session.execute(update(PaymentRow).values(reason="torn"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.store.write(torn)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        assert driver.autocommit is (level == "AUTOCOMMIT")
    engine.dispose()

    assert books.payment(payment.reference).reason == payment.reason


def test_a_session_that_commits_each_statement_is_refused(books: Books) -> None:
    [delivery] = books.settle(books.paying()[1], Result.SUCCESS).deliveries
    careless = create_engine(books.engine.url, isolation_level="AUTOCOMMIT")
    with pytest.raises(RuntimeError, match="another isolation_level than AUTOCOMMIT"):
        ledger_on(careless, books.clock).deliveries.hand_over(delivery, lambda session: pytest.fail("it ran"))
    careless.dispose()


def test_an_open_write_of_the_shops_is_seen(books: Books) -> None:
    from contextlib import nullcontext

    from flask_fps.ledger import home_of
    from tests.ledger.test_home import ShopDb

    with Session(books.engine) as session:
        home = home_of(ShopDb(session), "", nullcontext)
        assert not home.has_open_write()
        session.execute(text("SELECT * FROM fps_payments"))
        assert not home.has_open_write()
        session.execute(text("CREATE TEMPORARY TABLE things (id INTEGER) ON COMMIT DROP"))
        assert home.has_open_write()
        session.commit()
        assert not home.has_open_write()


# What it stands in


@pytest.mark.parametrize("said", ["zero \0 inside", "half a pair \ud83c", "whole 🎵", "x" * 5000])
def test_whatever_an_exception_says_is_written_down(books: Books, said: str) -> None:
    payment = books.started()
    books.ledger.note(payment.reference, "said", text=said)
    books.ledger.park(payment.reference, said)
    [parked] = [books.payment(payment.reference).parked_reason]

    assert parked == said.replace("\0", "\ufffd").replace("\ud83c", "\ufffd")


def test_no_step_is_taken_on_tables_of_another_version(books: Books) -> None:
    """Also by a process that was there before them."""
    payment = books.started()
    with books.engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    try:
        with pytest.raises(SchemaMissing, match="version 9999, newer than this code: install the newer Flask-FPS"):
            books.ledger.note(payment.reference, "too late")
    finally:
        with books.engine.begin() as connection:
            connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{schema.HEAD}'"))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_address_that_a_hosting_provider_hands_out_is_understood(uri: str, scheme: str) -> None:
    engine = own_engine(uri.replace("postgresql+psycopg", scheme, 1))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM fps_payments")).scalar() is not None
    engine.dispose()


def test_a_driver_that_is_not_installed_is_named_with_its_extra() -> None:
    with pytest.raises(RuntimeError, match=r"pip install 'Flask-FPS\[postgres\]'"):
        own_engine("postgresql+pg8000://shop@localhost/shop")


@pytest.mark.parametrize("behind", [timedelta(minutes=1), timedelta(hours=16)])
def test_a_fresh_process_whose_clock_is_behind_the_databases_sends_all_the_same(
    monkeypatch: pytest.MonkeyPatch, behind: timedelta
) -> None:
    """As ``flask fps reconcile`` from cron: each pass is a process that has written nothing yet."""
    shop = Shop(still_engine("postgresql", monkeypatch))
    shop.gateway.will("pay", "lost before")
    payment = shop.buy()
    monkeypatch.setattr("flask_fps.ledger.store.system_time", lambda: START - behind)
    shop.clock.now -= behind
    for _ in range(2):
        shop.clock.advance(HOUR)
        shop.again().checkout.drive_payment(payment.reference, early=True)

    assert shop.payment(payment).state is State.PAID
