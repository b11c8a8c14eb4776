"""Pay and Reserve: the caller moves or holds what a sender authorised (FPS API reference, *Pay* and *Reserve*)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ...money import Money
from . import fees
from . import standing
from . import use
from .accounts import Accounts
from .books import Books
from .clock import SandboxClock
from .entries import Entries
from .errors import BankError
from .errors import out_of_range
from .gatekeeper import Situation
from .orders import Order
from .records import Account
from .records import Token
from .records import TransactionRecord
from .roles import Roles
from .rules import METHODS
from .rules import NOTHING
from .rules import Rules
from .switches import Switches
from .tabs import Tabs


@dataclass(frozen=True, kw_only=True)
class PayOrder(Order):
    """What a caller asks for."""

    sender_token_id: str
    amount: Money
    #: Without one, the caller is paid.
    recipient_token_id: str | None = None
    #: Only 2007-01-08 asks for it.
    caller_token_id: str | None = None
    fees_paid_by: str = "Recipient"
    #: What the caller takes of it, in money and in percent of the amount.
    fixed_fee: Money | None = None
    variable_fee: Decimal | None = None


class Payments:
    """The desk for payments."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        rules: Rules,
        switches: Switches,
        accounts: Accounts,
        roles: Roles,
        tabs: Tabs,
        entries: Entries,
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._switches = switches
        self._accounts = accounts
        self._roles = roles
        self._tabs = tabs
        self._entries = entries

    def pay(self, caller: Account, order: PayOrder) -> TransactionRecord:
        """Use the token up and move the money, at once or when its method settles.

        :raises BankError: nothing was recorded.
        """
        return self._spend(caller, order, "Pay")

    def reserve(self, caller: Account, order: PayOrder) -> TransactionRecord:
        """Use the token up and hold the money; what is not settled in time is released.

        :raises BankError: nothing was recorded.
        """
        return self._spend(caller, order, "Reserve")

    def _spend(self, caller: Account, order: PayOrder, operation: str) -> TransactionRecord:
        with self._books.change():
            token = self._roles.sender(order.sender_token_id)
            recipient = self._recipient(caller, order, Situation("Recipient", operation, token.method))
            shown = self._caller_token(caller, order, Situation("Caller", operation, token.method))
            paid = recipient.sender if recipient else caller.email
            self._check_use(caller, token, paid, order)
            self._check_amount(token.method, order)
            _check_method(token.method, order, operation)
            self._check_parties(caller, token, paid, order)
            fee, marketplace = self._fees(token.method, recipient, order)
            self._check_funds(caller, token, order, fee)
            charged = {"fees": fee if operation == "Pay" else NOTHING, "marketplace_fees": marketplace}
            transaction = self._enter(caller, order, token, paid, operation, charged)
            self._use_up(transaction, token, recipient, shown)
            return transaction

    def _use_up(self, transaction: TransactionRecord, *tokens: Token | None) -> None:
        """The sender's token, and those of one's own that were shown beside it: they too may be good but once."""
        now = self._clock.now()
        for token in tokens:
            if token is not None and (token.limits or token.token_type == "SingleUse"):
                self._books.tokens.put(use.used(token, transaction.transaction_id, transaction.amount, now))

    def _enter(
        self, caller: Account, order: PayOrder, token: Token, paid: str, operation: str, charged: Mapping[str, Money]
    ) -> TransactionRecord:
        return self._entries.enter(
            caller,
            order,
            operation=operation,
            amount=order.amount,
            sender=token.sender,
            recipient=paid,
            method=token.method,
            fees_paid_by=order.fees_paid_by,
            fixed_fee=order.fixed_fee,
            variable_fee=order.variable_fee,
            sender_token_id=token.token_id,
            recipient_token_id=order.recipient_token_id,
            instrument_id=token.instrument_id,
            **charged,
        )

    def _recipient(self, caller: Account, order: PayOrder, situation: Situation) -> Token | None:
        if order.recipient_token_id is None:
            return None
        if order.recipient_token_id == order.sender_token_id:
            raise _not_unique()
        return self._roles.recipient(caller.email, order.recipient_token_id, situation)

    def _caller_token(self, caller: Account, order: PayOrder, situation: Situation) -> Token | None:
        if order.caller_token_id is None:
            return None
        if order.caller_token_id in (order.recipient_token_id, order.sender_token_id):
            raise _not_unique()
        return self._roles.caller(caller.email, order.caller_token_id, situation)

    def _check_use(self, caller: Account, token: Token, recipient: str, order: PayOrder) -> None:
        use.check_sender(
            token,
            use="Pay",
            caller=caller.email,
            recipient=recipient,
            amount=order.amount,
            now=self._clock.now(),
            used_token=self._switches.used_token,
        )

    def _check_amount(self, method: str, order: PayOrder) -> None:
        if not order.terms.least(method) <= order.amount.minor <= self._rules.largest:
            raise out_of_range()

    def _check_parties(self, caller: Account, token: Token, recipient: str, order: PayOrder) -> None:
        if token.sender == recipient:
            raise BankError("SameSenderAndRecipient", "The sender and the recipient are the same account.")
        sender = self._accounts.get(token.sender)
        standing.check_parties(sender, caller, self._accounts.get(recipient), token.method)
        if token.method in METHODS:
            standing.check_instrument(sender, token.method, self._clock.now())

    def _fees(self, method: str, recipient: Token | None, order: PayOrder) -> tuple[Money, Money]:
        """FPS's fee and the caller's."""
        fees.check_payer(recipient, order.fees_paid_by)
        fees.check_agreed(recipient, order.fixed_fee, order.variable_fee)
        fee = self._rules.fee(method, order.amount)
        marketplace = fees.marketplace_fee(order.fixed_fee, order.variable_fee, order.amount)
        fees.check_remains(order.amount, fee if order.fees_paid_by == "Recipient" else NOTHING, marketplace)
        return fee, marketplace

    def _check_funds(self, caller: Account, token: Token, order: PayOrder, fee: Money) -> None:
        if token.instrument_id is not None:
            self._tabs.check_spending(token.instrument_id, order.amount)
        elif token.method == "ABT" and self._accounts.get(token.sender).balance.minor < order.amount.minor:
            raise BankError("InsufficientBalance", "The sender's account balance is not sufficient.")
        pays_fee = order.fees_paid_by == "Caller" and order.recipient_token_id is not None
        if pays_fee and self._accounts.get(caller.email).balance.minor < fee.minor:
            raise BankError("InsufficientBalance", "The caller's account balance is not sufficient for the fee.")


def _not_unique() -> BankError:
    return BankError("SameTokenIdUsedMultipleTimes", "The tokens used in a transaction should be unique.")


def _check_method(method: str, order: PayOrder, operation: str) -> None:
    if operation == "Reserve" and method not in order.terms.reserves_on:
        raise BankError("PaymentInstrumentNotCC", "The payment instrument cannot be used to reserve an amount.")
