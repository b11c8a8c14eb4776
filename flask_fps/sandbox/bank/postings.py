"""What moves between balances when a transaction begins, is reserved, succeeds or comes to nothing.

Whatever the method, every posting has two sides, so that all balances together never change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from . import use
from .accounts import Accounts
from .accounts import BANKS
from .accounts import CARDS
from .accounts import FEES
from .accounts import HOLDS
from .accounts import TRANSIT
from .books import Books
from .records import TransactionRecord
from .tabs import METHODS as INSTRUMENTS
from .tabs import Tabs


class Postings:
    """Moves the money of one transaction; what it returns is for the caller to put into the books."""

    def __init__(self, books: Books, accounts: Accounts, tabs: Tabs) -> None:
        self._books = books
        self._accounts = accounts
        self._tabs = tabs

    def begin(self, transaction: TransactionRecord) -> None:
        """It was accepted: a refund is set aside, an instrument is spent."""
        self._tabs.begin(transaction)
        if transaction.operation == "Refund" and _moves_money(transaction):
            self._set_aside(transaction)

    def hold(self, transaction: TransactionRecord, until: datetime) -> TransactionRecord:
        """Take what is reserved out of the sender's reach."""
        self._accounts.transfer(_source(transaction), HOLDS, transaction.amount)
        return replace(transaction, held=transaction.amount, held_until=until)

    def can_finish(self, transaction: TransactionRecord) -> bool:
        """False where a payment from a balance was made to wait, and the balance has gone meanwhile."""
        waited = transaction.method == "ABT" and transaction.operation != "Refund" and transaction.held is None
        return not waited or self._accounts.get(transaction.sender).balance.minor >= transaction.amount.minor

    def finish(self, transaction: TransactionRecord) -> TransactionRecord:
        """It succeeded: the money reaches whom it was meant for."""
        self._tabs.finish(transaction)
        if not _moves_money(transaction):
            return transaction
        if transaction.operation == "Refund":
            self._accounts.transfer(TRANSIT, _refund_target(transaction), transaction.amount)
            return transaction
        free = self._release(transaction)
        self._accounts.transfer(_source(free), free.recipient, free.amount)
        self._accounts.transfer(free.recipient, free.caller, free.marketplace_fees)
        self._accounts.transfer(free.fee_payer, FEES, free.fees)
        return free

    def drop(self, transaction: TransactionRecord) -> TransactionRecord:
        """It failed or was cancelled: what was taken for it goes back."""
        self._tabs.drop(transaction)
        if transaction.operation == "Refund":
            self._take_back(transaction)
        if transaction.operation == "SettleDebt":
            self._uncount(transaction)
        return self._release(transaction)

    def _release(self, transaction: TransactionRecord) -> TransactionRecord:
        if transaction.held is None:
            return transaction
        self._accounts.transfer(HOLDS, _source(transaction), transaction.held)
        return replace(transaction, held=None, held_until=None)

    def _set_aside(self, refund: TransactionRecord) -> None:
        """The fees come back to whoever paid them, and whoever was paid gives the amount."""
        self._accounts.transfer(FEES, refund.fee_payer, refund.fees)
        self._accounts.transfer(refund.caller, refund.sender, refund.marketplace_fees)
        self._accounts.transfer(refund.sender, TRANSIT, refund.amount)

    def _take_back(self, refund: TransactionRecord) -> None:
        """What was set aside goes back, and the original may be refunded again."""
        if _moves_money(refund):
            self._accounts.transfer(TRANSIT, refund.sender, refund.amount)
            self._accounts.transfer(refund.sender, refund.caller, refund.marketplace_fees)
            self._accounts.transfer(refund.fee_payer, FEES, refund.fees)
        original = self._books.transactions.get(refund.parent_id or "")
        assert original is not None
        self._books.transactions.put(less_refunded(original, refund))

    def _uncount(self, settlement: TransactionRecord) -> None:
        """The debt is still there, and so is the leave to collect it."""
        token = self._books.tokens.get(settlement.sender_token_id or "")
        assert token is not None
        self._books.tokens.put(use.uncounted(token, settlement.amount))


def more_refunded(original: TransactionRecord, refund: TransactionRecord) -> TransactionRecord:
    """The original once this much of it is promised back."""
    if refund.of_fee:
        return replace(original, marketplace_refunded=original.marketplace_refunded + refund.amount)
    return replace(
        original,
        refunded=original.refunded + refund.amount,
        fees_refunded=original.fees_refunded + refund.fees,
        marketplace_refunded=original.marketplace_refunded + refund.marketplace_fees,
    )


def less_refunded(original: TransactionRecord, refund: TransactionRecord) -> TransactionRecord:
    """The original once this refund has come to nothing."""
    less = replace(
        refund, amount=refund.amount * -1, fees=refund.fees * -1, marketplace_fees=refund.marketplace_fees * -1
    )
    return more_refunded(original, less)


def _moves_money(transaction: TransactionRecord) -> bool:
    return transaction.method not in INSTRUMENTS


def _source(transaction: TransactionRecord) -> str:
    return {"CC": CARDS, "ACH": BANKS}.get(transaction.method, transaction.sender)


def _refund_target(refund: TransactionRecord) -> str:
    """A card gets it back; whoever paid from a balance or a bank gets it on his balance."""
    return CARDS if refund.method == "CC" else refund.recipient
