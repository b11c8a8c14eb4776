"""Requests to each door of the sandbox: right ones, and right ones with something wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from random import Random
from typing import Any
from urllib.parse import quote
from urllib.parse import urlsplit

from flask_fps.protocol.dialects import DIALECTS
from tests.fuzz import texts
from tests.fuzz.shots import encoded
from tests.fuzz.shots import http
from tests.fuzz.shots import Pairs
from tests.fuzz.shots import Shot
from tests.fuzz.values import value
from tests.fuzz.world import PEOPLE
from tests.fuzz.world import World
from tests.sandbox.caller import ACCESS_KEY
from tests.sandbox.caller import SECRET_KEY
from tests.sandbox.caller import SELLER

CBUI = "/cobranded-ui/actions/start"
_PIPELINES = ("SingleUse", "MultiUse", "Recurring", "Recipient", "SetupPrepaid", "SetupPostpaid", "EditToken")


def api(dice: Random, world: World) -> Shot:
    """An action with parameters that fit or do not, signed as it stands, by GET or POST."""
    version = dice.choice(list(DIALECTS))
    return _api(dice, world, version, dice.choice(sorted(DIALECTS[version].actions)), calm=dice.random() < 0.5)


def forged(dice: Random, world: World) -> Shot:
    """A good request for money with one digit changed after it was signed."""
    version = dice.choice(("2008-09-17", "2010-08-28"))
    return _api(dice, world, version, dice.choice(("Pay", "Reserve", "Refund")), calm=True).forged(dice)


def _api(dice: Random, world: World, version: str, name: str, *, calm: bool) -> Shot:
    message = DIALECTS[version].actions[name]
    optional = [each for each in sorted(message.names(version)) if dice.random() < (0.02 if calm else 0.25)]
    needed = [each for each in message.missing({}) if calm or dice.random() < 0.98]
    oddity = 0.0 if calm else 0.1
    params = {
        each.replace(".N", ".1"): value(dice, world, each, oddity) for each in dict.fromkeys((*optional, *needed))
    }
    if not calm:
        _mutate(dice, params)
    method = dice.choice(("GET", "POST"))
    label = f"{method} {name} {version}"
    common = _common(dice, version, name, calm)
    signed = _signed(dice, method, world.host, {**params, **common})
    pairs = list(signed.items())
    dice.shuffle(pairs)
    if dice.random() < 0.03:
        pairs.append(dice.choice(pairs))
    meant = {**params, "Action": name}
    if method == "POST" and dice.random() < 0.1:
        cut = dice.randint(0, len(pairs))
        target = f"/?{encoded(dice, pairs[:cut])}"
        return Shot(label, http(dice, "POST", target, world.host, encoded(dice, pairs[cut:])), meant)
    if method == "POST":
        return Shot(label, http(dice, "POST", "/", world.host, encoded(dice, pairs)), meant)
    return Shot(label, http(dice, "GET", f"/?{encoded(dice, pairs)}", world.host), meant)


def cbui(dice: Random, world: World) -> Shot:
    """A co-branded request, signed in one of the ways of its time."""
    params = {
        "callerKey": ACCESS_KEY,
        "pipelineName": dice.choice(_PIPELINES),
        "callerReference": f"cbui-{dice.getrandbits(12):x}",
        "returnURL": "http://127.0.0.1:5000/fps/return?ref=1",
        "transactionAmount": dice.choice(("1.00", "0.10", "25")),
        "version": "2009-01-09",
    }
    for name in dice.sample(_CBUI_NAMES, dice.randint(0, 6)):
        params[name] = value(dice, world, name)
    _mutate(dice, params)
    era = dice.choice(("2", "2", "2", "1", "2007"))
    if era == "2":
        params |= {"signatureVersion": "2", "signatureMethod": dice.choice(("HmacSHA256", "HmacSHA1"))}
        params["signature"] = _signature("GET", world.host, CBUI, params, params["signatureMethod"])
    elif era == "1":
        params["signature"] = _version_1(params)
    else:
        params.pop("version", None)
        pairs = "&".join(
            f"{quote(k, safe='-_.')}={quote(params[k], safe='-_.')}" for k in sorted(params, key=str.lower)
        )
        params["awsSignature"] = _hmac(f"{CBUI}?{pairs}", "HmacSHA1")
    pairs_sent = list(params.items())
    dice.shuffle(pairs_sent)
    method = "POST" if dice.random() < 0.03 else "GET"
    label = f"cbui {params.get('pipelineName', '')} era {era}"
    return Shot(label, http(dice, method, f"{CBUI}?{encoded(dice, pairs_sent)}", world.host))


def pages(dice: Random, world: World) -> Shot:
    """Any page of the co-branded run, the account manager and the rest, with or without a session."""
    adapter = world.server.app.url_map.bind(world.host)
    rules = [rule for rule in world.server.app.url_map.iter_rules() if not rule.rule.startswith("/_control")]
    rule = dice.choice(rules)
    known = {name: _path_value(dice, world, name) for name in rule.arguments}
    path = adapter.build(rule.endpoint, known)
    if dice.random() < 0.1:
        path = texts.bent(dice, path)
    query = encoded(dice, _some_fields(dice, world)) if dice.random() < 0.5 else ""
    target = quote(path, safe="/%") + (f"?{query}" if query else "")
    headers = {"Cookie": world.cookie(dice.choice(sorted(PEOPLE)))} if dice.random() < 0.8 else {}
    method = dice.choice(("GET", "GET", "POST", "HEAD", "PUT", "OPTIONS", "BREW"))
    body = encoded(dice, _some_fields(dice, world)) if method == "POST" else ""
    return Shot(f"page {method} {rule.rule}", http(dice, method, target, world.host, body, headers))


def forms(dice: Random, world: World) -> Shot:
    """A form of one of our pages, sent by the person it was made for, filled in with anything."""
    email = dice.choice(sorted(PEOPLE))
    path = dice.choice(
        (
            "/account/",
            "/account/activity",
            "/account/tokens",
            "/account/preferences",
            f"/account/transactions/{world.transaction_id(dice)}",
            f"/cobranded-ui/runs/{world.run_id(dice)}/sign-in?again=1",
            f"/cobranded-ui/runs/{world.run_id(dice)}/payment-method",
            f"/cobranded-ui/runs/{world.run_id(dice)}/confirm?paymentMethod=ABT",
        )
    )
    found = [form for form in world.forms(email, path) if not form.action.endswith("sign-out") or dice.random() < 0.02]
    if not found:
        return pages(dice, world)
    form = dice.choice(found)
    sent = dict(form.fields)
    for button in form.buttons and [dice.choice(form.buttons)]:
        sent[button[0]] = button[1]
    for name in form.choices:
        sent[name] = dice.choice(form.choices[name])
    for name in [each for each in sent if each != "csrf_token" or dice.random() < 0.05]:
        if dice.random() < 0.4:
            sent[name] = dice.choice((texts.nasty(dice), texts.bent(dice, sent[name]), value(dice, world, name)))
    parts = urlsplit(form.action)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    body = encoded(dice, list(sent.items()))
    method = form.method.upper()
    if method == "GET":
        target, body = f"{parts.path}?{body}", ""
    headers = {"Cookie": world.cookie(email)}
    return Shot(f"form {method} {parts.path}", http(dice, method, target, world.host, body, headers))


def control(dice: Random, world: World) -> Shot:
    """The control plane: JSON that is right, nearly right, or none."""
    path, plain = dice.choice(_CONTROLS)(dice, world)
    if dice.random() < 0.5:
        plain = _json_mutated(dice, plain)
    body = json.dumps(plain) if dice.random() < 0.9 else texts.nasty(dice)
    method = dice.choice(("POST", "POST", "POST", "GET", "PUT"))
    headers = {"Content-Type": dice.choice(("application/json", "text/plain", ""))}
    return Shot(f"control {method} {path}", http(dice, method, f"/_control{path}", world.host, body, headers))


def soap(dice: Random, world: World) -> Shot:
    """A SOAP request, whole or in pieces."""
    body = (
        '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<Pay xmlns="http://fps.amazonaws.com/doc/2008-09-17/"/></soap:Body></soap:Envelope>'
    )
    if dice.random() < 0.7:
        body = texts.damaged(dice, body.encode()).decode("latin-1")
    headers = {"Content-Type": dice.choice(("text/xml", "application/soap+xml")), "SOAPAction": '"Pay"'}
    return Shot("soap", http(dice, "POST", dice.choice(("/", "/?wsdl")), world.host, body, headers))


def again(dice: Random, world: World) -> Shot:
    """A request of the API once more, to the byte or damaged."""
    return dice.choice(world.asked[-10:]) if world.asked else api(dice, world)


Door = Callable[[Random, World], Shot]
#: How often each is tried.
DOORS: Mapping[Door, int] = {api: 50, again: 5, forged: 5, cbui: 15, pages: 15, forms: 12, control: 6, soap: 2}


def shot(dice: Random, world: World, doors: Mapping[Door, int] = DOORS) -> Shot:
    door = dice.choices(list(doors), list(doors.values()))[0]
    made = door(dice, world)
    if door is api:
        world.asked.append(made)
    return made.hit(dice) if dice.random() < 0.25 else made


# ------------------------------------------------------------------------------------------------- parts

_CBUI_NAMES = (
    *("paymentMethod", "paymentReason", "currencyCode", "recipientToken", "reserve", "itemTotal", "shipping", "tax"),
    *("addressName", "addressLine1", "city", "state", "zip", "country", "collectShippingAddress", "cobrandingUrl"),
    *("globalAmountLimit", "amountType", "usageLimitType1", "usageLimitValue1", "usageLimitPeriod1", "validityStart"),
    *("validityExpiry", "recurringPeriod", "recipientPaysFee", "maxFixedFee", "maxVariableFee", "fundingAmount"),
    *("callerReferenceSender", "callerReferenceFunding", "callerReferenceSettlement", "creditLimit", "tokenId"),
    *("recipientTokenList", "isRecipientCobranding", "websiteDescription", "cobrandingStyle", "returnUrl", "extra"),
)
_FIELDS = (
    *("email", "password", "paymentMethod", "csrf_token", "payer", "cancel", "confirm", "amount", "code", "page"),
    *("from", "to", "status", "method", "kind", "before", "after", "ipnUrl", "signature", "note", "q", "again"),
)


def _common(dice: Random, version: str, action: str, calm: bool) -> dict[str, str]:
    now = datetime.now(timezone.utc)
    if not calm and dice.random() < 0.06:
        now += timedelta(minutes=dice.choice((-16, 16, 60 * 24 * 400)))
    common = {
        "Action": action,
        "AWSAccessKeyId": ACCESS_KEY,
        "Version": version,
        "Timestamp": f"{now:%Y-%m-%dT%H:%M:%S}{'Z' if calm else dice.choice(('Z', '.250Z', ''))}",
        "SignatureVersion": dice.choice(DIALECTS[version].signatures),
        "SignatureMethod": dice.choice(("HmacSHA256", "HmacSHA1")),
    }
    if not calm and dice.random() < 0.1:
        _mutate_once(dice, common)
    return common


def _mutate(dice: Random, params: dict[str, str]) -> None:
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
        if params:
            _mutate_once(dice, params)


def _mutate_once(dice: Random, params: dict[str, str]) -> None:
    name = dice.choice(sorted(params))
    how = dice.randrange(6)
    if how == 0:
        del params[name]
    elif how == 1:
        params[texts.bent(dice, name)] = params.pop(name)
    elif how == 2:
        params[dice.choice((f"{name}.1", f"{name}.Value", f"{name}.", f".{name}", "Role.0", "X"))] = params[name]
    elif how == 3:
        params[name] = texts.bent(dice, params[name])
    elif how == 4:
        params[texts.nasty(dice)] = params[name]
    else:
        params[name] = texts.nasty(dice)


def _signed(dice: Random, method: str, host: str, params: dict[str, str]) -> dict[str, str]:
    params = {name: text for name, text in params.items() if name != "Signature"}
    if params.get("SignatureVersion") == "1":
        return {**params, "Signature": _version_1(params)}
    named = dice.choice((host, host.partition(":")[0], "fps.sandbox.amazonaws.com"))
    return {**params, "Signature": _signature(method, named, "/", params, params.get("SignatureMethod", ""))}


def _signature(method: str, host: str, path: str, params: Mapping[str, str], algorithm: str) -> str:
    pairs = "&".join(f"{quote(name, safe='-_.~')}={quote(params[name], safe='-_.~')}" for name in sorted(params))
    return _hmac(f"{method}\n{host}\n{path}\n{pairs}", algorithm)


def _version_1(params: Mapping[str, str]) -> str:
    return _hmac("".join(k + params[k] for k in sorted(params, key=lambda k: (k.lower(), k))), "HmacSHA1")


def _hmac(text: str, algorithm: str) -> str:
    digest = hashlib.sha1 if algorithm == "HmacSHA1" else hashlib.sha256
    return base64.b64encode(hmac.new(SECRET_KEY.encode(), text.encode(), digest).digest()).decode()


def _path_value(dice: Random, world: World, name: str) -> str:
    if dice.random() < 0.15:
        return texts.nasty(dice) or "x"
    known = {"run_id": world.run_id, "token_id": world.token_id, "transaction_id": world.transaction_id}
    return known[name](dice) if name in known else dice.choice(("x", "fps.css", "090911/PKICert.pem", "../x"))


def _some_fields(dice: Random, world: World) -> Pairs:
    names = [dice.choice(_FIELDS) for _ in range(dice.randint(0, 4))]
    return [(name, dice.choice((texts.nasty(dice), value(dice, world, name)))) for name in names]


_CONTROLS: tuple[Callable[[Random, World], tuple[str, Any]], ...] = (
    lambda dice, world: ("/ledger", None),
    lambda dice, world: ("/notifications", None),
    lambda dice, world: ("/clock", {"advance_seconds": dice.choice((0, 1, 60.5, 86400, -1, "1", True, None))}),
    lambda dice, world: ("/faults", [{"action": "Pay", "fault": dice.choice(("lose_answer", "decline", "?"))}]),
    lambda dice, world: ("/switches", {"used_token": dice.choice(("TokenUsageError", "maybe", 5))}),
    lambda dice, world: ("/accounts", {"email": SELLER, "ipn_url": dice.choice(("http://127.0.0.1:9/", "x", 1))}),
    lambda dice, world: (
        "/accounts",
        {"email": f"{dice.getrandbits(16)}@example.com", "password": "p", "balance": "10.00", "methods": ["ABT"]},
    ),
)


def _json_mutated(dice: Random, plain: Any) -> Any:
    if isinstance(plain, dict) and plain and dice.random() < 0.8:
        name = dice.choice(sorted(plain))
        return {**plain, name: _json_mutated(dice, plain[name])}
    if isinstance(plain, list) and plain and dice.random() < 0.8:
        return [_json_mutated(dice, plain[0])]
    return dice.choice(
        (None, True, 0, -1, 1.5, 1e308, 10**400, "", texts.nasty(dice), [], [None], {}, {"a": {"b": []}}, "x" * 5000)
    )
