"""Who is buying: the shop's own answer, or a guest known by a signed cookie."""

from __future__ import annotations

import secrets

from flask import after_this_request
from flask import current_app
from flask import g
from flask import request
from flask import Response

from .errors import Forged
from .records import GUEST
from .records import is_guest
from .state import AppState

COOKIE = "fps_guest"
YEAR = 365 * 24 * 3600


def current_buyer(state: AppState) -> str | None:
    """The buyer's stable id, a guest id, or ``None`` for somebody never seen.

    Whoever has signed in since he bought as a guest gets what he bought, once.
    """
    known: dict[int, str | None] = g.setdefault("_fps_buyers", {})
    if id(state) not in known:
        known[id(state)] = _read(state)
    return known[id(state)]


def buyer_or_guest(state: AppState) -> str:
    """As :func:`current_buyer`; somebody never seen becomes a guest, with a cookie on the answer."""
    buyer = current_buyer(state)
    if buyer is None:
        buyer = GUEST + secrets.token_urlsafe(16)
        g._fps_buyers[id(state)] = buyer
        _remember(state, buyer)
    return buyer


def _read(state: AppState) -> str | None:
    guest = _guest(state)
    buyer = _signed_in(state)
    state.end_request_transaction()
    if buyer is None:
        return guest
    if guest is not None:
        state.ledger.adopt(guest, buyer)
        _forget(state)
    return buyer


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
