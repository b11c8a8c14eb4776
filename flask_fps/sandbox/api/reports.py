"""The bank's records as the API tells them: complex types of the FPS API reference."""

from __future__ import annotations

from datetime import datetime

from ...money import Money
from ...protocol import results
from ...protocol.results import Amount
from ..bank import Bank
from ..bank.periods import Period
from ..bank.records import Account
from ..bank.records import Subscription
from ..bank.records import Token
from ..bank.records import TransactionRecord
from ..bank.settlement import shown_since_2008
from ..bank.transactions import Page


def amount(money: Money) -> Amount:
    return Amount(money.decimal, money.currency)


def detail(bank: Bank, reader: Account, transaction: TransactionRecord) -> results.TransactionDetail:
    """One transaction, for a party to it. The sender's address is for a caller who is the recipient."""
    shows_email = transaction.caller == transaction.recipient == reader.email
    return results.TransactionDetail(
        transaction_id=transaction.transaction_id,
        caller_reference=transaction.caller_reference,
        caller_description=transaction.caller_description,
        sender_description=transaction.sender_description,
        date_received=transaction.received_at,
        date_completed=transaction.completed_at,
        transaction_amount=amount(transaction.amount),
        fps_fees=amount(transaction.fees),
        marketplace_fees=amount(transaction.marketplace_fees) if transaction.marketplace_fees.minor else None,
        fps_fees_paid_by=transaction.fees_paid_by,
        sender_token_id=transaction.sender_token_id,
        recipient_token_id=transaction.recipient_token_id,
        prepaid_instrument_id=_instrument(bank, transaction, "Prepaid"),
        credit_instrument_id=_instrument(bank, transaction, "Debt"),
        fps_operation=transaction.operation,
        payment_method=transaction.method,
        transaction_status=transaction.status,
        status_code=transaction.status_code,
        status_message=transaction.status_message,
        sender_name=_name(bank, transaction.sender),
        sender_email=transaction.sender if shows_email else None,
        caller_name=_name(bank, transaction.caller),
        recipient_name=_name(bank, transaction.recipient),
        recipient_email=transaction.recipient,
        related_transaction=_related(transaction),
        status_history=tuple(
            results.StatusHistory(
                date=change.at,
                transaction_status=change.status,
                status_code=shown_since_2008(change.code),
                amount=amount(change.amount),
            )
            for change in transaction.history
        ),
    )


def activity(bank: Bank, reader: Account, page: Page) -> results.GetAccountActivityResult:
    lines = tuple(_line(bank, reader, transaction) for transaction in page.transactions)
    return results.GetAccountActivityResult(
        batch_size=len(lines), transactions=lines, start_time_for_next_transaction=page.next_start
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
        token_status="Active" if record.is_active(bank.clock.now()) else "Inactive",
        date_installed=record.created_at,
        caller_reference=record.caller_reference,
        token_type=record.token_type,
        old_token_id=record.token_id,
        payment_reason=record.reason or None,
    )


def usage(record: Token, now: datetime) -> tuple[results.TokenUsageLimit, ...]:
    """What each limit of a token has counted, in this window and in the one before."""
    counted = [(limit, use.at(now, limit)) for limit, use in zip(record.limits, record.usages, strict=True)]
    return tuple(
        results.TokenUsageLimit(last_reset_timestamp=use.started_at, count=use.count, last_reset_count=use.last_count)
        if limit.amount is None
        else results.TokenUsageLimit(
            last_reset_timestamp=use.started_at,
            amount=amount(use.amount),
            last_reset_amount=amount(use.last_amount),
        )
        for limit, use in counted
    )


def verification(account: Account) -> str:
    """Whether a recipient has proved who he is, and may be paid without limits."""
    if not (account.is_verified and account.email_verified):
        return "VerificationPending"
    return "VerificationComplete" if account.is_personal else "VerificationCompleteNoLimits"


