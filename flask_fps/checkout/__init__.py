"""The story of one payment, a file per chapter; the only place where a gateway and the ledger meet.

No Flask in it, no clock and no network of its own: everything it needs is on its :class:`Desk`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import datetime

from ..gateways import Standing
from ..gateways import Unreachable
from ..gateways import Verdict
from ..ledger import Decision as Decision
from ..ledger import Reason
from ..money import Money
from ..records import Kind
from ..records import Order
from ..records import Payment
from ..records import Refund
from . import claim
from . import deliver
from . import notify
from . import refund
from . import release
from . import reserve
from . import resolve
from .audit import audit
from .audit import Finding as Finding
from .desk import all_or_nothing as all_or_nothing
from .desk import Amount as Amount
from .desk import Desk as Desk
from .desk import Policy as Policy
from .desk import Tell as Tell
from .desk import UNSEEN_AFTER as UNSEEN_AFTER
from .desk import WORKER_SEEN_WITHIN as WORKER_SEEN_WITHIN
from .drive import drive
from .drive import drive_all
from .drive import stumbled
from .finish import finish
from .start import Addresses as Addresses
from .start import look
from .start import start
from .start import Started as Started


class Checkout:
    """What the shop's rooms call; every method leaves the ledger in a state that any process can go on from."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def start(self, order: Order, buyer: str, account: str, addresses: Addresses) -> Started:
        """A buyer wants to pay an order."""
        return start(self._desk, order, buyer, account, addresses)

    def look(self, order: Order, buyer: str, account: str, addresses: Addresses) -> Started | None:
        """What answers this order already; ``None`` where the buyer would have to be sent away."""
        return look(self._desk, order, buyer, account, addresses)

    def unreachable(self, account: str) -> Unreachable | None:
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

    def drive(self, reference: str, *, named: bool = False) -> None:
        """Take one payment as far as it will go now: its inbox, its money, what is owed back, its delivery."""
        drive_all(self._desk, reference, named=named)

    def drive_payment(self, reference: str, *, early: bool = False) -> None:
        """Take one payment's money a step further, if it is due; ``early``: even before."""
        drive(self._desk, reference, early=early)

    def stumbled(self, reference: str, error: Exception) -> None:
        """Driving this payment met an error: later again, and after a while it is parked for an operator."""
        stumbled(self._desk, reference, error)

    def address_of(self, payment: Payment) -> str | None:
        """Where the buyer of a payment can be written to."""
        return claim.address_of(self._desk, payment)

    def wanted(self, address: str) -> list[Payment]:
        """What somebody bought who asks for new links: :func:`flask_fps.checkout.claim.wanted`."""
        return claim.wanted(self._desk, address)

    def in_context(self, payment: Payment, function: Callable[[], None]) -> None:
        """Run a function as a handler runs, with addresses of the shop as this payment's buyer sees them."""
        self._desk.fresh(payment, function)

    def unserved(self, moment: datetime) -> list[str]:
        """What was due at ``moment`` and waits for an account or a gateway that this process does not have."""
        found = self._desk.ledger.operator.unserved(moment, self._desk.serves)
        return [f"{each.due} due {self._desk.why_unserved(each.account, each.gateway)}" for each in found]

    def audit(self, account: str, since: datetime) -> Iterator[Finding]:
        """Every difference between this ledger and the provider's books."""
        return audit(self._desk, account, since)

    def process_arrival(self, id: int) -> None:
        """Act on one message of the inbox."""
        notify.process(self._desk, id)

    def deliver(self, id: int, *, early: bool = False) -> None:
        """Deliver one row of the outbox, if it is due; ``early``: even before."""
        deliver.due(self._desk, id, early=early)

    def give_back(self, id: int) -> None:
        """Give back one authorization that will not be paid with."""
        release.due(self._desk, id)

    def refund(
        self, reference: str, amount: Amount | None = None, key: str | None = None, decision: Decision | None = None
    ) -> Refund:
        """Give money back: :func:`flask_fps.checkout.refund.refund`."""
        return refund.refund(self._desk, reference, amount, key, decision)

    def settle(self, reference: str, amount: Amount | None = None, decision: Decision | None = None) -> Payment:
        """Take what is reserved: :func:`flask_fps.checkout.reserve.settle`."""
        return reserve.settle(self._desk, reference, amount, decision)

    def cancel(self, reference: str, decision: Decision | None = None) -> Payment:
        """Give up what is reserved: :func:`flask_fps.checkout.reserve.cancel`."""
        return reserve.cancel(self._desk, reference, decision)

    def refund_key(self, reference: str, amount: Amount | None = None) -> str:
        """The key that :meth:`refund` would make: :func:`flask_fps.checkout.refund.key_for`."""
        return refund.key_for(self._desk, reference, amount)

    def foreseen_refund(self, reference: str, amount: Amount | None, key: str) -> Money | None:
        """What :meth:`refund` would give back, before anybody is asked: :func:`flask_fps.checkout.refund.foreseen`."""
        return refund.foreseen(self._desk, reference, amount, key)

    def foreseen_of_hold(self, reference: str, kind: Kind, amount: Amount | None = None) -> Money | None:
        """Likewise of :meth:`settle` and :meth:`cancel`: :func:`flask_fps.checkout.reserve.foreseen`."""
        return reserve.foreseen(self._desk, reference, kind, amount)

    def drive_refund(self, id: int, *, early: bool = False) -> None:
        """Take one refund a step further, if it is due; ``early``: even before."""
        refund.due(self._desk, id, early=early)

    # What a person decides

    def found_paid(self, reference: str, transaction_id: str, decision: Decision) -> Payment:
        """:func:`flask_fps.checkout.resolve.paid`."""
        return resolve.paid(self._desk, reference, transaction_id, decision)

    def found_unpaid(self, reference: str, decision: Decision) -> Payment:
        """:func:`flask_fps.checkout.resolve.unpaid`."""
        return resolve.unpaid(self._desk, reference, decision)

    def check_unpaid(self, reference: str) -> None:
        """Raises as :meth:`found_unpaid` would, and changes nothing."""
        resolve.check_unpaid(self._desk, reference)

    def check_dismiss(self, reference: str, number: int | None = None) -> Reason:
        """What :meth:`dismiss` would. Raises as it would, and changes nothing."""
        return resolve.check_dismiss(self._desk, reference, number)

    def redeliver(
        self,
        reference: str,
        decision: Decision,
        *,
        parked: bool = False,
        handler: str | None = None,
        wait: bool = True,
    ) -> Payment:
        """:func:`flask_fps.checkout.resolve.redeliver`."""
        return resolve.redeliver(self._desk, reference, decision, parked=parked, handler=handler, wait=wait)

    def dismiss(self, reference: str, decision: Decision, number: int | None = None) -> Payment:
        """:func:`flask_fps.checkout.resolve.dismiss`."""
        return resolve.dismiss(self._desk, reference, decision, number)
