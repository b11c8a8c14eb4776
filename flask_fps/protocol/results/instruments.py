"""What answers tell of prepaid balances and of debt."""

from __future__ import annotations

from dataclasses import dataclass

from .amounts import Amount


@dataclass(frozen=True, kw_only=True)
class PrepaidBalance:
    """What may be spent, and what is on its way."""

    available_balance: Amount
    pending_in_balance: Amount | None = None


@dataclass(frozen=True)
class GetPrepaidBalanceResult:
    """One instrument's balance."""

    prepaid_balance: PrepaidBalance


@dataclass(frozen=True, kw_only=True)
class OutstandingPrepaidLiability:
    """What all senders may still spend with this recipient."""

    outstanding_balance: Amount
    pending_in_balance: Amount | None = None


@dataclass(frozen=True)
class GetTotalPrepaidLiabilityResult:
    """The sum of all instruments."""

    outstanding_prepaid_liability: OutstandingPrepaidLiability


@dataclass(frozen=True, kw_only=True)
class DebtBalance:
    """What is owed, and how much of it is being settled."""

    available_balance: Amount
    pending_out_balance: Amount | None = None


@dataclass(frozen=True)
class GetDebtBalanceResult:
    """One instrument's debt."""

    debt_balance: DebtBalance


@dataclass(frozen=True, kw_only=True)
class OutstandingDebt:
    """What all senders owe this recipient."""

    outstanding_balance: Amount
    pending_out_balance: Amount | None = None


@dataclass(frozen=True)
class GetOutstandingDebtBalanceResult:
    """The sum of all instruments."""

    outstanding_debt: OutstandingDebt
