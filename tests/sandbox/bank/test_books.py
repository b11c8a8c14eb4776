from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from datetime import timezone
from pathlib import Path

import pytest

from flask_fps.money import Money
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.instruments import prepaid
from flask_fps.sandbox.bank.instruments.consent import Consent
from flask_fps.sandbox.bank.payments import PayOrder
from flask_fps.sandbox.bank.periods import Period
from flask_fps.sandbox.bank.records import Labels
from flask_fps.sandbox.bank.records import Note
from flask_fps.sandbox.bank.records import Run
from flask_fps.sandbox.bank.refunds import RefundOrder
from flask_fps.sandbox.bank.shelf import Shelf
from flask_fps.sandbox.bank.store import SQLiteStore
from flask_fps.sandbox.bank.subscriptions import Terms
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)


@pytest.fixture
def shelf() -> Shelf[Note]:
    return Shelf(Note, lambda note: note.name, {"text": lambda note: note.text or None})


def test_a_record_is_found_by_its_key_and_its_other_names(shelf: Shelf[Note]) -> None:
    one, two = shelf.put(Note("one", "x")), shelf.put(Note("two", "x"))
    assert (shelf.get("one"), shelf.find("text", "x"), shelf.find("text", "y")) == (one, [one, two], [])
    changed = shelf.put(Note("one", "y"))
    assert (shelf.find("text", "x"), shelf.find("text", "y"), list(shelf)) == ([two], [changed], [changed, two])
    shelf.remove("two")
    assert (shelf.find("text", "x"), len(shelf)) == ([], 1)


def test_changes_are_taken_back_whole(shelf: Shelf[Note]) -> None:
    one = shelf.put(Note("one", "x"))
    shelf.settle()
    shelf.put(Note("one", "y"))
    shelf.put(Note("two", "y"))
    shelf.remove("one")
    assert shelf.changes() == {"one": None, "two": Note("two", "y")}
    shelf.undo()
    assert (list(shelf), shelf.find("text", "x"), shelf.find("text", "y")) == ([one], [one], [])
    assert shelf.changes() == {}


def test_a_change_that_fails_leaves_no_trace(bank: Bank) -> None:
    john = bank.account(JOHN)
    with pytest.raises(ZeroDivisionError), bank.change():
        bank.accounts.transfer(JOHN, SELLER, Money(100, "USD"))
        with bank.change():
            bank.accounts.set_default_method(JOHN, "CC")
        raise ZeroDivisionError
    assert bank.account(JOHN) == john


# ------------------------------------------------------------------------------------ the state file


def _bank(path: Path) -> Bank:
    return Bank(SandboxClock.stopped_at(NOW), store=SQLiteStore(path))


def test_everything_in_the_books_outlives_the_process(tmp_path: Path) -> None:
    bank = _bank(tmp_path / "books")
    _busy_day(bank)
    shelves = {name: list(shelf) for name, shelf in bank.books.shelves.items()}
    assert all(shelves.values())
    bank.close()
    again = _bank(tmp_path / "books")
    assert {name: list(shelf) for name, shelf in again.books.shelves.items()} == shelves
    assert again.clock.now() == bank.clock.now()
    again.close()


def _busy_day(bank: Bank) -> None:
    seller = bank.account(SELLER)
    for number, method in enumerate(("ABT", "CC", "ACH")):
        paid = bank.pay(
            seller,
            PayOrder(
                sender_token_id=_token(bank, method, f"order-{number}"),
                amount=Money(100, "USD"),
                caller_reference=f"pay-{number}",
                ipn_url="http://127.0.0.1:9/ipn",
                caller_date=NOW,
            ),
        )
        bank.references.keep(SELLER, "Pay", f"pay-{number}", {"a": "b"}, 200, "<é/>")
        bank.advance(1)
        if method != "ACH":
            bank.refund(seller, RefundOrder(transaction_id=paid.transaction_id, caller_reference="r"))
    bank.cancel_token(JOHN, _token(bank, "ABT", "order-9"))
    bank.set_default_method(JOHN, "ACH")
    consent = Consent(sender=JOHN, caller=SELLER, caller_reference="gift", method="CC", at=NOW)
    bank.tokens.install(*prepaid.install(consent, limit=Money(1000, "USD"), funding_reference="gift-funding"))
    price, day = Money(5, "USD"), Period(1, "day")
    bank.subscriptions.open(
        Terms(sender=JOHN, recipient=SELLER, description="news", amount=price, method="ABT", frequency=day)
    )
    labels = Labels(meta_data="news")
    card = _token(bank, "CC", "order-10")
    bank.pay(seller, PayOrder(sender_token_id=card, amount=Money(100, "USD"), caller_reference="pay-10", labels=labels))
    bank.advance(2)
    bank.secret("cookies")


