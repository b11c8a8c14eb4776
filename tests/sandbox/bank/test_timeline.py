"""Lines stay in order whatever is put, changed and taken back; a page reads what it shows and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from datetime import timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.money import Money
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.payments import PayOrder
from flask_fps.sandbox.bank.records import Run
from flask_fps.sandbox.bank.records import TransactionRecord
from flask_fps.sandbox.bank.shelf import Shelf
from flask_fps.sandbox.bank.timeline import Timeline
from flask_fps.sandbox.bank.transactions import Filter
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

DAY = datetime(2026, 11, 22, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Entry:
    key: str
    lines: tuple[str, ...]
    minute: int

    @property
    def at(self) -> datetime:
        return DAY + timedelta(minutes=self.minute)


ENTRIES = st.builds(
    Entry,
    key=st.sampled_from("abcdef"),
    lines=st.sets(st.sampled_from(["x", "y", "z"])).map(lambda lines: tuple(sorted(lines))),
    minute=st.integers(0, 5),
)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "put", "remove", "settle", "undo"]), ENTRIES), max_size=40)


@given(STEPS, st.integers(-1, 6), st.integers(-1, 6))
def test_a_stretch_is_the_sorted_records_between_two_moments(
    steps: Sequence[tuple[str, Entry]], first: int, last: int
) -> None:
    shelf = Shelf(Entry, lambda one: one.key, None, {"line": Timeline(lambda one: one.lines, lambda one: one.at)})
    for step, entry in steps:
        _play(shelf, step, entry)
    start, end = DAY + timedelta(minutes=first), DAY + timedelta(minutes=last)
    for line in "xyz":
        model = sorted((one for one in shelf if line in one.lines), key=lambda one: (one.at, one.key))
        assert list(shelf.stretch("line", line)) == model
        assert shelf.timelines["line"].length(line) == len(model)
        between = [one for one in model if start <= one.at <= end]
        assert list(shelf.stretch("line", line, start, end)) == between
        assert list(shelf.stretch("line", line, start, end, newest_first=True)) == between[::-1]


def _play(shelf: Shelf[Entry], step: str, entry: Entry) -> None:
    if step == "put":
        shelf.put(entry)
    elif step == "remove":
        shelf.remove(entry.key)
    elif step == "settle":
        shelf.settle()
    else:
        shelf.undo()


# ---------------------------------------------------------------------------------------------- activity


@pytest.fixture(scope="module")
def busy() -> Bank:
    bank = Bank(SandboxClock.stopped_at(DAY))
    for number in range(60):
        pay(bank, (JOHN, JANE)[number % 2], ("ABT", "CC", "ACH")[number % 3], number)
        bank.advance(20)
    return bank


def pay(bank: Bank, buyer: str, method: str, number: int) -> TransactionRecord:
    request = {
        "pipelineName": "SingleUse",
        "returnURL": "http://127.0.0.1:5000/",
        "callerReference": f"order-{number}",
        "transactionAmount": "0.60" if number % 7 == 0 else "0.10",
        "paymentMethod": "ABT,ACH,CC",
    }
    run = bank.pipelines.open(SELLER, request)
    assert isinstance(run, Run)
    token = bank.pipelines.authorize(run.run_id, buyer, method)
    order = PayOrder(sender_token_id=token.token_id, amount=run.amount, caller_reference=f"pay-{number}")
    return bank.pay(bank.account(SELLER), order)


FILTERS = st.builds(
    Filter,
    start=st.none() | st.integers(0, 1300).map(lambda seconds: DAY + timedelta(seconds=seconds)),
    end=st.none() | st.integers(0, 1300).map(lambda seconds: DAY + timedelta(seconds=seconds)),
    operation=st.sampled_from([None, "Pay", "Refund"]),
    method=st.sampled_from([None, "ABT", "CC", "ACH", "Prepaid"]),
    status=st.sampled_from([None, "Success", "Pending", "Failure"]),
    roles=st.lists(st.sampled_from(["Sender", "Caller", "Recipient"]), unique=True).map(tuple),
)


@given(FILTERS, st.sampled_from([SELLER, JOHN, JANE]))
def test_activity_is_what_reading_everything_would_find(busy: Bank, wanted: Filter, email: str) -> None:
    expected = [one for one in busy.transactions.all() if _is_wanted(one, wanted, email)]
    assert busy.activity(email, wanted) == expected[::-1]


def _is_wanted(one: TransactionRecord, wanted: Filter, email: str) -> bool:
    parties = {"Sender": one.sender, "Recipient": one.recipient, "Caller": one.caller}
    return (
        email in [parties[role] for role in wanted.roles or parties]
        and (wanted.start is None or one.received_at >= wanted.start)
        and (wanted.end is None or one.received_at <= wanted.end)
        and wanted.operation in (None, one.operation)
        and wanted.method in (None, one.method)
        and wanted.status in (None, one.status)
    )


@pytest.mark.parametrize("desk", ["latest", "batch"])
@pytest.mark.parametrize("wanted", [Filter(), Filter(status="Failure"), Filter(roles=("Recipient",))], ids=str)
def test_a_page_reads_what_it_shows_and_where_the_next_begins(
    busy: Bank, wanted: Filter, desk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[TransactionRecord] = []

    def takes(_: Filter, one: TransactionRecord, _email: str) -> bool:
        read.append(one)
        return True

    monkeypatch.setattr(Filter, "takes", takes)
    page = getattr(busy.transactions, desk)(SELLER, wanted, 2)
    assert len(read) == 3
    assert page.transactions == tuple(read[:2])
    assert page.next_start == read[2].received_at


@given(st.integers(1, 9), st.integers(0, 3))
def test_batches_hold_whole_transactions_and_all_of_them(busy: Bank, size: int, least: int) -> None:
    """Each comes to as many lines as its history has changes; those of fewer than so many are not wanted."""

    def lines(one: TransactionRecord) -> int:
        return len(one.history) if len(one.history) > least else 0

    found, start = list[TransactionRecord](), DAY
    while True:
        page = busy.transactions.batch(SELLER, Filter(start=start), size, lines)
        assert len(page.transactions) <= 1 or sum(map(lines, page.transactions)) <= size
        found += page.transactions
        if page.next_start is None:
            break
        start = page.next_start
    assert found == [one for one in busy.activity(SELLER)[::-1] if lines(one)]


def test_what_is_not_due_is_not_read(busy: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """ACH takes three days: whoever asks meanwhile does not go through all that waits."""
    assert len(busy.settlement.pending()) == 20
    read: list[str] = []
    records = busy.books.transactions._records
    monkeypatch.setattr(busy.books.transactions, "_records", _Watched(records, read))
    assert busy.settle_due() == []
    assert read == []


class _Watched(dict[str, TransactionRecord]):
    def __init__(self, records: dict[str, TransactionRecord], read: list[str]) -> None:
        super().__init__(records)
        self._read = read

    def __getitem__(self, key: str) -> TransactionRecord:
        self._read.append(key)
        return super().__getitem__(key)


def test_a_pending_amount_is_its_account_s_own(busy: Bank) -> None:
    coming, going = busy.transactions.pending_amounts(SELLER)
    waiting = [one for one in busy.transactions.all() if one.is_pending]
    assert (coming, going) == (sum(one.amount.minor for one in waiting), 0)
    assert Money(coming, "USD").minor > 0


def test_what_cards_and_bank_accounts_pay_is_not_on_its_way_out_of_a_balance(busy: Bank) -> None:
    assert busy.transactions.pending_amounts(JOHN) == (0, 0)
