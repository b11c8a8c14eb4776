"""Records to plain JSON values and back, led by their own type annotations."""

from __future__ import annotations

import types
from dataclasses import fields
from dataclasses import is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from typing import get_args
from typing import get_origin
from typing import get_type_hints
from typing import Union


def to_plain(value: Any) -> Any:
    """What JSON can hold of a record, a tuple of records or a simple value."""
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def from_plain(kind: Any, value: Any) -> Any:
    """The value of this type that :func:`to_plain` gave. Names a record does not have are left out."""
    if value is None:
        return None
    if get_origin(kind) in (Union, types.UnionType):
        return from_plain(next(one for one in get_args(kind) if one is not type(None)), value)
    if get_origin(kind) is tuple:
        return tuple(from_plain(get_args(kind)[0], item) for item in value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is Decimal:
        return Decimal(value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: from_plain(hints[name], item) for name, item in value.items() if name in hints})
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
