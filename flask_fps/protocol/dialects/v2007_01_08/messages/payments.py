"""Requests that move money between a sender and a recipient (FPS API reference 2007-01-08)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from typing import ClassVar

from ....messages import Message
from .. import results
from ..results import Amount
from ..results import DescriptorPolicy
from ..results import TemporaryDeclinePolicy

#: The longest CallerReference of this version.
REFERENCE_LENGTH = 49


@dataclass(frozen=True, kw_only=True)
class Payment(Message[results.Made]):
    """What Pay and Reserve have in common; neither is sent as this.

    The same reference with all the same parameters is answered as the first time.
    """

    result: ClassVar[type[Any]] = results.Made

    caller_token_id: str
    sender_token_id: str
    recipient_token_id: str
    transaction_amount: Amount
    transaction_date: datetime | None = None
    #: ``Caller`` or ``Recipient``.
    charge_fee_to: str
    #: At most :data:`REFERENCE_LENGTH` characters.
    caller_reference: str
    sender_reference: str | None = None
    recipient_reference: str | None = None
    #: Each description takes at most 128 bytes.
    caller_description: str | None = None
    sender_description: str | None = None
    recipient_description: str | None = None
    #: At most 2 KB.
    meta_data: str | None = None
    marketplace_fixed_fee: Amount | None = None
    #: Percent of the amount.
    marketplace_variable_fee: Decimal | None = None
    #: Clients sent these two from 2009 on.
    descriptor_policy: DescriptorPolicy | None = None
    temporary_decline_policy: TemporaryDeclinePolicy | None = None


@dataclass(frozen=True, kw_only=True)
class Pay(Payment):
    """Move money (FPS API reference 2007-01-08, *Pay*): at once from a balance, else see :class:`GetResults`."""


@dataclass(frozen=True, kw_only=True)
class Reserve(Payment):
    """Hold money on a card for a later :class:`Settle`, within seven days."""


@dataclass(frozen=True, kw_only=True)
class Settle(Message[results.Made]):
    """Take what was reserved, all or a part, once."""

    result: ClassVar[type[Any]] = results.Made

    reserve_transaction_id: str
    transaction_amount: Amount | None = None
    transaction_date: datetime | None = None
    meta_data: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refund(Message[results.Made]):
    """Give back all or part of a transaction."""

    result: ClassVar[type[Any]] = results.Made

    caller_token_id: str
    refund_sender_token_id: str | None = None
    transaction_id: str
    #: Without it: whatever is left.
    refund_amount: Amount | None = None
    charge_fee_to: str | None = None
    transaction_date: datetime | None = None
    caller_reference: str
    refund_sender_reference: str | None = None
    refund_recipient_reference: str | None = None
    caller_description: str | None = None
    refund_sender_description: str | None = None
    refund_recipient_description: str | None = None
    meta_data: str | None = None
    #: ``MasterTxnOnly``, ``MarketplaceTxnOnly`` or ``MasterAndMarketplaceTxn``.
    marketplace_refund_policy: str | None = None


@dataclass(frozen=True, kw_only=True)
class RetryTransaction(Message[results.Made]):
    """Try a Pay or Reserve again that was declined for the moment (``TemporaryDecline``)."""

    result: ClassVar[type[Any]] = results.Made

    original_transaction_id: str
