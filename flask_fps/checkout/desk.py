"""What every chapter of the checkout works with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from ..gateways import Gateway
from ..ledger import Backoff
from ..ledger import Lease
from ..ledger import Ledger
from ..ledger import Terms
from ..records import Intent
from ..records import Outcome
from ..records import Payment
from ..records import Result
from ..signals import PaymentSignal

log = logging.getLogger("flask_fps")

#: A lease covers this many whole exchanges with the provider, and some time to write.
EXCHANGES_PER_LEASE = 3
LEASE_MARGIN = timedelta(seconds=5)
#: A buyer who is still away after this is asked about, then again and again with longer waits.
ASK_AFTER = Backoff(first=timedelta(minutes=10), longest=timedelta(hours=1))
#: What is due for longer than this should have been driven by a worker.
UNSEEN_AFTER = timedelta(minutes=5)
#: A worker seen within this time is at work.
WORKER_SEEN_WITHIN = timedelta(minutes=1)


#: Sends a signal that only tells; never raises.
Tell = Callable[[PaymentSignal, Payment], None]
#: Runs a function in a fresh context of the app, bound to the payment's own address.
Fresh = Callable[[Payment, Callable[[], None]], None]
#: Calls every receiver of ``payment_completed`` with this session; raises if one of them raised.
Handle = Callable[[Payment, Any], None]


@dataclass(frozen=True)
class Desk:
    """The parts of one app's checkout; clock, randomness and transport are all passed in.

    :param gateways: by account.
    :param new_name: a fresh, unguessable name of at least 128 bits and at most 40 characters.
    :param exchange: how long one whole exchange with the provider may take.
    :param handlers: the named fulfillment handlers, asked when a payment is paid.
    :param may_deliver: false in a process that lacks a handler it is expected to have.
    """

    ledger: Ledger
    gateways: Mapping[str, Gateway]
    clock: Callable[[], datetime]
    new_name: Callable[[], str]
    tell: Tell
    fresh: Fresh
    handle: Handle
    handlers: Callable[[], Mapping[str, Callable[[Payment], None]]]
    may_deliver: Callable[[], bool]
    exchange: timedelta
    terms: Terms
    handler_timeout: timedelta

    def gateway(self, payment: Payment) -> Gateway:
        return self.gateways[payment.account]

    def lease(self) -> Lease:
        """A lease in a name that nobody else ever uses."""
        return Lease(self.new_name(), self.exchange * EXCHANGES_PER_LEASE + LEASE_MARGIN)

    def intent(self, payment: Payment, authorization_id: str, number: int) -> Intent:
        """The request that pays this payment, frozen. The same payment and number give the same request."""
        reference = f"{payment.reference}-{number}"
        return Intent(
            reference=reference,
            kind="pay",
            payment=payment.reference,
            money=payment.money,
            authorization_id=authorization_id,
            parameters=self.gateway(payment).freeze(payment, authorization_id, reference),
        )


def asked(ask: Callable[[], Outcome]) -> Outcome:
    """What the provider said. Whatever breaks on the way proves nothing about the money."""
    try:
        return ask()
    except Exception as error:
        log.exception("the gateway broke and gave no answer")
        return Outcome(Result.UNKNOWN, message=f"{type(error).__name__}: {error}")
