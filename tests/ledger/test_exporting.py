from __future__ import annotations

from typing import Any

import pytest

from flask_fps.ledger.engine import writing
from flask_fps.ledger.exporting import COLUMNS
from flask_fps.ledger.models import PaymentRow
from flask_fps.ledger.models import RefundRow
from tests.ledger.books import Books


def refunded(books: Books) -> Any:
    payment = books.paid()
    with writing(books.engine) as session:
        row = session.query(PaymentRow).filter_by(reference=payment.reference).one()
        session.add(
            RefundRow(
                account="default",
                gateway="fps",
                payment_id=row.id,
                key="once",
                kind="refund",
                state="done",
                amount=4,
                currency="USD",
                created_at=books.clock.now,
                settled_at=books.clock.now,
                attempts=0,
            )
        )
    return payment


@pytest.mark.parametrize("what", ["payments", "refunds", "grants"])
def test_every_row_has_exactly_its_columns(books: Books, what: str) -> None:
    payment = refunded(books)
    [(_, row)] = books.ledger.operator.rows(what, 0, 10)

    assert tuple(row) == COLUMNS[what]
    assert payment.reference in (row.get("reference"), row.get("payment"))
    assert books.ledger.operator.count(what) == 1
    assert row.get("amount") in {"payments": ("0.10",), "refunds": ("0.04",), "grants": (None,)}[what]


def test_a_payment_tells_what_was_approved_and_what_was_taken(books: Books) -> None:
    books.started(buyer="one who has not paid")
    part = books.paid(buyer="one whose hold was settled in part")
    books.paid(buyer="one who paid it all")
    with writing(books.engine) as session:
        session.query(PaymentRow).filter_by(reference=part.reference).one().paid_amount = 4
    rows = [row for _, row in books.ledger.operator.rows("payments", 0, 10)]

    assert [(row["amount"], row["paid_amount"]) for row in rows] == [
        ("0.10", None),
        ("0.10", "0.04"),
        ("0.10", "0.10"),
    ]


def test_pieces_follow_each_other(books: Books) -> None:
    made = [books.paid(buyer=f"buyer-{number}").reference for number in range(5)]
    after, found = 0, []
    while rows := books.ledger.operator.rows("payments", after, 2):
        after = rows[-1][0]
        found += [row["reference"] for _, row in rows]

    assert found == made
