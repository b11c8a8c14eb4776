"""The bank's records as API version 2007-01-08 told them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime

from ....protocol.dialects.v2007_01_08 import results
from ...bank import Bank
from ...bank.records import Account
from ...bank.records import Labels
from ...bank.records import StatusChange
from ...bank.records import Token
from ...bank.records import TransactionRecord
from ...bank.settlement import MESSAGES
from ...bank.settlement import TEMPORARY
from .amounts import amount

#: A caller's own word for a transaction that he has tried again.
AGAIN = "Reinitiated"
_STATUSES = {"Pending": "Initiated", "Cancelled": "Failure"}


def account_id(email: str) -> str:
    """38 upper-case letters and digits, the same for the same account."""
    return base64.b32encode(hashlib.sha256(email.encode()).digest())[:38].decode()


def status(transaction: TransactionRecord) -> str:
    """Where a transaction stands."""
    return _status(transaction.status, transaction.history[-1].code, _declined_before(transaction.history))


def made(bank: Bank, transaction: TransactionRecord) -> results.Made:
    """The answer to a request that moves money; where its token has limits, what the first of them has counted."""
    sender = bank.books.tokens.get(transaction.sender_token_id or "")
    counted = usage(sender, bank.clock.now()) if sender is not None else ()
    return results.Made(
        results.TransactionResponse(
            transaction_id=transaction.transaction_id,
            status=status(transaction),
            status_detail=_message(transaction, transaction.history[-1]) if _went_wrong(transaction) else None,
            new_sender_token_usage=counted[0] if counted else None,
        )
    )


def detail(bank: Bank, transaction: TransactionRecord) -> results.TransactionDetail:
    """One transaction, for a party to it."""
    return results.TransactionDetail(
        transaction_id=transaction.transaction_id,
        caller_transaction_date=transaction.caller_date or transaction.received_at,
        date_received=transaction.received_at,
        date_completed=transaction.completed_at,
        transaction_amount=amount(transaction.amount),
        fees=amount(transaction.fees),
        caller_token_id=_labels(transaction).caller_token_id,
        sender_token_id=transaction.sender_token_id,
        recipient_token_id=transaction.recipient_token_id,
        prepaid_instrument_id=_instrument(bank, transaction, "Prepaid"),
        credit_instrument_id=_instrument(bank, transaction, "Debt"),
        operation=transaction.operation,
        payment_method=transaction.method,
        status=status(transaction),
        error_code=transaction.history[-1].code if _went_wrong(transaction) else None,
        error_message=_message(transaction, transaction.history[-1]) if _went_wrong(transaction) else None,
        meta_data=_labels(transaction).meta_data,
        sender_name=_name(bank, transaction.sender),
        caller_name=_name(bank, transaction.caller),
        recipient_name=_name(bank, transaction.recipient),
        transaction_parts=_parts(bank, transaction),
        related_transactions=_related(transaction),
        status_history=tuple(
            results.StatusChange(date=change.at, status=said, amount=amount(change.amount))
            for change, said in _history(transaction)
        ),
    )


def rows(
    bank: Bank, reader: Account, transaction: TransactionRecord, wanted: str | None = None
) -> Iterator[results.Transaction]:
    """A line for each status that a transaction had, oldest first; where one is wanted, of this status alone."""
    for change, said in _history(transaction):
        if wanted not in (None, said):
            continue
        wrong = said in ("Failure", TEMPORARY)
        yield results.Transaction(
            transaction_id=transaction.transaction_id,
            caller_transaction_date=transaction.caller_date or transaction.received_at,
            date_received=transaction.received_at,
            date_completed=_completed(transaction, change),
            transaction_amount=amount(transaction.amount),
            operation=transaction.operation,
            status=said,
            error_code=change.code if wrong else None,
            error_message=_message(transaction, change) if wrong else None,
            meta_data=_labels(transaction).meta_data,
            original_transaction_id=transaction.parent_id,
            transaction_parts=_parts(bank, transaction),
            payment_method=transaction.method,
            sender_name=_name(bank, transaction.sender),
            caller_name=_name(bank, transaction.caller),
            recipient_name=_name(bank, transaction.recipient),
            fees=amount(transaction.fees),
            balance=amount(change.balance_of(reader.email) or reader.balance),
            caller_token_id=_labels(transaction).caller_token_id,
            sender_token_id=transaction.sender_token_id,
            recipient_token_id=transaction.recipient_token_id,
        )


def balance(bank: Bank, reader: Account) -> results.AccountBalance:
    held = bank.transactions.holdings(reader)
    available = amount(held.available)
    return results.AccountBalance(
        total_balance=amount(held.total),
        pending_in_balance=amount(held.coming),
        pending_out_balance=amount(held.going),
        available_balances=results.AvailableBalances(disburse_balance=available, refund_balance=available),
    )


def token(bank: Bank, record: Token) -> results.Token:
    return results.Token(
        token_id=record.token_id,
        friendly_name=record.friendly_name,
        status="Active" if record.is_active(bank.clock.now()) else "Inactive",
        date_installed=record.created_at,
        caller_installed=account_id(record.caller),
        caller_reference=record.caller_reference,
        token_type=record.token_type,
        old_token_id=record.token_id,
        payment_reason=record.reason or None,
    )


def usage(record: Token, now: datetime) -> tuple[results.TokenUsageLimit, ...]:
    """What each limit of a token has counted, in this window and in the one before."""
    counted = [(limit, use.at(now, limit)) for limit, use in zip(record.limits, record.usages, strict=True)]
    return tuple(
        results.TokenUsageLimit(count=use.count, last_reset_count=use.last_count, last_reset_time_stamp=use.started_at)
        if limit.amount is None
        else results.TokenUsageLimit(
            amount=amount(use.amount), last_reset_amount=amount(use.last_amount), last_reset_time_stamp=use.started_at
        )
        for limit, use in counted
    )


def _history(transaction: TransactionRecord) -> Iterator[tuple[StatusChange, str]]:
    for position, change in enumerate(transaction.history):
        before = transaction.history[: position + 1]
        yield change, _status(change.status, change.code, _declined_before(before))


def _status(stands: str, code: str, declined_before: bool) -> str:
    if stands == "Pending" and code == TEMPORARY:
        return TEMPORARY
    if stands == "Pending" and declined_before:
        return AGAIN
    return _STATUSES.get(stands, stands)


def _declined_before(history: tuple[StatusChange, ...]) -> bool:
    return any(change.code == TEMPORARY for change in history[:-1])


def _went_wrong(transaction: TransactionRecord) -> bool:
    return status(transaction) in ("Failure", TEMPORARY)


def _message(transaction: TransactionRecord, change: StatusChange) -> str:
    return MESSAGES.get(change.code, transaction.status_message)


def _completed(transaction: TransactionRecord, change: StatusChange) -> datetime | None:
    return transaction.completed_at if change is transaction.history[-1] else None


def _parts(bank: Bank, transaction: TransactionRecord) -> tuple[results.TransactionPart, ...]:
    """What each role had to do with it; the fee stands with whoever pays it."""
    nothing = transaction.fees - transaction.fees
    roles = {"Sender": transaction.sender, "Caller": transaction.caller, "Recipient": transaction.recipient}
    return tuple(
        results.TransactionPart(
            account_id=account_id(email),
            role=role,
            name=_name(bank, email),
            reference=_reference(role, transaction),
            description=_description(role, transaction),
            fee_paid=amount(transaction.fees if role == transaction.fees_paid_by else nothing),
        )
        for role, email in roles.items()
    )


def _description(role: str, transaction: TransactionRecord) -> str | None:
    said = {
        "Caller": transaction.caller_description,
        "Sender": transaction.sender_description,
        "Recipient": _labels(transaction).recipient_description,
    }
    return said[role]


def _reference(role: str, transaction: TransactionRecord) -> str | None:
    labels = _labels(transaction)
    said = {
        "Caller": transaction.caller_reference,
        "Sender": labels.sender_reference,
        "Recipient": labels.recipient_reference,
    }
    return said[role]


def _labels(transaction: TransactionRecord) -> Labels:
    return transaction.labels or Labels()


def _instrument(bank: Bank, transaction: TransactionRecord, kind: str) -> str | None:
    found = bank.tabs.get(transaction.instrument_id or "")
    return found.instrument_id if found is not None and found.kind == kind else None


def _related(transaction: TransactionRecord) -> tuple[results.RelatedTransaction, ...]:
    parents = [transaction.parent_id] if transaction.parent_id else []
    return tuple(results.RelatedTransaction(found) for found in (*parents, *transaction.refund_ids))


def _name(bank: Bank, email: str) -> str:
    return bank.account(email).name
