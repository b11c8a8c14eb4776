"""The queue of results: how transactions ended that did not end at once (FPS API reference 2007-01-08, *GetResults*).

A result waits until its caller discards it; old ones stand before new ones. While a caller is subscribed to
notifications, results do not come here. What FPS posted then was a SOAP message of which nothing is left.
"""

from __future__ import annotations

from .books import Books
from .errors import BankError
from .records import Note
from .records import Result
from .records import TransactionRecord

#: The most that is fetched at once.
MOST = 25
RESULTS = "postTransactionResult"
#: What a caller can subscribe to.
EVENTS = (RESULTS, "postTokenCancellation")
_STATUSES = {"Success": "Success", "Reserved": "Success", "Failure": "Failure", "Cancelled": "Failure"}


class Results:
    """The desk where results are fetched."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, transaction: TransactionRecord) -> None:
        """Put it in the queue, if it is for one: a transaction of 2007-01-08 that had to wait and waits no more."""
        status = _STATUSES.get(transaction.status)
        if transaction.labels is None or status is None or len(transaction.history) < 2:
            return
        if self.subscription(transaction.caller, RESULTS) is not None:
            return
        self._books.results.put(
            Result(
                transaction_id=transaction.transaction_id,
                account=transaction.caller,
                operation=transaction.operation,
                caller_reference=transaction.caller_reference,
                status=status,
            )
        )

    def waiting(self, email: str) -> list[Result]:
        """An account's results, oldest first."""
        with self._books.change():
            return self._books.results.find("account", email)

    def discard(self, email: str, transaction_ids: tuple[str, ...]) -> tuple[str, ...]:
        """Take them off the queue; the ids that were not in it."""
        with self._books.change():
            unknown = []
            for transaction_id in transaction_ids:
                found = self._books.results.get(transaction_id)
                if found is None or found.account != email:
                    unknown.append(transaction_id)
                else:
                    self._books.results.remove(transaction_id)
            return tuple(unknown)

    def subscribe(self, email: str, event: str, url: str) -> None:
        """:raises BankError: InvalidEvent."""
        self._check(event)
        with self._books.change():
            self._books.notes.put(Note(_name(email, event), url))

    def unsubscribe(self, email: str, event: str) -> None:
        """:raises BankError: InvalidEvent, for one that was not subscribed to, too."""
        self._check(event)
        with self._books.change():
            if self.subscription(email, event) is None:
                raise BankError("InvalidEvent", "You are not subscribed to this event.")
            self._books.notes.remove(_name(email, event))

    def subscription(self, email: str, event: str) -> str | None:
        """Where an event is told, if it is."""
        note = self._books.notes.get(_name(email, event))
        return note.text if note else None

    def _check(self, event: str) -> None:
        if event not in EVENTS:
            raise BankError("InvalidEvent", f"There is no event {event:.64}: use {' or '.join(EVENTS)}.")


def _name(email: str, event: str) -> str:
    return f"subscription {event} {email}"
