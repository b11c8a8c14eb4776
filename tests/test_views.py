from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import quote
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from flask_fps import Item
from flask_fps.errors import LedgerBusy
from flask_fps.ledger import Arrivals
from flask_fps.records import Outcome
from flask_fps.records import Result
from flask_fps.records import State
from flask_fps.views import LARGEST_NOTIFICATION
from flask_fps.views import LONGEST_QUERY
from tests.apps import heading
from tests.apps import Shop
from tests.database import counted

SEAT = Item("seat", 9, "A seat", repeatable=True)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path, config={"FPS_PAYEE": "The Song Shop"})
    yield shop
    shop.close()


@pytest.fixture
def client(shop: Shop) -> FlaskClient:
    return shop.client()


def link(shop: Shop, *items: Item, **options: Any) -> str:
    with shop.app.test_request_context():
        return shop.fps.start_url(*items, **options)


# Start


def test_a_start_link_is_the_same_for_every_visitor(shop: Shop) -> None:
    assert shop.client("7").get("/buy").text == shop.client().get("/buy").text


def test_it_sends_the_buyer_away_and_remembers_where_he_is_to_come_back(shop: Shop, client: FlaskClient) -> None:
    answer = shop.start(client)
    payment = shop.ledger.newest(1)[0]

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"https://provider.example/pay?reference={payment.reference}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert payment.return_url.startswith("http://localhost/fps/return?ref=")
    assert payment.notify_url == "http://localhost/fps/ipn"
    assert len(payment.reference) >= 32
    assert len(f"{payment.reference}-99") <= 49


def test_in_local_the_buyer_comes_back_to_the_host_he_came_from(shop: Shop, client: FlaskClient) -> None:
    client.get(client.get("/buy").text, base_url="http://127.0.0.1:5000")

    assert shop.ledger.newest(1)[0].return_url.startswith("http://127.0.0.1:5000/fps/return?ref=")


def test_elsewhere_he_comes_back_to_the_external_address(tmp_path: Path) -> None:
    config = {"FPS_ENVIRONMENT": "production", "FPS_EXTERNAL_URL": "https://shop.example/app"}
    shop = Shop(tmp_path, config=config)
    client = shop.client()
    start = client.get("/buy").text
    assert start.startswith("/app/fps/start?order=")
    client.get(start.removeprefix("/app"), base_url="https://evil.example")

    payment = shop.ledger.newest(1)[0]
    assert payment.return_url.startswith("https://shop.example/app/fps/return?ref=")
    assert payment.notify_url == "https://shop.example/app/fps/ipn"
    shop.close()


@pytest.mark.parametrize("said", [{"status": "abandoned", "token": ""}, {"token": "another"}])
def test_a_return_that_is_loaded_again_and_again_does_not_fill_the_story(
    shop: Shop, client: FlaskClient, said: dict[str, str]
) -> None:
    payment = shop.buy(client) if "status" not in said else shop.started(client)
    path = shop.return_path(payment, **said)
    client.get(path)
    story = shop.ledger.journal(payment.reference)
    for _ in range(3):
        assert client.get(path).status_code == 303

    assert shop.ledger.journal(payment.reference) == story


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}])
def test_who_only_looks_ahead_starts_nothing(shop: Shop, client: FlaskClient, headers: dict[str, str]) -> None:
    start = client.get("/buy").text

    assert client.get(start, headers=headers).status_code == 503
    assert client.head(start).status_code == 503
    assert shop.ledger.newest(1) == []
    assert client.get_cookie("fps_guest") is None


def test_an_order_past_its_age_goes_to_its_shop_page(shop: Shop, client: FlaskClient) -> None:
    with_next, without = client.get("/buy").text, link(shop, SEAT, order_key="17")
    shop.clock.advance(timedelta(days=1, seconds=1))

    answer = client.get(with_next)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/song")
    assert client.get(without).status_code == 410
    assert heading(client.get(without)) == "This offer has expired"
    assert shop.ledger.newest(1) == []


@pytest.mark.parametrize("change", ["", "x", "tampered", "other kind"])
def test_a_forged_order_is_refused(shop: Shop, client: FlaskClient, change: str) -> None:
    genuine = client.get("/buy").text
    token = parse_qs(urlsplit(genuine).query)["order"][0]
    with shop.app.test_request_context():
        forged = {"tampered": "A" + token[1:], "other kind": shop.state.links.write_guest("guest:1")}.get(
            change, change
        )
    answer = client.get(f"/fps/start?order={forged}")

    assert (answer.status_code, heading(answer)) == (400, "This link does not work")
    assert shop.ledger.newest(1) == []


