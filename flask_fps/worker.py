"""Drives what is due: messages that wait, payments that are not settled, deliveries that are owed."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import astuple
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from itertools import takewhile
from typing import TypeVar

from .checkout import UNSEEN_AFTER
from .errors import LedgerBusy
from .errors import Refused
from .errors import SchemaMissing
from .logs import log
from .plurals import counted
from .state import AppState

T = TypeVar("T")

#: How many rows of each kind one pass takes.
BATCH = 100
#: A whole reconciliation takes all that is due.
UNLIMITED = 10**9
#: How often a worker says that it is there; an idle one writes nothing else.
BEAT_EVERY = timedelta(seconds=15)
#: How often it says what nobody here can do.
COMPLAIN_EVERY = timedelta(hours=1)


@dataclass
class Pass:
    """What one pass did."""

    arrivals: int = 0
    payments: int = 0
    #: Authorizations that were not paid with, given back.
    releases: int = 0
    deliveries: int = 0
    refunds: int = 0

    @property
    def idle(self) -> bool:
        return not any(astuple(self))

    def __add__(self, other: Pass) -> Pass:
        return Pass(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        said = (
            (self.arrivals, "message", None),
            (self.payments, "payment", None),
            (self.releases, "authorization given back", "authorizations given back"),
            (self.refunds, "refund", None),
            (self.deliveries, "delivery", "deliveries"),
        )
        return ", ".join(counted(*each) for each in said if each[0]) or "nothing"


class Worker:
    """One process that drives an app's payments. Any number of them may run."""

    def __init__(self, state: AppState) -> None:
        self._state = state
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._last_beat: datetime | None = None
        self._complained_at: datetime | None = None

    def run(self, stop: threading.Event, pause: float, report: Callable[[Pass], None]) -> None:
        """Pass after pass until ``stop`` is set; ``pause`` seconds between idle ones."""
        while not stop.is_set():
            done = self.work_once()
            report(done)
            if done.idle:
                stop.wait(pause)

    def work_once(self) -> Pass:
        """Take everything that is due one step further. An unreachable database ends the pass, not the worker."""
        done = Pass()
        try:
            self._pass(done)
        except LedgerBusy as error:
            log.error("the worker waits for the ledger: %s", error)
        return done

    def unfinished(self, everything: bool) -> list[str]:
        """References of the payments that are due now, or of all that may still move."""
        ledger = self._state.ledger
        return ledger.unfinished_payments() if everything else ledger.due_payments(UNLIMITED)

    def reconcile(self, payments: Iterable[str], *, early: bool = False, until: datetime | None = None) -> Pass:
        """Drive these payments once, and every message and delivery that is due.

        :param early: do not wait for back-off timers.
        :param until: begin nothing new after this.
        :raises LedgerBusy: the database does not answer.
        """
        ledger, checkout, missing = self._state.ledger, self._state.checkout, self._state.missing_handlers()
        self._complain(missing)
        in_time = self._in_time(until)
        done = Pass(arrivals=_each(in_time(ledger.arrivals.due(UNLIMITED, early=early)), checkout.process_arrival))
        done.payments = _each(in_time(payments), lambda reference: checkout.drive_payment(reference, early=early))
        done.releases = _each(in_time(ledger.releases.due(UNLIMITED, early=early)), checkout.give_back)
        going_back = in_time(ledger.refunds.due(UNLIMITED, early=early))
        done.refunds = _each(going_back, lambda id: checkout.drive_refund(id, early=early))
        if not missing:
            owed = in_time(ledger.deliveries.due(UNLIMITED, early=early))
            done.deliveries = _each(owed, lambda id: checkout.deliver(id, early=early))
        return done

    def _in_time(self, until: datetime | None) -> Callable[[Iterable[T]], Iterable[T]]:
        return lambda due: takewhile(lambda _one: until is None or self._state.ledger.clock() < until, due)

    def _pass(self, done: Pass) -> None:
        ledger, checkout, missing = self._state.ledger, self._state.checkout, self._state.missing_handlers()
        self._beat()
        self._complain(missing)
        done.arrivals = _each(ledger.arrivals.due(BATCH), checkout.process_arrival)
        done.payments = _each(ledger.due_payments(BATCH), checkout.drive_payment)
        done.releases = _each(ledger.releases.due(BATCH), checkout.give_back)
        done.refunds = _each(ledger.refunds.due(BATCH), checkout.drive_refund)
        if not missing:
            done.deliveries = _each(ledger.deliveries.due(BATCH), checkout.deliver)

    def _beat(self) -> None:
        ledger = self._state.ledger
        now = ledger.clock()
        if self._last_beat is None or not timedelta() <= now - self._last_beat < BEAT_EVERY:
            ledger.beat(self.name)
            self._last_beat = now

    def _complain(self, missing: tuple[str, ...]) -> None:
        """Name what waits for handlers or an account that this process does not have: it keeps nobody from what can
        be done."""
        now = self._state.ledger.clock()
        if self._complained_at is None or not timedelta() <= now - self._complained_at < COMPLAIN_EVERY:
            self._complained_at = now
            if missing:
                log.error("this process delivers nothing: it lacks the handlers %s", ", ".join(missing))
            for said in self._state.checkout.unserved(now - UNSEEN_AFTER):
                log.error("nobody takes this further: %s", said)


def _each(due: Iterable[T], act: Callable[[T], None]) -> int:
    """Act on each; what one of them raises must not stop the others."""
    count = 0
    for one in due:
        try:
            act(one)
            count += 1
        except (LedgerBusy, SchemaMissing):
            raise
        except Refused as error:
            log.error("the worker cannot take %r further: %s", one, error)
        except Exception:
            log.exception("the worker could not take %r further", one)
    return count
