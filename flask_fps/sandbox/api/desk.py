"""Answers to requests: admitted, performed once for each reference, rendered, and spoilt as the fault script says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from ...money import Money
from ...protocol import wire
from ...protocol.messages import Message
from ..bank import BankError
from ..bank import ids
from ..bank.records import Account
from ..bank.records import Reference
from ..bank.rules import CURRENCY
from ..current import Sandbox
from ..faults import Fault
from . import forms
from .actions import Asker
from .actions import PERFORM
from .actions import REMEMBERED
from .door import admit
from .door import Call
from .door import Received
from .errors import http_status
from .errors import internal_error

#: In whose name an unsigned VerifySignature is answered.
NOBODY = Account(email="", name="", balance=Money(0, CURRENCY))


@dataclass(frozen=True)
class Reply:
    """What goes back."""

    status: int
    body: bytes
    #: The connection is cut in place of it.
    lost: bool = False


class Desk:
    """Answers for one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._bank = sandbox.bank

    def answer(self, received: Received) -> Reply:
        """The answer to any request whatever."""
        try:
            call = admit(received, self._bank)
            message = forms.read(call.message, call.own_parameters)
        except BankError as error:
            return _error(error)
        fault = self._sandbox.faults.take(call.action)
        reply = self._performed(call, message, fault)
        if self._sandbox.settings.notification_first:
            self._sandbox.outbox.deliver_due()
        return _spoilt(reply, fault)

    def _performed(self, call: Call, message: Message[Any], fault: Fault | None) -> Reply:
        asker = Asker(self._bank, self._sandbox.settings, call.caller or NOBODY, call.timestamp)
        try:
            if call.action not in REMEMBERED:
                _hold_up(fault)
                return self._effect(call, message, asker)
            key = (asker.account.email, call.action, call.params["CallerReference"])
            with self._bank.references.turn(*key):
                _hold_up(fault)
                return self._once(key, call, lambda: self._effect(call, message, asker))
        except BankError as error:
            return _error(error)

    def _once(self, key: tuple[str, str, str], call: Call, effect: Callable[[], Reply]) -> Reply:
        """The first answer to this reference, whole; it is kept in the same step as its effect."""
        known = self._bank.references.recall(*key, call.params)
        if known is not None:
            return _replayed(known)
        try:
            with self._bank.change():
                return self._kept(key, call, effect())
        except BankError as error:
            if self._bank.rules.failed_reference == "replay":
                return self._kept(key, call, _error(error))
            raise

    def _kept(self, key: tuple[str, str, str], call: Call, reply: Reply) -> Reply:
        self._bank.references.keep(*key, call.params, reply.status, reply.body.decode())
        return reply

    def _effect(self, call: Call, message: Message[Any], asker: Asker) -> Reply:
        with self._bank.change():
            result = PERFORM[call.action](asker, message)
        return Reply(200, wire.render_answer(call.action, result, call.version, f"{ids.request_id()}:0"))


def _replayed(known: Reference) -> Reply:
    return Reply(known.status, known.answer.encode())


def _error(error: BankError) -> Reply:
    return Reply(http_status(error.code), wire.render_error(error.code, error.message, ids.request_id()))


def internal_failure() -> Reply:
    """The answer when the sandbox itself is at fault."""
    return _error(internal_error())


def _hold_up(fault: Fault | None) -> None:
    """What goes wrong before the action happens."""
    if fault is not None and fault.fault == "500_before":
        raise internal_error()
    if fault is not None and fault.fault == "delay" and fault.when == "before":
        time.sleep(fault.seconds)


def _spoilt(reply: Reply, fault: Fault | None) -> Reply:
    """What goes wrong once the action has happened."""
    if fault is None:
        return reply
    if fault.fault == "delay" and fault.when == "after":
        time.sleep(fault.seconds)
    if fault.fault == "500_after":
        return internal_failure()
    return replace(reply, lost=fault.fault == "lose_answer")
