"""The gate before what is sold: through it goes who has paid, everybody else is sent to pay."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from functools import wraps
from typing import Any
from typing import TypeVar
from urllib.parse import quote
from weakref import WeakSet

from flask import after_this_request
from flask import current_app
from flask import jsonify
from flask import redirect
from flask import render_template
from flask import request
from flask import Response
from flask.typing import ResponseReturnValue

from .buyers import current_buyer
from .errors import OrderError
from .orders import make_order
from .orders import only_items
from .records import Item
from .state import ACCOUNT
from .state import AppState
from .state import current_fps
from .views import link_to_start
from .views import no_store
from .views import only_looking

#: Views as they are without their gate.
_BEHIND_A_GATE: WeakSet[Callable[..., Any]] = WeakSet()
#: What may stand in a path as it is (RFC 3986, section 3.3).
PATH_SAFE = "/:@!$&'()*+,;=~"
Sold = Item | Iterable[Item] | None
View = TypeVar("View", bound=Callable[..., Any])


def items_of(sold: Any) -> tuple[Item, ...]:
    """One item, several, or none."""
    if sold is None:
        return ()
    return tuple(sold) if isinstance(sold, Iterable) and not isinstance(sold, str) else (sold,)


def payment_required(sold: Sold | Callable[..., Any]) -> Callable[[View], View]:
    """Let only those through who own all of ``sold``.

    :param sold: the item, or a function of the view's own arguments that returns it. It may
        ``abort(404)``; ``None`` means there is nothing to pay.
    """

    fixed = () if callable(sold) else items_of(sold)  # read once: an iterator has nothing left the second time

    def decorate(view: View) -> View:
        _BEHIND_A_GATE.add(view)

        @wraps(view)
        def gated(*args: Any, **kwargs: Any) -> Any:
            items = items_of(current_app.ensure_sync(sold)(*args, **kwargs)) if callable(sold) else fixed
            state = current_fps()
            if not items or owns(state, items):
                after_this_request(_for_this_buyer_only)
                return current_app.ensure_sync(view)(*args, **kwargs)
            return _deny(state, items)

        return gated  # type: ignore[return-value]

    return decorate


def refuse_open_door() -> None:
    """Stop a view that was registered before its gate was put around it: it would give away what is sold.

    :raises RuntimeError: naming the view and the order that is right.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or view not in _BEHIND_A_GATE:
        return
    gated = any(getattr(other, "__wrapped__", None) is view for other in current_app.view_functions.values())
    if not gated:
        raise RuntimeError(
            f"the view {request.endpoint!r} was registered without its @fps.payment_required: "
            "write @app.get(…) above @fps.payment_required(…), not below"
        )


def owns(state: AppState, items: tuple[Item, ...]) -> bool:
    """Does the buyer of this request own every one of these?"""
    skus = sorted({item.sku for item in only_items(items)})
    buyer = current_buyer(state)
    return buyer is not None and state.ledger.owns(ACCOUNT, buyer, skus)


def _for_this_buyer_only(response: Response) -> Response:
    """A cache between us and the buyer must not hand what is sold to the next one who asks."""
    response.cache_control.private = True
    response.vary.add("Cookie")
    return response


def _deny(state: AppState, items: tuple[Item, ...]) -> ResponseReturnValue:
    if only_looking():
        return no_store(render_template("flask_fps/message.html", **_PAY_FIRST, payee=state.payee), 402)
    start_url = link_to_start(state, make_order(items, state.config.currency, next_url=_own_path()))
    if _prefers_json():
        return no_store(jsonify(error="payment_required", start_url=start_url), 402)
    return no_store(redirect(start_url, 303))


_PAY_FIRST = {"title": "Payment required", "message": "This is for those who have bought it."}


def _own_path() -> str | None:
    """Back here after paying; only a GET can be repeated by a redirect."""
    if request.method != "GET":
        return None
    query = request.query_string.decode("ascii", "replace")
    path = quote(request.script_root + request.path, safe=PATH_SAFE) + (f"?{query}" if query else "")
    try:
        make_order((Item("any", 1, "any"),), "USD", next_url=path)
    except OrderError:
        return None
    return path


def _prefers_json() -> bool:
    if "X-Requested-With" in request.headers:
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
