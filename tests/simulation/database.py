"""The ledger's database of one simulating process: quick, and failing where the dice say so."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy import text

from flask_fps.ledger.models import Base
from flask_fps.ledger.schema import upgrade
from tests.simulation.dice import Dice
from tests.simulation.dice import FAILS
from tests.simulation.dice import LOCKED
from tests.simulation.dice import LOST_AND_TAKEN_AGAIN
from tests.simulation.dice import LOST_COMMIT

#: What a handler writes with the ledger's session.
SALES = "CREATE TABLE sales (reference VARCHAR(64) NOT NULL)"
_FAST = ("journal_mode = MEMORY", "synchronous = OFF", "busy_timeout = 0", "foreign_keys = ON")


class Connection(sqlite3.Connection):
    """A connection whose commits may fail, before or after they happened."""

    dice: Dice | None = None

    def commit(self) -> None:
        fate = Connection.dice.commit() if Connection.dice is not None else None
        if fate == LOCKED:
            raise sqlite3.OperationalError("database is locked")
        if fate == FAILS:
            raise sqlite3.OperationalError("disk I/O error")
        super().commit()
        if fate == LOST_COMMIT:
            raise sqlite3.OperationalError("disk I/O error")
        if fate == LOST_AND_TAKEN_AGAIN:
            raise sqlite3.OperationalError("database is locked")


def emptied(dice: Dice | None) -> Engine:
    """The one engine of this process, its tables empty; from now on its commits go as the dice say."""
    Connection.dice = None
    engine = _engine()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM sales"))
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    Connection.dice = dice
    return engine


@contextmanager
def without_index(name: str) -> Iterator[None]:
    """The database without one of its guards; what is in it then is forgotten."""
    engine = emptied(None)
    [definition] = _column(engine, "SELECT sql FROM sqlite_master WHERE name = :name", name)
    with engine.begin() as connection:
        connection.execute(text(f"DROP INDEX {name}"))
    try:
        yield
    finally:
        with emptied(None).begin() as connection:
            connection.execute(text(definition))


def _column(engine: Engine, statement: str, name: str) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text(statement), {"name": name}).scalars())


@cache
def _engine() -> Engine:
    memory = Path("/dev/shm")
    folder = mkdtemp(prefix="flask-fps-simulation-", dir=memory if os.access(memory, os.W_OK) else None)
    Finalize(None, shutil.rmtree, (folder,), exitpriority=10)  # of a pool's process as well
    path = Path(folder) / "ledger.sqlite"
    engine = create_engine(f"sqlite:///{path}", connect_args={"factory": Connection})
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text(SALES))
    engine.dispose()
    engine = create_engine(f"sqlite:///{path}", connect_args={"factory": Connection})
    _set_up(engine)
    return engine


def _set_up(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in _FAST:
            connection.execute(f"PRAGMA {pragma}").close()
