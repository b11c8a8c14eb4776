"""Who may see a page of the account manager: whoever is signed in, and nobody by a form of another site."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import abort
from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from .. import visitors
from ..bank.records import Account

blueprint = Blueprint("account", __name__, url_prefix="/account", template_folder="../templates")
visitors.furnish(blueprint)
Page = str | tuple[str, int] | Response


def member(view: Callable[..., Page]) -> Callable[..., Page]:
    """A page of the account this browser is signed in to; a posted form must be one of ours."""

    @wraps(view)
    def page(**values: str) -> Page:
        person = visitors.signed_in()
        if person is None:
            return redirect(url_for(".sign_in"), 303)
        problem = visitors.form_problem() if request.method == "POST" else None
        if problem is not None:
            flash(problem, "bad")
            return redirect(url_for(".overview"), 303)
        return view(person, **values)

    return page


def seller(view: Callable[..., Page]) -> Callable[..., Page]:
    """A page for accounts with an access key: those who call the service."""

    @wraps(view)
    def page(person: Account, **values: str) -> Page:
        return view(person, **values) if person.access_key else abort(404)

    return member(page)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    if request.method == "GET":
        return render_template("sandbox/account/sign_in.html", people=visitors.people(), email="", problem=None)
    email = request.form.get("email", "").strip()
    problem = visitors.form_problem()
    if problem is None and visitors.sign_in(email, request.form.get("password", "")):
        return redirect(url_for(".overview"), 303)
    shown = problem or visitors.WRONG_SIGN_IN
    return render_template("sandbox/account/sign_in.html", people=visitors.people(), email=email, problem=shown), 400


@blueprint.post("/sign-out")
@member
def sign_out(_: Account) -> Page:
    visitors.sign_out()
    return redirect(url_for(".sign_in"), 303)


@blueprint.app_errorhandler(404)
@blueprint.app_errorhandler(405)
def no_such_page(error: HTTPException) -> Response:
    text = "There is nothing here, or it is not yours to see."
    page = render_template(
        "sandbox/error.html", title="Not found", text=text, url=url_for("account.overview"), label="Your account"
    )
    return Response(page, error.code, error.get_headers())
