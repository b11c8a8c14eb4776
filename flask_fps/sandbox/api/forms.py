"""What the values of a request must look like, before anybody looks into the books.

Sizes and enumerations: FPS API reference, *Data Types* and the page of each action.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from typing import TypeVar

from ...errors import MalformedMessage
from ...protocol import schema
from ...protocol.messages import Message
from ...protocol.results import Amount
from ...protocol.results import DescriptorPolicy
from ..bank import ids
from ..bank.errors import invalid_id
from ..bank.errors import invalid_params
from ..bank.rules import CURRENCY
from ..bank.web import is_web_address

M = TypeVar("M", bound=Message[Any])

#: One value's rule; it gets the parameter's name as errors write it.
Rule = Callable[[str, Any], None]

_CENTS = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?", re.ASCII)
_PARTIES = ("Caller", "Recipient")
_STATUSES = ("Reserved", "Success", "Failure", "Pending", "Cancelled")
_OPERATIONS = ("Pay", "Refund", "Settle", "SettleDebt", "WriteOffDebt", "FundPrepaid", "Reserve")
_METHODS = ("ABT", "CC", "ACH", "Debt", "Prepaid")
_REFUND_POLICIES = ("MasterTxnOnly", "MarketplaceTxnOnly", "MasterAndMarketplaceTxn")


def read(message: type[M], params: Mapping[str, str], rules: Mapping[str, Rule] | None = None) -> M:
    """The request as a message whose every value is well formed.

    :param rules: those of the API version, by attribute; without them :data:`RULES`.
    :raises BankError: InvalidParams, naming the first parameter that is not.
    """
    for name in message.missing(params):
        raise invalid_params(f"{_lower(_absent(name, params))} can not be empty")
    _check_cents(params)
    try:
        read_message = message.from_parameters(params)
    except MalformedMessage as error:
        raise invalid_params(_lower(str(error))) from error
    for part in schema.parts(message):
        value, rule = getattr(read_message, part.attribute), (rules or RULES).get(part.attribute)
        if rule is not None and value is not None:
            rule(_lower(part.name), value)
    return read_message


def _absent(name: str, params: Mapping[str, str]) -> str:
    """An amount of which nothing was sent is named as a whole."""
    stem = name.partition(".")[0]
    return name if any(each.startswith(f"{stem}.") for each in params) else stem


def _check_cents(params: Mapping[str, str]) -> None:
    """An amount has two decimals at most; it is judged as it was written."""
    for name, value in params.items():
        if name.endswith((".Value", ".Amount")) and not _CENTS.fullmatch(value):
            raise invalid_params(
                f"{_lower(name)} has to be an amount with at most two decimals. Specified value: {value}"
            )


def token_id(name: str, value: str) -> None:
    if value and not ids.is_token_id(value):
        raise invalid_id(name, "token", value)


def transaction_id(name: str, value: str) -> None:
    if not ids.is_transaction_id(value):
        raise invalid_id(name, "transaction", value)


def usd(name: str, value: Amount) -> None:
    if value.currency_code != CURRENCY:
        raise invalid_params(f"{name}.CurrencyCode has to be {CURRENCY}. Specified value: {value.currency_code}")


def at_most(length: int) -> Rule:
    def rule(name: str, value: str) -> None:
        if len(value) > length:
            raise invalid_params(f"{name} can not be longer than {length} characters")

    return rule


def one_of(*choices: str) -> Rule:
    def rule(name: str, value: str) -> None:
        if value not in choices:
            raise invalid_params(f"{name} has to be one of {', '.join(choices)}. Specified value: {value}")

    return rule


def between(least: int, most: int) -> Rule:
    def rule(name: str, value: int | Decimal) -> None:
        if not least <= value <= most:
            raise invalid_params(f"{name} has to be between {least} and {most}. Specified value: {value}")

    return rule


def _roles(name: str, value: tuple[str, ...]) -> None:
    for role in value:
        one_of("Sender", "Caller", "Recipient")(name, role)


def _descriptor(name: str, value: DescriptorPolicy) -> None:
    if value.soft_descriptor_type is not None:
        one_of("Static", "Dynamic")(f"{name}.SoftDescriptorType", value.soft_descriptor_type)
    if value.cs_owner is not None:
        one_of(*_PARTIES)(f"{name}.CSOwner", value.cs_owner)


def _web_address(name: str, value: str) -> None:
    if not is_web_address(value) or not value.isascii() or " " in value or len(value) > 1024:
        raise invalid_params(f"{name} has to be an http or https URL. Specified value: {value:.1024}")


#: By attribute, for 2008-09-17 and later.
RULES: Mapping[str, Rule] = {
    "sender_token_id": token_id,
    "recipient_token_id": token_id,
    "token_id": token_id,
    "transaction_id": transaction_id,
    "reserve_transaction_id": transaction_id,
    "transaction_amount": usd,
    "refund_amount": usd,
    "funding_amount": usd,
    "settlement_amount": usd,
    "adjustment_amount": usd,
    "marketplace_fixed_fee": usd,
    "marketplace_variable_fee": between(0, 100),
    "caller_reference": at_most(128),
    "caller_description": at_most(160),
    "charge_fee_to": one_of(*_PARTIES),
    "descriptor_policy": _descriptor,
    "transaction_timeout_in_mins": between(1, 10_000_000),
    "override_ipn_url": _web_address,
    "marketplace_refund_policy": one_of(*_REFUND_POLICIES),
    "sort_order_by_date": one_of("Ascending", "Descending"),
    "fps_operation": one_of(*_OPERATIONS),
    "payment_method": one_of(*_METHODS),
    "role": _roles,
    "transaction_status": one_of(*_STATUSES),
    "token_status": one_of("Active", "Inactive"),
    "token_type": one_of("SingleUse", "MultiUse", "Recurring", "Unrestricted"),
    "token_friendly_name": at_most(128),
}


def _lower(name: str) -> str:
    """A parameter's name as FPS's errors wrote it: ``senderTokenId``; one that begins with an acronym stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
