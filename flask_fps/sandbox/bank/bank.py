"""The bank: its desks, over one set of books."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from datetime import timedelta

from . import demo
from .accounts import Accounts
from .books import Books
from .books import Store
from .by_hand import ByHand
from .clock import SandboxClock
from .debt import Debt
from .entries import Entries
from .feeding import Feeding
from .instructions import Instructions
from .notices import Notices
from .payments import Payments
from .payments import PayOrder
from .pipelines import Pipelines
from .prepaid import Prepaid
from .records import Account
from .records import Note
from .records import Token
from .records import TransactionRecord
from .references import References
from .refunds import RefundOrder
from .refunds import Refunds
from .reservations import Reservations
from .reservations import SettleOrder
from .results import Results
from .roles import Roles
from .rules import Rules
from .settlement import Ending
from .settlement import Settlement
from .subscriptions import Subscriptions
from .switches import Switches
from .tabs import Tabs
from .tokens import Tokens
from .transactions import Filter
from .transactions import Transactions

_CLOCK_NOTE = "clock"


class Bank:
    """Rules and books in one; every method is safe to call from any thread.

    :param clock: what time it is here; real time by default.
    :param rules: fees, limits and speeds.
    :param store: where the books outlive the process; without one they are forgotten with it.
    :param switches: where they stand in the beginning.
    """

    def __init__(
        self,
        clock: SandboxClock | None = None,
        rules: Rules | None = None,
        store: Store | None = None,
        switches: Switches | None = None,
    ) -> None:
        self.clock = clock or SandboxClock()
        self.rules = rules or Rules()
        self.switches = switches or Switches()
        self.books = Books(store)
        self.accounts = Accounts(self.books)
        self.notices = Notices(self.books, self.clock)
        self.tokens = Tokens(self.books, self.clock, self.notices)
        self.instructions = Instructions(self.books, self.clock, self.rules, self.tokens)
        self.transactions = Transactions(self.books, self.clock)
        self.tabs = Tabs(self.books, self.clock)
        self.results = Results(self.books)
        self.settlement = Settlement(
            self.books, self.clock, self.rules, self.switches, self.accounts, self.tabs, self.notices, self.results
        )
        self.reservations = Reservations(
            self.books, self.clock, self.rules, self.switches, self.transactions, self.settlement
        )
        self.entries = Entries(self.books, self.clock, self.rules, self.settlement)
        self.roles = Roles(self.books, self.clock)
        self.payments = Payments(
            self.books, self.clock, self.rules, self.switches, self.accounts, self.roles, self.tabs, self.entries
        )
        self.refunds = Refunds(
            self.books, self.clock, self.rules, self.accounts, self.transactions, self.tabs, self.entries
        )
        feeding = Feeding(self.books, self.clock, self.rules, self.switches, self.accounts, self.roles, self.entries)
        self.prepaid = Prepaid(self.books, self.tabs, feeding)
        self.debt = Debt(self.books, self.tabs, feeding, self.entries)
        self.subscriptions = Subscriptions(
            self.books, self.clock, self.rules, self.accounts, self.entries, self.refunds
        )
        #: What people do in the account manager.
        self.by_hand = ByHand(
            self.books,
            self.clock,
            self.accounts,
            self.transactions,
            self.settlement,
            self.refunds,
            self.reservations,
        )
        #: Runs of the co-branded pages.
        self.pipelines = Pipelines(self.books, self.clock, self.rules)
        self.references = References(self.books, self.clock, self.rules, self.switches)
        self._open()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Several steps that stand together or not at all."""
        with self.books.change():
            yield

    def sign_in(self, email: str, password: str) -> Account | None:
        """The account of this address and password."""
        return self.accounts.sign_in(email, password)

    def account(self, email: str) -> Account:
        """:raises LookupError: for an address nobody banks under."""
        return self.accounts.get(email)

    def account_by_key(self, access_key: str) -> Account | None:
        return self.accounts.by_key(access_key)

    def set_default_method(self, email: str, kind: str | None) -> Account:
        """:raises LookupError: for a method the account does not have."""
        return self.accounts.set_default_method(email, kind)

    def pay(self, caller: Account, order: PayOrder) -> TransactionRecord:
        """:raises BankError: refused; nothing was recorded."""
        return self.payments.pay(caller, order)

    def reserve(self, caller: Account, order: PayOrder) -> TransactionRecord:
        """:raises BankError: refused; nothing was recorded."""
        return self.payments.reserve(caller, order)

    def settle(self, caller: Account, order: SettleOrder) -> TransactionRecord:
        """:raises BankError: refused; nothing was recorded."""
        return self.reservations.settle(caller, order)

    def cancel(
        self, caller: Account, transaction_id: str, *, ipn_url: str | None = None, ending: Ending | None = None
    ) -> TransactionRecord:
        """:raises BankError: refused; nothing was recorded."""
        return self.reservations.cancel(caller, transaction_id, ipn_url=ipn_url, ending=ending)

    def refund(self, caller: Account, order: RefundOrder) -> TransactionRecord:
        """:raises BankError: refused; nothing was recorded."""
        return self.refunds.refund(caller, order)

    def activity(self, account: Account | str, wanted: Filter | None = None) -> list[TransactionRecord]:
        """Everything the account took part in, newest first."""
        return self.transactions.of_account(_email(account), wanted)

    def transaction(self, transaction_id: str) -> TransactionRecord | None:
        return self.transactions.get(transaction_id)

    def cancel_token(self, by: Account | str, token_id: str, *, ipn_url: str | None = None) -> Token:
        """Take a token back, as its sender or as the caller it was made for.

        :raises BankError: InvalidParams, InvalidTokenId, TokenAccessDenied or TokenNotActive.
        """
        return self.tokens.cancel(_email(by), token_id, ipn_url=ipn_url)

    def settle_due(self) -> list[TransactionRecord]:
        """End every transaction whose time has come, and make every payment of a subscription."""
        with self.change():
            self.subscriptions.charge_due()
            return self.settlement.settle_due()

    def next_due(self) -> datetime | None:
        """When the next transaction ends, or the next payment of a subscription is made."""
        with self.change():
            due = (self.settlement.next_due(), self.subscriptions.next_due())
            return min((moment for moment in due if moment is not None), default=None)

    def advance(self, seconds: float) -> datetime:
        """Move the sandbox's clock ahead and settle what falls due; the new now.

        :raises ValueError: for a step back.
        """
        with self.change():
            now = self.clock.advance(seconds)
            self.books.notes.put(Note(_CLOCK_NOTE, str(self.clock.ahead.total_seconds())))
            self.settle_due()
            return now

    def reset(self) -> None:
        """As on the first day: the demo accounts, no token, no transaction, real time, the switches turned back."""
        self.switches.reset()
        with self.change():
            secret = self.secret("cookies")
            self.books.clear()
            self.books.notes.put(Note("cookies", secret))
            self.clock.rewind()
            demo.open_demo(self.accounts)

    def secret(self, name: str) -> str:
        """A random text of this name, made once and kept with the books."""
        with self.change():
            note = self.books.notes.get(name) or self.books.notes.put(Note(name, secrets.token_urlsafe(32)))
            return note.text

    def close(self) -> None:
        """Let go of the state file."""
        self.books.close()

    def _open(self) -> None:
        with self.change():
            ahead = self.books.notes.get(_CLOCK_NOTE)
            if ahead is not None:
                self.clock.rewind(timedelta(seconds=float(ahead.text)))
            if not len(self.books.accounts):
                demo.open_demo(self.accounts)
            demo.open_house(self.accounts)


def _email(account: Account | str) -> str:
    return account if isinstance(account, str) else account.email
