"""The control plane: what a test or a tool does to the sandbox from outside. Never a page of FPS.

It moves clocks and money without asking, so it answers loopback and the sandbox's own host only, and no
page of another origin.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint
from flask import jsonify
from flask import request
from flask import Response

from ..errors import OrderError
from ..money import Money
from . import plain
from .bank import periods
from .bank.accounts import STANDING
from .bank.periods import Period
from .bank.records import Account
from .bank.records import Method
from .bank.rules import CURRENCY
from .bank.rules import METHODS
from .bank.subscriptions import Terms
from .bank.web import is_web_address
from .current import bank
from .current import sandbox
from .current import settings
from .faults import Fault

blueprint = Blueprint("control", __name__, url_prefix="/_control")

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
#: What each door takes, beside what :data:`STANDING` says of an account.
CLOCK = ("advance_seconds",)
ACCOUNT = ("email", "password", "name", "balance", "methods", "access_key", "secret_key", "ipn_url", "ipn_signature")
SUBSCRIPTION = (
    *("sender", "recipient", "amount", "every", "description"),
    *("method", "lasts", "promotional_amount", "promotional_count", "ipn_url"),
)
_SUBSCRIPTION = '{"sender": "…", "recipient": "…", "amount": "5.00", "every": "1 Month"}'
_KEYS = ("access", "secret")
_SIGNATURES = ("1", "2")
_LABELS = {"ABT": "Account balance", "ACH": "Bank account", "CC": "Visa ending in 1111"}


class BadRequest(Exception):
    """A request this plane does not understand; the text says why."""


@blueprint.before_request
def refuse_strangers() -> tuple[Response, int] | None:
    """No page of another site may drive us, nor one that had our address renamed to its own."""
    host = urlsplit(f"//{request.host}").hostname
    origin = request.headers.get("Origin")
    if host not in _LOOPBACK | {urlsplit(settings().base_url).hostname}:
        return jsonify(error="the control plane answers its own host only"), 403
    if origin is not None and urlsplit(origin).netloc != request.host:
        return jsonify(error="the control plane takes nothing from other sites"), 403
    return None


@blueprint.errorhandler(BadRequest)
def explain(error: BadRequest) -> tuple[Response, int]:
    return jsonify(error=str(error)), 400


@blueprint.get("/ledger")
def ledger() -> Response:
    """Every balance, token and transaction at one moment."""
    with bank().change():
        return jsonify(
            accounts=[{"email": one.email, "balance": plain.amount(one.balance)} for one in bank().accounts.all()],
            tokens=[plain.token(bank(), one) for one in bank().tokens.all()],
            transactions=[plain.transaction(one) for one in bank().transactions.all()],
            instruments=[plain.instrument(one) for one in bank().books.instruments],
            subscriptions=[plain.subscription(one) for one in bank().books.subscriptions],
        )


@blueprint.get("/notifications")
def notifications() -> Response:
    """What no listener acknowledged, as the exact requests."""
    return jsonify([plain.letter(letter) for letter in sandbox().outbox.undelivered()])


@blueprint.post("/reset")
def reset() -> Response:
    """As on the first day: demo accounts, no fault, the switches turned back, real time."""
    sandbox().faults.clear()
    bank().reset()
    return jsonify(now=bank().clock.now().isoformat())


@blueprint.get("/faults")
def show_faults() -> Response:
    return jsonify(sandbox().faults.plain())


@blueprint.post("/faults")
def play_faults() -> Response:
    """Play this list from now on; an empty one ends the play."""
    lines = request.get_json(force=True, silent=True)
    if not isinstance(lines, list):
        raise BadRequest('send a JSON list such as [{"action": "Pay", "fault": "lose_answer", "times": 1}]')
    sandbox().faults.script(_sensible(lambda: [Fault.from_plain(one) for one in lines]))
    return jsonify(sandbox().faults.plain())


@blueprint.get("/switches")
def show_switches() -> Response:
    return jsonify(bank().switches.plain())


@blueprint.post("/switches")
def turn_switches() -> Response:
    """Turn these; the others stay where they are."""
    wishes = _object(bank().switches.plain())
    _sensible(lambda: bank().switches.turn(wishes))
    return jsonify(bank().switches.plain())


@blueprint.get("/clock")
def show_clock() -> Response:
    return jsonify(now=bank().clock.now().isoformat())


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the clock ahead; what falls due has settled when this answers."""
    seconds = _object(CLOCK).get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= 10**9:
        raise BadRequest('send a JSON object such as {"advance_seconds": 60}; the clock only moves ahead')
    return jsonify(now=bank().advance(seconds).isoformat())


@blueprint.post("/accounts")
def set_account() -> Response:
    """Change where an account's notifications go; with a password or a key, open an account that is not there."""
    wishes = _object((*ACCOUNT, *STANDING))
    email = wishes.get("email")
    email = email.strip().lower() if isinstance(email, str) else ""
    if "@" not in email:
        raise BadRequest('send a JSON object such as {"email": "…", "ipn_url": "http://127.0.0.1:5000/fps/ipn"}')
    with bank().change():
        if bank().accounts.find(email) is None:
            _sensible(lambda: bank().accounts.open(_new_account(email, wishes)))
        if {"ipn_url", "ipn_signature"} & wishes.keys():
            _sensible(lambda: _set_ipn(bank().account(email), wishes))
        changed = _sensible(lambda: bank().accounts.set_standing(email, **_standing(wishes)))
    return jsonify(email=changed.email, ipn_url=changed.ipn_url, balance=plain.amount(changed.balance))


