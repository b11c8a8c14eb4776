"""What answers tell of transactions, of an account, and of a signature."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime

from ..schema import named
from .amounts import Amount


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
