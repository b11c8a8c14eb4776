"""The books as JSON values, for the control plane."""

from __future__ import annotations

from typing import Any

from ..money import Money
from .bank import Bank
from .bank.records import Instrument
from .bank.records import Subscription
from .bank.records import Token
from .bank.records import TransactionRecord
from .ipn import Letter


def amount(money: Money) -> str:
    return str(money.decimal)


def token(at: Bank, one: Token) -> dict[str, Any]:
    return {
        "tokenId": one.token_id,
        "tokenType": one.token_type,
        "status": "Active" if one.is_active(at.clock.now()) else "Inactive",
        "callerReference": one.caller_reference,
        "amount": amount(one.amount),
        "currency": one.amount.currency,
        "sender": one.sender,
        "caller": one.caller,
        "recipient": one.recipient,
        "paymentMethod": one.method,
        "use": one.use,
        "instrumentId": one.instrument_id,
        "transactionId": one.used_by,
        "date": one.created_at.isoformat(),
        "expires": one.expires_at.isoformat() if one.expires_at else None,
    }


def transaction(one: TransactionRecord) -> dict[str, Any]:
    return {
        "transactionId": one.transaction_id,
        "callerReference": one.caller_reference,
        "operation": one.operation,
        "status": one.status,
        "statusCode": one.status_code,
        "amount": amount(one.amount),
        "currency": one.amount.currency,
        "fees": amount(one.fees),
        "sender": one.sender,
        "recipient": one.recipient,
        "accessKey": one.access_key,
        "paymentMethod": one.method,
        "senderTokenId": one.sender_token_id,
        "parentTransactionId": one.parent_id,
        "date": one.received_at.isoformat(),
    }


def letter(one: Letter) -> dict[str, Any]:
    return {
        "id": one.notice_id,
        "url": one.url,
        "body": one.body.decode(),
        "headers": dict(one.headers),
        "parameters": dict(one.parameters),
        "attempts": one.attempts,
        "lastError": one.last_error,
    }


def instrument(one: Instrument) -> dict[str, Any]:
    return {
        "instrumentId": one.instrument_id,
        "kind": one.kind,
        "sender": one.sender,
        "recipient": one.recipient,
        "limit": amount(one.limit),
        "balance": amount(one.balance),
        "pending": amount(one.pending),
        "expires": one.expires_at.isoformat() if one.expires_at else None,
    }


def subscription(one: Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": one.subscription_id,
        "status": one.status,
        "sender": one.sender,
        "recipient": one.recipient,
        "amount": amount(one.amount),
        "every": str(one.frequency),
        "transactions": list(one.transaction_ids),
        "next": one.next_at.isoformat() if one.next_at else None,
    }
