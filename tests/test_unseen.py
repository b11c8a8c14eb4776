"""What is due and nobody drives is said where an operator looks."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from flask_fps import FPS
from flask_fps import Item
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock, fps_sandbox: Sandbox) -> Flask:
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(fps_sandbox.config, SECRET_KEY="test")
    fps = FPS(app, clock=clock)
    app.get("/song")(fps.payment_required(Item("song", "0.10", "Song"))(lambda: "la la la"))
    return app


def listed(app: Flask) -> str:
    return app.test_cli_runner().invoke(args=["fps", "list"]).output


def test_a_payment_that_nobody_drives_is_told_to_the_operator(app: Flask, clock: Clock, fps_buyer: Buyer) -> None:
    client = app.test_client()
    fps_buyer.pay(client, client.get("/song"), method="CC")
    assert "nobody drives" not in listed(app)
    clock.advance(timedelta(minutes=6))
    assert "1 due for over five minutes, and nobody drives them: run `flask fps work`." in listed(app)


def test_looking_at_such_a_payment_warns_in_the_log(
    app: Flask, clock: Clock, fps_buyer: Buyer, caplog: pytest.LogCaptureFixture
) -> None:
    client = app.test_client()
    answer = fps_buyer.pay(client, client.get("/song"), method="CC")
    clock.advance(timedelta(minutes=6))
    with caplog.at_level(logging.WARNING, "flask_fps"):
        client.get(answer.headers["Location"])
    assert "nobody came: is a worker running?" in caplog.text
