"""Pay, Reserve, Settle, Cancel and Refund."""

from __future__ import annotations

from typing import Any

from ....protocol import messages
from ....protocol import results
from ...bank.payments import PayOrder
from ...bank.refunds import RefundOrder
from ...bank.reservations import SettleOrder
from .asker import Asker
from .asker import common
from .asker import money
from .asker import optional_money


def pay(asker: Asker, message: messages.Pay) -> results.PayResult:
    made = asker.bank.pay(asker.account, _order(asker, message))
    return results.PayResult(made.transaction_id, made.status)


def reserve(asker: Asker, message: messages.Reserve) -> results.ReserveResult:
    made = asker.bank.reserve(asker.account, _order(asker, message))
    return results.ReserveResult(made.transaction_id, made.status)


def settle(asker: Asker, message: messages.Settle) -> results.SettleResult:
    order = SettleOrder(
        transaction_id=message.reserve_transaction_id,
        amount=optional_money(message.transaction_amount),
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
        amount=optional_money(message.refund_amount),
        policy=message.marketplace_refund_policy or "MasterTxnOnly",
        caller_description=message.caller_description,
        ipn_url=message.override_ipn_url,
        caller_date=asker.timestamp,
        ending=asker.ending,
    )
    made = asker.bank.refund(asker.account, order)
    return results.RefundResult(made.transaction_id, made.status)


def _order(asker: Asker, message: messages.Payment[Any]) -> PayOrder:
    return PayOrder(
        sender_token_id=message.sender_token_id,
        amount=money(message.transaction_amount),
        recipient_token_id=message.recipient_token_id or None,
        fees_paid_by=message.charge_fee_to or "Recipient",
        fixed_fee=optional_money(message.marketplace_fixed_fee),
        variable_fee=message.marketplace_variable_fee,
        **common(asker, message),
    )
