"""Notifications: in any order, twice, late, lost or forged."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from urllib.parse import urlencode

import pytest

from flask_fps.protocol import demo
from flask_fps.protocol.outbound import sign_outbound
from flask_fps.testing import Sandbox
from tests.flow.shop import Answer
from tests.flow.shop import money
from tests.flow.shop import raw
from tests.flow.shop import reference_in
from tests.flow.shop import Shop
from tests.flow.shop import Visitor

pytestmark = pytest.mark.story

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post(shop: Shop, body: bytes) -> Answer:
    return raw(f"{shop.url}/fps/ipn", "POST", FORM, body)


def bodies(sandbox: Sandbox) -> list[bytes]:
    """The notifications that wait, as signed: oldest first."""
    return [letter.body for letter in sandbox.notifications]


def signed(shop: Shop, sandbox: Sandbox, **said: str) -> bytes:
    """A notification of our own under the sandbox's key."""
    certificate = f"{sandbox.url}{demo.CERTIFICATE_PATH}"
    form = sign_outbound("POST", f"{shop.url}/fps/ipn", said, demo.PRIVATE_KEY_PEM, certificate)
    return urlencode(form, quote_via=quote).encode()


def unchanged(shop: Shop, before: list[Any]) -> bool:
    return [shop.payments(), shop.delivered] == before


@pytest.mark.usefixtures("quiet")
def test_success_by_notification_before_the_answer_of_pay(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    fps_sandbox.faults.add("Pay", "lose_answer")
    reference = john.buy("song")
    assert shop.states() == ["unknown"]
    fps_sandbox.post_notifications()

    assert shop.states() == ["paid"]
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert shop.delivered == [(reference, ("song",))]
    shop.work(after=timedelta(minutes=10))
    assert len(money(fps_sandbox)) == len(shop.delivered) == 1


def test_a_notification_before_the_return_pays_nothing_twice(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    """The first return's browser died; its payment's notification comes, then the return again."""
    url = john.authorize(john.want("song"))
    fps_sandbox.faults.add("Pay", "lose_answer")
    john.bring(url)
    fps_sandbox.post_notifications()
    reference_in(john.come_back(url))

    assert shop.states() == ["paid"]
    assert len(money(fps_sandbox)) == len(shop.delivered) == 1


@pytest.mark.usefixtures("quiet")
def test_notifications_replayed_a_hundred_times_deliver_once(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    john.buy("song", method="CC")
    fps_sandbox.server.bank.advance(5)
    pending, success = bodies(fps_sandbox)
    for body in [pending, success] * 20 + [pending] * 5:
        assert post(shop, body).status == 200

    assert shop.states() == ["paid"]
    assert len(shop.delivered) == 1
    assert [name for name, _ in shop.told].count("completed") == 1


@pytest.mark.usefixtures("quiet")
def test_success_before_pending(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    john.buy("song", method="CC")
    fps_sandbox.server.bank.advance(5)
    pending, success = bodies(fps_sandbox)
    assert post(shop, success).status == 200
    assert shop.states() == ["paid"]
    assert post(shop, pending).status == 200

    assert shop.states() == ["paid"]
    assert len(shop.delivered) == 1


def test_a_lost_notification_is_not_needed(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    fps_sandbox.faults.add("Pay", "drop_ipn", 10)
    john.buy("song", method="CC")
    fps_sandbox.settle()
    assert shop.states() == ["pending"]
    shop.work(after=timedelta(minutes=10))

    assert shop.states() == ["paid"]
    assert len(shop.delivered) == 1


def test_a_notification_is_a_hint_and_the_truth_is_asked_for(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    """Genuinely signed, and wrong: SUCCESS for what still pends, FAILURE for what is paid."""
    pends = john.buy("song", method="CC")
    transaction = str(shop.payment(pends).transaction_id)
    said = {"callerReference": f"{pends}-1", "transactionId": transaction, "operation": "PAY"}
    assert post(shop, signed(shop, fps_sandbox, **said, transactionStatus="SUCCESS")).status == 200
    assert shop.states() == ["pending"]
    assert shop.delivered == []
    fps_sandbox.settle()
    assert shop.states() == ["paid"]

    assert post(shop, signed(shop, fps_sandbox, **said, transactionStatus="FAILURE")).status == 200
    assert shop.states() == ["paid"]
    assert shop.payment(pends).parked_reason is None


def test_a_notification_cannot_lend_one_payments_transaction_to_another(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox
) -> None:
    paid = john.buy("song")
    transaction = str(shop.payment(paid).transaction_id)
    fps_sandbox.faults.add("Pay", "500_before")
    waits = john.buy("album")
    said = {"callerReference": f"{waits}-1", "transactionId": transaction, "transactionStatus": "SUCCESS"}
    assert post(shop, signed(shop, fps_sandbox, **said)).status == 200

    assert shop.payment(waits).state.value != "paid"
    assert shop.delivered == [(paid, ("song",))]
    assert not john.has("album")


@pytest.mark.parametrize("reference", ["unknown", "", "x" * 500, "'; drop table fps_payments; --"])
def test_a_genuine_notification_about_nothing_of_ours_is_taken_and_changes_nothing(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, reference: str
) -> None:
    john.buy("song")
    before = [shop.payments(), list(shop.delivered)]
    body = signed(shop, fps_sandbox, callerReference=reference, transactionId="1" * 35, transactionStatus="SUCCESS")

    assert post(shop, body).status == 200
    assert unchanged(shop, before)


@pytest.mark.usefixtures("quiet")
def test_a_changed_notification_is_refused(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    john.buy("song", method="CC")
    body = bodies(fps_sandbox)[0]
    before = [shop.payments(), list(shop.delivered)]
    changes = [
        body.replace(b"PENDING", b"SUCCESS"),
        body + b"&extra=1",
        body + b"&transactionStatus=SUCCESS",
        body.replace(b"signatureVersion=2", b"signatureVersion=1"),
        body.replace(b"127.0.0.1", b"127.0.0.2"),
        body.partition(b"&signature=")[0],
        b"",
        b"\xff\xfe",
        b"<xml/>",
        b"a=%FF%FE&b",
        b"&" * 1000,
    ]
    for changed in changes:
        assert changed != body
        assert post(shop, changed).status == 400
    assert unchanged(shop, before)
    assert post(shop, body).status == 200


def test_a_notification_for_another_address_is_not_ours(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    john.buy("song")
    form = sign_outbound(
        "POST",
        "http://other.example/fps/ipn",
        {"callerReference": "x", "transactionStatus": "SUCCESS"},
        demo.PRIVATE_KEY_PEM,
        f"{fps_sandbox.url}{demo.CERTIFICATE_PATH}",
    )

    assert post(shop, urlencode(form, quote_via=quote).encode()).status == 400


def test_a_huge_notification_is_not_read(shop: Shop) -> None:
    assert post(shop, b"a=" + b"x" * 70_000).status == 413


def test_only_a_post_is_a_notification(shop: Shop) -> None:
    assert raw(f"{shop.url}/fps/ipn").status == 405


def test_a_shop_that_was_away_is_told_later(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    view = shop.app.view_functions["fps.ipn"]
    shop.app.view_functions["fps.ipn"] = lambda: ("closed", 503)
    john.buy("song", method="CC")
    fps_sandbox.settle()
    assert shop.states() == ["pending"]
    shop.app.view_functions["fps.ipn"] = view
    fps_sandbox.advance(timedelta(minutes=1))

    assert shop.states() == ["paid"]
    assert fps_sandbox.notifications == []
