"""Prepaid balances and debt."""

from __future__ import annotations

from ....protocol import messages
from ....protocol import results
from ...bank.debt import WriteOffOrder
from ...bank.feeding import FeedingOrder
from .. import reports
from .asker import Asker
from .asker import common
from .asker import money


def fund_prepaid(asker: Asker, message: messages.FundPrepaid) -> results.FundPrepaidResult:
    order = FeedingOrder(
        sender_token_id=message.sender_token_id,
        instrument_id=message.prepaid_instrument_id,
        amount=money(message.funding_amount),
        **common(asker, message),
    )
    made = asker.bank.prepaid.fund(asker.account, order)
    return results.FundPrepaidResult(made.transaction_id, made.status)


def prepaid_balance(asker: Asker, message: messages.GetPrepaidBalance) -> results.GetPrepaidBalanceResult:
    found = asker.bank.prepaid.balance(asker.account, message.prepaid_instrument_id)
    return results.GetPrepaidBalanceResult(
        results.PrepaidBalance(
            available_balance=reports.amount(found.balance), pending_in_balance=reports.amount(found.pending)
        )
    )


def prepaid_liability(
    asker: Asker, message: messages.GetTotalPrepaidLiability
) -> results.GetTotalPrepaidLiabilityResult:
    total = asker.bank.prepaid.liability(asker.account)
    return results.GetTotalPrepaidLiabilityResult(
        results.OutstandingPrepaidLiability(
            outstanding_balance=reports.amount(total.balance), pending_in_balance=reports.amount(total.pending)
        )
    )


def settle_debt(asker: Asker, message: messages.SettleDebt) -> results.SettleDebtResult:
    order = FeedingOrder(
        sender_token_id=message.sender_token_id,
        instrument_id=message.credit_instrument_id,
        amount=money(message.settlement_amount),
        **common(asker, message),
    )
    made = asker.bank.debt.settle(asker.account, order)
    return results.SettleDebtResult(made.transaction_id, made.status)


def write_off_debt(asker: Asker, message: messages.WriteOffDebt) -> results.WriteOffDebtResult:
    order = WriteOffOrder(
        instrument_id=message.credit_instrument_id,
        amount=money(message.adjustment_amount),
        caller_reference=message.caller_reference,
        caller_description=message.caller_description,
        caller_date=asker.timestamp,
        ending=asker.ending,
    )
    made = asker.bank.debt.write_off(asker.account, order)
    return results.WriteOffDebtResult(made.transaction_id, made.status)


def debt_balance(asker: Asker, message: messages.GetDebtBalance) -> results.GetDebtBalanceResult:
    found = asker.bank.debt.balance(asker.account, message.credit_instrument_id)
    return results.GetDebtBalanceResult(
        results.DebtBalance(
            available_balance=reports.amount(found.balance), pending_out_balance=reports.amount(found.pending)
        )
    )


def outstanding_debt(
    asker: Asker, message: messages.GetOutstandingDebtBalance
) -> results.GetOutstandingDebtBalanceResult:
    total = asker.bank.debt.outstanding(asker.account)
    return results.GetOutstandingDebtBalanceResult(
        results.OutstandingDebt(
            outstanding_balance=reports.amount(total.balance), pending_out_balance=reports.amount(total.pending)
        )
    )
