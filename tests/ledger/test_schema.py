from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import inspect
from sqlalchemy import text

from flask_fps.errors import SchemaMissing
from flask_fps.ledger import own_engine
from flask_fps.ledger import schema
from flask_fps.ledger.models import Base
from flask_fps.ledger.not_fps import not_fps

#: Said about a column in SQLite only: its types are names.
OPTIONS = {"compare_type": True, "compare_server_default": True}


def make(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}")


def shape(engine: Engine) -> list[tuple[str, str]]:
    """Every table and index as the database itself writes it down."""
    query = "SELECT name, sql FROM sqlite_master WHERE name LIKE '%fps%' AND name != :version ORDER BY name"
    with engine.connect() as connection:
        rows = connection.execute(text(query), {"version": schema.VERSION_TABLE})
        return [(name, " ".join((sql or "").split())) for name, sql in rows]


def test_migrations_and_models_agree(tmp_path: Path) -> None:
    engine = make(tmp_path / "ledger.sqlite")
    schema.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={**OPTIONS, "include_name": _ours})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def _ours(name: str | None, type_: str, parents: object) -> bool:
    return type_ != "table" or name != schema.VERSION_TABLE


def test_migrations_make_the_very_indexes_of_the_models(tmp_path: Path) -> None:
    """Alembic does not compare the conditions of partial indexes, and the promise hangs on two of them."""
    migrated, made = make(tmp_path / "one.sqlite"), make(tmp_path / "two.sqlite")
    schema.upgrade(migrated)
    Base.metadata.create_all(made)

    def indexes(engine: Engine) -> list[tuple[str, str]]:
        return [(name, sql) for name, sql in shape(engine) if sql.startswith("CREATE") and " INDEX " in sql]

    assert indexes(migrated) == indexes(made)
    assert [sql for name, sql in indexes(migrated) if name.startswith("ux_")]
    for engine in (migrated, made):
        engine.dispose()


def test_twice_is_harmless(tmp_path: Path) -> None:
    engine = make(tmp_path / "ledger.sqlite")
    schema.upgrade(engine)
    before = shape(engine)
    schema.upgrade(engine)

    assert shape(engine) == before
    assert schema.current(engine) == schema.HEAD
    engine.dispose()


def test_the_head_is_the_newest_migration() -> None:
    assert sorted(schema.known())[-1] == schema.HEAD


@pytest.mark.parametrize("version", sorted(schema.known()))
def test_every_older_ledger_can_be_brought_up_with_what_it_holds(tmp_path: Path, version: str) -> None:
    from alembic import command

    engine = make(tmp_path / "ledger.sqlite")
    with engine.begin() as connection:
        command.upgrade(schema._config(connection), version)
        connection.execute(
            text(
                "INSERT INTO fps_heartbeats (worker, started_at, beat_at, account, gateway)"
                " VALUES ('host:1', '2026-01-01', '2026-01-01', '', '')"
            )
        )
    assert schema.current(engine) == version
    schema.upgrade(engine)

    assert schema.current(engine) == schema.HEAD
    with engine.connect() as connection:
        assert connection.execute(text("SELECT worker FROM fps_heartbeats")).scalar() == "host:1"
    engine.dispose()


def test_newer_tables_are_left_alone(tmp_path: Path) -> None:
    engine = make(tmp_path / "ledger.sqlite")
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    before = shape(engine)
    with pytest.raises(SchemaMissing, match="version 9999, newer than this code: install the newer Flask-FPS"):
        schema.upgrade(engine)

    assert shape(engine) == before
    engine.dispose()


def test_an_upgrade_that_fails_leaves_nothing(tmp_path: Path) -> None:
    engine = make(tmp_path / "ledger.sqlite")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE fps_transactions (a INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        schema.upgrade(engine)

    assert [name for name in inspect(engine).get_table_names() if name != schema.VERSION_TABLE] == ["fps_transactions"]
    assert schema.current(engine) is None
    engine.dispose()


def test_all_our_tables_bear_our_name_and_say_whose_money_they_are_about() -> None:
    for table in Base.metadata.tables.values():
        assert table.name.startswith("fps_")
        assert {"account", "gateway"} <= set(table.columns.keys())


def test_two_processes_at_once_make_one_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    code = (
        "import sys\n"
        "from flask_fps.ledger import own_engine\n"
        "from flask_fps.ledger.schema import upgrade\n"
        "import alembic.command, flask_fps.ledger.models\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "upgrade(own_engine(sys.argv[1]))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"sqlite:///{path}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    ends = [process.communicate("go\n", timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], ends
    engine = own_engine(f"sqlite:///{path}")
    assert schema.current(engine) == schema.HEAD
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "kind", "parents", "seen"),
    [
        ("fps_payments", "table", {}, False),
        ("fps_alembic_version", "table", {}, False),
        ("orders", "table", {}, True),
        ("ix_fps_payments_due", "index", {"table_name": "fps_payments"}, False),
        ("ix_orders", "index", {"table_name": "orders"}, True),
        ("fps_note", "column", {"table_name": "orders"}, True),
        (None, "schema", {}, True),
    ],
)
def test_a_shops_migrations_see_everything_but_ours(
    name: str | None, kind: str, parents: dict[str, str | None], seen: bool
) -> None:
    assert not_fps(name, kind, parents) is seen
