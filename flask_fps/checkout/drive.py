"""Taking one payment further, whatever stands next in its story."""

from __future__ import annotations

from .. import signals
from ..ledger import AWAY
from ..logs import log
from ..logs import naming
from ..records import Payment
from ..records import State
from . import deliver
from . import notify
from . import pay
from . import refund
from . import release
from . import reserve
from .desk import Desk
from .desk import NoGateway
from .desk import UNSEEN_AFTER
from .desk import WORKER_SEEN_WITHIN
from .recover import recover


def drive(desk: Desk, reference: str, *, early: bool = False) -> None:
    """What is next for this payment's money, if it is due and nobody else is at it.

    :raises NoGateway: it was made with an account or a gateway that this process does not have.
    """
    payment = desk.ledger.payment(reference)
    if payment is None or not (early or _is_due(desk, payment)):
        return
    desk.gateway(payment)  # before anybody leases it for nothing
    if payment.state in AWAY:
        recover(desk, payment, early=early)
    elif payment.state is State.RESERVED:
        reserve.proceed(desk, payment, early=early)
    else:
        pay.proceed(desk, payment, early=early)


def stumbled(desk: Desk, reference: str, error: Exception) -> None:
    """Driving this payment met an error that nobody foresaw: later again, and then a person."""
    payment, parked = desk.ledger.stumble(reference, f"{type(error).__name__}: {error}")
    if parked:
        desk.tell(signals.payment_parked, payment)


def _is_due(desk: Desk, payment: Payment) -> bool:
    """The ledger decides; this only saves it the writing for everybody who looks."""
    if payment.due_at is None or payment.due_at > desk.clock():
        return False
    if desk.clock() - payment.due_at > UNSEEN_AFTER:
        said = "payment %s was due at %s and nobody came: is a worker running?"
        log.warning(said, payment.reference, payment.due_at, extra=naming(payment.reference))
    return True


def drive_all(desk: Desk, reference: str, *, named: bool = False) -> None:
    """All that is due of one payment: its inbox, its money, what goes back, its delivery.

    :param named: run named handlers, which may take long; otherwise only where no worker is seen to do it.
    """
    try:
        _drive_money(desk, reference)
    except NoGateway as error:
        log.error("%s", error, extra=naming(reference))
    named = named or not desk.ledger.worker_seen(WORKER_SEEN_WITHIN)
    for delivery in desk.ledger.deliveries.due_of(reference, named=named):
        deliver.due(desk, delivery)


def _drive_money(desk: Desk, reference: str) -> None:
    for arrival in desk.ledger.arrivals.due_of(reference):
        notify.process(desk, arrival)
    drive(desk, reference)
    release.due_of(desk, reference)
    refund.due_of(desk, reference)
