"""Ledger databases for tests: made once, then emptied or copied, and without the waiting for the disk."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import event

from flask_fps.ledger import own_engine
from flask_fps.ledger.models import Base
from flask_fps.ledger.schema import upgrade
from tests import postgres
from tests.clock import START

#: The databases that a ledger may live in.
KINDS = ("sqlite", "postgresql")
_EMPTY = "; ".join(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables))


def fresh_database(folder: Path, name: str = "ledger.sqlite") -> Path:
    """A database file with the ledger's tables, empty."""
    return Path(shutil.copy(_template(), folder / name))


def quick_engine(path: Path) -> Engine:
    """As the ledger opens its own file, but a commit does not wait for the disk."""
    engine = own_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _do_not_wait)
    return engine


def hurry(engine: Engine) -> None:
    """Make an engine that the code under test has opened wait for the disk no more."""

    def on_checkout(connection: sqlite3.Connection, record: object, proxy: object) -> None:
        _do_not_wait(connection, record)

    event.listen(engine, "checkout", on_checkout)


def emptied_engine(kind: str = "sqlite") -> Engine:
    """The engine that all tests of this process share, for what it has compiled; its tables are empty."""
    engine = _shared(kind)
    with engine.begin() as connection:
        if kind == "postgresql":
            connection.exec_driver_sql(_EMPTY)
        else:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
    return engine


def still_engine(kind: str, patch: pytest.MonkeyPatch) -> Engine:
    """As :func:`emptied_engine`; no clock moves but the test's own, neither the database's nor the system's."""
    patch.setattr("flask_fps.ledger.store.system_time", lambda: START)
    return emptied_engine(kind)


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """One entry for each commit while the block runs."""
    commits: list[str] = []

    def count(connection: Connection) -> None:
        commits.append("commit")

    event.listen(engine, "commit", count)
    yield commits
    event.remove(engine, "commit", count)


class LostCommit:
    """Armed, the next commit is done and reported as failed."""

    def __init__(self, engine: Engine, patch: pytest.MonkeyPatch) -> None:
        self._left: int | None = None
        self._for_good = False
        commit = engine.dialect.do_commit

        def do_commit(connection: Any) -> None:
            commit(connection)
            if self._is_next():
                self._lose(connection)

        patch.setattr(engine.dialect, "do_commit", do_commit)

    def arm(self, after: int = 0, *, for_good: bool = False) -> None:
        """``after`` so many others. The step is taken again, unless it is reported as failed ``for_good``."""
        self._left, self._for_good = after, for_good

    @property
    def lost(self) -> bool:
        return self._left is None

    def _is_next(self) -> bool:
        if self._left is None:
            return False
        is_next, self._left = self._left == 0, self._left - 1 if self._left else None
        return is_next

    def _lose(self, connection: Any) -> None:
        driver = getattr(connection, "driver_connection", connection)
        if isinstance(driver, sqlite3.Connection):
            raise sqlite3.OperationalError("disk I/O error" if self._for_good else "database is locked")
        if not self._for_good:
            driver.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


@cache
def _shared(kind: str) -> Engine:
    if kind == "postgresql":
        return _still_postgresql()
    return quick_engine(fresh_database(_template().parent, "shared.sqlite"))


def _still_postgresql() -> Engine:
    """What it finds first under the name of PostgreSQL's clock stands still."""
    engine = create_engine(
        postgres.fresh_database(), connect_args={"options": "-c search_path=still,pg_catalog,public"}
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA still")
        connection.exec_driver_sql(
            "CREATE FUNCTION still.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
            f" AS $$ SELECT timestamptz '{START.isoformat()}' $$"
        )
    return engine


@cache
def _template() -> Path:
    path = Path(mkdtemp(prefix="flask-fps-tests-")) / "template.sqlite"
    engine = own_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def _do_not_wait(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF").close()
