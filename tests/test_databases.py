"""A shop's tables, ours and its own, on both databases: `flask fps db …`, Flask-Migrate, and a worker left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask_migrate import init as init_migrations
from flask_migrate import Migrate
from flask_migrate import migrate as make_migration
from flask_migrate import upgrade as run_migrations
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import inspect
from sqlalchemy import String
from sqlalchemy import text
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

import flask_fps
from flask_fps import FPS
from flask_fps.ledger import schema
from tests import postgres
from tests.database import KINDS


@pytest.fixture(params=KINDS)
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'shop.sqlite'}" if request.param == "sqlite" else postgres.empty_database()


@pytest.fixture
def engine(uri: str) -> Any:
    engine = create_engine(uri)
    yield engine
    engine.dispose()


@pytest.fixture
def run(engine: Engine) -> Callable[..., Result]:
    """`flask fps …` of a shop whose ledger is behind this engine."""
    app = Flask("tests.test_databases")
    app.config.update(SECRET_KEY="x")
    FPS(app, db=engine)
    return lambda *arguments: app.test_cli_runner().invoke(args=["fps", *arguments])


def behind(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{version}'"))


def test_the_version_is_said_and_what_to_do_about_it(run: Callable[..., Result], engine: Engine) -> None:
    assert run("db", "current").output == f"Error: {schema.MISSING}\n"
    assert run("db", "upgrade").output == f"The ledger's tables are made, of version {schema.HEAD}.\n"
    assert run("db", "upgrade").output == "The ledger's tables are up to date.\n"
    assert run("db", "current").output == f"The ledger's tables have version {schema.HEAD}, the newest.\n"
    behind(engine, "0001")
    old = run("db", "current")
    assert (old.exit_code, "needs " + schema.HEAD + ": run `flask fps db upgrade`" in old.output) == (1, True)
    behind(engine, "9999")
    for command in (("db", "current"), ("db", "upgrade"), ("work", "--once"), ("work",)):
        newer = run(*command)
        assert newer.exit_code == 1, command
        assert "Error: the ledger's tables have version 9999, newer than this code: install" in newer.output


def test_the_upgrade_as_sql(run: Callable[..., Result], engine: Engine) -> None:
    written = run("db", "sql")
    if engine.dialect.name == "sqlite":
        assert (written.exit_code, "run `flask fps db upgrade`" in written.output) == (1, True)
        return
    assert written.output.startswith("BEGIN;")
    assert run("db", "sql", "--from", "base").output == written.output
    assert "CREATE TABLE fps_payments" not in run("db", "sql", "--from", "0001").output
    assert run("db", "upgrade").exit_code == 0
    assert run("db", "sql").output == "-- The ledger's tables have the newest version.\n"


def test_a_database_that_is_away_is_a_sentence() -> None:
    app = Flask("tests.test_databases")
    app.config.update(SECRET_KEY="x", FPS_DATABASE_URI="postgresql://shop@/shop?host=/nonexistent")
    FPS(app)
    for command in (("db", "current"), ("db", "upgrade"), ("db", "sql"), ("list",), ("reconcile",)):
        result = app.test_cli_runner().invoke(args=["fps", *command])
        assert (result.exit_code, result.output[:48]) == (1, "Error: the ledger's database does not answer: co"), (
            command
        )


def shop_with_migrations(uri: str, folder: Path, **options: Any) -> tuple[Flask, SQLAlchemy, FPS]:
    app = Flask("migrated", instance_path=str(folder), root_path=str(folder))
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI=uri)
    db = SQLAlchemy(app)

    class Track(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(80))

    Migrate(app, db, directory=str(folder / "migrations"), **options)
    return app, db, FPS(app, db=db)


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")
def test_flask_db_migrate_finds_no_change_and_flask_db_upgrade_drops_nothing(uri: str, tmp_path: Path) -> None:
    app, db, fps = shop_with_migrations(uri, tmp_path, include_name=flask_fps.not_fps)
    versions = tmp_path / "migrations" / "versions"
    with app.app_context():
        init_migrations()
        _keep_logging(tmp_path / "migrations" / "env.py")
        fps.upgrade()
        make_migration(message="tracks")
        run_migrations()
        [only] = versions.glob("*.py")
        make_migration(message="nothing")
        assert list(versions.glob("*.py")) == [only], "there was nothing to migrate"
        assert "fps_" not in only.read_text()
        tables = set(inspect(db.engine).get_table_names())
        assert {"track", "alembic_version", "fps_payments", schema.VERSION_TABLE} <= tables
        db.engine.dispose()


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")
def test_without_the_line_it_would_drop_the_ledger_so_the_upgrade_is_refused(uri: str, tmp_path: Path) -> None:
    app, db, fps = shop_with_migrations(uri, tmp_path)
    refused = app.test_cli_runner().invoke(args=["fps", "db", "upgrade"])
    assert refused.exit_code == 1
    assert "add `Migrate(app, db, include_name=flask_fps.not_fps)` and call it again" in refused.output
    with app.app_context():
        assert inspect(db.engine).get_table_names() == []
        schema.upgrade(db.engine)
        init_migrations()
        _keep_logging(tmp_path / "migrations" / "env.py")
        make_migration(message="what it was refused for")
        [only] = (tmp_path / "migrations" / "versions").glob("*.py")
        assert "op.drop_table('fps_payments')" in only.read_text()
        db.engine.dispose()


def _keep_logging(env: Path) -> None:
    """Alembic's own env.py configures the logging of the whole process."""
    env.write_text(env.read_text().replace("fileConfig(config.config_file_name)", ""))
