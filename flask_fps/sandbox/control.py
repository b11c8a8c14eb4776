"""The control plane: what a test or a tool does to the sandbox from outside. Never a page of FPS.

It moves clocks and money without asking, so it answers loopback and the sandbox's own host only, and no
page of another origin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from .current import bank
from .current import sandbox
from .current import settings
from .faults import Fault

blueprint = Blueprint("control", __name__, url_prefix="/_control")

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SUBSCRIPTION = '{"sender": "…", "recipient": "…", "amount": "5.00", "every": "1 Month"}'
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
    wishes = _object()
    _sensible(lambda: bank().switches.turn(wishes))
    return jsonify(bank().switches.plain())


@blueprint.get("/clock")
def show_clock() -> Response:
    return jsonify(now=bank().clock.now().isoformat())


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the clock ahead; what falls due has settled when this answers."""
    seconds = _object().get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= 10**9:
        raise BadRequest('send a JSON object such as {"advance_seconds": 60}; the clock only moves ahead')
    return jsonify(now=bank().advance(seconds).isoformat())


@blueprint.post("/accounts")
def set_account() -> Response:
    """Change where an account's notifications go; with a password or a key, open an account that is not there."""
    wishes = _object()
    email = wishes.get("email")
    email = email.strip().lower() if isinstance(email, str) else ""
    if "@" not in email:
        raise BadRequest('send a JSON object such as {"email": "…", "ipn_url": "http://127.0.0.1:5000/fps/ipn"}')
    with bank().change():
        if bank().accounts.find(email) is None:
            _sensible(lambda: bank().accounts.open(_new_account(email, wishes)))
        if "ipn_url" in wishes:
            url, signature = wishes["ipn_url"], str(wishes.get("ipn_signature", "2"))
            _sensible(lambda: bank().accounts.set_ipn(email, _web_address(url), signature))
        changed = _sensible(lambda: bank().accounts.set_standing(email, **_standing(wishes)))
    return jsonify(email=changed.email, ipn_url=changed.ipn_url, balance=plain.amount(changed.balance))


@blueprint.post("/subscriptions")
def open_subscription() -> Response:
    """Let a buyer subscribe, as Simple Pay's buttons did; the first payment is made at once."""
    wishes = _object()
    return jsonify(plain.subscription(bank().subscriptions.open(_sensible(lambda: _terms(wishes)))))


def _terms(wishes: dict[str, Any]) -> Terms:
    for name in ("sender", "recipient", "amount", "every"):
        if not isinstance(wishes.get(name), str):
            raise ValueError(f"{name} is missing: send a JSON object such as {_SUBSCRIPTION}")
    smaller = wishes.get("promotional_amount")
    return Terms(
        sender=bank().account(wishes["sender"]).email,
        recipient=bank().account(wishes["recipient"]).email,
        description=str(wishes.get("description", "Subscription")),
        amount=Money.parse(wishes["amount"], CURRENCY),
        method=_method(wishes.get("method", "ABT")).kind,
        frequency=_span(wishes["every"]),
        lasts=_span(wishes["lasts"]) if wishes.get("lasts") else None,
        promotional_amount=Money.parse(str(smaller), CURRENCY) if smaller is not None else None,
        promotional_count=int(wishes.get("promotional_count", 0)),
        ipn_url=_web_address(wishes.get("ipn_url")),
    )


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
    account = Account(
        email=email,
        name=str(wishes.get("name", email)),
        balance=Money.parse(str(wishes.get("balance", "0")), CURRENCY),
        password=str(wishes.get("password", "")),
        methods=tuple(_method(kind) for kind in wishes.get("methods", METHODS)),
    )
    return replace(account, access_key=wishes.get("access_key"), secret_key=wishes.get("secret_key"))


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


def _object() -> dict[str, Any]:
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise BadRequest("send a JSON object")
    return given


def _web_address(url: Any) -> str | None:
    if url is None:
        return None
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError(f"{url!r:.80} is no http or https address")
    return url
