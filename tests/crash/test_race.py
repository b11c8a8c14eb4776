"""Fifty clicks at once on a shop of four processes: one transaction, one delivery, one payment."""

from __future__ import annotations

import http.client
import logging
import signal
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextlib import contextmanager
from contextlib import ExitStack
from functools import cache
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest

from flask_fps.sandbox.faults import Fault
from tests.crash import oracle
from tests.crash.lane import Lane
from tests.crash.series import EFFECT
from tests.crash.shop import HOMES
from tests.crash.shop import HOST
from tests.crash.stage import Stage
from tests.database import KINDS

CLICKS = 50
PROCESSES = 4
#: The provider takes its time: whoever asks twice is still in time to do harm.
SLOW = Fault(action="Pay", fault="delay", seconds=0.5)

Answer = tuple[int, str]


#: The databases and the ledger's homes in them.
PLACES = [*(("sqlite", home) for home in HOMES), ("postgresql", "db")]


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def lanes() -> Iterator[Callable[[str], Lane]]:
    """A lane for each database, opened when it is asked for."""
    with ExitStack() as stack:
        yield cache(lambda database: stack.enter_context(Lane(database=database)))


@pytest.fixture(params=PLACES, ids=" ".join)
def stage(lanes: Callable[[str], Lane], request: pytest.FixtureRequest) -> Stage:
    database, home = request.param
    lane = lanes(database)
    lane.restore(lane.empty[home])
    return Stage(lane, home)


@contextmanager
def staying(stage: Stage, *acts: str) -> Iterator[list[int]]:
    """Processes of the shop that go on until the block ends; what each announced."""
    born = [stage.lane.stay(stage.home, act) for act in acts]
    try:
        yield [announced for _, announced in born]
    finally:
        for pid, _ in born:
            stage.lane.end(pid, signal.SIGKILL)


def ask(port: int, url: str) -> Answer:
    """One request to one of the processes, as the proxy before them hands it on."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        headers = {"Host": urlsplit(HOST).netloc, "X-Buyer": "ann"}
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")


def click(ports: list[int], url: str, times: int = CLICKS) -> list[Answer]:
    """All at the same moment, each process as many."""
    ready = Barrier(times)

    def one(number: int) -> Answer:
        ready.wait()
        return ask(ports[number % len(ports)], url)

    with ThreadPoolExecutor(times) as crowd:
        return list(crowd.map(one, range(times)))


def facts_of(stage: Stage) -> oracle.Facts:
    """What is there when all is at rest; nothing of it may be wrong."""
    stage.live(["rest", "work"])
    facts = oracle.read(stage.lane.files(stage.home), stage.lane.ledger(), EFFECT[stage.home])
    verdict = oracle.judge(facts, stage.wishes)
    assert not verdict.problems and not verdict.parked
    return facts


def deliveries(facts: oracle.Facts) -> list[int]:
    """How many lines each place has where something is handed over."""
    goods = sum(len(rows) for rows in facts.goods.values())
    return [goods + len(facts.books["license"]), len(facts.books["mail"])]


def paid_once(stage: Stage) -> bool:
    facts = facts_of(stage)
    states = [payment["state"] for payment in facts.payments.values()]
    return states == ["paid"] and len(facts.transactions) == 1 and deliveries(facts) == [1, 1]


def test_fifty_returns_of_one_payment_pay_and_deliver_once(stage: Stage) -> None:
    url = stage.agree("song", "ann", stage.want("song", "ann"))
    stage.script(SLOW)
    with staying(stage, *["serve"] * PROCESSES) as ports:
        answers = click(ports, url)

    assert {status for status, _ in answers} == {303}
    assert len({location for _, location in answers}) == 1
    assert paid_once(stage)


def test_fifty_clicks_on_one_link_make_one_payment(stage: Stage) -> None:
    life = stage.live(["link", "song"])
    assert life is not None
    with staying(stage, *["serve"] * PROCESSES) as ports:
        answers = click(ports, life.answers[0])

    assert {status for status, _ in answers} == {303}
    [redirect] = {location for _, location in answers}
    stage.agree("song", "ann", redirect)
    stage.live(*stage.come_back())
    assert paid_once(stage)


@pytest.mark.parametrize("database", KINDS)
def test_a_missing_guard_is_missed(database: str) -> None:
    """The clicks above are fast enough to do harm where nothing forbids it."""
    with Lane("start unguarded", database) as unguarded:
        stage = Stage(unguarded, "db")
        unguarded.restore(unguarded.empty["db"])
        life = stage.live(["link", "song"])
        assert life is not None
        with staying(stage, *["serve"] * PROCESSES) as ports:
            answers = click(ports, life.answers[0], 12)
        assert len({location for _, location in answers}) > 1


def test_nor_do_workers_and_pages_that_refresh_make_it_two(stage: Stage) -> None:
    url = stage.agree("song", "ann", stage.want("song", "ann"))
    page = f"{HOST}/fps/payments/{stage.returns[0].reference}"
    stage.script(SLOW)
    with staying(stage, "work on", "work on", *["serve"] * PROCESSES) as (_, _, *ports):
        answers, pages = _at_once(lambda: click(ports, url), lambda: click(ports, page, 20))

    assert {status for status, _ in answers} == {303}
    assert {status for status, _ in pages} == {200}
    assert paid_once(stage)


def _at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as crowd:
        return [each.result() for each in [crowd.submit(call) for call in calls]]
