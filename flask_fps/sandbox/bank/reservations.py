"""What a caller does with a reserve: he settles it once, or cancels it.

FPS API reference, *Settle* and *Cancel*. Both answer for the reserve's own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from ...money import Money
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import out_of_range
from .errors import unknown_transaction
from .fees import marketplace_fee
from .orders import Terms
from .records import Account
from .records import Labels
from .records import TransactionRecord
from .rules import Rules
from .settlement import Ending
from .settlement import Settlement
from .switches import Switches
from .transactions import Transactions


@dataclass(frozen=True, kw_only=True)
class SettleOrder:
    """What a caller asks for."""

    transaction_id: str
    #: ``None``: all that was reserved.
    amount: Money | None = None
    ipn_url: str | None = None
    #: Only 2007-01-08 has these two; without them those of the reserve stand.
    caller_date: datetime | None = None
    meta_data: str | None = None
    terms: Terms = Terms()
    #: When and how it shall end, if not as its method does.
    ending: Ending | None = None


class Reservations:
    """The desk for reserved amounts."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        rules: Rules,
        switches: Switches,
        transactions: Transactions,
        settlement: Settlement,
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._switches = switches
        self._transactions = transactions
        self._settlement = settlement

    def settle(self, caller: Account, order: SettleOrder) -> TransactionRecord:
        """Take all or a part, once; the rest is released with it.

        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            reserve = self._of_caller(caller, order.transaction_id, "reserveTransactionId")
            self._check_open(reserve)
            amount = _amount(reserve, order)
            ending = order.ending or Ending(self._rules.speed.get(reserve.method, timedelta(0)))
            return self._settlement.enter(
                replace(
                    reserve,
                    operation="Settle",
                    amount=amount,
                    fees=self._rules.fee(reserve.method, amount),
                    marketplace_fees=marketplace_fee(reserve.fixed_fee, reserve.variable_fee, amount),
                    status="Pending",
                    settles_at=self._clock.now() + ending.after,
                    ends_with=ending.code,
                    waits_with=ending.waits,
                    ipn_url=order.ipn_url or reserve.ipn_url,
                    caller_date=order.caller_date or reserve.caller_date,
                    labels=_labels(reserve, order.meta_data),
                )
            )

    def cancel(
        self, caller: Account, transaction_id: str, *, ipn_url: str | None, ending: Ending | None = None
    ) -> TransactionRecord:
        """Give up what is reserved or still pending.

        :param ending: for a reserve whose cancelling shall take its time; one that fails leaves it reserved.
        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            found = self._of_caller(caller, transaction_id, "transactionId")
            if found.operation not in ("Pay", "Reserve", "Settle"):
                raise unknown_transaction()
            if _is_over(found):
                raise self._over(found, "Cancel")
            if found.status not in ("Reserved", "Pending"):
                raise _wrong_state()
            found = replace(found, ipn_url=ipn_url or found.ipn_url)
            if ending is None or found.status != "Reserved":
                return self._settlement.cancel(found)
            return self._settlement.enter(_cancelling(found, self._clock.now() + ending.after, ending))

    def _check_open(self, reserve: TransactionRecord) -> None:
        if reserve.operation not in ("Reserve", "Settle"):
            raise unknown_transaction()
        if reserve.operation == "Settle" or _is_over(reserve):
            raise self._over(reserve, "Settle")
        if reserve.is_pending:
            raise BankError("OriginalTransactionIncomplete", "The original transaction is still in progress.")
        if reserve.status == "Cancelled":
            raise _wrong_state()
        if reserve.status != "Reserved":
            raise BankError("OriginalTransactionFailed", "The original transaction has failed.")

    def _over(self, reserve: TransactionRecord, action: str) -> BankError:
        """What is said of a reserve that nothing more can be done with."""
        code = self._switches.settled_reserve
        if code == "InvalidTransactionId":
            return unknown_transaction()
        if code == "SettleAmountGreaterThanReserveAmount" and action == "Settle":
            return _too_much(reserve.amount, reserve.amount - reserve.amount)
        return _wrong_state()

    def _of_caller(self, caller: Account, transaction_id: str, parameter: str) -> TransactionRecord:
        found = self._transactions.of_party(caller.email, transaction_id, parameter)
        if found.caller != caller.email:
            raise unknown_transaction()
        return found


def _amount(reserve: TransactionRecord, order: SettleOrder) -> Money:
    amount = reserve.amount if order.amount is None else order.amount
    if amount.minor < order.terms.least(reserve.method):
        raise out_of_range()
    if amount.minor > reserve.amount.minor:
        raise _too_much(amount, reserve.amount)
    return amount


def _labels(reserve: TransactionRecord, meta_data: str | None) -> Labels | None:
    return reserve.labels if meta_data is None else replace(reserve.labels or Labels(), meta_data=meta_data)


def _is_over(reserve: TransactionRecord) -> bool:
    """Was it reserved, and has that ended? Settled, cancelled or released once is for good."""
    held = any(change.status == "Reserved" for change in reserve.history)
    return reserve.cancelling or (held and reserve.status not in ("Reserved", "Pending"))


def _wrong_state() -> BankError:
    return BankError("InvalidTransactionState", "The transaction is not in a state in which this can be done.")


def _cancelling(reserve: TransactionRecord, at: datetime, ending: Ending) -> TransactionRecord:
    return replace(
        reserve, status="Pending", cancelling=True, settles_at=at, ends_with=ending.code, waits_with=ending.waits
    )


def _too_much(amount: Money, reserved: Money) -> BankError:
    return BankError(
        "SettleAmountGreaterThanReserveAmount",
        f'Settle Amount "{_dollars(amount)}" is greater than the Reserve Amount "{_dollars(reserved)}"',
    )


def _dollars(money: Money) -> str:
    """The captured form."""
    return f"${money.decimal:.6f}"