def test_who_owns_it_is_sent_to_it(shop: Shop, client: FlaskClient) -> None:
    shop.buy(client)
    answer = shop.start(client)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/song")


def test_who_is_paying_is_sent_to_his_payment(shop: Shop, client: FlaskClient) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy(client)
    answer = shop.start(client)

    assert (answer.status_code, answer.headers["Location"]) == (303, shop.page(payment))


def test_somebody_elses_order_is_only_said_to_be_taken(shop: Shop, client: FlaskClient) -> None:
    start = link(shop, SEAT, order_key="17")
    shop.gateway.will("pay", "pending")
    payment = shop.buy(client, start)
    answer = shop.client().get(start)

    assert (answer.status_code, heading(answer)) == (409, "This order is already being paid")
    assert payment.reference not in answer.text


def test_where_nobody_answers_nobody_is_sent(shop: Shop, client: FlaskClient) -> None:
    shop.gateway.will("reachable", "lost")
    answer = shop.start(client)

    assert (answer.status_code, heading(answer)) == (503, "Payment service unavailable")
    assert "Nothing was charged. Please try again in a moment." in answer.text
    assert "<p>It does not answer.</p>" in answer.text and "<code>start it</code>" in answer.text
    assert shop.ledger.newest(1) == []


@pytest.mark.parametrize("answer", ["lost", "pending", "not sent"])
def test_where_nobody_answers_a_payment_under_way_is_not_called_nothing(
    shop: Shop, client: FlaskClient, answer: str
) -> None:
    """Its money may have moved: only its own page knows what is proven."""
    shop.gateway.will("pay", answer)
    payment = shop.buy(client)
    shop.gateway.will("reachable", "lost")

    assert shop.start(client).headers["Location"] == shop.page(payment)


def test_where_nobody_answers_the_goods_are_still_there(shop: Shop, client: FlaskClient) -> None:
    shop.buy(client)
    shop.gateway.will("reachable", "lost")

    assert shop.start(client).headers["Location"] == "/song"


def test_a_provider_that_cannot_begin_leads_to_the_payments_page(
    shop: Shop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.gateway, "begin", lambda payment: Outcome(Result.UNKNOWN))
    answer = shop.start(client)

    assert answer.headers["Location"] == shop.page(shop.ledger.newest(1)[0])


# Return


def test_every_return_lands_on_the_payments_page(shop: Shop, client: FlaskClient) -> None:
    for status in ("abandoned", "refused", "authorized"):
        payment = shop.started(client)
        answer = client.get(shop.return_path(payment, status=status))
        assert (answer.status_code, answer.headers["Location"]) == (303, shop.page(payment))
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_broken_return_changes_nothing(shop: Shop, client: FlaskClient) -> None:
    payment = shop.started(client)
    answer = client.get(shop.return_path(payment, signature="mine"))

    assert (answer.status_code, heading(answer)) == (400, "This link does not work")
    assert shop.page(payment) in answer.text
    assert shop.payment(payment.reference) == payment


@pytest.mark.parametrize("ref", ["", "x", "ref"])
def test_a_return_that_names_no_payment_of_ours(shop: Shop, client: FlaskClient, ref: str) -> None:
    answer = client.get(f"/fps/return?ref={ref}&status=authorized&signature=provider&token=T")

    assert (answer.status_code, heading(answer)) == (400, "This link does not work")


def test_a_return_without_or_with_two_names(shop: Shop, client: FlaskClient) -> None:
    path = shop.return_path(shop.started(client))

    assert client.get("/fps/return?status=authorized").status_code == 400
    assert client.get(f"{path}&{urlsplit(path).query.partition('&')[0]}").status_code == 400


def test_a_payment_that_is_not_in_this_ledger(shop: Shop, client: FlaskClient) -> None:
    with shop.app.test_request_context():
        ref = shop.state.links.write_ref("another shop's")
    answer = client.get(f"/fps/return?ref={ref}&status=authorized")

    assert (answer.status_code, heading(answer)) == (404, "We do not know this payment")


