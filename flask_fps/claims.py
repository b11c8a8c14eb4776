"""The links that carry a purchase to another browser, and the page that sends them anew."""

from __future__ import annotations

import threading
from functools import partial

from flask import current_app
from flask import Flask
from flask import redirect
from flask import request
from flask.typing import ResponseReturnValue

from .addresses import claim_link
from .addresses import new_link_page
from .addresses import page_of
from .buyers import buyer_or_guest
from .buyers import current_buyer
from .buyers import LONGEST_ADDRESS
from .denials import deny
from .denials import Reason
from .downloads import choose
from .downloads import Denial
from .errors import Expired
from .errors import Forged
from .logs import log
from .records import Payment
from .state import AppState
from .state import current_fps
from .views import blueprint
from .views import message_page
from .views import only_looking
from .views import page
from .words import say

#: The name of our own handler in the outbox.
RECEIPT = "fps.receipt"
#: At most this many link requests run at once; the rest are dropped.
_ROOM = threading.BoundedSemaphore(4)


# Letters


def send_receipt(payment: Payment) -> None:
    """Write to the buyer of a payment that was just paid; whatever the shop's function raises goes up."""
    state = current_fps()
    if state.config.send_receipt is not None:
        address = state.checkout.address_of(payment)
        _write(state, payment, address)


def _write(state: AppState, payment: Payment, address: str | None) -> None:
    assert state.config.send_receipt is not None
    write = current_app.ensure_sync(state.config.send_receipt)
    write(payment, to=address, url=claim_link(state, payment))


def _begin_to_send(app: Flask, address: str) -> None:
    try:
        threading.Thread(target=_send_anew, args=(app, address), daemon=True).start()
    except BaseException:
        _ROOM.release()
        raise


def _send_anew(app: Flask, address: str) -> None:
    """Find what is known under this address and write to it; nobody waits for it."""
    try:
        with app.app_context():
            state = current_fps()
            for payment in state.checkout.wanted(address):
                state.checkout.in_context(payment, partial(_write, state, payment, payment.contact))
    except Exception:
        log.exception("a new link could not be sent")
    finally:
        _ROOM.release()


# Pages


@blueprint.url_value_preprocessor
def _exempt_from_csrf(endpoint: str | None, values: object) -> None:
    """The claim's address is the secret itself, and asking for a link changes nothing of who asks."""
    csrf = current_app.extensions.get("csrf")
    if csrf is not None:
        csrf.exempt(f"{__name__}.claim")
        csrf.exempt(f"{__name__}.new_link")


@blueprint.route("/claim/<token>", methods=["GET", "POST"])
def claim(token: str) -> ResponseReturnValue:
    """Whoever has this link may have the purchase in this browser. Looking at it changes nothing."""
    state = current_fps()
    try:
        payment = state.ledger.payment(state.links.read_claim(token))
    except Expired:
        return deny(state, Reason.LINK_EXPIRED, new_link_url=new_link_page(state))
    if payment is None or not payment.is_paid:
        raise Forged("nothing was paid for that could be claimed")
    grants = state.ledger.rights.grants(payment.reference)
    now = state.ledger.clock()
    left = [grant for grant in grants if not isinstance(choose([grant], {grant.sku: 1}, now), Denial)]
    if not left:
        ended = choose(grants, {grant.sku: 1 for grant in grants[:1]}, now)
        return deny(state, *((ended.reason, ended.grant) if isinstance(ended, Denial) else (Reason.REFUNDED,)))
    most = state.config.claim_limit
    if not state.ledger.rights.may_claim(payment.reference, current_buyer(state), most):
        return deny(state, Reason.CLAIMED_OFTEN)
    if request.method == "POST" and not _sent_by_another_site():
        if not state.ledger.rights.claim(payment.reference, buyer_or_guest(state), most):
            return deny(state, Reason.CLAIMED_OFTEN)
        return redirect(payment.next_url or page_of(state, payment.reference), 303)
    skus = {grant.sku for grant in left}
    lines = [line for line in payment.items if line.sku in skus]
    return page("claim.html", payment=payment, lines=lines, payee=state.payee, grants=left)


def _sent_by_another_site() -> bool:
    """Was this form posted by a page of another site?

    A browser leaves ``SameSite=Lax`` cookies out of such a request. Its visitor would be taken for a new guest, and the
    cookie of that guest would replace the one that gives what was bought before.
    """
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")


@blueprint.route("/links", methods=["GET", "POST"])
def new_link() -> ResponseReturnValue:
    """Somebody lost a link. The answer is the same for an address that is known and one that is not."""
    state = current_fps()
    if state.config.send_receipt is None:
        return message_page(say("There is no such page"), say("This shop sends no links."), 404)
    address = request.form.get("email", "").strip()
    if request.method != "POST" or only_looking():
        return page("new_link.html", payee=state.payee, wrong=False)
    if "@" not in address or len(address) > LONGEST_ADDRESS or not address.isprintable():
        return page("new_link.html", 422, payee=state.payee, wrong=True)
    if _ROOM.acquire(blocking=False):
        _begin_to_send(state.app, address)
    else:
        log.warning("a wish for new links was dropped: too many at once")
    return message_page(
        say("Look into your mail"),
        say("If this shop knows purchases under this address, links to them are on their way there."),
    )
