"""Several accounts in one shop: the money of each goes where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from flask import request
from flask.testing import FlaskClient

from flask_fps import accounts
from flask_fps import FPS
from flask_fps import Item
from flask_fps import OrderError
from flask_fps.config import Config
from flask_fps.records import Result
from flask_fps.records import State
from flask_fps.worker import Worker
from tests.apps import heading
from tests.apps import Shop
from tests.checkout.gateway import Provider
from tests.checkout.gateway import ScriptedGateway

EU = {"ACCESS_KEY": "AKIAEUROPE0000000001", "SECRET_KEY": "europe-secret", "RECIPIENT_EMAIL": "eu@shop.example"}


# Settings


def read(**mapping: Any) -> dict[str, Config]:
    return accounts.read(mapping, Config.read(mapping), ["fps", "other"])


def test_an_account_has_its_own_keys_and_the_shops_for_the_rest() -> None:
    found = read(FPS_SANDBOX_URL="http://127.0.0.1:9000", FPS_TIMEOUT=3, FPS_ACCOUNTS={"eu": EU})
    assert list(found) == ["default", "eu"]
    assert (found["eu"].access_key, found["eu"].recipient_email) == ("AKIAEUROPE0000000001", "eu@shop.example")
    assert (found["eu"].api_url, found["eu"].timeout) == ("http://127.0.0.1:9000/", 3.0)
    assert found["default"].recipient_email == "seller@digitaldownload.example"


def test_no_account_takes_half_of_anothers_identity() -> None:
    shop = {"FPS_ACCESS_KEY": "AKIASHOP", "FPS_SECRET_KEY": "shop-secret", "FPS_RECIPIENT_EMAIL": "us@shop.example"}
    with pytest.raises(RuntimeError, match=r"FPS_ACCOUNTS\['eu'\]: (.|\n)*FPS_SECRET_KEY is missing") as caught:
        read(**shop, FPS_ACCOUNTS={"eu": {"ACCESS_KEY": "AKIAEUROPE"}})
    assert "FPS_RECIPIENT_EMAIL is missing" in str(caught.value)
    assert "shop-secret" not in str(caught.value)


def test_all_that_is_wrong_in_any_account_is_said_at_once() -> None:
    with pytest.raises(RuntimeError) as caught:
        read(FPS_ACCOUNTS={"eu": {**EU, "CURRENCY": "euro"}, "uk": {**EU, "GATEWAY": "nothing"}})
    said = str(caught.value)
    assert "FPS_ACCOUNTS['eu']" in said and "FPS_CURRENCY is 'euro'" in said
    assert "FPS_ACCOUNTS['uk']" in said and "FPS_GATEWAY is 'nothing'" in said
    assert "(docs/configuration.rst#fps-currency)" in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("eu", "must be a dict of accounts"),
        ({"eu": "AKIA"}, "must be a dict of accounts"),
        ({"default": EU}, "has an account 'default'"),
        ({"e/u": EU}, "has an account 'e/u'"),
        ({"": EU}, "has an account ''"),
        ({"eu": {"FPS_ACCESS_KEY": "x"}}, "has 'FPS_ACCESS_KEY' in 'eu': did you mean ACCESS_KEY?"),
        ({"eu": {"ACESS_KEY": "x"}}, "has 'ACESS_KEY' in 'eu': did you mean ACCESS_KEY?"),
        ({"eu": {"DATABASE_URI": "x"}}, "has 'DATABASE_URI' in 'eu': an account may have GATEWAY, "),
    ],
)
def test_what_is_no_account_is_told_with_its_fix(value: Any, said: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        Config.read({"FPS_ACCOUNTS": value})
    assert f"FPS_ACCOUNTS {said}" in str(caught.value)
    assert "(docs/configuration.rst#fps-accounts)" in str(caught.value)


# A shop with two, before the simulated provider


class Two(Shop):
    """Whatever begins with ``eu-`` is sold for the account ``eu``."""

    def __init__(self, folder: Path) -> None:
        self.made: dict[str, ScriptedGateway] = {}
        super().__init__(folder, config={"FPS_ACCOUNTS": {"eu": {"CURRENCY": "USD"}}}, before=self._prepare)

    def _prepare(self, shop: Shop) -> None:
        def factory(config: Config, account: str, transport: Any, clock: Any) -> ScriptedGateway:
            self.made[account] = ScriptedGateway(Provider(self.clock))
            return self.made[account]

        self.fps._shop.gateways = {"scripted": factory}
        self.fps.account_loader(lambda items: "eu" if items[0].sku.startswith("eu-") else None)

        @self.app.get("/get/<sku>")
        @self.fps.payment_required(lambda sku: Item(sku, "0.10", sku.title()))
        def get(sku: str) -> str:
            return f"here is {sku}"

        self.app.add_url_rule("/mine", "mine", lambda: [each.account for each in self.fps.purchases()])

    def pay_for(self, client: FlaskClient, sku: str, account: str) -> str:
        self.gateway = self.made[account]
        self.provider = self.gateway.provider
        return self.buy(client, client.get(f"/get/{sku}").headers["Location"]).reference


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    shop = Two(tmp_path)
    yield shop
    shop.close()


def test_each_payment_is_made_with_its_own_account_for_life(two: Two) -> None:
    client = two.client()
    first, second = two.pay_for(client, "song", "default"), two.pay_for(client, "eu-song", "eu")

    assert [two.payment(each).account for each in (first, second)] == ["default", "eu"]
    assert {name: len(made.provider.moved) for name, made in two.made.items()} == {"default": 1, "eu": 1}
    assert client.get("/get/song").status_code == client.get("/get/eu-song").status_code == 200
    assert client.get("/mine").json == ["eu", "default"]
    assert urlsplit(two.payment(second).notify_url).path == "/fps/ipn/eu"


def test_a_notification_is_judged_by_the_account_it_came_to(two: Two) -> None:
    client = two.client()
    two.pay_for(client, "song", "default")
    reference = two.pay_for(client, "eu-song", "eu")
    assert two.notify(client, two.payment(reference)).status_code == 200
    assert client.post("/fps/ipn/nobody", data="x").status_code == 404


def test_money_of_one_account_pays_nothing_of_another(two: Two) -> None:
    """A caller chooses the reference of his own payment and where its notification goes."""
    client = two.client()
    two.made["default"].will("pay", "lost before")
    payment = two.pay_for(client, "song", "default")
    eu = two.made["eu"].provider
    token = eu.authorize(payment)
    said = {"reference": f"{payment}-1", "token": token.id, "amount": "10 USD"}
    paid = eu.execute(said, Result.SUCCESS)
    body = f"reference={payment}-1&transaction={paid.transaction_id}&signature=provider"

    assert client.post("/fps/ipn/eu", data=body).status_code == 200
    assert two.payment(payment).state is State.UNKNOWN
    assert client.get("/get/song").status_code == 303


def test_a_cart_for_two_accounts_is_refused(two: Two) -> None:
    song, eu_song = Item("song", "0.10", "Song"), Item("eu-song", "0.10", "Song")
    with two.app.test_request_context(), pytest.raises(OrderError, match="one order, one account: .* default, eu"):
        two.fps.start_url(eu_song, song)


def test_what_a_page_offers_may_be_of_several_accounts(two: Two) -> None:
    client, song, eu_song = two.client(), Item("song", "0.10", "Song"), Item("eu-song", "0.10", "Song")
    two.app.add_url_rule("/owned", "owned", lambda: sorted(two.fps.owned(song, eu_song, Item("other", 1, "Other"))))
    two.app.add_url_rule("/paid", "paid", lambda: [two.fps.is_paid(song, eu_song)])
    two.pay_for(client, "eu-song", "eu")
    assert (client.get("/owned").json, client.get("/paid").json) == (["eu-song"], [False])
    two.pay_for(client, "song", "default")
    assert (client.get("/owned").json, client.get("/paid").json) == (["eu-song", "song"], [True])


def test_what_is_owned_of_one_account_is_not_owned_of_another(two: Two) -> None:
    client = two.client()
    two.pay_for(client, "eu-song", "eu")
    two.fps.account_loader(lambda items: None)
    assert client.get("/get/eu-song").status_code == 303


def test_an_account_that_is_not_there_is_told_to_the_developer(two: Two) -> None:
    two.fps.account_loader(lambda items: "us")
    with pytest.raises(RuntimeError, match="account_loader returned 'us', and the accounts are default, eu"):
        two.client().get("/get/song")


def test_a_link_of_an_account_that_is_gone_is_an_old_one(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    link = two.client().get("/get/eu-song").headers["Location"]
    monkeypatch.delitem(two.state.gateways, "eu")
    answer = two.client().get(link)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/get/eu-song")


def test_payments_of_an_account_that_is_gone_say_what_to_do(
    two: Two, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = two.client()
    payment = two.started(client, client.get("/get/eu-song").headers["Location"])
    monkeypatch.delitem(two.state.gateways, "eu")
    two.clock.advance(3600)
    with two.app.app_context():
        Worker(two.state).work_once()
    assert f"payment {payment.reference} was made for the account 'eu'" in caplog.text
    assert "put it back until its payments are at their end" in caplog.text


def test_another_gateway_is_not_asked_about_payments_it_never_made(
    two: Two, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would say that it knows nothing of them, and they would end as never paid."""
    two.made["eu"].will("pay", "lost")
    payment = two.pay_for(two.client(), "eu-song", "eu")
    other = ScriptedGateway(Provider(two.clock))
    monkeypatch.setattr(other, "name", "other")
    monkeypatch.setitem(two.state.gateways, "eu", other)
    two.clock.advance(3600)
    with two.app.app_context():
        Worker(two.state).work_once()

    assert other.calls == []
    assert two.payment(payment).state is State.UNKNOWN
    assert f"payment {payment} was made at 'fps', and FPS_ACCOUNTS['eu']['GATEWAY'] is 'other' now" in caplog.text


