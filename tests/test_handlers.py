"""What a shop registers is refused where it cannot work; and nothing about a handler stops a payment."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from flask_fps import FPS
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.errors import SetupError
from flask_fps.ledger.models import DeliveryRow
from flask_fps.worker import Worker
from tests.apps import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


@pytest.fixture
def no_asgiref(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process without the extra says when it is to call a coroutine function."""
    monkeypatch.setattr("flask_fps.signals.find_spec", lambda name: None)

    def refuse(app: Flask, function: Callable[..., Any]) -> Callable[..., Any]:
        raise RuntimeError("Install Flask with the 'async' extra in order to use async views.")

    monkeypatch.setattr(Flask, "async_to_sync", refuse)


async def mail_later(payment: Payment) -> None:
    raise AssertionError("nobody could have called it")


def mail(payment: Payment) -> None: ...


def letter(payment: Payment) -> None: ...


@pytest.mark.parametrize("name", ["", "x" * 129, "ma\0il", "half \ud800", mail, None, b"mail"])
def test_a_handler_has_a_text_as_its_name(name: Any) -> None:
    with pytest.raises(SetupError, match=r"1 to 128 printable characters.*@fps\.fulfillment\(\"mail\"\)"):
        FPS().fulfillment(name)


def test_the_longest_name_is_kept(shop: Shop) -> None:
    shop.fps.fulfillment("x" * 128)(mail)

    assert shop.buy(shop.client()).is_paid


@pytest.mark.parametrize(
    ("name", "fix"),
    [("payment_completed", r"@payment_completed\.connect"), ("fps.receipt", "FPS_SEND_RECEIPT.*another name")],
)
def test_a_name_of_ours_is_refused_with_what_to_do(name: str, fix: str) -> None:
    with pytest.raises(SetupError, match=fix):
        FPS().fulfillment(name)


def test_a_name_is_that_of_one_function() -> None:
    fps = FPS()
    fps.fulfillment("mail")(mail)

    with pytest.raises(SetupError, match=r"'mail'\) is tests\.test_handlers\.mail already.*letter another name"):
        fps.fulfillment("mail")(letter)


def test_two_lambdas_are_two_functions() -> None:
    fps = FPS()
    fps.fulfillment("mail")(lambda payment: None)

    with pytest.raises(SetupError, match="already"):
        fps.fulfillment("mail")(lambda payment: None)


def test_a_factory_called_twice_delivers_once_by_its_newest_handler(shop: Shop) -> None:
    calls: list[str] = []

    def factory(name: str) -> None:
        @shop.fps.fulfillment("mail")
        def send(payment: Payment) -> None:
            calls.append(name)

    factory("first")
    factory("second")
    shop.buy(shop.client())
    Worker(shop.state).work_once()

    assert calls == ["second"]


@pytest.mark.usefixtures("no_asgiref")
def test_a_coroutine_function_needs_the_extra() -> None:
    with pytest.raises(SetupError, match=r"mail_later is a coroutine function.*pip install 'Flask-FPS\[async\]'"):
        FPS().fulfillment("mail")(mail_later)


@pytest.mark.usefixtures("no_asgiref")
def test_a_handler_that_cannot_be_called_stops_no_payment(shop: Shop) -> None:
    shop.fps._shop.handlers["mail"] = mail_later
    payment = shop.buy(shop.client())
    Worker(shop.state).work_once()

    assert payment.is_paid and payment.delivered_at is not None
    [(handler, error)] = shop.ledger.operator.waiting(payment.reference)
    assert (handler, error) == (
        "mail",
        "RuntimeError: Install Flask with the 'async' extra in order to use async views.",
    )


def test_nor_does_one_under_the_signals_name(shop: Shop) -> None:
    shop.fps._shop.handlers["payment_completed"] = mail

    assert shop.buy(shop.client()).delivered_at is not None


@pytest.mark.usefixtures("no_asgiref")
def test_a_policy_that_is_a_coroutine_function_needs_the_extra() -> None:
    async def policy(payment: Payment, line: object, refunded: object) -> bool:
        return False

    with pytest.raises(SetupError, match=r"coroutine function.*Flask-FPS\[async\]"):
        FPS().refund_policy(policy)


def test_a_policy_may_be_a_coroutine_function(shop: Shop) -> None:
    @shop.fps.refund_policy
    async def keeps_it(payment: Payment, line: object, refunded: object) -> bool:
        return False

    payment = shop.buy(shop.client())
    with shop.app.app_context():
        shop.fps.refund(payment.reference)
        [grant] = shop.fps.grants(payment)

    assert shop.payment(payment.reference).refunded == 10
    assert grant.revoked_at is None


def test_a_test_need_not_wait_for_the_next_try(tmp_path: Path) -> None:
    shop, called = Shop(tmp_path), []

    @shop.fps.fulfillment("mail")
    def mail(payment: Payment) -> None:
        called.append(payment.reference)
        if len(called) == 1:
            raise ConnectionError("the mail server is away")

    payment = shop.buy(shop.client("7"))
    with shop.app.app_context():
        shop.fps.reconcile()
        shop.fps.reconcile()
        assert called == [payment.reference]
        assert shop.fps.reconcile(everything=True).deliveries == 1
    assert called == [payment.reference] * 2
    shop.close()


@pytest.mark.parametrize(
    ("beside", "hint"),
    [
        (None, r"no session: the ledger has a database of its own: FPS\(db=…\), or remember payment\.reference"),
        (True, "write through session only: another session of yours waits for this one"),
    ],
)
def test_what_is_easily_mistaken_about_the_session_is_said_where_it_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, beside: bool | None, hint: str
) -> None:
    shop = Shop(tmp_path, db=beside)

    @payment_completed.connect_via(shop.app)
    def sell(app: Flask, *, payment: Payment, session: Any, **extra: object) -> None:
        if beside:
            raise OperationalError("INSERT", None, Exception("database is locked"))
        session.add(payment)

    if beside:
        with shop.app.app_context():
            shop.fps.upgrade()
    payment = shop.buy(shop.client())
    assert re.search(rf"raised for payment {payment.reference} \({hint}\)", caplog.text)
    with Session(shop.ledger.engine) as session:
        assert re.search(hint, session.scalars(select(DeliveryRow.last_error)).one() or "")
    shop.close()
