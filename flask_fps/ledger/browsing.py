"""Looking through the payments: by words, filters and days. Every answer comes from an index, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from sqlalchemy import and_
from sqlalchemy import case
from sqlalchemy import ColumnElement
from sqlalchemy import CompoundSelect
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import union
from sqlalchemy.orm import Session

from ..money import Money
from ..records import DEFAULT_ACCOUNT
from ..records import Payment
from ..records import State
from .models import IntentRow
from .models import ParkedRow
from .models import PaymentRow
from .models import RefundRow
from .models import TransactionRow
from .reading import payment_record
from .reading import payments_with_lines

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Search:
    """Which payments are wanted; all of them, newest first, where nothing is said."""

    #: A reference, a transaction, an order's key, a buyer's id or a payer's address, whole.
    text: str = ""
    state: State | None = None
    #: Only those that are parked.
    parked: bool = False
    #: Started at this moment or later, and before that one.
    since: datetime | None = None
    until: datetime | None = None
    #: Within these, an order's key and a transaction's name are unique.
    accounts: tuple[str, ...] = (DEFAULT_ACCOUNT,)
    gateways: tuple[str, ...] = ("fps",)


#: Where a page ends: the next one goes on after this payment.
Key = tuple[datetime, int]


@dataclass(frozen=True)
class Page:
    """Some payments, and how to ask for those after them."""

    payments: tuple[Payment, ...]
    next: Key | None


@dataclass(frozen=True)
class Takings:
    """What was paid on one day, and how many payments that was."""

    day: datetime
    payments: int
    money: Money


def page(session: Session, search: Search, limit: int, after: Key | None) -> Page:
    """The newest ``limit`` payments that fit, after the one where the last page ended."""
    query = payments_with_lines().where(*_conditions(search), *_after(after))
    query = query.order_by(PaymentRow.created_at.desc(), PaymentRow.id.desc()).limit(limit + 1)
    rows = session.execute(query).unique().scalars().all()
    more = len(rows) > limit
    ends = (rows[limit - 1].created_at, rows[limit - 1].id) if more else None
    return Page(tuple(payment_record(row) for row in rows[:limit]), ends)


def _after(key: Key | None) -> list[ColumnElement[bool]]:
    if key is None:
        return []
    moment, id = key
    before = and_(PaymentRow.created_at == moment, PaymentRow.id < id)
    return [PaymentRow.created_at <= moment, or_(PaymentRow.created_at < moment, before)]


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if search.text.strip():
        found.append(PaymentRow.id.in_(_named(search.text.strip(), search)))
    if search.state is not None:
        found.append(PaymentRow.state == search.state.value)
    if search.parked:
        found.append(PaymentRow.id.in_(select(ParkedRow.payment_id).where(ParkedRow.resolved_at.is_(None))))
    if search.since is not None:
        found.append(PaymentRow.created_at >= search.since)
    if search.until is not None:
        found.append(PaymentRow.created_at < search.until)
    return found


def _named(text: str, search: Search) -> CompoundSelect[int]:
    """Whatever goes by this name; addresses also in small letters."""
    spellings = sorted({text, text.casefold()})
    return union(
        select(PaymentRow.id).where(PaymentRow.reference.in_(spellings)),
        select(PaymentRow.id).where(PaymentRow.buyer.in_(spellings)),
        select(PaymentRow.id).where(PaymentRow.payer.in_(spellings)),
        select(PaymentRow.id).where(PaymentRow.account.in_(search.accounts), PaymentRow.order_key == text),
        select(IntentRow.payment_id).where(IntentRow.reference == text),
        select(TransactionRow.payment_id).where(TransactionRow.transaction_id == text),
        select(RefundRow.payment_id).where(_refund(text, search.accounts, search.gateways)),
    )


def daily(session: Session, today: datetime, days: int) -> list[Takings]:
    """What was paid on each of the last days, oldest first; a day for each currency that was paid in.

    :param today: midnight, UTC, of the newest of them.
    """
    starts = [today - DAY * back for back in range(days - 1, -1, -1)]
    place = case(*((PaymentRow.paid_at < start + DAY, number) for number, start in enumerate(starts)), else_=-1)
    query = (
        select(
            place.label("day"),
            PaymentRow.currency,
            func.count(),
            func.sum(func.coalesce(PaymentRow.paid_amount, PaymentRow.amount)),
        )
        .where(PaymentRow.paid_at >= starts[0], PaymentRow.paid_at < today + DAY)
        .group_by("day", PaymentRow.currency)
        .order_by("day", PaymentRow.currency)
    )
    return [
        Takings(starts[number], payments, Money(int(amount), currency))
        for number, currency, payments, amount in session.execute(query)
    ]


def payment_of_transaction(session: Session, account: str, gateway: str, transaction_id: str) -> str | None:
    """The payment a transaction belongs to, whether it brought the money or gave it back."""
    brought = select(TransactionRow.payment_id).where(TransactionRow.transaction_id == transaction_id)
    returned = select(RefundRow.payment_id).where(_refund(transaction_id, (account,), (gateway,)))
    query = select(PaymentRow.reference).where(PaymentRow.id.in_(union(brought, returned)))
    return session.scalar(query.where(PaymentRow.account == account).limit(1))


def _refund(transaction_id: str, accounts: tuple[str, ...], gateways: tuple[str, ...]) -> ColumnElement[bool]:
    within = RefundRow.account.in_(accounts), RefundRow.gateway.in_(gateways)
    return and_(*within, RefundRow.transaction_id == transaction_id)
