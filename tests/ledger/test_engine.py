from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from flask_fps.errors import LedgerBusy
from flask_fps.errors import SchemaMissing
from flask_fps.ledger import Home
from flask_fps.ledger import Ledger
from flask_fps.ledger import own_engine
from flask_fps.ledger import Store
from flask_fps.ledger.engine import step
from flask_fps.ledger.engine import take_write_lock
from flask_fps.ledger.engine import TRIES
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import HeartbeatRow
from tests.clock import Clock
from tests.database import fresh_database
from tests.ledger.books import Books


def ledger_at(engine: Engine) -> Ledger:
    return Ledger(Store(Home(lambda: engine, None, lambda: None, lambda: False, own=True), Clock()))


@pytest.fixture
def impatient(tmp_path: Path) -> Any:
    """An engine as a shop might have it, which hardly waits for a lock."""
    engine = create_engine(f"sqlite:///{fresh_database(tmp_path)}", connect_args={"timeout": 0.02})
    yield engine
    engine.dispose()


def pragma(engine: Engine, name: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_our_own_database_is_durable_and_patient(tmp_path: Path) -> None:
    engine = own_engine(f"sqlite:///{tmp_path / 'deep' / 'down' / 'ledger.sqlite'}")

    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "synchronous") == 2  # FULL
    assert pragma(engine, "busy_timeout") == 5000
    assert pragma(engine, "foreign_keys") == 1
    engine.dispose()


def test_on_a_shops_engine_nothing_is_set(impatient: Engine) -> None:
    before = {name: pragma(impatient, name) for name in ("synchronous", "busy_timeout", "foreign_keys")}
    ledger_at(impatient).beat("host:1")

    assert {name: pragma(impatient, name) for name in before} == before


def test_a_step_holds_the_write_lock_from_its_first_moment(impatient: Engine) -> None:
    other = sqlite3.connect(impatient.url.database or "", timeout=0.02, isolation_level=None)
    with writing(impatient), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_where_the_driver_has_begun_a_write_takes_the_lock(impatient: Engine) -> None:
    @event.listens_for(impatient, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    other = sqlite3.connect(impatient.url.database or "", timeout=0.02, isolation_level=None)
    with impatient.begin() as connection:
        take_write_lock(connection)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_step_is_committed_whole_or_not_at_all(books: Books) -> None:
    with pytest.raises(ZeroDivisionError), writing(books.engine) as session:
        session.add(HeartbeatRow(account="", gateway="", worker="w", started_at=books.clock(), beat_at=books.clock()))
        session.flush()
        _ = 1 // 0

    assert books.rows(HeartbeatRow) == []


def test_steps_of_many_threads_do_not_lose_each_others_writes(books: Books) -> None:
    payment = books.started()
    threads = [
        threading.Thread(target=lambda each=each: books.ledger.note(payment.reference, f"note {each}"))
        for each in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(books.events(payment)[1:]) == sorted(f"note {each}" for each in range(30))


def test_a_locked_database_is_tried_again_and_then_busy(impatient: Engine) -> None:
    tries = []

    @event.listens_for(impatient, "begin")
    def count(connection: Any) -> None:
        tries.append(1)

    holder = sqlite3.connect(impatient.url.database or "", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerBusy, match="locked"):
        ledger_at(impatient).beat("host:1")
    holder.close()

    assert len(tries) == TRIES


def test_a_lock_that_goes_away_in_time_is_nobodys_trouble(impatient: Engine) -> None:
    holder = sqlite3.connect(impatient.url.database or "", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    def let_go(connection: Any) -> None:
        if holder.in_transaction:
            holder.execute("COMMIT")

    event.listen(impatient, "rollback", let_go)
    ledger_at(impatient).beat("host:1")
    event.remove(impatient, "rollback", let_go)
    holder.close()

    with Session(impatient) as session:
        assert session.scalar(select(HeartbeatRow.worker)) == "host:1"


def test_a_database_that_is_away_is_busy(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}")  # a folder cannot be opened
    with pytest.raises(LedgerBusy, match="unable to open"):
        ledger_at(engine).beat("host:1")


def test_a_pool_that_has_no_connection_left_is_busy(tmp_path: Path) -> None:
    path = fresh_database(tmp_path)
    engine = create_engine(f"sqlite:///{path}", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with engine.connect(), pytest.raises(LedgerBusy, match="QueuePool"):
        ledger_at(engine).beat("host:1")
    engine.dispose()


@pytest.mark.parametrize("books", ["sqlite"], indirect=True)
def test_a_full_disk_is_busy_and_leaves_nothing_torn(books: Books) -> None:
    payment = books.started()
    with books.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    @event.listens_for(books.engine, "checkout")
    def no_more_pages(connection: Any, record: object, proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}").close()

    try:
        with pytest.raises(LedgerBusy, match="full"):
            for number in range(1000):
                books.ledger.note(payment.reference, "a long story", number=number, text="x" * 4000)
    finally:
        event.remove(books.engine, "checkout", no_more_pages)
        books.engine.dispose()
    told = [entry.detail["number"] for entry in books.ledger.journal(payment.reference)[1:]]

    assert told == list(range(len(told)))


def test_missing_tables_are_answered_by_the_command_that_makes_them(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with pytest.raises(SchemaMissing, match="flask fps db upgrade"):
        ledger_at(engine).beat("host:1")
    with pytest.raises(SchemaMissing, match="flask fps db upgrade"):
        ledger_at(engine).payment("p")
    engine.dispose()


def test_older_tables_are_answered_likewise(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{fresh_database(tmp_path)}")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE fps_heartbeats RENAME COLUMN beat_at TO another"))
    with pytest.raises(SchemaMissing, match="flask fps db upgrade"):
        ledger_at(engine).beat("host:1")
    engine.dispose()


def test_a_race_is_run_again_and_a_real_refusal_is_told() -> None:
    refusal = IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
    answers: list[Any] = [refusal, refusal, "made"]

    def run() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert step(run) == "made"
    answers = [refusal] * TRIES
    with pytest.raises(IntegrityError):
        step(run)


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_serialization_failure_or_deadlock_is_run_again(state: str) -> None:
    class Lost(Exception):
        sqlstate = state

    answers = [0]

    def run() -> str:
        answers[0] += 1
        if answers[0] < TRIES:
            raise ProgrammingError("UPDATE", {}, Lost("could not serialize access"))
        return "done"

    assert step(run) == "done"


def test_a_mistake_of_ours_is_not_called_busy() -> None:
    def run() -> None:
        raise ProgrammingError("SELEKT", {}, Exception("syntax error"))

    with pytest.raises(ProgrammingError):
        step(run)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_opens_its_own_connections(tmp_path: Path) -> None:
    engine = own_engine(f"sqlite:///{fresh_database(tmp_path)}")
    ledger_at(engine).beat("parent")
    with engine.connect() as connection:
        inherited = id(connection.connection.driver_connection)
        child = os.fork()
        if child == 0:
            with engine.connect() as own:
                os._exit(0 if id(own.connection.driver_connection) != inherited else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    engine.dispose()
