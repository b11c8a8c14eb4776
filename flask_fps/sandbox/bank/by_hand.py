"""What people do to transactions in the account manager, beside what callers ask for.

A seller gave money back there, and a card's holder had it charged back by his bank; FPS told the caller of both by a
notification that names the payment (``parentTransactionId``). To end a pending transaction before its time is a
sandbox's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...money import Money
from . import ids
from .accounts import Accounts
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .orders import Terms
from .records import TransactionRecord
from .refunds import RefundOrder
from .refunds import Refunds
from .reservations import Reservations
from .reservations import SettleOrder
from .settlement import Settlement
from .transactions import Transactions

#: How a pending transaction may be let fail.
FAILURES = ("TransactionDenied", "Expired")
#: Whatever a request may not move: what was held, its seller can have.
ANY_CENT = Terms(smallest=1)
CHARGED_BACK = "Charged back by the buyer's bank"
#: Only through these does a bank stand between the buyer and his money.
_DISPUTED = ("CC", "ACH")


class ByHand:
    """The desk for those who come in person."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        accounts: Accounts,
        transactions: Transactions,
        settlement: Settlement,
        refunds: Refunds,
        reservations: Reservations,
    ) -> None:
        self._books = books
        self._clock = clock
        self._accounts = accounts
        self._transactions = transactions
        self._settlement = settlement
        self._refunds = refunds
        self._reservations = reservations

    def acts(self, email: str, transaction: TransactionRecord) -> tuple[str, ...]:
        """What this party may do to this transaction now."""
        return tuple(self._acts(email, transaction))

    def settle(self, email: str, transaction_id: str) -> TransactionRecord:
        """A pending transaction ends now, and well.

        :raises BankError: InvalidTransactionId or InvalidTransactionState; so do the others.
        """
        return self._end(email, transaction_id, "settle", "Success")

    def fail(self, email: str, transaction_id: str, code: str) -> TransactionRecord:
        """A pending transaction ends now, with one of :data:`FAILURES`."""
        if code not in FAILURES:
            raise BankError("InvalidParams", f"{code:.40} is no reason to fail: use {' or '.join(FAILURES)}.")
        return self._end(email, transaction_id, "fail", code)

    def collect(self, email: str, transaction_id: str, amount: Money | None) -> TransactionRecord:
        """The seller settles what is reserved; no amount means all of it."""
        with self._books.change():
            caller = self._accounts.get(self._may(email, transaction_id, "collect").caller)
            order = SettleOrder(transaction_id=transaction_id, amount=amount, terms=ANY_CENT)
            return self._reservations.settle(caller, order)

    def release(self, email: str, transaction_id: str) -> TransactionRecord:
        """The seller lets go of what is reserved."""
        with self._books.change():
            caller = self._accounts.get(self._may(email, transaction_id, "release").caller)
            return self._reservations.cancel(caller, transaction_id, ipn_url=None)

    def refund(self, email: str, transaction_id: str, amount: Money | None, note: str | None) -> TransactionRecord:
        """The seller gives a payment back; no amount means all that remains."""
        return self._give_back(email, "refund", _order(transaction_id, amount, note))

    def charge_back(self, email: str, transaction_id: str, amount: Money | None = None) -> TransactionRecord:
        """The buyer's bank takes a payment back, whether or not the seller still has it."""
        order = replace(_order(transaction_id, amount, CHARGED_BACK), charged_back=True)
        return self._give_back(email, "charge_back", order)

    def _acts(self, email: str, transaction: TransactionRecord) -> Iterator[str]:
        if transaction.is_pending:
            yield from ("settle", "fail")
        sells = email in (transaction.recipient, transaction.caller)
        if transaction.status == "Reserved" and sells:
            yield from ("collect", "release")
        paid = transaction.operation in ("Pay", "Settle") and transaction.status == "Success"
        if paid and transaction.refunded.minor < transaction.amount.minor:
            if sells:
                yield "refund"
            if transaction.method in _DISPUTED:
                yield "charge_back"

    def _may(self, email: str, transaction_id: str, act: str) -> TransactionRecord:
        transaction = self._transactions.of_party(email, transaction_id)
        if act not in self._acts(email, transaction):
            raise BankError("InvalidTransactionState", "This can no longer be done to the transaction.")
        return transaction

    def _end(self, email: str, transaction_id: str, act: str, code: str) -> TransactionRecord:
        with self._books.change():
            transaction = self._may(email, transaction_id, act)
            ending = replace(transaction, settles_at=self._clock.now(), ends_with=code)
            self._books.transactions.put(ending)
            self._settlement.settle_due()
            return self._transactions.of_party(email, transaction_id)

    def _give_back(self, email: str, act: str, order: RefundOrder) -> TransactionRecord:
        with self._books.change():
            transaction = self._may(email, order.transaction_id, act)
            return self._refunds.refund(self._accounts.get(transaction.caller), order)


def _order(transaction_id: str, amount: Money | None, note: str | None) -> RefundOrder:
    return RefundOrder(
        transaction_id=transaction_id,
        caller_reference=f"ByHand-{ids.request_id()}",
        amount=amount,
        caller_description=note,
        by_hand=True,
    )
