"""What answers of the FPS API hold, each declared once, in the order of FPS's schema.

Amounts are exact; a status is the service's own word. FPS API reference, *Complex Types*.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from . import values
from .schema import named


@dataclass(frozen=True)
class Amount:
    """An exact sum of money: ``Amount(Decimal("0.10"))``.

    :raises TypeError: for a float.
    :raises ValueError: for what is no plain number.
    """

    value: Decimal
    currency_code: str = field(default="USD", metadata=named(first=True))

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", values.exact(self.value))

    def __str__(self) -> str:
        """As notifications write it: ``USD 2.22``."""
        return f"{self.currency_code} {values.number(self.value)}"


@dataclass(frozen=True, kw_only=True)
class DescriptorPolicy:
    """What the buyer's card statement says."""

    #: ``Static`` or ``Dynamic``.
    soft_descriptor_type: str | None = None
    #: Whose customer service is named: ``Caller`` or ``Recipient``.
    cs_owner: str | None = field(default=None, metadata=named("CSOwner"))


# ------------------------------------------------------------------------------------ results


@dataclass(frozen=True)
class PayResult:
    """The transaction that a request made, and how it stands."""

    transaction_id: str
    #: ``Success``, ``Pending``, ``Failure``, ``Reserved`` or ``Cancelled``.
    transaction_status: str


@dataclass(frozen=True)
class ReserveResult:
    """The transaction that holds the money: ``Pending`` by card, then ``Reserved``."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class SettleResult:
    """The reserved transaction itself, now paid or about to be."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class CancelResult:
    """The transaction that will not happen."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class RefundResult:
    """The refund, which is a transaction of its own."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class GetTransactionStatusResult:
    """How a transaction stands now."""

    transaction_id: str
    transaction_status: str
    caller_reference: str
    #: ``Success``, ``PendingNetworkResponse``, ``TransactionDenied``, … finer than the status.
    status_code: str | None = None
    status_message: str | None = None


@dataclass(frozen=True)
class VerifySignatureResult:
    """Whether FPS signed a message."""

    #: ``Success`` or ``Failure``.
    verification_status: str


@dataclass(frozen=True, kw_only=True)
class RelatedTransaction:
    """Another transaction of the same story, such as a refund."""

    transaction_id: str
    relation_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class StatusHistory:
    """One status that a transaction had."""

    date: datetime
    transaction_status: str
    status_code: str | None = None
    amount: Amount | None = None


@dataclass(frozen=True, kw_only=True)
class TransactionDetail:
    """All that FPS tells about one transaction."""

    transaction_id: str
    caller_reference: str
    caller_description: str | None = None
    sender_description: str | None = None
    date_received: datetime
    date_completed: datetime | None = None
    transaction_amount: Amount
    fps_fees: Amount = field(metadata=named("FPSFees"))
    marketplace_fees: Amount | None = None
    fps_fees_paid_by: str = field(metadata=named("FPSFeesPaidBy"))
    sender_token_id: str | None = None
    recipient_token_id: str | None = None
    prepaid_instrument_id: str | None = None
    credit_instrument_id: str | None = None
    fps_operation: str = field(metadata=named("FPSOperation"))
    payment_method: str
    transaction_status: str
    status_code: str | None = None
    status_message: str | None = None
    sender_name: str | None = None
    #: Only if the caller is the recipient.
    sender_email: str | None = None
    caller_name: str
    recipient_name: str | None = None
    recipient_email: str | None = None
    related_transaction: tuple[RelatedTransaction, ...] = ()
    status_history: tuple[StatusHistory, ...] = ()


@dataclass(frozen=True)
class GetTransactionResult:
    """One transaction of the caller's."""

    transaction: TransactionDetail


@dataclass(frozen=True, kw_only=True)
class TransactionPart:
    """What one role had to do with a transaction."""

    instrument_id: str | None = None
    #: ``Sender``, ``Caller`` or ``Recipient``.
    role: str
    name: str | None = None
    reference: str | None = None
    description: str | None = None
    fees_paid: Amount | None = None


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """A line of the account's activity."""

    transaction_id: str
    caller_transaction_date: datetime
    date_received: datetime
    date_completed: datetime | None = None
    transaction_amount: Amount
    fps_operation: str = field(metadata=named("FPSOperation"))
    transaction_status: str
    status_message: str | None = None
    status_code: str | None = None
    original_transaction_id: str | None = None
    transaction_part: tuple[TransactionPart, ...] = ()
    payment_method: str
    sender_name: str | None = None
    caller_name: str
    recipient_name: str | None = None
    fps_fees: Amount = field(metadata=named("FPSFees"))
    #: The account's balance after it.
    balance: Amount
    sender_token_id: str | None = None
    recipient_token_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetAccountActivityResult:
    """One batch of the account's activity."""

    batch_size: int
    transactions: tuple[Transaction, ...] = field(default=(), metadata=named("Transaction"))
    #: Ask again with this as the start for the rest; ``None``: that was all.
    start_time_for_next_transaction: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AvailableBalances:
    """What of the balance may be used, and for what."""

    disburse_balance: Amount
    refund_balance: Amount


@dataclass(frozen=True, kw_only=True)
class AccountBalance:
    """The caller's account."""

    total_balance: Amount
    pending_in_balance: Amount
    pending_out_balance: Amount
    available_balances: AvailableBalances


@dataclass(frozen=True)
class GetAccountBalanceResult:
    """The caller's account."""

    account_balance: AccountBalance


@dataclass(frozen=True, kw_only=True)
class Token:
    """A payment token: what a buyer authorised."""

    token_id: str
    friendly_name: str | None = None
    #: ``Active`` or ``Inactive``.
    token_status: str
    date_installed: datetime
    #: The reference of the co-branded request that made it.
    caller_reference: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted``.
    token_type: str
    old_token_id: str | None = None
    payment_reason: str | None = None


@dataclass(frozen=True)
class GetTokenByCallerResult:
    """The token that was asked for."""

    token: Token
