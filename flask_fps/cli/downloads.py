"""``flask fps downloads``: what a buyer may still fetch, and more of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click
from flask.cli import with_appcontext

from ..records import Grant
from ..state import current_fps
from .person import by_option
from .tables import show_table

HEADS = ("ITEM", "STANDS", "DOWNLOADED", "LEFT", "UNTIL")
COUNT = click.IntRange(1, 10_000)


@click.command()
@click.argument("reference")
@click.option("--more", type=COUNT, metavar="N", help="Give the buyer N more downloads of what has a limit.")
@click.option("--days", type=COUNT, metavar="N", help="Let him download for at least N days from now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for scripts.")
@by_option
@with_appcontext
def downloads(reference: str, more: int | None, days: int | None, as_json: bool, by: str) -> None:
    """Show what the buyer of a payment may still download, or let him download more."""
    ledger = current_fps().ledger
    if ledger.payment(reference) is None:
        raise click.ClickException(f"no payment {reference}: `flask fps list` shows the newest")
    if more is not None or days is not None:
        if not ledger.grants(reference):
            raise click.ClickException(f"payment {reference} has bought nothing: it is not paid")
        ledger.renew_downloads(reference, more, days, by)
    found, now = ledger.grants(reference), ledger.clock()
    if as_json:
        click.echo(json.dumps([_as_dict(grant, now) for grant in found], indent=2))
    elif found:
        show_table(HEADS, [_row(grant, now) for grant in found], gives={"ITEM": 12})
    else:
        click.echo(f"Payment {reference} has bought nothing: it is not paid.")


def _row(grant: Grant, now: datetime) -> tuple[str, ...]:
    used, left = (str(grant.used), str(grant.left)) if grant.is_counted else ("not counted", "no limit")
    until = f"{grant.expires_at:%Y-%m-%d %H:%M}" if grant.expires_at else "no limit"
    return grant.sku, grant.right(now).value, used, left, until


def _as_dict(grant: Grant, now: datetime) -> dict[str, Any]:
    return {
        "sku": grant.sku,
        "quantity": grant.quantity,
        "buyer": grant.buyer,
        "stands": grant.right(now).value,
        "downloads": grant.downloads,
        "used": grant.used,
        "left": grant.left,
        "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
        "revoked_at": grant.revoked_at.isoformat() if grant.revoked_at else None,
        "revoked_reason": grant.revoked_reason,
    }
