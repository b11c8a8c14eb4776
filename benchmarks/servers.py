"""The servers that are measured, each in a process of its own so that the client takes nothing from them."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from flask import Flask
from flask import Response
from werkzeug.serving import make_server

from flask_fps.money import Money
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank.payments import PayOrder
from flask_fps.sandbox.bank.records import Run
from flask_fps.sandbox.server import SandboxServer

SELLER = "seller@digitaldownload.example"
BUYERS = ("john@example.com", "jane@example.com")
_CONTENT_TYPE = "text/xml;charset=UTF-8"


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int
    #: Tokens to pay with, one payment each.
    tokens: tuple[str, ...] = ()


@contextmanager
def sandbox(transactions: int, tokens: int) -> Iterator[Running]:
    """A sandbox whose ledger holds so many transactions, most of them the demo seller's, and so many tokens."""
    with _process(_serve_sandbox, transactions, tokens) as running:
        yield running


@contextmanager
def bare_on_werkzeug(body: bytes) -> Iterator[Running]:
    """A Flask view that returns these bytes, on Werkzeug's threaded server."""
    with _process(_serve_on_werkzeug, body) as running:
        yield running


@contextmanager
def _process(target: Any, *arguments: Any) -> Iterator[Running]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve_sandbox(pipe: Connection, transactions: int, tokens: int) -> None:
    bank = Bank()
    _fill(bank, transactions)
    fresh = tuple(_token(bank, BUYERS[0], transactions + number) for number in range(tokens))
    server = SandboxServer(bank=bank).start()
    pipe.send(Running(server.settings.port or 0, fresh))
    pipe.recv()


def _serve_on_werkzeug(pipe: Connection, body: bytes) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line to stderr for each request would be its time
    server = make_server("127.0.0.1", 0, _bare(body), threaded=True)
    pipe.send(Running(server.server_port))
    server.serve_forever()


def _bare(body: bytes) -> Flask:
    app = Flask("bare", static_folder=None)

    @app.post("/")
    def answer() -> Response:
        return Response(body, content_type=_CONTENT_TYPE)

    return app


def _fill(bank: Bank, transactions: int) -> None:
    with bank.change():
        for email in BUYERS:
            bank.books.accounts.put(replace(bank.account(email), balance=Money(10**9, "USD")))
        for number in range(transactions):
            token_id = _token(bank, BUYERS[number % 2], number)
            order = PayOrder(sender_token_id=token_id, amount=Money(10, "USD"), caller_reference=f"filled-{number}")
            bank.pay(bank.account(SELLER), order)


def _token(bank: Bank, buyer: str, number: int) -> str:
    request = {
        "pipelineName": "SingleUse",
        "returnURL": "http://127.0.0.1:5000/fps/return",
        "callerReference": f"order-{number}",
        "transactionAmount": "0.10",
        "paymentMethod": "ABT",
    }
    run = bank.pipelines.open(SELLER, request)
    assert isinstance(run, Run)
    return bank.pipelines.authorize(run.run_id, buyer, "ABT").token_id
