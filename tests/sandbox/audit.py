"""Whether the books agree with themselves, whatever was asked of the bank."""

from __future__ import annotations

from flask_fps.money import Money
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank.accounts import HOLDS
from flask_fps.sandbox.bank.accounts import TRANSIT
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.bank.records import Instrument
from flask_fps.sandbox.bank.records import TransactionRecord

ON_INSTRUMENTS = ("Prepaid", "Debt")


class Audit:
    """Knows what was put in, and holds the books to it."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._put_in = {one.email: one.balance.minor for one in bank.accounts.all()}
        self._open = bank.accounts.open
        bank.accounts.open = self._opened  # type: ignore[method-assign]

    def check(self) -> None:
        accounts, transactions = self._bank.accounts.all(), self._bank.transactions.all()
        balances = {one.email: one.balance.minor for one in accounts}
        assert sum(balances.values()) == sum(self._put_in[email] for email in balances)
        assert balances[HOLDS] == sum(one.held.minor for one in transactions if one.held)
        assert balances[TRANSIT] == sum(one.amount.minor for one in transactions if _is_under_way(one))
        for instrument in self._bank.books.instruments:
            assert (instrument.balance, instrument.pending) == _counted(instrument, transactions)
        for one in transactions:
            assert 0 <= one.refunded.minor <= one.amount.minor
            assert 0 <= one.marketplace_refunded.minor <= one.marketplace_fees.minor

    def _opened(self, account: Account) -> Account:
        opened = self._open(account)
        self._put_in[account.email] = account.balance.minor
        return opened


def _is_under_way(one: TransactionRecord) -> bool:
    return one.operation == "Refund" and one.is_pending and one.method not in ON_INSTRUMENTS


def _counted(instrument: Instrument, transactions: list[TransactionRecord]) -> tuple[Money, Money]:
    """Its balance and what is pending, from its story alone."""
    mine = [one for one in transactions if one.instrument_id == instrument.instrument_id]
    spent = sum(one.amount.minor for one in mine if one.operation == "Pay" and one.status in ("Pending", "Success"))
    other = [one for one in mine if one.operation != "Pay"]
    done = sum(one.amount.minor for one in other if one.status == "Success")
    balance = done - spent if instrument.kind == "Prepaid" else spent - done
    return Money(balance, "USD"), Money(sum(one.amount.minor for one in other if one.is_pending), "USD")
