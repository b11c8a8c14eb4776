"""Why somebody is not let through, each with its status, and what they can do about it."""

from __future__ import annotations

from enum import Enum

from flask import jsonify
from flask import render_template
from flask import request
from flask import Response
from flask.typing import ResponseReturnValue

from .records import Grant
from .records import Order
from .state import AppState
from .views import no_store
from .views import only_looking
from .words import day
from .words import say


class Reason(str, Enum):
    """Why a request is denied. The value is the ``error`` of the JSON answer and part of the template's name."""

    NOT_BOUGHT = "payment_required"
    NOT_YET = "open_it_to_download"
    REFUNDED = "refunded"
    EXPIRED = "download_expired"
    USED_UP = "download_limit"
    LINK_EXPIRED = "link_expired"
    LINK_FORGED = "link_invalid"
    LINK_OF_ANOTHER = "link_of_another"
    CLAIMED_OFTEN = "claim_limit"

    def __str__(self) -> str:
        return self.value


STATUS = {
    Reason.NOT_BOUGHT: 402,
    Reason.NOT_YET: 503,
    Reason.REFUNDED: 403,
    Reason.EXPIRED: 410,
    Reason.USED_UP: 429,
    Reason.LINK_EXPIRED: 410,
    Reason.LINK_FORGED: 403,
    Reason.LINK_OF_ANOTHER: 403,
    Reason.CLAIMED_OFTEN: 429,
}
#: A right that ended can be bought again.
BUY_AGAIN = frozenset({Reason.REFUNDED, Reason.EXPIRED, Reason.USED_UP})
#: Somebody may have bought it; this request does not show it.
BY_LINK = frozenset({Reason.LINK_EXPIRED, Reason.LINK_FORGED, Reason.LINK_OF_ANOTHER})


def prefers_json() -> bool:
    """Is this a program that wants an answer it can read?"""
    if "X-Requested-With" in request.headers:
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def deny(
    state: AppState,
    reason: Reason,
    grant: Grant | None = None,
    start_url: str | None = None,
    new_link_url: str | None = None,
    order: Order | None = None,
) -> ResponseReturnValue:
    """The answer for this reason, as JSON or as a page: ``flask_fps/denied_<reason>.html`` or ``denied.html``.

    :param start_url: where it can be bought, again or at all.
    :param new_link_url: where the buyer can ask for a new link.
    :param order: what ``start_url`` sells, where its price is certain.
    """
    title, message = words(reason, grant)
    if prefers_json():
        body = {"error": reason.value, "message": None if reason is Reason.NOT_BOUGHT else message}
        given = {key: value for key, value in {**body, "start_url": start_url}.items() if value}
        return _private(jsonify(given), reason)
    if only_looking():
        start_url = None
    page = render_template(
        [f"flask_fps/denied_{reason.value}.html", "flask_fps/denied.html"],
        reason=reason.value,
        title=title,
        message=message,
        payee=state.payee,
        grant=grant,
        order=order,
        start_url=start_url,
        start_label=say("Buy it again") if reason in BUY_AGAIN else say("Buy it"),
        new_link_url=new_link_url,
    )
    return _private(page, reason)


def words(reason: Reason, grant: Grant | None) -> tuple[str, str]:
    """Title and message."""
    return {
        Reason.NOT_BOUGHT: lambda: (say("Payment required"), say("This is for those who have bought it.")),
        Reason.NOT_YET: lambda: (say("Nothing to see yet"), say("Open this link to download.")),
        Reason.REFUNDED: lambda: (
            say("This purchase was refunded"),
            say("The money went back to you, and the download with it."),
        ),
        Reason.EXPIRED: lambda: (say("The time for this download is over"), _until(grant)),
        Reason.USED_UP: lambda: (say("All downloads of this purchase are used"), _how_many(grant)),
        Reason.LINK_EXPIRED: lambda: (
            say("This link is too old"),
            say("What you bought is still yours: open it in the browser you bought with, or ask for a new link."),
        ),
        Reason.LINK_FORGED: lambda: (
            say("This link does not work"),
            say("It was not made by this shop, or it was changed on the way."),
        ),
        Reason.LINK_OF_ANOTHER: lambda: (
            say("This link belongs to somebody else"),
            say("It was made for another buyer than the one this browser is known as."),
        ),
        Reason.CLAIMED_OFTEN: lambda: (
            say("This link was used in many browsers"),
            say("It works in no other. If the purchase is yours, open it where you used it before, or ask the shop."),
        ),
    }[reason]()


def _until(grant: Grant | None) -> str:
    if grant is None or grant.expires_at is None:
        return say("It could be downloaded for some time after it was bought.")
    return say("It could be downloaded until %(day)s.", day=day(grant.expires_at))


def _how_many(grant: Grant | None) -> str:
    if grant is None or grant.downloads is None:
        return say("It was sold for a number of downloads, and they are used.")
    if grant.downloads == 1:
        return say("It was sold for one download, and that is used.")
    return say("It was sold for %(number)s downloads, and all of them are used.", number=grant.downloads)


def _private(answer: ResponseReturnValue, reason: Reason) -> Response:
    response = no_store(answer, STATUS[reason])
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
