"""The story of one payment, a file per chapter; the only place where a gateway and the ledger meet.

No Flask in it, no clock and no network of its own: everything it needs is on its :class:`Desk`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..gateways import Standing
from ..gateways import Verdict
from ..records import Order
from ..records import Payment
from . import deliver
from . import notify
from . import pay
from .desk import Desk as Desk
from .desk import WORKER_SEEN_WITHIN
from .finish import finish
from .start import Addresses as Addresses
from .start import start
from .start import Started as Started


class Checkout:
    """What the shop's rooms call; every method leaves the ledger in a state that any process can go on from."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def start(self, order: Order, buyer: str, account: str, addresses: Addresses) -> Started:
        """A buyer wants to pay an order."""
        return start(self._desk, order, buyer, account, addresses)

    def unreachable(self, account: str) -> str | None:
        """``None``, or why it is pointless to send a buyer away now."""
        return self._desk.gateways[account].reachable()

    def finish(self, payment: Payment, raw_query: str) -> Standing:
        """The buyer came back to this payment's return URL with this query."""
        return finish(self._desk, payment, raw_query)

    def notify(self, account: str, body: bytes, headers: Mapping[str, str], url: str) -> Verdict:
        """The provider posted this to ``url``.

        :raises LedgerBusy: it could not be kept: do not acknowledge it.
        """
        return notify.notify(self._desk, account, body, headers, url)

    def drive(self, reference: str) -> None:
        """Take one payment as far as it will go now: its inbox, its request, its delivery."""
        desk = self._desk
        for arrival in desk.ledger.due_arrivals_of(reference):
            notify.process(desk, arrival)
        pay.drive(desk, reference)
        alone = not desk.ledger.worker_seen(WORKER_SEEN_WITHIN)
        for delivery in desk.ledger.due_deliveries_of(reference, named=alone):
            deliver.due(desk, delivery)

    def drive_payment(self, reference: str) -> None:
        """Take one payment's request a step further, if it is due."""
        pay.drive(self._desk, reference)

    def process_arrival(self, id: int) -> None:
        """Act on one message of the inbox."""
        notify.process(self._desk, id)

    def deliver(self, id: int) -> None:
        """Deliver one row of the outbox."""
        deliver.due(self._desk, id)
