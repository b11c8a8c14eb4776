"""Keeps a shop's own migrations away from the ledger's tables."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "fps_"


def not_fps(name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
    """Alembic's ``include_name`` for a shop that keeps the ledger in its own database.

    ``Migrate(app, db, include_name=flask_fps.not_fps)``: without it ``flask db migrate`` would write
    a migration that drops the ledger.
    """
    table = name if type_ == "table" else parent_names.get("table_name")
    return table is None or not table.startswith(PREFIX)
