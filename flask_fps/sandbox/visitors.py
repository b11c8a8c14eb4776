"""Who sits at the browser: sign-in by the session cookie, and forms that only our own pages can send."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from typing import Any

from flask import Blueprint
from flask import Flask
from flask import request
from flask import Response
from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from .bank.records import Account
from .current import bank

_EMAIL = "email"
WRONG_SIGN_IN = "This e-mail address and password do not belong together."
STALE_FORM = "This form was open for too long, or your browser refuses our cookie. Please send it again."


class Sessions(SecureCookieSessionInterface):
    """Flask's, with a serializer that is made once: most requests are a caller's, who has no session."""

    _made: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        if self._made is None:
            self._made = super().get_signing_serializer(app)
        return self._made


def signed_in() -> Account | None:
    """The account this browser is signed in to."""
    try:
        return bank().account(session[_EMAIL])
    except LookupError:
        return None


def sign_in(email: str, password: str) -> Account | None:
    """Sign this browser in under a fresh session; ``None`` if the two do not belong together."""
    account = bank().sign_in(email, password)
    if account is not None:
        session.clear()
        session[_EMAIL] = account.email
    return account


def sign_out() -> None:
    session.clear()


def people() -> list[Account]:
    """Whom one can sign in as: in a sandbox that is no secret."""
    with bank().change():
        return [account for account in bank().books.accounts if account.password and not account.house]


def form_problem() -> str | None:
    """Why the posted form cannot be trusted to be ours, as a sentence for the person, or ``None``."""
    try:
        validate_csrf(request.form.get("csrf_token", ""))
    except ValidationError:
        return STALE_FORM
    return None


def furnish(blueprint: Blueprint) -> None:
    """Give a blueprint of pages what its templates use, and the headers that keep its pages to themselves."""
    blueprint.add_app_template_global(generate_csrf, "csrf_token")
    blueprint.add_app_template_filter(moment, "moment")
    blueprint.add_app_template_filter(short_moment, "short_moment")
    blueprint.add_app_template_filter(how_long, "how_long")
    blueprint.after_request(_guarded)


def moment(value: datetime) -> str:
    """``3 November 2026, 14:05:09 UTC``."""
    return f"{value.day} {value:%B %Y, %H:%M:%S} UTC"


def short_moment(value: datetime) -> str:
    """``3 Nov 2026, 14:05 UTC``."""
    return f"{value.day} {value:%b %Y, %H:%M} UTC"


def how_long(wait: timedelta) -> str:
    """``at once``, ``1 second``, ``3 days``: in the largest unit that it is a whole number of."""
    seconds = int(wait.total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(seconds, length)
        if count and not rest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "at once"


def _guarded(response: Response) -> Response:
    if response.mimetype != "text/html":
        return response
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
