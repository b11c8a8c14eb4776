"""``flask fps db``: the ledger's tables."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from ..state import current_fps

db = AppGroup("db", help="The ledger's tables.")


@db.command()
def upgrade() -> None:
    """Make the tables, or bring them to the newest version."""
    try:
        current_fps().upgrade()
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    click.echo("The ledger's tables are up to date.")
