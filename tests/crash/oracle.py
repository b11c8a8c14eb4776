"""Judges what is left when all is at rest, by the sandbox's own ledger, which no shop can write.

It reads the shop's files by itself, with nothing of the product: a mistake must not be able to excuse itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.crash.store import opened

SELLER = "seller@digitaldownload.example"
#: From where to where a payment may go, as the documentation has it; not the product's own table.
ALLOWED = {
    None: {"started"},
    "started": {"authorized", "abandoned", "refused", "expired"},
    "authorized": {"paying", "expired", "failed", "cancelled"},
    "abandoned": {"authorized", "expired"},
    "refused": {"authorized", "expired"},
    "paying": {"paid", "pending", "reserved", "unknown", "failed", "cancelled", "authorized"},
    "unknown": {"paid", "pending", "reserved", "failed", "cancelled"},
    "pending": {"paid", "reserved", "failed", "cancelled"},
    "reserved": {"paid", "cancelled", "failed"},
}
FINAL = {"paid", "failed", "expired", "cancelled"}


@dataclass(frozen=True)
class Wish:
    """What somebody agreed to pay, known from what the shop showed him."""

    #: Two wishes of one order may not both be paid.
    order: str
    buyer: str | None
    sku: str
    price: str
    #: Of what was only held: how much the shop asked for, if it did.
    settled: str | None = None
    #: The keys under which the shop gave money back.
    refunds: frozenset[str] = frozenset()


@dataclass
class Verdict:
    """What was found wrong, by the word it is counted under."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)
    #: Anything else that must never be: amounts, recipients, goods, states.
    wrong: list[str] = field(default_factory=list)
    parked: int = 0
    payments: int = 0

    @property
    def problems(self) -> list[str]:
        named = {"lost": self.lost, "doubled": self.doubled, "unpaid but delivered": self.unpaid, "wrong": self.wrong}
        return [f"{name}: {problem}" for name, problems in named.items() for problem in problems]


