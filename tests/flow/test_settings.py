"""The same story under other settings: older dialects, fewer methods, another prefix, a rotated key."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest
import requests

from flask_fps.testing import Sandbox
from tests.flow.shop import money
from tests.flow.shop import reference_in
from tests.flow.shop import Shop
from tests.flow.shop import Visitor

pytestmark = pytest.mark.story

OLD = {"FPS_API_VERSION": "2008-09-17"}
V1 = {**OLD, "FPS_RETURN_SIGNATURE": "v1"}


def listen(shop: Shop, sandbox: Sandbox, signature: str = "2") -> None:
    """The seller's account posts its notifications to the shop: before 2010 a request could not say where."""
    account = {"email": "seller@digitaldownload.example", "ipn_url": f"{shop.url}/fps/ipn", "ipn_signature": signature}
    requests.post(f"{sandbox.url}/_control/accounts", json=account, timeout=10).raise_for_status()


@pytest.mark.parametrize("settings", [OLD, V1], ids=["v2", "v1"])
def test_the_older_dialect_pays_at_once(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    url = john.authorize(john.want("song"))
    assert ("signatureVersion" in parse_qs(urlsplit(url).query)) == (settings is OLD)
    reference = reference_in(john.come_back(url))

    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert john.has("song")


@pytest.mark.parametrize("settings", [OLD], ids=["v2"])
def test_the_older_dialect_is_notified_at_the_accounts_address(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    listen(shop, fps_sandbox)
    john.buy("song", method="CC")
    assert shop.states() == ["pending"]
    fps_sandbox.settle()

    assert shop.states() == ["paid"]
    assert fps_sandbox.notifications == []


@pytest.mark.parametrize("settings", [V1], ids=["v1"])
def test_v1_notifications_are_judged_by_the_secret(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    listen(shop, fps_sandbox, "1")
    john.buy("song", method="CC")
    fps_sandbox.settle()

    assert shop.states() == ["paid"]
    assert len(shop.delivered) == 1


@pytest.mark.parametrize("settings", [V1], ids=["v1"])
@pytest.mark.parametrize(
    "change", [("status=SA", "status=SB"), ("tokenID=", "tokenID=X"), ("signature=", "signature=A")]
)
def test_a_changed_v1_return_is_refused(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any], change: tuple[str, str]
) -> None:
    url = john.authorize(john.want("song"))

    assert john.bring(url.replace(*change)).status == 400
    assert money(fps_sandbox) == []
    reference_in(john.come_back(url))


def test_a_v1_return_is_worth_nothing_where_certificates_are_expected(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox
) -> None:
    """Correctly signed by the old rule, under the shop's own secret."""
    from flask_fps.protocol import demo
    from flask_fps.protocol import query
    from flask_fps.protocol.outbound import sign_outbound_v1

    url = john.authorize(john.want("song"))
    params = query.unique(query.parse(urlsplit(url).query))
    base = f"{url.partition('?')[0]}?ref={params['ref']}"
    said = {name: params[name] for name in ("status", "tokenID", "callerReference")}
    forged = query.append(base, sign_outbound_v1(said, demo.SECRET_KEY, return_url=base))

    assert john.bring(forged).status == 400
    assert money(fps_sandbox) == []


@pytest.mark.parametrize("settings", [{"FPS_PAYMENT_METHODS": "CC"}])
def test_a_shop_that_takes_cards_only_is_paid_by_card_only(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    with pytest.raises(AssertionError, match="only by CC"):
        john.buy("song", method="ABT")
    reference = john.buy("song", method="CC")

    assert shop.payment(reference).method == "card"


@pytest.mark.parametrize("settings", [{"FPS_URL_PREFIX": "/shop/pay", "FPS_PAYEE": "The Music Box"}])
def test_pages_stand_where_they_are_told_to_and_name_the_payee(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    answer = john.pay(john.want("song"))

    assert answer.headers["Location"].startswith("/shop/pay/payments/")
    assert "The Music Box" in john.get(answer.headers["Location"]).text
    assert john.get("/fps/start").status_code == 404
    assert john.has("song")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_buyer_comes_back_to_the_host_he_came_from(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, host: str
) -> None:
    shop.url = shop.url.replace("127.0.0.1", host)
    url = john.authorize(john.want("song"))

    assert url.startswith(f"{shop.url}/fps/return?")
    reference_in(john.come_back(url))
    assert john.has("song")


def test_a_rotated_secret_key_loses_no_buyer(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    start = john.want("song").headers["Location"]
    url = john.authorize(john.get(start))
    before = john.session.cookies.copy()
    old = shop.app.config["SECRET_KEY"]
    shop.app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[old])

    assert john.get(start).headers["Location"].startswith(fps_sandbox.url)
    reference_in(john.come_back(url))
    assert john.has("song")
    shop.app.config.update(SECRET_KEY_FALLBACKS=[])
    assert john.has("song")  # the start has signed the cookie anew
    assert john.get(start).status_code == 400
    john.session.cookies = before
    assert not john.has("song")


def test_a_missing_secret_key_is_named(shop: Shop, john: Visitor) -> None:
    shop.app.config["SECRET_KEY"] = None
    shop.app.testing = True

    with shop.app.test_client() as client, pytest.raises(RuntimeError, match="SECRET_KEY is not set"):
        client.get("/download/song")


@pytest.mark.parametrize("settings", [{"FPS_RECOVER": "cancel"}])
def test_a_shop_may_choose_not_to_charge_who_does_not_come_back(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    john.session.headers["X-Buyer"] = "7"
    john.authorize(john.want("song"))
    for _ in range(6):
        shop.wait(fps_sandbox, timedelta(minutes=20))
        shop.work()

    assert shop.states() == ["cancelled"]
    assert money(fps_sandbox) == []
    assert [token["status"] for token in fps_sandbox.ledger()["tokens"]] == ["Inactive"]


@pytest.mark.parametrize("settings", [{"FPS_EXPECT_HANDLERS": ["mail"]}])
def test_a_process_without_an_expected_handler_delivers_nothing(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    reference = john.buy("song")
    assert shop.states() == ["paid"]
    assert shop.delivered == []

    mailed: list[str] = []

    @shop.fps.fulfillment("mail")
    def mail(payment: Any) -> None:
        mailed.append(payment.reference)

    shop.work(after=timedelta(minutes=5))
    assert shop.delivered == [(reference, ("song",))]
