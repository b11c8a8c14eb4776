"""What answers tell of subscriptions (Amazon Simple Pay, API reference 2010-08-28)."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime

from ..schema import named
from .amounts import Amount


@dataclass(frozen=True)
class CancelSubscriptionAndRefundResult:
    """The refund, where one was asked for."""

    refund_transaction_id: str | None = None


@dataclass(frozen=True)
class SubscriptionPeriod:
    """A span of time such as one ``month``."""

    value: int
    #: ``day``, ``week``, ``month`` or ``year``: in small letters, as the SDKs' enumeration has it.
    time_unit: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionDetails:
    """All about one subscription."""

    subscription_id: str
    description: str
    subscription_amount: Amount
    next_transaction_amount: Amount | None = None
    promotional_amount: Amount | None = None
    number_of_promotional_transactions: int
    start_date: datetime
    end_date: datetime | None = None
    #: How long it lasts; ``None``: until it is cancelled.
    subscription_period: SubscriptionPeriod | None = None
    #: How often it is paid.
    subscription_frequency: SubscriptionPeriod
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNUrl"))
    #: ``Active``, ``Cancelled`` or ``Completed``.
    subscription_status: str
    number_of_transactions_processed: int
    recipient_email: str
    recipient_name: str
    sender_email: str
    sender_name: str
    next_transaction_date: datetime | None = None


@dataclass(frozen=True)
class GetSubscriptionDetailsResult:
    """The subscription that was asked for."""

    subscription_details: SubscriptionDetails


@dataclass(frozen=True, kw_only=True)
class SubscriptionTransaction:
    """One payment of a subscription."""

    transaction_id: str
    transaction_date: datetime
    #: Counted from one.
    transaction_serial_number: int
    transaction_amount: Amount
    description: str
    transaction_status: str


@dataclass(frozen=True)
class GetTransactionsForSubscriptionResult:
    """Every payment of the subscription so far, oldest first."""

    subscription_transactions: tuple[SubscriptionTransaction, ...] = field(
        default=(), metadata=named("SubscriptionTransaction")
    )
