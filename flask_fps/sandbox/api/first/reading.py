"""What callers of API version 2007-01-08 ask of tokens, transactions and their account."""

from __future__ import annotations

from dataclasses import replace

from ....protocol.dialects.v2007_01_08 import messages
from ....protocol.dialects.v2007_01_08 import results
from ...bank.records import TransactionRecord
from ...bank.transactions import Filter
from ..actions import Asker
from ..actions import BATCH_SIZE
from . import reports

#: The bank's own word for what this version asks for by another.
_STATUSES = {"Initiated": "Pending", "Reinitiated": "Pending", "TemporaryDecline": "Pending"}


def transaction(asker: Asker, message: messages.GetTransaction) -> results.GetTransactionResult:
    found = asker.bank.transactions.of_party(asker.account.email, message.transaction_id)
    return results.GetTransactionResult(reports.detail(asker.bank, found))


def account_activity(asker: Asker, message: messages.GetAccountActivity) -> results.GetAccountActivityResult:
    wanted = Filter(
        start=message.start_date,
        end=message.end_date,
        operation=message.operation,
        method=message.payment_method,
        status=_STATUSES.get(message.status or "", message.status),
        roles=message.role,
    )
    ascending = message.sort_order_by_date == "Ascending"
    page = asker.bank.transactions.page(asker.account.email, wanted, message.max_batch_size or BATCH_SIZE, ascending)
    rows = [row for each in page.transactions for row in _rows(asker, each, ascending)]
    if message.response_group == "Summary":
        rows = [replace(row, transaction_parts=()) for row in rows]
    return results.GetAccountActivityResult(
        response_batch_size=len(rows), transactions=tuple(rows), start_time_for_next_transaction=page.next_start
    )


def account_balance(asker: Asker, message: messages.GetAccountBalance) -> results.GetAccountBalanceResult:
    return results.GetAccountBalanceResult(reports.balance(asker.bank, asker.bank.account(asker.account.email)))


def _rows(asker: Asker, found: TransactionRecord, ascending: bool) -> list[results.Transaction]:
    rows = list(reports.rows(asker.bank, asker.account, found))
    return rows if ascending else rows[::-1]
