"""Answers to requests: admitted, performed once for each reference, rendered, and spoilt as the fault script says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...protocol.messages import Message
from ..bank import BankError
from ..bank import ids
from ..bank.records import Account
from ..bank.records import Reference
from ..bank.references import used_before
from ..bank.rules import NOTHING
from ..bank.standing import check_reader
from ..current import Sandbox
from . import forms
from .actions import Asker
from .actions import MOVING_MONEY
from .door import admit
from .door import Call
from .door import Received
from .first import batches
from .repertoire import REPERTOIRES
from .reply import error_reply
from .reply import refusal
from .reply import Reply
from .spoiling import Spoiling

#: In whose name an unsigned VerifySignature is answered.
NOBODY = Account(email="", name="", balance=NOTHING)


class Desk:
    """Answers for one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._bank = sandbox.bank

    def answer(self, received: Received) -> Reply:
        """The answer to any request whatever."""
        try:
            call = admit(received, self._bank)
        except BankError as error:
            return error_reply(error)
        reply = self._answered(call)
        if self._bank.switches.ipn == "before":
            self._sandbox.outbox.deliver_due()
        return reply

    def _answered(self, call: Call) -> Reply:
        """The answer to one request that was let in, alone or as a part of a batch."""
        try:
            message = forms.read(call.message, call.own_parameters, REPERTOIRES[call.dialect.version].rules)
        except BankError as error:
            return refusal(call, error)
        spoiling = Spoiling(self._sandbox, call)
        return spoiling.of(self._performed(call, message, spoiling))

    def _performed(self, call: Call, message: Message[Any], spoiling: Spoiling) -> Reply:
        if call.action in batches.ACTIONS:
            return self._batch(call, message, spoiling)
        asker = Asker(self._bank, self._sandbox.settings, call.caller or NOBODY, call.timestamp)
        repertoire = REPERTOIRES[call.dialect.version]
        try:
            if call.action not in repertoire.remembered or not call.reference:
                spoiling.before()
                return self._effect(call, message, spoiling.ending_of(asker))
            key = (asker.account.email, call.action, call.reference)
            with self._bank.references.turn(*key):
                return self._once(key, call, lambda: self._effect(call, message, spoiling.ending_of(asker)), spoiling)
        except BankError as error:
            return refusal(call, error)

    def _batch(self, call: Call, message: Message[Any], spoiling: Spoiling) -> Reply:
        try:
            spoiling.before()
        except BankError as error:
            return refusal(call, error)
        answered = [(part, self._answered(part)) for part in batches.parts(call, message)]
        return _reply(call, batches.result(call, answered))

    def _once(self, key: tuple[str, str, str], call: Call, effect: Callable[[], Reply], spoiling: Spoiling) -> Reply:
        """The first answer to this reference, whole; it is kept in the same step as its effect."""
        try:
            spoiling.before()
            if call.action in REPERTOIRES[call.dialect.version].once and self._bank.references.is_known(*key):
                raise used_before()
            known = self._bank.references.recall(*key, call.params)
            if known is not None:
                return _replayed(known)
            with self._bank.change():
                return self._kept(key, call, effect())
        except BankError as error:
            return self._failed(key, call, error)

    def _failed(self, key: tuple[str, str, str], call: Call, error: BankError) -> Reply:
        """An error is kept too where the switch says so, but never in place of what a reference has got."""
        reply = refusal(call, error)
        replays = self._bank.switches.failed_reference == "replay" and reply.status < 500
        if replays and not self._bank.references.is_known(*key):
            return self._kept(key, call, reply)
        return reply

    def _kept(self, key: tuple[str, str, str], call: Call, reply: Reply) -> Reply:
        self._bank.references.keep(*key, call.params, reply.status, reply.body.decode())
        return reply

    def _effect(self, call: Call, message: Message[Any], asker: Asker) -> Reply:
        with self._bank.change():
            if call.action not in MOVING_MONEY:
                check_reader(asker.account)
            result = REPERTOIRES[call.dialect.version].perform[call.action](asker, message)
        return _reply(call, result)


def _reply(call: Call, result: object) -> Reply:
    return Reply(200, call.dialect.render_answer(call.action, result, f"{ids.request_id()}:0"))


def _replayed(known: Reference) -> Reply:
    return Reply(known.status, known.answer.encode())
