"""How a transaction ends: money is posted, its history grows, its caller is told.

Whatever the method, every posting has two sides, so that all balances together never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from .accounts import Accounts
from .accounts import BANKS
from .accounts import CARDS
from .accounts import FEES
from .accounts import TRANSIT
from .books import ALL
from .books import Books
from .clock import SandboxClock
from .notices import Notices
from .records import Standing
from .records import StatusChange
from .records import TransactionRecord

#: What a status says about itself (captured; the rest from the table of status codes).
MESSAGES: Mapping[str, str] = {
    "Success": "The transaction was successful and the payment instrument was charged.",
    "PendingNetworkResponse": "The transaction is awaiting a response from the backend payment processor.",
    "TransactionDenied": "The transaction was denied by the payment processor.",
    "Expired": "The transaction did not complete within the time given for it.",
}


@dataclass(frozen=True)
class Ending:
    """When a pending transaction ends, and with which status code: ``Success``, or the reason of a failure."""

    after: timedelta
    code: str = "Success"


class Settlement:
    """The desk that ends transactions."""

    def __init__(self, books: Books, clock: SandboxClock, accounts: Accounts, notices: Notices) -> None:
        self._books = books
        self._clock = clock
        self._accounts = accounts
        self._notices = notices

    def enter(self, transaction: TransactionRecord) -> TransactionRecord:
        """Write a new pending transaction; one without a wait ends here and now."""
        with self._books.change():
            if transaction.settles_at is not None and transaction.settles_at <= self._clock.now():
                return self._end(transaction, transaction.received_at, "Success", "Success")
            return self._move(transaction, transaction.received_at, "Pending", "PendingNetworkResponse")

    def settle_due(self) -> list[TransactionRecord]:
        """End every transaction whose time has come, in the order of their times."""
        settled = []
        with self._books.change():
            now = self._clock.now()
            due = self._books.transactions.stretch("ends", ALL, end=now)
            for transaction in sorted(due, key=_time_to_end):
                at, _received = _time_to_end(transaction)
                settled.append(self._end(transaction, at, *_ending(transaction)))
        return settled

    def pending(self) -> list[TransactionRecord]:
        with self._books.change():
            return self._books.transactions.find("pending", True)

    def next_due(self) -> datetime | None:
        """When the next pending transaction ends."""
        with self._books.change():
            return next((one.settles_at for one in self._books.transactions.stretch("ends", ALL)), None)

    def _end(self, transaction: TransactionRecord, at: datetime, status: str, code: str) -> TransactionRecord:
        if status == "Success":
            self._post(transaction)
        elif transaction.operation == "Refund":
            self._take_back(transaction)
        return self._move(replace(transaction, completed_at=at, settles_at=None), at, status, code)

    def _move(self, transaction: TransactionRecord, at: datetime, status: str, code: str) -> TransactionRecord:
        change = StatusChange(at, status, code, transaction.amount)
        moved = replace(
            transaction,
            status=status,
            status_code=code,
            status_message=MESSAGES[code],
            history=(*transaction.history, change),
            standings=self._standings(transaction),
        )
        self._books.transactions.put(moved)
        self._notices.tell_transaction(moved)
        return moved

    def _post(self, transaction: TransactionRecord) -> None:
        if transaction.operation == "Refund":
            self._accounts.transfer(TRANSIT, _refund_target(transaction), transaction.amount)
            return
        self._accounts.transfer(_pay_source(transaction), transaction.recipient, transaction.amount)
        self._accounts.transfer(transaction.recipient, FEES, transaction.fees)

    def _take_back(self, refund: TransactionRecord) -> None:
        """A refund failed: what was set aside for it goes back, and the original may be refunded again."""
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

    def _standings(self, transaction: TransactionRecord) -> tuple[Standing, ...]:
        parties = dict.fromkeys((transaction.sender, transaction.recipient, transaction.caller))
        return tuple(Standing(email, self._accounts.get(email).balance) for email in parties)


def _time_to_end(transaction: TransactionRecord) -> tuple[datetime, datetime]:
    return transaction.settles_at or transaction.received_at, transaction.received_at


def _ending(transaction: TransactionRecord) -> tuple[str, str]:
    if transaction.ends_with == "Success":
        return "Success", "Success"
    return "Failure", transaction.ends_with


def _pay_source(transaction: TransactionRecord) -> str:
    return {"CC": CARDS, "ACH": BANKS}.get(transaction.method, transaction.sender)


def _refund_target(refund: TransactionRecord) -> str:
    """A card gets it back; whoever paid from a balance or a bank gets it on his balance."""
    return CARDS if refund.method == "CC" else refund.recipient