def subscription(bank: Bank, record: Subscription) -> results.SubscriptionDetails:
    paid = len(record.transaction_ids)
    return results.SubscriptionDetails(
        subscription_id=record.subscription_id,
        description=record.description,
        subscription_amount=amount(record.amount),
        next_transaction_amount=amount(record.amount_of(paid)) if record.next_at else None,
        promotional_amount=amount(record.promotional_amount) if record.promotional_amount else None,
        number_of_promotional_transactions=record.promotional_count,
        start_date=record.started_at,
        end_date=record.ends_at,
        subscription_period=_span(record.lasts) if record.lasts else None,
        subscription_frequency=_span(record.frequency),
        override_ipn_url=record.ipn_url,
        subscription_status=record.status,
        number_of_transactions_processed=paid,
        recipient_email=record.recipient,
        recipient_name=_name(bank, record.recipient),
        sender_email=record.sender,
        sender_name=_name(bank, record.sender),
        next_transaction_date=record.next_at,
    )


def subscription_payments(bank: Bank, record: Subscription) -> tuple[results.SubscriptionTransaction, ...]:
    return tuple(
        results.SubscriptionTransaction(
            transaction_id=one.transaction_id,
            transaction_date=one.received_at,
            transaction_serial_number=number,
            transaction_amount=amount(one.amount),
            description=record.description,
            transaction_status=one.status,
        )
        for number, one in enumerate(bank.subscriptions.transactions(record), start=1)
    )


def _span(period: Period) -> results.SubscriptionPeriod:
    return results.SubscriptionPeriod(period.count, period.unit)


def _instrument(bank: Bank, transaction: TransactionRecord, kind: str) -> str | None:
    found = bank.tabs.get(transaction.instrument_id or "")
    return found.instrument_id if found is not None and found.kind == kind else None


def _line(bank: Bank, reader: Account, transaction: TransactionRecord) -> results.Transaction:
    return results.Transaction(
        transaction_id=transaction.transaction_id,
        caller_transaction_date=transaction.caller_date or transaction.received_at,
        date_received=transaction.received_at,
        date_completed=transaction.completed_at,
        transaction_amount=amount(transaction.amount),
        fps_operation=transaction.operation,
        transaction_status=transaction.status,
        status_message=transaction.status_message,
        status_code=transaction.status_code,
        original_transaction_id=transaction.parent_id,
        transaction_part=_parts(bank, transaction),
        payment_method=transaction.method,
        sender_name=_name(bank, transaction.sender),
        caller_name=_name(bank, transaction.caller),
        recipient_name=_name(bank, transaction.recipient),
        fps_fees=amount(transaction.fees),
        balance=amount(transaction.balance_of(reader.email) or reader.balance),
        sender_token_id=transaction.sender_token_id,
        recipient_token_id=transaction.recipient_token_id,
    )


def _parts(bank: Bank, transaction: TransactionRecord) -> tuple[results.TransactionPart, ...]:
    """What each role had to do with it; the fee stands with whoever pays it."""
    nothing = transaction.fees - transaction.fees
    roles = {"Caller": transaction.caller, "Recipient": transaction.recipient, "Sender": transaction.sender}
    return tuple(
        results.TransactionPart(
            role=role,
            name=_name(bank, email),
            reference=transaction.caller_reference if role == "Caller" else None,
            description=transaction.caller_description if role == "Caller" else None,
            fees_paid=amount(transaction.fees if role == transaction.fees_paid_by else nothing),
        )
        for role, email in roles.items()
    )


def _related(transaction: TransactionRecord) -> tuple[results.RelatedTransaction, ...]:
    parents = [(transaction.parent_id, "Parent")] if transaction.parent_id else []
    refunds = [(refund_id, "Refund") for refund_id in transaction.refund_ids]
    return tuple(
        results.RelatedTransaction(transaction_id=found, relation_type=relation)
        for found, relation in parents + refunds
    )


def _name(bank: Bank, email: str) -> str:
    return bank.account(email).name
