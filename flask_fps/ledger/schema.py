"""The ledger's tables through time: Alembic, with a version table of its own.

The embedded SQLite database upgrades itself and keeps a copy of what it was; a shared database changes only
when it is asked to (``flask fps db upgrade``). Alembic is imported only here, and only then.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import inspect
from sqlalchemy import text

from ..errors import SchemaMissing

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "fps_alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"
MISSING = "the ledger's tables are missing: run `flask fps db upgrade` (in tests: fps.upgrade())"
#: Whoever comes second to an upgrade waits for the first for so long.
UPGRADE_PATIENCE_MS = 60_000
#: Of PostgreSQL's advisory locks, the one under which tables are changed: "fps" in ASCII.
UPGRADE_LOCK = 0x667073


def known() -> list[str]:
    """The versions that this code can bring the tables to, oldest first: the migrations are one chain."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


#: The newest migration this code knows.
HEAD = known()[-1]


def check(version: str | None) -> None:
    """Nothing is written to tables of another version than the one this code was written for.

    :raises SchemaMissing: with the command that helps.
    """
    if version == HEAD:
        return
    if version is None:
        raise SchemaMissing(MISSING)
    if version in known():
        raise SchemaMissing(
            f"the ledger's tables have version {version}, and this code needs {HEAD}: run `flask fps db upgrade`"
        )
    raise SchemaMissing(
        f"the ledger's tables have version {version}, newer than this code: install the newer Flask-FPS and start again"
    )


def current(engine: Engine) -> str | None:
    """The version the tables have, or ``None`` where there are none."""
    with engine.connect() as connection:
        return _current(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return version


def upgrade(engine: Engine, *, keep_copy: bool = False) -> None:
    """Bring the tables to the newest version; all of it or nothing, and one process at a time.

    :param keep_copy: leave a copy of an SQLite file as it was, beside it, as ``<name>.before-<version>``.
    :raises SchemaMissing: the tables are newer than this code.
    """
    if _is_done(current(engine)):
        return
    from alembic import command

    with _alone(engine) as connection:
        found = _current(connection)
        if _is_done(found):  # another process was faster
            return
        if keep_copy and found is not None:
            _keep_copy(connection)
        command.upgrade(_config(connection), "head")


def sql(dialect: str, since: str | None) -> str:
    """What :func:`upgrade` would do, as SQL for whoever runs it by hand.

    :param since: the version the tables have.
    :raises RuntimeError: on SQLite, where most changes mean to copy a table whole.
    """
    if since == HEAD:
        return "-- The ledger's tables have the newest version.\n"
    if dialect == "sqlite":
        raise RuntimeError("an SQLite ledger is not upgraded by hand: run `flask fps db upgrade`")
    from alembic import command

    output, config = StringIO(), _config(None)
    config.attributes.update(dialect=dialect, output=output)
    command.upgrade(config, "head" if since in (None, "base") else f"{since}:head", sql=True)
    return output.getvalue()


def _is_done(found: str | None) -> bool:
    if found is not None and found not in known():
        check(found)
    return found == HEAD


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction in which nobody else changes the tables."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            with _sqlite_alone(connection):
                yield connection
            return
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
            yield connection


@contextmanager
def _sqlite_alone(connection: Connection) -> Iterator[None]:
    """As https://www.sqlite.org/lang_altertable.html asks for: foreign keys are checked once, at the end."""
    driver: Any = connection.connection.driver_connection
    before = {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ("foreign_keys", "busy_timeout")}
    driver.execute("PRAGMA foreign_keys = OFF")
    driver.execute(f"PRAGMA busy_timeout = {UPGRADE_PATIENCE_MS}")
    try:
        with connection.begin():
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            yield
            wrong = driver.execute("PRAGMA foreign_key_check").fetchall()
            if wrong:
                raise RuntimeError(f"the upgrade would leave rows that point nowhere: {wrong[:5]}; nothing was changed")
    finally:
        for name, value in before.items():
            driver.execute(f"PRAGMA {name} = {value}")


def _keep_copy(connection: Connection) -> None:
    """A whole copy, or none: readers may still read what the upgrade has not touched yet."""
    path = connection.engine.url.database
    assert path is not None
    unfinished, kept = f"{path}.copying", f"{path}.before-{HEAD}"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
    os.replace(unfinished, kept)


def _config(connection: Connection | None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
