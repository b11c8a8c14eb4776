"""Payment tokens: what one approved, what others approved, on which terms; and taking them back."""

from __future__ import annotations

from flask import abort
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from .. import terms
from ..bank.errors import BankError
from ..bank.records import Account
from ..bank.records import Token
from ..current import bank
from .membership import blueprint
from .membership import member
from .membership import Page
from .rows import name
from .rows import row

PAGE_SIZE = 25


@blueprint.get("/tokens")
@member
def tokens(person: Account) -> Page:
    """What this account has approved, and what others approved for it."""
    number = max(request.args.get("page", 1, type=int), 1)
    mine = _of(person.email)
    shown = mine[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    rows = [(token, standing(token), _parties(token)) for token in shown]
    older = number + 1 if len(mine) > number * PAGE_SIZE else None
    return render_template("sandbox/account/tokens.html", person=person, rows=rows, older=older)


@blueprint.get("/tokens/<token_id>")
@member
def token(person: Account, token_id: str) -> Page:
    """On which terms, how far they are used up, and what was paid with it."""
    found = bank().books.tokens.get(token_id)
    if found is None or person.email not in (found.sender, found.caller):
        abort(404)
    activity = bank().activity(person)
    used = [record for record in activity if token_id in (record.sender_token_id, record.recipient_token_id)]
    return render_template(
        "sandbox/account/token.html",
        person=person,
        token=found,
        standing=standing(found),
        parties=_parties(found),
        facts=[*terms.of_token(found)],
        instrument=bank().books.instruments.get(found.instrument_id or ""),
        rows=[row(record, person) for record in used[:PAGE_SIZE]],
    )


@blueprint.post("/tokens/<token_id>/cancel")
@member
def cancel_token(person: Account, token_id: str) -> Page:
    try:
        bank().cancel_token(person, token_id)
        flash("The token is cancelled. Nothing can be paid with it any more.", "ok")
    except BankError as error:
        flash(f"The token was not cancelled. {error.message}", "bad")
    return redirect(url_for(".tokens"), 303)


def _of(email: str) -> list[Token]:
    """Of this sender and of this caller, newest first."""
    with bank().change():
        found = [one for role in ("sender", "caller") for one in bank().books.tokens.find(role, email)]
    return sorted({one.token_id: one for one in found}.values(), key=lambda one: one.created_at, reverse=True)


def _parties(token: Token) -> str:
    """Who pays whom, or for whom somebody else acts."""
    if token.use in ("Receive", "Refund"):
        return f"{name(token.caller)} for {name(token.sender)}"
    return f"{name(token.sender)} to {', '.join(name(email) for email in token.recipients or (token.recipient,))}"


def standing(token: Token) -> str:
    if token.cancelled_at is not None:
        return "Cancelled"
    if token.used_by is not None:
        return "Used"
    return "Active" if token.is_active(bank().clock.now()) else "Expired"
