"""What the values of API version 2007-01-08 must look like, where it differs from later ones.

FPS API reference 2007-01-08; sizes of descriptions from the clients of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from datetime import timezone

from ....protocol.dialects.v2007_01_08.messages import DescriptorPolicy
from ....protocol.dialects.v2007_01_08.messages import REFERENCE_LENGTH
from ....protocol.dialects.v2007_01_08.messages import TemporaryDeclinePolicy
from ...bank.errors import invalid_params
from ...bank.gatekeeper import OPERATIONS
from ...bank.gatekeeper import PAYMENT_METHODS
from .. import forms
from ..forms import at_most
from ..forms import between
from ..forms import one_of
from ..forms import Rule
from ..forms import token_id
from ..forms import transaction_id
from ..forms import usd

#: What may be asked for: as in their own enumerations, but for what is merely held.
_OPERATIONS = tuple(operation for operation in OPERATIONS if operation != "Reserve")
_STATUSES = ("Success", "Failure", "Initiated", "Reinitiated", "TemporaryDecline")
_TOKEN_TYPES = ("SingleUse", "MultiUse", "Recurring", "Unrestricted")
_PARTIES = ("Caller", "Recipient")
_EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = datetime(2100, 1, 1, tzinfo=timezone.utc)


def _bytes(most: int) -> Rule:
    def rule(name: str, value: str) -> None:
        at_most(most)(name, value.encode().decode("latin-1"))

    return rule


def _instrument_status(name: str, value: str) -> None:
    """Clients wrote them in any case."""
    one_of("all", "active", "cancelled", "inactive")(name, value.lower())


def _response_group(name: str, value: str) -> None:
    one_of("Summary", "Detail", "Details")(name, value)


def _transaction_date(name: str, value: datetime) -> None:
    """A caller's own date is kept and told again; one that was never set is no date (``DateTime.MinValue`` in C#)."""
    if not _EARLIEST <= value < _LATEST:
        raise invalid_params(f"{name} has to be a date from 1970 to 2099. Specified value: {value.isoformat()}")


def _descriptor(name: str, value: DescriptorPolicy) -> None:
    if value.soft_descriptor_type is not None:
        one_of("Static", "Dynamic")(f"{name}.SoftDescriptorType", value.soft_descriptor_type)
    if value.cs_number_of is not None:
        one_of(*_PARTIES)(f"{name}.CSNumberOf", value.cs_number_of)


def _decline(name: str, value: TemporaryDeclinePolicy) -> None:
    if value.temporary_decline_policy_type is not None:
        kinds = ("ExplicitRetry", "ImplicitRetry", "Failure")
        one_of(*kinds)(f"{name}.TemporaryDeclinePolicyType", value.temporary_decline_policy_type)
    if value.implicit_retry_timeout_in_mins is not None:
        between(1, 10_000_000)(f"{name}.ImplicitRetryTimeoutInMins", value.implicit_retry_timeout_in_mins)


_DESCRIPTION = _bytes(128)

RULES: Mapping[str, Rule] = {
    **forms.RULES,
    "caller_token_id": token_id,
    "refund_sender_token_id": token_id,
    "original_transaction_id": transaction_id,
    "reserve_transaction_id": transaction_id,
    "transaction_date": _transaction_date,
    "caller_reference": at_most(REFERENCE_LENGTH),
    "sender_reference": at_most(128),
    "recipient_reference": at_most(128),
    "caller_description": _DESCRIPTION,
    "sender_description": _DESCRIPTION,
    "recipient_description": _DESCRIPTION,
    "refund_sender_description": _DESCRIPTION,
    "refund_recipient_description": _DESCRIPTION,
    "meta_data": _bytes(2048),
    "charge_fee_to": one_of(*_PARTIES),
    "descriptor_policy": _descriptor,
    "temporary_decline_policy": _decline,
    "funding_amount": usd,
    "settlement_amount": usd,
    "adjustment_amount": usd,
    "token_friendly_name": at_most(128),
    "payment_reason": at_most(64),
    "reason_text": at_most(64),
    "token_type": one_of(*_TOKEN_TYPES),
    "token_status": one_of("Active", "Inactive"),
    "instrument_status": _instrument_status,
    "operation": one_of(*_OPERATIONS),
    "payment_method": one_of(*PAYMENT_METHODS),
    "status": one_of(*_STATUSES),
    "response_group": _response_group,
    "max_results_count": between(1, 25),
}
