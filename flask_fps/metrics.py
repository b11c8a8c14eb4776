"""Prometheus metrics of one app (extra ``metrics``); loaded by name only: ``from flask_fps.metrics import Metrics``."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Flask
from flask import Response
from prometheus_client import CollectorRegistry
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client import generate_latest
from prometheus_client import Histogram
from prometheus_client import REGISTRY
from prometheus_client import start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from .errors import LedgerError
from .errors import SetupError
from .gateways.watched import Call
from .ledger import Backlog
from .logs import log
from .state import AppState

#: Upper bounds in seconds: from a call that asks nobody to one that runs into ``FPS_TIMEOUT``.
BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """What an app's payments do, for Prometheus.

    Counted in this process:

    ``fps_gateway_seconds{account, gateway, call, outcome}``
        Histogram of the calls to the provider. ``outcome`` is ``success``, ``pending``, ``failure``, ``unknown``,
        ``not_sent``, ``authorized``, ``valid``, … or ``raised``. ``activity`` is a call for each transaction that is
        listed, and one more with the outcome ``end``.

    Read from the ledger when it is asked, and so the same in every process of the shop:

    ``fps_payments{state}``
        How many payments are in each state now. It is counted at each scrape, in an index: about 0.15 seconds for a
        million payments. All else is a few look-ups, however large the ledger is.
    ``fps_parked``
        Payments that are parked for an operator.
    ``fps_queue_due{queue}``, ``fps_queue_age_seconds{queue}``
        How much is due, and for how long its oldest: ``payments``, ``messages``, ``releases``, ``refunds``,
        ``deliveries``.
    ``fps_worker_age_seconds``
        Since a worker was last seen; missing where none ever was.
    ``fps_ledger_up``
        1 if the ledger answered.

    :param app: an app on which ``fps.init_app`` was called.
    :param registry: where to register; Prometheus' own default. One app to a registry.
    :raises RuntimeError: ``fps.init_app`` was not called.
    """

    def __init__(self, app: Flask, registry: CollectorRegistry = REGISTRY) -> None:
        state = app.extensions.get("fps")
        if state is None:
            raise SetupError("Metrics(app) comes after fps.init_app(app)")
        self._registry = registry
        self._seconds = Histogram(
            "fps_gateway_seconds",
            "Calls to the payment provider",
            ("account", "gateway", "call", "outcome"),
            buckets=BUCKETS,
            registry=registry,
        )
        registry.register(_FromLedger(state))
        state.watchers.append(self._called)

    def page(self) -> Response:
        """All of the registry as Prometheus reads it: the answer of a view of the shop's."""
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    def _called(self, call: Call) -> None:
        self._seconds.labels(call.account, call.gateway, call.name, call.outcome).observe(call.seconds)


def serve(app: Flask, port: int, host: str = "127.0.0.1") -> Callable[[], None]:
    """Show this process's metrics on a port of their own, as ``flask fps work --metrics`` does.

    :return: ends it.
    :raises OSError: the port is not free.
    """
    registry = CollectorRegistry()
    Metrics(app, registry)
    server, thread = start_http_server(port, host, registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


class _FromLedger(Collector):
    """Asks the ledger whenever it is scraped."""

    def __init__(self, state: AppState) -> None:
        self._state = state

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked when it is registered: the ledger's tables may not be there yet."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        ledger = self._state.ledger
        try:
            now = ledger.clock()
            states, backlog = ledger.operator.states(), ledger.operator.backlog(now)
        except LedgerError as error:
            log.error("no metrics of the ledger: %s", error)
            yield GaugeMetricFamily("fps_ledger_up", "Did the ledger answer?", value=0)
            return
        yield GaugeMetricFamily("fps_ledger_up", "Did the ledger answer?", value=1)
        yield _labelled(GaugeMetricFamily("fps_payments", "Payments by state", labels=["state"]), states)
        yield GaugeMetricFamily("fps_parked", "Payments that are parked for an operator", value=backlog.parked)
        yield from _queues(backlog, now)


def _queues(backlog: Backlog, now: datetime) -> Iterator[Metric]:
    due = {name: queue.due for name, queue in backlog.queues.items()}
    ages = {name: _age(queue.since, now) for name, queue in backlog.queues.items()}
    yield _labelled(GaugeMetricFamily("fps_queue_due", "Work that is due", labels=["queue"]), due)
    yield _labelled(GaugeMetricFamily("fps_queue_age_seconds", "Age of the oldest due", labels=["queue"]), ages)
    if backlog.worker_seen_at is not None:
        age = _age(backlog.worker_seen_at, now)
        yield GaugeMetricFamily("fps_worker_age_seconds", "Since a worker was last seen", value=age)


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0) if since else 0


def _labelled(family: Any, values: Any) -> Metric:
    for label, value in values.items():
        family.add_metric([label], value)
    metric: Metric = family
    return metric
