"""Refund: the caller gives a payment back, whole or in parts (FPS API reference, *Refund*)."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from decimal import ROUND_HALF_UP

from ...money import Money
from . import ids
from .accounts import Accounts
from .accounts import FEES
from .accounts import TRANSIT
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .records import Account
from .records import TransactionRecord
from .rules import Rules
from .settlement import Ending
from .settlement import Settlement
from .transactions import Transactions


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """What a caller asks for."""

    transaction_id: str
    caller_reference: str
    #: ``None``: all that remains.
    amount: Money | None = None
    caller_description: str | None = None
    ipn_url: str | None = None
    caller_date: datetime | None = None
    #: The sender's bank takes it, even what the recipient no longer has.
    charged_back: bool = False
    #: When and how it shall end, if not as usual.
    ending: Ending | None = None


class Refunds:
    """The desk for refunds."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        rules: Rules,
        accounts: Accounts,
        transactions: Transactions,
        settlement: Settlement,
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._accounts = accounts
        self._transactions = transactions
        self._settlement = settlement

    def refund(self, caller: Account, order: RefundOrder) -> TransactionRecord:
        """Set the amount aside now; it reaches the sender when the refund settles.

        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            original = self._original(caller, order.transaction_id)
            amount = self._amount(original, order.amount)
            refund = self._transaction(original, amount, order)
            self._set_aside(refund, beyond_balance=order.charged_back)
            self._books.transactions.put(
                replace(
                    original,
                    refunded=original.refunded + amount,
                    fees_refunded=original.fees_refunded + refund.fees,
                    refund_ids=(*original.refund_ids, refund.transaction_id),
                )
            )
            return self._settlement.enter(refund)

    def _original(self, caller: Account, transaction_id: str) -> TransactionRecord:
        original = self._transactions.of_party(caller.email, transaction_id)
        if original.caller != caller.email:
            raise BankError("InvalidTransactionId", "The transaction is not yours to refund.")
        if original.operation not in ("Pay", "Settle"):
            raise BankError("TransactionTypeNotRefundable", "This type of transaction cannot be refunded.")
        if original.is_pending:
            raise BankError("OriginalTransactionIncomplete", "The original transaction is still in progress.")
        if original.status != "Success":
            raise BankError("OriginalTransactionFailed", "The original transaction has failed.")
        return original

    def _amount(self, original: TransactionRecord, asked: Money | None) -> Money:
        remains = original.amount - original.refunded
        if remains.minor == 0:
            raise BankError("TransactionFullyRefundedAlready", "The transaction has already been fully refunded.")
        amount = remains if asked is None else asked
        if amount.minor < 1:
            raise BankError("AmountOutOfRange", "The refund amount is outside the allowed range.")
        if amount.minor > remains.minor:
            raise BankError("RefundAmountExceeded", "The refund amount is more than the refundable amount.")
        return amount

    def _set_aside(self, refund: TransactionRecord, *, beyond_balance: bool) -> None:
        self._accounts.transfer(FEES, refund.sender, refund.fees)
        if not beyond_balance and self._accounts.get(refund.sender).balance.minor < refund.amount.minor:
            raise BankError("InsufficientBalance", "The recipient's account balance is not sufficient.")
        self._accounts.transfer(refund.sender, TRANSIT, refund.amount)

    def _transaction(self, original: TransactionRecord, amount: Money, order: RefundOrder) -> TransactionRecord:
        now = self._books.stamp(self._clock.now())
        ending = order.ending or Ending(self._rules.refund_speed)
        return TransactionRecord(
            transaction_id=ids.transaction_id(),
            operation="Refund",
            caller_reference=order.caller_reference,
            amount=amount,
            fees=_fee_given_back(original, amount),
            fees_paid_by=original.fees_paid_by,
            sender=original.recipient,
            recipient=original.sender,
            caller=original.caller,
            access_key=original.access_key,
            method=original.method,
            status="Pending",
            status_code="",
            status_message="",
            received_at=now,
            settles_at=self._clock.now() + ending.after,
            ends_with=ending.code,
            caller_description=order.caller_description,
            caller_date=order.caller_date,
            parent_id=original.transaction_id,
            refunded=amount - amount,
            fees_refunded=amount - amount,
            ipn_url=order.ipn_url,
        )


def _fee_given_back(original: TransactionRecord, amount: Money) -> Money:
    """FPS's fee comes back in proportion; all parts together never give back more than it was."""
    share = Decimal((original.refunded + amount).minor) / original.amount.minor
    total = int((original.fees.minor * share).quantize(Decimal(1), ROUND_HALF_UP))
    return Money(max(total - original.fees_refunded.minor, 0), amount.currency)
