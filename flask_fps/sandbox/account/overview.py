"""The first page: what one has, how one pays, and what happened last."""

from __future__ import annotations

from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

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


@blueprint.get("/payment-methods")
@member
def payment_methods(person: Account) -> Page:
    return render_template("sandbox/account/payment_methods.html", person=person)


@blueprint.post("/default-method")
@member
def default_method(person: Account) -> Page:
    kind = request.form.get("paymentMethod") or None
    try:
        bank().set_default_method(person.email, kind)
        flash("Saved.", "ok")
    except LookupError:
        flash("Your account has no such payment method. Nothing was changed.", "bad")
    return redirect(url_for(".payment_methods"), 303)
