"""The shop's own tables. The payments have theirs, `fps_*`, in the same database."""

from __future__ import annotations

from decimal import Decimal

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from werkzeug.security import check_password_hash


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class User(UserMixin, db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]

    def knows(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)


class Track(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    cents: Mapped[int]
    file: Mapped[str]

    @property
    def price(self) -> Decimal:
        return Decimal(self.cents) / 100


class Sale(db.Model):
    """The order history: a row per delivered line, written in the transaction that delivers it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    amount: Mapped[str]