def test_who_was_sent_away_to_another_gateway_is_sent_to_the_one_of_today(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = two.client()
    link = client.get("/get/eu-song").headers["Location"]
    before = two.started(client, link)
    other = ScriptedGateway(Provider(two.clock))
    monkeypatch.setattr(other, "name", "other")
    monkeypatch.setitem(two.state.gateways, "eu", other)
    after = two.started(client, link)

    assert (before.gateway, after.gateway, other.calls) == ("fps", "other", ["begin"])
    assert two.payment(before.reference).superseded_by == after.reference


def test_an_account_takes_only_its_gateways_currencies(two: Two) -> None:
    with two.app.test_request_context(), pytest.raises(OrderError, match="take USD, and the order is in EUR"):
        two.fps.start_url(Item("eu-song", 1, "Song", currency="EUR"))


# And before the sandbox, with two sellers


@pytest.fixture
def app(fps_sandbox: Any, tmp_path: Path) -> Iterator[Flask]:
    seller = {"email": "eu@shop.example", "access_key": EU["ACCESS_KEY"], "secret_key": EU["SECRET_KEY"]}
    answer = requests.post(f"{fps_sandbox.url}/_control/accounts", json=seller, timeout=10)
    assert answer.status_code < 300, answer.text
    app = Flask("tests.accounts", instance_path=str(tmp_path))
    app.config.update(fps_sandbox.config, SECRET_KEY="tests", FPS_ACCOUNTS={"eu": EU})
    fps = FPS(app)
    fps.account_loader(lambda items: "eu" if request.args.get("from") == "eu" else None)

    @app.get("/song")
    @fps.payment_required(Item("song", "0.10", "Song"))
    def song() -> str:
        return "the song"

    yield app
    app.extensions["fps"].ledger.engine.dispose()
    for gateway in app.extensions["fps"].gateways.values():
        gateway.client.close()


@pytest.mark.story
def test_the_money_of_each_account_goes_to_its_own_seller(app: Flask, fps_sandbox: Any, fps_buyer: Any) -> None:
    client = app.test_client()
    for query in ("", "?from=eu"):
        page = fps_buyer.pay(client, client.get(f"/song{query}"))
        assert heading(client.get(page.headers["Location"])) == "Thank you, it is paid"
        assert client.get(f"/song{query}").text == "the song"
    paid = [(each["recipient"], each["accessKey"]) for each in fps_sandbox.ledger()["transactions"]]
    assert paid[1] == ("eu@shop.example", EU["ACCESS_KEY"])
    assert paid[0][0] == "seller@digitaldownload.example"
