"""Answers of 2007-01-08 as answers of later versions: what they call ``Pending`` had three names."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from ... import messages as later
from ... import results as later_results
from ...messages import Message
from ..speaking import TEMPORARY_DECLINE
from . import results

_STATUSES = {"Initiated": "Pending", "Reinitiated": "Pending", TEMPORARY_DECLINE: "Pending"}


def _made(kind: type[Any]) -> Callable[[results.Made], Any]:
    return lambda made: kind(made.transaction_response.transaction_id, _status(made.transaction_response.status))


def _detail(answer: results.GetTransactionResult) -> later_results.GetTransactionResult:
    found = answer.transaction
    relation = "Parent" if found.operation == "Refund" else "Refund"
    return later_results.GetTransactionResult(
        later_results.TransactionDetail(
            transaction_id=found.transaction_id,
            caller_reference=_part(found.transaction_parts, "Caller").reference or "",
            caller_description=_part(found.transaction_parts, "Caller").description,
            sender_description=_part(found.transaction_parts, "Sender").description,
            date_received=found.date_received,
            date_completed=found.date_completed,
            transaction_amount=_later_amount(found.transaction_amount),
            fps_fees=_later_amount(found.fees),
            fps_fees_paid_by=_payer_of_fees(found.transaction_parts),
            sender_token_id=found.sender_token_id,
            recipient_token_id=found.recipient_token_id,
            prepaid_instrument_id=found.prepaid_instrument_id,
            credit_instrument_id=found.credit_instrument_id,
            fps_operation=found.operation,
            payment_method=found.payment_method,
            transaction_status=_status(found.status),
            status_code=TEMPORARY_DECLINE if found.status == TEMPORARY_DECLINE else found.error_code,
            status_message=found.error_message,
            sender_name=found.sender_name,
            caller_name=found.caller_name,
            recipient_name=found.recipient_name,
            related_transaction=tuple(
                later_results.RelatedTransaction(transaction_id=each.transaction_id, relation_type=relation)
                for each in found.related_transactions
            ),
            status_history=tuple(
                later_results.StatusHistory(
                    date=each.date,
                    transaction_status=_status(each.status),
                    amount=_later_amount(each.amount) if each.amount else None,
                )
                for each in found.status_history
            ),
        )
    )


def _standing(answer: results.GetTransactionResult) -> later_results.GetTransactionStatusResult:
    found = _detail(answer).transaction
    return later_results.GetTransactionStatusResult(
        transaction_id=found.transaction_id,
        transaction_status=found.transaction_status,
        caller_reference=found.caller_reference,
        status_code=found.status_code,
        status_message=found.status_message,
    )


def _lines(answer: results.GetAccountActivityResult) -> later_results.GetAccountActivityResult:
    """There is a line for each status a transaction had; the newest of them says where it stands."""
    newest: dict[str, results.Transaction] = {}
    for row in answer.transactions:
        before = newest.get(row.transaction_id)
        if before is None or before.date_completed is None:
            newest[row.transaction_id] = row
    return later_results.GetAccountActivityResult(
        batch_size=len(newest),
        transactions=tuple(_line(row) for row in newest.values()),
        start_time_for_next_transaction=answer.start_time_for_next_transaction,
    )


def _line(row: results.Transaction) -> later_results.Transaction:
    return later_results.Transaction(
        transaction_id=row.transaction_id,
        caller_transaction_date=row.caller_transaction_date,
        date_received=row.date_received,
        date_completed=row.date_completed,
        transaction_amount=_later_amount(row.transaction_amount),
        fps_operation=row.operation,
        transaction_status=_status(row.status),
        status_message=row.error_message,
        status_code=row.error_code,
        original_transaction_id=row.original_transaction_id,
        transaction_part=tuple(_later_part(part) for part in row.transaction_parts),
        payment_method=row.payment_method,
        sender_name=row.sender_name,
        caller_name=row.caller_name,
        recipient_name=row.recipient_name,
        fps_fees=_later_amount(row.fees),
        balance=_later_amount(row.balance),
        sender_token_id=row.sender_token_id,
        recipient_token_id=row.recipient_token_id,
    )


def _balance(answer: results.GetAccountBalanceResult) -> later_results.GetAccountBalanceResult:
    held = answer.account_balance
    available = held.available_balances
    return later_results.GetAccountBalanceResult(
        later_results.AccountBalance(
            total_balance=_later_amount(held.total_balance),
            pending_in_balance=_later_amount(held.pending_in_balance),
            pending_out_balance=_later_amount(held.pending_out_balance),
            available_balances=later_results.AvailableBalances(
                disburse_balance=_later_amount(available.disburse_balance),
                refund_balance=_later_amount(available.refund_balance),
            ),
        )
    )


def _token(found: results.Token) -> later_results.Token:
    return later_results.Token(
        token_id=found.token_id,
        friendly_name=found.friendly_name,
        token_status=found.status,
        date_installed=found.date_installed,
        caller_reference=found.caller_reference,
        token_type=found.token_type,
        old_token_id=found.old_token_id,
        payment_reason=found.payment_reason,
    )


#: By the type of a later message: its result from the own one.
UNDERSTAND: Mapping[type[Message[Any]], Callable[[Any], Any]] = {
    later.Pay: _made(later_results.PayResult),
    later.Reserve: _made(later_results.ReserveResult),
    later.Settle: _made(later_results.SettleResult),
    later.Refund: _made(later_results.RefundResult),
    later.GetAccountActivity: _lines,
    later.GetTransaction: _detail,
    later.GetTransactionStatus: _standing,
    later.GetAccountBalance: _balance,
    later.GetTokenByCaller: lambda answer: later_results.GetTokenByCallerResult(_token(answer.token)),
    later.GetTokens: lambda answer: later_results.GetTokensResult(tuple(map(_token, answer.tokens))),
    later.CancelToken: lambda answer: answer,
}


def _status(status: str) -> str:
    return _STATUSES.get(status, status)


def _part(parts: tuple[results.TransactionPart, ...], role: str) -> results.TransactionPart:
    nobody = results.TransactionPart(account_id="", role=role)
    return next((part for part in parts if part.role == role), nobody)


def _payer_of_fees(parts: tuple[results.TransactionPart, ...]) -> str:
    paying = (part.role for part in parts if part.fee_paid is not None and part.fee_paid.value)
    return next(paying, "Recipient")


def _later_part(part: results.TransactionPart) -> later_results.TransactionPart:
    return later_results.TransactionPart(
        instrument_id=part.instrument_id,
        role=part.role,
        name=part.name,
        reference=part.reference,
        description=part.description,
        fees_paid=_later_amount(part.fee_paid) if part.fee_paid else None,
    )


def _later_amount(amount: results.Amount) -> later_results.Amount:
    return later_results.Amount(amount.value, amount.currency_code)
