from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import create_engine
from sqlalchemy import inspect
from sqlalchemy import update

from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import PaymentRow
from tests.apps import Shop

#: Others script against these: the very names, in this order.
FIELDS = [
    "reference",
    "state",
    "order_key",
    "lines",
    "amount",
    "paid_amount",
    "currency",
    "account",
    "gateway",
    "buyer",
    "transaction_id",
    "refunded",
    "delivered_at",
    "parked_reason",
    "due_at",
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def fps(shop: Shop, *arguments: str) -> Result:
    return shop.app.test_cli_runner().invoke(args=["fps", *arguments])


def said(shop: Shop, *arguments: str) -> str:
    result = fps(shop, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def listed(shop: Shop) -> Any:
    return json.loads(said(shop, "list", "--json"))


def test_every_command_is_there(shop: Shop) -> None:
    output = said(shop, "--help")

    for name in ("sandbox", "list", "show", "work", "reconcile", "db"):
        assert re.search(rf"^  {name} ", output, re.M), output


# list


def test_list_as_json_has_the_fields_others_script_against(shop: Shop) -> None:
    payment = shop.buy(shop.client("7"))
    [found] = listed(shop)

    assert list(found) == FIELDS
    assert found == {
        "reference": payment.reference,
        "state": "paid",
        "order_key": payment.order_key,
        "lines": [{"sku": "song", "quantity": 1, "amount": "0.10"}],
        "amount": "0.10",
        "paid_amount": "0.10",
        "currency": "USD",
        "account": "default",
        "gateway": "fps",
        "buyer": "7",
        "transaction_id": payment.transaction_id,
        "refunded": "0.00",
        "delivered_at": "2026-03-01T12:00:00+00:00",
        "parked_reason": None,
        "due_at": None,
    }


def test_lines_are_whole(shop: Shop) -> None:
    with shop.app.test_request_context():
        link = shop.fps.start_url(Item("a", 2, "A", quantity=3), Item("b", "0.05", "B"))
    shop.started(shop.client(), link)
    [found] = listed(shop)

    assert found["lines"] == [
        {"sku": "a", "quantity": 3, "amount": "6.00"},
        {"sku": "b", "quantity": 1, "amount": "0.05"},
    ]
    assert (found["amount"], found["transaction_id"], found["due_at"]) == ("6.05", None, "2026-03-01T12:10:00+00:00")


def test_what_was_parked_says_why(shop: Shop) -> None:
    payment = shop.started(shop.client())
    shop.ledger.park(payment.reference, "a person must see this")

    assert listed(shop)[0]["parked_reason"] == "a person must see this"
    assert "parked: a person must see this" in said(shop, "list")


def test_list_is_newest_first_and_no_longer_than_asked(shop: Shop) -> None:
    payments = [shop.buy(shop.client(str(number))) for number in range(3)]

    assert [each["reference"] for each in listed(shop)] == [each.reference for each in reversed(payments)]
    assert payments[0].reference not in said(shop, "list", "--limit", "2")
    assert len(json.loads(said(shop, "list", "--json", "--limit", "2"))) == 2


def test_what_is_not_shown_is_said_and_scripts_get_all(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_fps.cli.payments.SHOWN", 1)
    shop.buy(shop.client("7"))
    assert "older ones" not in fps(shop, "list").output
    shop.buy(shop.client("8"))

    assert "There are older ones: --limit shows more" in fps(shop, "list").output
    assert "older ones" not in fps(shop, "list", "--limit", "2").output
    assert len(listed(shop)) == 2


def test_what_waits_for_a_person_is_found_however_old(shop: Shop) -> None:
    assert said(shop, "list", "--parked") == "Nothing is parked.\n"
    payment = shop.started(shop.client())
    shop.ledger.park(payment.reference, "a person must see this")
    shop.buy(shop.client("8"))
    [found] = json.loads(said(shop, "list", "--parked", "--json"))
    _heads, line = said(shop, "list", "--parked", "--limit", "1").splitlines()

    assert (found["reference"], found["parked_reason"]) == (payment.reference, "a person must see this")
    assert line.startswith(payment.reference)


@pytest.mark.parametrize(
    "arguments",
    ["list --limit 0", "list --limit -1", f"list --limit {10**30}", "reconcile --since 0", "reconcile --since 1e9"],
)
def test_numbers_that_make_no_sense_are_refused(shop: Shop, arguments: str) -> None:
    result = fps(shop, *arguments.split())

    assert result.exit_code == 2
    assert "is not in the range" in result.output


def test_an_empty_ledger_is_an_empty_list(shop: Shop) -> None:
    assert listed(shop) == []
    assert said(shop, "list") == "No payments yet.\n"


def test_list_for_people(shop: Shop) -> None:
    payment = shop.buy(shop.client("7"))
    heads, line = said(shop, "list").splitlines()

    assert heads.split() == ["REFERENCE", "STATE", "AMOUNT", "FOR", "BUYER", "STARTED", "NOTE"]
    assert line.split() == [*f"{payment.reference} paid $0.10 Now and Forever 7 2026-03-01 12:00 delivered".split()]


def test_what_nobody_drives_is_said(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    shop.buy(shop.client())
    assert "nobody drives" not in fps(shop, "list").output
    shop.clock.advance(400)

    assert "1 due for over five minutes, and nobody drives them: run `flask fps work`." in fps(shop, "list").output
    assert isinstance(json.loads(fps(shop, "list", "--json").stdout), list)


# show


def test_show_tells_the_story(shop: Shop) -> None:
    payment = shop.buy(shop.client("7"))
    output = said(shop, "show", payment.reference)

    assert f"Transaction:   {payment.transaction_id}" in output
    assert "State:         paid (delivered)" in output
    assert "Item:          1 × Now and Forever [song] $0.10" in output
    story = [line.split("  ", 1)[1] for line in output.split("\n\n")[1].splitlines()]
    assert story[0].startswith("started")
    assert story[1].startswith("moved started → authorized")
    assert story[-1].startswith("delivered")


def test_show_as_json_adds_the_journal_and_the_refunds(shop: Shop) -> None:
    payment = shop.buy(shop.client("7"))
    found = json.loads(said(shop, "show", payment.reference, "--json"))

    assert list(found) == [*FIELDS, "journal", "refunds"]
    assert {**found, "journal": None} == {**listed(shop)[0], "journal": None, "refunds": []}
    assert [(entry["from"], entry["to"]) for entry in found["journal"] if entry["to"]] == [
        (None, "started"),
        ("started", "authorized"),
        ("authorized", "paying"),
        ("paying", "paid"),
    ]
    assert list(found["journal"][0]) == ["at", "event", "from", "to", "detail"]


def test_a_journal_holds_no_token(shop: Shop) -> None:
    payment = shop.buy(shop.client("7"))
    assert payment.authorization_id is not None

    assert payment.authorization_id not in said(shop, "show", payment.reference, "--json")


def test_show_of_nothing_says_where_to_look(shop: Shop) -> None:
    result = fps(shop, "show", "nothing")

    assert result.exit_code == 1
    assert result.output == "Error: there is no payment 'nothing' in this ledger: `flask fps list` shows the newest\n"


# work and reconcile


def test_work_once_takes_what_is_due_further(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy(shop.client())
    shop.clock.advance(5)
    output = said(shop, "work", "--once")

    assert output == "Done: 1 payment.\n"
    assert said(shop, "work", "--once") == "Nothing was due.\n"
    assert shop.payment(payment.reference).delivered_at is not None


def test_work_says_what_was_given_back(shop: Shop) -> None:
    shop.gateway.will("pay", "refused")
    shop.buy(shop.client())

    assert "1 authorization given back" in said(shop, "work", "--once")


def test_work_ends_cleanly_when_it_is_told_to(tmp_path: Path) -> None:
    environment = {**os.environ, "FLASK_APP": "tests.cli_shop", "SHOP_FOLDER": str(tmp_path), "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "flask", "fps", "work", "--pause", "0.05"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert re.match(r"Worker .+ is at work\. Stop it with Ctrl-C\.", process.stdout.readline())
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=30)

    assert (process.returncode, output) == (0, "Worker stopped.\n"), errors


def test_reconcile_drives_and_compares(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy(shop.client())
    assert "Nothing is due." in said(shop, "reconcile", "--dry-run")
    assert payment.reference in said(shop, "reconcile", "--dry-run", "--all")
    assert len([call for call in shop.gateway.calls if call.startswith("pay")]) == 1
    output = said(shop, "reconcile", "--all")

    assert shop.payment(payment.reference).is_paid
    assert "The ledger and the provider's books agree." in output


def test_all_does_not_wait_for_a_handlers_back_off(shop: Shop) -> None:
    calls: list[str] = []

    def fulfill(app: object, *, payment: Payment, **extra: object) -> None:
        calls.append(payment.reference)
        if len(calls) == 1:
            raise ValueError("no licences left")

    payment_completed.connect_via(shop.app)(fulfill)
    payment = shop.buy(shop.client())
    assert "deliver" not in said(shop, "reconcile")
    assert "1 delivery" in said(shop, "reconcile", "--all")

    assert calls == [payment.reference] * 2
    assert shop.payment(payment.reference).delivered_at is not None


def test_a_dry_run_tells_of_all_that_a_run_would_do(shop: Shop) -> None:
    shop.fps.fulfillment("mail")(lambda payment: None)
    shop.gateway.will("notification", "lost", "lost")
    shop.notify(shop.client("1"), shop.buy(shop.client("1")))
    shop.gateway.will("pay", "refused")
    shop.buy(shop.client("2"))
    shop.clock.advance(3600)
    output = said(shop, "reconcile", "--dry-run")

    assert output == "Only 1 message, 1 authorization given back, 1 delivery.\n"
    assert said(shop, "reconcile").startswith("Done: 1 message, 1 authorization given back, 1 delivery.\n")
    assert said(shop, "reconcile", "--dry-run") == "Nothing is due.\n"


def test_what_cannot_be_taken_further_is_said_and_seen(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*given: object, **named: object) -> None:
        raise ZeroDivisionError("a wrong name")

    shop.gateway.will("pay", "lost")
    payment = shop.buy(shop.client())
    monkeypatch.setattr(shop.state.ledger, "take", breaks)
    shop.clock.advance(5)
    sentence = "Error: 1 payment could not be taken further: the log and `flask fps show` say why\n"
    for command in (["work", "--once"], ["reconcile", "--all"]):
        result = fps(shop, *command)
        assert (result.exit_code, sentence in result.output) == (1, True), result.output

    health = fps(shop, "health")
    assert (health.exit_code, "1 payment could not be taken further" in health.output) == (1, True), health.output
    assert "a wrong name" in said(shop, "show", payment.reference)


def test_all_does_not_wait_with_what_is_given_back(shop: Shop) -> None:
    shop.gateway.will("pay", "refused")
    shop.gateway.will("release", "lost")
    shop.buy(shop.client())
    said(shop, "work", "--once")
    assert "given back" not in said(shop, "reconcile")

    assert "1 authorization given back" in said(shop, "reconcile", "--all")


def test_reconcile_lists_every_difference(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy(shop.client())
    found, told = fps(shop, "reconcile", "--json"), fps(shop, "reconcile")
    assert (found.exit_code, told.exit_code) == (1, 1)
    found, output = json.loads(found.stdout), told.output

    assert "1 difference between the ledger and the provider's books:" in output
    assert re.search(rf"^orphan +TX\d+ +{payment.reference}", output, re.M)
    assert [(each["kind"], each["payment"]) for each in found["differences"]] == [("orphan", payment.reference)]


def test_reconcile_without_the_providers_answer_fails(shop: Shop) -> None:
    shop.gateway.will("activity", "lost", "lost")
    result = fps(shop, "reconcile")

    assert result.exit_code == 1
    assert result.output.startswith("Nothing was due.\nError: ")
    assert "Done" not in fps(shop, "reconcile", "--json").output
    assert "the provider's books could not be read" in result.output


# db


def test_db_upgrade_makes_the_tables_of_a_shops_database(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    shop = Shop(tmp_path, db=engine)
    assert said(shop, "db", "upgrade").startswith("The ledger's tables are made, of version ")
    assert said(shop, "db", "upgrade") == "The ledger's tables are up to date.\n"

    assert inspect(engine).has_table("fps_payments")
    assert listed(shop) == []
    engine.dispose()


@pytest.fixture
def our_signals() -> Iterator[None]:
    """What stops this very process stays as it was."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("our_signals")
@pytest.mark.parametrize("command", ["list", "list --json", "show x", "work --once", "work", "reconcile"])
def test_without_tables_every_command_names_the_one_that_makes_them(tmp_path: Path, command: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    shop = Shop(tmp_path, db=engine)
    result = fps(shop, *command.split())

    assert result.exit_code == 1
    assert "Error: the ledger's tables are missing: run `flask fps db upgrade`" in result.output
    assert isinstance(result.exception, SystemExit)
    engine.dispose()


def test_a_database_that_cannot_be_opened_is_a_sentence_too(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}")
    result = fps(Shop(tmp_path, db=engine), "list")

    assert result.exit_code == 1
    assert "Error: the ledger's database does not answer" in result.output


def test_an_app_without_fps_says_so(tmp_path: Path) -> None:
    from flask import Flask

    from flask_fps.cli import fps as group

    app = Flask("another")
    app.cli.add_command(group)
    result = app.test_cli_runner().invoke(args=["fps", "list"])

    assert result.exit_code == 1
    assert "Error: Flask-FPS finds no app here." in result.output
    assert "fps.init_app(app) was not called on this app" in result.output


WRONG_SHOP = """
from flask import Flask
from flask_fps import FPS

app = Flask(__name__)
app.config.from_prefixed_env()
fps = FPS(app)
"""


@pytest.mark.parametrize(
    "command", [["fps", "list"], ["fps", "work"], ["fps", "db", "upgrade"], ["run", "--port", "0"]]
)
def test_a_mistake_in_set_up_is_a_sentence_at_a_terminal(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "wrong_shop.py").write_text(WRONG_SHOP)
    result = flask_in(tmp_path, "wrong_shop", *command, FLASK_FPS_ACESS_KEY="key")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: Flask-FPS cannot start, one of its settings must change:\n"
        "  FPS_ACESS_KEY is not a key of Flask-FPS; did you mean FPS_ACCESS_KEY?\n"
    )


def test_an_error_of_the_shops_own_keeps_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "wrong_shop.py").write_text("raise RuntimeError('the shop is broken')")
    result = flask_in(tmp_path, "wrong_shop", "fps", "list")

    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "RuntimeError: the shop is broken" in result.stderr


def flask_in(folder: Path, app: str, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``flask`` as a shop's developer runs it."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", app, *command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_show_takes_the_beginning_of_a_reference_if_it_is_the_only_one(shop: Shop) -> None:
    names = [shop.buy(shop.client(buyer)).reference for buyer in ("7", "8")]
    with writing(shop.ledger.engine) as session:
        for name, new in zip(names, ("abcd0", "abcd1"), strict=True):
            session.execute(update(PaymentRow).where(PaymentRow.reference == name).values(reference=new))

    assert said(shop, "show", "abcd0").startswith("Payment:       abcd0\n")
    assert "more than one payment begins with 'abcd'" in fps(shop, "show", "abcd").output
    with writing(shop.ledger.engine) as session:
        session.execute(update(PaymentRow).where(PaymentRow.reference == "abcd1").values(reference="other"))
    assert json.loads(said(shop, "show", "abcd", "--json"))["reference"] == "abcd0"
    for none in ("abc", "abcd%", "____", "abcd00"):
        assert "there is no payment" in fps(shop, "show", none).output