@pytest.mark.parametrize("path", ["/fps/start", "/fps/return", "/fps/payments/x", "/fps/static/fps.css"])
def test_a_query_too_long_is_refused_before_it_is_parsed(shop: Shop, client: FlaskClient, path: str) -> None:
    answer = client.get(f"{path}?a={'x' * LONGEST_QUERY}")

    assert (answer.status_code, heading(answer)) == (414, "This link is too long")


@pytest.mark.parametrize("raw", [quote(b"\xff\xfe"), "%", "%zz", "&&&", "=", "ref", "ref=%00"])
def test_odd_queries_are_no_crash(shop: Shop, client: FlaskClient, raw: str) -> None:
    payment = shop.started(client)
    before = shop.payment(payment.reference)

    assert client.get(f"/fps/return?{raw}").status_code == 400
    assert client.get(f"/fps/start?{raw}").status_code == 400
    assert client.get(f"{shop.return_path(payment, signature='mine')}&{raw}").status_code == 400
    assert shop.payment(payment.reference) == before


def test_a_look_ahead_at_the_return_finishes_nothing(shop: Shop, client: FlaskClient) -> None:
    payment = shop.started(client)
    path = shop.return_path(payment)

    assert client.head(path).status_code == 503
    assert client.get(path, headers={"Sec-Purpose": "prefetch"}).status_code == 503
    assert shop.payment(payment.reference) == payment
    assert client.get(path).status_code == 303


def test_a_strangers_browser_finishes_the_owners_purchase_and_sees_nothing_of_it(
    shop: Shop, client: FlaskClient
) -> None:
    payment = shop.started(client)
    stranger = shop.client()
    answer = stranger.get(shop.return_path(payment), follow_redirects=True)

    assert (answer.status_code, heading(answer)) == (404, "This payment is not shown here")
    assert shop.payment(payment.reference).buyer == payment.buyer
    assert client.get("/song").text == "the song"
    assert stranger.get("/song").status_code == 303


def test_a_return_that_could_not_be_checked_says_so(shop: Shop, client: FlaskClient) -> None:
    payment = shop.started(client)
    shop.gateway.will("finish", "lost", "lost")
    answer = client.get(shop.return_path(payment), follow_redirects=True)

    assert heading(answer) == "Your payment is being confirmed"
    assert "do not pay again" in answer.text
    assert 'http-equiv="refresh"' in answer.text
    shop.clock.advance(5)
    assert heading(client.get(shop.page(payment))) == "Thank you, it is paid"


# The payment's page


