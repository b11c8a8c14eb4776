"""Subscriptions."""

from __future__ import annotations

from ....protocol import messages
from ....protocol import results
from ...bank.errors import invalid_params
from .. import reports
from .asker import Asker
from .asker import optional_money


def cancel_and_refund(
    asker: Asker, message: messages.CancelSubscriptionAndRefund
) -> results.CancelSubscriptionAndRefundResult:
    if message.refund_amount is not None and not message.caller_reference:
        raise invalid_params("callerReference can not be empty")
    refund = asker.bank.subscriptions.cancel(
        asker.account,
        message.subscription_id,
        optional_money(message.refund_amount),
        message.caller_reference or "",
        message.cancel_reason,
    )
    return results.CancelSubscriptionAndRefundResult(refund.transaction_id if refund else None)


def details(asker: Asker, message: messages.GetSubscriptionDetails) -> results.GetSubscriptionDetailsResult:
    found = asker.bank.subscriptions.of_party(asker.account.email, message.subscription_id)
    return results.GetSubscriptionDetailsResult(reports.subscription(asker.bank, found))


def transactions(
    asker: Asker, message: messages.GetTransactionsForSubscription
) -> results.GetTransactionsForSubscriptionResult:
    found = asker.bank.subscriptions.of_party(asker.account.email, message.subscription_id)
    return results.GetTransactionsForSubscriptionResult(reports.subscription_payments(asker.bank, found))
