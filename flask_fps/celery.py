"""Celery drives the ledger, for shops that have Celery anyway::

    celery_app = celery_init_app(app)        # as Flask's documentation has it: tasks run in an application context
    flask_fps.celery.register(celery_app, app)

Whoever is to act is decided by the ledger's claims, never by the queue: a task that is lost, late, doubled or run
beside `flask fps work` changes nothing but when something happens.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from blinker import ANY
from flask import Flask

from .errors import SetupError
from .records import Payment
from .signals import payment_authorized
from .state import current_fps
from .worker import Worker

try:
    from celery import Celery
except ImportError as error:
    raise SetupError('flask_fps.celery needs Celery: pip install "Flask-FPS[celery]"') from error

DRIVE = "flask_fps.drive"
WORK = "flask_fps.work"
#: So long after the commit a payment is looked after: the request that made the commit has mostly done it by then.
SOON = timedelta(seconds=2)
#: What is due later than this is left to the passes: some brokers hand a task out again after an hour.
LATEST = timedelta(minutes=30)
#: A worker that dies gives its task back.
OPTIONS: dict[str, Any] = {
    "acks_late": True,
    "reject_on_worker_lost": True,
    "ignore_result": True,
    "shared": False,
}


def register(celery_app: Celery, app: Flask | None = None, *, every: float = 10.0) -> None:
    """Add a task for each payment, put into the queue after its commits, and a pass over all that is due.

    The passes are beat's: run ``celery beat`` (or one worker with ``--beat``), and any number of workers. Who could
    not reach the broker loses nothing: the next pass finds what is due.

    :param app: whose payments; without it those of every app in this process, which is right for one that has one.
    :param every: seconds between two passes.
    :raises RuntimeError: ``celery_app`` is no Celery app.
    """
    if not isinstance(celery_app, Celery):
        raise SetupError(f"register takes the Celery app first, then the Flask app: not {celery_app!r:.80}")

    @celery_app.task(name=DRIVE, **OPTIONS)
    def drive(reference: str) -> None:
        _drive(reference)
        again = _due_in(reference)
        if again is not None:
            drive.apply_async((reference,), countdown=again.total_seconds(), retry=False)

    @celery_app.task(name=WORK, **OPTIONS)
    def work() -> None:
        Worker(current_fps()).work_once()

    def enqueue(_app: Flask, *, payment: Payment, **extra: Any) -> None:
        drive.apply_async((payment.reference,), countdown=SOON.total_seconds(), retry=False)

    # Receivers are known by their names, and each of several Celery apps has one.
    enqueue.__qualname__ += f" for {celery_app.main} at {id(celery_app):#x}"
    payment_authorized.connect(enqueue, ANY if app is None else app)  # the task itself sees to the rest
    one_pass = {"task": WORK, "schedule": every, "options": {"expires": every}}
    celery_app.conf.beat_schedule = {**(celery_app.conf.beat_schedule or {}), WORK: one_pass}


def _drive(reference: str) -> None:
    """All that is due of one payment; here its named handlers may take their time."""
    current_fps().checkout.drive(reference, named=True)


def _due_in(reference: str) -> timedelta | None:
    """How long to wait before the payment is looked after again; ``None`` where that is the passes' business.

    What is due still, although it was just driven, nobody here can drive.
    """
    ledger = current_fps().ledger
    payment = ledger.payment(reference)
    if payment is None or payment.due_at is None:
        return None
    wait = payment.due_at - ledger.clock()
    return max(wait, SOON) if timedelta() < wait <= LATEST else None
