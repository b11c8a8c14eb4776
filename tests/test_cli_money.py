"""``flask fps refund``, ``settle`` and ``cancel``: asked first, a sentence for whatever cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_refunded
from flask_fps import Refund
from flask_fps import Refused
from flask_fps.errors import LedgerBusy
from flask_fps.records import Line
from flask_fps.records import State
from tests.apps import heading
from tests.apps import Shop
from tests.apps import SONG


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


@pytest.fixture
def shop_with_db(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path, db=True)
    with shop.app.app_context():
        shop.fps.upgrade()
    yield shop
    shop.close()


def fps(shop: Shop, *arguments: str, answer: str | None = None) -> Result:
    return shop.app.test_cli_runner().invoke(args=["fps", *arguments], input=answer)


def bought(shop: Shop) -> Payment:
    return shop.buy(shop.client("7"))


def reserved(shop: Shop) -> Payment:
    with shop.app.test_request_context():
        link = shop.fps.start_url(Item("album", "10.00", "An album"), reserve=True)
    return shop.buy(shop.client("7"), link)


def refunds(shop: Shop, payment: Payment) -> list[Refund]:
    return shop.ledger.refunds.of(payment.reference)


# refund


def test_it_asks_first_and_takes_no_for_an_answer(shop: Shop) -> None:
    payment = bought(shop)
    for answer in ("n\n", "\n", ""):
        result = fps(shop, "refund", payment.reference, answer=answer)
        assert result.exit_code == 1
        assert f"Give back all that is left ($0.10) of payment {payment.reference}, 'Now and Forever'?" in result.stderr
    assert refunds(shop, payment) == []


def test_all_that_is_left(shop: Shop) -> None:
    payment = bought(shop)
    result = fps(shop, "refund", payment.reference, answer="y\n")

    assert result.exit_code == 0, result.output
    assert "The refund of $0.10 is done, transaction TX" in result.stdout
    assert "The key of this refund is " in result.stderr
    assert [each.money.minor for each in refunds(shop, payment)] == [10]
    decided = next(each for each in shop.ledger.journal(payment.reference) if each.event == "refund decided")
    assert decided.detail["by"]


@pytest.mark.parametrize("amount", ["0.04", "$0.04", "0.04 USD", "USD 0.04", "usd 0.04"])
def test_a_part_however_it_is_written(shop: Shop, amount: str) -> None:
    payment = bought(shop)
    result = fps(shop, "refund", payment.reference, amount, "--yes", "--json")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["amount"], found["currency"], found["state"]) == ("0.04", "USD", "done")
    assert found["key"] in result.stderr


def test_the_same_key_twice(shop: Shop) -> None:
    payment = bought(shop)
    first, second = (
        fps(shop, "refund", payment.reference, "0.04", "--key", "17", "--yes", "--json").stdout for _ in range(2)
    )
    assert first == second
    known = fps(shop, "refund", payment.reference, "--key", "17")
    assert (known.exit_code, len(refunds(shop, payment))) == (0, 1)
    assert known.stderr == "17 is the key of a refund that was asked for before: this is the same one.\n"
    assert known.stdout.startswith("The refund of $0.04 is done, transaction TX")
    other = fps(shop, "refund", payment.reference, "0.05", "--key", "17")
    assert (other.exit_code, "use another key for $0.05" in other.stderr, "?" in other.stderr) == (1, True, False)


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("0", "cannot be refunded: give an amount above zero"),
        ("--", "there is no such thing"),
        ("0.001", "more than 2 digits after the point"),
        ("0.11", "$0.11 is more than can be refunded: $0.10 is left"),
        ("0.05 EUR", "was paid in USD, and €0.05 is in EUR"),
        ("5 XYZ", "'XYZ' is not a currency this package knows"),
        ("everything", "'everything' is not a price"),
        ("١", "not a price"),
    ],
)
def test_an_amount_that_cannot_be(shop: Shop, amount: str, sentence: str) -> None:
    payment = bought(shop)
    if amount == "--":
        amount, sentence = "-1", "'-1' is not a price"
    result = fps(shop, "refund", "--yes", "--", payment.reference, amount)

    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert refunds(shop, payment) == []


def test_payments_that_cannot_be_refunded(shop: Shop) -> None:
    started = shop.started(shop.client("9"))
    held = reserved(shop)
    done = bought(shop)
    assert fps(shop, "refund", done.reference, "--yes").exit_code == 0
    for reference, sentence in (
        ("nobody", "there is no payment 'nobody' in this ledger: `flask fps list` shows the newest"),
        (started.reference, "is started: only what is paid can be refunded"),
        (held.reference, "is reserved and not paid: cancel it"),
        (done.reference, "is fully refunded: nothing is left to give back"),
    ):
        for result in (fps(shop, "refund", reference, "--yes"), fps(shop, "refund", reference, answer="y\n")):
            assert (result.exit_code, result.stdout) == (1, "")
            assert sentence in result.stderr
            assert "Give back" not in result.stderr  # nobody is asked about what cannot be


def test_a_refund_that_fails_is_an_error(shop: Shop) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", "refused")
    result = fps(shop, "refund", payment.reference, "--yes")

    assert result.exit_code == 1
    assert "the refund of $0.10 failed: InsufficientBalance" in result.stderr


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("lost", "was sent, and there was no answer; the worker finds out."),
        ("not sent", "could not be sent yet; the worker goes on with it."),
        ("pending", "is on its way; the worker watches it, transaction TX"),
    ],
)
def test_what_is_not_done_yet(shop: Shop, said: str, sentence: str) -> None:
    payment = bought(shop)
    shop.gateway.will("refund", said)
    result = fps(shop, "refund", payment.reference, "--yes")

    assert result.exit_code == 0
    assert sentence in result.stdout


def test_show_has_the_refunds(shop: Shop) -> None:
    payment = bought(shop)
    fps(shop, "refund", payment.reference, "0.04", "--key", "17", "--yes")
    shop.gateway.will("refund", "refused")
    fps(shop, "refund", payment.reference, "--key", "18", "--yes")
    output = fps(shop, "show", payment.reference).stdout

    assert "Refund:        $0.04 done [17] 2026-" in output
    assert "Refund:        $0.06 failed: InsufficientBalance [18] 2026-" in output
    assert "$0.04 refunded" in output
    found = json.loads(fps(shop, "show", payment.reference, "--json").stdout)
    assert [(each["key"], each["state"], each["amount"]) for each in found["refunds"]] == [
        ("17", "done", "0.04"),
        ("18", "failed", "0.06"),
    ]
    assert found["refunded"] == "0.04"


def test_a_database_that_is_away_is_a_sentence(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = bought(shop)

    def away(*_: Any) -> None:
        raise LedgerBusy("the ledger's database does not answer: gone")

    monkeypatch.setattr("flask_fps.ledger.refunding.ask", away)
    result = fps(shop, "refund", payment.reference, "--yes")
    assert result.exit_code == 1
    assert "the ledger's database does not answer: gone" in result.stderr
    assert not any(call.startswith("refund") for call in shop.gateway.calls)


def test_a_database_that_goes_away_after_the_refund_was_sent(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = bought(shop)

    def away(*_: Any) -> None:
        raise LedgerBusy("the ledger's database does not answer: gone")

    with monkeypatch.context() as broken:
        broken.setattr("flask_fps.ledger.returning.answered", away)
        result = fps(shop, "refund", payment.reference, "--by", "ada", "--yes")
        assert (result.exit_code, "could not be sent yet" in result.stdout) == (0, True)
    assert len(shop.provider.returned) == 1
    shop.clock.advance(shop.ledger.store.backoff.longest)
    assert "1 refund" in fps(shop, "work", "--once").stdout
    assert [each.state.value for each in refunds(shop, payment)] == ["done"]
    assert len(shop.provider.returned) == 1
    [decided] = [each for each in shop.ledger.journal(payment.reference) if each.event == "refund decided"]
    assert decided.detail["by"] == "ada"


# settle and cancel


def test_settle_asks_and_takes(shop: Shop) -> None:
    payment = reserved(shop)
    assert "Held until:" in fps(shop, "show", payment.reference).stdout
    assert json.loads(fps(shop, "show", payment.reference, "--json").stdout)["paid_amount"] is None
    assert fps(shop, "settle", payment.reference, "7.50", answer="n\n").exit_code == 1
    result = fps(shop, "settle", payment.reference, "7.50", answer="y\n")

    assert result.exit_code == 0, result.output
    assert "Take $7.50 of $10.00 that is held" in result.stderr
    assert f"Payment {payment.reference} is paid: $7.50 was taken." in result.stdout
    assert "Taken:         $7.50 USD" in fps(shop, "show", payment.reference).stdout
    again = fps(shop, "settle", payment.reference, "--yes", "--json")
    said = json.loads(again.stdout)
    assert (said["state"], said["amount"], said["paid_amount"]) == ("paid", "10.00", "7.50")
    assert "$7.50" in fps(shop, "list").stdout
    assert "$10.00" not in fps(shop, "list").stdout


def test_cancel_asks_and_gives_up(shop: Shop) -> None:
    payment = reserved(shop)
    assert fps(shop, "cancel", payment.reference, answer="n\n").exit_code == 1
    assert shop.payment(payment.reference).state is State.RESERVED
    result = fps(shop, "cancel", payment.reference, answer="y\n")
    assert f"Payment {payment.reference} is cancelled: nothing was taken." in result.stdout


def test_what_is_not_answered_yet(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("settle", "lost before")
    result = fps(shop, "settle", payment.reference, "--yes")
    assert result.exit_code == 0
    assert "is reserved still; the worker goes on with it." in result.stdout


@pytest.mark.parametrize("command", ["settle", "cancel"])
def test_what_cannot_be_settled_or_cancelled(shop: Shop, command: str) -> None:
    payment = bought(shop)
    for reference, sentence in ((payment.reference, "is paid:"), ("nobody", "there is no payment 'nobody'")):
        for result in (fps(shop, command, reference, "--yes"), fps(shop, command, reference, answer="y\n")):
            assert result.exit_code == 1
            assert sentence in result.stderr
            assert "that is held" not in result.stderr


@pytest.mark.parametrize("answer", ["--yes", "y"])
def test_more_than_is_held(shop: Shop, answer: str) -> None:
    yes, typed = (("--yes",), None) if answer == "--yes" else ((), "y\n")
    result = fps(shop, "settle", reserved(shop).reference, "10.01", *yes, answer=typed)
    assert result.stderr == "Error: $10.01 is more than is held: $10.00\n"


def test_what_was_decided_before_is_not_asked_again(shop: Shop) -> None:
    payment = reserved(shop)
    shop.gateway.will("cancel", "lost before")
    fps(shop, "cancel", payment.reference, "--yes")
    again, other = fps(shop, "cancel", payment.reference), fps(shop, "settle", payment.reference)

    assert (again.exit_code, again.stderr) == (0, "")
    assert "is reserved still; the worker goes on with it." in again.stdout
    assert (other.exit_code, "is being cancelled: wait until that is answered" in other.stderr) == (1, True)
    assert "?" not in other.stderr


# fps.refund, fps.settle and fps.cancel


def test_an_open_write_of_the_request_is_committed_first(shop_with_db: Shop) -> None:
    shop = shop_with_db
    payment = bought(shop)
    assert shop.db is not None
    with shop.app.app_context():
        shop.db.session.execute(shop.db.text("CREATE TABLE notes (text TEXT)"))
        shop.db.session.commit()
        shop.db.session.execute(shop.db.text("INSERT INTO notes VALUES ('not committed')"))
        for ask, name in ((shop.fps.refund, "refund"), (shop.fps.settle, "settle"), (shop.fps.cancel, "cancel")):
            with pytest.raises(RuntimeError, match=rf"uncommitted changes, and fps.{name}\(\) needs .*: commit first"):
                ask(payment.reference)
        shop.db.session.commit()
        assert shop.fps.refund(payment.reference).state.value == "done"


def test_a_shop_gives_money_back_by_its_own_policy(shop: Shop) -> None:
    told: list[tuple[str, Refund]] = []

    @shop.fps.refund_policy
    def keeps_half(payment: Payment, line: Line, refunded: Decimal) -> bool:
        assert shop.app.extensions["fps"]
        return refunded > payment.amount / 2

    def hear(app: object, *, payment: Payment, refund: Refund, **extra: object) -> None:
        told.append((payment.reference, refund))

    payment_refunded.connect(hear, shop.app)
    payment = bought(shop)
    with shop.app.test_request_context(headers={"X-User": "7"}):
        first = shop.fps.refund(payment.reference, "0.05")
        assert shop.fps.is_paid(SONG)
        second = shop.fps.refund(payment.reference, Decimal("0.01"))
        assert not shop.fps.is_paid(SONG)
        assert shop.fps.refunds(payment.reference) == [first, second]
        with pytest.raises(TypeError, match="must not be a float"):
            shop.fps.refund(payment.reference, 0.01)  # type: ignore[arg-type]
        with pytest.raises(Refused):
            shop.fps.refund(payment.reference, 1)
    assert told == [(payment.reference, first), (payment.reference, second)]


def test_a_shop_holds_settles_and_cancels(shop: Shop) -> None:
    first = reserved(shop)
    assert heading(shop.client("7").get(shop.page(first))) == "Your payment is reserved"
    with shop.app.app_context():
        assert shop.fps.settle(first.reference, 4).paid_money.minor == 400
        with pytest.raises(Refused, match="a hold is settled once"):
            shop.fps.settle(first.reference, 5)
    assert heading(shop.client("7").get(shop.page(first))) == "Thank you, it is paid"
