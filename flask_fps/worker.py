"""Drives what is due: messages that wait, payments that are not settled, deliveries that are owed."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import replace
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
MayBegin = Callable[[], bool]

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
    #: What met an error: no reason to hurry.
    failed: int = 0

    @property
    def idle(self) -> bool:
        return not any(astuple(replace(self, failed=0)))

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

    @property
    def trouble(self) -> str | None:
        """What did not work, as a sentence."""
        if not self.failed:
            return None
        return f"{counted(self.failed, 'payment')} could not be taken further: the log and `flask fps show` say why"


class Worker:
    """One process that drives an app's payments. Any number of them may run."""

    def __init__(self, state: AppState) -> None:
        self._state = state
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._last_beat: datetime | None = None
        self._complained_at: datetime | None = None

    def run(self, stop: threading.Event, pause: float, report: Callable[[Pass], None]) -> None:
        """Pass after pass until ``stop`` is set; ``pause`` seconds between idle ones. What was begun is finished."""
        while not stop.is_set():
            done = self.work_once(stop)
            report(done)
            if done.idle:
                stop.wait(pause)

    def work_once(self, stop: threading.Event | None = None) -> Pass:
        """Take everything that is due one step further. An unreachable database ends the pass, not the worker.

        :param stop: once it is set, nothing new is begun.
        """
        done = Pass()
        try:
            due = self._state.ledger.due_payments
            self._drive(done, lambda: stop is None or not stop.is_set(), lambda: due(BATCH), BATCH)
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
        clock = self._state.ledger.clock
        done = Pass()
        self._drive(done, lambda: until is None or clock() < until, lambda: payments, UNLIMITED, early=early)
        return done

    def _drive(
        self, done: Pass, may_begin: MayBegin, payments: Callable[[], Iterable[str]], limit: int, *, early: bool = False
    ) -> None:
        ledger, checkout, missing = self._state.ledger, self._state.checkout, self._state.missing_handlers()
        self._beat()
        self._complain(missing)
        each = _Each(done, may_begin, self._beat)
        done.arrivals = each(ledger.arrivals.due(limit, early=early), checkout.process_arrival)
        done.payments = each(payments(), lambda one: checkout.drive_payment(one, early=early), checkout.stumbled)
        done.releases = each(ledger.releases.due(limit, early=early), checkout.give_back)
        done.refunds = each(ledger.refunds.due(limit, early=early), lambda id: checkout.drive_refund(id, early=early))
        if not missing:
            owed = ledger.deliveries.due(limit, early=early)
            done.deliveries = each(owed, lambda id: checkout.deliver(id, early=early))

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


@dataclass(frozen=True)
class _Each:
    """Acts on one after the other; what one of them raises must not stop the others."""

    done: Pass
    may_begin: MayBegin
    beat: Callable[[], None]

    def __call__(
        self, due: Iterable[T], act: Callable[[T], None], stumbled: Callable[[T, Exception], None] | None = None
    ) -> int:
        """How many were taken further; ``stumbled`` is told of those that were not."""
        count = 0
        for one in takewhile(lambda _one: self.may_begin(), due):
            self.beat()
            try:
                act(one)
                count += 1
            except (LedgerBusy, SchemaMissing):
                raise
            except Exception as error:
                self.done.failed += 1
                _complain_of(one, error)
                if stumbled is not None:
                    _note(one, error, stumbled)
        return count


def _note(one: T, error: Exception, stumbled: Callable[[T, Exception], None]) -> None:
    try:
        stumbled(one, error)
    except (LedgerBusy, SchemaMissing):
        raise
    except Exception:
        log.exception("the worker could not even note that of %r", one)


def _complain_of(one: object, error: Exception) -> None:
    if isinstance(error, Refused):
        log.error("the worker cannot take %r further: %s", one, error)
    else:
        log.exception("the worker could not take %r further", one)
