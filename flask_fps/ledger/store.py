"""Where the steps of a ledger are taken: one short transaction each, on a connection of its own.

A step is committed when it returns, and tried again by itself where the database says that another try may
pass. No step calls out. What a step asks the ledger itself (a gateway may, when it freezes a request) it reads
on its own connection.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from .backoff import Backoff
from .engine import DATABASE_TIME
from .engine import database_time
from .engine import is_postgresql
from .engine import reading
from .engine import step
from .engine import Steps
from .engine import system_time
from .engine import writing
from .home import Home
from .served import Served

T = TypeVar("T")
Clock = Callable[[], datetime]


class Store:
    """One database, its clock, and the two ways into it.

    :param home: where the database is.
    :param clock: aware UTC time. Leases and due times are counted on it, on PostgreSQL on the database's own
        clock: then what counts is by how much this one differs from the system's.
    """

    def __init__(self, home: Home, clock: Clock) -> None:
        self.home = home
        self._clock = clock
        #: Not known yet: ``None``.
        self._database_ahead: timedelta | None = None
        self._steps = Steps()
        #: How long to wait between tries.
        self.backoff = Backoff()
        #: Only of these accounts and gateways is anything due here that would need their providers.
        self.serves: Served = None

    @property
    def engine(self) -> Engine:
        return self.home.engine()

    def clock(self) -> datetime:
        """The time that leases and due times are counted on. What the database says is asked for once."""
        self._ask_the_database()
        return self._clock() + (self._database_ahead or timedelta())

    def now(self, told: datetime | None) -> datetime:
        """The time of a step, by what its database told: :func:`flask_fps.ledger.engine.database_time`."""
        if told is not None:
            self._database_ahead = told - system_time()
        return self._clock() + (self._database_ahead or timedelta())

    def _ask_the_database(self) -> None:
        """Else the first lease of a process whose clock is behind would be over at once. Away, it is asked again."""
        if self._database_ahead is not None:
            return
        if not is_postgresql(self.engine):
            self._database_ahead = timedelta()
            return
        try:
            with self.engine.connect() as connection:
                self.now(database_time(connection))
        except (DBAPIError, PoolTimeout):
            return

    def write(self, action: Callable[[Session, datetime], T]) -> T:
        """Take a step that writes.

        :param action: gets the step's session and its time.
        :raises LedgerBusy: the database is locked or away, after the last try.
        :raises SchemaMissing: the tables are not there, or of another version.
        """

        def run() -> T:
            with writing(self.engine) as session, self._steps.entered(session):
                return action(session, self.now(session.info[DATABASE_TIME]))

        return step(run)

    def read(self, action: Callable[[Session], T]) -> T:
        """Look something up; within a step, on the step's own connection.

        :raises LedgerBusy: the database is locked or away, after the last try.
        :raises SchemaMissing: the tables are not there.
        """
        under_way = self._steps.under_way
        if under_way is not None:
            with under_way.no_autoflush:
                return action(under_way)

        self._ask_the_database()  # what is read may ask for the time, and a pool may have no second connection

        def run() -> T:
            with reading(self.engine) as session:
                return action(session)

        return step(run)
