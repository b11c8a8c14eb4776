"""A shop whose ledger is driven by Celery: ``celery -A tests.celery_shop worker --beat``, told by ``CELERY_SHOP``."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery import Task
from flask import Flask
from flask import request
from flask_sqlalchemy import SQLAlchemy

import flask_fps.celery
from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment

SONG = Item("song", "0.10", "Now and Forever")


def make_shop(broker: str, database: str, sandbox: str, folder: str) -> tuple[Flask, FPS, Celery]:
    app = Flask("celery_shop")
    app.config.update(SECRET_KEY="celery", SQLALCHEMY_DATABASE_URI=database, FPS_SANDBOX_URL=sandbox, FPS_TIMEOUT=2)
    fps = FPS(app, db=SQLAlchemy(app))
    fps.buyer_loader(lambda: request.headers.get("X-Buyer"))
    app.add_url_rule("/link", "link", lambda: fps.start_url(SONG))
    book = Path(folder)

    @fps.fulfillment("mail")
    def mail(payment: Payment) -> None:
        with (book / "began").open("a") as began:
            began.write(f"{payment.reference}\n")
        while (book / "stuck").exists():
            time.sleep(0.05)
        with (book / "mail").open("a") as sent:
            sent.write(f"{payment.reference}\n")

    return app, fps, celery_of(app, broker)


def celery_of(app: Flask, broker: str) -> Celery:
    """As Flask's documentation has it."""

    class FlaskTask(Task):  # type: ignore[misc]
        def __call__(self, *args: object, **kwargs: object) -> Any:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery_app = Celery(app.name, task_cls=FlaskTask, broker=broker)
    celery_app.conf.worker_hijack_root_logger = False
    flask_fps.celery.register(celery_app, app, every=1.0)
    return celery_app


if "CELERY_SHOP" in os.environ:
    flask_app, _, celery = make_shop(**json.loads(os.environ["CELERY_SHOP"]))
