"""PostgreSQL for tests: databases made from one that has the ledger's tables, on a server of this process's own.

The server is :mod:`tests.pgserver`, or the one that ``FPS_TEST_DATABASE_URI`` names: its user must be allowed to make
databases.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import make_url
from sqlalchemy import text
from sqlalchemy import URL
from sqlalchemy.pool import NullPool

from flask_fps.ledger.schema import upgrade

VARIABLE = "FPS_TEST_DATABASE_URI"
ROOT = Path(__file__).parent.parent
_numbers = count(1)


def fresh_database(*, template: str | None = None) -> str:
    """The address of a new database with the ledger's tables, or a copy of the database ``template``."""
    return _make(f"fps_{os.getpid()}_{next(_numbers)}", template or _template())


def empty_database() -> str:
    """The address of a new database with nothing in it."""
    return _make(f"fps_{os.getpid()}_{next(_numbers)}", "template0")


def drop(uri: str) -> None:
    with _server().connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{make_url(uri).database}" WITH (FORCE)'))


def share() -> None:
    """Let processes that this one starts use the same server."""
    os.environ[VARIABLE] = _address().render_as_string(hide_password=False)


def _make(name: str, template: str) -> str:
    with _server().connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    uri = _address().set(database=name).render_as_string(hide_password=False)
    if VARIABLE in os.environ:
        atexit.register(drop, uri)
    return uri


@cache
def _template() -> str:
    uri = empty_database()
    engine = create_engine(uri, poolclass=NullPool)
    upgrade(engine)
    name = make_url(uri).database
    assert name is not None
    return name


@cache
def _server() -> Engine:
    return create_engine(_address(), isolation_level="AUTOCOMMIT", poolclass=NullPool)


@cache
def _address() -> URL:
    named = os.environ.get(VARIABLE)
    if named:
        return make_url(named).set(drivername="postgresql+psycopg")
    return URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": _start()})


def _start() -> str:
    """Its server ends with this process, however that ends: its standard input is closed then."""
    command = [sys.executable, "-m", "tests.pgserver"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert server.stdin is not None and server.stdout is not None
    folder = server.stdout.readline().strip()
    assert folder, "PostgreSQL did not start: see above"

    def stop() -> None:
        server.communicate()

    atexit.register(stop)
    return folder
