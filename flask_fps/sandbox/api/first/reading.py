"""What callers of API version 2007-01-08 ask of tokens, transactions and their account."""

from __future__ import annotations

from dataclasses import replace

from ....protocol.dialects.v2007_01_08 import messages
from ....protocol.dialects.v2007_01_08 import results
from ...bank.records import TransactionRecord
from ...bank.transactions import Filter
from ..actions import Asker
from ..actions import batch_size
from . import reports


def transaction(asker: Asker, message: messages.GetTransaction) -> results.GetTransactionResult:
    found = asker.bank.transactions.of_party(asker.account.email, message.transaction_id)
    return results.GetTransactionResult(reports.detail(asker.bank, found))


def account_activity(asker: Asker, message: messages.GetAccountActivity) -> results.GetAccountActivityResult:
    """Lines are chosen and counted, and those of one transaction stay together; otherwise as later versions do."""
    wanted = Filter(
        start=message.start_date,
        end=message.end_date,
        operation=message.operation,
        method=message.payment_method,
        roles=message.role,
    )

    def lines(found: TransactionRecord) -> list[results.Transaction]:
        return list(reports.rows(asker.bank, asker.account, found, message.status))

    size = batch_size(asker, message.max_batch_size)
    page = asker.bank.transactions.batch(asker.account.email, wanted, size, lambda found: len(lines(found)))
    rows = [row for found in page.transactions for row in lines(found)]
    if message.sort_order_by_date != "Ascending":
        rows.reverse()
    if message.response_group == "Summary":
        rows = [replace(row, transaction_parts=()) for row in rows]
    return results.GetAccountActivityResult(
        response_batch_size=len(rows), transactions=tuple(rows), start_time_for_next_transaction=page.next_start
    )


def account_balance(asker: Asker, message: messages.GetAccountBalance) -> results.GetAccountBalanceResult:
    return results.GetAccountBalanceResult(reports.balance(asker.bank, asker.bank.account(asker.account.email)))
