"""Subscriptions: payments of one amount that come by themselves (Amazon Simple Pay).

Simple Pay's buttons, which made them, are no part of this sandbox: one is opened through the control plane. FPS API
reference 2010-08-28, *GetSubscriptionDetails*; Simple Pay guide, *CancelSubscriptionAndRefund*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from ...money import Money
from . import ids
from .accounts import Accounts
from .books import ALL
from .books import Books
from .clock import SandboxClock
from .entries import Entries
from .errors import BankError
from .errors import invalid_params
from .orders import Order
from .periods import Period
from .records import Account
from .records import Subscription
from .records import TransactionRecord
from .refunds import RefundOrder
from .refunds import Refunds
from .rules import Rules
from .settlement import Ending


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a buyer signs up for."""

    #: E-mail addresses.
    sender: str
    recipient: str
    description: str
    amount: Money
    #: ``ABT``, ``ACH`` or ``CC``.
    method: str
    #: How often it is paid, from now on; and for how long, or until it is cancelled.
    frequency: Period
    lasts: Period | None = None
    #: So many first payments are of this amount.
    promotional_amount: Money | None = None
    promotional_count: int = 0
    ipn_url: str | None = None


class Subscriptions:
    """The desk for subscriptions."""

    def __init__(
        self, books: Books, clock: SandboxClock, rules: Rules, accounts: Accounts, entries: Entries, refunds: Refunds
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._accounts = accounts
        self._entries = entries
        self._refunds = refunds

    def open(self, terms: Terms) -> Subscription:
        """Sign up, and pay for the first time."""
        with self._books.change():
            now = self._clock.now()
            opened = self._books.subscriptions.put(
                Subscription(
                    subscription_id=ids.token_id(),
                    sender=terms.sender,
                    recipient=terms.recipient,
                    description=terms.description,
                    amount=terms.amount,
                    promotional_amount=terms.promotional_amount,
                    promotional_count=terms.promotional_count,
                    method=terms.method,
                    frequency=terms.frequency,
                    lasts=terms.lasts,
                    started_at=now,
                    ends_at=terms.lasts.after(now) if terms.lasts else None,
                    next_at=now,
                    ipn_url=terms.ipn_url,
                )
            )
            self.charge_due()
            return self._books.subscriptions.get(opened.subscription_id) or opened

    def of_party(self, email: str, subscription_id: str) -> Subscription:
        """The subscription, for its sender or recipient.

        :raises BankError: InvalidParams for any other.
        """
        found = self._books.subscriptions.get(subscription_id)
        if found is None or email not in (found.sender, found.recipient):
            raise invalid_params(f"SubscriptionId : {subscription_id} is invalid")
        return found

    def transactions(self, subscription: Subscription) -> list[TransactionRecord]:
        """Its payments, oldest first."""
        with self._books.change():
            found = (self._books.transactions.get(one) for one in subscription.transaction_ids)
            return [one for one in found if one is not None]

    def cancel(
        self, caller: Account, subscription_id: str, amount: Money | None, reference: str, reason: str | None = None
    ) -> TransactionRecord | None:
        """End it; where an amount is named, give back so much of its last payment, even of one that had ended.

        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            found = self.of_party(caller.email, subscription_id)
            if amount is None and found.status != "Active":
                raise BankError("InvalidSubscriptionState", f"The subscription is {found.status.lower()} already.")
            refund = None if amount is None else self._refund(caller, found, amount, reference, reason)
            if found.status == "Active":
                self._books.subscriptions.put(replace(found, status="Cancelled", next_at=None))
            return refund

    def charge_due(self) -> None:
        """Every payment whose time has come."""
        with self._books.change():
            now = self._clock.now()
            while due := list(self._books.subscriptions.stretch("charges", ALL, end=now)):
                for subscription in due:
                    self._charge(subscription)

    def next_due(self) -> datetime | None:
        """When the next payment is made."""
        with self._books.change():
            return next((one.next_at for one in self._books.subscriptions.stretch("charges", ALL)), None)

    def _charge(self, subscription: Subscription) -> None:
        paid = len(subscription.transaction_ids)
        amount = subscription.amount_of(paid)
        made = self._entries.enter(
            self._accounts.get(subscription.recipient),
            Order(
                caller_reference=f"{subscription.subscription_id}-{paid + 1}",
                caller_description=subscription.description,
                ipn_url=subscription.ipn_url,
                ending=self._ending(subscription, amount),
            ),
            operation="Pay",
            amount=amount,
            sender=subscription.sender,
            recipient=subscription.recipient,
            method=subscription.method,
            fees=self._rules.fee(subscription.method, amount),
            subscription_id=subscription.subscription_id,
        )
        self._books.subscriptions.put(_paid(subscription, made.transaction_id))

    def _ending(self, subscription: Subscription, amount: Money) -> Ending | None:
        """A balance too small is a payment that fails; the next one is tried all the same."""
        short = self._accounts.get(subscription.sender).balance.minor < amount.minor
        return Ending(timedelta(0), "TransactionDenied") if subscription.method == "ABT" and short else None

    def _refund(
        self, caller: Account, subscription: Subscription, amount: Money, reference: str, reason: str | None
    ) -> TransactionRecord:
        paid = list(self._paid(subscription))
        if not paid:
            raise BankError("OriginalTransactionIncomplete", "No payment of the subscription has been completed.")
        return self._refunds.refund(
            caller,
            RefundOrder(
                transaction_id=paid[-1].transaction_id,
                caller_reference=reference,
                amount=amount,
                caller_description=reason,
                ipn_url=subscription.ipn_url,
            ),
        )

    def _paid(self, subscription: Subscription) -> Iterator[TransactionRecord]:
        return (one for one in self.transactions(subscription) if one.status == "Success")


def _paid(subscription: Subscription, transaction_id: str) -> Subscription:
    paid = (*subscription.transaction_ids, transaction_id)
    following = subscription.frequency.after(subscription.started_at, len(paid))
    ends = subscription.ends_at is not None and following >= subscription.ends_at
    return replace(
        subscription,
        transaction_ids=paid,
        next_at=None if ends else following,
        status="Completed" if ends else subscription.status,
    )