@blueprint.post("/subscriptions")
def open_subscription() -> Response:
    """Let a buyer subscribe, as Simple Pay's buttons did; the first payment is made at once."""
    wishes = _object(SUBSCRIPTION)
    return jsonify(plain.subscription(bank().subscriptions.open(_sensible(lambda: _terms(wishes)))))


def _terms(wishes: dict[str, Any]) -> Terms:
    for name in ("sender", "recipient", "amount", "every"):
        if not isinstance(wishes.get(name), str):
            raise ValueError(f"{name} is missing: send a JSON object such as {_SUBSCRIPTION}")
    if wishes["sender"] == wishes["recipient"]:
        raise ValueError("sender and recipient are one account: nobody subscribes with himself")
    lasts, smaller = _text(wishes, "lasts"), _text(wishes, "promotional_amount")
    return Terms(
        sender=bank().account(wishes["sender"]).email,
        recipient=bank().account(wishes["recipient"]).email,
        description=_text(wishes, "description") or "Subscription",
        amount=_price("amount", wishes["amount"]),
        method=_method(wishes.get("method", "ABT")).kind,
        frequency=_span(wishes["every"]),
        lasts=_span(lasts) if lasts else None,
        promotional_amount=_price("promotional_amount", smaller) if smaller else None,
        promotional_count=_count(wishes, "promotional_count"),
        ipn_url=_web_address(wishes.get("ipn_url")),
    )


def _price(name: str, text: str) -> Money:
    amount, most = Money.parse(text, CURRENCY), Money(bank().rules.largest, CURRENCY)
    if not 1 <= amount.minor <= most.minor:
        raise ValueError(f"{name} is {amount}: a single payment is from $0.01 to {most}")
    return amount


def _count(wishes: dict[str, Any], name: str) -> int:
    count = wishes.get(name, 0)
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"{name} is {count!r:.40}: write a whole number, 0 or more")
    return count


def _text(wishes: dict[str, Any], name: str) -> str | None:
    text = wishes.get(name)
    if text is not None and not isinstance(text, str):
        raise ValueError(f"{name} is {text!r:.40}: write a text, in quotes")
    return text


def _span(text: str) -> Period:
    period = periods.parse(text)
    if period.unit == "hour":
        raise ValueError(f"{text!r:.40}: a subscription knows no hours, and no client could read them: say '1 Day'")
    return period


def _new_account(email: str, wishes: dict[str, Any]) -> Account:
    if not wishes.get("password") and not wishes.get("access_key"):
        raise BadRequest(
            f"nobody banks here as {email}; a password or an access_key and secret_key would open an account"
        )
    kinds, (access_key, secret_key) = wishes.get("methods", METHODS), (_text(wishes, f"{one}_key") for one in _KEYS)
    if bool(access_key) != bool(secret_key):
        raise ValueError("access_key and secret_key come together: the one names the other")
    if not isinstance(kinds, (list, tuple)):
        raise ValueError(f"methods is {kinds!r:.40}: write a list of some of {', '.join(METHODS)}")
    return Account(
        email=email,
        name=_text(wishes, "name") or email,
        balance=Money.parse(_text(wishes, "balance") or "0", CURRENCY),
        password=_text(wishes, "password") or "",
        methods=tuple(_method(kind) for kind in kinds),
        access_key=access_key,
        secret_key=secret_key,
    )


def _set_ipn(account: Account, wishes: dict[str, Any]) -> None:
    url, signature = wishes.get("ipn_url", account.ipn_url), str(wishes.get("ipn_signature", "2"))
    if signature not in _SIGNATURES:
        raise ValueError(f"ipn_signature is {signature!r:.40}: use {' or '.join(_SIGNATURES)}")
    bank().accounts.set_ipn(account.email, _web_address(url), signature)


def _standing(wishes: dict[str, Any]) -> dict[str, Any]:
    return {name: wishes[name] for name in STANDING if name in wishes}


def _method(kind: Any) -> Method:
    if kind not in METHODS:
        raise ValueError(f"{kind!r:.40} is no payment method: use {', '.join(METHODS)}")
    return Method(kind, _LABELS[kind], "08/2031" if kind == "CC" else None)


def _sensible(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except (ValueError, TypeError, LookupError, OrderError) as error:
        raise BadRequest(str(error)) from error


def _object(known: Iterable[str]) -> dict[str, Any]:
    """The JSON object of the request, every key of which means something here."""
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise BadRequest(f"send a JSON object with some of {', '.join(known)}")
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise BadRequest(f"there is no {unknown[0]!r:.40} here: use some of {', '.join(known)}")
    return given


def _web_address(url: Any) -> str | None:
    if url is None:
        return None
    if not isinstance(url, str) or not is_web_address(url) or " " in url:
        raise ValueError(f"{url!r:.80} is no address: write one such as 'http://127.0.0.1:5000/fps/ipn'")
    return url
