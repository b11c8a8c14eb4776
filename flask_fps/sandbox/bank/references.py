"""CallerReference: a request sent again is answered as its first was.

The same reference of the same account and action is remembered for seven days. The identical request gets
the whole first answer; a different one is refused. One that comes while the first is in flight waits.
(FPS developer guide, *Handling transactions that do not return*.)
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager

from .books import Books
from .books import reference_key
from .clock import SandboxClock
from .errors import BankError
from .records import Reference
from .rules import Rules
from .switches import Switches
from .use import used_up

#: In these alone two sendings of one request may differ.
_FRESH = ("AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp")


class References:
    """The desk that remembers answers."""

    def __init__(self, books: Books, clock: SandboxClock, rules: Rules, switches: Switches) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._switches = switches
        self._landed = threading.Condition()
        self._flying: set[str] = set()

    @contextmanager
    def turn(self, account: str, action: str, reference: str) -> Iterator[None]:
        """Hold this reference exclusively; wait for its current holder.

        :raises BankError: where the switch ``in_flight`` says not to wait.
        """
        key = reference_key(account, action, reference)
        with self._landed:
            while key in self._flying:
                if self._switches.in_flight != "wait":
                    raise self._in_flight(action)
                self._landed.wait()
            self._flying.add(key)
        try:
            yield
        finally:
            with self._landed:
                self._flying.discard(key)
                self._landed.notify_all()

    def _in_flight(self, action: str) -> BankError:
        if self._switches.in_flight == "DuplicateRequest":
            return _duplicate()
        if self._switches.in_flight == "ConcurrentModification":
            return BankError("ConcurrentModification", "Two requests with this caller reference came at once.")
        if action in ("Pay", "Reserve"):
            return used_up(self._switches.used_token, "of this request")
        if action == "Refund":
            return BankError("RefundAmountExceeded", "The refund amount is more than the refundable amount.")
        return _duplicate()

    def recall(self, account: str, action: str, reference: str, parameters: Mapping[str, str]) -> Reference | None:
        """The first answer, if there was one within the time they are kept.

        :raises BankError: DuplicateRequest, for a different request.
        """
        with self._books.change():
            known = self._known(account, action, reference)
            if known is not None and known.digest != digest(parameters):
                raise _duplicate()
            return known

    def is_known(self, account: str, action: str, reference: str) -> bool:
        """Is an answer kept, to whatever request?"""
        with self._books.change():
            return self._known(account, action, reference) is not None

    def _known(self, account: str, action: str, reference: str) -> Reference | None:
        known = self._books.references.get(reference_key(account, action, reference))
        expired = known is not None and self._clock.now() >= known.first_used_at + self._rules.reference_life
        return None if expired else known

    def keep(
        self, account: str, action: str, reference: str, parameters: Mapping[str, str], status: int, answer: str
    ) -> None:
        """Remember the answer to a reference's first use."""
        with self._books.change():
            self._books.references.put(
                Reference(
                    account=account,
                    action=action,
                    reference=reference,
                    digest=digest(parameters),
                    status=status,
                    answer=answer,
                    first_used_at=self._clock.now(),
                )
            )


def digest(parameters: Mapping[str, str]) -> str:
    """The same for two requests that may count as one."""
    pairs = sorted((name, value) for name, value in parameters.items() if name not in _FRESH)
    return hashlib.sha256(repr(pairs).encode()).hexdigest()


def used_before() -> BankError:
    """The captured text for a reference that may be used but once."""
    return BankError("DuplicateRequest", "This request is a duplicate of a previous request and cannot be executed.")


def _duplicate() -> BankError:
    return BankError("DuplicateRequest", "A different request has already been made with this caller reference.")
