"""Requests about transactions, their results and the account (FPS API reference 2007-01-08)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any
from typing import ClassVar

from ....messages import Message
from ....schema import named
from .. import results


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
