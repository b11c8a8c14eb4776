"""Rows 50 to 60: what the provider says in the end, and what the shop has become meanwhile."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from flask_fps.ledger import schema
from tests.faults import guards
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.stage import Stage

ONE = [("Success", "0.10")]
SELLER = "seller@digitaldownload.example"


@row(50, "The answer is about another request")
def test_row_50_another_ones_transaction(stage: Stage) -> None:
    stage.quiet()
    stage.john.buy("album")
    [first] = stage.shop.payments()
    stage.sandbox.faults.add("Pay", "tamper", field="transaction_id", value=first.transaction_id)
    reference = stage.somebody("jane").buy()
    stage.fired("tamper")

    stage.settled("paid", "unknown")
    assert "already belongs to another payment" in (stage.shop.payment(reference).parked_reason or "")
    assert stage.shop.called == [first.reference]


@row(50, "The answer is about another request")
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount", "0.01", "it is about $0.01, not $0.10"),
        ("currency", "EUR", "it is about €0.10, not $0.10"),
        ("recipient", "mallory@example.com", "somebody else was paid"),
        ("recipient", None, "the answer does not say who was paid"),
    ],
)
def test_row_50_another_success(stage: Stage, field: str, value: str | None, said: str) -> None:
    """What was learned by asking must be what we asked for."""
    stage.quiet()
    stage.sandbox.faults.add("Pay", "lose_answer", 2)
    stage.sandbox.faults.add("GetTransaction", "tamper", 99, field=field, value=value)
    reference = stage.john.buy()
    for _ in range(3):
        stage.work(minutes=5)
    stage.fired("tamper", "GetTransaction")

    assert said in (stage.shop.payment(reference).parked_reason or "")
    assert stage.shop.called == []
    stage.settled("unknown")


@row(50, "The answer is about another request")
def test_row_50_another_reference(stage: Stage) -> None:
    """As long as Pay itself is not answered, what is known of another request proves nothing."""
    stage.quiet()
    stage.sandbox.faults.add("Pay", "lose_answer", 5)
    stage.sandbox.faults.add("GetTransaction", "tamper", 5, field="reference", value="order-9")
    reference = stage.john.buy()
    for _ in range(3):
        stage.work(minutes=5)
    stage.fired("tamper", "GetTransaction")

    assert (stage.shop.payment(reference).state.value, stage.shop.called) == ("unknown", [])
    stage.settled("paid")
    assert stage.money() == ONE


test_row_50_guard = fails(
    without(guards.one_transaction_one_payment, test_row_50_another_ones_transaction),
    without(
        guards.learned_successes_must_agree,
        test_row_50_another_success,
        field="amount",
        value="0.01",
        said="it is about $0.01, not $0.10",
    ),
)


@row(51, "Success, and later Failure")
def test_row_51_success_then_failure(stage: Stage) -> None:
    _hear_otherwise(stage, "Failure")


test_row_51_guard = fails(without(guards.contradictions_are_parked, test_row_51_success_then_failure))


def _hear_otherwise(stage: Stage, status: str) -> None:
    """It was paid and delivered; then the provider tells, and confirms, that it was not."""
    stage.sandbox.switches.ipn = "after"
    reference = stage.john.buy()
    stage.sandbox.faults.add("GetTransaction", "tamper", 99, field="status", value=status)
    stage.sandbox.post_notifications()
    stage.fired("tamper", "GetTransaction")

    assert f"it is paid here, but the provider now says {status.lower()}" in (
        stage.shop.payment(reference).parked_reason or "nothing"
    )
    assert ("parked", "paid") in stage.shop.told
    stage.settled("paid")
    stage.delivered_once(reference)
    assert stage.john.has()


@row(54, "The price changes while the buyer pays")
def test_row_54_the_price_changes(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    stage.shop.prices["song"] = "99"
    reference = stage.john.come_back(url)
    stage.saw("the price is another now", "99" in stage.somebody("jane").want().headers["Location"])

    assert stage.shop.payment(reference).state.value == "paid"
    assert stage.money() == ONE
    stage.delivered_once(reference)


test_row_54_guard = fails(without(guards.the_price_is_the_snapshots, test_row_54_the_price_changes))


@row(55, "The access keys are changed between the token and Pay")
def test_row_55_new_keys(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    bank = stage.sandbox.server.bank
    with bank.change():
        bank.books.accounts.put(replace(bank.account(SELLER), access_key="AKIANEW", secret_key="new"))
    reference = stage.john.come_back(url)
    stage.journalled(reference, "answer", code="InvalidClientTokenId")

    assert (stage.shop.states(), stage.money()) == (["authorized"], [])
    stage.wait(minutes=5)
    keys = {"FPS_ACCESS_KEY": ["AKIANEW", "AKIAFPSSANDBOXDEMO01"], "FPS_SECRET_KEY": ["new", "old"]}
    stage.config.update(keys, FPS_RECIPIENT_EMAIL=SELLER)
    stage.lived(["work"])
    assert stage.shop.states() == ["paid"]
    assert stage.money() == ONE
    stage.lived(["work"])
    stage.judge()


test_row_55_guard = fails(without(guards.refusals_at_the_door_pass, test_row_55_new_keys))

HEAD = schema.HEAD
BAD_MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{HEAD}"


def upgrade():
    op.add_column("fps_payments", sa.Column("color", sa.String(8)))
    op.execute("UPDATE fps_payments SET color = 'red'")
    op.execute("SELECT * FROM no_such_table")
"""


