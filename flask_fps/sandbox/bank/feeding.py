"""What funding a prepaid balance and settling a debt have in common: a sender's money for his instrument."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class FeedingOrder(Order):
    """What a caller asks for."""

    #: The funding token, or the settlement token.
    sender_token_id: str
    instrument_id: str
    amount: Money
    fees_paid_by: str = "Recipient"


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

    def token(self, caller: Account, order: FeedingOrder, purpose: str, instrument: Instrument) -> Token:
        """The token, if it may do this now.

        :param purpose: as :attr:`.Token.use` says it.
        :raises BankError: with the code of the first thing that does not fit.
        """
        token = self._roles.sender(order.sender_token_id)
        use.check_sender(
            token,
            use=purpose,
            caller=caller.email,
            recipient=instrument.recipient,
            amount=order.amount,
            now=self._clock.now(),
            used_token=self._switches.used_token,
        )
        if token.instrument_id != instrument.instrument_id:
            raise incompatible("Assertion Failed for Sender")
        if not order.terms.least(token.method) <= order.amount.minor <= self._rules.largest:
            raise out_of_range()
        self._check_sender(caller, token, order.amount)
        return token

    def enter(
        self, caller: Account, order: FeedingOrder, token: Token, instrument: Instrument, operation: str
    ) -> TransactionRecord:
        """The transaction. Caller and recipient are one here: who bears FPS's fee is a word in its reports."""
        self._books.tokens.put(use.counted(token, order.amount, self._clock.now()))
        return self._entries.enter(
            caller,
            order,
            operation=operation,
            amount=order.amount,
            sender=token.sender,
            recipient=instrument.recipient,
            method=token.method,
            fees=self._rules.fee(token.method, order.amount),
            fees_paid_by=order.fees_paid_by,
            sender_token_id=token.token_id,
            instrument_id=instrument.instrument_id,
        )

    def _check_sender(self, caller: Account, token: Token, amount: Money) -> None:
        sender = self._accounts.get(token.sender)
        standing.check_parties(sender, caller, caller, token.method)
        standing.check_instrument(sender, token.method, self._clock.now())
        if token.method == "ABT" and sender.balance.minor < amount.minor:
            raise BankError("InsufficientBalance", "The sender's account balance is not sufficient.")
