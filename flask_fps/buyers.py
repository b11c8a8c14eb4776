"""Who is buying: the shop's own answer, or a guest known by a signed cookie."""

from __future__ import annotations

import secrets

from flask import after_this_request
from flask import current_app
from flask import request
from flask import Response

from .errors import Forged
from .records import GUEST
from .records import is_guest
from .state import AppState

COOKIE = "fps_guest"
YEAR = 365 * 24 * 3600


#: Where one request notes that the guest's purchases were brought over.
BROUGHT = "flask_fps.brought"
#: Where one request keeps the buyer it has read: an application context may serve several requests.
KNOWN = "flask_fps.buyer"


def current_buyer(state: AppState) -> str | None:
    """The buyer's stable id, a guest id, or ``None`` for somebody never seen.

    Whoever has signed in since he bought as a guest gets what he bought, once: not while the shop's own
    session has an open write, for which the ledger would have to wait.
    """
    if KNOWN not in request.environ:
        request.environ[KNOWN] = _signed_in(state) or _guest(state)
    buyer: str | None = request.environ[KNOWN]
    if buyer is not None and not is_guest(buyer):
        _bring_purchases(state, buyer)
    return buyer


def buyer_of_our_page(state: AppState) -> str | None:
    """As :func:`current_buyer`, where nothing of the shop's may stay open while we call out."""
    request.environ.setdefault(KNOWN, _signed_in(state) or _guest(state))
    state.end_request_transaction()
    return current_buyer(state)


def buyer_or_guest(state: AppState) -> str:
    """As :func:`buyer_of_our_page`; somebody never seen becomes a guest, with a cookie on the answer."""
    buyer = buyer_of_our_page(state)
    if buyer is None:
        buyer = request.environ[KNOWN] = GUEST + secrets.token_urlsafe(16)
        _remember(state, buyer)
    return buyer


def _bring_purchases(state: AppState, buyer: str) -> None:
    guest = None if BROUGHT in request.environ else _guest(state)
    if guest is not None and not state.has_open_write():
        state.ledger.adopt(guest, buyer)
        request.environ[BROUGHT] = True
        _forget(state)


def _signed_in(state: AppState) -> str | None:
    loader = state.buyer_loader()
    found = current_app.ensure_sync(loader)() if loader else None
    if found is None:
        return None
    buyer = str(found)
    if not buyer or is_guest(buyer) or len(buyer) > 128:
        raise RuntimeError(
            f"fps.buyer_loader returned {buyer!r:.80}: return a stable id of 1 to 128 characters that does not "
            f"begin with {GUEST!r}, or None for somebody who has not signed in"
        )
    return buyer


def _guest(state: AppState) -> str | None:
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    try:
        return state.links.read_guest(token)
    except Forged:
        return None


def _remember(state: AppState, guest: str) -> None:
    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            state.links.write_guest(guest),
            max_age=YEAR,
            path=_path(),
            httponly=True,
            samesite="Lax",
            secure=(state.config.external_url or "").startswith("https:"),
        )
        return response


def _forget(state: AppState) -> None:
    @after_this_request
    def delete_cookie(response: Response) -> Response:
        response.delete_cookie(COOKIE, path=_path(), httponly=True, samesite="Lax")
        return response


def _path() -> str:
    return current_app.config["APPLICATION_ROOT"] or "/"
