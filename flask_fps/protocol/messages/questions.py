"""Questions about transactions, the account, and signatures."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any
from typing import ClassVar

from ..results import GetAccountActivityResult
from ..results import GetAccountBalanceResult
from ..results import GetTransactionResult
from ..results import GetTransactionStatusResult
from ..results import VerifySignatureResult
from ..schema import named
from .base import Message


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
    #: 20 to 200; 20 where it is left out.
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
class VerifySignature(Message[VerifySignatureResult]):
    """Ask FPS whether it signed a return or notification (FPS account management guide)."""

    result: ClassVar[type[Any]] = VerifySignatureResult

    #: The URL that received the message, without its query.
    url_end_point: str
    #: The query string or body as it came.
    http_parameters: str
