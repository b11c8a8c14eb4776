from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import inspect
from sqlalchemy import MetaData
from sqlalchemy import text

from flask_fps.errors import SchemaMissing
from flask_fps.ledger import Home
from flask_fps.ledger import home_of
from flask_fps.ledger import Ledger
from flask_fps.ledger import own_engine
from flask_fps.ledger import schema
from flask_fps.ledger import Store
from flask_fps.ledger.models import Base
from flask_fps.ledger.not_fps import not_fps
from flask_fps.records import IntentState
from flask_fps.records import State
from tests import postgres
from tests.database import KINDS

#: Said about a column in SQLite only: its types are names.
OPTIONS = {"compare_type": True, "compare_server_default": True}
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
FINAL = ("paid", "failed", "expired", "cancelled")
#: What a column is given that must have something.
_ZERO: dict[type, Any] = {
    sqlalchemy.String: "",
    sqlalchemy.Text: "",
    sqlalchemy.Integer: 0,
    sqlalchemy.BigInteger: 0,
    sqlalchemy.Boolean: False,
    sqlalchemy.DateTime: NOW,
    sqlalchemy.JSON: {},
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(kind: str, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Makes engines of databases with nothing in them."""
    made: list[Engine] = []

    def empty() -> Engine:
        uri = f"sqlite:///{tmp_path / f'{len(made)}.sqlite'}" if kind == "sqlite" else postgres.empty_database()
        made.append(create_engine(uri))
        return made[-1]

    yield empty
    for engine in made:
        engine.dispose()
        if kind == "postgresql":
            postgres.drop(engine.url.render_as_string(hide_password=False))


@pytest.fixture
def empty(make: Callable[[], Engine]) -> Engine:
    return make()


def shape(engine: Engine) -> list[tuple[str, str]]:
    """Every table and index as the database itself writes it down."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            columns = "SELECT table_name || '.' || column_name, data_type FROM information_schema.columns"
            ours = f"{columns} WHERE table_name LIKE 'fps%%' UNION SELECT indexname, indexdef FROM pg_indexes"
            rows = connection.exec_driver_sql(f"{ours} WHERE tablename LIKE 'fps%%' ORDER BY 1")
        else:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE name LIKE '%fps%' ORDER BY 1")
        found = [(name, " ".join((sql or "").split())) for name, sql in rows]
    return [(name, sql) for name, sql in found if schema.VERSION_TABLE not in name]


def test_migrations_and_models_agree(empty: Engine) -> None:
    schema.upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={**OPTIONS, "include_name": _ours})
        assert compare_metadata(context, Base.metadata) == []


def _ours(name: str | None, type_: str, parents: object) -> bool:
    return type_ != "table" or name != schema.VERSION_TABLE


def test_migrations_make_the_very_indexes_of_the_models(make: Callable[[], Engine]) -> None:
    """Alembic does not compare the conditions of partial indexes, and the promise hangs on two of them."""
    migrated, made = make(), make()
    schema.upgrade(migrated)
    Base.metadata.create_all(made)

    def indexes(engine: Engine) -> list[tuple[str, str]]:
        return [(name, sql) for name, sql in shape(engine) if sql.startswith("CREATE") and " INDEX " in sql]

    assert indexes(migrated) == indexes(made)
    assert [sql for name, sql in indexes(migrated) if name.startswith("ux_")]


def test_twice_is_harmless(empty: Engine) -> None:
    schema.upgrade(empty)
    before = shape(empty)
    schema.upgrade(empty)

    assert shape(empty) == before
    assert schema.current(empty) == schema.HEAD


def test_the_migrations_are_one_chain() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(schema.MIGRATIONS))
    chain = [revision.revision for revision in script.walk_revisions()]
    assert (chain[::-1], script.get_heads()) == (schema.known(), [schema.HEAD])


@pytest.mark.parametrize("version", schema.known())
def test_every_older_ledger_can_be_brought_up_with_what_it_holds(empty: Engine, version: str) -> None:
    bring_to(empty, version)
    references = fill(empty)
    assert schema.current(empty) == version
    schema.upgrade(empty)

    assert schema.current(empty) == schema.HEAD
    ledger = Ledger(Store(Home(lambda: empty, None, lambda: None, lambda: False, own=False), lambda: NOW))
    loaded = {payment.reference: payment for payment in ledger.newest()}
    assert {reference: loaded[reference].state.value for reference in loaded} == references
    assert loaded["was-paid"].delivered_at == NOW
    assert loaded["was-paid"].refunded == 5
    assert loaded["was-unknown"].parked_reason == "a person must look"
    for reference in references:
        assert ledger.rights.grants(reference) or reference != "was-paid"
        assert [entry.event for entry in ledger.journal(reference)] == ["moved"]
        assert ledger.intent(reference) is not None
    assert ledger.worker_seen(timedelta(seconds=1))
    ledger.note("was-started", "goes on")


