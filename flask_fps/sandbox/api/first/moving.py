"""What callers of API version 2007-01-08 do with money: every request shows the caller's own token."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ....protocol.dialects.v2007_01_08 import messages
from ....protocol.dialects.v2007_01_08 import results
from ...bank.debt import WriteOffOrder
from ...bank.errors import BankError
from ...bank.feeding import FeedingOrder
from ...bank.gatekeeper import Situation
from ...bank.orders import Terms
from ...bank.payments import PayOrder
from ...bank.records import Labels
from ...bank.records import TransactionRecord
from ...bank.refunds import RefundOrder
from ...bank.reservations import SettleOrder
from ...bank.settlement import Ending
from ...bank.settlement import TEMPORARY
from ..actions import Asker
from . import reports
from .amounts import money
from .amounts import optional_money

#: A single cent by any method, only cards hold money, and a declined card may be tried again.
TERMS = Terms(smallest=1, reserves_on=("CC",), declines_with=TEMPORARY)
#: What it comes to instead, by TemporaryDeclinePolicyType. FPS's own retry ends here as a caller's does: well.
_DECLINED = {"ImplicitRetry": "Success", "Failure": "TransactionDenied"}


def pay(asker: Asker, message: messages.Pay) -> results.Made:
    return _made(asker, asker.bank.pay(asker.account, _pay_order(asker, message)))


def reserve(asker: Asker, message: messages.Reserve) -> results.Made:
    return _made(asker, asker.bank.reserve(asker.account, _pay_order(asker, message)))


def settle(asker: Asker, message: messages.Settle) -> results.Made:
    order = SettleOrder(
        transaction_id=message.reserve_transaction_id,
        amount=optional_money(message.transaction_amount),
        caller_date=message.transaction_date,
        meta_data=message.meta_data,
        terms=TERMS,
        ending=asker.ending,
    )
    return _made(asker, asker.bank.settle(asker.account, order))


def retry(asker: Asker, message: messages.RetryTransaction) -> results.Made:
    bank = asker.bank
    found = bank.transactions.of_party(asker.account.email, message.original_transaction_id)
    if found.caller != asker.account.email:
        raise BankError("InvalidTransactionId", "The transaction is not yours to retry.")
    return _made(asker, bank.settlement.retry(found))


def refund(asker: Asker, message: messages.Refund) -> results.Made:
    """Of a balance or a bank account at once, of a card a moment later."""
    bank = asker.bank
    original = bank.transactions.of_party(asker.account.email, message.transaction_id)
    _check_caller_token(asker, message.caller_token_id, "Refund", original.method)
    _check_refund_sender(asker, message.refund_sender_token_id, original)
    wait = bank.rules.speed["CC"] if original.method == "CC" else timedelta(0)
    order = RefundOrder(
        transaction_id=message.transaction_id,
        amount=optional_money(message.refund_amount),
        policy=message.marketplace_refund_policy or "MasterTxnOnly",
        caller_reference=message.caller_reference,
        caller_description=message.caller_description,
        sender_description=message.refund_sender_description,
        caller_date=message.transaction_date or asker.timestamp,
        ending=asker.ending or Ending(wait),
        terms=TERMS,
        labels=Labels(
            caller_token_id=message.caller_token_id,
            sender_reference=message.refund_sender_reference,
            recipient_reference=message.refund_recipient_reference,
            recipient_description=message.refund_recipient_description,
            meta_data=message.meta_data,
        ),
    )
    return _made(asker, bank.refund(asker.account, order))


def fund_prepaid(asker: Asker, message: messages.FundPrepaid) -> results.Made:
    method = _method_of(asker, message.sender_token_id)
    _check_caller_token(asker, message.caller_token_id, "FundPrepaid", method)
    order = FeedingOrder(
        sender_token_id=message.sender_token_id,
        instrument_id=message.prepaid_instrument_id,
        amount=money(message.funding_amount),
        fees_paid_by=message.charge_fee_to,
        **_common(asker, message),
    )
    return _made(asker, asker.bank.prepaid.fund(asker.account, order))


def settle_debt(asker: Asker, message: messages.SettleDebt) -> results.Made:
    method = _method_of(asker, message.sender_token_id)
    _check_caller_token(asker, message.caller_token_id, "SettleDebt", method)
    order = FeedingOrder(
        sender_token_id=message.sender_token_id,
        instrument_id=message.credit_instrument_id,
        amount=money(message.settlement_amount),
        fees_paid_by=message.charge_fee_to,
        **_common(asker, message),
    )
    return _made(asker, asker.bank.debt.settle(asker.account, order))


def write_off_debt(asker: Asker, message: messages.WriteOffDebt) -> results.Made:
    _check_caller_token(asker, message.caller_token_id, "WriteOffDebt", "Debt")
    order = WriteOffOrder(
        instrument_id=message.credit_instrument_id,
        amount=money(message.adjustment_amount),
        **_common(asker, message),
    )
    return _made(asker, asker.bank.debt.write_off(asker.account, order))


def _made(asker: Asker, transaction: TransactionRecord) -> results.Made:
    return reports.made(asker.bank, transaction)


def _pay_order(asker: Asker, message: messages.Payment) -> PayOrder:
    return PayOrder(
        sender_token_id=message.sender_token_id,
        recipient_token_id=message.recipient_token_id,
        caller_token_id=message.caller_token_id,
        amount=money(message.transaction_amount),
        fees_paid_by=message.charge_fee_to,
        fixed_fee=optional_money(message.marketplace_fixed_fee),
        variable_fee=message.marketplace_variable_fee,
        **_common(asker, message) | _policies(message),
    )


def _policies(message: messages.Payment) -> dict[str, Any]:
    """What the sender's card statement says, and what a declined card comes to."""
    statement = message.descriptor_policy or messages.DescriptorPolicy()
    decline = message.temporary_decline_policy or messages.TemporaryDeclinePolicy()
    ends = _DECLINED.get(decline.temporary_decline_policy_type or "", TERMS.declines_with)
    return {
        "statement_by": statement.cs_number_of or "Recipient",
        "dynamic_statement": statement.soft_descriptor_type == "Dynamic",
        "terms": replace(TERMS, declines_with=ends),
    }


def _common(asker: Asker, message: Any) -> dict[str, Any]:
    """What all requests that move a sender's money say alike, as :class:`~....bank.orders.Order` takes it."""
    return {
        "caller_reference": message.caller_reference,
        "caller_description": message.caller_description,
        "sender_description": message.sender_description,
        "caller_date": message.transaction_date or asker.timestamp,
        "ending": asker.ending,
        "terms": TERMS,
        "labels": Labels(
            caller_token_id=message.caller_token_id,
            sender_reference=message.sender_reference,
            recipient_reference=message.recipient_reference,
            recipient_description=message.recipient_description,
            meta_data=message.meta_data,
        ),
    }


def _check_caller_token(asker: Asker, token_id: str, operation: str, method: str) -> None:
    asker.bank.roles.caller(asker.account.email, token_id, Situation("Caller", operation, method))


def _check_refund_sender(asker: Asker, token_id: str | None, original: TransactionRecord) -> None:
    """Whoever gives the money back needs no token for it; one that is shown is of somebody who took part."""
    if token_id is not None and not original.involves(asker.bank.roles.sender(token_id).sender):
        raise BankError("SenderNotOriginalRecipient", "The refund's sender was not the original recipient.")


def _method_of(asker: Asker, sender_token_id: str) -> str:
    return asker.bank.roles.sender(sender_token_id).method
