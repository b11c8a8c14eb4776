"""``flask fps db …``: the ledger's tables."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from ..ledger import schema
from ..state import current_fps

db = AppGroup("db", help="The ledger's tables.")


@db.command()
def upgrade() -> None:
    """Make the tables, or bring them to the newest version."""
    state = current_fps()
    found = state.ledger.tables_version()
    try:
        state.upgrade()
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    if found == schema.HEAD:
        click.echo("The ledger's tables are up to date.")
    elif found is None:
        click.echo(f"The ledger's tables are made, of version {schema.HEAD}.")
    else:
        click.echo(f"The ledger's tables had version {found} and have {schema.HEAD} now.")


@db.command()
def current() -> None:
    """Say which version the tables have, and which one this code needs."""
    found = current_fps().ledger.tables_version()
    if found == schema.HEAD:
        click.echo(f"The ledger's tables have version {found}, the newest.")
        return
    schema.check(found)


@db.command()
@click.option(
    "--from",
    "since",
    type=click.Choice(["base", *schema.known()]),
    help="The version that the tables have, or base; otherwise they are looked at.",
)
def sql(since: str | None) -> None:
    """Write what `upgrade` would do as SQL, for whoever runs it by hand."""
    ledger = current_fps().ledger
    found = ledger.tables_version() if since is None else since
    try:
        click.echo(schema.sql(ledger.engine.dialect.name, found), nl=False)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