def bring_to(engine: Engine, version: str) -> None:
    from alembic import command

    with engine.begin() as connection:
        command.upgrade(schema._config(connection), version)


def fill(engine: Engine) -> dict[str, str]:
    """A payment in every state, each with whatever a payment may have, in tables of any version."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        writer = _Writer(connection, tables)
        for state in State:
            writer.payment(state.value)
        writer.row("heartbeats", worker="host:1", started_at=NOW, beat_at=NOW, account="", gateway="")
    return {f"was-{state.value}": state.value for state in State}


class _Writer:
    """Writes rows with what every version of the tables asks for."""

    def __init__(self, connection: Connection, tables: MetaData) -> None:
        self._connection, self._tables = connection, tables

    def row(self, name: str, **values: Any) -> int:
        table = self._tables.tables[f"fps_{name}"]
        given = {"account": "default", "gateway": "fps", "currency": "USD", "created_at": NOW, "at": NOW, **values}
        known = {name: value for name, value in given.items() if name in table.c}
        for column in table.c:
            must = not column.nullable and not column.primary_key and column.server_default is None
            if must and column.name not in known:
                known[column.name] = _ZERO[type(column.type.as_generic())]
        done = self._connection.execute(table.insert().values(known))
        assert done.inserted_primary_key is not None
        return int(done.inserted_primary_key[0])

    def payment(self, state: str) -> None:
        reference = f"was-{state}"
        lease = {"lease_owner": "gone", "lease_until": NOW, "due_at": NOW}
        paid = {"amount": 10, "transaction_id": f"TX-{state}", "paid_at": NOW if state == "paid" else None}
        whose = {"reference": reference, "state": state, "order_key": state, "buyer": "john"}
        id = self.row("payments", **whose, **paid, **(lease if state not in FINAL else {}))
        line = self.row("lines", payment_id=id, sku="song", reason="Song", quantity=1, unit_amount=10)
        pay = {"payment_id": id, "amount": 10, "authorization_id": "TOKEN", "parameters": {}}
        intent = self.row("intents", **pay, reference=f"{reference}-1", kind="pay", state=IntentState.FROZEN.value)
        booked = {"transaction_id": f"TX-{state}", "status": "success", "amount": 10, "updated_at": NOW}
        self.row("transactions", payment_id=id, intent_id=intent, **booked)
        self.row("journal", payment_id=id, event="moved", to_state=state, detail={})
        self.row("inbox", payment_id=id, digest=state, source="return", url="/", body=b"x", received_at=NOW)
        self.row("releases", payment_id=id, authorization_id="TOKEN")
        if state == "unknown":
            self.row("parked", payment_id=id, reason="a person must look", parked_at=NOW)
        if state == "paid":
            done = {"handler": "payment_completed", "state": "done", "delivered_at": NOW}
            self.row("deliveries", payment_id=id, **done)
            self.row("grants", payment_id=id, line_id=line, buyer="john", sku="song", quantity=1)
            back = {"key": "first", "kind": "refund", "state": "settled", "amount": 5}
            self.row("refunds", payment_id=id, intent_id=intent, **back)


def test_newer_tables_are_left_alone(empty: Engine) -> None:
    schema.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    before = shape(empty)
    with pytest.raises(SchemaMissing, match="version 9999, newer than this code: install the newer Flask-FPS"):
        schema.upgrade(empty)

    assert shape(empty) == before


def test_an_upgrade_that_fails_leaves_nothing(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE fps_transactions (a INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        schema.upgrade(empty)

    assert [name for name in inspect(empty).get_table_names() if name != schema.VERSION_TABLE] == ["fps_transactions"]
    assert schema.current(empty) is None


def release(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> None:
    """A release with one migration more."""
    migrations = Path(copytree(schema.MIGRATIONS, folder / "migrations"))
    head = f"from alembic import op\nrevision = '9999'\ndown_revision = '{schema.HEAD}'\n"
    (migrations / "versions" / "9999_new.py").write_text(f"{head}def upgrade():\n    {body}\n")
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    monkeypatch.setattr(schema, "HEAD", "9999")


def test_a_table_that_others_point_to_can_be_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite nearly every change is one."""
    engine = own_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    schema.upgrade(engine)
    references = fill(engine)
    release(monkeypatch, tmp_path, "with op.batch_alter_table('fps_payments', recreate='always'): pass")
    schema.upgrade(engine)
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT count(DISTINCT payment_id) FROM fps_lines").scalar()
        keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    engine.dispose()

    assert (kept, keys) == (len(references), 1)


