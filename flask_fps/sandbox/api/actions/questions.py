"""Questions about transactions, the account, and signatures."""

from __future__ import annotations

from ....protocol import messages
from ....protocol import results
from ...bank.transactions import Filter
from .. import reports
from ..forms import between
from ..verification import is_ours
from .asker import Asker

BATCH_SIZE = 20
LARGEST_BATCH = 200


def transaction_status(asker: Asker, message: messages.GetTransactionStatus) -> results.GetTransactionStatusResult:
    found = asker.bank.transactions.of_party(asker.account.email, message.transaction_id)
    return results.GetTransactionStatusResult(
        transaction_id=found.transaction_id,
        transaction_status=found.status,
        caller_reference=found.caller_reference,
        status_code=found.status_code,
        status_message=found.status_message,
    )


def transaction(asker: Asker, message: messages.GetTransaction) -> results.GetTransactionResult:
    found = asker.bank.transactions.of_party(asker.account.email, message.transaction_id)
    return results.GetTransactionResult(reports.detail(asker.bank, asker.account, found))


def account_activity(asker: Asker, message: messages.GetAccountActivity) -> results.GetAccountActivityResult:
    """A batch is the oldest of what is left, whichever way it is sorted: the next one begins at a start date."""
    wanted = Filter(
        start=message.start_date,
        end=message.end_date,
        operation=message.fps_operation,
        method=message.payment_method,
        status=message.transaction_status,
        roles=message.role,
    )
    page = asker.bank.transactions.batch(asker.account.email, wanted, batch_size(asker, message.max_batch_size))
    if message.sort_order_by_date != "Ascending":
        page = page.reversed()
    return reports.activity(asker.bank, asker.account, page)


def batch_size(asker: Asker, asked: int | None) -> int:
    """MaxBatchSize, or what stands for it.

    :raises BankError: InvalidParams.
    """
    if asked is not None:
        between(asker.bank.rules.smallest_batch, LARGEST_BATCH)("maxBatchSize", asked)
    return asked or BATCH_SIZE


def account_balance(asker: Asker, message: messages.GetAccountBalance) -> results.GetAccountBalanceResult:
    return results.GetAccountBalanceResult(reports.balance(asker.bank, asker.bank.account(asker.account.email)))


def verify_signature(asker: Asker, message: messages.VerifySignature) -> results.VerifySignatureResult:
    ours = is_ours(message.url_end_point, message.http_parameters, asker.settings)
    return results.VerifySignatureResult("Success" if ours else "Failure")
