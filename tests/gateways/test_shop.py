"""The same example shop, decorator and signals before both gateways: not a line of the shop knows which it is."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path
from typing import Any
from typing import Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient

import example_app
from example_app.models import db
from example_app.models import Sale
from example_app.models import Track
from flask_fps import FPS
from flask_fps import Item
from flask_fps import OrderError
from flask_fps import signals
from flask_fps.config import Config
from flask_fps.gateways import Gateway
from flask_fps.records import Payment
from flask_fps.signals import PaymentSignal
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from flask_fps.worker import Worker
from tests.gateways.benches import HoldWire
from tests.gateways.hold import HoldGateway
from tests.gateways.hold_provider import HoldProvider
from tests.gateways.hold_provider import Session

pytestmark = pytest.mark.story


class Stage(Protocol):
    """One provider, as its buyers and this test see it."""

    config: dict[str, Any]

    def approve(self, client: FlaskClient, response: Any, *, slow: bool = False) -> str:
        """From the shop's answer to the provider's pages; the URL the buyer is sent back to."""

    def leave(self, client: FlaskClient, response: Any) -> Any:
        """He does not want it after all; what the shop says to his return."""

    def settle(self, client: FlaskClient) -> None:
        """What pends is done, and the shop is notified."""

    def lose_answer(self) -> None:
        """The next request to pay has its effect, and its answer is lost."""

    def moved(self) -> list[tuple[str, str]]:
        """Reference and state of every transaction."""


class FPSStage:
    def __init__(self, sandbox: Sandbox, buyer: Buyer) -> None:
        self.config = dict(sandbox.config)
        self._sandbox = sandbox
        self._buyer = buyer

    def approve(self, client: FlaskClient, response: Any, *, slow: bool = False) -> str:
        return self._buyer.authorize(client, response, method="CC" if slow else "ABT")

    def leave(self, client: FlaskClient, response: Any) -> Any:
        return self._buyer.decline(client, response)

    def settle(self, client: FlaskClient) -> None:
        self._sandbox.settle()
        assert {answer.status_code for answer in self._buyer.notify(client)} == {200}

    def lose_answer(self) -> None:
        self._sandbox.faults.add("Pay", "lose_answer")

    def moved(self) -> list[tuple[str, str]]:
        found = self._sandbox.ledger()["transactions"]
        return [(each["callerReference"], each["status"].lower()) for each in found]


class HoldStage:
    def __init__(self) -> None:
        self.config = {"FPS_GATEWAY": "hold", "FPS_CURRENCY": "EUR"}
        self.provider = HoldProvider(lambda: datetime.now(timezone.utc))
        self.wire = HoldWire(self.provider)

    def factory(self, config: Config, account: str, transport: Any, clock: Callable[[], datetime]) -> Gateway:
        return HoldGateway(self.wire)

    def approve(self, client: FlaskClient, response: Any, *, slow: bool = False) -> str:
        return self.provider.authorize(self.session(client, response), "bank" if slow else "card")

    def leave(self, client: FlaskClient, response: Any) -> Any:
        return client.get(self.provider.turn_away(self.session(client, response), "abandoned"))

    def settle(self, client: FlaskClient) -> None:
        pending = next(each for each in self.provider.charges if each.state == "pending")
        self.provider.end(pending, "success")
        assert set(self.notify(client)) == {200}

    def notify(self, client: FlaskClient) -> list[int]:
        letters, self.provider.letters = self.provider.letters, []
        return [client.post(each.url, data=each.body, headers=dict(each.headers)).status_code for each in letters]

    def lose_answer(self) -> None:
        self.wire.faults += ["", "lose_answer"]  # the return asks first

    def moved(self) -> list[tuple[str, str]]:
        return [(each.key, each.state) for each in self.provider.charges]

    def session(self, client: FlaskClient, response: Any) -> Session:
        """Where the shop sends its buyer."""
        url = response.headers["Location"]
        while not url.startswith("https://hold.example/"):
            response = client.get(url)
            assert response.status_code == 303, response.text
            url = response.headers["Location"]
        found = self.provider.session(url.rpartition("/")[2])
        assert found is not None
        return found


@pytest.fixture(params=["fps", "hold"])
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stage:
    if request.param == "fps":
        return FPSStage(request.getfixturevalue("fps_sandbox"), request.getfixturevalue("fps_buyer"))
    hold = HoldStage()
    monkeypatch.setitem(example_app.fps._shop.gateways, "hold", hold.factory)
    return hold


@pytest.fixture
def app(stage: Stage, tmp_path: Path) -> Iterator[Flask]:
    database = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    app = example_app.create_app({**stage.config, "SECRET_KEY": "tests", "SQLALCHEMY_DATABASE_URI": database})
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def told(app: Flask) -> list[str]:
    """Names of the signals, in order."""
    heard: list[str] = []
    for signal in [each for each in vars(signals).values() if isinstance(each, PaymentSignal)]:

        def hear(app: Flask, *, name: str = signal.name, payment: Payment, **extra: Any) -> None:
            heard.append(name.removeprefix("payment-"))

        signal.connect_via(app)(hear)
    return heard


def sales(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(db.select(Sale)).all())


def payments(app: Flask) -> list[Payment]:
    with app.app_context():
        found: list[Payment] = app.extensions["fps"].ledger.newest(10)
    return found[::-1]


def work(app: Flask) -> None:
    """Everything that may move is moved, due or not."""
    with app.app_context():
        worker = Worker(app.extensions["fps"])
        worker.reconcile(worker.unfinished(everything=True), early=True)


def has_it(client: FlaskClient) -> bool:
    with client.get("/download/1") as answer:
        return answer.status_code == 200


def test_a_track_is_bought_once(app: Flask, client: FlaskClient, stage: Stage, told: list[str]) -> None:
    url = stage.approve(client, client.get("/download/1"))
    for _ in range(2):
        page = client.get(url, follow_redirects=True)
        assert "Thank you, it is paid" in page.text
        assert 'href="/download/1"' in page.text

    [payment] = payments(app)
    assert stage.moved() == [(f"{payment.reference}-1", "success")]
    assert payment.payer in (None, "john@example.com")
    assert payment.money.currency == (stage.config.get("FPS_CURRENCY") or "USD")
    assert has_it(client)
    assert not has_it(app.test_client())
    assert sales(app) == 1
    assert told == ["started", "authorized", "completed"]


def test_who_leaves_pays_nothing(app: Flask, client: FlaskClient, stage: Stage, told: list[str]) -> None:
    answer = stage.leave(client, client.get("/download/1"))

    page = client.get(answer.headers["Location"])
    assert "You left before paying" in page.text
    assert stage.moved() == []
    assert not has_it(client)
    assert told == ["started"]


def test_what_pends_is_delivered_when_a_notification_says_look(
    app: Flask, client: FlaskClient, stage: Stage, told: list[str]
) -> None:
    url = stage.approve(client, client.get("/download/1"), slow=True)
    assert "on its way" in client.get(url, follow_redirects=True).text
    assert not has_it(client)
    assert sales(app) == 0

    stage.settle(client)
    assert has_it(client)
    assert sales(app) == 1
    assert [state for _, state in stage.moved()] == ["success"]
    assert told == ["started", "authorized", "pending", "completed"]


def test_a_lost_answer_is_no_answer(app: Flask, client: FlaskClient, stage: Stage) -> None:
    url = stage.approve(client, client.get("/download/1"))
    stage.lose_answer()
    page = client.get(url, follow_redirects=True)
    assert "Your payment is being confirmed" in page.text
    assert "othing was charged" not in page.text
    assert not has_it(client)

    work(app)
    assert has_it(client)
    assert [state for _, state in stage.moved()] == ["success"]
    assert sales(app) == 1


def test_the_first_of_two_tabs_pays_and_the_other_costs_nothing(app: Flask, client: FlaskClient, stage: Stage) -> None:
    """The price has changed between them, so that they are two payments of one order."""
    first = client.get("/download/1")
    urls = [stage.approve(client, first)]
    with app.app_context():
        track = db.session.get(Track, 1)
        assert track is not None
        track.cents += 1
        db.session.commit()
    urls.append(stage.approve(client, client.get("/download/1")))
    for url in urls:
        client.get(url, follow_redirects=True)

    assert [payment.state.value for payment in payments(app)] == ["paid", "cancelled"]
    assert [state for _, state in stage.moved()] == ["success"]
    assert sales(app) == 1
    if isinstance(stage, HoldStage):
        assert [hold.released for hold in stage.provider.holds] == [False, True]


# What only the other shape brings

of_the_other_shape = pytest.mark.parametrize("stage", ["hold"], indirect=True)


@pytest.fixture
def hold(stage: Stage) -> HoldStage:
    assert isinstance(stage, HoldStage)
    return stage


@of_the_other_shape
def test_a_notification_before_the_return_does_not_decide_without_the_buyer(
    app: Flask, client: FlaskClient, hold: HoldStage
) -> None:
    url = hold.approve(client, client.get("/download/1"))
    assert hold.notify(client) == [200]
    assert [payment.state.value for payment in payments(app)] == ["started"]
    assert hold.moved() == []

    assert "Thank you, it is paid" in client.get(url, follow_redirects=True).text
    assert hold.notify(client) == [200]
    assert [state for _, state in hold.moved()] == ["success"]
    assert sales(app) == 1


@of_the_other_shape
def test_the_very_same_notification_means_look_again(app: Flask, client: FlaskClient, hold: HoldStage) -> None:
    client.get(hold.approve(client, client.get("/download/1"), slow=True))
    assert hold.notify(client) == [200, 200]
    assert [payment.state.value for payment in payments(app)] == ["pending"]

    hold.settle(client)
    assert [payment.state.value for payment in payments(app)] == ["paid"]
    assert sales(app) == 1


@of_the_other_shape
def test_a_notification_that_is_not_the_providers_is_refused(client: FlaskClient, hold: HoldStage) -> None:
    session = hold.session(client, client.get("/download/1"))
    hold.provider.authorize(session)
    [letter] = hold.provider.letters
    assert client.post(letter.url, data=letter.body).status_code == 400
    assert client.post(letter.url, data=letter.body + b" ", headers=dict(letter.headers)).status_code == 400


@of_the_other_shape
def test_an_approval_that_takes_its_time(app: Flask, client: FlaskClient, hold: HoldStage) -> None:
    session = hold.session(client, client.get("/download/1"))
    url = hold.provider.authorize(session, pending=True)
    client.get(url)
    assert [payment.state.value for payment in payments(app)] == ["started"]

    hold.provider.authorize(session)
    work(app)
    app.extensions["fps"].checkout.drive(payments(app)[0].reference)
    assert "Thank you, it is paid" in client.get(url, follow_redirects=True).text
    assert sales(app) == 1


@of_the_other_shape
def test_a_provider_that_does_not_say_where_to_go(app: Flask, client: FlaskClient, hold: HoldStage) -> None:
    """The buyer sees his payment's page, and the next click leads on, in the same session."""
    hold.wire.faults.append("lose_answer")
    start = client.get("/download/1").headers["Location"]
    page = client.get(start, follow_redirects=True)
    assert "You have not approved this payment yet" in page.text

    url = hold.approve(client, client.get("/download/1"))
    assert len(hold.provider.sessions) == len(payments(app)) == 1
    assert "Thank you, it is paid" in client.get(url, follow_redirects=True).text


