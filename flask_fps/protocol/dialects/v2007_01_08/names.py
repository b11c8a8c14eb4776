"""Names as clients of 2007 wrote them: upper and lower case are one, and a list has many forms.

FPS API reference 2007-01-08; the clients FPYS, Murty's, typica and boto 1.x.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from collections.abc import Mapping
from functools import cache
from typing import Any

from ... import schema
from ...messages import Message

#: Later versions' name of the number in an amount.
_VALUE = re.compile(r"\.value$")
#: A list under another name, and the number that its first item has there.
_OTHER_LISTS = {"transactionid": ("TransactionIds", 0)}


def spelled(message: type[Message[Any]], name: str, version: str) -> str | None:
    """The documented spelling of a parameter's name, or ``None`` for one the action does not have."""
    numbers = [part for part in name.split(".") if _is_number(part)]
    bare = ".".join("N" if _is_number(part) else part for part in name.split(".")).lower()
    bare = _VALUE.sub(".amount", bare)
    found = _documented(message, version).get(bare)
    if found is not None:
        return _numbered(found, numbers)
    return _listed(message, name, version)


def _listed(message: type[Message[Any]], name: str, version: str) -> str | None:
    """``TransactionIds`` alone is the first of the list; ``TransactionID.0`` is too."""
    stem, _, number = name.partition(".")
    main, first = _OTHER_LISTS.get(stem.lower(), (stem, 1))
    found = _documented(message, version).get(f"{main.lower()}.n")
    if found is None or (number and not _is_number(number)):
        return None
    return _numbered(found, [str(int(number) - first + 1) if number else "1"])


def _documented(message: type, version: str) -> Mapping[str, str]:
    return _lower_case(message, version)


@cache
def _lower_case(message: Hashable, version: str) -> Mapping[str, str]:
    assert isinstance(message, type)
    return {name.lower(): name for name in schema.names(message, version)}


def _numbered(name: str, numbers: list[str]) -> str:
    for number in numbers:
        name = name.replace(".N", f".{number}", 1)
    return name


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9
