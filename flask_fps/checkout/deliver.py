"""Chapter five: what was paid for is delivered, once, whatever stops in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ..errors import LedgerBusy
from ..ledger import ClaimLost
from ..ledger import COMPLETED
from ..ledger import Delivery
from ..logs import log
from ..logs import naming
from ..signals import payment_parked
from .desk import Desk

#: While a named handler runs, its lease is renewed this often in its life.
RENEWALS_PER_LEASE = 3
#: How long a delivery rests that the ledger could not take.
BUSY_WAIT = timedelta(seconds=5)


class HandlerTimeout(Exception):
    """A handler was still running when its time was over."""


class HandlerFailed(Exception):
    """A handler did worse than raise."""


def deliver(desk: Desk, delivery: Delivery) -> None:
    """Hand one claimed delivery to the shop. Never raises for what the shop's code did."""
    if not desk.may_deliver():
        desk.ledger.deliveries.give_back(delivery)
        return
    run = _completed if delivery.handler == COMPLETED else _named
    try:
        run(desk, delivery)
    except ClaimLost as error:
        log.info("%s", error)
    except LedgerBusy as error:
        log.warning("delivery of %s waits: %s", delivery.payment.reference, error, extra=_about(delivery))
        _give_back(desk, delivery)
    except Exception as error:
        log.exception(
            "delivery of %s by %s failed", delivery.payment.reference, delivery.handler, extra=_about(delivery)
        )
        _note_failure(desk, delivery, error)


def due(desk: Desk, id: int, *, early: bool = False) -> None:
    """Claim one outbox row and deliver it, unless somebody else does; ``early``: even before its time."""
    if not desk.may_deliver():
        return
    delivery = desk.ledger.deliveries.claim(id, desk.lease(), desk.handlers(), early=early)
    if delivery is not None:
        deliver(desk, delivery)


def _completed(desk: Desk, delivery: Delivery) -> None:
    payment = delivery.payment

    def work() -> None:
        hand_over = desk.ledger.deliveries.hand_over
        desk.fresh(payment, lambda: hand_over(delivery, lambda session: desk.handle(payment, session)))

    if desk.ledger.deliveries.share_session:  # its open transaction keeps everybody else away
        work()
    else:
        _WATCH.run(desk, delivery, work)


def _named(desk: Desk, delivery: Delivery) -> None:
    handler = desk.handlers().get(delivery.handler)
    if handler is None:
        raise LookupError(f"no fulfillment handler {delivery.handler!r} in this process: register it before delivering")
    payment = delivery.payment
    _WATCH.run(desk, delivery, lambda: desk.fresh(payment, lambda: handler(payment)))
    desk.ledger.deliveries.mark(delivery)


def _note_failure(desk: Desk, delivery: Delivery, error: Exception) -> None:
    try:
        parked = desk.ledger.deliveries.failed(delivery, f"{type(error).__name__}: {error}")
    except LedgerBusy as busy:
        reference = delivery.payment.reference
        log.warning("could not note the failed delivery of %s: %s", reference, busy, extra=_about(delivery))
        return
    if parked:
        payment = desk.ledger.payment(delivery.payment.reference) or delivery.payment
        log.warning(
            "payment %s is parked for an operator: %s", payment.reference, payment.parked_reason, extra=_about(delivery)
        )
        desk.tell(payment_parked, payment)


def _about(delivery: Delivery) -> dict[str, Any]:
    return naming(delivery.payment.reference, handler=delivery.handler)


def _give_back(desk: Desk, delivery: Delivery) -> None:
    try:
        desk.ledger.deliveries.give_back(delivery, BUSY_WAIT)
    except LedgerBusy as busy:
        log.warning("its lease must run out first: %s", busy, extra=_about(delivery))


def _renew(desk: Desk, delivery: Delivery, lasts: timedelta) -> None:
    """The handler runs on whether or not this works: giving the claim back would only let another begin."""
    try:
        desk.ledger.deliveries.renew(delivery, lasts)
    except LedgerBusy as busy:
        log.warning("the claim of %s could not be renewed: %s", delivery.handler, busy, extra=_about(delivery))


class _Watch:
    """Runs handlers that work outside the ledger's database, each in a thread of its own, and renews their claims.

    A handler that outlives its time counts as failed, and is not run again here until it has ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: By ledger and outbox row: several apps may live in this process.
        self._running: set[tuple[int, int]] = set()

    def run(self, desk: Desk, delivery: Delivery, work: Callable[[], None]) -> None:
        place = id(desk.ledger), delivery.id
        with self._lock:
            if place in self._running:
                raise HandlerTimeout(f"{delivery.handler} is still running from an earlier attempt")
            self._running.add(place)
        errors: list[BaseException] = []
        thread = threading.Thread(target=self._work, args=(place, work, errors), daemon=True)
        try:
            thread.start()
        except BaseException:
            self._ended(place)
            raise
        self._wait(desk, delivery, thread)
        for error in errors:
            if isinstance(error, Exception):
                raise error
            raise HandlerFailed(f"the handler tried to end the process: {error!r}") from error

    def _work(self, place: tuple[int, int], work: Callable[[], None], errors: list[BaseException]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            self._ended(place)

    def _ended(self, place: tuple[int, int]) -> None:
        with self._lock:
            self._running.discard(place)

    def _wait(self, desk: Desk, delivery: Delivery, thread: threading.Thread) -> None:
        lasts, left = desk.lease().lasts, desk.handler_timeout.total_seconds()
        pause = lasts.total_seconds() / RENEWALS_PER_LEASE
        while left > 0:
            thread.join(min(pause, left))
            if not thread.is_alive():
                return
            left -= pause
            _renew(desk, delivery, lasts)
        raise HandlerTimeout(f"{delivery.handler} was still running after {desk.handler_timeout}")


_WATCH = _Watch()
