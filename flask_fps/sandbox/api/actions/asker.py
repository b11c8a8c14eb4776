"""Who asks, and how his amounts become the bank's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from ....money import Money
from ....protocol.results import Amount
from ....protocol.results import DescriptorPolicy
from ...bank import Bank
from ...bank.errors import invalid_params
from ...bank.records import Account
from ...bank.settlement import Ending
from ...settings import Settings


@dataclass(frozen=True)
class Asker:
    """Who asks what of whom."""

    bank: Bank
    settings: Settings
    #: The account whose key signed; only VerifySignature comes without.
    account: Account
    timestamp: datetime | None
    #: When and how what he asks for shall end, if not as usual.
    ending: Ending | None = None


def money(amount: Amount) -> Money:
    """An amount in whole cents; a negative one is for the bank to refuse."""
    return Money(int(amount.value.scaleb(2)), amount.currency_code)


def optional_money(amount: Amount | None) -> Money | None:
    return None if amount is None else money(amount)


def common(asker: Asker, message: Any) -> dict[str, Any]:
    """What all requests that move a sender's money say alike, as :class:`~....bank.orders.Order` takes it."""
    minutes = message.transaction_timeout_in_mins
    return {
        "caller_reference": message.caller_reference,
        "caller_description": message.caller_description,
        "sender_description": message.sender_description,
        "timeout": timedelta(minutes=minutes) if minutes is not None else None,
        "ipn_url": message.override_ipn_url,
        "caller_date": asker.timestamp,
        "ending": asker.ending,
        **_statement(message),
    }


def _statement(message: Any) -> dict[str, Any]:
    """What the sender's card statement shall say; a dynamic text needs the caller's own description, too."""
    policy: DescriptorPolicy | None = message.descriptor_policy
    if policy is None:
        return {}
    dynamic = policy.soft_descriptor_type == "Dynamic"
    if dynamic and not message.caller_description:
        raise invalid_params("callerDescription can not be empty")
    return {"statement_by": policy.cs_owner or "Recipient", "dynamic_statement": dynamic}
