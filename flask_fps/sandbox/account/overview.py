"""The first page: what one has, and what happened last."""

from __future__ import annotations

from flask import render_template

from ...money import Money
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
    recent = bank().transactions.page(person.email, Filter(), RECENT, ascending=False)
    rows = [row(record, person) for record in recent.transactions]
    coming, going = (
        Money(minor, person.balance.currency) for minor in bank().transactions.pending_amounts(person.email)
    )
    return render_template("sandbox/account/overview.html", person=person, rows=rows, coming=coming, going=going)
