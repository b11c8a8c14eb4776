"""Prepaid balances: funded from a sender's other instruments, spent by Pay.

FPS API reference, *FundPrepaid*, *GetPrepaidBalance* and *GetTotalPrepaidLiability*. The recipient gets the money when
the instrument is funded, less FPS's fee; the sender's balance is the whole of it.
"""

from __future__ import annotations

from .books import Books
from .errors import BankError
from .feeding import Feeding
from .feeding import FeedingOrder
from .records import Account
from .records import Instrument
from .records import TransactionRecord
from .tabs import Tabs
from .tabs import Totals


class Prepaid:
    """The desk for prepaid balances."""

    def __init__(self, books: Books, tabs: Tabs, feeding: Feeding) -> None:
        self._books = books
        self._tabs = tabs
        self._feeding = feeding

    def fund(self, caller: Account, order: FeedingOrder) -> TransactionRecord:
        """Take the sender's money and put it on his instrument.

        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            instrument = self._tabs.of_recipient(caller.email, order.instrument_id, "Prepaid")
            self._tabs.check_life(instrument)
            token = self._feeding.token(caller, order, "FundPrepaid", instrument)
            if (instrument.balance + instrument.pending + order.amount).minor > instrument.limit.minor:
                raise BankError("PrepaidFundingLimitExceeded", "The funding amount is above the recharge limit.")
            return self._feeding.enter(caller, order, token, instrument, "FundPrepaid")

    def balance(self, caller: Account, instrument_id: str) -> Instrument:
        """:raises BankError: InvalidParams or InstrumentAccessDenied."""
        return self._tabs.of_recipient(caller.email, instrument_id, "Prepaid")

    def liability(self, caller: Account) -> Totals:
        """What all senders may still spend with this caller."""
        return self._tabs.totals(caller.email, "Prepaid")
