"""How the ledger opens its databases, and the one way it writes.

Every step is one short transaction on a connection of its own. On SQLite it begins by taking the write
lock (``BEGIN IMMEDIATE``), so that what a step has read is still true when it writes.
"""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ..errors import LedgerBusy
from ..errors import SchemaMissing

T = TypeVar("T")

#: How often a step is tried again after the database was locked, or another start won the race.
TRIES = 3
#: A database that stayed locked for longer than this is not asked again: the buyer waits.
PATIENCE_SECONDS = 5.0
MISSING = "the ledger's tables are missing: run `flask fps db upgrade` (in tests: fps.upgrade())"
#: SQLSTATE of serialization failure and deadlock (PostgreSQL manual, appendix A).
RETRIABLE_SQLSTATES = frozenset({"40001", "40P01"})


def own_engine(uri: str) -> Engine:
    """An engine of ours: WAL, every commit on disk before it returns, five seconds of patience."""
    url = make_url(uri)
    engine = create_engine(url)
    if url.get_backend_name() == "sqlite":
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _durable_sqlite)
    _forget_connections_after_fork(engine)
    return engine


def _forget_connections_after_fork(engine: Engine) -> None:
    alive = weakref.ref(engine)

    def forget() -> None:
        inherited = alive()
        if inherited is not None:
            inherited.dispose(close=False)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)


def _durable_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def take_write_lock(connection: Connection) -> None:
    """From here to the commit nobody else writes (SQLite); elsewhere row locks do that work."""
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:  # the shop's own engine may have begun already: a write takes the same lock
        connection.execute(text("DELETE FROM fps_heartbeats WHERE 0 = 1"))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One durable step; everything in it is committed together or not at all."""
    with engine.begin() as connection:
        take_write_lock(connection)
        with Session(connection, expire_on_commit=False) as session:
            yield session
            session.flush()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        yield session


def step(run: Callable[[], T]) -> T:
    """Run a database step, again where the database says that another try may pass.

    :raises LedgerBusy: locked or away, after the last try.
    :raises SchemaMissing: the tables are not there.
    """
    give_up = time.monotonic() + PATIENCE_SECONDS
    for attempt in range(1, TRIES + 1):
        try:
            return run()
        except IntegrityError:
            if attempt == TRIES:
                raise
        except DBAPIError as error:
            if _tables_missing(error):
                raise SchemaMissing(
                    "the ledger's tables are missing: run `flask fps db upgrade` (in tests: fps.upgrade())"
                ) from error
            if attempt == TRIES or time.monotonic() > give_up or not _may_pass(error):
                raise _busy(error) from error
        except PoolTimeout as error:  # it has waited long enough
            raise LedgerBusy(f"the ledger's database does not answer: {error}") from error
        time.sleep(0.01 * attempt)
    raise AssertionError("unreachable")


def _tables_missing(error: DBAPIError) -> bool:
    if not isinstance(error, (OperationalError, ProgrammingError)):
        return False
    said = str(error.orig)
    return "fps_" in said and ("no such table" in said or "does not exist" in said or "no such column" in said)


def _may_pass(error: DBAPIError) -> bool:
    said = str(error.orig)
    return "locked" in said or "busy" in said or getattr(error.orig, "sqlstate", None) in RETRIABLE_SQLSTATES


def _busy(error: DBAPIError) -> Exception:
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return LedgerBusy(f"the ledger's database does not answer: {error.orig}")
    return error
