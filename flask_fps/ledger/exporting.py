"""The ledger's lasting rows as flat mappings, in the order they were written, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..money import Money
from ..records import State
from .models import GrantRow
from .models import PaymentRow
from .models import RefundRow
from .reading import payments_with_lines

#: A row's number in its table, and what stands in it.
Numbered = tuple[int, Mapping[str, Any]]


def count(session: Session, what: str) -> int:
    return session.scalar(select(func.count()).select_from(TABLES[what])) or 0


def rows(session: Session, what: str, after: int, limit: int) -> list[Numbered]:
    """At most ``limit`` rows of ``payments``, ``refunds`` or ``grants``, from the one after number ``after``."""
    return READERS[what](session, after, limit)


def _payments(session: Session, after: int, limit: int) -> list[Numbered]:
    query = payments_with_lines().where(PaymentRow.id > after).order_by(PaymentRow.id).limit(limit)
    return [(row.id, _payment(row)) for row in session.execute(query).unique().scalars()]


def _payment(row: PaymentRow) -> Mapping[str, Any]:
    items = [
        {"sku": line.sku, "quantity": line.quantity, "unit_amount": _decimal(line.unit_amount, row.currency)}
        for line in row.lines
    ]
    taken = row.amount if row.paid_amount is None else row.paid_amount
    amounts = {
        "amount": _decimal(row.amount, row.currency),
        "paid_amount": _decimal(taken, row.currency) if row.state == State.PAID.value else None,
        "refunded": _decimal(row.refunded, row.currency),
    }
    return _flat("payments", row, items=items, **amounts)


def _refunds(session: Session, after: int, limit: int) -> list[Numbered]:
    query = select(RefundRow, PaymentRow.reference).join(PaymentRow, PaymentRow.id == RefundRow.payment_id)
    found = session.execute(query.where(RefundRow.id > after).order_by(RefundRow.id).limit(limit))
    return [
        (row.id, _flat("refunds", row, payment=payment, amount=_decimal(row.amount, row.currency)))
        for row, payment in found
    ]


def _grants(session: Session, after: int, limit: int) -> list[Numbered]:
    query = select(GrantRow, PaymentRow.reference).join(PaymentRow, PaymentRow.id == GrantRow.payment_id)
    found = session.execute(query.where(GrantRow.id > after).order_by(GrantRow.id).limit(limit))
    return [(row.id, _flat("grants", row, payment=payment)) for row, payment in found]


def _flat(what: str, row: Any, **made: Any) -> Mapping[str, Any]:
    """The columns of a row; those that are ``made`` do not stand in it as they are."""
    return {name: made[name] if name in made else getattr(row, name) for name in COLUMNS[what]}


def _decimal(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)


#: What stands in a row, in order.
COLUMNS = {
    "payments": (
        "reference",
        "state",
        "order_key",
        "items",
        "amount",
        "paid_amount",
        "refunded",
        "currency",
        "account",
        "gateway",
        "buyer",
        "payer",
        "method",
        "transaction_id",
        "created_at",
        "paid_at",
        "delivered_at",
        "parked_reason",
    ),
    "refunds": (
        "payment",
        "key",
        "kind",
        "state",
        "amount",
        "currency",
        "transaction_id",
        "created_at",
        "settled_at",
    ),
    "grants": ("payment", "sku", "quantity", "buyer", "created_at", "revoked_at", "revoked_reason"),
}
TABLES = {"payments": PaymentRow, "refunds": RefundRow, "grants": GrantRow}
READERS: dict[str, Callable[[Session, int, int], list[Numbered]]] = {
    "payments": _payments,
    "refunds": _refunds,
    "grants": _grants,
}
