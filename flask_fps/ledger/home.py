"""Where a ledger lives: in a database of its own, behind a shop's engine, or beside a shop's models."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy import make_url
from sqlalchemy import text
from sqlalchemy.orm import Session

from ..errors import SetupError
from . import schema
from .engine import is_postgresql
from .engine import own_engine
from .engine import step

#: A transaction of PostgreSQL gets its number when it writes.
_HAS_WRITTEN = text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
InContext = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Home:
    """How to reach the database, and which session handlers share with the delivery mark."""

    engine: Callable[[], Engine]
    #: Opens the handlers' session, or ``None`` where handlers share nothing with the ledger.
    session: Callable[[], AbstractContextManager[Any]] | None
    #: Ends the shop's own transaction of the current request.
    end_request_transaction: Callable[[], None]
    #: Has the shop's session written something that is not committed? Our steps would wait for it.
    has_open_write: Callable[[], bool]
    #: True for the embedded SQLite file, which nobody but the ledger uses: it makes and upgrades its tables itself.
    own: bool

    def upgrade(self) -> None:
        """Bring the tables to the newest version: :func:`flask_fps.ledger.schema.upgrade`.

        :raises LedgerBusy: the database does not answer.
        """
        engine = self.engine()
        step(lambda: schema.current(engine))
        schema.upgrade(engine, keep_copy=self.own)


def home_of(db: Any, uri: str, in_context: InContext) -> Home:
    """The home that ``FPS(db=…)`` asks for.

    :param db: a Flask-SQLAlchemy object, an Engine, or ``None`` for a database of our own at ``uri``.
    :param in_context: opens an application context, for reading the engine of a Flask-SQLAlchemy object.
    :raises RuntimeError: ``db`` is neither of these.
    """
    if db is None:
        return _own(uri)
    if isinstance(db, Engine):
        return Home(_checked(lambda: db), lambda: Session(db), lambda: None, lambda: False, own=False)
    if hasattr(db, "session") and hasattr(db, "init_app"):
        return _beside_models(db, in_context)
    raise SetupError(
        f"FPS(db=…) takes the shop's Flask-SQLAlchemy object or a SQLAlchemy Engine, not {type(db).__name__}"
    )


def _own(uri: str) -> Home:
    embedded = make_url(uri).get_backend_name() == "sqlite"

    def open_and_upgrade() -> Engine:
        engine = own_engine(uri)
        if embedded:
            schema.upgrade(engine, keep_copy=True)
        return engine

    return Home(_checked(open_and_upgrade), None, lambda: None, lambda: False, own=embedded)


def _beside_models(db: Any, in_context: InContext) -> Home:
    def engine() -> Engine:
        with in_context():
            found: Engine = db.engine
            return found

    return Home(
        engine=_checked(engine),
        session=lambda: nullcontext(db.session),
        end_request_transaction=lambda: db.session.commit(),
        has_open_write=lambda: _has_open_write(db.session()),
        own=False,
    )


def _has_open_write(session: Session) -> bool:
    """Our steps use connections of their own and would wait for that write for ever."""
    if session.new or session.dirty or session.deleted:
        return True
    if not session.in_transaction():
        return False
    connection = session.connection()
    if is_postgresql(connection):
        return connection.scalar(_HAS_WRITTEN) is True
    driver: Any = connection.connection.driver_connection
    return bool(getattr(driver, "in_transaction", False))


def _checked(find: Callable[[], Engine]) -> Callable[[], Engine]:
    """The engine, found at the first use and refused where a crash would lose the ledger."""
    lock, found = threading.Lock(), list[Engine]()

    def engine() -> Engine:
        with lock:
            if not found:
                found.append(_on_disk(find()))
        return found[0]

    return engine


def _on_disk(engine: Engine) -> Engine:
    database = engine.url.database
    if engine.dialect.name == "sqlite" and (not database or ":memory:" in database or "mode=memory" in str(engine.url)):
        raise SetupError(
            "the ledger must outlive this process, and an in-memory SQLite database does not: "
            "use a file, for example SQLALCHEMY_DATABASE_URI = 'sqlite:///shop.sqlite'"
        )
    return engine
