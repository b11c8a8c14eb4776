"""The extension's own pages: read the request, ask the checkout, answer."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint
from flask import current_app
from flask import make_response
from flask import redirect
from flask import render_template
from flask import request
from flask import Response
from flask.typing import ResponseReturnValue

from .addresses import addresses_of_a_payment
from .addresses import claim_link
from .addresses import notify_url
from .addresses import page_of
from .buyers import bring_purchases
from .buyers import buyer_of_our_page
from .buyers import buyer_or_guest
from .buyers import contact_of
from .buyers import current_buyer
from .checkout import Started
from .errors import Expired
from .errors import Forged
from .errors import LedgerBusy
from .errors import SchemaMissing
from .errors import SetupError
from .gateways import Standing
from .gateways import Unreachable
from .gateways import Verdict
from .ledger import Opening
from .logs import log
from .orders import order_of
from .records import Order
from .records import Payment
from .standing import describe
from .state import ACCOUNT
from .state import AppState
from .state import current_fps
from .words import day
from .words import language
from .words import method
from .words import moment
from .words import money
from .words import say

#: A query string longer than this is refused before it is parsed.
LONGEST_QUERY = 8192
LARGEST_NOTIFICATION = 64 * 1024
#: What else a message's page says in words.
SPOKEN = frozenset({"detail", "action_label"})

blueprint = Blueprint("fps", __name__, template_folder="templates", static_folder="static")
blueprint.add_app_template_filter(say, "fps_say")
blueprint.add_app_template_filter(money, "fps_money")
blueprint.add_app_template_filter(day, "fps_day")
blueprint.add_app_template_filter(moment, "fps_moment")
blueprint.add_app_template_filter(method, "fps_method")
blueprint.add_app_template_global(language, "fps_language")


# Before and after


@blueprint.url_value_preprocessor
def _exempt_notifications_from_csrf(endpoint: str | None, values: object) -> None:
    """Flask-WTF asks before the view runs; notifications carry a signature of their own."""
    csrf = current_app.extensions.get("csrf")
    if csrf is not None:
        csrf.exempt(f"{__name__}.ipn")


@blueprint.before_app_request
def _bring_purchases() -> None:
    bring_purchases(current_fps())


@blueprint.before_request
def _refuse_what_must_not_be_parsed() -> ResponseReturnValue | None:
    if len(request.query_string) > LONGEST_QUERY:
        return message_page("This link is too long", "It was not made by this shop.", 414)
    state = current_fps()
    if state.config.is_local and not _is_loopback(request.host):
        return message_page(
            "Not on this address",
            "FPS_ENVIRONMENT is 'local': no real money moves, so payments work on this machine only. "
            "Open the shop as http://127.0.0.1 or http://localhost.",
            503,
        )
    return None


@blueprint.after_request
def _keep_private(response: Response) -> Response:
    if request.endpoint != "fps.static":
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")
    return response


# The shop's own views ask the ledger too, behind the gate: what it cannot say is answered there as here.


@blueprint.app_errorhandler(LedgerBusy)
def _busy(error: LedgerBusy) -> ResponseReturnValue:
    log.error("%s", error)
    response = message_page(
        "Please try again in a moment",
        "We cannot read our records right now. If you have paid, it is not lost: please do not pay again.",
        503,
    )
    response.headers["Retry-After"] = "5"
    return no_store(response)


@blueprint.app_errorhandler(SchemaMissing)
@blueprint.app_errorhandler(SetupError)
def _not_set_up(error: SchemaMissing | SetupError) -> ResponseReturnValue:
    if current_app.testing and isinstance(error, SetupError):
        raise error  # a shop's own tests want to meet it
    log.error("%s", error)
    return no_store(message_page("This shop is not set up yet", _for_whom_it_concerns(error), 503))


def _for_whom_it_concerns(error: SchemaMissing | SetupError) -> str:
    """The sentence itself where only its developer can be looking; a buyer cannot do what it says."""
    said = str(error)
    if current_fps().config.is_local:
        return f"{said[:1].upper()}{said[1:]}." if said.startswith("the ") else f"{said}."
    return say("Nothing can be paid for here now; the shop's log says why. If you have paid, it is not lost.")


@blueprint.errorhandler(Forged)
def _forged(error: Forged) -> ResponseReturnValue:
    return message_page("This link does not work", "It was not made by this shop, or it was changed on the way.", 400)


# Pages


@blueprint.get("/start")
def start() -> ResponseReturnValue:
    """Send a buyer to pay the order in the link, or to where a payment of it already stands."""
    if only_looking():
        return message_page("Nothing to see yet", "Open this link to pay.", 503)
    state = current_fps()
    try:
        order = order_of(state.links.read_order(request.args.get("order", "")))
    except Expired as error:
        return _too_old(order_of(error.payload))
    if order.account not in state.gateways:
        return _too_old(order)
    addresses = addresses_of_a_payment(state, order.account, contact_of(state))
    buyer = buyer_or_guest(state)
    why = state.checkout.unreachable(order.account)
    if why is None:
        return _where_to(state, order, state.checkout.start(order, buyer, order.account, addresses))
    found = state.checkout.look(order, buyer, order.account, addresses)
    return _where_to(state, order, found) if found is not None else _out_of_reach(why)


def _where_to(state: AppState, order: Order, started: Started) -> ResponseReturnValue:
    """Where the buyer goes from here: to what is owned already, to the payment, or to the provider."""
    if started.opening is Opening.GOODS:
        if order.key is not None:
            log.info("order %s makes no payment: all of it is owned already (Item(…, repeatable=True))", order.key)
        return redirect(order.next_url, 303) if order.next_url else message_page("You have bought this", "It is yours.")
    if started.opening is Opening.TAKEN:
        return message_page(
            "This order is already being paid", "Somebody else is paying it. You were not charged.", 409
        )
    if started.redirect is not None:
        return redirect(started.redirect, 303)
    assert started.payment is not None, "a payment stands or is under way"
    return redirect(page_of(state, started.payment.reference), 303)


@blueprint.get("/return")
def return_() -> ResponseReturnValue:
    """The buyer is back. What the browser brings is a hint until it is verified."""
    if only_looking():
        return message_page("Nothing to see yet", "Open this link to finish the payment.", 503)
    state = current_fps()
    references = request.args.getlist("ref")
    if len(references) != 1:
        raise Forged("a return names its payment once")
    payment = state.ledger.payment(state.links.read_ref(references[0]))
    if payment is None:
        return message_page("We do not know this payment", "It was not made by this shop.", 404)
    buyer_of_our_page(state)
    standing = state.checkout.finish(payment, request.query_string.decode("ascii", "replace"))
    if standing is Standing.INVALID:
        return message_page(
            "This link does not work",
            "The answer of the payment service was changed on the way. Your payment is as it was before.",
            400,
            action_url=page_of(state, payment.reference),
            action_label="See your payment",
        )
    return redirect(page_of(state, payment.reference), 303)


@blueprint.post("/ipn")
@blueprint.post("/ipn/<account>")
def ipn(account: str = ACCOUNT) -> ResponseReturnValue:
    """A notification of the provider: acknowledged only after it is kept."""
    state = current_fps()
    if account not in state.gateways:
        return "no such account\n", 404
    body = request.stream.read(LARGEST_NOTIFICATION + 1)
    if len(body) > LARGEST_NOTIFICATION:
        return "too large\n", 413
    verdict = state.checkout.notify(account, body, dict(request.headers), notify_url(state, account))
    return ("not from the payment service\n", 400) if verdict is Verdict.INVALID else ("kept\n", 200)


@blueprint.get("/payments/<reference>")
def payment(reference: str) -> ResponseReturnValue:
    """Where the buyer sees how the payment stands; looking at it takes it further."""
    state = current_fps()
    found = _own_payment(state, reference)
    if found is None:
        return message_page(
            "This payment is not shown here",
            "If it is yours, sign in, or open this page in the browser you bought with.",
            404,
        )
    if request.method == "GET" and not only_looking():
        state.checkout.drive(reference)
        found = state.ledger.payment(reference) or found
    text = describe(found, waiting=found.transaction_id is None and state.ledger.arrivals.waits(reference))
    return page(
        "payment.html",
        payment=found,
        payee=state.payee,
        standing=text.standing,
        headline=say(text.headline),
        message=say(text.message),
        next_url=found.next_url if text.offers_goods else None,
        again_url=found.next_url if text.offers_again else None,
        refresh=text.refresh,
        claim_url=claim_link(state, found) if text.offers_goods and _may_hand_on(state, found) else None,
    )


def _may_hand_on(state: AppState, payment: Payment) -> bool:
    """Is it this buyer's, and is there a right in it for another browser? What may be bought again opens no gate."""
    opens_a_gate = not all(line.repeatable for line in payment.items)
    return opens_a_gate and payment.buyer == current_buyer(state)


