"""Rows 46 to 49: clocks, networks, and processes that end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import ExitStack
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_fps.ledger import own_engine
from flask_fps.protocol.values import pacific
from tests.faults import guards
from tests.faults.breaking import refusing_proxy
from tests.faults.points import Point
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.stage import Stage
from tests.ports import closed_port

ONE = [("Success", "0.10")]
MINUTE = timedelta(minutes=1)


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
    stage.killed_on_return(Point("flask_fps.gateways.fps.FPSGateway.pay"))
    stage.wait(minutes=1)
    with stage.holding() as pay:
        worker = stage.begin(["work on"])
        pay.come()
        os.kill(worker, signal.SIGTERM)
        pay.let_go()
        end = stage.end_of(worker)
    stage.fired("delay")

    assert (end.signal, end.answer) == (0, "stopped")
    assert stage.shop.states() == ["paid"]
    stage.settled("paid")


@row(47, "The worker is told to stop while Pay is under way")
def test_row_47_nothing_new_is_begun(stage: Stage) -> None:
    """Three payments are due: the one that is under way is finished, and the others are left to the next worker."""
    stage.quiet()
    stage.sandbox.faults.add("Pay", "lose_answer", 3)
    references = [stage.somebody(name).buy() for name in ("john", "jane", "joan")]
    stage.wait(minutes=1)
    with stage.holding() as pay:
        worker = stage.begin(["work on"])
        pay.come()
        os.kill(worker, signal.SIGTERM)
        pay.let_go()
        end = stage.end_of(worker)
    stage.fired("delay")

    assert (end.signal, end.answer) == (0, "stopped")
    assert sorted(stage.sends(reference) for reference in references) == [[1], [1], [2]]
    stage.settled("paid", "paid", "paid")
    assert stage.money() == ONE * 3


test_row_47_guard = fails(
    without(guards.workers_finish_their_step, test_row_47_stopped_while_paying),
    without(guards.stopped_workers_begin_nothing, test_row_47_nothing_new_is_begun),
)


@row(48, "All processes are killed at once; the power goes")
def test_row_48_all_processes_are_killed(stage: Stage) -> None:
    stage.quiet()
    stage.john.buy("album", method="CC")
    url = stage.john.agree()
    stage.wait(minutes=1)
    stage.sandbox.faults.add("GetTransaction", "delay", seconds=1)
    with stage.holding() as provider:
        processes = [stage.begin(stage.opening(stage.john, url)), stage.begin(["work"])]
        provider.come(2)
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
    with closed_port() as port:
        yield f"http://127.0.0.1:{port}/"


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
