"""A value that fits a parameter of this name, most of the time."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from random import Random

from tests.fuzz import texts
from tests.fuzz.world import World

_AMOUNTS = ("0.01", "5.00", "5.01", "10000.00", "10000.01", "3", "100.61", "text", "10")
_CHOICES: Mapping[str, Sequence[str]] = {
    "ChargeFeeTo": ("Caller", "Recipient"),
    "SoftDescriptorType": ("Static", "Dynamic"),
    "CSOwner": ("Caller", "Recipient"),
    "MarketplaceRefundPolicy": ("MasterTxnOnly", "MarketplaceTxnOnly", "MasterAndMarketplaceTxn"),
    "SortOrderByDate": ("Ascending", "Descending"),
    "FPSOperation": ("Pay", "Refund", "Reserve", "Settle"),
    "PaymentMethod": ("ABT", "CC", "ACH"),
    "paymentMethod": ("ABT", "CC", "ACH", "abt,ba,cc", "ABT,CC"),
    "TransactionStatus": ("Success", "Pending", "Failure", "Reserved", "Cancelled"),
    "Status": ("Success", "Pending"),
    "TokenStatus": ("Active", "Inactive"),
    "TokenType": ("SingleUse", "MultiUse", "Recurring", "Unrestricted"),
    "Role": ("Sender", "Caller", "Recipient"),
    "CurrencyCode": ("USD", "USD", "USD", "EUR"),
    "currencyCode": ("USD", "USD", "EUR"),
    "PaymentInstruction": ("MyRole=='Caller' orSay 'Roles do not match';", "MyRole == 'Sender';", "x"),
    "amountType": ("Exact", "Maximum", "Minimum"),
    "usageLimitType1": ("Amount", "Count"),
    "usageLimitPeriod1": ("1 Day", "7 Days", "12 Months", "1 Fortnight"),
    "recurringPeriod": ("1 Month", "month", "7 Days"),
    "reserve": ("True", "False", "true"),
    "MaxBatchSize": ("1", "20", "200", "201"),
    "TransactionTimeoutInMins": ("1", "60"),
    "OverrideIPNURL": ("http://127.0.0.1:9/ipn", "https://shop.example/ipn"),
    "UrlEndPoint": ("http://127.0.0.1:5000/fps/return",),
    "HttpParameters": ("a=b", "signature=x&signatureMethod=RSA-SHA1&signatureVersion=2&certificateUrl=y", "%FF"),
    "email": ("john@example.com", "JOHN@example.com"),
    "password": ("john",),
}


def value(dice: Random, world: World, name: str, oddity: float = 0.1) -> str:
    """Something for a parameter or field; so many of them are anything."""
    if dice.random() < oddity:
        return texts.nasty(dice)
    leaf = name.removesuffix(".N").rpartition(".")[2]
    if leaf in _CHOICES:
        choices = _CHOICES[leaf]
        return dice.choice(choices if oddity else choices[:1])
    if leaf == "ReserveTransactionId":
        return world.reserved_id(dice)
    if leaf.lower().endswith(("tokenid", "recipienttoken", "instrumentid")):
        return world.token_id(dice)
    if leaf.lower().endswith(("transactionid", "subscriptionid")):
        return world.transaction_id(dice)
    if leaf.lower().startswith("callerreference"):
        return world.reference(dice)
    if leaf.endswith("Date") or leaf in ("from", "to", "before", "after"):
        return _date(dice)
    if leaf.startswith("validity"):
        return str(int(datetime.now(timezone.utc).timestamp()) + dice.randint(-1000, 10**7))
    amounts: list[str] = ["1.00", "0.10", "2", "4.00", *(_AMOUNTS if oddity else ())]
    return dice.choice(amounts)


def _date(dice: Random) -> str:
    moment = datetime.now(timezone.utc) + timedelta(days=dice.choice((-30, -1, 0, 1)), seconds=dice.randint(-99, 99))
    return dice.choice((f"{moment:%Y-%m-%d}", f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{moment:%Y-%m-%dT%H:%M:%S}"))
