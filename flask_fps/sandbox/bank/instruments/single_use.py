"""The single-use token: one payment, up to one amount, within three hours.

FPS developer guide, *Single-use tokens* and *Single-use pipeline*.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from ....money import Money
from .. import ids
from ..errors import BankError
from ..errors import incompatible
from ..records import Run
from ..records import Token
from ..rules import CURRENCY
from ..rules import METHODS
from ..rules import Rules

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
    return Token(
        token_id=ids.token_id(),
        token_type="SingleUse",
        sender=sender,
        caller=run.caller,
        recipient=run.recipient,
        caller_reference=run.caller_reference,
        amount=run.amount,
        method=method,
        reason=run.reason,
        friendly_name=f"Friendly{int(now.timestamp())}",
        created_at=now,
        expires_at=now + rules.token_life,
    )


def check_use(token: Token, caller: str, recipient: str, amount: Money, now: datetime, used_token: str) -> None:
    """What a Pay with this token must keep to; who is asked first decides the code.

    :param used_token: the code of one that has paid before.
    :raises BankError: cancelled, used, expired, another's, or for less.
    """
    if token.cancelled_at is not None:
        raise BankError("TokenNotActive_Sender", "Sender token not active.")
    if token.used_by is not None:
        raise used_up(used_token, token.token_id)
    if now >= token.expires_at:
        raise incompatible("The token has expired")
    if token.recipient != recipient:
        raise incompatible("Assertion Failed for Recipient")
    if token.caller != caller:
        raise incompatible("Assertion Failed for Caller")
    if amount.minor > token.amount.minor:
        raise incompatible("The transaction amount is more than the sender authorized")


_USED = {
    "TokenUsageError": 'The token "{}" has violated its usage policy.',
    "TokenNotActive_Sender": "Sender token not active.",
    "SameTokenIdUsedMultipleTimes": "This token is already used in earlier transactions.",
    "InvalidTokenId_Sender": "Sender token is not valid.",
}


def used_up(code: str, token_id: str) -> BankError:
    """What a token that has paid before is refused with."""
    return BankError(code, _USED[code].format(token_id))


def _amount(name: str, params: Mapping[str, str]) -> Money:
    text = params.get(name, "")
    if not _AMOUNT.fullmatch(text):
        raise NotWellFormed(name)
    return Money.parse(text, CURRENCY)
