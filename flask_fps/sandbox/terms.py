"""What somebody agrees to, or has agreed to, in words: limits, periods, fees, the life of a token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .bank.limits import Limit
from .bank.periods import Period
from .bank.records import Token
from .visitors import moment

#: Label and value, in the order they are shown.
Facts = Iterator[tuple[str, str]]
METHODS = {
    "ABT": "Account balance",
    "ACH": "Bank account",
    "CC": "Card",
    "Prepaid": "Prepaid balance",
    "Debt": "Credit",
}
_USES = {
    "Receive": "To be paid",
    "Refund": "To give refunds",
    "FundPrepaid": "To fill a prepaid balance",
    "SettleDebt": "To settle a debt",
    "Own": "An instruction of the account to itself",
}


def every(period: Period) -> str:
    """``month``, ``7 days``."""
    return period.unit if period.count == 1 else f"{period.count} {period.unit}s"


def limit(one: Limit) -> str:
    """``$50.00 in each month``, ``3 payments in all``."""
    most = str(one.amount) if one.amount is not None else f"{one.count} payment{'s' if one.count != 1 else ''}"
    return f"{most} in {'all' if one.period is None else f'each {every(one.period)}'}"


def life(starts_at: datetime | None, expires_at: datetime | None) -> Facts:
    if starts_at is not None:
        yield "From", moment(starts_at)
    if expires_at is not None:
        yield "Until", moment(expires_at)


def of_token(token: Token) -> Facts:
    """What an existing token is good for, and how much of that is used up."""
    yield "Kind", _USES.get(token.use, token.token_type)
    if token.use in ("Pay", "FundPrepaid", "SettleDebt"):
        yield "Pays with", METHODS.get(token.method, token.method)
        yield from _amounts(token)
    if token.use == "Receive":
        yield from _fees(token)
    for one, usage in zip(token.limits, token.usages, strict=True):
        gone = str(usage.amount) if one.amount is not None else str(usage.count)
        yield "Limit", f"{limit(one)}; used up: {gone}"
    yield from life(token.starts_at, token.expires_at)


def _amounts(token: Token) -> Facts:
    if token.least is None:
        yield "Each payment", f"at most {token.amount}"
    elif token.least == token.amount:
        yield "Each payment", str(token.amount)
    else:
        yield "Each payment", f"from {token.least} to {token.amount}"


def _fees(token: Token) -> Facts:
    accepted = token.accepts or ("ABT", "ACH", "CC")
    yield "Accepts", ", ".join(METHODS[kind] for kind in accepted)
    yield "Fee of the service", "paid by the recipient" if token.pays_fees else "paid by the caller"
    if token.max_fixed_fee is not None and token.max_variable_fee is not None:
        yield "The caller keeps at most", f"{token.max_fixed_fee} and {token.max_variable_fee} % of each payment"
