"""What becomes of a notification on its way, where the fault script has something in store for it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from . import tampering
from .bank.records import Notice
from .bank.records import Parameter
from .faults import Fault
from .faults import Faults

#: One that lets the next one pass does not wait for it longer than this.
OVERTAKEN_WITHIN = timedelta(hours=1)


def fate(faults: Faults) -> Callable[[Notice], Notice]:
    """Asked of every notification as it is written; the same or another comes back."""

    def decide(notice: Notice) -> Notice:
        reference = notice.parameters.get("callerReference")
        for name, change in _CHANGES.items():
            fault = faults.take("notification", notice.cause, reference, _is_called(name))
            notice = notice if fault is None else change(notice, fault)
        return notice

    return decide


def _is_called(name: str) -> Callable[[Fault], bool]:
    return lambda fault: fault.fault == name


def _drop(notice: Notice, _fault: Fault) -> Notice:
    return replace(notice, state="dropped", due_at=None)


def _delay(notice: Notice, fault: Fault) -> Notice:
    return notice.late(timedelta(seconds=fault.seconds))


def _overtake(notice: Notice, _fault: Fault) -> Notice:
    return notice if notice.due_at is None else replace(notice.late(OVERTAKEN_WITHIN), state="overtaken")


def _duplicate(notice: Notice, _fault: Fault) -> Notice:
    return replace(notice, copies=2)


def _tamper(notice: Notice, fault: Fault) -> Notice:
    said = tampering.form(notice.parameters, tampering.NOTIFICATION, fault.field, fault.value)
    if fault.signed:
        return replace(notice, fields=_parameters(said))
    name = tampering.NOTIFICATION[fault.field]
    return replace(notice, forged=_parameters({name: said.get(name, "")}))


def _parameters(said: Mapping[str, str]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, value) for name, value in said.items())


_CHANGES: Mapping[str, Callable[[Notice, Fault], Notice]] = {
    "drop_ipn": _drop,
    "delay_ipn": _delay,
    "duplicate_ipn": _duplicate,
    "reorder_ipn": _overtake,
    "tamper_ipn": _tamper,
}
