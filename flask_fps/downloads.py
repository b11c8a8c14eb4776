"""Downloads: who is let through to what they bought, what counts as a use, and how a file is sent.

A use is a window of time: the first request that is answered with goods opens it, and whatever is asked for
within it, by Range or again, is part of the same use.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing import cast
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import urlsplit

from flask import abort
from flask import current_app
from flask import request
from flask import Response
from flask import send_file
from werkzeug.utils import send_file as werkzeug_send_file

from .addresses import whole_address
from .buyers import current_buyer
from .denials import Reason
from .errors import Expired
from .errors import Forged
from .records import covered
from .records import Grant
from .records import Payment
from .records import Right
from .state import AppState
from .views import only_looking

#: The query parameter that carries a download token.
LINK = "fps_link"
#: A grant that is worth nothing any more, in the words of a denial.
WORTHLESS = {Right.REVOKED: Reason.REFUNDED, Right.EXPIRED: Reason.EXPIRED, Right.USED_UP: Reason.USED_UP}


@dataclass(frozen=True)
class Admission:
    """What lets a request through: one grant for each thing it asks for."""

    grants: tuple[Grant, ...] = ()
    #: It came with a link of ours, by whoever has it.
    by_link: bool = False

    @property
    def is_free(self) -> bool:
        """Is nothing of it counted?"""
        return not any(grant.is_counted for grant in self.grants)


@dataclass(frozen=True)
class Denial:
    """Why a request is not let through."""

    reason: Reason
    grant: Grant | None = None


def admit(state: AppState, account: str, wanted: Mapping[str, int]) -> Admission | Denial:
    """May this request have so many of each of these? One indexed query, however much its buyer has bought."""
    buyer, now = current_buyer(state), state.ledger.clock()
    found = choose(state.ledger.rights.held(account, buyer, list(wanted)) if buyer else (), wanted, now)
    token = request.args.get(LINK)
    if isinstance(found, Denial) and token is not None:
        found = _by_link(state, buyer, token, wanted, now)
    if isinstance(found, Admission) and _looks_ahead() and _uncounted(found, now):
        return Denial(Reason.NOT_YET)
    return found


def choose(grants: Collection[Grant], wanted: Mapping[str, int], now: datetime) -> Admission | Denial:
    """The grant to use for each of these, or why there is none: what was bought may be gone, or be too little."""
    chosen, worthless, enough = [], [], covered(grants, wanted, now)
    for sku in wanted:
        of_sku = [grant for grant in grants if grant.sku == sku]
        held = [grant for grant in of_sku if grant.right(now) is Right.HELD]
        if not of_sku or (held and sku not in enough):
            return Denial(Reason.NOT_BOUGHT)
        if held:
            chosen.append(min(held, key=lambda grant: _cost(grant, now)))
        else:
            worthless.append(max(of_sku, key=lambda grant: grant.id))
    if worthless:
        return Denial(WORTHLESS[worthless[0].right(now)], worthless[0])
    return Admission(tuple(chosen))


def _cost(grant: Grant, now: datetime) -> tuple[bool, bool, int]:
    """What costs the buyer nothing comes first, then what was bought first."""
    return grant.is_counted and not grant.is_open(now), grant.is_counted, grant.id


def _by_link(
    state: AppState, buyer: str | None, token: str, wanted: Mapping[str, int], now: datetime
) -> Admission | Denial:
    try:
        reference = state.links.read_file(token, request.script_root + request.path)
    except Expired:
        return Denial(Reason.LINK_EXPIRED)
    except Forged:
        return Denial(Reason.LINK_FORGED)
    if buyer is not None:  # somebody we know, and it is not theirs
        return Denial(Reason.LINK_OF_ANOTHER)
    found = choose(state.ledger.rights.grants(reference), wanted, now)
    return Admission(found.grants, by_link=True) if isinstance(found, Admission) else found


def _looks_ahead() -> bool:
    """A browser that fetches a link before it is clicked must not use up a download."""
    return request.method != "HEAD" and only_looking()


def _uncounted(admission: Admission, now: datetime) -> tuple[int, ...]:
    return tuple(grant.id for grant in admission.grants if grant.is_counted and not grant.is_open(now))


def count(state: AppState, admission: Admission, response: Response) -> bool:
    """Count a use of what is about to be sent; false if it must not be sent: somebody was faster.

    Nothing is counted for HEAD, for what has not changed since (304), or for an answer that is an error.

    :raises RuntimeError: the view left an open write in the session, for which our own would wait.
    """
    ids = _uncounted(admission, state.ledger.clock())
    if not ids or request.method == "HEAD" or response.status_code == 304 or response.status_code >= 400:
        return True
    if state.has_open_write():
        raise RuntimeError(
            "the view returned with uncommitted changes in db.session, and its download is to be counted: commit first"
        )
    return state.ledger.rights.begin_use(ids, state.config.download_window)


def download_url(state: AppState, payment: Payment, endpoint: str, **values: Any) -> str:
    """The address of a gated view, with a token for what this payment bought."""
    path = unquote(urlsplit(whole_address(state, endpoint, **values)).path)  # as the request for it will have it
    values[LINK] = state.links.write_file(payment.reference, path)
    return whole_address(state, endpoint, **values)


def send_from_directory(state: AppState, directory: str | os.PathLike[str], path: str, **options: Any) -> Response:
    """Send a file out of a folder; outside of it, also by a symbolic link, there is nothing (404)."""
    if "\0" in path:
        abort(404)
    folder = os.path.realpath(os.path.join(current_app.root_path, directory))
    file = os.path.realpath(os.path.join(folder, path))
    if not file.startswith(folder + os.sep) or not os.path.isfile(file):
        abort(404)
    response = _handed_over(state, file, options) or send_file(file, **options)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _handed_over(state: AppState, file: str, options: dict[str, Any]) -> Response | None:
    """The answer with which the web server sends the file itself, Range and conditions included."""
    header = _order_to_send(state, file)
    if header is None:
        return None
    left_to_it = {"conditional": False, "etag": False, "use_x_sendfile": True}
    made = werkzeug_send_file(
        file, request.environ, response_class=current_app.response_class, **{**options, **left_to_it}
    )
    response = cast(Response, made)
    for name in ("X-Sendfile", "Content-Length", "Last-Modified"):
        response.headers.pop(name, None)
    response.headers[header[0]] = header[1]
    return response


def _order_to_send(state: AppState, file: str) -> tuple[str, str] | None:
    for folder, address in state.config.accel.items():
        if file.startswith(folder + os.sep):
            return "X-Accel-Redirect", f"{address}/{quote(os.path.relpath(file, folder).replace(os.sep, '/'))}"
    return ("X-Sendfile", file) if current_app.config.get("USE_X_SENDFILE") else None
