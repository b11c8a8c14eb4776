"""What answers tell of prepaid and credit instruments. FPS API reference 2007-01-08, *Complex Types*."""

from __future__ import annotations

from dataclasses import dataclass

from .amounts import Amount


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
