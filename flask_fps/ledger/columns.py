"""Columns of words, which take whatever a buyer, a provider or an exception may say; and of times."""

from __future__ import annotations

from datetime import datetime
from datetime import timezone

import sqlalchemy
from sqlalchemy import Dialect
from sqlalchemy.types import TypeDecorator

NOT_A_CHARACTER = "\N{REPLACEMENT CHARACTER}"


class _Words(TypeDecorator[str]):
    """PostgreSQL keeps no zero character and no half of a pair: it is given the character that stands for them."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", NOT_A_CHARACTER)


class String(_Words):
    impl = sqlalchemy.String
    cache_ok = True


class Told(_Words):
    """Words for people, in a provider's spelling: what is longer than the column is cut, on every database."""

    impl = sqlalchemy.String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        kept = super().process_bind_param(value, dialect)
        return kept if kept is None else kept[: self.length]


class Text(_Words):
    impl = sqlalchemy.Text
    cache_ok = True


class UTC(TypeDecorator[datetime]):
    """Aware UTC datetimes, also on databases that keep no time zone."""

    impl = sqlalchemy.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=timezone.utc)
