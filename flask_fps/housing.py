"""Where an app keeps the ledger, and how its tables are brought up to date there."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

from .errors import SetupError
from .ledger import Home


def default_database(app: Flask) -> str:
    """The address of a ledger of our own, in the app's instance folder."""
    return f"sqlite:///{os.path.join(app.instance_path, 'fps.sqlite')}"


def upgrade(app: Flask, home: Home) -> None:
    """Make or upgrade the ledger's tables.

    :raises RuntimeError: the shop's own migrations would drop them; the message has the line to add.
    """
    migrate = app.extensions.get("migrate")
    if not home.own and migrate is not None and not _spares_our_tables(migrate):
        raise SetupError(
            "this shop's `flask db migrate` would drop the ledger's tables: add "
            "`Migrate(app, db, include_name=flask_fps.not_fps)` and call it again"
        )
    home.upgrade()


def _spares_our_tables(migrate: Any) -> bool:
    include = getattr(migrate, "configure_args", {}).get("include_name")
    return include is not None and not include("fps_payments", "table", {})
