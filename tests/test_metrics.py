from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import requests
from flask import Flask
from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine

from flask_fps.errors import NotSent
from flask_fps.gateways import Gateway
from flask_fps.gateways import Retries
from flask_fps.gateways.watched import Call
from flask_fps.gateways.watched import CALLS
from flask_fps.gateways.watched import LISTS
from flask_fps.metrics import Metrics
from flask_fps.metrics import serve
from flask_fps.records import Outcome
from tests.apps import Shop
from tests.ports import free_port


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


@pytest.fixture
def registry(shop: Shop) -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = Metrics(shop.app, registry)
    shop.app.add_url_rule("/metrics", "metrics", metrics.page)
    return registry


def test_calls_of_the_gateway_are_counted_by_what_became_of_them(shop: Shop, registry: CollectorRegistry) -> None:
    shop.gateway.will("pay", "lost")
    shop.buy(shop.client("7"))
    shop.clock.advance(5)
    shop.app.test_cli_runner().invoke(args=["fps", "work", "--once"])

    def calls(call: str, outcome: str) -> float | None:
        labels = {"account": "default", "gateway": "fps", "call": call, "outcome": outcome}
        return registry.get_sample_value("fps_gateway_seconds_count", labels)

    assert calls("begin", "begun") == 1
    assert calls("finish", "authorized") == 1
    assert calls("pay", "unknown") == 1
    assert (calls("pay", "success") or 0) + (calls("find", "success") or 0) == 1
    assert calls("refund", "success") is None


def test_a_call_that_breaks_is_counted_too(shop: Shop, registry: CollectorRegistry) -> None:
    shop.gateway.will("pay", "breaks")
    shop.buy(shop.client("7"))
    labels = {"account": "default", "gateway": "fps", "call": "pay", "outcome": "raised"}

    assert registry.get_sample_value("fps_gateway_seconds_count", labels) == 1


def test_the_providers_books_are_read_in_sight(shop: Shop, registry: CollectorRegistry) -> None:
    for buyer in ("7", "8"):
        shop.buy(shop.client(buyer))
    shop.app.test_cli_runner().invoke(args=["fps", "reconcile"])

    def listed(outcome: str) -> float | None:
        labels = {"account": "default", "gateway": "fps", "call": "activity", "outcome": outcome}
        return registry.get_sample_value("fps_gateway_seconds_count", labels)

    assert [listed("success"), listed("end"), listed("raised")] == [2, 1, None]


def test_books_that_cannot_be_read_are_seen_too(
    shop: Shop, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(since: datetime) -> Iterable[Outcome]:
        raise NotSent("no route")

    monkeypatch.setattr(shop.gateway, "activity", away)
    caplog.set_level("INFO", "flask_fps")
    with pytest.raises(NotSent):
        list(shop.state.gateway.activity(shop.clock.now))

    assert "gateway call activity: raised" in caplog.text


def test_every_method_of_a_gateway_is_watched_or_asks_nobody() -> None:
    methods = {name for each in (Gateway, Retries) for name in vars(each) if name.islower() and name[0] != "_"}
    assert methods - CALLS - LISTS == {"name", "limits", "freeze", "reachable"} & methods
    assert methods >= CALLS | LISTS


def test_what_the_ledger_knows(shop: Shop, registry: CollectorRegistry) -> None:
    shop.buy(shop.client("7"))
    shop.gateway.will("pay", "lost")
    shop.buy(shop.client("8"))
    parked = shop.started(shop.client("9"))
    shop.ledger.park(parked.reference, "look")
    shop.ledger.beat("worker")
    shop.clock.advance(60)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("fps_ledger_up") == 1
    assert value("fps_payments", state="paid") == 1
    assert value("fps_payments", state="unknown") == 1
    assert value("fps_payments", state="failed") == 0
    assert value("fps_parked") == 1
    assert value("fps_queue_due", queue="payments") == 1
    assert 50 < (value("fps_queue_age_seconds", queue="payments") or 0) <= 60
    assert value("fps_queue_due", queue="deliveries") == 0
    assert value("fps_worker_age_seconds") == 60


def test_what_a_payment_leaves_is_one_less(shop: Shop, registry: CollectorRegistry) -> None:
    shop.gateway.will("pay", "lost")
    shop.buy(shop.client("7"))
    assert registry.get_sample_value("fps_payments", {"state": "unknown"}) == 1
    shop.clock.advance(5)
    shop.app.test_cli_runner().invoke(args=["fps", "work", "--once"])

    assert registry.get_sample_value("fps_payments", {"state": "unknown"}) == 0
    assert "# TYPE fps_payments gauge" in shop.client().get("/metrics").text


def test_a_view_shows_them(shop: Shop, registry: CollectorRegistry) -> None:
    answer = shop.client().get("/metrics")

    assert answer.status_code == 200 and answer.content_type.startswith("text/plain")
    assert 'fps_payments{state="paid"} 0.0' in answer.text


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_worker_shows_its_own(shop: Shop, port: int) -> None:
    stop = serve(shop.app, port)
    shop.buy(shop.client("7"))
    shown = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    stop()

    assert 'fps_payments{state="paid"} 1.0' in shown
    assert 'call="pay",gateway="fps",le="+Inf",outcome="success"} 1.0' in shown


def test_a_port_that_is_taken_is_a_sentence(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        result = shop.app.test_cli_runner().invoke(args=["fps", "work", "--metrics", str(taken)])

    assert result.exit_code == 1
    assert f"Error: metrics cannot be shown on 127.0.0.1:{taken}: Address already in use" in result.output


def test_a_ledger_that_does_not_answer_is_a_metric(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    shop, registry = Shop(tmp_path, db=engine), CollectorRegistry()
    Metrics(shop.app, registry)

    assert registry.get_sample_value("fps_ledger_up", {}) == 0
    assert registry.get_sample_value("fps_parked", {}) is None
    engine.dispose()


def test_it_comes_after_init_app() -> None:
    with pytest.raises(RuntimeError, match="after fps.init_app"):
        Metrics(Flask("another"), CollectorRegistry())


def test_a_watcher_that_raises_stops_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    def raises(call: Call) -> None:
        raise ValueError("no room")

    shop.state.watchers.append(raises)

    assert shop.buy(shop.client("7")).is_paid
    assert "a watcher of gateway calls raised" in caplog.text


def test_nothing_loads_it_by_itself() -> None:
    code = "import sys; from flask_fps import FPS; import flask_fps.cli; print('prometheus_client' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"
