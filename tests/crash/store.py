"""Where a shop's database is, and how a moment of it is kept: an SQLite file, or a database of a PostgreSQL server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

#: In a shop's folder: the address of its database, where that is no file of the folder.
ADDRESS = "address"
#: After so many restorations the server clears up behind them.
CLEAR_UP_AFTER = 50
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_OTHERS = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def address(folder: Path) -> str:
    """For SQLAlchemy."""
    named = folder / ADDRESS
    return named.read_text() if named.exists() else f"sqlite:///{folder / 'shop.sqlite'}"


@contextmanager
def opened(folder: Path) -> Iterator[Any]:
    """The database itself, with nothing of the product between; rows are found by name."""
    if (folder / ADDRESS).exists():
        with psycopg.connect(_plain(address(folder)), row_factory=dict_row) as connection:
            yield connection
        return
    with closing(sqlite3.connect(folder / "shop.sqlite")) as database:
        database.row_factory = sqlite3.Row
        yield database


class Server:
    """One database on a server: its rows are kept and put back, which is quicker than to copy it."""

    def __init__(self, uri: str) -> None:
        self._connection = psycopg.connect(_plain(uri))
        self._restored = 0

    def close(self) -> None:
        self._connection.close()

    def save(self) -> dict[str, bytes]:
        """All rows of all tables."""
        with self._connection.transaction():
            tables = [name for (name,) in self._connection.execute(_TABLES)]
            return {name: self._copy_out(name) for name in tables}

    def restore(self, rows: dict[str, bytes]) -> None:
        """All as it was; whoever was still at it is gone."""
        with self._connection.transaction():
            self._connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM {_OTHERS}")
            self._connection.execute("SET LOCAL session_replication_role = replica")  # rows come in any order
            for name in rows:
                self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for name, content in rows.items():
                self._copy_in(name, content)
        self._restored += 1
        if self._restored % CLEAR_UP_AFTER == 0:
            self._clear_up()

    def _copy_out(self, name: str) -> bytes:
        query = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
        with self._connection.cursor().copy(query) as rows:
            return b"".join(rows)

    def _copy_in(self, name: str, content: bytes) -> None:
        table = sql.Identifier(name)
        with self._connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as rows:
            rows.write(content)

    def _clear_up(self) -> None:
        self._connection.autocommit = True
        self._connection.execute("VACUUM")
        self._connection.autocommit = False


def _plain(uri: str) -> str:
    return uri.replace("postgresql+psycopg:", "postgresql:", 1)
