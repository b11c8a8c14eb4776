"""What is logged tells which payment it is about, and never what must stay secret."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from urllib.parse import urlsplit

import pytest
from flask import Flask

import flask_fps
from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.logs import JSONLines
from flask_fps.logs import naming
from flask_fps.protocol import demo
from flask_fps.worker import Worker
from tests.apps import Shop


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that anybody logs, down to the last detail, as JSON lines."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JSONLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_there_is_one_logger() -> None:
    folder = Path(flask_fps.__file__).parent
    ours = [each for each in folder.rglob("*.py") if "sandbox" not in each.relative_to(folder).parts]
    loggers = re.compile(r"= logging\.getLogger|\blogger\.(debug|info|warning|error|exception|log)\(")

    assert [each.name for each in ours if loggers.search(each.read_text("utf-8"))] == ["logs.py"]


def test_a_line_is_one_json_object() -> None:
    record = logging.LogRecord("flask_fps", logging.WARNING, __file__, 1, "a\n%s", ("b",), None)
    vars(record).update(naming("p1", call="pay", code=None))
    said = json.loads(JSONLines().format(record))

    assert {name: said[name] for name in ("level", "logger", "message", "payment", "call")} == {
        "level": "warning",
        "logger": "flask_fps",
        "message": "a\nb",
        "payment": "p1",
        "call": "pay",
    }
    assert "code" not in said and said["time"].endswith("+00:00")


def test_an_error_comes_with_its_traceback() -> None:
    try:
        raise ValueError("no room")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it broke", (), (ValueError, error, None))

    assert "ValueError: no room" in json.loads(JSONLines().format(record))["error"]


def test_a_payments_story_is_told_under_its_reference(tmp_path: Path, lines: io.StringIO) -> None:
    shop = Shop(tmp_path)

    def fulfill(app: object, *, payment: Payment, **extra: object) -> None:
        raise ValueError("no licences left")

    payment_completed.connect_via(shop.app)(fulfill)
    payment = shop.buy(shop.client("7"))
    told = [line for line in read(lines) if line.get("payment") == payment.reference]

    assert [line["call"] for line in told if "call" in line] == ["begin", "finish", "pay"]
    assert f"payment {payment.reference}: paying -> paid" in [line["message"] for line in told]
    assert [line["signal"] for line in told if "signal" in line] == ["payment-started", "payment-authorized"]
    assert any("no licences left" in line.get("error", "") and line.get("handler") for line in told)
    shop.close()


def test_a_delivery_that_fails_is_logged_by_its_handler_and_once_more_when_it_is_parked(
    tmp_path: Path, lines: io.StringIO
) -> None:
    shop = Shop(tmp_path)

    def fulfill(app: object, *, payment: Payment, **extra: object) -> None:
        raise ValueError("no licences left")

    payment_completed.connect_via(shop.app)(fulfill)
    payment = shop.buy(shop.client("7"))
    worker = Worker(shop.app.extensions["fps"])
    with shop.app.app_context():
        while not (
            waits := [line["message"] for line in read(lines) if "is parked for an operator" in line["message"]]
        ):
            assert not worker.reconcile(worker.unfinished(everything=True), early=True).idle
    failed = [line for line in read(lines) if line["message"].startswith("delivery of")]

    assert {line["message"] for line in failed} == {f"delivery of {payment.reference} by payment_completed failed"}
    assert [line["level"] for line in failed] == ["error"] * 10
    assert len(waits) == 1
    assert "raised 10 times" in waits[0]
    shop.close()


def secrets_of(app: Flask, payment: Payment, urls: list[str]) -> set[str]:
    """What a whole purchase knows that no log may: keys, tokens, and every signature of an address."""
    signed = {
        value for url in urls for name, value in parse_qsl(urlsplit(url).query) if name in ("signature", "tokenID")
    }
    links = {value for url in urls for name, value in parse_qsl(urlsplit(url).query) if name in ("ref", "order")}
    assert signed and links
    return {demo.SECRET_KEY, str(app.secret_key), str(payment.authorization_id)} | signed | links


def test_a_whole_purchase_logs_no_secret(tmp_path: Path, fps_sandbox: Any, fps_buyer: Any, lines: io.StringIO) -> None:
    app = Flask("tests.logs", instance_path=str(tmp_path))
    app.config.update(fps_sandbox.config, SECRET_KEY="the shop's own secret")
    fps = FPS(app)
    app.add_url_rule("/song", "song", fps.payment_required(Item("song", "0.10", "A"))(lambda: "the song"))
    urls: list[str] = []

    @app.before_request
    def remember() -> None:
        from flask import request

        urls.append(request.url)

    client = app.test_client()
    fps_buyer.pay(client, client.get("/song"))
    ledger = app.extensions["fps"].ledger
    [payment] = ledger.newest()
    assert payment.is_paid
    [refused] = [url for url in urls if "/return" in url]
    client.get(refused.replace("tokenID=", "tokenID=X"))
    intent = ledger.intent(payment.reference)
    app.test_cli_runner().invoke(args=["fps", "reconcile"])

    browser = "/cobranded-ui/"  # what the buyer's own browser asks for, logged because it lives in this process
    text = "\n".join(line for line in lines.getvalue().splitlines() if browser not in line)
    assert payment.reference in text and "refused a return" in text
    for secret in secrets_of(app, payment, [*urls, str(payment.redirect_url or ""), payment.return_url]):
        assert secret not in text, f"{secret} is logged"
    assert intent is not None and intent.authorization_id not in text
    ledger.engine.dispose()
