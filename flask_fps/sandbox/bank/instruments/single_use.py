"""The single-use token: one payment, up to one amount, within three hours.

FPS developer guide, *Single-use tokens* and *Single-use pipeline*.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from ....money import Money
from ..records import Run
from ..records import Token
from ..rules import CURRENCY
from ..rules import METHODS
from ..rules import Rules
from .consent import Consent

#: Shown on the confirmation page only; nothing says that they add up.
AMOUNT_PARTS = ("itemTotal", "shipping", "handling", "giftWrapping", "discount", "tax")
_FLAGS = ("collectShippingAddress", "isRecipientCobranding", "reserve")
#: The use case of 2007 writes ``ba`` for a bank account.
_METHOD_NAMES = {"abt": "ABT", "ach": "ACH", "ba": "ACH", "cc": "CC"}
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)


class NotWellFormed(ValueError):
    """The name of a parameter whose value is bad."""


def requested_amount(params: Mapping[str, str], rules: Rules) -> Money:
    """``transactionAmount``: the ceiling of the later Pay.

    :raises NotWellFormed: if it is missing, not an amount, nothing, or more than the service allows.
    """
    money = _amount("transactionAmount", params)
    if not 0 < money.minor <= rules.largest:
        raise NotWellFormed("transactionAmount")
    return money


def requested_methods(params: Mapping[str, str]) -> tuple[str, ...]:
    """``paymentMethod`` as FPS's kinds; absent it means the balance, in 2007 everything."""
    text = params.get("paymentMethod", "")
    if not text:
        return ("ABT",) if "signature" in params or "version" in params else METHODS
    kinds = {_METHOD_NAMES.get(name.strip().lower()) for name in text.split(",")}
    if None in kinds:
        raise NotWellFormed("paymentMethod")
    return tuple(kind for kind in METHODS if kind in kinds)


def check_request(params: Mapping[str, str], rules: Rules) -> None:
    """:raises NotWellFormed: naming the first parameter of the pipeline whose value is bad."""
    requested_amount(params, rules)
    requested_methods(params)
    if params.get("currencyCode", CURRENCY) != CURRENCY:
        raise NotWellFormed("currencyCode")
    for name in AMOUNT_PARTS:
        if params.get(name):
            _amount(name, params)
    for name in _FLAGS:
        if params.get(name, "false").lower() not in ("true", "false"):
            raise NotWellFormed(name)


def install(run: Run, sender: str, method: str, now: datetime, rules: Rules) -> Token:
    """The token a buyer's confirmation makes."""
    consent = Consent(
        sender=sender,
        caller=run.caller,
        caller_reference=run.caller_reference,
        method=method,
        at=now,
        reason=run.reason,
        expires_at=now + rules.token_life,
    )
    return consent.token(token_type="SingleUse", recipient=run.recipient, amount=run.amount)


def _amount(name: str, params: Mapping[str, str]) -> Money:
    text = params.get(name, "")
    if not _AMOUNT.fullmatch(text):
        raise NotWellFormed(name)
    return Money.parse(text, CURRENCY)
