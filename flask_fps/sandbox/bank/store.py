"""The state file: every record of the books as JSON in one SQLite table, each change in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .codec import from_plain
from .codec import to_plain
from .shelf import Shelf

_TABLE = """
CREATE TABLE IF NOT EXISTS book (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    shelf TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (shelf, key)
)
"""
_PUT = """
INSERT INTO book (shelf, key, record) VALUES (?, ?, ?)
ON CONFLICT (shelf, key) DO UPDATE SET record = excluded.record
"""


class SQLiteStore:
    """Books in a file. One process at a time: a second one is refused.

    :param path: the file; made if it is missing, its folder must be there.
    :raises RuntimeError: if it cannot be opened, is no state file, or is in use.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=1.0)
        except sqlite3.Error as error:
            raise RuntimeError(f"the state file {path} cannot be opened: {error}") from error
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_TABLE)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._connection.close()
            raise RuntimeError(
                f"the state file {path} cannot be used ({error}): is another sandbox using it?"
            ) from error

    def load(self, shelves: Mapping[str, Shelf[Any]]) -> None:
        """Fill empty shelves with what was saved, in its order."""
        for name, record in self._connection.execute("SELECT shelf, record FROM book ORDER BY number"):
            shelf = shelves.get(name)
            if shelf is not None:
                shelf.put(from_plain(shelf.kind, json.loads(record)))

    def save(self, shelves: Mapping[str, Shelf[Any]]) -> None:
        """Write every shelf's changes together."""
        rows = [(name, key, record) for name, shelf in shelves.items() for key, record in shelf.changes().items()]
        if not rows:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for name, key, record in rows:
                self._write(name, key, record)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()

    def _write(self, shelf: str, key: str, record: Any) -> None:
        if record is None:
            self._connection.execute("DELETE FROM book WHERE shelf = ? AND key = ?", (shelf, key))
        else:
            self._connection.execute(_PUT, (shelf, key, json.dumps(to_plain(record), separators=(",", ":"))))
