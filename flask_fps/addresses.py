"""The addresses of the extension's pages: in links, in what a payment tells the provider, and to hand on.

None of them takes anything from a request where ``FPS_EXTERNAL_URL`` says it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult
from urllib.parse import urlsplit

from flask import has_request_context
from flask import request
from flask import url_for
from flask.globals import app_ctx

from .checkout import Addresses
from .errors import OrderError
from .errors import see
from .errors import SetupError
from .orders import payload_of
from .records import Order
from .records import Payment
from .state import ACCOUNT
from .state import AppState


def link_to_start(state: AppState, order: Order) -> str:
    """The start link of an order: the same for every visitor, so it may stand in a cached page.

    :raises OrderError: the gateway does not take the order's currency.
    """
    taken = state.gateways[order.account].limits.currencies
    if order.currency not in taken:
        raise OrderError(f"this shop's payments take {', '.join(sorted(taken))}, and the order is in {order.currency}")
    return f"{_root(state)}/start?order={state.links.write_order(payload_of(order))}"


def new_link_page(state: AppState) -> str | None:
    """Where a buyer asks for a new link, in a shop that can write to buyers."""
    return f"{_root(state)}/links" if state.config.send_receipt else None


def claim_link(state: AppState, payment: Payment) -> str:
    """A link that carries this purchase to whoever opens it, for ``FPS_CLAIM_AGE``."""
    return whole_address(state, "fps.claim", token=state.links.write_claim(payment.reference))


def whole_address(state: AppState, endpoint: str, **values: Any) -> str:
    """An address to hand on, which may be a key to what was bought.

    Under ``FPS_EXTERNAL_URL`` where it is set, and not under the name by which this request calls us: whoever sends it
    chooses that, and the link may go to somebody else.

    :raises SetupError: nothing says how the shop is called: no request, no ``FPS_EXTERNAL_URL``, no ``SERVER_NAME``.
    """
    home = urlsplit(state.config.external_url or "")
    if not has_request_context() and not app_ctx.url_adapter:
        return _from_home(state, home, endpoint, values)
    made = urlsplit(url_for(endpoint, _external=True, **values))
    if home.netloc and has_request_context() and made.netloc == request.host:
        made = made._replace(scheme=home.scheme, netloc=home.netloc)
    return made.geturl()


def _from_home(state: AppState, home: SplitResult, endpoint: str, values: dict[str, Any]) -> str:
    """Where no request is served: in a task, a scheduler's job or a shell."""
    if not home.netloc:
        raise SetupError(
            "outside of a request nothing says how the shop is called, and a whole address needs it: "
            f"set FPS_EXTERNAL_URL{see('FPS_EXTERNAL_URL')}"
        )
    state.app.inject_url_defaults(endpoint, values)
    adapter = state.app.url_map.bind(home.netloc, script_name=home.path or "/", url_scheme=home.scheme)
    return adapter.build(endpoint, values, force_external=True)


def page_of(state: AppState, reference: str) -> str:
    """The page of a payment."""
    return f"{_root(state)}/payments/{reference}"


def _root(state: AppState) -> str:
    """Where the extension's pages begin, as a path of the shop's host; outside a request too.

    A request is asked only where the settings say nothing: it chooses its own ``X-Forwarded-Prefix`` where no proxy
    writes one, and a start link may stand in a page that is cached for everybody.
    """
    if state.config.external_url is None and has_request_context():
        return request.script_root + state.config.url_prefix
    return urlsplit(state.config.external_url or "").path + state.config.url_prefix


def addresses_of_a_payment(state: AppState, account: str, contact: str | None) -> Addresses:
    """Where the provider is to send the buyer and its notifications, and where the shop can write to the buyer."""
    here = _whole_root(state)
    return Addresses(
        return_url=lambda reference: f"{here}/return?ref={state.links.write_ref(reference)}",
        notify_url=notify_url(state, account),
        contact=contact,
    )


def notify_url(state: AppState, account: str) -> str:
    """Each account hears of its payments at an address of its own: the judge is not chosen by the message."""
    return _whole_root(state) + ("/ipn" if account == ACCOUNT else f"/ipn/{account}")


def _whole_root(state: AppState) -> str:
    """Where the extension's pages begin, as the provider and the buyer reach them."""
    return (state.config.external_url or request.url_root.rstrip("/")) + state.config.url_prefix
