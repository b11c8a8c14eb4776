"""Pay and Reserve: the caller moves or holds what a sender authorised (FPS API reference, *Pay* and *Reserve*)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from ...money import Money
from . import ids
from . import use
from .accounts import Accounts
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import invalid_id
from .errors import out_of_range
from .instruments import forced
from .records import Account
from .records import Token
from .records import TransactionRecord
from .rules import CURRENCY
from .rules import Rules
from .settlement import Ending
from .settlement import Settlement
from .switches import Switches


@dataclass(frozen=True, kw_only=True)
class PayOrder:
    """What a caller asks for."""

    sender_token_id: str
    amount: Money
    caller_reference: str
    recipient_token_id: str | None = None
    fees_paid_by: str = "Recipient"
    caller_description: str | None = None
    sender_description: str | None = None
    #: Still pending after this long, it fails.
    timeout: timedelta | None = None
    ipn_url: str | None = None
    caller_date: datetime | None = None
    #: When and how it shall end, whatever its method says; ``None`` leaves that to the method.
    ending: Ending | None = None


class Payments:
    """The desk for payments."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        rules: Rules,
        switches: Switches,
        accounts: Accounts,
        settlement: Settlement,
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._switches = switches
        self._accounts = accounts
        self._settlement = settlement

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
            token = self._sender_token(order.sender_token_id)
            recipient = self._recipient(caller, order.recipient_token_id)
            now = self._clock.now()
            use.check_sender(
                token,
                use="Pay",
                caller=caller.email,
                recipient=recipient,
                amount=order.amount,
                now=now,
                used_token=self._switches.used_token,
            )
            self._check_amount(token.method, order.amount)
            _check_method(token.method, operation)
            self._check_sender(token, recipient, order.amount)
            transaction = self._transaction(caller, recipient, token, order, operation)
            self._books.tokens.put(use.used(token, transaction.transaction_id, order.amount, now))
            return self._settlement.enter(transaction)

    def _sender_token(self, token_id: str) -> Token:
        if not ids.is_token_id(token_id):
            raise invalid_id("senderTokenId", "token", token_id)
        forced.refuse_forced(forced.SENDER, token_id)
        token = self._books.tokens.get(token_id)
        if token is None:
            raise BankError("InvalidTokenId_Sender", "Sender token is not valid.")
        return token

    def _recipient(self, caller: Account, token_id: str | None) -> str:
        """Whoever is named by a recipient token; without one, the caller."""
        if token_id is None:
            return caller.email
        if not ids.is_token_id(token_id):
            raise invalid_id("recipientTokenId", "token", token_id)
        forced.refuse_forced(forced.RECIPIENT, token_id)
        raise BankError("InvalidTokenId_Recipient", "Recipient token is not valid.")

    def _check_amount(self, method: str, amount: Money) -> None:
        if not self._rules.smallest(method) <= amount.minor <= self._rules.largest:
            raise out_of_range()

    def _check_sender(self, token: Token, recipient: str, amount: Money) -> None:
        if token.sender == recipient:
            raise BankError("SameSenderAndRecipient", "The sender and the recipient are the same account.")
        if token.method == "ABT" and self._accounts.get(token.sender).balance.minor < amount.minor:
            raise BankError("InsufficientBalance", "The sender's account balance is not sufficient.")

    def _transaction(
        self, caller: Account, recipient: str, token: Token, order: PayOrder, operation: str
    ) -> TransactionRecord:
        now = self._books.stamp(self._clock.now())
        settles_at, ends_with = self._ending(token.method, order, self._clock.now())
        return TransactionRecord(
            transaction_id=ids.transaction_id(),
            operation=operation,
            caller_reference=order.caller_reference,
            amount=order.amount,
            fees=self._rules.fee(token.method, order.amount) if operation == "Pay" else Money(0, CURRENCY),
            fees_paid_by=order.fees_paid_by,
            sender=token.sender,
            recipient=recipient,
            caller=caller.email,
            access_key=caller.access_key or "",
            method=token.method,
            status="Pending",
            status_code="",
            status_message="",
            received_at=now,
            settles_at=settles_at,
            ends_with=ends_with,
            sender_token_id=token.token_id,
            recipient_token_id=order.recipient_token_id,
            caller_description=order.caller_description,
            sender_description=order.sender_description,
            caller_date=order.caller_date,
            refunded=Money(0, CURRENCY),
            fees_refunded=Money(0, CURRENCY),
            ipn_url=order.ipn_url,
        )

    def _ending(self, method: str, order: PayOrder, now: datetime) -> tuple[datetime, str]:
        if order.ending is not None:
            return now + order.ending.after, order.ending.code
        wait = self._rules.speed.get(method, timedelta(0))
        if order.timeout is not None and order.timeout < wait:
            return now + order.timeout, "Expired"
        return now + wait, "TransactionDenied" if method == "CC" and _is_declined(order.amount) else "Success"


def _check_method(method: str, operation: str) -> None:
    """A bank account cannot hold money for anybody."""
    if operation == "Reserve" and method == "ACH":
        raise BankError("PaymentInstrumentNotCC", "The payment instrument cannot be used to reserve an amount.")


def _is_declined(amount: Money) -> bool:
    """Amounts whose cents are 60 to 69 stand for a declined card (FPS developer guide, testing with the sandbox)."""
    return amount.minor % 100 // 10 == 6
