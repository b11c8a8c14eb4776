"""The actions of API version 2007-01-08 and their parameters, each declared once, in the order of its schema.

Whoever calls shows a token for every role: the caller's and the recipient's own ones are installed once with
:class:`InstallPaymentInstruction`. FPS API reference 2007-01-08.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any
from typing import ClassVar
from typing import TypeVar

from ... import schema
from ...messages import Message
from ...schema import named
from . import results
from .results import Amount as Amount

R = TypeVar("R")

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


@dataclass(frozen=True, kw_only=True)
class InstallPaymentInstruction(Message[results.InstallPaymentInstructionResult]):
    """Make a token on the caller's own account; the instruction is a text in the GateKeeper language."""

    result: ClassVar[type[Any]] = results.InstallPaymentInstructionResult

    payment_instruction: str
    #: At most 128 characters.
    token_friendly_name: str | None = None
    caller_reference: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted``.
    token_type: str
    #: At most 64 characters.
    payment_reason: str | None = None


class Batch(Message[R]):
    """Several requests in one: ``PayRequest.1.SenderTokenId``, ``PayRequest.2.SenderTokenId``, …"""

    @classmethod
    def missing(cls, params: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(cls._missing(params))

    @classmethod
    def _missing(cls, params: Mapping[str, str]) -> Iterator[str]:
        part = schema.parts(cls)[0]
        numbers = sorted({name.split(".")[1] for name in params if name.startswith(f"{part.name}.")})
        if not numbers:
            yield part.name
        for number in numbers:
            yield from schema.missing(part.kind, params, f"{part.name}.{number}.")


@dataclass(frozen=True, kw_only=True)
class PayBatch(Batch[results.PayBatchResult]):
    """Several payments, each answered by itself."""

    result: ClassVar[type[Any]] = results.PayBatchResult

    pay_request: tuple[Pay, ...] = ()
    unused: str | None = None


@dataclass(frozen=True, kw_only=True)
class InstallPaymentInstructionBatch(Batch[results.InstallPaymentInstructionBatchResult]):
    """Several instructions, each answered by itself."""

    result: ClassVar[type[Any]] = results.InstallPaymentInstructionBatchResult

    install_payment_instruction_request: tuple[InstallPaymentInstruction, ...] = ()
    unused: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetPaymentInstruction(Message[results.GetPaymentInstructionResult]):
    """What a token of one's own says."""

    result: ClassVar[type[Any]] = results.GetPaymentInstructionResult

    token_id: str


@dataclass(frozen=True, kw_only=True)
class CancelToken(Message[None]):
    """Make a token useless that the caller had made."""

    result: ClassVar[type[Any]] = type(None)

    token_id: str
    reason_text: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokenByCaller(Message[results.GetTokenByCallerResult]):
    """The token behind an id or behind a co-branded request; give one of the two."""

    result: ClassVar[type[Any]] = results.GetTokenByCallerResult

    token_id: str | None = None
    caller_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokens(Message[results.GetTokensResult]):
    """The tokens on the caller's own account."""

    result: ClassVar[type[Any]] = results.GetTokensResult

    token_friendly_name: str | None = None
    #: ``Active`` or ``Inactive``.
    token_status: str | None = None
    caller_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokenUsage(Message[results.GetTokenUsageResult]):
    """What is left of a token's limits."""

    result: ClassVar[type[Any]] = results.GetTokenUsageResult

    token_id: str


@dataclass(frozen=True, kw_only=True)
class GetTransaction(Message[results.GetTransactionResult]):
    """All about one of the caller's transactions."""

    result: ClassVar[type[Any]] = results.GetTransactionResult

    transaction_id: str


@dataclass(frozen=True, kw_only=True)
class GetResults(Message[results.GetResultsResult]):
    """How transactions ended that did not end at once; each comes again until :class:`DiscardResults` names it."""

    result: ClassVar[type[Any]] = results.GetResultsResult

    operation: str | None = None
    #: 1 to 25.
    max_results_count: int | None = None


@dataclass(frozen=True, kw_only=True)
class DiscardResults(Message[results.DiscardResultsResult]):
    """Take results off the queue."""

    result: ClassVar[type[Any]] = results.DiscardResultsResult

    transaction_ids: tuple[str, ...] = field(default=(), metadata=named("TransactionIds"))

    @classmethod
    def missing(cls, params: Mapping[str, str]) -> tuple[str, ...]:
        return () if any(name.startswith("TransactionIds.") for name in params) else ("TransactionIds",)


@dataclass(frozen=True, kw_only=True)
class GetAccountActivity(Message[results.GetAccountActivityResult]):
    """The account's activity from a date on, a line for each status of each transaction."""

    result: ClassVar[type[Any]] = results.GetAccountActivityResult

    operation: str | None = None
    payment_method: str | None = None
    #: 20 to 200.
    max_batch_size: int | None = None
    start_date: datetime
    end_date: datetime | None = None
    #: ``Summary`` or ``Details``.
    response_group: str | None = None
    #: ``Ascending`` or ``Descending`` (the default).
    sort_order_by_date: str | None = None
    #: Some of ``Sender``, ``Caller``, ``Recipient``.
    role: tuple[str, ...] = ()
    status: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetAccountBalance(Message[results.GetAccountBalanceResult]):
    """What is on the caller's account."""

    result: ClassVar[type[Any]] = results.GetAccountBalanceResult


@dataclass(frozen=True, kw_only=True)
class FundPrepaid(Message[results.Made]):
    """Put money on a prepaid instrument."""

    result: ClassVar[type[Any]] = results.Made

    #: The funding token of the instrument.
    sender_token_id: str
    caller_token_id: str
    prepaid_instrument_id: str
    funding_amount: Amount
    transaction_date: datetime | None = None
    sender_reference: str | None = None
    recipient_reference: str | None = None
    caller_reference: str
    charge_fee_to: str
    sender_description: str | None = None
    recipient_description: str | None = None
    caller_description: str | None = None
    meta_data: str | None = None


@dataclass(frozen=True, kw_only=True)
class SettleDebt(Message[results.Made]):
    """Take what is owed on a credit instrument, all or a part."""

    result: ClassVar[type[Any]] = results.Made

    #: The settlement token of the instrument.
    sender_token_id: str
    caller_token_id: str
    credit_instrument_id: str
    settlement_amount: Amount
    transaction_date: datetime | None = None
    sender_reference: str | None = None
    recipient_reference: str | None = None
    caller_reference: str
    charge_fee_to: str
    sender_description: str | None = None
    recipient_description: str | None = None
    caller_description: str | None = None
    meta_data: str | None = None


@dataclass(frozen=True, kw_only=True)
class WriteOffDebt(Message[results.Made]):
    """Forgive what is owed on a credit instrument, all or a part, for good."""

    result: ClassVar[type[Any]] = results.Made

    caller_token_id: str
    credit_instrument_id: str
    adjustment_amount: Amount
    transaction_date: datetime | None = None
    caller_reference: str
    recipient_reference: str | None = None
    caller_description: str | None = None
    recipient_description: str | None = None
    meta_data: str | None = None
    sender_reference: str | None = None
    sender_description: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetPrepaidBalance(Message[results.GetPrepaidBalanceResult]):
    """What is left on a prepaid instrument."""

    result: ClassVar[type[Any]] = results.GetPrepaidBalanceResult

    prepaid_instrument_id: str


@dataclass(frozen=True, kw_only=True)
class GetAllPrepaidInstruments(Message[results.GetAllPrepaidInstrumentsResult]):
    """Every prepaid instrument that was set up with the caller."""

    result: ClassVar[type[Any]] = results.GetAllPrepaidInstrumentsResult

    #: ``All``, ``Active`` or ``Cancelled``.
    instrument_status: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTotalPrepaidLiability(Message[results.GetTotalPrepaidLiabilityResult]):
    """What the caller owes to all holders of prepaid instruments."""

    result: ClassVar[type[Any]] = results.GetTotalPrepaidLiabilityResult


@dataclass(frozen=True, kw_only=True)
class GetDebtBalance(Message[results.GetDebtBalanceResult]):
    """What is owed on a credit instrument."""

    result: ClassVar[type[Any]] = results.GetDebtBalanceResult

    credit_instrument_id: str


@dataclass(frozen=True, kw_only=True)
class GetOutstandingDebtBalance(Message[results.GetOutstandingDebtBalanceResult]):
    """What all holders of credit instruments owe to the caller."""

    result: ClassVar[type[Any]] = results.GetOutstandingDebtBalanceResult


@dataclass(frozen=True, kw_only=True)
class GetAllCreditInstruments(Message[results.GetAllCreditInstrumentsResult]):
    """Every credit instrument that was set up with the caller."""

    result: ClassVar[type[Any]] = results.GetAllCreditInstrumentsResult

    instrument_status: str | None = None


@dataclass(frozen=True, kw_only=True)
class SubscribeForCallerNotification(Message[None]):
    """Have results posted to an address in place of the queue."""

    result: ClassVar[type[Any]] = type(None)

    #: ``postTransactionResult`` or ``postTokenCancellation``.
    notification_operation_name: str
    web_service_api_url: str = field(metadata=named("WebServiceAPIURL"))


@dataclass(frozen=True, kw_only=True)
class UnSubscribeForCallerNotification(Message[None]):
    """Have the queue back."""

    result: ClassVar[type[Any]] = type(None)

    notification_operation_name: str


#: Every action by its name on the wire.
ACTIONS: Mapping[str, type[Message[Any]]] = {
    message.action: message
    for message in (
        Pay,
        PayBatch,
        Reserve,
        Settle,
        Refund,
        RetryTransaction,
        InstallPaymentInstruction,
        InstallPaymentInstructionBatch,
        GetPaymentInstruction,
        CancelToken,
        GetTokenByCaller,
        GetTokens,
        GetTokenUsage,
        GetTransaction,
        GetResults,
        DiscardResults,
        GetAccountActivity,
        GetAccountBalance,
        FundPrepaid,
        GetPrepaidBalance,
        GetAllPrepaidInstruments,
        GetTotalPrepaidLiability,
        GetDebtBalance,
        GetOutstandingDebtBalance,
        GetAllCreditInstruments,
        SettleDebt,
        WriteOffDebt,
        SubscribeForCallerNotification,
        UnSubscribeForCallerNotification,
    )
}
