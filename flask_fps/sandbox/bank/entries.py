"""New transactions: written once, pending or done."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from typing import Any

from ...money import Money
from . import ids
from .books import Books
from .clock import SandboxClock
from .orders import Order
from .records import Account
from .records import TransactionRecord
from .rules import NOTHING
from .rules import Rules
from .settlement import Ending
from .settlement import Settlement
from .settlement import WAITS

#: So much of a description fits on a card statement.
STATEMENT_LENGTH = 15


class Entries:
    """The desk where whatever was checked becomes a transaction."""

    def __init__(self, books: Books, clock: SandboxClock, rules: Rules, settlement: Settlement) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._settlement = settlement

    def enter(
        self,
        caller: Account,
        order: Order,
        *,
        operation: str,
        amount: Money,
        sender: str,
        recipient: str,
        method: str,
        **more: Any,
    ) -> TransactionRecord:
        """Write the transaction and let it pend, or end it at once; ``more`` is whatever else its record says."""
        settles_at, ends_with = self._ending(method, amount, order)
        said: dict[str, Any] = {"fees": NOTHING, "fees_paid_by": "Recipient"}
        transaction = TransactionRecord(
            transaction_id=ids.transaction_id(),
            operation=operation,
            caller_reference=order.caller_reference,
            amount=amount,
            sender=sender,
            recipient=recipient,
            caller=caller.email,
            access_key=caller.access_key or "",
            method=method,
            status="Pending",
            status_code="",
            status_message="",
            received_at=self._books.stamp(self._clock.now()),
            settles_at=settles_at,
            ends_with=ends_with,
            waits_with=order.ending.waits if order.ending else WAITS[0],
            caller_description=order.caller_description,
            sender_description=order.sender_description,
            statement=self._statement(caller, recipient, order),
            caller_date=order.caller_date,
            labels=order.labels,
            refunded=NOTHING,
            fees_refunded=NOTHING,
            ipn_url=order.ipn_url,
            **(said | more),
        )
        return self._settlement.enter(transaction)

    def _statement(self, caller: Account, recipient: str, order: Order) -> str:
        """A dynamic one begins with the sender's description; a static one is a name."""
        if order.dynamic_statement and order.sender_description:
            return order.sender_description[:STATEMENT_LENGTH]
        paid = self._books.accounts.get(recipient)
        return caller.name if order.statement_by == "Caller" or paid is None else paid.name

    def _ending(self, method: str, amount: Money, order: Order) -> tuple[datetime, str]:
        """What still pends when its time is over has expired, whatever else was to become of it."""
        now, ending = self._clock.now(), order.ending or self._usual_ending(method, amount, order)
        if order.timeout is not None and order.timeout < ending.after:
            return now + order.timeout, "Expired"
        return now + ending.after, ending.code

    def _usual_ending(self, method: str, amount: Money, order: Order) -> Ending:
        declined = method == "CC" and _is_declined(amount)
        wait = self._rules.speed.get(method, timedelta(0))
        return Ending(wait, order.terms.declines_with if declined else "Success")


def _is_declined(amount: Money) -> bool:
    """Amounts whose cents are 60 to 69 stand for a declined card (FPS developer guide, testing with the sandbox)."""
    return amount.minor % 100 // 10 == 6
