"""The actions of the FPS API, their parameters and their results, each declared once.

These declarations are read by the client (requests out, answers in) and by the sandbox (requests in,
answers out) alike. What the answers hold is declared in ``results``, whose names are here, too.

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
from .results import AccountBalance as AccountBalance
from .results import Amount as Amount
from .results import AvailableBalances as AvailableBalances
from .results import CancelResult as CancelResult
from .results import DescriptorPolicy as DescriptorPolicy
from .results import GetAccountActivityResult as GetAccountActivityResult
from .results import GetAccountBalanceResult as GetAccountBalanceResult
from .results import GetTokenByCallerResult as GetTokenByCallerResult
from .results import GetTransactionResult as GetTransactionResult
from .results import GetTransactionStatusResult as GetTransactionStatusResult
from .results import PayResult as PayResult
from .results import RefundResult as RefundResult
from .results import RelatedTransaction as RelatedTransaction
from .results import ReserveResult as ReserveResult
from .results import SettleResult as SettleResult
from .results import StatusHistory as StatusHistory
from .results import Token as Token
from .results import Transaction as Transaction
from .results import TransactionDetail as TransactionDetail
from .results import TransactionPart as TransactionPart
from .results import VerifySignatureResult as VerifySignatureResult
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
        return schema.names(cls, version)

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


@dataclass(frozen=True, kw_only=True)
class Payment(Message[R]):
    """What Pay and Reserve have in common; neither is sent as this.

    Sent again with all the same parameters within seven days, it is answered as the first time.
    """

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
class Pay(Payment[PayResult]):
    """Move money now (FPS API reference, *Pay*)."""

    result: ClassVar[type[Any]] = PayResult


@dataclass(frozen=True, kw_only=True)
class Reserve(Payment[ReserveResult]):
    """Hold money for a later :class:`Settle`, within seven days (FPS API reference, *Reserve*)."""

    result: ClassVar[type[Any]] = ReserveResult


@dataclass(frozen=True, kw_only=True)
class Settle(Message[SettleResult]):
    """Take what was reserved, all or a part, once (FPS API reference, *Settle*)."""

    result: ClassVar[type[Any]] = SettleResult

    reserve_transaction_id: str
    #: Without it: all that was reserved. What is not taken is released.
    transaction_amount: Amount | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class Cancel(Message[CancelResult]):
    """Give up what is reserved or still pending (FPS API reference, *Cancel*); what is done is refunded instead."""

    result: ClassVar[type[Any]] = CancelResult

    transaction_id: str
    description: str | None = None
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
        Reserve,
        Settle,
        Cancel,
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
