"""The state of an account: what the service thinks of its holder, set by hand, as only a sandbox lets one do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from ..bank.records import Account
from ..bank.standing import STANDINGS
from ..current import bank
from .membership import blueprint
from .membership import member
from .membership import Page

#: Attribute, what it says when it is ticked, and what it does.
TRAITS = (
    ("email_verified", "The e-mail address is verified", "Without that, no payment and no approval"),
    ("is_verified", "A bank account or card is verified", "Without that, it neither pays nor is paid"),
    ("bank_verified", "The bank account is verified", "Without that, no payment from it"),
    ("is_limited", "The limits of the account are reached", "It neither pays nor is paid"),
    ("is_personal", "It is a personal account", "It takes no cards"),
    ("is_marketplace", "It is a marketplace", "It may ask for payments to others"),
)


@blueprint.get("/state")
@member
def state(person: Account) -> Page:
    return render_template("sandbox/account/state.html", person=person, standings=STANDINGS, traits=TRAITS)


@blueprint.post("/state")
@member
def set_state(person: Account) -> Page:
    standing = request.form.get("standing", "")
    if standing not in STANDINGS:
        flash("There is no such standing. Nothing was changed.", "bad")
        return redirect(url_for(".state"), 303)
    chosen: dict[str, Any] = {name: name in request.form for name, _, _ in TRAITS} | {"standing": standing}
    with bank().change():
        bank().accounts.put(replace(bank().account(person.email), **chosen))
    flash("Saved.", "ok")
    return redirect(url_for(".state"), 303)
