"""Payment methods: which there are, which is used without asking; cards and bank accounts come and go."""

from __future__ import annotations

import re
from dataclasses import replace

from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from ..bank.records import Account
from ..bank.records import Method
from ..bank.rules import METHODS as KINDS
from ..current import bank
from .membership import blueprint
from .membership import member
from .membership import Page

#: What can be added, and what it is called once its last digits follow. The balance belongs to the account.
ADDED = {"ACH": "Bank account", "CC": "Card"}
_DIGITS = re.compile(r"[0-9]{4}", re.ASCII)
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])/20[0-9]{2}", re.ASCII)


@blueprint.get("/payment-methods")
@member
def payment_methods(person: Account) -> Page:
    return _page(person)


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


@blueprint.post("/payment-methods/add")
@member
def add_method(person: Account) -> Page:
    kind, digits, expiry = (request.form.get(name, "").strip() for name in ("kind", "digits", "expiry"))
    problem = _problem(person, kind, digits, expiry)
    if problem is not None:
        return _page(person, problem), 400
    added = Method(kind, f"{ADDED[kind]} ending in {digits}", expiry if kind == "CC" else None)
    _set_methods(person, (*person.methods, added))
    flash("Added.", "ok")
    return redirect(url_for(".payment_methods"), 303)


@blueprint.post("/payment-methods/remove")
@member
def remove_method(person: Account) -> Page:
    kind = request.form.get("kind", "")
    if kind not in ADDED or person.method(kind) is None:
        flash("There is no such payment method to remove. Nothing was changed.", "bad")
        return redirect(url_for(".payment_methods"), 303)
    _set_methods(person, tuple(method for method in person.methods if method.kind != kind))
    flash("Removed. What was approved before stays approved, and can no longer be collected from it.", "ok")
    return redirect(url_for(".payment_methods"), 303)


def _page(person: Account, problem: str | None = None) -> str:
    missing = {kind: label for kind, label in ADDED.items() if person.method(kind) is None}
    return render_template(
        "sandbox/account/payment_methods.html",
        person=person,
        missing=missing,
        removable=[method for method in person.methods if method.kind in ADDED],
        written=request.form,
        problem=problem,
    )


def _problem(person: Account, kind: str, digits: str, expiry: str) -> str | None:
    if kind not in ADDED or person.method(kind) is not None:
        return "This kind of payment method cannot be added."
    if not _DIGITS.fullmatch(digits):
        return "Please write the last four digits."
    if kind == "CC" and not _EXPIRY.fullmatch(expiry):
        return "Please write when the card expires, as 08/2031."
    return None


def _set_methods(person: Account, methods: tuple[Method, ...]) -> None:
    """In the order the pages show them; a default that is gone is none."""
    ordered = tuple(sorted(methods, key=lambda method: KINDS.index(method.kind)))
    kinds = [method.kind for method in ordered]
    with bank().change():
        account = bank().account(person.email)
        default = account.default_method if account.default_method in kinds else None
        bank().accounts.put(replace(account, methods=ordered, default_method=default))
