"""A seller's pages: the fees he is charged, and the developer preferences of his account.

FPS developer guide, *Manage Developer and Seller Preferences*: where notifications go, and which signature goes on
what the service sends out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from ..bank.records import Account
from ..bank.web import is_web_address
from ..current import bank
from .membership import blueprint
from .membership import Page
from .membership import seller
from .rows import METHODS

#: Of what the service sends: by the service's RSA key, or by the account's own secret key (before 2011).
SIGNATURES = {"2": "Version 2 (RSA-SHA1)", "1": "Version 1 (HMAC-SHA1, before 2011)"}
#: Of returns from the co-branded pages.
RETURN_SIGNATURES = {"": "As the request was signed", **SIGNATURES}


@blueprint.get("/fees")
@seller
def fees(person: Account) -> Page:
    rules = bank().rules
    rows = [(METHODS[kind], fee) for kind, steps in rules.fees.items() for fee in steps]
    return render_template("sandbox/account/fees.html", person=person, rows=rows, rules=rules, methods=METHODS)


@blueprint.get("/preferences")
@seller
def preferences(person: Account) -> Page:
    return _page(person, person.ipn_url or "", person.ipn_signature, person.return_signature)


@blueprint.post("/preferences")
@seller
def save_preferences(person: Account) -> Page:
    url, said = request.form.get("ipnUrl", "").strip(), request.form.get
    signature, returns = said("signature", ""), said("returnSignature", person.return_signature)
    problem = _problem(url, signature, returns)
    if problem is not None:
        return _page(person, url, signature, returns, problem), 400
    chosen: dict[str, Any] = {"ipn_url": url or None, "ipn_signature": signature, "return_signature": returns}
    with bank().change():
        bank().accounts.put(replace(bank().account(person.email), **chosen))
    flash("Saved.", "ok")
    return redirect(url_for(".preferences"), 303)


def _page(person: Account, url: str, signature: str, returns: str, problem: str | None = None) -> str:
    return render_template(
        "sandbox/account/preferences.html",
        person=person,
        url=url,
        signature=signature,
        signatures=SIGNATURES,
        returns=returns,
        return_signatures=RETURN_SIGNATURES,
        problem=problem,
    )


def _problem(url: str, signature: str, returns: str) -> str | None:
    if signature not in SIGNATURES or returns not in RETURN_SIGNATURES:
        return "Please choose a signature version."
    if url and not is_web_address(url):
        return "The URL for notifications must be an absolute http or https address, such as http://127.0.0.1:5000/fps/ipn."
    return None
