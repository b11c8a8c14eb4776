"""What funding a prepaid balance and settling a debt have in common: a sender's money for his instrument."""

from __future__ import annotations

from ...money import Money
from . import standing
from . import use
from .accounts import Accounts
from .books import Books
from .clock import SandboxClock
from .entries import Entries
from .errors import BankError
from .errors import incompatible
from .errors import out_of_range
from .orders import Order
from .records import Account
from .records import Instrument
from .records import Token
from .records import TransactionRecord
from .roles import Roles
from .rules import Rules
from .switches import Switches


class Feeding:
    """Checks the token that moves the money, and moves it."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        rules: Rules,
        switches: Switches,
        accounts: Accounts,
        roles: Roles,
        entries: Entries,
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._switches = switches
        self._accounts = accounts
        self._roles = roles
        self._entries = entries

    def token(self, caller: Account, token_id: str, purpose: str, instrument: Instrument, amount: Money) -> Token:
        """The token, if it may do this now.

        :param purpose: as :attr:`.Token.use` says it.
        :raises BankError: with the code of the first thing that does not fit.
        """
        token = self._roles.sender(token_id)
        use.check_sender(
            token,
            use=purpose,
            caller=caller.email,
            recipient=instrument.recipient,
            amount=amount,
            now=self._clock.now(),
            used_token=self._switches.used_token,
        )
        if token.instrument_id != instrument.instrument_id:
            raise incompatible("Assertion Failed for Sender")
        self._check_amount(token.method, amount)
        self._check_sender(caller, token, amount)
        return token

    def enter(
        self, caller: Account, order: Order, token: Token, instrument: Instrument, amount: Money, operation: str
    ) -> TransactionRecord:
        """The transaction; the recipient bears FPS's fee."""
        transaction = self._entries.enter(
            caller,
            order,
            operation=operation,
            amount=amount,
            sender=token.sender,
            recipient=instrument.recipient,
            method=token.method,
            fees=self._rules.fee(token.method, amount),
            sender_token_id=token.token_id,
            instrument_id=instrument.instrument_id,
        )
        self._books.tokens.put(use.used(token, transaction.transaction_id, amount, self._clock.now()))
        return transaction

    def _check_amount(self, method: str, amount: Money) -> None:
        if not self._rules.smallest(method) <= amount.minor <= self._rules.largest:
            raise out_of_range()

    def _check_sender(self, caller: Account, token: Token, amount: Money) -> None:
        sender = self._accounts.get(token.sender)
        standing.check_parties(sender, caller, caller, token.method)
        standing.check_instrument(sender, token.method, self._clock.now())
        if token.method == "ABT" and sender.balance.minor < amount.minor:
            raise BankError("InsufficientBalance", "The sender's account balance is not sufficient.")
