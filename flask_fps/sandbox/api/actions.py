"""What each action does with the bank, a function each (FPS API reference)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from ...money import Money
from ...protocol import messages
from ...protocol import results
from ...protocol.results import Amount
from ..bank import Bank
from ..bank import BankError
from ..bank.payments import PayOrder
from ..bank.records import Account
from ..bank.refunds import RefundOrder
from ..bank.reservations import SettleOrder
from ..bank.settlement import Ending
from ..bank.transactions import Filter
from ..settings import Settings
from . import reports
from .verification import is_ours

BATCH_SIZE = 20


@dataclass(frozen=True)
class Asker:
    """Who asks what of whom."""

    bank: Bank
    settings: Settings
    #: The account whose key signed; only VerifySignature comes without.
    account: Account
    timestamp: datetime | None
    #: When and how what he asks for shall end, if not as usual.
    ending: Ending | None = None


def pay(asker: Asker, message: messages.Pay) -> results.PayResult:
    made = asker.bank.pay(asker.account, _order(asker, message))
    return results.PayResult(made.transaction_id, made.status)


def reserve(asker: Asker, message: messages.Reserve) -> results.ReserveResult:
    made = asker.bank.reserve(asker.account, _order(asker, message))
    return results.ReserveResult(made.transaction_id, made.status)


def _order(asker: Asker, message: messages.Payment[Any]) -> PayOrder:
    if message.marketplace_fixed_fee is not None or message.marketplace_variable_fee is not None:
        raise BankError(
            "IncompatibleTokens", "Maximum values of marketplace fees not defined in Recipient token or are unreadable."
        )
    minutes = message.transaction_timeout_in_mins
    return PayOrder(
        sender_token_id=message.sender_token_id,
        amount=money(message.transaction_amount),
        caller_reference=message.caller_reference,
        recipient_token_id=message.recipient_token_id or None,
        fees_paid_by=message.charge_fee_to or "Recipient",
        caller_description=message.caller_description,
        sender_description=message.sender_description,
        timeout=timedelta(minutes=minutes) if minutes is not None else None,
        ipn_url=message.override_ipn_url,
        caller_date=asker.timestamp,
        ending=asker.ending,
    )


def settle(asker: Asker, message: messages.Settle) -> results.SettleResult:
    order = SettleOrder(
        transaction_id=message.reserve_transaction_id,
        amount=money(message.transaction_amount) if message.transaction_amount is not None else None,
        ipn_url=message.override_ipn_url,
        ending=asker.ending,
    )
    made = asker.bank.settle(asker.account, order)
    return results.SettleResult(made.transaction_id, made.status)


def cancel(asker: Asker, message: messages.Cancel) -> results.CancelResult:
    made = asker.bank.cancel(
        asker.account, message.transaction_id, ipn_url=message.override_ipn_url, ending=asker.ending
    )
    return results.CancelResult(made.transaction_id, made.status)


def refund(asker: Asker, message: messages.Refund) -> results.RefundResult:
    order = RefundOrder(
        transaction_id=message.transaction_id,
        caller_reference=message.caller_reference,
        amount=money(message.refund_amount) if message.refund_amount is not None else None,
        caller_description=message.caller_description,
        ipn_url=message.override_ipn_url,
        caller_date=asker.timestamp,
        ending=asker.ending,
    )
    made = asker.bank.refund(asker.account, order)
    return results.RefundResult(made.transaction_id, made.status)


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
    wanted = Filter(
        start=message.start_date,
        end=message.end_date,
        operation=message.fps_operation,
        method=message.payment_method,
        status=message.transaction_status,
        roles=message.role,
    )
    ascending = message.sort_order_by_date == "Ascending"
    page = asker.bank.transactions.page(asker.account.email, wanted, message.max_batch_size or BATCH_SIZE, ascending)
    return reports.activity(asker.bank, asker.account, page)


def account_balance(asker: Asker, message: messages.GetAccountBalance) -> results.GetAccountBalanceResult:
    return results.GetAccountBalanceResult(reports.balance(asker.bank, asker.bank.account(asker.account.email)))


def token_by_caller(asker: Asker, message: messages.GetTokenByCaller) -> results.GetTokenByCallerResult:
    found = asker.bank.tokens.by_caller(asker.account.email, message.token_id, message.caller_reference)
    return results.GetTokenByCallerResult(reports.token(asker.bank, found))


def cancel_token(asker: Asker, message: messages.CancelToken) -> None:
    asker.bank.cancel_token(asker.account, message.token_id, ipn_url=message.override_ipn_url)


def verify_signature(asker: Asker, message: messages.VerifySignature) -> results.VerifySignatureResult:
    ours = is_ours(message.url_end_point, message.http_parameters, asker.settings)
    return results.VerifySignatureResult("Success" if ours else "Failure")


#: By action; each takes the message of its own action.
PERFORM: Mapping[str, Callable[[Asker, Any], object]] = {
    "Pay": pay,
    "Reserve": reserve,
    "Settle": settle,
    "Cancel": cancel,
    "Refund": refund,
    "GetTransactionStatus": transaction_status,
    "GetTransaction": transaction,
    "GetAccountActivity": account_activity,
    "GetAccountBalance": account_balance,
    "GetTokenByCaller": token_by_caller,
    "CancelToken": cancel_token,
    "VerifySignature": verify_signature,
}
#: Their CallerReference makes a request sent again the same request.
REMEMBERED = frozenset({"Pay", "Reserve", "Refund"})


def money(amount: Amount) -> Money:
    """An amount in whole cents; a negative one is for the bank to refuse."""
    return Money(int(amount.value.scaleb(2)), amount.currency_code)
