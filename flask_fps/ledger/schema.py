"""The ledger's tables through time: Alembic, with a version table of its own.

A database of ours upgrades itself; a shop's database changes only when it is asked to
(``flask fps db upgrade``). Alembic is imported only here, and only then.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import inspect
from sqlalchemy import text

from ..errors import SchemaMissing

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "fps_alembic_version"
#: The newest migration this code knows.
HEAD = "0004"
MIGRATIONS = Path(__file__).parent / "migrations"


def current(engine: Engine) -> str | None:
    """The version the tables have, or ``None`` where there are none."""
    if not inspect(engine).has_table(VERSION_TABLE):
        return None
    with engine.connect() as connection:
        version: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        return version


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest version; all of it or nothing.

    :raises SchemaMissing: the tables are newer than this code.
    """
    found = current(engine)
    if found == HEAD:
        return
    if found is not None and found not in _known():
        raise SchemaMissing(
            f"the ledger's tables have version {found}, newer than this code: install the newer Flask-FPS"
        )
    from alembic import command

    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        command.upgrade(_config(connection), "head")


def _known() -> set[str]:
    return {path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
