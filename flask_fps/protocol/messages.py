"""The actions of the FPS API, their parameters and their results, each declared once.

These declarations are read by the client (requests out, answers in) and by the sandbox (requests in,
answers out) alike. Field order is the order of FPS's schema. Amounts are exact; a status is the
service's own word.

FPS API reference, versions 2008-09-17 and 2010-08-28.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any
from typing import ClassVar
from typing import Generic
from typing import TypeVar

from . import schema
from . import values
from .schema import named

R = TypeVar("R")
M = TypeVar("M", bound="Message[Any]")

V2008_09_17 = "2008-09-17"
V2010_08_28 = "2010-08-28"
VERSIONS = (V2008_09_17, V2010_08_28)

#: Parameters that every request carries beside those of its action.
COMMON_NAMES = frozenset(
    {"Action", "AWSAccessKeyId", "Version", "Timestamp", "SignatureVersion", "SignatureMethod", "Signature"}
)


class Message(Generic[R]):
    """A request for one action; ``R`` is what a successful answer holds."""

    #: The action's name on the wire.
    action: ClassVar[str]
    #: The dataclass that describes the answer; ``NoneType`` where it holds nothing.
    result: ClassVar[type[Any]]

    def __init_subclass__(cls) -> None:
        cls.action = cls.__name__

    def parameters(self) -> dict[str, str]:
        """The action's own parameters by their wire names; what is ``None`` is left out."""
        return dict(schema.flatten(self))

    @classmethod
    def from_parameters(cls: type[M], params: Mapping[str, str]) -> M:
        """The message with these parameters (:data:`COMMON_NAMES` taken out before).

        :raises MalformedMessage: for an unknown, missing or unreadable parameter; it names it.
        """
        return schema.gather(cls, params)

    @classmethod
    def names(cls, version: str) -> frozenset[str]:
        """The documented parameter names of this API version; a list is written ``Role.N``."""
        return frozenset(schema.names(cls, version))

    @classmethod
    def accepts(cls, name: str, version: str) -> bool:
        """Is this a parameter of the action in this API version?"""
        stem, _, position = name.rpartition(".")
        numbered = position.isascii() and position.isdecimal() and position[0] != "0"
        return (f"{stem}.N" if numbered else name) in cls.names(version) and position != "N"

    @classmethod
    def missing(cls, params: Mapping[str, str]) -> tuple[str, ...]:
        """The names of required parameters that are absent or empty."""
        return tuple(schema.missing(cls, params))


# ------------------------------------------------------------------------------------ shared types


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


# ------------------------------------------------------------------------------------ actions


@dataclass(frozen=True, kw_only=True)
class Pay(Message[PayResult]):
    """Move money now (FPS API reference, *Pay*).

    Sent again with all the same parameters within seven days, it is answered as the first time.
    """

    result: ClassVar[type[Any]] = PayResult

    sender_token_id: str
    transaction_amount: Amount
    #: At most 128 characters: the request's identity.
    caller_reference: str
    #: For marketplaces only; without it the recipient is the caller.
    recipient_token_id: str | None = None
    #: ``Caller`` or ``Recipient`` (the default).
    charge_fee_to: str | None = None
    #: At most 160 characters.
    caller_description: str | None = None
    sender_description: str | None = None
    descriptor_policy: DescriptorPolicy | None = None
    transaction_timeout_in_mins: int | None = None
    marketplace_fixed_fee: Amount | None = None
    #: Percent of the amount.
    marketplace_variable_fee: Decimal | None = None
    #: Where notifications about this transaction go.
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class Refund(Message[RefundResult]):
    """Give back all or part of a transaction (FPS API reference, *Refund*)."""

    result: ClassVar[type[Any]] = RefundResult

    transaction_id: str
    #: Each partial refund has its own.
    caller_reference: str
    #: Without it: whatever is left.
    refund_amount: Amount | None = None
    caller_description: str | None = None
    #: ``MasterTxnOnly`` (the default), ``MarketplaceTxnOnly`` or ``MasterAndMarketplaceTxn``.
    marketplace_refund_policy: str | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class GetTransactionStatus(Message[GetTransactionStatusResult]):
    """How a transaction stands (FPS API reference, *GetTransactionStatus*)."""

    result: ClassVar[type[Any]] = GetTransactionStatusResult

    transaction_id: str


@dataclass(frozen=True, kw_only=True)
class GetTransaction(Message[GetTransactionResult]):
    """All about one of the caller's transactions (FPS API reference, *GetTransaction*)."""

    result: ClassVar[type[Any]] = GetTransactionResult

    transaction_id: str


@dataclass(frozen=True, kw_only=True)
class GetAccountActivity(Message[GetAccountActivityResult]):
    """The account's transactions from a date on (FPS API reference, *GetAccountActivity*)."""

    result: ClassVar[type[Any]] = GetAccountActivityResult

    start_date: datetime
    end_date: datetime | None = None
    max_batch_size: int | None = None
    #: ``Ascending`` or ``Descending`` (the default).
    sort_order_by_date: str | None = None
    response_group: str | None = None
    fps_operation: str | None = field(default=None, metadata=named("FPSOperation"))
    payment_method: str | None = None
    #: Some of ``Sender``, ``Caller``, ``Recipient``.
    role: tuple[str, ...] = ()
    transaction_status: str | None = field(default=None, metadata=named(aliases=("Status",)))


@dataclass(frozen=True, kw_only=True)
class GetAccountBalance(Message[GetAccountBalanceResult]):
    """What is on the caller's account (FPS API reference, *GetAccountBalance*)."""

    result: ClassVar[type[Any]] = GetAccountBalanceResult


@dataclass(frozen=True, kw_only=True)
class GetTokenByCaller(Message[GetTokenByCallerResult]):
    """The token behind an id or behind a co-branded request (FPS API reference, *GetTokenByCaller*).

    Give one of the two. This is how a token is found whose buyer never came back.
    """

    result: ClassVar[type[Any]] = GetTokenByCallerResult

    token_id: str | None = None
    caller_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class CancelToken(Message[None]):
    """Make a token useless (FPS API reference, *CancelToken*)."""

    result: ClassVar[type[Any]] = type(None)

    token_id: str
    reason_text: str | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class VerifySignature(Message[VerifySignatureResult]):
    """Ask FPS whether it signed a return or notification (FPS account management guide)."""

    result: ClassVar[type[Any]] = VerifySignatureResult

    #: The URL that received the message, without its query.
    url_end_point: str
    #: The query string or body as it came.
    http_parameters: str


#: Every action of this module by its name on the wire.
ACTIONS: Mapping[str, type[Message[Any]]] = {
    message.action: message
    for message in (
        Pay,
        Refund,
        GetTransactionStatus,
        GetTransaction,
        GetAccountActivity,
        GetAccountBalance,
        GetTokenByCaller,
        CancelToken,
        VerifySignature,
    )
}
