"""The eight invariants, judged by the provider's own books once everything has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from flask_fps.records import FINAL
from flask_fps.signals import payment_parked
from tests.clock import START
from tests.simulation.shapes import Tx
from tests.simulation.shop import ACCOUNT
from tests.simulation.shop import Shop

FINAL_STATES = frozenset(state.value for state in FINAL)
_PAYMENTS = """
SELECT p.reference, p.state, p.buyer, p.amount, p.currency, p.order_key, p.closed_at, p.superseded_by,
       (SELECT min(k.reason) FROM fps_parked k WHERE k.payment_id = p.id AND k.resolved_at IS NULL) AS parked,
       (SELECT d.state FROM fps_deliveries d WHERE d.payment_id = p.id) AS delivery
FROM fps_payments p ORDER BY p.id
"""
_DUE = """
SELECT max(due_at) FROM (
    SELECT due_at FROM fps_payments WHERE due_at IS NOT NULL
    UNION ALL SELECT due_at FROM fps_deliveries WHERE state = 'due'
    UNION ALL SELECT due_at FROM fps_inbox WHERE done_at IS NULL
    UNION ALL SELECT due_at FROM fps_releases WHERE released_at IS NULL
)
"""
_MOVES = """
SELECT p.reference, j.from_state, j.to_state FROM fps_journal j JOIN fps_payments p ON p.id = j.payment_id
WHERE j.event = 'moved'
"""


@dataclass(frozen=True)
class Row:
    """A payment as the ledger has it in the end."""

    reference: str
    state: str
    buyer: str
    amount: int
    currency: str
    order_key: str
    closed_at: Any
    superseded_by: str | None
    parked: str | None
    delivery: str | None


class Oracle:
    """Judges one history.

    :param rested_at: when the weather became fine.
    """

    def __init__(self, shop: Shop, rested_at: datetime) -> None:
        self._shop = shop
        self._rested_at = rested_at
        self.rows = [Row(*row) for row in self._ask(_PAYMENTS)]
        self.transactions = shop.shape.transactions()
        self._moved: dict[str, list[Tx]] = {}
        for tx in self.transactions:
            if tx.state == "success":
                self._moved.setdefault(tx.payment, []).append(tx)

    def complaints(self) -> list[str]:
        """Every invariant that does not hold, in words."""
        found: list[str] = []
        for row in self.rows:
            found += [f"{row.reference} ({row.state}): {each}" for each in self._of_payment(row)]
        for more in (self._of_orders, self._of_moves, self._of_holds, self._of_signals, self._of_audit):
            found += more()
        return found

    def _of_payment(self, row: Row) -> Iterator[str]:
        draft, moved = self._shop.drafts[row.reference], self._moved.get(row.reference, [])
        total = draft.order.total
        if row.state == "paid" and not moved:
            yield "I1 paid, and no money moved"
        if (row.amount, row.currency) != (total.minor, total.currency):
            yield "I5 the ledger's amount is not what was priced"
        if any(tx.money != total for tx in moved):
            yield f"I2 {moved} is not {total}"
        if len(moved) > 1:
            yield f"I3 paid {len(moved)} times: {moved}"
        if row.buyer not in (draft.buyer, self._shop.signed_in.get(draft.buyer)):
            yield f"I4 {draft.buyer} made it, {row.buyer} has it"
        yield from self._of_delivery(row, moved)
        if row.state not in FINAL_STATES and row.parked is None:
            yield "it is not at rest"
        if moved and row.state in FINAL_STATES and self._was_told_nothing(row):
            yield "its buyer read that nothing was charged, in the end"

    def _of_delivery(self, row: Row, moved: list[Tx]) -> Iterator[str]:
        calls = [each for each in self._shop.calls if each.reference == row.reference]
        lines = self._shop.drafts[row.reference].order.lines
        if calls and not moved:
            yield "I6 delivered, and not paid"
        if any(each.items != lines for each in calls):
            yield "I5 something else was delivered"
        if moved and row.parked is None and not (row.state == "paid" and row.delivery == "done"):
            yield f"I7 money moved, and it is neither delivered ({row.delivery}) nor parked"
        if row.delivery == "done" and not calls:
            yield "I7 marked as delivered, and no handler ran"
        sold = sum(1 for _ in self._ask("SELECT 1 FROM sales WHERE reference = :one", one=row.reference))
        if self._shop.with_session and sold != (1 if row.delivery == "done" else 0):
            yield f"I7 delivery is {row.delivery}, and its effect is there {sold} times"

    def _was_told_nothing(self, row: Row) -> bool:
        last = [each for each in self._shop.claims if each.payment == row.reference and each.state in FINAL_STATES]
        return bool(last) and "othing was charged" in last[-1].text

    def _of_orders(self) -> Iterator[str]:
        counted = Counter(row.order_key for row in self.rows if row.closed_at is None and row.reference in self._moved)
        for key, times in counted.items():
            if times > 1:
                yield f"I3 the order {key} was paid by {times} payments"
        known = {row.reference for row in self.rows}
        for tx in self.transactions:
            if tx.payment not in known:
                yield f"I3 {tx} belongs to no payment"

    def _of_moves(self) -> Iterator[str]:
        for reference, origin, to in self._ask(_MOVES):
            if origin in FINAL_STATES:
                yield f"I8 {reference} moved from {origin} to {to}"

    def _of_holds(self) -> Iterator[str]:
        parked = {row.reference for row in self.rows if row.parked is not None}
        for payment in self._shop.shape.loose_holds(self._rested_at):
            if payment not in parked:
                yield f"{payment}: its buyer's money was held for nothing until it lapsed"

    def _of_signals(self) -> Iterator[str]:
        """All but the delivery tell at most once, and a payment may come before a person more than once."""
        for (signal, payment), times in Counter(self._shop.told).items():
            if times > 1 and signal != payment_parked.name:
                yield f"{payment}: {signal} was told {times} times"

    def _of_audit(self) -> Iterator[str]:
        """What a comparison of both books finds must stand before a person already."""
        parked = {row.reference for row in self.rows if row.parked is not None}
        self._shop.world.wait(timedelta(minutes=5))
        for finding in self._shop.process()[0].audit(ACCOUNT, START - timedelta(days=1)):
            if finding.payment not in parked:
                yield f"the audit finds {finding}"

    def _ask(self, statement: str, **values: Any) -> list[Any]:
        with self._shop.engine.connect() as connection:
            return list(connection.execute(text(statement), values))


def last_due(shop: Shop) -> str | None:
    """When the last of all that waits is due, as the database writes it; ``None``: nothing waits."""
    with shop.engine.connect() as connection:
        found: str | None = connection.execute(text(_DUE)).scalar()
        return found
