"""Who is buying: the shop's own answer, or a guest known by a signed cookie."""

from __future__ import annotations

import secrets
from typing import Any
from typing import TypeVar
from uuid import UUID

from flask import after_this_request
from flask import current_app
from flask import request
from flask import Response

from .errors import Forged
from .errors import LedgerError
from .errors import SetupError
from .logs import log
from .records import GUEST
from .records import is_guest
from .state import AppState

Buyer = TypeVar("Buyer", str, "str | None")
YEAR = 365 * 24 * 3600
#: No e-mail address is longer (RFC 5321, section 4.5.3.1.3).
LONGEST_ADDRESS = 254
#: Where one request keeps the buyer it has read, and for which app: an application context may serve several requests,
#: and several apps may be handed the same request.
KNOWN = "flask_fps.buyer"


def current_buyer(state: AppState) -> str | None:
    """The buyer's stable id, a guest id, or ``None`` for somebody never seen."""
    of, buyer = request.environ.get(KNOWN, (None, None))
    if of is not state:
        buyer = _keep(state, _signed_in(state) or _guest(state))
        after_this_request(_not_the_same_for_everybody)
    found: str | None = buyer
    return found


def _keep(state: AppState, buyer: Buyer) -> Buyer:
    request.environ[KNOWN] = state, buyer
    return buyer


def _not_the_same_for_everybody(response: Response) -> Response:
    """What was written for one buyer must not come to the next out of a cache between us and them."""
    response.vary.add("Cookie")
    return response


def buyer_of_our_page(state: AppState) -> str | None:
    """As :func:`current_buyer`, where nothing of the shop's may stay open while we call out."""
    buyer = current_buyer(state)
    state.end_request_transaction()
    return buyer


def buyer_or_guest(state: AppState) -> str:
    """As :func:`buyer_of_our_page`; somebody never seen becomes a guest. A guest's cookie comes with every answer.

    Whoever signs in elsewhere while this answer is on its way has lost the cookie by then: with it, what begins here
    moves to the account, too.
    """
    buyer = buyer_of_our_page(state) or _keep(state, GUEST + secrets.token_urlsafe(16))
    if is_guest(buyer):
        _remember(state, buyer)
    return buyer


def contact_of(state: AppState) -> str | None:
    """Where this request's buyer can be written to, by a shop that writes receipts."""
    loader = state.contact_loader() if state.config.send_receipt else None
    found = current_app.ensure_sync(loader)() if loader else None
    if found is None:
        return None
    if not isinstance(found, str) or "@" not in found or len(found) > LONGEST_ADDRESS or not found.isprintable():
        raise SetupError(f"fps.contact_loader returned {found!r:.80}: return an e-mail address, or None")
    return found


def bring_purchases(state: AppState) -> None:
    """Give whoever has signed in what they bought as a guest, once.

    Runs before the shop's view: in the middle of one, the ledger would wait for what the view has open.
    """
    guest = _guest(state)
    buyer = _signed_in(state) if guest else None
    if guest is None or buyer is None or state.has_open_write():
        return
    try:
        state.ledger.adopt(guest, buyer)
    except LedgerError as error:
        log.warning("a guest's purchases will move to %r at the next request: %s", buyer, error)
        return
    _forget(state)


def _signed_in(state: AppState) -> str | None:
    loader = state.buyer_loader()
    found = current_app.ensure_sync(loader)() if loader else None
    if found is None:
        return None
    buyer = str(found)
    if not _is_id(found) or not buyer or is_guest(buyer) or len(buyer) > 128:
        raise SetupError(
            f"fps.buyer_loader returned {found!r:.80}: return a stable id of 1 to 128 characters that does not "
            f"begin with {GUEST!r} (a str, an int or a UUID), or None for somebody who has not signed in"
        )
    return buyer


def _is_id(found: object) -> bool:
    """A user object is none: as text it may be an address in memory, which somebody else has next."""
    return isinstance(found, (str, int, UUID)) and not isinstance(found, bool)


def _guest(state: AppState) -> str | None:
    token = request.cookies.get(state.config.guest_cookie)
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
            state.config.guest_cookie,
            state.links.write_guest(guest),
            max_age=YEAR,
            **_place(state),
            httponly=True,
            samesite="Lax",
            secure=(state.config.external_url or "").startswith("https:"),
        )
        return response


def _forget(state: AppState) -> None:
    @after_this_request
    def delete_cookie(response: Response) -> Response:
        response.delete_cookie(state.config.guest_cookie, **_place(state), httponly=True, samesite="Lax")
        response.headers["Cache-Control"] = "no-store"  # a cache that kept it would take the cookie from every guest
        return response


def _place(state: AppState) -> dict[str, Any]:
    """For which addresses the cookie is: those of the shop's session."""
    session = state.app.session_interface
    return {"path": session.get_cookie_path(state.app) or "/", "domain": session.get_cookie_domain(state.app)}
