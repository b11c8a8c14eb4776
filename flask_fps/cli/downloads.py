"""``flask fps downloads``: what a buyer may still fetch, and more of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click
from flask.cli import with_appcontext

from ..ledger import Ledger
from ..plurals import counted
from ..records import Grant
from ..rights import MOST_AT_ONCE
from ..sheets import iso
from ..state import current_fps
from .options import json_option
from .payments import known
from .person import by_option
from .person import confirm
from .person import yes_option
from .tables import show_table

HEADS = ("ITEM", "STANDS", "DOWNLOADED", "LEFT", "UNTIL")
COUNT = click.IntRange(1, MOST_AT_ONCE)


@click.command(short_help="Show what a buyer may still download, or give more.")
@click.argument("reference")
@click.option("--more", type=COUNT, metavar="N", help="Give the buyer N more downloads of what has a limit.")
@click.option("--days", type=COUNT, metavar="N", help="Let the buyer download for at least N days from now.")
@json_option("One JSON array")
@click.option("--take-back", is_flag=True, help="Take it back from all browsers that claimed it.")
@by_option
@yes_option
@with_appcontext
def downloads(
    reference: str, more: int | None, days: int | None, as_json: bool, take_back: bool, by: str, yes: bool
) -> None:
    """Show what the buyer of a payment may still download, or give more.

    A claim link works in FPS_CLAIM_LIMIT browsers. Where they are used up, --take-back begins anew: the buyer keeps
    what they have, and others may claim it again with a link that is still good.
    """
    state = current_fps()
    known(state, reference)
    ledger = state.ledger
    if take_back:
        _take_back(ledger, reference, by, yes)
    if more is not None or days is not None:
        if not ledger.rights.grants(reference):
            raise click.ClickException(f"payment {reference} has bought nothing: it is not paid")
        _refuse_what_has_no_limit(ledger.rights.grants(reference), more, days)
        ledger.rights.renew_downloads(reference, more, days, by)
    found, now, others = ledger.rights.grants(reference), ledger.clock(), ledger.rights.claimants(reference)
    if as_json:
        click.echo(json.dumps([{**_as_dict(grant, now), "claimed_by": others} for grant in found], indent=2))
    elif found:
        show_table(HEADS, [_row(grant, now) for grant in found], gives={"ITEM": 12})
        if others:
            click.echo(f"\nClaimed by {counted(others, 'browser')}; FPS_CLAIM_LIMIT is {state.config.claim_limit}.")
    else:
        click.echo(f"Payment {reference} has bought nothing: it is not paid.")


def _refuse_what_has_no_limit(found: list[Grant], more: int | None, days: int | None) -> None:
    """Where nothing is counted and nothing ends, more of it is nothing."""
    if not any((more is not None and each.is_counted) or (days is not None and each.expires_at) for each in found):
        raise click.ClickException("nothing of this payment has such a limit: it may be downloaded as it is")


def _take_back(ledger: Ledger, reference: str, by: str, yes: bool) -> None:
    others = ledger.rights.claimants(reference)
    if not others:
        raise click.ClickException(f"payment {reference} was claimed by no browser: there is nothing to take back")
    confirm(f"Take payment {reference} back from {counted(others, 'browser')}?", yes)
    ledger.rights.take_back(reference, by)


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
        "expires_at": iso(grant.expires_at),
        "revoked_at": iso(grant.revoked_at),
        "revoked_reason": grant.revoked_reason,
    }
