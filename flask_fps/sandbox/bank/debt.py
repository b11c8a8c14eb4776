"""Debt: run up by Pay with a postpaid token, settled from the sender's other instruments, or written off.

FPS API reference, *SettleDebt*, *WriteOffDebt*, *GetDebtBalance* and *GetOutstandingDebtBalance*.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...money import Money
from .books import Books
from .entries import Entries
from .errors import BankError
from .errors import out_of_range
from .feeding import Feeding
from .feeding import FeedingOrder
from .orders import Order
from .records import Account
from .records import Instrument
from .records import TransactionRecord
from .tabs import Tabs
from .tabs import Totals


@dataclass(frozen=True, kw_only=True)
class WriteOffOrder(Order):
    """What a caller asks for."""

    instrument_id: str
    amount: Money


class Debt:
    """The desk for debt."""

    def __init__(self, books: Books, tabs: Tabs, feeding: Feeding, entries: Entries) -> None:
        self._books = books
        self._tabs = tabs
        self._feeding = feeding
        self._entries = entries

    def settle(self, caller: Account, order: FeedingOrder) -> TransactionRecord:
        """Take the sender's money for what he owes; FPS's fee is the recipient's.

        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            instrument = self._tabs.of_recipient(caller.email, order.instrument_id, "Debt")
            token = self._feeding.token(caller, order, "SettleDebt", instrument)
            _check_owed(instrument, order.amount)
            return self._feeding.enter(caller, order, token, instrument, "SettleDebt")

    def write_off(self, caller: Account, order: WriteOffOrder) -> TransactionRecord:
        """Let it go, for good; no money moves.

        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            instrument = self._tabs.of_recipient(caller.email, order.instrument_id, "Debt")
            if order.amount.minor < 1:
                raise out_of_range()
            _check_owed(instrument, order.amount)
            return self._entries.enter(
                caller,
                order,
                operation="WriteOffDebt",
                amount=order.amount,
                sender=instrument.sender,
                recipient=instrument.recipient,
                method="Debt",
                instrument_id=instrument.instrument_id,
            )

    def balance(self, caller: Account, instrument_id: str) -> Instrument:
        """:raises BankError: InvalidParams or InstrumentAccessDenied."""
        return self._tabs.of_recipient(caller.email, instrument_id, "Debt")

    def outstanding(self, caller: Account) -> Totals:
        """What all senders owe this caller."""
        return self._tabs.totals(caller.email, "Debt")


def _check_owed(instrument: Instrument, amount: Money) -> None:
    """What is being settled already is no longer owed."""
    if amount.minor > (instrument.balance - instrument.pending).minor:
        raise BankError("SettleAmountGreaterThanDebt", "The amount is greater than the debt.")
