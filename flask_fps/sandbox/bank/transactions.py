"""Transactions once they exist: found by whoever took part in them (FPS API reference, *GetAccountActivity*)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from itertools import islice

from ...money import Money
from . import ids
from .books import ALL
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import invalid_id
from .errors import unknown_transaction
from .records import Account
from .records import TransactionRecord
from .tabs import METHODS as INSTRUMENTS


@dataclass(frozen=True)
class Holdings:
    """An account's money."""

    available: Money
    coming: Money
    going: Money

    @property
    def total(self) -> Money:
        """What is set aside for a refund under way still counts as the account's own, but not as available."""
        return self.available + self.going


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which of an account's transactions are wanted; ``None`` or empty asks for any."""

    start: datetime | None = None
    end: datetime | None = None
    operation: str | None = None
    method: str | None = None
    status: str | None = None
    roles: tuple[str, ...] = ()

    def takes(self, transaction: TransactionRecord, email: str) -> bool:
        """Of what the account took part in between the two dates, is this wanted?"""
        return (
            self.operation in (None, transaction.operation)
            and self.method in (None, transaction.method)
            and self.status in (None, transaction.status)
            and (not self.roles or any(getattr(transaction, role.lower()) == email for role in self.roles))
        )

    def lines(self) -> list[str]:
        """Lines of the account's timeline that hold all that is wanted, each; the shortest is the quickest."""
        role = self.roles[0] if len(self.roles) == 1 else None
        return [name for name in (self.operation, self.method, self.status, role) if name] or [ALL]


@dataclass(frozen=True)
class Page:
    """A stretch of an account's activity."""

    transactions: tuple[TransactionRecord, ...]
    #: Where the next page begins; ``None`` on the last.
    next_start: datetime | None

    def reversed(self) -> Page:
        """The same ones the other way round."""
        return replace(self, transactions=self.transactions[::-1])


class Transactions:
    """The desk where transactions are looked up."""

    def __init__(self, books: Books, clock: SandboxClock) -> None:
        self._books = books
        self._clock = clock

    def get(self, transaction_id: str) -> TransactionRecord | None:
        return self._books.transactions.get(transaction_id)

    def all(self) -> list[TransactionRecord]:
        """Oldest first."""
        with self._books.change():
            return list(self._books.transactions)

    def of_party(self, email: str, transaction_id: str, parameter: str = "transactionId") -> TransactionRecord:
        """The transaction, for one who took part in it; the parameter is what names it in the request.

        :raises BankError: InvalidParams for a malformed id; InvalidTransactionId for an unknown one or another's.
        """
        if not ids.is_transaction_id(transaction_id):
            raise invalid_id(parameter, "transaction", transaction_id)
        transaction = self._books.transactions.get(transaction_id)
        if transaction is None or not transaction.involves(email):
            raise unknown_transaction()
        return transaction

    def of_account(self, email: str, wanted: Filter | None = None) -> list[TransactionRecord]:
        """An account's transactions, newest first."""
        with self._books.change():
            return list(self._wanted(email, wanted or Filter(), newest_first=True))

    def latest(self, email: str, wanted: Filter, size: int) -> Page:
        """At most ``size`` of them, newest first, and from where on there are older ones: for people.

        :raises BankError: InvalidDateRange for an end before the start, or a start in the future.
        """
        self._check_dates(wanted)
        with self._books.change():
            found = self._wanted(email, wanted, newest_first=True)
            return Page(tuple(islice(found, size)), next((one.received_at for one in found), None))

    def batch(
        self, email: str, wanted: Filter, size: int, lines: Callable[[TransactionRecord], int] = lambda _: 1
    ) -> Page:
        """So many of them, oldest first, that come to at most ``size`` lines, and the start to go on from: for the API.

        :param lines: how many lines a transaction comes to. They stay together: the first one is told even if it has
            more than that; one that has none is left out.
        :raises BankError: InvalidDateRange for an end before the start, or a start in the future.
        """
        self._check_dates(wanted)
        with self._books.change():
            found = self._wanted(email, wanted, newest_first=False)
            taken, following = _fitting(((one, lines(one)) for one in found), size)
            return Page(tuple(taken), following.received_at if following else None)

    def _check_dates(self, wanted: Filter) -> None:
        latest = self._books.latest(self._clock.now())
        if wanted.start and (wanted.start > latest or (wanted.end and wanted.end < wanted.start)):
            raise BankError("InvalidDateRange", "The end date is before the start date, or the start is in the future.")

    def pending_amounts(self, email: str) -> tuple[int, int]:
        """What is on its way to an account's balance, and what has left it without arriving yet; in minor units."""
        with self._books.change():
            shelf = self._books.transactions
            pending = list(shelf.stretch("activity", (email, "Pending")))
            reserved = list(shelf.stretch("activity", (email, "Reserved")))
        coming = sum(one.amount.minor for one in pending if one.recipient == email and _fills_a_balance(one))
        return coming, sum(_taken(one) for one in (*pending, *reserved) if one.sender == email)

    def holdings(self, account: Account) -> Holdings:
        """What an account has, and what is on its way to it and from it."""
        coming, going = self.pending_amounts(account.email)
        currency = account.balance.currency
        return Holdings(account.balance, Money(coming, currency), Money(going, currency))

    def _wanted(self, email: str, wanted: Filter, *, newest_first: bool) -> Iterator[TransactionRecord]:
        shelf = self._books.transactions
        lines = [(email, name) for name in wanted.lines()]
        line = min(lines, key=shelf.timelines["activity"].length)
        stretch = shelf.stretch("activity", line, wanted.start, wanted.end, newest_first=newest_first)
        return (one for one in stretch if wanted.takes(one, email))


def _fitting(
    counted: Iterable[tuple[TransactionRecord, int]], size: int
) -> tuple[list[TransactionRecord], TransactionRecord | None]:
    """As many as fit, and the first one that does not."""
    taken: list[TransactionRecord] = []
    room = size
    for one, count in counted:
        if count and count > room and taken:
            return taken, one
        if count:
            taken.append(one)
            room -= count
    return taken, None


def _fills_a_balance(transaction: TransactionRecord) -> bool:
    """Money that comes to an account at all: not onto an instrument, not back onto a card."""
    back_on_a_card = transaction.operation == "Refund" and transaction.method == "CC"
    return transaction.method not in INSTRUMENTS and not back_on_a_card


def _taken(transaction: TransactionRecord) -> int:
    """What was taken from the sender's balance for a transaction that is not done: set aside, or held."""
    if transaction.operation == "Refund":
        return transaction.amount.minor if transaction.method not in INSTRUMENTS else 0
    return transaction.held.minor if transaction.held is not None and transaction.method == "ABT" else 0
