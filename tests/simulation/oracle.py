"""The eight invariants, judged by the provider's own books once everything has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from flask_fps.checkout.audit import Finding
from flask_fps.records import FINAL
from flask_fps.records import Order
from flask_fps.signals import payment_parked
from flask_fps.signals import payment_refund_failed
from flask_fps.signals import payment_refunded
from tests.simulation.shapes import Tx
from tests.simulation.shop import Shop

FINAL_STATES = frozenset(state.value for state in FINAL)
_PAYMENTS = """
SELECT p.reference, p.state, p.buyer, p.amount, p.currency, p.order_key, p.closed_at, p.superseded_by, p.paid_amount,
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
    UNION ALL SELECT due_at FROM fps_refunds WHERE due_at IS NOT NULL
)
"""
#: Transaction, kind, state, amount, and whether a person is to look at it.
_REFUNDS = """
SELECT r.transaction_id, r.kind, r.state, r.amount,
       (SELECT 1 FROM fps_parked k WHERE k.refund_id = r.id AND k.resolved_at IS NULL)
FROM fps_refunds r JOIN fps_payments p ON p.id = r.payment_id WHERE p.reference = :reference
"""
_GRANTS = """
SELECT count(*) FILTER (WHERE g.revoked_at IS NULL), count(g.revoked_at)
FROM fps_grants g JOIN fps_payments p ON p.id = g.payment_id WHERE p.reference = :reference
"""
#: How a transaction that goes back stands there and here.
_AGREE = {("success", "done"), ("pending", "pending"), ("failure", "failed")}
#: A payment may come before a person more than once, and a refund may fail, be done and fail again.
REPEATED = (payment_parked.name, payment_refunded.name, payment_refund_failed.name)
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
    paid_amount: int | None
    parked: str | None
    delivery: str | None


class Oracle:
    """Judges one history.

    :param rested_at: when the weather became fine.
    :param findings: of a comparison of both books once all was at rest.
    """

    def __init__(self, shop: Shop, rested_at: datetime, findings: Sequence[Finding]) -> None:
        self._shop = shop
        self._rested_at = rested_at
        self._findings = findings
        self.rows = [Row(*row) for row in self._ask(_PAYMENTS)]
        self.transactions = shop.shape.transactions()
        self.refunds = shop.shape.refunds()
        self._moved: dict[str, list[Tx]] = {}
        for tx in self.transactions:
            if tx.state == "success":
                self._moved.setdefault(tx.payment, []).append(tx)

    def complaints(self) -> list[str]:
        """Every invariant that does not hold, in words."""
        found: list[str] = []
        for row in self.rows:
            found += [f"{row.reference} ({row.state}): {each}" for each in self._of_payment(row)]
        for more in (
            self._of_orders,
            self._of_moves,
            self._of_holds,
            self._of_signals,
            self._of_audit,
            self._of_refunds,
        ):
            found += more()
        return found

    def money_back(self) -> Counter[str]:
        """How much there was of refunds, and of what was held first, and how it ended."""
        refunds = self._ask("SELECT kind || ' ' || state, count(*) FROM fps_refunds GROUP BY 1")
        held = "SELECT 'held ' || state, count(*) FROM fps_payments WHERE reserve AND hold_until IS NOT NULL GROUP BY 1"
        withdrawn = "SELECT 'withdrawn', count(*) FROM fps_deliveries WHERE state = 'withdrawn'"
        found: Counter[str] = Counter()
        for name, times in (*refunds, *self._ask(held), *self._ask(withdrawn)):
            found[name] += times
        return found

    def _of_payment(self, row: Row) -> Iterator[str]:
        draft, moved = self._shop.drafts[row.reference], self._moved.get(row.reference, [])
        total = draft.order.total
        if row.state == "paid" and not moved:
            yield "I1 paid, and no money moved"
        if (row.amount, row.currency) != (total.minor, total.currency):
            yield "I5 the ledger's amount is not what was priced"
        yield from self._of_amount(row, moved, draft.order)
        if len(moved) > 1:
            yield f"I3 paid {len(moved)} times: {moved}"
        if row.buyer not in (draft.buyer, self._shop.signed_in.get(draft.buyer)):
            yield f"I4 {draft.buyer} made it, {row.buyer} has it"
        yield from self._of_delivery(row, moved)
        if row.state not in FINAL_STATES and row.parked is None:
            yield "it is not at rest"
        if moved and row.state in FINAL_STATES and self._was_told_nothing(row):
            yield "its buyer read that nothing was charged, in the end"

    def _of_amount(self, row: Row, moved: list[Tx], order: Order) -> Iterator[str]:
        """What was taken is what was priced, or of a hold what the shop asked for."""
        asked = self._shop.settles.get(row.reference, []) if order.reserve else [order.total.minor]
        for tx in moved:
            if tx.money.minor not in asked or tx.money.currency != row.currency or tx.money.minor > order.total.minor:
                yield f"I2 {tx} is not one of {asked}"
            known = row.amount if row.paid_amount is None else row.paid_amount
            if row.state == "paid" and row.parked is None and tx.money.minor != known:
                yield f"I2 {tx} is not the {known} of the ledger"

    def _of_delivery(self, row: Row, moved: list[Tx]) -> Iterator[str]:
        calls = [each for each in self._shop.calls if each.reference == row.reference]
        lines = self._shop.drafts[row.reference].order.lines
        if calls and not moved:
            yield "I6 delivered, and not paid"
        if any(each.items != lines for each in calls):
            yield "I5 something else was delivered"
        delivered = row.delivery == "done" or (row.delivery == "withdrawn" and self._is_given_back(row, moved))
        if moved and row.parked is None and not (row.state == "paid" and delivered):
            yield f"I7 money moved, and it is neither delivered ({row.delivery}) nor parked"
        if row.delivery == "done" and not calls:
            yield "I7 marked as delivered, and no handler ran"
        sold = sum(1 for _ in self._ask("SELECT 1 FROM sales WHERE reference = :one", one=row.reference))
        if self._shop.with_session and sold != (1 if row.delivery == "done" else 0):
            yield f"I7 delivery is {row.delivery}, and its effect is there {sold} times"

    def _is_given_back(self, row: Row, moved: list[Tx]) -> bool:
        """All of it, or all of it is on its way and waits for a person."""
        back = [tx.money.minor for tx in self.refunds if tx.payment == row.reference and tx.state != "failure"]
        return sum(back) >= sum(tx.money.minor for tx in moved)

    def _of_refunds(self) -> Iterator[str]:
        """Money goes back once, never more than came, and the ledger knows of all of it, or a person does."""
        for row in self.rows:
            yield from self._of_what_went_back(row)

    def _of_what_went_back(self, row: Row) -> Iterator[str]:
        came = sum(tx.money.minor for tx in self._moved.get(row.reference, []))
        there = [tx for tx in self.refunds if tx.payment == row.reference]
        went = sum(tx.money.minor for tx in there if tx.state in ("success", "pending"))
        if went > came:
            yield f"{row.reference}: {went} went back of {came}"
        requests = Counter(tx.reference.partition("x")[0] for tx in there if "-r" in tx.reference and _is_alive(tx))
        for request, times in requests.items():
            if times > 1:
                yield f"{request} was refunded {times} times"
        known = list(self._ask(_REFUNDS, reference=row.reference))
        names = {transaction: state for transaction, _, state, _, _ in known if transaction is not None}
        waits = any(parked for *_, parked in known) or row.parked is not None
        adopted = {transaction for transaction, kind, *_ in known if kind != "refund"}
        for tx in there:
            here = names.get(tx.id)
            fits = (tx.state, here) in _AGREE or (tx.state == "failure" and here is None)
            if tx.id in adopted and tx.reference.startswith(row.reference):
                yield f"{row.reference}: {tx} was asked for here, and is taken for somebody else's"
            if not fits and not waits:
                yield f"{row.reference}: {tx} is {here} here"
        for transaction, _, state, amount, parked in known:
            if state not in ("done", "failed") and not parked:
                yield f"{row.reference}: a refund stays {state}, and nobody is told"
            if state == "done" and not any(tx.id == transaction and tx.money.minor == amount for tx in there):
                yield f"{row.reference}: {amount} went back by {transaction}, and the provider knows nothing of it"
        yield from self._of_goods(row, sum(amount for _, _, state, amount, _ in known if state == "done"), came)

    def _of_goods(self, row: Row, back: int, came: int) -> Iterator[str]:
        [(live, revoked)] = self._ask(_GRANTS, reference=row.reference)
        whole = bool(came) and back >= came
        if row.state == "paid" and row.parked is None and (whole, bool(live)) not in ((True, False), (False, True)):
            yield f"{row.reference}: {back} of {came} went back, {live} grants are live and {revoked} revoked"

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
            if times > 1 and signal not in REPEATED:
                yield f"{payment}: {signal} was told {times} times"

    def _of_audit(self) -> Iterator[str]:
        """What a comparison of both books finds must stand before a person already."""
        parked = {row.reference for row in self.rows if row.parked is not None}
        for finding in self._findings:
            if finding.payment not in parked and finding.kind != "refund":  # adopted, at the latest now
                yield f"the audit finds {finding}"

    def _ask(self, statement: str, **values: Any) -> list[Any]:
        with self._shop.engine.connect() as connection:
            return list(connection.execute(text(statement), values))


def _is_alive(tx: Tx) -> bool:
    return tx.state != "failure"


def last_due(shop: Shop) -> str | None:
    """When the last of all that waits is due, as the database writes it; ``None``: nothing waits."""
    with shop.engine.connect() as connection:
        found: str | None = connection.execute(text(_DUE)).scalar()
        return found
