"""``flask fps work``: the worker."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import click
from flask.cli import with_appcontext

from ..state import current_fps
from ..worker import Pass
from ..worker import Worker


@click.command()
@click.option("--pause", default=1.0, show_default=True, help="Seconds to wait when nothing is due.")
@click.option("--once", is_flag=True, help="One pass over what is due, then end.")
@with_appcontext
def work(pause: float, once: bool) -> None:
    """Drive unfinished payments and deliveries until stopped (SIGTERM or Ctrl-C)."""
    worker = Worker(current_fps())
    if once:
        click.echo(f"Done: {worker.work_once()}.")
        return
    stop = _stop_on_signals()
    click.echo(f"Worker {worker.name} is at work. Stop it with Ctrl-C.")
    worker.run(stop, pause, _report)
    click.echo("Worker stopped.")


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    return stop


def _report(done: Pass) -> None:
    if not done.idle:
        click.echo(f"Took further: {done}.")
        sys.stdout.flush()