def _token(bank: Bank, method: str, reference: str) -> str:
    request = {
        "pipelineName": "SingleUse",
        "returnURL": "http://127.0.0.1:5000/",
        "callerReference": reference,
        "transactionAmount": "1.00",
        "paymentMethod": method,
    }
    run = bank.pipelines.open(SELLER, request)
    assert isinstance(run, Run)
    return bank.pipelines.authorize(run.run_id, JOHN, method).token_id


def test_an_answer_is_given_again_after_a_restart(tmp_path: Path) -> None:
    bank = Bank(store=SQLiteStore(tmp_path / "books"))
    with SandboxServer(bank=bank) as server:
        spent = token(server)
        first = Caller(server.url).pay(spent)
    bank.close()
    bank = Bank(store=SQLiteStore(tmp_path / "books"))
    with SandboxServer(bank=bank) as server:
        assert Caller(server.url).pay(spent).text == first.text
        assert len(bank.transactions.all()) == 1
    bank.close()


def test_a_pending_payment_settles_after_a_restart(tmp_path: Path) -> None:
    bank = _bank(tmp_path / "books")
    order = PayOrder(sender_token_id=_token(bank, "ACH", "order-1"), amount=Money(100, "USD"), caller_reference="p")
    paid = bank.pay(bank.account(SELLER), order)
    bank.close()
    again = _bank(tmp_path / "books")
    again.advance(3 * 24 * 3600)
    settled = again.transaction(paid.transaction_id)
    assert settled is not None
    assert settled.status == "Success"
    again.close()


def test_a_reset_empties_the_file_too(tmp_path: Path) -> None:
    bank = _bank(tmp_path / "books")
    _busy_day(bank)
    bank.reset()
    bank.close()
    again = _bank(tmp_path / "books")
    assert again.transactions.all() == []
    assert again.clock.now() == NOW
    again.close()


def test_what_the_file_cannot_take_did_not_happen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = _bank(tmp_path / "books")
    john = bank.account(JOHN)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(SQLiteStore, "_write", full)
        with pytest.raises(sqlite3.OperationalError):
            bank.set_default_method(JOHN, "CC")
    assert bank.account(JOHN) == john
    bank.set_default_method(JOHN, "CC")
    bank.close()


def test_one_sandbox_at_a_time(tmp_path: Path) -> None:
    bank = _bank(tmp_path / "books")
    with pytest.raises(RuntimeError, match="is another sandbox using it"):
        SQLiteStore(tmp_path / "books")
    bank.close()


def test_books_of_an_older_day_get_what_they_lack(tmp_path: Path) -> None:
    """An account that the bank has come to need, and fields that its records did not have."""
    bank = _bank(tmp_path / "books")
    spent = _token(bank, "ABT", "order-1")
    bank.close()
    with closing(sqlite3.connect(tmp_path / "books")) as file:
        file.execute("DELETE FROM book WHERE key = 'holds@sandbox.example'")
        [(record,)] = file.execute("SELECT record FROM book WHERE key = ?", (spent,))
        old = {name: value for name, value in json.loads(record).items() if name not in ("use", "limits", "recipients")}
        file.execute("UPDATE book SET record = ? WHERE key = ?", (json.dumps(old), spent))
        file.commit()
    again = _bank(tmp_path / "books")
    order = PayOrder(sender_token_id=spent, amount=Money(10, "USD"), caller_reference="pay-1")
    assert again.reserve(again.account(SELLER), order).status == "Reserved"
    again.close()
