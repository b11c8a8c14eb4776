"""How the ledger opens its databases, and the one way it writes.

Every step is one short transaction on a connection of its own. On SQLite it begins by taking the write
lock (``BEGIN IMMEDIATE``), so that what a step has read is still true when it writes. On PostgreSQL it is
``READ COMMITTED``, whatever the shop's engine says: a step locks the row of its payment before it reads on,
unique indexes forbid the rest, and whoever lost against one of them is run again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from datetime import timezone
from pathlib import Path
from typing import Any
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy import text
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ..errors import LedgerBusy
from ..errors import SchemaMissing
from ..errors import see
from ..errors import SetupError
from . import schema

T = TypeVar("T")

#: How often a step is tried again after the database was locked, or another start won the race.
TRIES = 3
#: A database that stayed locked for longer than this is not asked again: the buyer waits.
PATIENCE_SECONDS = 5.0
#: SQLSTATE of serialization failure and deadlock (PostgreSQL manual, appendix A).
RETRIABLE_SQLSTATES = frozenset({"40001", "40P01"})
#: SQLSTATE of a lock that was waited for in vain, and of a server that is stopping or starting (likewise).
BUSY_SQLSTATES = frozenset({"55P03", "57P01", "57P02", "57P03"})
POSTGRESQL = "postgresql"
#: Under this name a session carries the database's own time when its step began.
DATABASE_TIME = "fps_database_time"
_VERSION = text(f"SELECT version_num FROM {schema.VERSION_TABLE}")
_BEGIN = text(f"SELECT clock_timestamp(), ({_VERSION}), set_config('lock_timeout', :patience, true)")
_TIME = text("SELECT clock_timestamp()")


def system_time() -> datetime:
    return datetime.now(timezone.utc)


def own_engine(uri: str) -> Engine:
    """An engine of ours. On SQLite: WAL, every commit on disk before it returns, five seconds of patience.

    :raises SetupError: the driver is not installed, or the folder of the file cannot be made.
    """
    url = _with_driver(make_url(uri))
    try:
        engine = create_engine(url)
    except ModuleNotFoundError as error:
        fix = "for PostgreSQL: pip install 'Flask-FPS[postgres]'"
        raise SetupError(f"FPS_DATABASE_URI: {error}; {fix}{see('FPS_DATABASE_URI')}") from error
    if url.get_backend_name() == "sqlite":
        if url.database:
            _make_folder(Path(url.database).parent)
        event.listen(engine, "connect", _durable_sqlite)
    _forget_connections_after_fork(engine)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "let this process write there, or set FPS_DATABASE_URI to a place where it may"
        raise SetupError(
            f"the ledger's folder {folder} cannot be made ({error.strerror}): {fix}{see('FPS_DATABASE_URI')}"
        ) from error


def _with_driver(url: URL) -> URL:
    """What hosting providers hand out (``postgres://…``) names no driver: it is the one of our extra."""
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgres", "postgresql") else url


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


def is_postgresql(connection: Connection | Engine) -> bool:
    return connection.dialect.name == POSTGRESQL


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
    """One durable step; everything in it is committed together or not at all.

    :raises SchemaMissing: the tables are not of the version that this code was written for.
    """
    with _connected(engine) as connection, connection.begin():
        take_write_lock(connection)
        info = {DATABASE_TIME: _begin(connection)}
        with Session(connection, expire_on_commit=False, info=info) as session:
            yield session
            session.flush()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    with _connected(engine) as connection, Session(connection, expire_on_commit=False) as session:
        yield session


class Steps:
    """The step that each thread is in. What is asked within it is read on its connection: a pool may have no second."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    @property
    def under_way(self) -> Session | None:
        return getattr(self._of_thread, "session", None)

    @contextmanager
    def entered(self, session: Session) -> Iterator[None]:
        outer, self._of_thread.session = self.under_way, session
        try:
            yield
        finally:
            self._of_thread.session = outer


def _connected(engine: Engine) -> Connection:
    connection = engine.connect()
    return connection.execution_options(isolation_level="READ COMMITTED") if is_postgresql(engine) else connection


def _begin(connection: Connection) -> datetime | None:
    """Look at the tables' version before anything is written; the database's time, where its clock counts."""
    if not is_postgresql(connection):
        schema.check(connection.execute(_VERSION).scalar())
        return None
    told: datetime
    told, version, _ = connection.execute(_BEGIN, {"patience": f"{PATIENCE_SECONDS:g}s"}).one()
    schema.check(version)
    return told


def database_time(connection: Connection) -> datetime | None:
    """What the database's own clock says, where it is the one that counts."""
    return connection.execute(_TIME).scalar_one() if is_postgresql(connection) else None


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
                raise SchemaMissing(schema.MISSING) from error
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
    """Locked for a moment, lost against another, or the connection was lost: a step may be taken twice."""
    said = str(error.orig)
    return "locked" in said or "busy" in said or _sqlstate(error) in RETRIABLE_SQLSTATES or error.connection_invalidated


def _busy(error: DBAPIError) -> Exception:
    away = isinstance(error, OperationalError) or error.connection_invalidated
    if away or _sqlstate(error) in RETRIABLE_SQLSTATES | BUSY_SQLSTATES:
        return LedgerBusy(f"the ledger's database does not answer: {error.orig}")
    return error


def _sqlstate(error: DBAPIError) -> str | None:
    """psycopg says ``sqlstate``, psycopg2 ``pgcode``."""
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