def test_an_upgrade_that_would_leave_rows_pointing_nowhere_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = own_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    schema.upgrade(engine)
    references, before = fill(engine), schema.HEAD
    release(monkeypatch, tmp_path, "op.execute('DELETE FROM fps_payments')")
    with pytest.raises(RuntimeError, match="would leave rows that point nowhere"):
        schema.upgrade(engine)

    assert schema.current(engine) == before
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM fps_payments").scalar() == len(references)
    engine.dispose()


# Who upgrades whom


def test_the_embedded_file_upgrades_itself_and_keeps_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    old = own_engine(f"sqlite:///{path}")
    bring_to(old, "0001")
    fill(old)
    old.dispose()
    for _ in range(2):
        engine = home_of(None, f"sqlite:///{path}", nullcontext).engine()
        assert schema.current(engine) == schema.HEAD
        engine.dispose()

    assert sorted(each.name for each in tmp_path.iterdir()) == ["ledger.sqlite", f"ledger.sqlite.before-{schema.HEAD}"]
    copy = create_engine(f"sqlite:///{path}.before-{schema.HEAD}")
    with copy.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM fps_payments").scalar() == len(State)
    assert schema.current(copy) == "0001"
    copy.dispose()


def test_a_new_file_needs_no_copy(tmp_path: Path) -> None:
    home_of(None, f"sqlite:///{tmp_path / 'ledger.sqlite'}", nullcontext).engine().dispose()

    assert [each.name for each in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_a_shared_database_changes_only_when_asked_to(empty: Engine) -> None:
    bring_to(empty, "0001")
    home = home_of(empty, "", nullcontext)
    ledger = Ledger(Store(home, lambda: NOW))
    with pytest.raises(SchemaMissing, match=f"version 0001, and this code needs {schema.HEAD}: run `flask fps db upg"):
        ledger.beat("host:1")
    assert schema.current(empty) == "0001"
    home.upgrade()

    ledger.beat("host:1")
    assert ledger.worker_seen(timedelta(seconds=1))


def test_a_ledger_of_its_own_on_postgresql_is_shared_too() -> None:
    uri = postgres.empty_database()
    home = home_of(None, uri, nullcontext)
    ledger = Ledger(Store(home, lambda: NOW))
    with pytest.raises(SchemaMissing, match="the ledger's tables are missing: run `flask fps db upgrade`"):
        ledger.beat("host:1")
    home.upgrade()
    ledger.beat("host:1")

    assert (home.own, ledger.tables_version()) == (False, schema.HEAD)
    home.engine().dispose()


def test_a_process_stops_before_tables_that_became_newer_under_it(empty: Engine) -> None:
    schema.upgrade(empty)
    ledger = Ledger(Store(home_of(empty, "", nullcontext), lambda: NOW))
    ledger.beat("host:1")
    with empty.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))

    with pytest.raises(SchemaMissing, match="newer than this code: install the newer Flask-FPS and start again"):
        ledger.beat("host:1")


def test_by_hand_it_is_the_same(make: Callable[[], Engine], kind: str) -> None:
    upgraded, by_hand = make(), make()
    schema.upgrade(upgraded)
    if kind == "sqlite":
        with pytest.raises(RuntimeError, match="run `flask fps db upgrade`"):
            schema.sql(kind, None)
        return
    bring_to(by_hand, "0001")
    with by_hand.connect() as connection:
        connection.connection.driver_connection.execute(schema.sql(kind, "0001"))  # type: ignore[union-attr]

    assert (schema.current(by_hand), shape(by_hand)) == (schema.HEAD, shape(upgraded))


def test_all_our_tables_bear_our_name_and_say_whose_money_they_are_about() -> None:
    for table in Base.metadata.tables.values():
        assert table.name.startswith("fps_")
        assert {"account", "gateway"} <= set(table.columns.keys())


def test_two_processes_at_once_make_one_ledger(empty: Engine) -> None:
    uri = empty.url.render_as_string(hide_password=False)
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
            [sys.executable, "-c", code, uri],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    ends = [process.communicate("go\n", timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], ends
    assert schema.current(empty) == schema.HEAD


@pytest.mark.parametrize(
    ("name", "type_", "parents", "seen"),
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
    name: str | None, type_: str, parents: dict[str, str | None], seen: bool
) -> None:
    assert not_fps(name, type_, parents) is seen
