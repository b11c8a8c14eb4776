"""The operator's pages: plain forms under a prefix of the shop, closed to everybody whom the shop does not let in."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort
from flask import Blueprint
from flask import current_app
from flask import g
from flask import request
from flask import Response
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from ..errors import SetupError
from ..logs import log
from ..state import current_fps
from ..words import say
from . import views
from .words import furnish

#: Asked before every page: true, or the name of who decides here, lets them in.
Allow = Callable[[], object]

CLOSED = "the operator's pages are closed: pass allow=… to fps.register_admin(), a function that knows your operators"
STALE = "This form was open for too long, or another page sent it. Open the payment again and repeat it."


def admin_blueprint(allow: Allow | None) -> Blueprint:
    """The pages, for one app.

    :param allow: tells in a request whether this person may see and do everything here. Without it nobody may.
    """
    blueprint = Blueprint("fps_admin", __name__)

    @blueprint.before_request
    def _let_in_only_operators() -> None:
        if allow is None:
            log.error("%s", CLOSED)
            abort(403)
        who = _judged(current_app.ensure_sync(allow)())
        if not who:
            abort(403)
        current_fps().end_request_transaction()
        g.fps_operator = who if isinstance(who, str) else "the operator's pages"

    @blueprint.before_request
    def _refuse_forms_of_others() -> ResponseReturnValue | None:
        if request.method == "POST":
            try:
                validate_csrf(request.form.get("csrf_token", ""))
            except ValidationError:
                return views.message(
                    say("Nothing was done"), say(STALE), 400, (request.view_args or {}).get("reference")
                )
        return None

    blueprint.after_request(_keep_private)
    blueprint.context_processor(lambda: {"form_token": generate_csrf})
    furnish(blueprint)
    views.add_to(blueprint)
    return blueprint


def _judged(who: object) -> bool | str:
    """What ``allow`` answered. Most of what is neither yes nor a name is true to Python: a redirect to the sign-in
    page, a user who has not signed in, a method that was not called.

    :raises SetupError: it is something else; nobody comes in.
    """
    if who is None or isinstance(who, (bool, str)):
        return who or False
    raise SetupError(
        f"the allow= of fps.register_admin() returned {type(who).__name__}: return True or the operator's name to let "
        "them in, and False or None to keep them out"
    )


def _keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")
    return response
