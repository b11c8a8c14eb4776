"""Rows 46 to 60: clocks, networks, processes, keys, releases, and what the provider says in the end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from flask_fps.ledger import own_engine
from flask_fps.ledger import schema
from flask_fps.protocol.values import pacific
from tests.faults import guards
from tests.faults.breaking import closed_port
from tests.faults.breaking import refusing_proxy
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.shop import until
from tests.faults.stage import Stage

ONE = [("Success", "0.10")]
MINUTE = timedelta(minutes=1)
SELLER = "seller@digitaldownload.example"


@row(46, "The shop's clock is wrong, or jumps")
@pytest.mark.parametrize("skew", [16 * MINUTE, -16 * MINUTE, timedelta(hours=-23), timedelta(days=-1)])
def test_row_46_the_clock_is_wrong(stage: Stage, skew: timedelta) -> None:
    stage.quiet()
    url = stage.john.agree()
    stage.shop.clock.ahead += skew
    reference = stage.john.come_back(url)
    stage.journalled(reference, "answer", code="RequestExpired")

    assert (stage.shop.states(), stage.money()) == (["authorized"], [])
    assert "Nothing was charged" in stage.john.page(reference)
    stage.shop.clock.ahead -= skew
    stage.settled("paid")
    assert stage.money() == ONE


@row(46, "The shop's clock is wrong, or jumps")
def test_row_46_the_clock_is_a_day_ahead(stage: Stage) -> None:
    """The offer looks expired; then nothing is charged, and the token is given back once the clock is right."""
    url = stage.john.agree()
    stage.shop.clock.ahead += timedelta(days=1)
    reference = stage.john.come_back(url)
    stage.saw("it looked expired", stage.shop.states() == ["expired"])
    assert "Nothing was charged" in stage.john.page(reference)
    stage.shop.clock.ahead -= timedelta(days=1)
    stage.wait(days=1)

    stage.settled("expired")
    assert stage.money() == []
    assert [token["status"] for token in stage.sandbox.ledger()["tokens"]] == ["Inactive"]


@row(46, "The shop's clock is wrong, or jumps")
@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(hours=-1)])
def test_row_46_the_clock_jumps_while_pay_is_unanswered(stage: Stage, jump: timedelta) -> None:
    stage.quiet()
    url = stage.john.agree()
    stage.sandbox.faults.add("Pay", "lose_answer")
    stage.john.come_back(url)
    stage.shop.clock.ahead += jump
    stage.fired("lose_answer")
    stage.shop.work()
    stage.shop.clock.ahead -= jump

    stage.settled("paid")
    assert stage.money() == ONE


@row(46, "The shop's clock is wrong, or jumps")
def test_row_46_the_hour_that_comes_twice(stage: Stage) -> None:
    """The provider writes local time. A token of that hour is as old as it is."""
    now = stage.shop.clock()
    stage.wait(seconds=(_hour_that_comes_twice(now) - now).total_seconds())
    agreed = stage.shop.clock()
    stage.john.agree()
    [token] = stage.sandbox.server.bank.tokens.all()
    told = [pacific(token.created_at - ago)[:16] for ago in (timedelta(0), timedelta(hours=1))]
    stage.saw("the hour comes twice", told[0] == told[1], told)

    stage.settled("paid")
    [payment] = stage.shop.payments()
    assert payment.authorized_at is not None
    assert abs(payment.authorized_at - agreed) < MINUTE


def _hour_that_comes_twice(now: datetime) -> datetime:
    """The next moment at which the provider's clock shows what it showed an hour before."""
    hour = timedelta(hours=1)
    moments = (now.replace(minute=10) + hour * count for count in range(1, 24 * 366))
    return next(moment for moment in moments if pacific(moment)[:13] == pacific(moment - hour)[:13])


test_row_46_guard = fails(
    without(guards.refusals_at_the_door_pass, test_row_46_the_clock_is_wrong, skew=16 * MINUTE),
)


