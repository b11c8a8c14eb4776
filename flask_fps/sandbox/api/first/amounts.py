"""Sums of money, between the bank and API version 2007-01-08."""

from __future__ import annotations

from ....money import Money
from ....protocol.dialects.v2007_01_08.results import Amount


def money(amount: Amount) -> Money:
    """An amount in whole cents; a negative one is for the bank to refuse."""
    return Money(int(amount.value.scaleb(2)), amount.currency_code)


def optional_money(amount: Amount | None) -> Money | None:
    return None if amount is None else money(amount)


def amount(money: Money) -> Amount:
    return Amount(money.decimal, money.currency)
