"""Actions on subscriptions (Amazon Simple Pay)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import ClassVar

from ..results import Amount
from ..results import CancelSubscriptionAndRefundResult
from ..results import GetSubscriptionDetailsResult
from ..results import GetTransactionsForSubscriptionResult
from .base import Message
from .base import V2010_08_28


@dataclass(frozen=True, kw_only=True)
class CancelSubscriptionAndRefund(Message[CancelSubscriptionAndRefundResult]):
    """End a subscription, and give back its last payment if an amount is named (Simple Pay guide)."""

    result: ClassVar[type[Any]] = CancelSubscriptionAndRefundResult

    subscription_id: str
    refund_amount: Amount | None = None
    #: Required with an amount.
    caller_reference: str | None = None
    cancel_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetSubscriptionDetails(Message[GetSubscriptionDetailsResult]):
    """All about one subscription (FPS API reference 2010-08-28)."""

    result: ClassVar[type[Any]] = GetSubscriptionDetailsResult
    since: ClassVar[str] = V2010_08_28

    subscription_id: str


@dataclass(frozen=True, kw_only=True)
class GetTransactionsForSubscription(Message[GetTransactionsForSubscriptionResult]):
    """Every payment of one subscription (FPS API reference 2010-08-28)."""

    result: ClassVar[type[Any]] = GetTransactionsForSubscriptionResult
    since: ClassVar[str] = V2010_08_28

    subscription_id: str
