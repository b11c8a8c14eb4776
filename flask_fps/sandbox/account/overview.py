"""The first page: what one has, and what happened last."""

from __future__ import annotations

from flask import render_template

from ..bank.records import Account
from ..bank.transactions import Filter
from ..current import bank
from .membership import blueprint
from .membership import member
from .membership import Page
from .rows import row

#: How many rows the overview shows.
RECENT = 5


@blueprint.get("/")
@member
def overview(person: Account) -> Page:
    recent = bank().transactions.latest(person.email, Filter(), RECENT)
    rows = [row(record, person) for record in recent.transactions]
    held = bank().transactions.holdings(person)
    return render_template(
        "sandbox/account/overview.html", person=person, rows=rows, coming=held.coming, going=held.going
    )
