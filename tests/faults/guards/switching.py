"""How a guard of the product is named, found and switched off."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Guard:
    """One guard of the product."""

    name: str
    #: What it guarantees, in a sentence.
    does: str
    #: Takes it out of this process.
    off: Callable[[Patch], None]


GUARDS: dict[str, Guard] = {}


def guard(does: str) -> Callable[[Callable[[Patch], None]], Guard]:
    """Register the function that switches a guard off; its name is the guard's."""

    def register(off: Callable[[Patch], None]) -> Guard:
        GUARDS[off.__name__] = Guard(off.__name__, does, off)
        return GUARDS[off.__name__]

    return register


def find(dotted: str) -> tuple[Any, str]:
    """The object that holds the last part of a dotted name, and that part."""
    parts = dotted.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:-1]:
            found = getattr(found, part)
        return found, parts[-1]
    raise LookupError(dotted)


def put(patch: Patch, dotted: str, value: Any) -> None:
    owner, name = find(dotted)
    patch.setattr(owner, name, value)


def around(patch: Patch, dotted: str, make: Callable[[Any], Any]) -> None:
    """Put something else in place of what stands there now."""
    owner, name = find(dotted)
    patch.setattr(owner, name, make(getattr(owner, name)))
