"""What the fault script has in store for one request, before and after it is performed."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from ...protocol.codes import CODES
from .. import tampering
from ..bank import Bank
from ..bank import BankError
from ..bank.settlement import Ending
from ..current import Sandbox
from ..faults import Fault
from ..http import HALF
from ..http import WHOLE
from .actions import Asker
from .door import Call
from .errors import internal_error
from .errors import unavailable
from .reply import error_reply
from .reply import Reply

_CUTS = {"lose_answer": WHOLE, "cut_answer": HALF}


class Spoiling:
    """Takes what strikes this request from the script."""

    def __init__(self, sandbox: Sandbox, call: Call) -> None:
        self._faults = sandbox.faults
        self._action = call.action
        self._reference = _reference(call, sandbox.bank)
        self._fault = self._faults.take("request", self._action, self._reference)

    def before(self) -> None:
        """What goes wrong before the action happens.

        :raises BankError: then it does not happen.
        """
        fault = self._fault
        if fault is None:
            return
        if fault.when == "before":
            time.sleep(fault.seconds)
        elif fault.fault == "decline":
            raise BankError(fault.code, _sentence(CODES[fault.code].meaning))
        elif fault.fault in ("500_before", "503_before"):
            raise _error(fault)

    def ending_of(self, asker: Asker) -> Asker:
        """The same wish, pending where the script says so."""
        fault = self._faults.take("transaction", self._action, self._reference)
        if fault is None:
            return asker
        return replace(asker, ending=Ending(timedelta(seconds=fault.settles), fault.ends, fault.waits))

    def of(self, reply: Reply) -> Reply:
        """The answer as it goes out."""
        fault, said = self._fault, self._tampered(reply)
        if fault is None:
            return said
        if fault.when != "before":
            time.sleep(fault.seconds)
        if fault.fault in ("500_after", "503_after"):
            return error_reply(_error(fault))
        if fault.fault == "garbage":
            return replace(said, status=200, body=fault.value.encode(), content_type="text/html")
        return replace(said, cut=_CUTS.get(fault.fault, ""))

    def _tampered(self, reply: Reply) -> Reply:
        def lie(fault: Fault) -> bytes:
            return tampering.answer(reply.body, fault.field, fault.value)

        fault = self._faults.take("answer", self._action, self._reference, lambda fault: lie(fault) != reply.body)
        return reply if fault is None else replace(reply, body=lie(fault))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith("?") else ".")


def _error(fault: Fault) -> BankError:
    return unavailable() if fault.fault.startswith("503") else internal_error()


def _reference(call: Call, bank: Bank) -> str | None:
    """The reference a request is about: its own, or that of the transaction it asks for."""
    own = call.own_parameters
    names = ("TransactionId", "ReserveTransactionId", "OriginalTransactionId")
    found = bank.transaction(next((own[name] for name in names if own.get(name)), ""))
    return call.reference or (found.caller_reference if found else None)
