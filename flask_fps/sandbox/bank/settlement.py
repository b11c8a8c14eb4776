"""How a transaction goes on and ends: money is posted, its history grows, its caller is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from .accounts import Accounts
from .books import ALL
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .notices import Notices
from .postings import Postings
from .records import Standing
from .records import StatusChange
from .records import TransactionRecord
from .results import Results
from .rules import Rules
from .switches import Switches
from .tabs import Tabs

#: What a status says about itself (captured; the rest from the table of status codes).
MESSAGES: Mapping[str, str] = {
    "Success": "The transaction was successful and the payment instrument was charged.",
    "PendingNetworkResponse": "The transaction is awaiting a response from the backend payment processor.",
    "PendingVerification": "The transaction has been flagged for manual investigation.",
    "TransactionDenied": "The transaction was denied by the payment processor.",
    "Expired": "The transaction did not complete within the time given for it.",
    "Canceled": "The transaction was cancelled by the caller.",
    "TemporaryDecline": "The transaction was declined for the moment. Please try it again.",
}
#: Declined for the moment: it pends until its caller tries it again. Versions after 2007-01-08 hide it, and it stands
#: in the history alone.
TEMPORARY = "TemporaryDecline"
#: What a pending transaction waits for.
WAITS = ("PendingNetworkResponse", "PendingVerification")
#: What a pending transaction may end with.
ENDINGS = ("Success", "TransactionDenied", "Expired")
_RESERVED = "The transaction amount was reserved on the payment instrument."


@dataclass(frozen=True)
class Ending:
    """When a pending transaction ends, and with which status code: ``Success``, or the reason of a failure."""

    after: timedelta
    code: str = "Success"
    #: The status code until then, one of :data:`WAITS`.
    waits: str = "PendingNetworkResponse"


class Settlement:
    """The desk that ends transactions."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        rules: Rules,
        switches: Switches,
        accounts: Accounts,
        tabs: Tabs,
        notices: Notices,
        results: Results,
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._switches = switches
        self._accounts = accounts
        self._notices = notices
        self._results = results
        self._postings = Postings(books, accounts, tabs)

    def enter(self, transaction: TransactionRecord) -> TransactionRecord:
        """Let a transaction pend, or end here and now if it need not wait."""
        with self._books.change():
            now = self._clock.now()
            at = now if transaction.history else transaction.received_at
            if not transaction.history:
                self._postings.begin(transaction)
            if transaction.ends_with == TEMPORARY:
                waiting = replace(transaction, settles_at=None, ends_with="Success")
                return self._move(waiting, at, "Pending", TEMPORARY)
            if transaction.settles_at is not None and transaction.settles_at <= now:
                return self._end(transaction, at)
            return self._move(transaction, at, "Pending", transaction.waits_with)

    def retry(self, transaction: TransactionRecord) -> TransactionRecord:
        """What was declined for the moment pends again, and ends as its method does.

        :raises BankError: InvalidTransactionState, for any other.
        """
        with self._books.change():
            if not (transaction.is_pending and transaction.history[-1].code == TEMPORARY):
                raise BankError("InvalidTransactionState", "Only a temporarily declined transaction can be retried.")
            wait = self._rules.speed.get(transaction.method, timedelta(0))
            return self.enter(replace(transaction, settles_at=self._clock.now() + wait))

    def cancel(self, transaction: TransactionRecord) -> TransactionRecord:
        """Nothing comes of it: its caller said so."""
        with self._books.change():
            return self._drop(transaction, self._clock.now(), "Cancelled", "Canceled", "Cancel")

    def settle_due(self) -> list[TransactionRecord]:
        """End every transaction whose time has come, in the order of their times."""
        settled = []
        with self._books.change():
            now = self._clock.now()
            while due := list(self._books.transactions.stretch("ends", ALL, end=now)):
                for transaction in sorted(due, key=_time_to_end):
                    settled.append(self._end(transaction, _time_to_end(transaction)[0]))
        return settled

    def pending(self) -> list[TransactionRecord]:
        with self._books.change():
            return self._books.transactions.find("pending", True)

    def next_due(self) -> datetime | None:
        """When the next pending or reserved transaction ends."""
        with self._books.change():
            return next((one.settles_at for one in self._books.transactions.stretch("ends", ALL)), None)

    def _end(self, transaction: TransactionRecord, at: datetime) -> TransactionRecord:
        if transaction.status == "Reserved":
            return self._drop(transaction, at, self._switches.expired_reserve, "Expired")
        if transaction.cancelling:
            return self._end_cancelling(transaction, at)
        if transaction.ends_with != "Success":
            return self._drop(transaction, at, "Failure", transaction.ends_with)
        if not self._postings.can_finish(transaction):
            return self._drop(transaction, at, "Failure", "TransactionDenied")
        if transaction.operation == "Reserve":
            return self._reserve(self._postings.hold(transaction, at + self._rules.reserve_life), at)
        return self._close(self._postings.finish(transaction), at, "Success", "Success")

    def _end_cancelling(self, transaction: TransactionRecord, at: datetime) -> TransactionRecord:
        """Cancelled at last, or reserved as before if that failed."""
        settled = replace(transaction, cancelling=False, ends_with="Success")
        if transaction.ends_with == "Success":
            return self._drop(settled, at, "Cancelled", "Canceled", "Cancel")
        return self._reserve(settled, at)

    def _reserve(self, transaction: TransactionRecord, at: datetime) -> TransactionRecord:
        return self._move(replace(transaction, settles_at=transaction.held_until), at, "Reserved", "Success")

    def _drop(
        self, transaction: TransactionRecord, at: datetime, status: str, code: str, cause: str = ""
    ) -> TransactionRecord:
        return self._close(self._postings.drop(transaction), at, status, code, cause)

    def _close(
        self, transaction: TransactionRecord, at: datetime, status: str, code: str, cause: str = ""
    ) -> TransactionRecord:
        return self._move(replace(transaction, completed_at=at, settles_at=None), at, status, code, cause)

    def _move(
        self, transaction: TransactionRecord, at: datetime, status: str, code: str, cause: str = ""
    ) -> TransactionRecord:
        standings = self._standings(transaction)
        change = StatusChange(at, status, code, transaction.amount, standings)
        shown = shown_since_2008(code)
        moved = replace(
            transaction,
            status=status,
            status_code=shown,
            status_message=_RESERVED if status == "Reserved" else MESSAGES[shown],
            history=(*transaction.history, change),
            standings=standings,
        )
        self._books.transactions.put(moved)
        self._notices.tell_transaction(moved, cause)
        self._results.add(moved)
        return moved

    def _standings(self, transaction: TransactionRecord) -> tuple[Standing, ...]:
        parties = dict.fromkeys((transaction.sender, transaction.recipient, transaction.caller))
        return tuple(Standing(email, self._accounts.get(email).balance) for email in parties)


def shown_since_2008(code: str) -> str:
    """A status code as later versions tell it."""
    return "PendingNetworkResponse" if code == TEMPORARY else code


def _time_to_end(transaction: TransactionRecord) -> tuple[datetime, datetime]:
    return transaction.settles_at or transaction.received_at, transaction.received_at
