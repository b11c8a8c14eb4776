"""Requests about prepaid and credit instruments (FPS API reference 2007-01-08)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing import ClassVar

from ....messages import Message
from .. import results
from ..results import Amount


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
