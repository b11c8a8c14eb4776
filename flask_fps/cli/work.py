"""``flask fps work`` and ``flask fps reconcile``: driving what is unfinished."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from datetime import timedelta
from types import FrameType

import click
from flask.cli import with_appcontext

from ..checkout import Finding
from ..checkup import findings
from ..errors import ServiceError
from ..errors import TransportError
from ..plurals import counted
from ..records import Payment
from ..state import AppState
from ..state import current_fps
from ..worker import Pass
from ..worker import UNLIMITED
from ..worker import Worker
from .options import json_option
from .payments import as_dict
from .provider import what_to_start
from .tables import folded
from .tables import moment
from .tables import show_table


@click.command(short_help="Drive what is unfinished, until stopped.")
@click.option(
    "--pause",
    default=1.0,
    type=click.FloatRange(0, 3600),
    show_default=True,
    help="Seconds to wait when nothing is due.",
)
@click.option("--once", is_flag=True, help="One pass over what is due, then end.")
@click.option("--metrics", "port", type=click.IntRange(1, 65535), metavar="PORT", help="Show them on 127.0.0.1:PORT.")
@with_appcontext
def work(pause: float, once: bool, port: int | None) -> None:
    """Drive unfinished payments and deliveries until stopped (SIGTERM or Ctrl-C).

    Whoever is told to stop finishes the step it is at. With --once: exit 1 if something could not be taken further.
    """
    state = current_fps()
    for finding in findings(state):
        click.echo(folded(f"Warning: {finding}", indent=9), err=True)
    worker = Worker(state)
    if once:
        done = worker.work_once()
        click.echo(_done(done))
        _fail_if(done.trouble)
        return
    with _metrics(state, port):
        stop = _stop_on_signals()
        click.echo(f"Worker {worker.name} is at work. Stop it with Ctrl-C.")
        worker.run(stop, pause, _Progress(sys.stdout.isatty()))
    click.echo("Worker stopped.")


def _done(done: Pass) -> str:
    return "Nothing was due." if done.idle else f"Done: {done}."


def _fail_if(trouble: str | None) -> None:
    if trouble is not None:
        raise click.ClickException(trouble)


@contextmanager
def _metrics(state: AppState, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    try:
        from ..metrics import serve

        end = serve(state.app, port)
    except ImportError as error:
        raise click.ClickException('--metrics needs prometheus-client: pip install "Flask-FPS[metrics]"') from error
    except OSError as error:
        raise click.ClickException(f"metrics cannot be shown on 127.0.0.1:{port}: {error.strerror}") from error
    try:
        yield
    finally:
        end()


class _Progress:
    """One line that is written over on a terminal; elsewhere a line for each pass that did something."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal
        self._total = Pass()

    def __call__(self, done: Pass) -> None:
        self._total += done
        if self._terminal:
            click.echo(f"\rSo far: {self._total}.  ", nl=False)
        elif not done.idle:
            click.echo(f"Took further: {done}.")
        sys.stdout.flush()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    return stop


@click.command(short_help="Drive what is due, once, and compare the books.")
@click.option("--all", "everything", is_flag=True, help="Do not wait for back-off timers.")
@click.option("--dry-run", is_flag=True, help="Only say what would be driven.")
@click.option(
    "--since",
    "days",
    default=2.0,
    type=click.FloatRange(0, 36500, min_open=True),
    show_default=True,
    help="Compare the provider's books of so many days.",
)
@json_option("What was done and every difference")
@with_appcontext
def reconcile(everything: bool, dry_run: bool, days: float, as_json: bool) -> None:
    """Drive everything that is due, once, and hold the ledger against the provider's books.

    Exit 1 if there are differences, or if something could not be taken further: for cron.
    """
    state = current_fps()
    worker = Worker(state)
    wanted = worker.unfinished(everything)
    if dry_run:
        _say_what_is_due(state, wanted, everything, as_json)
        return
    with click.progressbar(wanted, label="Payments", file=sys.stderr, hidden=not sys.stderr.isatty()) as payments:
        done = worker.reconcile(payments, early=everything)
    if not as_json:
        click.echo(_done(done))
    findings = list(_findings(state, state.ledger.clock() - timedelta(days=days)))
    if as_json:
        click.echo(json.dumps({"done": asdict(done), "differences": [asdict(each) for each in findings]}, indent=2))
    else:
        _say_what_differs(findings)
    _fail_if(done.trouble)
    if findings:
        raise click.exceptions.Exit(1)


def _say_what_is_due(state: AppState, wanted: list[str], everything: bool, as_json: bool) -> None:
    due = [payment for payment in map(state.ledger.payment, wanted) if payment is not None]
    others = _other_queues(state, everything)
    if as_json:
        counts = {"messages": others.arrivals, "releases": others.releases, "refunds": others.refunds}
        payments = [as_dict(payment) for payment in due]
        click.echo(json.dumps({"payments": payments, **counts, "deliveries": others.deliveries}, indent=2))
        return
    if due:
        show_table(("REFERENCE", "STATE", "AMOUNT", "DUE"), map(_due_row, due))
    if not others.idle:
        click.echo(f"{'Also' if due else 'Only'} {others}.")
    elif not due:
        click.echo("Nothing is due.")


def _other_queues(state: AppState, everything: bool) -> Pass:
    """How much is due that is no payment's money."""
    ledger = state.ledger
    queues = (ledger.arrivals, ledger.releases, ledger.refunds, ledger.deliveries)
    arrivals, releases, refunds, deliveries = (len(queue.due(UNLIMITED, early=everything)) for queue in queues)
    return Pass(arrivals=arrivals, releases=releases, refunds=refunds, deliveries=deliveries)


def _due_row(payment: Payment) -> tuple[str, str, str, str]:
    due = moment(payment.due_at) if payment.due_at else "parked"
    return payment.reference, payment.state.value, str(payment.money), due


def _findings(state: AppState, since: datetime) -> Iterator[Finding]:
    try:
        for account in state.gateways:
            yield from state.checkout.audit(account, since)
    except (TransportError, ServiceError) as error:
        raise click.ClickException(f"the provider's books could not be read: {error}{what_to_start(error)}") from error


def _say_what_differs(findings: list[Finding]) -> None:
    if not findings:
        click.echo("The ledger and the provider's books agree.")
        return
    click.echo(f"{counted(len(findings), 'difference')} between the ledger and the provider's books:")
    rows = ((each.kind, each.transaction_id, each.payment or "-", each.detail) for each in findings)
    show_table(("KIND", "TRANSACTION", "PAYMENT", "DETAIL"), rows, folds=True)
