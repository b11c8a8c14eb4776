"""What an operator decides, asks and tidies up at a terminal."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import text

from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.protocol.messages import InstallPaymentInstruction
from tests.apps import Shop

MINUTE = 60
DAY = 24 * 60 * MINUTE


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def fps(shop: Shop, *arguments: str, answer: str | None = None) -> Result:
    return shop.app.test_cli_runner().invoke(args=["fps", *arguments], input=answer)


def said(shop: Shop, *arguments: str, answer: str | None = None) -> str:
    result = fps(shop, *arguments, answer=answer)
    assert result.exit_code == 0, result.output
    return result.output


def refused(shop: Shop, *arguments: str, code: int = 1) -> str:
    result = fps(shop, *arguments)
    assert (result.exit_code, type(result.exception)) == (code, SystemExit), result.output
    return result.output


def parked(shop: Shop, answer: str = "lost") -> Payment:
    shop.gateway.will("pay", answer)
    payment = shop.buy(shop.client("7"))
    shop.ledger.park(payment.reference, "no answer, and it is too late to ask again")
    return payment


@pytest.fixture
def broken(shop: Shop) -> list[str]:
    """A receiver that raises as long as this is not empty."""
    troubles = ["no licences left"]

    def fulfill(app: object, *, payment: Payment, **extra: object) -> None:
        if troubles:
            raise ValueError(troubles[0])

    payment_completed.connect_via(shop.app)(fulfill)
    return troubles


def given_up(shop: Shop) -> Payment:
    payment = shop.buy(shop.client("7"))
    for _ in range(12):
        said(shop, "reconcile", "--all")
    assert shop.payment(payment.reference).parked_reason
    return payment


# park resolve


def test_resolve_paid(shop: Shop) -> None:
    payment = parked(shop)
    [transaction] = shop.provider.moved
    output = said(shop, "park", "resolve", payment.reference, "--paid", transaction.id, "--by", "ada")

    assert output == (
        f"Payment {payment.reference} is paid by transaction {transaction.id}.\n"
        f"Payment {payment.reference} is delivered.\n"
    )
    story = said(shop, "show", payment.reference)
    assert f"found paid  (by: ada, why: the provider confirms the transaction, transaction: {transaction.id})" in story


def test_resolve_paid_with_a_transaction_of_nobody(shop: Shop) -> None:
    payment = parked(shop, "lost before")
    output = refused(shop, "park", "resolve", payment.reference, "--paid", "TX77")

    assert output.startswith("Error: the provider does not say that TX77 was paid")
    assert shop.payment(payment.reference).parked_reason


def test_resolve_unpaid_asks_first(shop: Shop) -> None:
    payment = parked(shop, "lost before")
    shop.clock.advance(8 * DAY)
    way = ("park", "resolve", payment.reference, "--unpaid", "--reason", "the buyer's bank says so")
    result = fps(shop, *way, answer="n\n")
    assert result.exit_code == 1 and "This is final. [y/N]" in result.output
    assert fps(shop, *way).exit_code == 1  # nobody there to answer
    assert shop.payment(payment.reference).parked_reason

    assert f"Payment {payment.reference} is failed: nothing was paid." in said(shop, *way, answer="y\n")
    assert "why: the buyer's bank says so" in said(shop, "show", payment.reference)


def test_resolve_unpaid_too_early(shop: Shop) -> None:
    payment = parked(shop, "lost before")
    output = refused(shop, "park", "resolve", payment.reference, "--unpaid", "--yes")
    assert output == refused(shop, "park", "resolve", payment.reference, "--unpaid")  # before anybody is asked

    assert (
        output
        == f"Error: {payment.reference}-1 may still be answered with a payment: wait until 2026-03-08 12:00 UTC\n"
    )


def test_resolve_deliver(shop: Shop, broken: list[str]) -> None:
    payment = given_up(shop)
    result = fps(shop, "park", "resolve", payment.reference, "--deliver")
    assert result.exit_code == 1
    assert "payment_completed is tried again by the worker; it raised" in result.output
    assert "no licences left" in result.output
    broken.clear()

    assert said(shop, "replay", payment.reference) == f"Payment {payment.reference} is delivered.\n"
    assert shop.payment(payment.reference).parked_reason is None


def test_replay_asks_nothing(shop: Shop) -> None:
    payment = shop.buy(shop.client("7"))
    moved, help_ = len(shop.gateway.calls), said(shop, "replay", "--help")

    assert said(shop, "replay", payment.reference) == f"Payment {payment.reference} is delivered.\n"
    assert len(shop.gateway.calls) == moved  # the provider is not asked
    assert "--yes" not in help_
    assert "No money moves, and the provider is not asked." in " ".join(help_.split())


def test_resolve_dismiss_wants_a_reason(shop: Shop, broken: list[str]) -> None:
    payment = given_up(shop)
    assert "--dismiss needs --reason" in refused(shop, "park", "resolve", payment.reference, "--dismiss", code=2)
    way = ("park", "resolve", payment.reference, "--dismiss", "--reason", "sent by post", "--yes")

    assert said(shop, *way) == f"Payment {payment.reference} is not parked any more.\n"
    assert "dismissed  (by: " in said(shop, "show", payment.reference)
    assert said(shop, "list", "--parked") == "Nothing is parked.\n"


def test_resolve_dismiss_names_one_of_several(shop: Shop, broken: list[str]) -> None:
    payment = shop.buy(shop.client("7"))
    for reason in ("first", "second"):
        shop.ledger.park(payment.reference, reason)
    way = ("park", "resolve", payment.reference, "--dismiss", "--reason", "seen to", "--yes")
    told = refused(shop, *way)
    [first, second] = shop.ledger.operator.reasons(payment.reference)
    assert f"is parked for {first.number}: first; {second.number}: second. Name the one" in told

    assert "is still parked: first" in said(shop, *way, "--number", str(second.number))
    assert "is not parked any more" in said(shop, *way)


@pytest.mark.parametrize("ways", [(), ("--unpaid", "--deliver"), ("--paid", "TX1", "--dismiss")])
def test_resolve_takes_exactly_one_way(shop: Shop, ways: tuple[str, ...]) -> None:
    payment = parked(shop)

    assert "give one of --paid TRANSACTION" in refused(shop, "park", "resolve", payment.reference, *ways, code=2)


# replay


def test_replay_delivers_again_and_pays_nothing(shop: Shop) -> None:
    delivered: list[str] = []

    def fulfill(app: object, *, payment: Payment, **extra: object) -> None:
        delivered.append(payment.reference)

    payment_completed.connect_via(shop.app)(fulfill)
    payment = shop.buy(shop.client("7"))
    calls = list(shop.gateway.calls)
    assert said(shop, "replay", payment.reference) == f"Payment {payment.reference} is delivered.\n"

    assert delivered == [payment.reference] * 2
    assert shop.gateway.calls == calls


def test_replay_of_what_is_not_paid(shop: Shop) -> None:
    payment = shop.started(shop.client("7"))

    assert refused(shop, "replay", payment.reference) == (
        f"Error: payment {payment.reference} is started: only what is paid is delivered\n"
    )
    assert "no payment 'nothing'" in refused(shop, "replay", "nothing")


def test_replay_where_handlers_are_missing_leaves_it_to_a_worker(tmp_path: Path) -> None:
    shop = Shop(tmp_path, config={"FPS_EXPECT_HANDLERS": ("mail",)})
    shop.fps.fulfillment("mail")(lambda payment: None)
    payment = shop.buy(shop.client("7"))
    shop.fps._shop.handlers.clear()
    said_ = said(shop, "replay", payment.reference)

    assert said_ == "A worker will deliver it: this process lacks the handlers mail.\n"
    shop.close()


# health


def test_health_of_a_quiet_shop(shop: Shop) -> None:
    shop.buy(shop.client("7"))
    said(shop, "work", "--once")

    assert said(shop, "health") == (
        "Worker:  at work, last seen 2026-03-01 12:00:00 UTC\nNothing waits that should not.\n"
    )
    found = json.loads(said(shop, "health", "--json"))
    assert (found["healthy"], found["findings"], found["parked"], found["worker_at_work"]) == (True, [], 0, True)


def test_health_of_a_shop_with_something_parked(shop: Shop) -> None:
    parked(shop)
    output = refused(shop, "health")

    assert output.splitlines() == [
        "1 parked: `flask fps list --parked` says why",
        "Worker:  none, never seen",
        "Not healthy.",
    ]
    assert json.loads(refused(shop, "health", "--json"))["parked"] == 1


def test_health_of_a_shop_without_a_worker(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    shop.buy(shop.client("7"))
    said(shop, "health")
    shop.clock.advance(10 * MINUTE)

    assert re.match(r"1 payment due for over five minutes, since 2026-03-01 12:00:\d\d UTC", refused(shop, "health"))


# prune


def test_prune_asks_and_takes_away_what_is_over(shop: Shop) -> None:
    payment, young = shop.buy(shop.client("7")), None
    shop.clock.advance(100 * DAY)
    young = shop.buy(shop.client("8"))
    assert said(shop, "prune", "--older-than", "90", "--dry-run") == ("1 payment is over and older than 90 days.\n")
    assert fps(shop, "prune", "--older-than", "90", answer="n\n").exit_code == 1
    output = said(shop, "prune", "--older-than", "90", "--yes")

    assert re.fullmatch(
        r"Taken away: 1 message and \d+ journal lines of 1 payment, and 0 messages about none\.\n", output
    )
    assert shop.ledger.journal(payment.reference) == [] and shop.ledger.journal(young.reference)
    assert "Its story was taken away by `flask fps prune`." in said(shop, "show", payment.reference)
    assert json.loads(said(shop, "prune", "--older-than", "90", "--json"))["payments"] == 0
    assert said(shop, "prune", "--older-than", "90") == "Nothing to take away.\n"


@pytest.mark.parametrize("arguments", ["", "--older-than 0", "--older-than x"])
def test_prune_wants_to_know_how_old(shop: Shop, arguments: str) -> None:
    assert "--older-than" in refused(shop, "prune", *arguments.split(), code=2)


# export


def sell(shop: Shop, reason: str) -> Payment:
    with shop.app.test_request_context():
        link = shop.fps.start_url(Item("=sku", 2, reason, quantity=3))
    return shop.buy(shop.client("=cmd|' /C calc'!A0"), link)


def test_export_as_json_lines(shop: Shop) -> None:
    payment = sell(shop, "A")
    rows = [json.loads(line) for line in said(shop, "export").splitlines()]

    assert [row["kind"] for row in rows] == ["payments", "grants"]
    assert rows[0]["items"] == [{"sku": "=sku", "quantity": 3, "unit_amount": "2.00"}]
    assert (rows[0]["reference"], rows[0]["amount"]) == (payment.reference, "6.00")
    assert rows[1]["payment"] == payment.reference


def test_export_as_csv_holds_no_formula(shop: Shop) -> None:
    sell(shop, "A")
    [heads, row] = csv.reader(said(shop, "export", "payments", "--format", "csv").splitlines())

    assert dict(zip(heads, row, strict=True))["buyer"] == "'=cmd|' /C calc'!A0"
    [_, grant] = csv.reader(said(shop, "export", "grants", "--format", "csv").splitlines())
    assert grant[1] == "'=sku"


def test_export_of_all_as_csv_is_a_folder(shop: Shop, tmp_path: Path) -> None:
    sell(shop, "A")
    assert "name payments, refunds or grants" in refused(shop, "export", "--format", "csv", code=2)
    said(shop, "export", "--format", "csv", "--output", str(tmp_path / "books"))

    assert {path.name: len(path.read_text().splitlines()) for path in (tmp_path / "books").iterdir()} == {
        "payments.csv": 2,
        "refunds.csv": 1,
        "grants.csv": 2,
    }


def test_export_to_where_nothing_can_be_written(shop: Shop, tmp_path: Path) -> None:
    output = refused(shop, "export", "payments", "--output", str(tmp_path / "no" / "such" / "folder"))

    assert output.startswith("Error: cannot write ")


# What FPS itself says


@pytest.fixture
def real(tmp_path: Path, fps_sandbox: Any) -> Any:
    """A shop that speaks FPS to a sandbox."""
    from flask import Flask

    app = Flask("tests.cli", instance_path=str(tmp_path))
    app.config.update(fps_sandbox.config, SECRET_KEY="tests")
    fps = FPS(app)
    item = Item("song", "0.10", "Now and Forever")
    app.add_url_rule("/song", "song", fps.payment_required(item)(lambda: "the song"))
    yield app
    app.extensions["fps"].ledger.engine.dispose()


def asked(app: Any, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=["fps", *arguments])
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_activity_transaction_and_balance(real: Any, fps_buyer: Any) -> None:
    assert asked(real, "activity") == "FPS lists no transaction of these days.\n"
    client = real.test_client()
    fps_buyer.pay(client, client.get("/song"))
    [payment] = json.loads(asked(real, "list", "--json"))
    transaction = payment["transaction_id"]
    heads, line = asked(real, "activity").splitlines()
    assert heads.split() == ["DATE", "TRANSACTION", "OPERATION", "STATUS", "AMOUNT", "FROM", "TO", "PAYMENT"]
    assert re.search(rf"{transaction} +Pay +Success +0\.10 USD .* {payment['reference']}$", line)

    shown = asked(real, "transaction", transaction)
    assert f"Payment:       {payment['reference']}" in shown
    assert "Amount:        0.10 USD" in shown
    found = json.loads(asked(real, "transaction", transaction, "--json"))
    assert (found["payment"], found["transaction_status"]) == (payment["reference"], "Success")
    assert json.loads(asked(real, "activity", "--json"))[0]["transaction_id"] == transaction
    assert re.search(r"^Total: +\d+\.\d\d USD$", asked(real, "balance"), re.M)
    assert "total_balance" in json.loads(asked(real, "balance", "--json"))


def test_a_ledger_put_back_from_a_copy_knows_a_transaction_by_its_reference(real: Any, fps_buyer: Any) -> None:
    client = real.test_client()
    fps_buyer.pay(client, client.get("/song"))
    [payment] = json.loads(asked(real, "list", "--json"))
    with real.extensions["fps"].ledger.engine.begin() as connection:
        for table in ("fps_transactions", "fps_intents"):
            connection.execute(text(f"DELETE FROM {table}"))

    shown = asked(real, "transaction", payment["transaction_id"])
    assert f"Payment:       {payment['reference']}" in shown


def test_tokens_on_the_account_itself(real: Any) -> None:
    assert asked(real, "tokens", "list") == "FPS lists no such token on this account.\n"
    with real.app_context():
        client = real.extensions["fps"].gateway.client
        rule = "MyRole == 'Recipient' orSay 'Roles do not match';"
        made = client.send(
            InstallPaymentInstruction(payment_instruction=rule, caller_reference="mine", token_type="Unrestricted")
        )
    heads, line = asked(real, "tokens", "list").splitlines()

    assert heads.split() == ["TOKEN", "TYPE", "STATUS", "INSTALLED", "REFERENCE"]
    assert line.split()[:3] == [made.token_id, "Unrestricted", "Active"] and line.endswith("mine")
    assert json.loads(asked(real, "tokens", "list", "--json"))[0]["token_id"] == made.token_id
    assert "no such token" in asked(real, "tokens", "list", "--inactive")


def test_what_fps_refuses_to_say_is_a_sentence(real: Any) -> None:
    result = real.test_cli_runner().invoke(args=["fps", "transaction", "14GK4F9WQW7XW8RVVK3LTU8N2SSDZSHEPXZ"])

    assert result.exit_code == 1
    assert result.output.startswith("Error: FPS refused this: InvalidTransactionId")


def test_without_the_sandbox_it_says_how_to_start_it(tmp_path: Path) -> None:
    from flask import Flask

    app = Flask("tests.cli", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="tests", FPS_SANDBOX_URL="http://127.0.0.1:1")
    FPS(app)
    for command in ("balance", "reconcile"):
        result = app.test_cli_runner().invoke(args=["fps", command])
        assert result.exit_code == 1
        assert result.output.endswith(
            "could not connect to http://127.0.0.1:1/; start the sandbox with `flask fps sandbox`\n"
        )
    app.extensions["fps"].ledger.engine.dispose()


def test_another_gateway_does_not_speak_fps(shop: Shop) -> None:
    for arguments in (["activity"], ["transaction", "TX1"], ["balance"], ["tokens", "list"]):
        assert "this asks FPS, and FPS_GATEWAY is 'fps'" in refused(shop, *arguments)


def test_at_eighty_columns_activity_keeps_when_and_what(
    real: Any, fps_buyer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_fps.cli.tables.room", lambda: 80)
    client = real.test_client()
    fps_buyer.pay(client, client.get("/song"))
    result = real.test_cli_runner().invoke(args=["fps", "activity"])
    heads, line = result.stdout.splitlines()

    assert re.fullmatch(r"DATE +TRANSACTION +OPER\S* +STATUS +AMOUNT", heads)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d  \S{35} +Pay +Success +0\.10 USD", line)
    assert "No room for FROM, TO, PAYMENT" in result.stderr
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("attribute", "remedy"),
    [
        ("_access_key", "check FPS_ACCESS_KEY (docs/"),
        ("_secret_key", "check FPS_SECRET_KEY, which must be that of FPS_ACCESS_KEY (docs/"),
    ],
)
def test_keys_that_fps_does_not_know_are_named(
    real: Any, monkeypatch: pytest.MonkeyPatch, attribute: str, remedy: str
) -> None:
    client = real.extensions["fps"].gateway.client
    monkeypatch.setattr(client, attribute, "nobody")
    result = real.test_cli_runner().invoke(args=["fps", "balance"])

    assert result.exit_code == 1
    assert remedy in result.output


def test_a_number_of_days_is_called_that(shop: Shop) -> None:
    assert "'soon' is not a valid number of days" in refused(shop, "activity", "--since", "soon", code=2)


def test_three_files_need_a_folder(shop: Shop, tmp_path: Path) -> None:
    there = tmp_path / "payments.csv"
    there.write_text("mine")

    assert "is a file, and this writes three" in refused(shop, "export", "--format", "csv", "--output", str(there))
    assert "cannot make the folder" in refused(shop, "export", "--format", "csv", "--output", str(there / "within"))
    assert there.read_text() == "mine"
