"""``flask fps …``: a file per family of commands."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from ..errors import LedgerError
from .database import db
from .downloads import downloads
from .money import cancel
from .money import refund
from .money import settle
from .payments import list_payments
from .payments import show
from .provider import activity
from .provider import balance
from .provider import transaction
from .resolve import park
from .resolve import replay
from .sandbox import sandbox
from .tokens import tokens
from .upkeep import export
from .upkeep import health
from .upkeep import prune
from .work import reconcile
from .work import work


class PaymentsGroup(AppGroup):
    """Commands that need the ledger: where it cannot help, its sentence is the answer.

    A mistake in set-up is met here too: the app is loaded by the first command that needs it. Its error is one that
    click shows as a sentence by itself.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LedgerError as error:
            raise click.ClickException(str(error)) from error


fps = PaymentsGroup("fps", help="Payments by Flask-FPS: look at them, drive them, and the sandbox to try them with.")
fps.add_command(sandbox)
fps.add_command(list_payments)
fps.add_command(show)
fps.add_command(work)
fps.add_command(reconcile)
fps.add_command(refund)
fps.add_command(settle)
fps.add_command(cancel)
fps.add_command(replay)
fps.add_command(park)
fps.add_command(downloads)
fps.add_command(activity)
fps.add_command(transaction)
fps.add_command(balance)
fps.add_command(prune)
fps.add_command(export)
fps.add_command(health)
fps.add_command(tokens)
fps.add_command(db)
