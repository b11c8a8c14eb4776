"""What is on prepaid instruments and owed on credit ones, and how transactions change it.

Money moves between accounts when an instrument is funded or settled, never when it is spent
(FPS developer guide, *Using prepaid payment tokens* and *Using postpaid payment tokens*).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...money import Money
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import invalid_params
from .records import Instrument
from .records import TransactionRecord
from .rules import NOTHING

#: Payments by these methods move no money between accounts.
METHODS = ("Prepaid", "Debt")


class Totals(NamedTuple):
    """Of all instruments of one recipient and kind."""

    balance: Money
    pending: Money


class Tabs:
    """The desk that keeps instruments."""

    def __init__(self, books: Books, clock: SandboxClock) -> None:
        self._books = books
        self._clock = clock

    def get(self, instrument_id: str) -> Instrument | None:
        return self._books.instruments.get(instrument_id)

    def of_recipient(self, email: str, instrument_id: str, kind: str) -> Instrument:
        """The instrument, for the recipient who issued it.

        :raises BankError: InvalidParams (captured text) or InstrumentAccessDenied.
        """
        found = self._books.instruments.get(instrument_id)
        if found is None or found.kind != kind:
            name = "PrepaidInstrumentId" if kind == "Prepaid" else "CreditInstrumentId"
            raise invalid_params(f"{name} : {instrument_id} is invalid")
        if found.recipient != email:
            raise BankError("InstrumentAccessDenied", "You are not the recipient of this instrument.")
        return found

    def issued_by(self, email: str, kind: str) -> list[Instrument]:
        """All that one recipient issued, oldest first."""
        with self._books.change():
            return self._books.instruments.find("recipient", (email, kind))

    def totals(self, email: str, kind: str) -> Totals:
        issued = self.issued_by(email, kind)
        return Totals(
            sum((one.balance for one in issued), NOTHING),
            sum((one.pending for one in issued), NOTHING),
        )

    def check_spending(self, instrument_id: str, amount: Money) -> None:
        """:raises BankError: InstrumentExpired or InsufficientBalance."""
        instrument = self._books.instruments.get(instrument_id)
        assert instrument is not None, "a token names an instrument that is not in the books"
        self.check_life(instrument)
        left = instrument.balance if instrument.kind == "Prepaid" else instrument.limit - instrument.balance
        if amount.minor > left.minor:
            raise BankError("InsufficientBalance", "The balance of the sender's instrument is not sufficient.")

    def check_life(self, instrument: Instrument) -> None:
        """:raises BankError: InstrumentExpired."""
        now = self._clock.now()
        if instrument.expires_at is not None and now >= instrument.expires_at:
            raise BankError("InstrumentExpired", "The instrument has expired.")

    # -------------------------------------------------------------------------------- postings

    def begin(self, transaction: TransactionRecord) -> None:
        """It was accepted: what it spends is gone, what it brings is on its way."""
        self._post(transaction, spends=1, pends=1)

    def finish(self, transaction: TransactionRecord) -> None:
        """It succeeded: what was on its way has come."""
        self._post(transaction, pends=-1, brings=1)

    def drop(self, transaction: TransactionRecord) -> None:
        """Nothing came of it."""
        self._post(transaction, spends=-1, pends=-1)

    def _post(self, transaction: TransactionRecord, spends: int = 0, pends: int = 0, brings: int = 0) -> None:
        instrument = self._books.instruments.get(transaction.instrument_id or "")
        if instrument is None:
            return
        #: Spending lowers what is prepaid and raises what is owed; all else does the contrary.
        direction = -1 if instrument.kind == "Prepaid" else 1
        if transaction.operation == "Pay":
            moved = replace(instrument, balance=instrument.balance + transaction.amount * (direction * spends))
        else:
            moved = replace(
                instrument,
                balance=instrument.balance + transaction.amount * (-direction * brings),
                pending=instrument.pending + transaction.amount * pends,
            )
        self._books.instruments.put(moved)
