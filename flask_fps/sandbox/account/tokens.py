"""Payment tokens: what one approved, what others approved, on which terms; and taking them back."""

from __future__ import annotations

from flask import flash
from flask import redirect
from flask import render_template
from flask import url_for

from ..bank.errors import BankError
from ..bank.records import Account
from ..bank.records import Token
from ..current import bank
from .membership import blueprint
from .membership import member
from .membership import Page
from .rows import name


@blueprint.get("/tokens")
@member
def tokens(person: Account) -> Page:
    """What this account has approved, and what others approved for it."""
    mine = [token for token in bank().tokens.all() if person.email in (token.sender, token.caller)]
    rows = [(token, standing(token), f"{name(token.sender)} to {name(token.recipient)}") for token in reversed(mine)]
    return render_template("sandbox/account/tokens.html", person=person, rows=rows)


@blueprint.post("/tokens/<token_id>/cancel")
@member
def cancel_token(person: Account, token_id: str) -> Page:
    try:
        bank().cancel_token(person, token_id)
        flash("The token is cancelled. Nothing can be paid with it any more.", "ok")
    except BankError as error:
        flash(f"The token was not cancelled. {error.message}", "bad")
    return redirect(url_for(".tokens"), 303)


def standing(token: Token) -> str:
    if token.cancelled_at is not None:
        return "Cancelled"
    if token.used_by is not None:
        return "Used"
    return "Active" if token.is_active(bank().clock.now()) else "Expired"
