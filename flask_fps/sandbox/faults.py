"""The fault script: what goes wrong on purpose, for whom, and how often.

A fault fires on a request that got past the front door (known key, right signature, well formed), so that
a stranger's noise cannot use it up. Of the lines that fit, the first in the script fires: one that spoils
the request or its answer, one that makes it pend, one that tampers; a notification gets one of each kind.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import fields
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..protocol.codes import CODES
from ..protocol.dialects import DIALECTS
from .bank.clock import SandboxClock
from .bank.settlement import ENDINGS
from .bank.settlement import WAITS
from .kinds import FAULTS
from .kinds import Kind
from .tampering import FIELDS

log = logging.getLogger(__name__)

ANY = "*"
#: Of every version.
_ACTIONS = frozenset(action for dialect in DIALECTS.values() for action in dialect.actions)
#: An answer is never held back for longer; what waits on the sandbox's clock may wait for thirty years.
LONGEST_DELAY = 600
LONGEST_WAIT = 10**9
_TYPES: dict[str, tuple[type, ...]] = {
    "action": (str,),
    "times": (int,),
    "reference": (str, type(None)),
    "seconds": (int, float),
    "settles": (int, float),
    "when": (str,),
    "code": (str,),
    "ends": (str,),
    "waits": (str,),
    "field": (str,),
    "value": (str, type(None)),
    "signed": (bool,),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One line of the script. What its fault does not take stays ``None``; :data:`FAULTS` has the defaults."""

    #: An action of the API; of a notification, the operation that caused it; of a return, the pipeline; or ``*``.
    action: str
    fault: str
    #: How often it fires from now on.
    times: int = 1
    #: Only what carries this CallerReference.
    reference: str | None = None
    seconds: Any = None
    settles: Any = None
    when: Any = None
    code: Any = None
    ends: Any = None
    waits: Any = None
    field: Any = None
    value: Any = None
    signed: Any = None

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"there is no fault {self.fault!r:.40}: use one of {', '.join(FAULTS)}")
        for name, default in self.kind.takes.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        self._check_types()
        self._check_values()

    @property
    def kind(self) -> Kind:
        return FAULTS[self.fault]

    @classmethod
    def from_plain(cls, plain: Any) -> Fault:
        """One entry of the JSON list.

        :raises ValueError: with a sentence, for anything that is not one.
        """
        if not isinstance(plain, dict) or not {"action", "fault"} <= plain.keys():
            raise ValueError(
                f"{plain!r:.80} is not a fault: give action and fault, and times if it fires more than once"
            )
        unknown = sorted(plain.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"there is no {unknown[0]!r:.40} in a fault: see what {plain['fault']!s:.40} takes")
        return cls(**plain)

    def plain(self) -> dict[str, Any]:
        """As :meth:`from_plain` takes it."""
        shown = ("action", "fault", "times", "reference", *self.kind.takes)
        return {name: getattr(self, name) for name in shown}

    def meets(self, action: str, reference: str | None) -> bool:
        """Is it for a message of this action and reference?"""
        return (
            self.action in (action, ANY)
            and (self.kind.actions is None or action in self.kind.actions)
            and self.reference in (None, reference)
        )

    def _check_types(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            optional = ("action", "fault", "times", "reference", *self.kind.takes)
            if field.name not in optional and value is not None:
                raise ValueError(f"{self.fault} takes no {field.name}")
            if field.name in optional and type(value) not in _TYPES.get(field.name, (str,)):
                raise ValueError(f"{field.name} of {self.fault} cannot be {value!r:.40}")

    def _check_values(self) -> None:
        if self.times < 1:
            raise ValueError(f"a fault fires at least once, not {self.times} times")
        _check("action", self.action, {*(self.kind.actions or _ACTIONS), ANY})
        longest = LONGEST_WAIT if self.kind.strikes == "notification" else LONGEST_DELAY
        if self.seconds is not None and not 0 <= self.seconds <= longest:
            raise ValueError(f"a delay of {self.fault} is 0 to {longest} seconds, not {self.seconds}")
        if self.settles is not None and not 1 <= self.settles <= LONGEST_WAIT:
            raise ValueError(f"a transaction pends for 1 to {LONGEST_WAIT} seconds, not {self.settles}")
        if self.when is not None:
            _check("when", self.when, ("before", "after"))
        if self.code is not None:
            _check("code", self.code, CODES)
        if self.ends is not None:
            _check("ends", self.ends, ENDINGS)
        if self.waits is not None:
            _check("waits", self.waits, WAITS)
        if self.field is not None:
            _check("field", self.field, FIELDS[self.kind.strikes])


@dataclass(frozen=True)
class Fired:
    """A fault that happened."""

    action: str
    fault: str
    at: datetime
    reference: str | None = None


class Faults:
    """The script of one sandbox, and what of it has happened."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._script: list[Fault] = []
        self._fired: list[Fired] = []

    def script(self, faults: Iterable[Fault]) -> None:
        """Play this script from now on; what is left of an older one is forgotten."""
        with self._lock:
            self._script = list(faults)

    def add(self, action: str, fault: str, times: int = 1, **more: Any) -> None:
        """Append a line to the script; ``more`` is a ``reference`` and whatever this fault takes.

        :raises ValueError: for a line that makes no sense.
        """
        line = Fault(action=action, fault=fault, times=times, **more)
        with self._lock:
            self._script.append(line)

    def clear(self) -> None:
        """No script, and no memory of one."""
        with self._lock:
            self._script.clear()
            self._fired.clear()

    @property
    def left(self) -> list[Fault]:
        with self._lock:
            return list(self._script)

    @property
    def fired(self) -> list[Fired]:
        with self._lock:
            return list(self._fired)

    def plain(self) -> dict[str, Any]:
        """The script and its story as JSON values."""
        story = [
            {"action": one.action, "fault": one.fault, "reference": one.reference, "at": one.at.isoformat()}
            for one in self.fired
        ]
        return {"faults": [fault.plain() for fault in self.left], "fired": story}

    def take(
        self, strikes: str, action: str, reference: str | None, fits: Callable[[Fault], bool] = lambda fault: True
    ) -> Fault | None:
        """The first line that strikes here, on this action and reference, and fits; it has fired."""
        if not self._script:
            return None  # nearly always
        with self._lock:
            for place, fault in enumerate(self._script):
                if fault.kind.strikes == strikes and fault.meets(action, reference) and fits(fault):
                    self._use_up(place, fault)
                    self._fired.append(Fired(action, fault.fault, self._clock.now(), reference))
                    log.warning("fault fired: %s on %s", fault.fault, action)
                    return fault
        return None

    def _use_up(self, place: int, fault: Fault) -> None:
        if fault.times > 1:
            self._script[place] = replace(fault, times=fault.times - 1)
        else:
            del self._script[place]


def _check(name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f"{name} is not {value!r:.40}: use one of {', '.join(sorted(known))}")
