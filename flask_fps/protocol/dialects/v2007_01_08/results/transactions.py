"""What answers tell of transactions, their results and the account. FPS API reference 2007-01-08, *Complex Types*."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .amounts import Amount


@dataclass(frozen=True, kw_only=True)
class TransactionPart:
    """What one role had to do with a transaction."""

    account_id: str
    instrument_id: str | None = None
    #: ``Sender``, ``Caller`` or ``Recipient``.
    role: str
    name: str | None = None
    reference: str | None = None
    description: str | None = None
    fee_paid: Amount | None = None


@dataclass(frozen=True)
class RelatedTransaction:
    """Another transaction of the same story."""

    transaction_id: str


@dataclass(frozen=True, kw_only=True)
class StatusChange:
    """One status that a transaction had."""

    date: datetime
    status: str
    amount: Amount | None = None


@dataclass(frozen=True, kw_only=True)
class TransactionDetail:
    """All that FPS tells about one transaction."""

    transaction_id: str
    caller_transaction_date: datetime
    date_received: datetime
    date_completed: datetime | None = None
    transaction_amount: Amount
    fees: Amount
    caller_token_id: str | None = None
    sender_token_id: str | None = None
    recipient_token_id: str | None = None
    prepaid_instrument_id: str | None = None
    credit_instrument_id: str | None = None
    operation: str
    payment_method: str
    status: str
    error_code: str | None = None
    error_message: str | None = None
    meta_data: str | None = None
    sender_name: str | None = None
    caller_name: str
    recipient_name: str | None = None
    transaction_parts: tuple[TransactionPart, ...] = ()
    related_transactions: tuple[RelatedTransaction, ...] = ()
    status_history: tuple[StatusChange, ...] = ()


@dataclass(frozen=True)
class GetTransactionResult:
    """One transaction of the caller's."""

    transaction: TransactionDetail


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """A line of the account's activity: one status of one transaction."""

    transaction_id: str
    caller_transaction_date: datetime
    date_received: datetime
    date_completed: datetime | None = None
    transaction_amount: Amount
    operation: str
    status: str
    error_message: str | None = None
    error_code: str | None = None
    meta_data: str | None = None
    original_transaction_id: str | None = None
    transaction_parts: tuple[TransactionPart, ...] = ()
    payment_method: str
    sender_name: str | None = None
    caller_name: str
    recipient_name: str | None = None
    fees: Amount
    #: The account's balance after it.
    balance: Amount
    caller_token_id: str | None = None
    sender_token_id: str | None = None
    recipient_token_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetAccountActivityResult:
    """One batch of the account's activity."""

    response_batch_size: int | None = None
    transactions: tuple[Transaction, ...] = ()
    start_time_for_next_transaction: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TransactionResult:
    """How a transaction ended that did not end at once."""

    transaction_id: str
    operation: str
    caller_reference: str
    #: ``Success``, ``Failure`` or ``TemporaryDecline``.
    status: str


@dataclass(frozen=True)
class GetResultsResult:
    """The oldest results that were not discarded."""

    transaction_results: tuple[TransactionResult, ...] = ()
    #: How many wait to be discarded, these among them.
    number_pending: int | None = None


@dataclass(frozen=True)
class DiscardResultsResult:
    """The ids that had no result to discard."""

    discard_errors: tuple[str, ...] = ()


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