@row(56, "The package is upgraded while payments are under way")
def test_row_56_an_upgrade_under_way(stage: Stage) -> None:
    """A migration that fails half-way leaves the ledger as it was; one that succeeds takes all payments with it."""
    stage.quiet()
    url = stage.john.agree()
    stage.john.buy("album", method="CC")
    versions = _release(stage, BAD_MIGRATION)
    with pytest.raises(Exception, match="no_such_table"):
        schema.upgrade(stage.shop.engine)
    stage.saw("a migration failed half-way", schema.current(stage.shop.engine) == HEAD)
    assert "color" not in stage.shop.rows("SELECT name FROM pragma_table_info('fps_payments')")

    (versions / "9999_color.py").write_text(BAD_MIGRATION.replace("SELECT * FROM no_such_table", "SELECT 1"))
    schema.upgrade(stage.shop.engine)
    assert stage.shop.rows("SELECT DISTINCT color FROM fps_payments") == ["red"]
    stage.john.come_back(url)
    stage.settled("paid", "paid")


def _release(stage: Stage, migration: str) -> Path:
    """A release with one migration more."""
    folder = Path(copytree(schema.MIGRATIONS, stage.folder / "migrations"))
    (folder / "versions" / "9999_color.py").write_text(migration)
    stage.patch.setattr(schema, "MIGRATIONS", folder)
    stage.patch.setattr(schema, "HEAD", "9999")
    return folder / "versions"


test_row_56_guard = fails(without(guards.migrations_are_one_transaction, test_row_56_an_upgrade_under_way))


@row(58, "The money is taken back after the delivery")
def test_row_58_taken_back(stage: Stage) -> None:
    _hear_otherwise(stage, "Cancelled")


test_row_58_guard = fails(without(guards.contradictions_are_parked, test_row_58_taken_back))


@row(59, "The worker is killed at any write; two workers at once")
def test_row_59_the_worker_is_killed_at_any_write(stage: Stage) -> None:
    _much_to_do(stage)
    for nth in range(1, 40):
        end = stage.end_of(stage.begin(["work"], Point("flask_fps.ledger.store.writing", "before", nth)))
        stage.wait(minutes=1)
        if end.signal == 0:
            break
        stage.saw(f"killed before write {nth}", end.signal == signal.SIGKILL)
    stage.settled("paid", "paid", "paid", "paid")
    assert len(stage.evidence) >= 5


@row(59, "The worker is killed at any write; two workers at once")
def test_row_59_two_workers(stage: Stage) -> None:
    _much_to_do(stage)
    stage.sandbox.faults.add("*", "delay", 3, seconds=0.1)
    workers = [stage.begin(["work"]) for _ in range(2)]
    ends = [stage.end_of(worker) for worker in workers]
    stage.fired("delay", "GetTransaction")
    assert [end.signal for end in ends] == [0, 0], ends

    stage.settled("paid", "paid", "paid", "paid")
    for payment in stage.shop.payments():
        stage.delivered_once(payment)


def _much_to_do(stage: Stage) -> None:
    """A return that did not come, a lost answer, a card that pends, a delivery that failed."""
    stage.quiet()
    stage.shop.broken = 1
    stage.john.buy("album")
    stage.somebody("ann").agree()
    stage.sandbox.faults.add("Pay", "lose_answer")
    stage.somebody("bob").buy()
    stage.somebody("cy").buy(method="CC")
    stage.wait(minutes=11)


test_row_59_guard = fails(without(guards.leases_end, test_row_59_the_worker_is_killed_at_any_write))


@row(60, "The provider has forgotten everything")
def test_row_60_the_provider_is_empty(stage: Stage) -> None:
    stage.quiet()
    reference = stage.john.buy()
    payment = stage.shop.payment(reference)
    stage.sandbox.reset()
    stage.saw("the provider's books are empty", stage.money() == [])
    stage.wait(minutes=5)
    stage.shop.work()

    assert stage.audit() == [("missing", payment.transaction_id)]
    assert stage.shop.states() == ["paid"]
    stage.delivered_once(reference)
    assert stage.john.has()


test_row_60_guard = fails(without(guards.missing_transactions_are_reported, test_row_60_the_provider_is_empty))
