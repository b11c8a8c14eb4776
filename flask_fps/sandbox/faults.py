"""The fault script: what goes wrong on purpose, for whom, and how often.

A fault fires on a request that got past the front door (known key, right signature, well formed), so that
a stranger's noise cannot use it up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from typing import Any

from .bank.clock import SandboxClock

log = logging.getLogger(__name__)

#: Every fault by name, with what it does.
FAULTS: Mapping[str, str] = {
    "lose_answer": "the action happens, then the connection is cut without an answer",
    "500_before": "InternalError, and the action does not happen",
    "500_after": "the action happens, then the answer is InternalError",
    "delay": "the answer comes so many seconds late; with when=before, so does the action",
    "drop_ipn": "a notification about such a transaction is never sent",
}
ANY = "*"
LONGEST_DELAY = 600
_KINDS = {"action": (str,), "times": (int,), "seconds": (int, float)}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One line of the script."""

    #: An action of the API, for ``drop_ipn`` the operation that caused the notification, or ``*``.
    action: str
    fault: str
    #: How often it fires from now on.
    times: int = 1
    #: Of ``delay`` only.
    seconds: float = 1.0
    #: Of ``delay`` only: ``before`` or ``after`` the action.
    when: str = "after"

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"there is no fault {self.fault!r:.40}: use one of {', '.join(FAULTS)}")
        if self.times < 1:
            raise ValueError(f"a fault fires at least once, not {self.times} times")
        if not 0 <= self.seconds <= LONGEST_DELAY:
            raise ValueError(f"a delay is 0 to {LONGEST_DELAY} seconds, not {self.seconds}")
        if self.when not in ("before", "after"):
            raise ValueError(f"a delay is before or after the action, not {self.when!r:.40}")

    @classmethod
    def from_plain(cls, plain: Any) -> Fault:
        """One entry of the JSON list.

        :raises ValueError: with a sentence, for anything that is not one.
        """
        try:
            fault = cls(**plain)
        except TypeError as error:
            raise ValueError(f"{plain!r:.80} is not a fault: give action, fault and times") from error
        for name, kind in _KINDS.items():
            if type(getattr(fault, name)) not in kind:
                raise ValueError(f"{plain!r:.80} is not a fault: its {name} cannot be {getattr(fault, name)!r:.40}")
        return fault


@dataclass(frozen=True)
class Fired:
    """A fault that happened."""

    action: str
    fault: str
    at: datetime


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

    def add(self, action: str, fault: str, times: int = 1, *, seconds: float = 1.0, when: str = "after") -> None:
        """Append a line to the script.

        :raises ValueError: for a line that makes no sense.
        """
        with self._lock:
            self._script.append(Fault(action=action, fault=fault, times=times, seconds=seconds, when=when))

    def clear(self) -> None:
        """No script, and no memory of one."""
        with self._lock:
            self._script.clear()
            self._fired.clear()

    def take(self, action: str) -> Fault | None:
        """The next fault of a request for this action; it has fired."""
        return self._take(action, lambda fault: fault.fault != "drop_ipn")

    def drops(self, cause: str) -> bool:
        """Is the notification of this operation lost? If so, the fault has fired."""
        return self._take(cause, lambda fault: fault.fault == "drop_ipn") is not None

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
        story = [{"action": one.action, "fault": one.fault, "at": one.at.isoformat()} for one in self.fired]
        return {"faults": [asdict(fault) for fault in self.left], "fired": story}

    def _take(self, action: str, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for place, fault in enumerate(self._script):
                if fault.action in (action, ANY) and fits(fault):
                    self._use_up(place, fault)
                    self._fired.append(Fired(action, fault.fault, self._clock.now()))
                    log.warning("fault fired: %s on %s", fault.fault, action)
                    return fault
        return None

    def _use_up(self, place: int, fault: Fault) -> None:
        if fault.times > 1:
            self._script[place] = replace(fault, times=fault.times - 1)
        else:
            del self._script[place]
