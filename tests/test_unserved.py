"""An account that was taken out of the settings before its payments were at their end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flask_fps import Item
from flask_fps import Payment
from flask_fps.cli import fps
from flask_fps.records import RefundState
from flask_fps.records import State
from flask_fps.worker import BATCH
from flask_fps.worker import COMPLAIN_EVERY
from flask_fps.worker import Worker
from tests.apps import heading
from tests.apps import Shop
from tests.checkout.gateway import ScriptedGateway
from tests.database import emptied_engine

HOUR = timedelta(hours=1)
EU = {"FPS_ACCOUNTS": {"eu": {"CURRENCY": "USD"}}}
GONE = "for the account 'eu' at 'fps', which is not in FPS_ACCOUNTS any more: put it back until its payments are at"


def shop_with(config: dict[str, Any], folder: Path, engine: Engine) -> Shop:
    """Whatever begins with ``eu-`` is sold for the account ``eu``, where the settings have it."""

    def prepare(shop: Shop) -> None:
        shop.fps.account_loader(lambda items: "eu" if config and items[0].sku.startswith("eu-") else None)
        shop.app.add_url_rule("/eu", "eu", lambda: shop.fps.start_url(Item("eu-song", "0.10", "Song"), next_url="/"))

    return Shop(folder, db=engine, config=config, before=prepare)


@pytest.fixture
def before(tmp_path: Path) -> Shop:
    return shop_with(EU, tmp_path, emptied_engine())


def after(before: Shop, tmp_path: Path) -> Shop:
    """The same shop, started again without the account, some time later."""
    shop = shop_with({}, tmp_path, before.ledger.engine)
    shop.clock.now = before.clock.now
    shop.clock.advance(HOUR)
    return shop


def bought(shop: Shop, who: str) -> str:
    client = shop.client(who)
    return shop.buy(client, client.get("/eu").text).reference


def work(shop: Shop) -> None:
    with shop.app.app_context():
        Worker(shop.state).work_once()


def test_its_payments_keep_no_worker_from_the_others(
    before: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flask_fps.worker.BATCH", 3)
    before.gateway.will("pay", *["lost before"] * 5)
    gone = [bought(before, f"buyer {number}") for number in range(4)]
    ours = before.buy(before.client("john")).reference
    assert len(gone) < BATCH
    shop = after(before, tmp_path)
    shop.provider.tokens.update(before.provider.tokens)
    worker = Worker(shop.state)
    with shop.app.app_context():
        worker.work_once()
        assert caplog.text.count(f"4 due {GONE}") == 1
        worker.work_once()
        assert caplog.text.count(f"4 due {GONE}") == 1
        shop.clock.advance(COMPLAIN_EVERY)
        worker.work_once()
        assert caplog.text.count(f"4 due {GONE}") == 2

    assert shop.payment(ours).state is State.PAID
    assert {shop.payment(each).state for each in gone} == {State.UNKNOWN}
    assert "Traceback" not in caplog.text


def test_its_payments_are_driven_once_it_is_back(before: Shop, tmp_path: Path) -> None:
    before.gateway.will("pay", "lost before")
    reference = bought(before, "john")
    work(after(before, tmp_path))
    before.clock.advance(HOUR)
    work(before)

    assert before.payment(reference).state is State.PAID


@pytest.mark.parametrize("paid", [True, False])
def test_the_payments_page_is_calm(before: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture, paid: bool) -> None:
    before.gateway.will("pay", "success" if paid else "lost")
    payment = before.payment(bought(before, "john"))
    shop = after(before, tmp_path)
    answer = shop.client("john").get(shop.page(payment))

    assert answer.status_code == 200
    assert heading(answer) == ("Thank you, it is paid" if paid else "Your payment is being confirmed")
    assert (f"payment {payment.reference} was made {GONE}" in caplog.text) is not paid


def test_who_comes_back_is_told_calmly_and_paid_once_it_is_back(
    before: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = before.client("john")
    payment = before.started(client, client.get("/eu").text)
    path = before.return_path(payment)
    shop = after(before, tmp_path)
    answer = shop.client("john").get(path, follow_redirects=True)
    assert answer.status_code == 200
    assert f"payment {payment.reference} was made {GONE}" in caplog.text
    assert shop.payment(payment.reference).state is State.STARTED

    before.clock.advance(HOUR)
    work(before)
    assert before.payment(payment.reference).state is State.PAID


def kept(before: Shop) -> Payment:
    """A payment with a notification that could not be acted upon."""
    before.gateway.will("pay", "pending")
    payment = before.payment(bought(before, "john"))
    before.gateway.will("status", "lost")
    assert before.notify(before.client(), payment).status_code == 200
    assert before.ledger.arrivals.waits(payment.reference)
    return payment


def test_a_kept_notification_leaves_the_payments_page_calm(
    before: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    payment = kept(before)
    shop = after(before, tmp_path)
    answer = shop.client("john").get(shop.page(payment))

    assert (answer.status_code, heading(answer)) == (200, "Your payment is on its way")
    assert shop.ledger.arrivals.due_of(payment.reference) == []
    before.clock.advance(HOUR)
    before.provider.settle()
    work(before)
    assert before.payment(payment.reference).state is State.PAID
    assert not before.ledger.arrivals.waits(payment.reference)


def test_a_kept_notification_is_not_judged_by_another_gateway(
    before: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    payment = kept(before)
    other = ScriptedGateway(before.provider)
    monkeypatch.setattr(other, "name", "other")
    monkeypatch.setitem(before.state.gateways, "eu", other)
    before.clock.advance(HOUR)
    answer = before.client("john").get(before.page(payment))

    assert answer.status_code == 200
    assert other.calls == []
    assert before.ledger.arrivals.waits(payment.reference)
    assert "of the inbox came at 'fps', and FPS_ACCOUNTS['eu']['GATEWAY'] is 'other' now" in caplog.text


def test_what_goes_back_and_what_has_arrived_wait_too(
    before: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refunded = before.payment(bought(before, "john"))
    before.gateway.will("refund", "pending")
    with before.app.app_context():
        before.fps.refund(refunded.reference)
    before.gateway.will("pay", "refused")
    before.gateway.will("release", "lost")
    bought(before, "jane")
    told = before.payment(bought(before, "jim"))
    before.gateway.will("notification", "lost", "lost")
    assert before.notify(before.client(), told).status_code == 200
    shop = after(before, tmp_path)
    work(shop)

    assert f"3 due {GONE}" in caplog.text
    assert "Traceback" not in caplog.text
    assert shop.gateway.calls == []
    before.clock.advance(HOUR)
    before.provider.settle()
    work(before)
    assert [each.state for each in before.ledger.refunds.of(refunded.reference)] == [RefundState.DONE]


def test_health_names_it(before: Shop, tmp_path: Path) -> None:
    before.gateway.will("pay", "lost")
    bought(before, "john")
    result = after(before, tmp_path).app.test_cli_runner().invoke(fps, ["health"])

    assert result.exit_code == 1
    assert f"1 due {GONE}" in result.output


def test_no_notification_of_another_gateway_speaks_of_it(before: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that was moved to another gateway keeps its name and its address."""
    before.gateway.will("pay", "lost")
    payment = before.payment(bought(before, "john"))
    other = ScriptedGateway(before.provider)
    monkeypatch.setattr(other, "name", "other")
    monkeypatch.setitem(before.state.gateways, "eu", other)

    assert before.notify(before.client(), payment).status_code == 200
    assert before.payment(payment.reference).state is State.UNKNOWN
