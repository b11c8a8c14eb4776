"""How a message, declared once as a frozen dataclass, becomes parameters, and parameters a message.

A field's wire name is its own in camel case with a capital first letter (``sender_token_id`` is
``SenderTokenId``); :func:`named` states the exceptions. A field without a default is required. Nested
dataclasses are written with dots (``TransactionAmount.Value``), tuples as lists that count from one
(``Role.1``). The XML side of the same declarations is ``wire``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields
from dataclasses import is_dataclass
from dataclasses import MISSING
from datetime import datetime
from decimal import Decimal
from functools import cache
from functools import cached_property
from types import NoneType
from typing import Any
from typing import get_args
from typing import get_origin
from typing import get_type_hints
from typing import NamedTuple
from typing import TypeVar

from ..errors import MalformedMessage
from . import values

T = TypeVar("T")


class Leaf(NamedTuple):
    """How values of one type are read, written into a request, and written into an answer."""

    read: Callable[[str], Any]
    parameter: Callable[[Any], str]
    element: Callable[[Any], str]


LEAVES: dict[type, Leaf] = {
    str: Leaf(str, str, str),
    int: Leaf(values.whole, str, str),
    Decimal: Leaf(values.exact, values.number, lambda value: values.number(value, places=6)),
    datetime: Leaf(values.moment, values.utc, values.pacific),
}


@dataclass(frozen=True)
class Part:
    """One field of a message as the wire knows it."""

    attribute: str
    name: str
    #: Other names under which clients are known to send it.
    aliases: tuple[str, ...]
    #: A key of :data:`LEAVES`, or a dataclass.
    kind: type
    many: bool
    required: bool
    #: A request states it, though Python has a default for it.
    stated: bool
    #: The first API version that has it.
    since: str
    #: It precedes its siblings in the schema, though not in the dataclass.
    first: bool

    @cached_property
    def nested(self) -> bool:
        return is_dataclass(self.kind)


def named(
    name: str | None = None,
    *,
    since: str = "",
    aliases: tuple[str, ...] = (),
    first: bool = False,
    stated: bool = False,
) -> Mapping[str, Any]:
    """Metadata for a field whose wire form is not what its name and type say already."""
    return {"name": name, "since": since, "aliases": aliases, "first": first, "stated": stated}


def parts(cls: type) -> tuple[Part, ...]:
    """The fields of a declared dataclass, in the order of FPS's schema."""
    return _parts(cls)


@cache
def _parts(cls: Hashable) -> tuple[Part, ...]:
    assert isinstance(cls, type)
    hints = get_type_hints(cls)
    found = [_part(field, hints[field.name]) for field in fields(cls)]
    return tuple(sorted(found, key=lambda part: not part.first))


def flatten(message: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The parameters of a message, ``None`` left out."""
    for part in parts(type(message)):
        value = getattr(message, part.attribute)
        if part.many:
            for position, each in enumerate(value, start=1):
                yield from _flat(part, f"{prefix}{part.name}.{position}", each)
        elif value is not None:
            yield from _flat(part, prefix + part.name, value)


def gather(cls: type[T], params: Mapping[str, str]) -> T:
    """The message that these parameters describe: the way back from :func:`flatten`.

    :raises MalformedMessage: for a name that is unknown, required and missing, or has an unreadable value.
    """
    left = dict(params)
    message = _build(cls, left, "")
    if left:
        raise MalformedMessage(f"unknown parameter {min(left)!r:.80}")
    return message


def names(cls: type, version: str) -> frozenset[str]:
    """Every documented parameter name of this API version; a list is written ``Role.N``."""
    return _names(cls, version)


def missing(cls: type, params: Mapping[str, str], prefix: str = "") -> Iterator[str]:
    """The required names that are not there, or empty."""
    for part in parts(cls):
        name = prefix + part.name
        given = any(each.startswith(name + ".") for each in params) if part.nested else bool(params.get(name))
        if part.nested and (given or part.required):
            yield from missing(part.kind, params, name + ".")
        elif (part.required or part.stated) and not given:
            yield name


@cache
def _names(cls: Hashable, version: str) -> frozenset[str]:
    assert isinstance(cls, type)
    return frozenset(_walk(cls, version, ""))


def _walk(cls: type, version: str, prefix: str) -> Iterator[str]:
    for part in parts(cls):
        for name in (part.name, *part.aliases) if part.since <= version else ():
            full = f"{prefix}{name}.N" if part.many else prefix + name
            if part.nested:
                yield from _walk(part.kind, version, full + ".")
            else:
                yield full


def _part(field: Any, hint: Any) -> Part:
    many = get_origin(hint) is tuple
    kinds = [kind for kind in get_args(hint) if kind not in (NoneType, Ellipsis)] or [hint]
    optional = field.default is not MISSING or field.default_factory is not MISSING
    return Part(
        attribute=field.name,
        name=field.metadata.get("name") or "".join(word.capitalize() for word in field.name.split("_")),
        aliases=field.metadata.get("aliases", ()),
        kind=kinds[0],
        many=many,
        required=not optional,
        stated=field.metadata.get("stated", False),
        since=field.metadata.get("since", ""),
        first=field.metadata.get("first", False),
    )


def _flat(part: Part, name: str, value: Any) -> Iterator[tuple[str, str]]:
    if part.nested:
        yield from flatten(value, name + ".")
    else:
        yield name, LEAVES[part.kind].parameter(value)


def _build(cls: type[T], left: dict[str, str], prefix: str) -> T:
    given = {}
    for part in parts(cls):
        value = _take_list(part, left, prefix) if part.many else _take(part, left, prefix + part.name, prefix)
        if value is not None:
            given[part.attribute] = value
        elif part.required:
            raise MalformedMessage(f"{prefix}{part.name} is missing")
    return cls(**given)


def _take_list(part: Part, left: dict[str, str], prefix: str) -> tuple[Any, ...]:
    taken: list[Any] = []
    while (value := _take(part, left, f"{prefix}{part.name}.{len(taken) + 1}", prefix)) is not None:
        taken.append(value)
    return tuple(taken)


def _take(part: Part, left: dict[str, str], name: str, prefix: str) -> Any:
    if part.nested:
        return _build(part.kind, left, name + ".") if any(each.startswith(name + ".") for each in left) else None
    for spelling in (name, *(prefix + alias for alias in part.aliases)):
        if spelling in left:
            return _read(part, spelling, left.pop(spelling))
    return None


def _read(part: Part, name: str, text: str) -> Any:
    try:
        return LEAVES[part.kind].read(text)
    except ValueError as error:
        raise MalformedMessage(f"{name}: {error}") from error
