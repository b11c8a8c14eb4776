"""What a token must keep to when it is used, and what a use leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ...money import Money
from .errors import BankError
from .errors import incompatible
from .records import Token

_USED = {
    "TokenUsageError": 'The token "{}" has violated its usage policy.',
    "TokenNotActive_Sender": "Sender token not active.",
    "SameTokenIdUsedMultipleTimes": "This token is already used in earlier transactions.",
    "InvalidTokenId_Sender": "Sender token is not valid.",
}


def used_up(code: str, token_id: str) -> BankError:
    """What a token that has paid before is refused with."""
    return BankError(code, _USED[code].format(token_id))


def check_sender(
    token: Token, *, use: str, caller: str, recipient: str, amount: Money, now: datetime, used_token: str
) -> None:
    """What a sender's token must keep to; the first failed check decides the code.

    :param use: what it is wanted for, as :attr:`.Token.use` says it.
    :param used_token: the code of a single-use one that has paid before.
    :raises BankError: cancelled, used, for something else, out of its time, another's, beyond its amounts or limits.
    """
    if token.cancelled_at is not None:
        raise BankError("TokenNotActive_Sender", "Sender token not active.")
    if token.used_by is not None:
        raise used_up(used_token, token.token_id)
    if token.use != use:
        raise BankError("InvalidSenderRoleForAccountType", "The sender token cannot be used for this operation.")
    _check_time(token, now)
    if not token.pays(recipient):
        raise incompatible("Assertion Failed for Recipient")
    if token.caller != caller:
        raise incompatible("Assertion Failed for Caller")
    _check_amount(token, amount)
    _check_limits(token, amount, now)


def used(token: Token, transaction_id: str, amount: Money, now: datetime) -> Token:
    """The token after a payment: spent, if it pays but once, else that much nearer to its limits."""
    if token.token_type == "SingleUse":
        return replace(token, used_by=transaction_id)
    return counted(token, amount, now)


def counted(token: Token, amount: Money, now: datetime) -> Token:
    """The same of a token for many payments."""
    limited = zip(token.limits, token.usages, strict=True)
    return replace(token, usages=tuple(usage.at(now, limit).plus(amount) for limit, usage in limited))


def uncounted(token: Token, amount: Money) -> Token:
    """A settlement token after a settlement that came to nothing; its one limit is for good, and has no windows."""
    return replace(token, usages=tuple(usage.minus(amount) for usage in token.usages))


def _check_time(token: Token, now: datetime) -> None:
    if token.is_expired(now):
        raise incompatible("The token has expired")
    if token.starts_at is not None and now < token.starts_at:
        raise incompatible("The token is not valid yet")


def _check_amount(token: Token, amount: Money) -> None:
    if amount.minor > token.amount.minor:
        raise incompatible("The transaction amount is more than the sender authorized")
    if token.least is not None and amount.minor < token.least.minor:
        raise incompatible("The transaction amount is less than the sender authorized")


def _check_limits(token: Token, amount: Money, now: datetime) -> None:
    for limit, usage in zip(token.limits, token.usages, strict=True):
        if not limit.allows(usage.at(now, limit), amount):
            raise used_up("TokenUsageError", token.token_id)
