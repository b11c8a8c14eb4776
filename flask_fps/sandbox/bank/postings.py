"""What moves between balances when a transaction is reserved, succeeds or comes to nothing.

Whatever the method, every posting has two sides, so that all balances together never change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .accounts import Accounts
from .accounts import BANKS
from .accounts import CARDS
from .accounts import FEES
from .accounts import HOLDS
from .accounts import TRANSIT
from .books import Books
from .records import TransactionRecord


class Postings:
    """Moves the money of one transaction; what it returns is for the caller to put into the books."""

    def __init__(self, books: Books, accounts: Accounts) -> None:
        self._books = books
        self._accounts = accounts

    def hold(self, transaction: TransactionRecord, until: datetime) -> TransactionRecord:
        """Take what is reserved out of the sender's reach."""
        self._accounts.transfer(_source(transaction), HOLDS, transaction.amount)
        return replace(transaction, held=transaction.amount, held_until=until)

    def finish(self, transaction: TransactionRecord) -> TransactionRecord:
        """It succeeded: the money reaches whom it was meant for."""
        if transaction.operation == "Refund":
            self._accounts.transfer(TRANSIT, _refund_target(transaction), transaction.amount)
            return transaction
        free = self._release(transaction)
        self._accounts.transfer(_source(free), free.recipient, free.amount)
        self._accounts.transfer(free.recipient, FEES, free.fees)
        return free

    def drop(self, transaction: TransactionRecord) -> TransactionRecord:
        """It failed or was cancelled: what was taken for it goes back."""
        if transaction.operation == "Refund":
            self._take_back(transaction)
            return transaction
        return self._release(transaction)

    def _release(self, transaction: TransactionRecord) -> TransactionRecord:
        if transaction.held is None:
            return transaction
        self._accounts.transfer(HOLDS, _source(transaction), transaction.held)
        return replace(transaction, held=None, held_until=None)

    def _take_back(self, refund: TransactionRecord) -> None:
        """What was set aside for a refund goes back, and the original may be refunded again."""
        self._accounts.transfer(TRANSIT, refund.sender, refund.amount)
        self._accounts.transfer(refund.sender, FEES, refund.fees)
        original = self._books.transactions.get(refund.parent_id or "")
        assert original is not None
        self._books.transactions.put(
            replace(
                original,
                refunded=original.refunded - refund.amount,
                fees_refunded=original.fees_refunded - refund.fees,
            )
        )


def _source(transaction: TransactionRecord) -> str:
    return {"CC": CARDS, "ACH": BANKS}.get(transaction.method, transaction.sender)


def _refund_target(refund: TransactionRecord) -> str:
    """A card gets it back; whoever paid from a balance or a bank gets it on his balance."""
    return CARDS if refund.method == "CC" else refund.recipient