@of_the_other_shape
def test_an_address_that_has_expired_is_not_given_out_again(
    app: Flask, client: FlaskClient, hold: HoldStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold.session(client, client.get("/download/1"))
    hold.session(client, client.get("/download/1"))
    assert len(hold.provider.sessions) == 1

    later = datetime.now(timezone.utc) + timedelta(hours=24, seconds=1)
    monkeypatch.setattr(app.extensions["fps"].ledger.store, "_clock", lambda: later)
    hold.session(client, client.get("/download/1"))
    assert len(hold.provider.sessions) == len(payments(app)) == 2


@of_the_other_shape
def test_an_authorization_of_another_amount_is_not_paid_with(app: Flask, client: FlaskClient, hold: HoldStage) -> None:
    session = hold.session(client, client.get("/download/1"))
    url = hold.provider.authorize(session)
    assert session.hold is not None
    session.hold.money -= type(session.money)(1, session.money.currency)
    client.get(url)

    assert [payment.state.value for payment in payments(app)] == ["cancelled"]
    assert session.hold.released
    assert hold.moved() == []


def make_shop(hold: HoldStage, tmp_path: Path, currency: str) -> tuple[Flask, FPS]:
    app = Flask("yen_shop")
    database = f"sqlite:///{tmp_path / 'fps.sqlite'}"
    app.config.update(SECRET_KEY="yen", FPS_DATABASE_URI=database, FPS_GATEWAY="hold", FPS_CURRENCY=currency)
    return app, FPS(app, gateways={"hold": hold.factory})


@of_the_other_shape
def test_two_currencies_one_without_decimals(hold: HoldStage, tmp_path: Path) -> None:
    app, fps = make_shop(hold, tmp_path, "EUR")
    client = app.test_client()
    for sku, price, currency in (("song", "0.10", None), ("shi", "1200", "JPY")):
        with app.test_request_context():
            response = fps.checkout(Item(sku, price, sku, currency=currency))
        client.get(hold.approve(client, response))

    assert [(each.money.minor, each.money.currency) for each in hold.provider.charges] == [(10, "EUR"), (1200, "JPY")]
    assert [str(payment.amount) for payment in payments(app)] == ["0.10", "1200"]
    app.extensions["fps"].ledger.engine.dispose()


@of_the_other_shape
def test_currencies_that_the_gateway_does_not_take(hold: HoldStage, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="FPS_CURRENCY"):
        make_shop(hold, tmp_path, "USD")
    app, fps = make_shop(hold, tmp_path, "EUR")
    with app.test_request_context(), pytest.raises(OrderError, match="USD"):
        fps.start_url(Item("song", "0.10", "One song", currency="USD"))


@of_the_other_shape
def test_local_does_not_promise_what_the_gateway_does(
    hold: HoldStage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "flask_fps")
    app, _ = make_shop(hold, tmp_path, "EUR")

    assert "what moves is what the gateway 'hold' moves" in caplog.text
    assert "no real money" not in caplog.text
    app.extensions["fps"].ledger.engine.dispose()
