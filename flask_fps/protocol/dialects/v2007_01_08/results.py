"""What answers of API version 2007-01-08 hold, each declared once, in the order of its schema.

The names are that version's own: an amount says ``Amount`` where later ones say ``Value``, a status is a
``Status``. FPS API reference 2007-01-08, *Complex Types*.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from ... import values
from ...schema import named


@dataclass(frozen=True)
class Amount:
    """An exact sum of money: ``Amount(Decimal("0.10"))``.

    :raises TypeError: for a float.
    :raises ValueError: for what is no plain number.
    """

    value: Decimal = field(metadata=named("Amount", aliases=("Value",)))
    currency_code: str = field(default="USD", metadata=named(first=True))

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", values.exact(self.value))


@dataclass(frozen=True, kw_only=True)
class TokenUsageLimit:
    """How much of one limit of a token is left."""

    count: int | None = None
    amount: Amount | None = None
    last_reset_count: int | None = None
    last_reset_amount: Amount | None = None
    last_reset_time_stamp: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TransactionResponse:
    """The transaction that a request made, and how it stands."""

    transaction_id: str
    #: ``Success``, ``Failure``, ``Initiated``, ``Reinitiated``, ``Reserved`` or ``TemporaryDecline``.
    status: str
    status_detail: str | None = None
    new_sender_token_usage: TokenUsageLimit | None = None


@dataclass(frozen=True)
class Made:
    """What every request that moves money is answered with."""

    transaction_response: TransactionResponse


@dataclass(frozen=True, kw_only=True)
class ServiceErrorEntry:
    """One reason of a refusal."""

    #: ``System`` or ``Business``.
    error_type: str
    #: ``true`` or ``false``.
    is_retriable: str
    error_code: str
    reason_text: str


@dataclass(frozen=True, kw_only=True)
class ServiceErrors:
    """All reasons of a refusal."""

    errors: tuple[ServiceErrorEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchedPay:
    """One payment's part of a batch."""

    transaction_response: TransactionResponse | None = None
    #: ``Success`` or ``Failure``: of the request, not of the transaction.
    status: str
    errors: ServiceErrors | None = None
    request_id: str


@dataclass(frozen=True)
class PayBatchResult:
    """The parts, in the order of the requests."""

    pay_response: tuple[BatchedPay, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchedInstallation:
    """One instruction's part of a batch."""

    token_id: str | None = None
    status: str
    errors: ServiceErrors | None = None
    request_id: str


@dataclass(frozen=True)
class InstallPaymentInstructionBatchResult:
    """The parts, in the order of the requests."""

    install_payment_instruction_response: tuple[BatchedInstallation, ...] = ()


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


@dataclass(frozen=True, kw_only=True)
class Token:
    """A payment token."""

    token_id: str
    friendly_name: str | None = None
    #: ``Active`` or ``Inactive``.
    status: str
    date_installed: datetime
    #: The account id of whoever had it made.
    caller_installed: str
    caller_reference: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted``.
    token_type: str
    old_token_id: str | None = None
    payment_reason: str | None = None


@dataclass(frozen=True)
class InstallPaymentInstructionResult:
    """The new token."""

    token_id: str


@dataclass(frozen=True, kw_only=True)
class GetPaymentInstructionResult:
    """What a token of one's own says."""

    token: Token
    payment_instruction: str
    account_id: str
    token_friendly_name: str | None = None


@dataclass(frozen=True)
class GetTokenByCallerResult:
    """The token that was asked for."""

    token: Token


@dataclass(frozen=True)
class GetTokensResult:
    """The tokens on the caller's own account."""

    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True)
class GetTokenUsageResult:
    """What is left of each limit; none for a token without limits."""

    token_usage_limits: tuple[TokenUsageLimit, ...] = ()


@dataclass(frozen=True)
class InstrumentIds:
    """Ids of prepaid or credit instruments."""

    instrument_id: tuple[str, ...] = ()


@dataclass(frozen=True)
class GetAllPrepaidInstrumentsResult:
    """Every prepaid instrument that was set up with the caller."""

    prepaid_instrument_ids: InstrumentIds | None = None


@dataclass(frozen=True)
class GetAllCreditInstrumentsResult:
    """Every credit instrument that was set up with the caller."""

    credit_instrument_ids: InstrumentIds | None = None


@dataclass(frozen=True, kw_only=True)
class PrepaidBalance:
    """What is left on a prepaid instrument."""

    available_balance: Amount
    pending_in_balance: Amount | None = None


@dataclass(frozen=True)
class GetPrepaidBalanceResult:
    """What is left on a prepaid instrument."""

    prepaid_balance: PrepaidBalance


@dataclass(frozen=True, kw_only=True)
class OutstandingPrepaidLiability:
    """What the caller owes to all holders of prepaid instruments."""

    outstanding_balance: Amount
    pending_in_balance: Amount | None = None


@dataclass(frozen=True)
class GetTotalPrepaidLiabilityResult:
    """What the caller owes to all holders of prepaid instruments."""

    outstanding_prepaid_liability: OutstandingPrepaidLiability


@dataclass(frozen=True, kw_only=True)
class DebtBalance:
    """What is owed on a credit instrument."""

    available_balance: Amount
    pending_out_balance: Amount | None = None


@dataclass(frozen=True)
class GetDebtBalanceResult:
    """What is owed on a credit instrument."""

    debt_balance: DebtBalance


@dataclass(frozen=True, kw_only=True)
class OutstandingDebtBalance:
    """What all holders of credit instruments owe to the caller."""

    outstanding_balance: Amount
    pending_out_balance: Amount | None = None


@dataclass(frozen=True)
class GetOutstandingDebtBalanceResult:
    """What all holders of credit instruments owe to the caller."""

    outstanding_debt: OutstandingDebtBalance
