"""The plugin, with a shop of twenty lines that speaks the protocol itself: whatever it finds is the plugin's."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask import redirect
from flask import request
from flask import Response
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from flask_fps import FPS
from flask_fps import Item
from flask_fps.config import Config
from flask_fps.config import KEYS
from flask_fps.protocol import demo
from flask_fps.protocol import outbound
from flask_fps.protocol.cbui import CBUI
from flask_fps.protocol.client import Client
from flask_fps.protocol.messages import Amount
from flask_fps.protocol.messages import GetTransactionStatus
from flask_fps.protocol.messages import Pay
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox


def make_shop(sandbox: Sandbox) -> Flask:
    """Sells one song, and says what it was told."""
    config = Config.read(sandbox.config)
    assert config.certificates is not None
    cbui = CBUI(config.cbui_url, config.access_key, config.secret_key)
    client = Client(config.api_url, config.access_key, config.secret_key)
    judge = outbound.PinnedCertificate(config.certificates[0], config.certificate_url)
    app = Flask("shop")
    app.extensions["client"] = client

    @app.get("/song")
    def song() -> ResponseReturnValue:
        if request.args.get("json"):
            return {"error": "unpaid", "start_url": "/start"}, 402
        return redirect("/start", 303)

    @app.get("/start")
    def start() -> ResponseReturnValue:
        url = f"{request.url_root}return?ref=a%2Bb~c"
        reference = request.args.get("reference", "song-1")
        methods = request.args.get("methods", "ABT,ACH,CC").split(",")
        return redirect(
            cbui.single_use(
                caller_reference=reference, return_url=url, transaction_amount="0.10", payment_method=methods
            ),
            303,
        )

    @app.get("/return")
    def back() -> ResponseReturnValue:
        url = f"{request.url_root}return?ref=a%2Bb~c"
        told = outbound.verified_return(request.query_string.decode(), url, judge)
        if not told.authorized:
            return f"not paid: {told.status}"
        pay = Pay(
            sender_token_id=str(told.token_id),
            transaction_amount=Amount("0.10"),  # type: ignore[arg-type]
            caller_reference=f"{told.caller_reference}-1",
            override_ipn_url=f"{request.url_root}ipn",
        )
        answer = client.send(pay)
        return f"{answer.transaction_status} {told.status} {answer.transaction_id}"

    @app.post("/ipn")
    def ipn() -> ResponseReturnValue:
        told = outbound.verified_notification(request.get_data(), f"{request.url_root}ipn", judge)
        return f"{told.transaction_status} {told.transaction_id}"

    return app


@pytest.fixture
def app(fps_sandbox: Sandbox) -> Flask:
    return make_shop(fps_sandbox)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The same shop on a port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def paid(sandbox: Sandbox) -> list[tuple[str, str, str]]:
    return [(each["sender"], each["status"], each["amount"]) for each in sandbox.ledger()["transactions"]]


def test_importing_the_plugin_imports_neither_flask_nor_the_sandbox() -> None:
    heavy = ["flask", "requests", "sqlalchemy", "cryptography", "alembic", "flask_fps.sandbox", "flask_fps.extension"]
    code = f"import sys, flask_fps.testing; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_each_test_has_a_sandbox_of_its_own(fps_sandbox: Sandbox) -> None:
    assert fps_sandbox.url.startswith("http://127.0.0.1:")
    assert fps_sandbox.ledger()["transactions"] == []
    assert Config.read(fps_sandbox.config).api_url == f"{fps_sandbox.url}/"


def test_the_config_goes_over_a_shops_own(fps_sandbox: Sandbox) -> None:
    own = {
        "FPS_ENVIRONMENT": "production",
        "FPS_API_URL": "https://fps.example",
        "FPS_ACCESS_KEY": "AKIA1",
        "FPS_SECRET_KEY": "secret",
        "FPS_EXTERNAL_URL": "https://shop.example",
    }
    assert Config.read({**own, **fps_sandbox.config}) == Config.read(fps_sandbox.config)


#: What a live shop has set, that must not reach a test: somebody else's keys, servers and money.
LIVE: dict[str, object] = {
    "FPS_ENVIRONMENT": "production",
    "FPS_GATEWAY": "wallet",
    "FPS_CURRENCY": "EUR",
    "FPS_ACCESS_KEY": "AKIA1",
    "FPS_SECRET_KEY": "secret",
    "FPS_RECIPIENT_EMAIL": "shop@example.com",
    "FPS_CALLER_TOKEN": "C" * 64,
    "FPS_RECIPIENT_TOKEN": "R" * 64,
    "FPS_API_URL": "https://fps.example/",
    "FPS_CBUI_URL": "https://fps.example/pay",
    "FPS_SANDBOX_URL": "http://127.0.0.1:1",
    "FPS_CERTIFICATES": demo.CERTIFICATE_PEM,
    "FPS_CERTIFICATE_URL": "https://fps.example/certificate.pem",
    "FPS_EXTERNAL_URL": "https://shop.example",
    "FPS_ACCOUNTS": {"eu": {"API_URL": "https://eu.example/", "CBUI_URL": "https://eu.example/pay"}},
}
#: What makes the shop the shop that is to be tested.
KEPT = {
    *("FPS_API_VERSION", "FPS_RETURN_SIGNATURE", "FPS_DATABASE_URI", "FPS_URL_PREFIX", "FPS_PAYMENT_METHODS"),
    *("FPS_PAYEE", "FPS_TIMEOUT", "FPS_ATTEMPT_LIFETIME", "FPS_RECOVER", "FPS_HANDLER_TIMEOUT", "FPS_EXPECT_HANDLERS"),
    *("FPS_ORDER_MAX_AGE", "FPS_DOWNLOAD_LIMIT", "FPS_DOWNLOAD_DAYS", "FPS_DOWNLOAD_WINDOW", "FPS_DOWNLOAD_LINK_AGE"),
    *("FPS_CLAIM_AGE", "FPS_CLAIM_LIMIT", "FPS_GUEST_COOKIE", "FPS_SEND_RECEIPT", "FPS_ACCEL"),
}


@pytest.mark.parametrize("key", KEYS)
def test_no_live_key_reaches_a_test(fps_sandbox: Sandbox, key: str) -> None:
    assert (key in fps_sandbox.config) == (key in LIVE) != (key in KEPT), "say of each key whether tests may have it"
    if key in LIVE:
        assert Config.read({key: LIVE[key], **fps_sandbox.config}) == Config.read(fps_sandbox.config)


def test_a_live_shop_sells_in_the_sandbox(fps_sandbox: Sandbox, fps_buyer: Buyer, tmp_path: Path) -> None:
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update({"SECRET_KEY": "test", **LIVE, **fps_sandbox.config})
    fps = FPS(app)

    @app.get("/goods")
    @fps.payment_required(Item("track-1", "0.10", "A track"))
    def goods() -> str:
        return "goods"

    client = app.test_client()
    fps_buyer.pay(client, client.get("/goods"))
    assert client.get("/goods").text == "goods"


@pytest.mark.parametrize(
    ("as_", "method", "said"),
    [
        ("john@example.com", None, "Success SA"),
        ("john@example.com", "ABT", "Success SA"),
        ("john@example.com", "CC", "Pending SC"),
        ("john@example.com", "ACH", "Pending SB"),
        ("jane@example.com", None, "Pending SC"),
        ("jane@example.com", "ABT", "Success SA"),
    ],
)
def test_the_robot_pays(
    client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer, as_: str, method: str | None, said: str
) -> None:
    page = fps_buyer.pay(client, client.get("/song"), as_=as_, method=method)

    assert page.text.startswith(said)
    assert paid(fps_sandbox) == [(as_, said.split()[0], "0.10")]


def test_it_starts_from_any_answer_on_the_way(client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer) -> None:
    for number, path in enumerate(("/song", "/song?json=1", "/start?reference=x", "/start?reference=y")):
        assert fps_buyer.authorize(client, client.get(path)).startswith("http://localhost/return?ref=a%2Bb~c&"), number
        fps_sandbox.reset()


def test_it_finds_a_shop_that_stands_under_a_path(app: Flask, fps_buyer: Buyer) -> None:
    app.config["APPLICATION_ROOT"] = "/shop"
    client = app.test_client()
    start = client.get("/start")
    assert start.request.url == "http://localhost/shop/start"

    assert fps_buyer.pay(client, start).text.startswith("Success SA")
    assert [answer.status_code for answer in fps_buyer.notify(client)] == [200]


def test_it_hands_on_why_the_sandbox_refused(client: FlaskClient, fps_buyer: Buyer) -> None:
    start = client.get("/start")
    start.headers["Location"] = start.headers["Location"].replace("0.10", "0.20")

    with pytest.raises(AssertionError, match=r"'Invalid Request' \(status 400\) .*[Ss]ignature"):
        fps_buyer.pay(client, start)


def test_it_says_when_the_shop_wants_no_money(app: Flask, client: FlaskClient, fps_buyer: Buyer) -> None:
    app.add_url_rule("/free", view_func=lambda: "here you are", endpoint="free")

    with pytest.raises(AssertionError, match="does not ask for a payment: 200 for http://localhost/free\nhere you are"):
        fps_buyer.pay(client, client.get("/free"))


def test_it_says_when_the_shop_runs_in_circles(app: Flask, client: FlaskClient, fps_buyer: Buyer) -> None:
    app.add_url_rule("/circle", view_func=lambda: redirect("/circle"), endpoint="circle")

    with pytest.raises(AssertionError, match="redirects in circles"):
        fps_buyer.pay(client, client.get("/circle"))


def test_it_says_what_the_sandbox_refused(client: FlaskClient, fps_buyer: Buyer) -> None:
    with pytest.raises(AssertionError, match="Sign in to pay"):
        fps_buyer.pay(client, client.get("/song"), password="wrong")


def test_it_says_which_methods_there_are(client: FlaskClient, fps_buyer: Buyer) -> None:
    with pytest.raises(AssertionError, match="john@example.com cannot pay by ABT here, only by ACH or CC"):
        fps_buyer.pay(client, client.get("/start?methods=ACH,CC"), method="ABT")


def test_it_walks_over_a_socket_too(served: str, fps_sandbox: Sandbox, fps_buyer: Buyer) -> None:
    with requests.Session() as session:
        page = fps_buyer.pay(session, session.get(f"{served}/song", allow_redirects=False))

    assert page.text.startswith("Success SA")
    assert paid(fps_sandbox) == [("john@example.com", "Success", "0.10")]


@pytest.mark.parametrize("at", ["sign_in", "payment_method", "confirm"])
def test_a_buyer_who_declines_comes_back(client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer, at: str) -> None:
    assert fps_buyer.decline(client, client.get("/song"), at=at).text == "not paid: A"
    assert fps_sandbox.ledger()["tokens"] == []


@pytest.mark.parametrize("at", ["sign_in", "payment_method", "confirm"])
def test_a_buyer_who_closes_the_window_may_begin_again(
    client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer, at: str
) -> None:
    fps_buyer.abandon(client, client.get("/song"), at=at)
    assert fps_sandbox.ledger()["tokens"] == []

    assert fps_buyer.pay(client, client.get("/song")).text.startswith("Success")


def test_there_is_no_method_page_for_a_buyer_with_a_default(client: FlaskClient, fps_buyer: Buyer) -> None:
    with pytest.raises(AssertionError, match="there was no page 'payment_method'"):
        fps_buyer.abandon(client, client.get("/song"), at="payment_method", as_="jane@example.com")


def test_a_late_return_finds_its_token_expired(
    app: Flask, client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer
) -> None:
    app.testing = False
    page = fps_buyer.pay_late(client, client.get("/song"))

    assert page.status_code == 500
    assert paid(fps_sandbox) == []
    assert [token["status"] for token in fps_sandbox.ledger()["tokens"]] == ["Inactive"]


def test_a_return_a_little_late_is_in_time(client: FlaskClient, fps_buyer: Buyer) -> None:
    assert fps_buyer.pay_late(client, client.get("/song"), after=timedelta(hours=2)).text.startswith("Success")


@pytest.mark.parametrize("method", ["CC", "ACH"])
def test_what_pends_settles_when_told_to(
    app: Flask, client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer, method: str
) -> None:
    transaction = fps_buyer.pay(client, client.get("/song"), method=method).text.split()[-1]
    before = fps_sandbox.clock.now()

    assert [each.transaction_id for each in fps_sandbox.settle()] == [transaction]
    assert fps_sandbox.clock.now() > before
    assert paid(fps_sandbox) == [("john@example.com", "Success", "0.10")]
    with pytest.raises(AssertionError, match="nothing is pending"):
        fps_sandbox.settle()
    asked = app.extensions["client"].send(GetTransactionStatus(transaction_id=transaction))
    assert asked.transaction_status == "Success"


def test_notifications_wait_until_they_are_posted(client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer) -> None:
    transaction = fps_buyer.pay(client, client.get("/song"), method="CC").text.split()[-1]
    fps_sandbox.settle()
    assert [letter.parameters["transactionStatus"] for letter in fps_sandbox.notifications] == ["PENDING", "SUCCESS"]

    answers = fps_buyer.notify(client)
    assert [answer.text for answer in answers] == [f"PENDING {transaction}", f"SUCCESS {transaction}"]
    assert fps_sandbox.notifications == []
    assert fps_buyer.notify(client) == []


def test_a_notification_that_was_not_taken_waits_on(
    app: Flask, client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer
) -> None:
    fps_buyer.pay(client, client.get("/song"))
    view = app.view_functions["ipn"]
    app.view_functions["ipn"] = lambda: ("not now", 503)

    assert [answer.status_code for answer in fps_buyer.notify(client)] == [503]
    app.view_functions["ipn"] = view
    assert [answer.status_code for answer in fps_buyer.notify(client)] == [200]


def test_a_served_shop_is_told_when_the_clock_moves(
    app: Flask, served: str, fps_sandbox: Sandbox, fps_buyer: Buyer
) -> None:
    heard: list[Any] = []

    @app.after_request
    def listen(response: Response) -> Response:
        heard.append((request.path, response.get_data(as_text=True)))
        return response

    with requests.Session() as session:
        fps_buyer.pay(session, session.get(f"{served}/song", allow_redirects=False), method="CC")
    fps_sandbox.settle()

    assert [said.split()[0] for path, said in heard if path == "/ipn"] == ["PENDING", "SUCCESS"]
    assert fps_sandbox.notifications == []


def test_faults_are_the_sandboxes_own(app: Flask, client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer) -> None:
    app.testing = False
    fps_sandbox.faults.add("Pay", "lose_answer")

    assert fps_buyer.pay(client, client.get("/song")).status_code == 500
    assert paid(fps_sandbox) == [("john@example.com", "Success", "0.10")]


def test_a_reset_is_a_first_day(client: FlaskClient, fps_sandbox: Sandbox, fps_buyer: Buyer) -> None:
    fps_buyer.pay(client, client.get("/song"))
    fps_sandbox.faults.add("Pay", "lose_answer")
    fps_sandbox.reset()

    assert paid(fps_sandbox) == []
    assert fps_sandbox.faults.left == []


def test_without_the_extra_the_fixture_names_it(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_fps.sandbox.server.find_spec", lambda name: None)

    with pytest.raises(pytest.fail.Exception, match=r'needs its extra: pip install "Flask-FPS\[sandbox\]"'):
        request.getfixturevalue("fps_sandbox")


def test_of_a_page_that_wants_no_money_only_what_it_says_is_shown(
    app: Flask, client: FlaskClient, fps_buyer: Buyer
) -> None:
    page = "<html><head><title>T</title><style>p {}</style></head><h1>Not\n found</h1><p>Try <b>again</b>.</p></html>"
    app.add_url_rule("/page", view_func=lambda: (page, 404), endpoint="page")

    with pytest.raises(AssertionError, match=r"404 for http://localhost/page\nNot found\nTry\nagain\n\.$"):
        fps_buyer.pay(client, client.get("/page"))