@pytest.mark.parametrize(
    ("said", "headline"),
    [
        ("success", "Thank you, it is paid"),
        ("pending", "Your payment is on its way"),
        ("lost", "Your payment is being confirmed"),
        ("not sent", "Payment service unavailable"),
        ("refused", "The payment was declined"),
    ],
)
def test_one_page_for_every_end(shop: Shop, client: FlaskClient, said: str, headline: str) -> None:
    shop.gateway.will("pay", said)
    answer = client.get(shop.page(shop.buy(client)))

    assert (answer.status_code, heading(answer)) == (200, headline)
    assert "$0.10" in answer.text
    assert "The Song Shop" in answer.text
    assert "Now and Forever" in answer.text
    assert ('href="/song"' in answer.text) is (said in ("success", "refused"))
    assert ("Nothing was charged" in answer.text) is (said in ("not sent", "refused"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_looking_at_it_takes_it_further(shop: Shop, client: FlaskClient) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy(client)
    shop.clock.advance(5)

    assert heading(client.get(shop.page(payment))) == "Thank you, it is paid"
    assert shop.payment(payment.reference).delivered_at == shop.clock.now


def test_only_looking_ahead_does_not(shop: Shop, client: FlaskClient) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy(client)
    shop.clock.advance(5)
    client.head(shop.page(payment))
    client.get(shop.page(payment), headers={"Sec-Purpose": "prefetch"})

    assert shop.payment(payment.reference).state is State.UNKNOWN


def test_a_stranger_learns_nothing(shop: Shop, client: FlaskClient) -> None:
    payment = shop.buy(client)
    stranger = shop.client()
    stranger.get("/song")
    answers = [
        each.get(path)
        for each in (stranger, shop.client("7"))
        for path in (shop.page(payment), "/fps/payments/no-such-payment")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_a_stranger_drives_nothing(shop: Shop, client: FlaskClient) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy(client)
    shop.clock.advance(5)
    shop.client("7").get(shop.page(payment))

    assert shop.payment(payment.reference).state is State.UNKNOWN


# Notifications


def test_a_notification_is_kept_before_it_is_acknowledged(shop: Shop, client: FlaskClient) -> None:
    shop.gateway.will("pay", "pending")
    payment = shop.buy(client)
    shop.provider.settle()
    answer = shop.notify(shop.client(), payment)

    assert (answer.status_code, answer.text) == (200, "kept\n")
    assert shop.payment(payment.reference).delivered_at == shop.clock.now


def test_one_that_is_not_the_providers_is_refused(shop: Shop, client: FlaskClient) -> None:
    payment = shop.buy(client)

    assert shop.notify(client, payment, signature="mine").status_code == 400
    assert client.post("/fps/ipn").status_code == 400
    assert client.get("/fps/ipn").status_code == 405


def test_one_that_cannot_be_checked_now_is_acknowledged(shop: Shop, client: FlaskClient) -> None:
    payment = shop.buy(client)
    shop.gateway.will("notification", "lost")

    assert shop.notify(client, payment).status_code == 200


def test_one_that_is_too_large_is_not_read(shop: Shop, client: FlaskClient) -> None:
    answer = client.post("/fps/ipn", data=b"x" * (LARGEST_NOTIFICATION + 1))

    assert answer.status_code == 413
    assert "notification" not in shop.gateway.calls


def test_one_that_cannot_be_kept_is_sent_again_by_the_provider(
    shop: Shop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = shop.buy(client)

    def away(*args: object, **options: object) -> None:
        raise LedgerBusy("away")

    monkeypatch.setattr(Arrivals, "keep_notification", away)
    answer = shop.notify(client, payment)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# Trouble


def test_a_busy_ledger_is_told_without_scaring_anybody(
    shop: Shop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    payment = shop.started(client)

    def away(*args: object) -> None:
        raise LedgerBusy("away")

    monkeypatch.setattr(shop.ledger, "accept", away)
    answer = client.get(shop.return_path(payment))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "please do not pay again" in answer.text
    assert [record.name for record in caplog.records if record.getMessage() == "away"] == ["flask_fps"]


def test_missing_tables_are_answered_by_the_command(tmp_path: Path) -> None:
    shop = Shop(tmp_path, db=True)
    with shop.ledger.engine.begin() as connection:
        for table in ("fps_lines", "fps_payments"):
            connection.execute(text(f"DROP TABLE {table}"))
    answer = shop.start(shop.client())

    assert answer.status_code == 503
    assert "flask fps db upgrade" in answer.text
    shop.close()


@pytest.mark.parametrize("host", ["shop.example", "10.0.0.1", "127.0.0.1.evil.example", "localhost.evil.example", "["])
def test_local_is_for_this_machine_only(shop: Shop, client: FlaskClient, host: str) -> None:
    start = client.get("/buy").text
    answer = client.get(start, headers={"Host": host})

    assert answer.status_code in (400, 503)
    assert shop.ledger.newest(1) == []


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:5000", "127.8.9.1"])
def test_this_machine_has_many_names(shop: Shop, client: FlaskClient, host: str) -> None:
    assert client.get(client.get("/buy").text, headers={"Host": host}).status_code == 303


def test_our_style_sheet_may_be_cached(client: FlaskClient) -> None:
    with client.get("/fps/static/fps.css") as answer:
        assert answer.status_code == 200
        assert "no-store" not in answer.headers["Cache-Control"]


def test_what_a_purchase_costs_in_commits(tmp_path: Path) -> None:
    for db in (None, True):
        folder = tmp_path / str(db)
        folder.mkdir()
        shop = Shop(folder, db=db)
        client = shop.client()
        start = client.get("/buy").text
        with counted(shop.ledger.engine) as commits:
            location = client.get(start).headers["Location"]
        assert len(commits) == 1
        payment = shop.payment(parse_qs(urlsplit(location).query)["reference"][0])
        path = shop.return_path(payment)
        with counted(shop.ledger.engine) as commits:
            client.get(path)
        assert len(commits) == 3
        assert shop.payment(payment.reference).delivered_at is not None
        with counted(shop.ledger.engine) as commits:
            client.get("/song")
            client.get(shop.page(payment))
        assert commits == []
        shop.close()
