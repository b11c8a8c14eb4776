"""What callers of API version 2007-01-08 ask of prepaid and credit instruments."""

from __future__ import annotations

from ....protocol.dialects.v2007_01_08 import messages
from ....protocol.dialects.v2007_01_08 import results
from ..actions import Asker
from .amounts import amount


def prepaid_balance(asker: Asker, message: messages.GetPrepaidBalance) -> results.GetPrepaidBalanceResult:
    found = asker.bank.prepaid.balance(asker.account, message.prepaid_instrument_id)
    return results.GetPrepaidBalanceResult(
        results.PrepaidBalance(available_balance=amount(found.balance), pending_in_balance=amount(found.pending))
    )


def all_prepaid(asker: Asker, message: messages.GetAllPrepaidInstruments) -> results.GetAllPrepaidInstrumentsResult:
    return results.GetAllPrepaidInstrumentsResult(_ids(asker, "Prepaid", message.instrument_status))


def prepaid_liability(
    asker: Asker, message: messages.GetTotalPrepaidLiability
) -> results.GetTotalPrepaidLiabilityResult:
    total = asker.bank.prepaid.liability(asker.account)
    return results.GetTotalPrepaidLiabilityResult(
        results.OutstandingPrepaidLiability(
            outstanding_balance=amount(total.balance), pending_in_balance=amount(total.pending)
        )
    )


def debt_balance(asker: Asker, message: messages.GetDebtBalance) -> results.GetDebtBalanceResult:
    found = asker.bank.debt.balance(asker.account, message.credit_instrument_id)
    return results.GetDebtBalanceResult(
        results.DebtBalance(available_balance=amount(found.balance), pending_out_balance=amount(found.pending))
    )


def all_credit(asker: Asker, message: messages.GetAllCreditInstruments) -> results.GetAllCreditInstrumentsResult:
    return results.GetAllCreditInstrumentsResult(_ids(asker, "Debt", message.instrument_status))


def outstanding_debt(
    asker: Asker, message: messages.GetOutstandingDebtBalance
) -> results.GetOutstandingDebtBalanceResult:
    total = asker.bank.debt.outstanding(asker.account)
    return results.GetOutstandingDebtBalanceResult(
        results.OutstandingDebtBalance(
            outstanding_balance=amount(total.balance), pending_out_balance=amount(total.pending)
        )
    )


def _ids(asker: Asker, kind: str, wanted: str | None) -> results.InstrumentIds:
    """Those that the caller issued; ``Active`` or ``Cancelled`` (the REST of the time said ``Inactive``) or all."""
    now = asker.bank.clock.now()
    status = (wanted or "all").lower()
    return results.InstrumentIds(
        tuple(
            one.instrument_id
            for one in asker.bank.tabs.issued_by(asker.account.email, kind)
            if status == "all" or (one.expires_at is None or now < one.expires_at) == (status == "active")
        )
    )