@row(47, "The worker is told to stop while Pay is under way")
def test_row_47_stopped_while_paying(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    stage.killed(stage.opening(stage.john, url), Point("flask_fps.gateways.fps.FPSGateway.pay"))
    stage.wait(minutes=1)
    stage.sandbox.faults.add("Pay", "delay", seconds=0.5)
    worker = stage.begin(["work on"])
    until(stage.money)
    os.kill(worker, signal.SIGTERM)
    end = stage.end_of(worker)
    stage.fired("delay")

    assert (end.signal, end.answer) == (0, "stopped")
    assert stage.shop.states() == ["paid"]
    stage.settled("paid")


test_row_47_guard = fails(without(guards.workers_finish_their_step, test_row_47_stopped_while_paying))


@row(48, "All processes are killed at once; the power goes")
def test_row_48_all_processes_are_killed(stage: Stage) -> None:
    stage.quiet()
    stage.john.buy("album", method="CC")
    url = stage.john.agree()
    stage.wait(minutes=1)
    stage.sandbox.faults.add("Pay", "delay", seconds=1.0)
    stage.sandbox.faults.add("GetTransaction", "delay", seconds=1.0)
    processes = [stage.begin(stage.opening(stage.john, url)), stage.begin(["work"])]
    until(lambda: len(stage.sandbox.faults.fired) >= 4)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    ends = [stage.end_of(process).signal for process in processes]
    stage.saw("both were killed", ends == [signal.SIGKILL] * 2, ends)

    assert _pragma(stage.folder, "synchronous") == 2
    assert _pragma(stage.folder, "journal_mode") == "wal"
    stage.settled("paid", "paid")


def _pragma(folder: Path, name: str) -> Any:
    """As the ledger opens a database of its own."""
    engine = own_engine(f"sqlite:///{folder / 'own.sqlite'}")
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()
    finally:
        engine.dispose()


test_row_48_guard = fails(without(guards.commits_reach_the_disk, test_row_48_all_processes_are_killed))


@contextmanager
def _no_such_name(stage: Stage) -> Iterator[str]:
    asked, lookup = [], socket.getaddrinfo

    def fail(host: Any, *given: Any, **more: Any) -> Any:
        if host != "fps.invalid":
            return lookup(host, *given, **more)
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", fail)
        yield "http://fps.invalid/"
    stage.saw("the name was looked up", bool(asked))


@contextmanager
def _refused(stage: Stage) -> Iterator[str]:
    yield f"http://127.0.0.1:{closed_port()}/"


@contextmanager
def _no_tls(stage: Stage) -> Iterator[str]:
    yield stage.sandbox.url.replace("http://", "https://") + "/"


@contextmanager
def _proxy(stage: Stage) -> Iterator[str]:
    with refusing_proxy() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("https_proxy", address)
        patch.setenv("no_proxy", "127.0.0.1")
        yield "https://fps.example/"


Network = Callable[[Stage], Any]


@row(49, "No name, no connection, no TLS, no way through the proxy")
@pytest.mark.parametrize("network", [_no_such_name, _refused, _no_tls, _proxy])
def test_row_49_out_of_reach(stage: Stage, network: Network) -> None:
    url = stage.john.agree()
    client: Any = getattr(stage.shop.state.gateway, "client")  # noqa: B009
    good = client.endpoint
    with ExitStack() as broken:
        client.endpoint = broken.enter_context(network(stage))
        client.close()
        reference = stage.john.come_back(url)
        stage.saw("nobody was reached", stage.money() == [] and not stage.sandbox.faults.fired)
        assert stage.shop.states() == ["authorized"]
        assert "Nothing was charged" in stage.john.page(reference)
    client.endpoint = good
    client.close()

    stage.settled("paid")
    assert stage.sends(reference) == [2]
    assert stage.money() == ONE


test_row_49_guard = fails(
    without(guards.not_sent_is_told_from_unknown, test_row_49_out_of_reach, network=_refused),
)


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

BAD_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


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
    stage.saw("a migration failed half-way", schema.current(stage.shop.engine) == "0001")
    assert "color" not in stage.shop.rows("SELECT name FROM pragma_table_info('fps_payments')")

    (versions / "0002_color.py").write_text(BAD_MIGRATION.replace("SELECT * FROM no_such_table", "SELECT 1"))
    schema.upgrade(stage.shop.engine)
    assert stage.shop.rows("SELECT DISTINCT color FROM fps_payments") == ["red"]
    stage.john.come_back(url)
    stage.settled("paid", "paid")


def _release(stage: Stage, migration: str) -> Path:
    """A release with one migration more."""
    folder = Path(copytree(schema.MIGRATIONS, stage.folder / "migrations"))
    (folder / "versions" / "0002_color.py").write_text(migration)
    stage.patch.setattr(schema, "MIGRATIONS", folder)
    stage.patch.setattr(schema, "HEAD", "0002")
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
        end = stage.end_of(stage.begin(["work"], Point("flask_fps.ledger.writing", "before", nth)))
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