def _own_payment(state: AppState, reference: str) -> Payment | None:
    buyer = buyer_of_our_page(state)
    found = state.ledger.payment(reference) if buyer else None
    if found is None or buyer is None:
        return None
    return found if found.buyer == buyer or state.ledger.rights.holds(reference, buyer) else None


# Answers


def only_looking() -> bool:
    """A request that must not begin anything: HEAD, or a browser that fetches a link before it is clicked."""
    purpose = f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}"
    return request.method == "HEAD" or "prefetch" in purpose


def no_store(answer: ResponseReturnValue, status: int | None = None) -> Response:
    response = make_response(answer)
    response.status_code = status or response.status_code
    response.headers["Cache-Control"] = "no-store"
    return response


def _too_old(order: Order) -> ResponseReturnValue:
    if order.next_url:
        return redirect(order.next_url, 303)
    return message_page("This offer has expired", "Go back to the shop and choose it again.", 410)


def _out_of_reach(why: Unreachable) -> ResponseReturnValue:
    message = "Nothing was charged. Please try again in a moment."
    return message_page("Payment service unavailable", message, 503, detail=why.sentence, command=why.command)


def message_page(title: str, message: str, status: int = 200, **more: str | None) -> Response:
    said = {name: say(text) if text and name in SPOKEN else text for name, text in more.items()}
    return page("message.html", status, title=say(title), message=say(message), payee=current_fps().payee, **said)


def page(template: str, status: int = 200, **context: object) -> Response:
    return make_response(render_template(f"flask_fps/{template}", **context), status)


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
