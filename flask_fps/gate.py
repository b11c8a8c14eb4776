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
from flask import redirect
from flask import request
from flask import Response
from flask.typing import ResponseReturnValue

from .addresses import link_to_start
from .addresses import new_link_page
from .buyers import current_buyer
from .denials import BY_LINK
from .denials import deny
from .denials import prefers_json
from .denials import Reason
from .downloads import Admission
from .downloads import admit
from .downloads import count
from .downloads import Denial
from .downloads import LINK
from .errors import OrderError
from .errors import SetupError
from .orders import make_order
from .orders import only_items
from .records import covered
from .records import Item
from .signals import refuse_coroutine
from .state import AppState
from .state import current_fps
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


def payment_required(
    sold: Sold | Callable[..., Any], find: Callable[[], AppState] = current_fps
) -> Callable[[View], View]:
    """Let only those through who own all of ``sold``.

    :param sold: the item or several, or a function of the view's own arguments that returns them. It may
        ``abort(404)``; ``None`` means there is nothing to pay, and an empty list is a mistake.
    :param find: gives what is kept for the current app.
    :raises TypeError: there is something else in ``sold``.
    :raises RuntimeError: there is nothing in ``sold``, or a function is a coroutine and the extra ``async`` is not
        installed.
    """

    fixed = _fixed(sold)  # read once: an iterator has nothing left the second time

    def decorate(view: View | None = None, /, **values: Any) -> View:
        if view is None or values:
            raise SetupError("write @fps.payment_required(item), with what is sold: the view itself cannot be that")
        refuse_coroutine(view)
        _BEHIND_A_GATE.add(view)

        @wraps(view)
        def gated(*args: Any, **kwargs: Any) -> Any:
            items = _priced(current_app.ensure_sync(sold)(*args, **kwargs)) if callable(sold) else fixed
            state = find()
            admitted = _admitted(state, items)
            if isinstance(admitted, Denial):
                return _deny(state, items, admitted)
            after_this_request(_private_to_the_link if admitted.by_link else _for_this_buyer_only)
            answer = current_app.ensure_sync(view)(*args, **kwargs)
            return answer if admitted.is_free else _counted(state, items, admitted, answer)

        return gated  # type: ignore[return-value]

    return decorate


def _fixed(sold: Any) -> tuple[Item, ...]:
    """What is sold, where it is always the same; nothing yet where a function will tell."""
    if callable(sold):
        refuse_coroutine(sold)
        return ()
    found = items_of(sold)
    if not found:
        raise SetupError(
            f"payment_required({sold!r:.80}) would let everybody in: give it the item that is sold, or leave it out. "
            "Where it depends on the view's arguments, give a function, which may return None"
        )
    return only_items(found)


def _priced(sold: Any) -> tuple[Item, ...]:
    """What a shop's function says is sold: an empty list is more likely a search that found nothing than a gift."""
    found = items_of(sold)
    if sold is not None and not found:
        raise OrderError(
            f"the function given to payment_required returned {sold!r:.80}, which sells nothing: "
            "return an Item or several, or None where nothing is to pay"
        )
    return found


def refuse_open_door() -> None:
    """Stop a view that was registered before its gate was put around it: it would give away what is sold.

    :raises RuntimeError: naming the view and the order that is right.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or view not in _BEHIND_A_GATE:
        return
    gated = any(getattr(other, "__wrapped__", None) is view for other in current_app.view_functions.values())
    if not gated:
        raise SetupError(
            f"the view {request.endpoint!r} was registered without its @fps.payment_required: "
            "write @app.get(…) above @fps.payment_required(…), not below"
        )


def owns(state: AppState, items: tuple[Item, ...]) -> bool:
    """May the buyer of this request have every one of these now?"""
    buyer, wanted = current_buyer(state), _by_account(state, items)
    return buyer is not None and all(
        state.ledger.rights.owns(account, buyer, those) for account, those in wanted.items()
    )


def owned(state: AppState, items: tuple[Item, ...]) -> set[str]:
    """Which of these the buyer of this request may have now."""
    buyer, now = current_buyer(state), state.ledger.clock()
    if buyer is None:
        return set()
    found = set()
    for account, wanted in _by_account(state, items).items():
        found |= covered(state.ledger.rights.held(account, buyer, list(wanted)), wanted, now)
    return found


def _by_account(state: AppState, items: tuple[Item, ...]) -> dict[str, dict[str, int]]:
    """How many of each are asked for, by whose books say who has bought it."""
    found: dict[str, list[Item]] = {}
    for item in only_items(items):
        found.setdefault(state.account_of((item,)), []).append(item)
    return {account: _wanted(of_account) for account, of_account in found.items()}


def _wanted(items: Iterable[Item]) -> dict[str, int]:
    """How many of each are asked for; the same thing asked for twice is asked for once."""
    found: dict[str, int] = {}
    for item in only_items(items):
        found[item.sku] = max(item.quantity, found.get(item.sku, 0))
    return found


def _admitted(state: AppState, items: tuple[Item, ...]) -> Admission | Denial:
    wanted = _wanted(items)
    return admit(state, state.account_of(items), wanted) if items else Admission()


def _counted(
    state: AppState, items: tuple[Item, ...], admission: Admission, answer: ResponseReturnValue
) -> ResponseReturnValue:
    """The view's answer, once the use is written down; nothing of it leaves before."""
    response = current_app.make_response(answer)
    if count(state, admission, response):
        return response
    response.close()
    return _deny(state, items, Denial(Reason.USED_UP))


def _for_this_buyer_only(response: Response) -> Response:
    """A cache between us and the buyer must not hand what is sold to the next one who asks."""
    response.cache_control.private = True
    response.cache_control.public = False  # as send_file says of what may be kept for a while
    response.cache_control.s_maxage = None
    response.vary.add("Cookie")
    return response


def _private_to_the_link(response: Response) -> Response:
    """The address itself opens the door: nothing of it is kept or handed on."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return no_store(response)


def _deny(state: AppState, items: tuple[Item, ...], denial: Denial) -> ResponseReturnValue:
    if only_looking():
        return deny(state, denial.reason, denial.grant)
    order = make_order(items, state.terms_for(items), next_url=_own_path())
    start_url = link_to_start(state, order)
    if denial.reason is Reason.NOT_BOUGHT and not prefers_json():
        return no_store(redirect(start_url, 303))
    new_link = new_link_page(state) if denial.reason in BY_LINK else None
    certain = order if len(order.lines) == 1 else None  # who owns a part of several pays for the rest
    return deny(state, denial.reason, denial.grant, start_url, new_link, certain)


def _own_path() -> str | None:
    """Back here after paying; only a GET can be repeated by a redirect."""
    if request.method != "GET":
        return None
    parts = request.query_string.decode("ascii", "replace").split("&")
    query = "&".join(part for part in parts if not part.startswith(f"{LINK}="))
    path = quote(request.script_root + request.path, safe=PATH_SAFE) + (f"?{query}" if query else "")
    try:
        make_order((Item("any", 1, "any"),), "USD", next_url=path)
    except OrderError:
        return None
    return path