@dataclass(frozen=True)
class Facts:
    """The shop's files and the sandbox's ledger, side by side."""

    payments: Mapping[str, dict[str, Any]]
    goods: Mapping[str, list[tuple[Any, ...]]]
    parked: Mapping[str, list[str]]
    journal: Mapping[str, list[tuple[str | None, str]]]
    #: Lines of the works outside the database, by book.
    books: Mapping[str, list[str]]
    transactions: list[dict[str, Any]]
    handed_over_by: str
    #: By payment: key, state, minor units and transaction of each refund.
    refunds: Mapping[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    @property
    def successes(self) -> list[dict[str, Any]]:
        """What brought money."""
        inward = ("Pay", "Settle")
        return [each for each in self.transactions if each["operation"] in inward and each["status"] == "Success"]

    @property
    def returned(self) -> list[dict[str, Any]]:
        """What took money back, or is about to."""
        alive = ("Success", "Pending")
        return [each for each in self.transactions if each["operation"] == "Refund" and each["status"] in alive]


def judge(facts: Facts, wishes: Mapping[str, Wish]) -> Verdict:
    """Check everything.

    :param wishes: by the reference the buyer was sent to pay under.
    """
    verdict = Verdict(payments=len(facts.payments), parked=len(facts.parked))
    verdict.lost += _lost(facts)
    verdict.lost += _unfinished(facts)
    verdict.doubled += _paid_twice(facts, wishes)
    verdict.doubled += _delivered_twice(facts)
    verdict.doubled += _refunded_twice(facts, wishes)
    verdict.lost += _lost_refunds(facts)
    verdict.unpaid += _unpaid(facts)
    verdict.wrong += _wrong_money(facts, wishes)
    verdict.wrong += _shared_transactions(facts)
    verdict.wrong += _wrong_goods(facts, wishes)
    verdict.wrong += _wrong_moves(facts)
    return verdict


def _payment_of(transaction: Mapping[str, Any]) -> str:
    """Its request's reference is the payment's, with a number behind."""
    return str(transaction["callerReference"]).rpartition("-")[0]


def _delivered(facts: Facts, reference: str) -> int:
    """How often the handler's effect is there."""
    if facts.handed_over_by == "session":
        return len(facts.goods.get(reference, ()))
    return _lines(facts, facts.handed_over_by)[reference]


def _lines(facts: Facts, book: str) -> Counter[str]:
    return Counter(line.split()[0] for line in facts.books.get(book, ()))


def _lost(facts: Facts) -> Iterator[str]:
    for transaction in facts.successes:
        reference = _payment_of(transaction)
        payment = facts.payments.get(reference)
        if payment is None:
            yield f"{transaction['transactionId']} paid {reference}, and the shop knows no such payment"
        elif reference not in facts.parked:
            if payment["state"] != "paid":
                yield f"{reference} is {payment['state']}, nobody is told, and {transaction['transactionId']} paid it"
            elif _cents_returned(facts, reference) >= _cents(transaction["amount"]):
                pass  # whatever was not handed over before was withdrawn
            elif not _delivered(facts, reference):
                yield f"{reference} is paid and was never handed over"
            elif not _lines(facts, "mail")[reference]:
                yield f"{reference} is paid and its mail was never written"


def _unfinished(facts: Facts) -> Iterator[str]:
    for reference, payment in facts.payments.items():
        if payment["state"] not in FINAL and reference not in facts.parked:
            yield f"{reference} stays {payment['state']} for ever, and nobody is told"
    for transaction in facts.transactions:
        if transaction["status"] == "Pending":
            yield f"{transaction['transactionId']} was never waited for"
        if transaction["status"] == "Reserved" and _payment_of(transaction) not in facts.parked:
            yield f"{transaction['transactionId']} still holds a buyer's money"


def _paid_twice(facts: Facts, wishes: Mapping[str, Wish]) -> Iterator[str]:
    known = [wishes[_payment_of(each)] for each in facts.successes if _payment_of(each) in wishes]
    for order, times in Counter(wish.order for wish in known).items():
        if times > 1:
            yield f"order {order} was paid {times} times"


def _delivered_twice(facts: Facts) -> Iterator[str]:
    for reference in facts.payments:
        if facts.handed_over_by == "session":
            rows = facts.goods.get(reference, [])
            if len(rows) != len(set(rows)):
                yield f"{reference} was handed over {len(rows)} times"
        for book in facts.books:
            if _lines(facts, book)[reference] > 1:
                yield f"{reference} is in {book} {_lines(facts, book)[reference]} times"


def _cents_returned(facts: Facts, reference: str) -> int:
    return sum(_cents(each["amount"]) for each in facts.returned if _payment_of(each) == reference)


def _refunded_twice(facts: Facts, wishes: Mapping[str, Wish]) -> Iterator[str]:
    for transaction in facts.successes:
        reference = _payment_of(transaction)
        if _cents_returned(facts, reference) > _cents(transaction["amount"]):
            yield f"more went back of {reference} than it had brought"
        wish = wishes.get(reference)
        times = sum(1 for each in facts.returned if _payment_of(each) == reference)
        if wish is not None and times > len(wish.refunds):
            yield f"{reference} was refunded {times} times, and the shop asked for {len(wish.refunds)}"


def _lost_refunds(facts: Facts) -> Iterator[str]:
    """The shop knows of all that went back, and what it believes has gone back has."""
    there = {each["transactionId"]: each for each in facts.transactions if each["operation"] == "Refund"}
    known = {transaction: state for rows in facts.refunds.values() for _, state, _, transaction in rows}
    for name, transaction in there.items():
        if _payment_of(transaction) not in facts.parked:
            wanted = {"Success": "done", "Failure": "failed"}.get(transaction["status"])
            if known.get(name, "failed") != wanted:
                yield f"{name} is {transaction['status']}, and here it is {known.get(name)}"
    for reference, rows in facts.refunds.items():
        for key, state, minor, name in rows:
            if state not in ("done", "failed") and reference not in facts.parked:
                yield f"the refund {key} of {reference} stays {state}, and nobody is told"
            if state == "done" and (name not in there or _cents(there[name]["amount"]) != minor):
                yield f"the refund {key} of {reference} is called done, and {minor} did not go back"


def _unpaid(facts: Facts) -> Iterator[str]:
    paid = {_payment_of(each) for each in facts.successes}
    given = set(facts.goods) | {line.split()[0] for lines in facts.books.values() for line in lines}
    for reference in sorted(given - paid):
        yield f"{reference} was handed over, and no money moved"
    for reference, payment in facts.payments.items():
        if payment["state"] == "paid" and reference not in paid:
            yield f"{reference} is called paid, and no money moved"


def _wrong_money(facts: Facts, wishes: Mapping[str, Wish]) -> Iterator[str]:
    for transaction in facts.successes:
        wish = wishes.get(_payment_of(transaction))
        name = transaction["transactionId"]
        if wish is None:
            yield f"nobody agreed to {name}"
        elif transaction["operation"] == "Settle" and wish.settled is None:
            yield f"{name} was taken, and the shop had asked for nothing"
        elif Decimal(transaction["amount"]) != Decimal(wish.settled or wish.price) or transaction["currency"] != "USD":
            yield f"{name} moved {transaction['amount']}, and {wish.price} was agreed to"
        if transaction["recipient"] != SELLER:
            yield f"{name} paid {transaction['recipient']}"


def _shared_transactions(facts: Facts) -> Iterator[str]:
    named = Counter(payment["transaction_id"] for payment in facts.payments.values() if payment["transaction_id"])
    for transaction_id, times in named.items():
        if times > 1:
            yield f"{transaction_id} pays {times} payments"


def _wrong_goods(facts: Facts, wishes: Mapping[str, Wish]) -> Iterator[str]:
    for reference, rows in facts.goods.items():
        wish = wishes.get(reference)
        agreed = (wish.sku, 1, _cents(wish.price), "USD") if wish else None
        if any(row != agreed for row in rows):
            yield f"{reference} got {rows}, and {agreed} was agreed to"
    for lines in facts.books.values():
        for reference, sku, amount in (line.split() for line in lines):
            wish = wishes.get(reference)
            if wish is None or (sku, int(amount)) != (wish.sku, _cents(wish.price)):
                yield f"{reference} got {sku} for {amount}, and {wish} was agreed to"


def _wrong_moves(facts: Facts) -> Iterator[str]:
    for reference, payment in facts.payments.items():
        at: str | None = None
        for origin, to in facts.journal.get(reference, ()):
            if origin != at or to not in ALLOWED.get(at, set()):
                yield f"{reference} went from {at} to {to}"
            at = to
        if at != payment["state"]:
            yield f"{reference} is {payment['state']}, and its journal ends with {at}"
        if payment["buyer_at_first"] not in (None, payment["buyer"]):
            yield f"{reference} now belongs to {payment['buyer']}"


def _cents(price: str) -> int:
    return int(Decimal(price) * 100)


# Reading


def read(folder: Path, ledger: Mapping[str, Any], handed_over_by: str) -> Facts:
    """The shop's files as they lie there."""
    with opened(folder) as database:
        return Facts(
            payments={row["reference"]: dict(row) for row in database.execute(_PAYMENTS)},
            goods=_by_reference(database, _GOODS),
            parked=_by_reference(database, _PARKED),
            journal=_by_reference(database, _MOVED),
            books={book: _read_lines(folder / book) for book in ("mail", "license")},
            transactions=list(ledger["transactions"]),
            refunds=_by_reference(database, _REFUNDS),
            handed_over_by=handed_over_by,
        )


_PAYMENTS = """
    SELECT p.*, (SELECT detail ->> 'buyer' FROM fps_journal j
                 WHERE j.payment_id = p.id AND j.event = 'started') AS buyer_at_first
    FROM fps_payments p ORDER BY p.id
"""
_GOODS = "SELECT reference, sku, quantity, unit_amount, currency FROM goods ORDER BY id"
_REFUNDS = """
    SELECT p.reference, r.key, r.state, r.amount, r.transaction_id
    FROM fps_refunds r JOIN fps_payments p ON p.id = r.payment_id ORDER BY r.id
"""
_PARKED = """
    SELECT p.reference, k.reason FROM fps_parked k JOIN fps_payments p ON p.id = k.payment_id
    WHERE k.resolved_at IS NULL
"""
_MOVED = """
    SELECT p.reference, j.from_state, j.to_state FROM fps_journal j JOIN fps_payments p ON p.id = j.payment_id
    WHERE j.to_state IS NOT NULL ORDER BY j.id
"""


def _by_reference(database: Any, query: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for reference, *values in (tuple(dict(row).values()) for row in database.execute(query)):
        found.setdefault(reference, []).append(values[0] if len(values) == 1 else tuple(values))
    return found


def _read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def story(folder: Path) -> Iterable[str]:
    """The journal in words, for a failure."""
    query = "SELECT at, payment_id, event, from_state, to_state, detail FROM fps_journal ORDER BY id"
    with opened(folder) as database:
        for row in database.execute(query):
            yield " ".join(str(value) for value in dict(row).values() if value is not None)
