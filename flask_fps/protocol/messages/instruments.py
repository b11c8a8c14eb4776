"""Actions on prepaid balances and on debt."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import ClassVar

from ..results import Amount
from ..results import DescriptorPolicy
from ..results import FundPrepaidResult
from ..results import GetDebtBalanceResult
from ..results import GetOutstandingDebtBalanceResult
from ..results import GetPrepaidBalanceResult
from ..results import GetTotalPrepaidLiabilityResult
from ..results import SettleDebtResult
from ..results import WriteOffDebtResult
from ..schema import named
from .base import Message
from .base import V2010_08_28


@dataclass(frozen=True, kw_only=True)
class FundPrepaid(Message[FundPrepaidResult]):
    """Fill a prepaid balance (FPS API reference, *FundPrepaid*)."""

    result: ClassVar[type[Any]] = FundPrepaidResult

    #: The funding token, ``fundingTokenID`` of the return.
    sender_token_id: str
    prepaid_instrument_id: str
    funding_amount: Amount
    caller_reference: str
    sender_description: str | None = None
    #: At most 160 characters.
    caller_description: str | None = None
    descriptor_policy: DescriptorPolicy | None = None
    transaction_timeout_in_mins: int | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class GetPrepaidBalance(Message[GetPrepaidBalanceResult]):
    """What is on a prepaid instrument (FPS API reference, *GetPrepaidBalance*)."""

    result: ClassVar[type[Any]] = GetPrepaidBalanceResult

    prepaid_instrument_id: str


@dataclass(frozen=True, kw_only=True)
class GetTotalPrepaidLiability(Message[GetTotalPrepaidLiabilityResult]):
    """What all senders may still spend (FPS API reference, *GetTotalPrepaidLiability*)."""

    result: ClassVar[type[Any]] = GetTotalPrepaidLiabilityResult


@dataclass(frozen=True, kw_only=True)
class GetDebtBalance(Message[GetDebtBalanceResult]):
    """What is owed on a credit instrument (FPS API reference, *GetDebtBalance*)."""

    result: ClassVar[type[Any]] = GetDebtBalanceResult

    credit_instrument_id: str


@dataclass(frozen=True, kw_only=True)
class GetOutstandingDebtBalance(Message[GetOutstandingDebtBalanceResult]):
    """What all senders owe (FPS API reference, *GetOutstandingDebtBalance*)."""

    result: ClassVar[type[Any]] = GetOutstandingDebtBalanceResult


@dataclass(frozen=True, kw_only=True)
class SettleDebt(Message[SettleDebtResult]):
    """Collect a debt, all or a part (FPS API reference, *SettleDebt*)."""

    result: ClassVar[type[Any]] = SettleDebtResult

    #: The settlement token, ``settlementTokenID`` of the return.
    sender_token_id: str
    credit_instrument_id: str
    settlement_amount: Amount
    caller_reference: str
    sender_description: str | None = None
    #: At most 160 characters.
    caller_description: str | None = None
    descriptor_policy: DescriptorPolicy | None = None
    transaction_timeout_in_mins: int | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class WriteOffDebt(Message[WriteOffDebtResult]):
    """Let a debt go, all or a part; for good (FPS API reference, *WriteOffDebt*)."""

    result: ClassVar[type[Any]] = WriteOffDebtResult

    credit_instrument_id: str
    adjustment_amount: Amount
    caller_reference: str
    caller_description: str | None = None
