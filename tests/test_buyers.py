from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import request
from sqlalchemy import text
from werkzeug.http import parse_cookie
from werkzeug.test import EnvironBuilder
from werkzeug.test import run_wsgi_app

from flask_fps.errors import LedgerBusy
from tests.apps import heading
from tests.apps import Shop
from tests.apps import SONG

COOKIE = "fps_guest"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.app.add_url_rule("/mine", "mine", lambda: [each.reference for each in shop.fps.purchases()])
    shop.app.add_url_rule("/paid", "paid", lambda: [shop.fps.is_paid(SONG)])
    shop.app.add_url_rule("/news", "news", lambda: ("news", {"Cache-Control": "public, max-age=60"}))
    yield shop
    shop.close()


def test_somebody_never_seen_becomes_a_guest_when_he_starts_to_pay(shop: Shop) -> None:
    client = shop.client()
    client.get("/mine")
    client.get("/song")
    assert client.get_cookie(COOKIE) is None
    answer = shop.start(client)

    [header] = answer.headers.getlist("Set-Cookie")
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    assert (cookie.path, cookie.http_only, cookie.same_site, cookie.secure) == ("/", True, "Lax", False)
    assert cookie.max_age == 365 * 24 * 3600
    with shop.app.test_request_context():
        guest = shop.state.links.read_guest(parse_cookie(header.partition(";")[0])[COOKIE])
    assert guest.startswith("guest:")
    assert len(guest) > 25
    assert shop.ledger.newest(1)[0].buyer == guest


def test_a_guest_stays_the_same_guest(shop: Shop) -> None:
    client = shop.client()
    first = shop.started(client)

    assert len(shop.start(client).headers.getlist("Set-Cookie")) == 1  # for a year from now
    assert shop.started(client) == first
    assert shop.started(shop.client()).buyer != first.buyer


def test_a_start_that_was_under_way_at_sign_in_is_brought_to_the_account(shop: Shop) -> None:
    client = shop.client()
    shop.start(client)
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    slow = shop.client()
    slow.set_cookie(COOKIE, cookie.value)
    client.environ_base["HTTP_X_USER"] = "7"
    client.get("/news")
    assert client.get_cookie(COOKIE) is None
    [header] = shop.start(slow).headers.getlist("Set-Cookie")  # it left before the sign-in, and its answer comes after
    payment = shop.ledger.newest(1)[0]
    assert payment.buyer.startswith("guest:")
    client.set_cookie(COOKIE, parse_cookie(header.partition(";")[0])[COOKIE])
    client.get("/news")

    assert shop.payment(payment.reference).buyer == "7"


def test_what_was_written_for_one_buyer_goes_to_no_other_out_of_a_cache(shop: Shop) -> None:
    client = shop.client()
    for path in ("/mine", "/paid"):
        assert "Cookie" in client.get(path).vary
    assert "Cookie" not in client.get("/buy").vary  # the same link for everybody


def test_the_page_that_takes_a_guests_cookie_takes_it_from_nobody_else(shop: Shop) -> None:
    client = shop.client()
    shop.buy(client)
    client.environ_base["HTTP_X_USER"] = "7"
    first, second = client.get("/news"), client.get("/news")

    assert (len(first.headers.getlist("Set-Cookie")), first.headers["Cache-Control"]) == (1, "no-store")
    assert (len(second.headers.getlist("Set-Cookie")), second.headers["Cache-Control"]) == (0, "public, max-age=60")


def test_who_is_known_to_one_shop_is_not_taken_for_the_same_by_another(shop: Shop, tmp_path: Path) -> None:
    """A cascade of apps hands the very same environ on, until one of them has the page."""
    (tmp_path / "other").mkdir()
    other = Shop(tmp_path / "other")
    other.fps.buyer_loader(lambda: request.headers.get("X-Customer"))
    other.app.add_url_rule("/whose", "whose", lambda: [each.reference for each in other.fps.purchases()])
    customer = other.client()
    customer.environ_base["HTTP_X_CUSTOMER"] = "7"
    payment = other.buy(customer)
    shop.app.register_error_handler(404, lambda error: (str(shop.fps.purchases()), 404))

    def cascade(environ: Any, start_response: Any) -> Any:
        b"".join(shop.app(environ, lambda *_: lambda _: None))
        return other.app(environ, start_response)

    answer, _, _ = run_wsgi_app(cascade, EnvironBuilder("/whose", environ_overrides={"HTTP_X_USER": "7"}).get_environ())
    assert b"".join(answer) == b"[]\n"
    assert customer.get("/whose").json == [payment.reference]
    other.close()


def test_under_https_the_cookie_is_secure(tmp_path: Path) -> None:
    shop = Shop(tmp_path, config={"FPS_ENVIRONMENT": "production", "FPS_EXTERNAL_URL": "https://shop.example"})
    client = shop.client()
    answer = client.get(client.get("/buy").text, base_url="https://shop.example")

    assert "Secure" in answer.headers["Set-Cookie"]
    shop.close()


@pytest.mark.parametrize("forged", ["guest:1", "ImEi.x", "", "\N{SNOWMAN}", "x" * 4000])
def test_a_forged_cookie_is_nobody(shop: Shop, forged: str) -> None:
    owner = shop.client()
    shop.buy(owner)
    cookie = owner.get_cookie(COOKIE)
    assert cookie is not None
    client = shop.client()
    payload, _, signature = cookie.value.rpartition(".")  # its last character has bits that mean nothing
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    client.set_cookie(COOKIE, forged or f"{payload}.{changed}")

    assert client.get("/mine").json == []
    assert client.get("/song").status_code == 303


def test_who_has_signed_in_is_known_by_the_shops_own_id(shop: Shop) -> None:
    payment = shop.buy(shop.client("7"))

    assert payment.buyer == "7"
    assert shop.client("7").get("/mine").json == [payment.reference]
    assert shop.client("8").get("/mine").json == []
    assert shop.client().get("/mine").json == []


def test_numbers_will_do(shop: Shop) -> None:
    shop.fps.buyer_loader(lambda: 7)

    assert shop.buy(shop.client()).buyer == "7"


def test_the_loader_may_be_a_coroutine(shop: Shop) -> None:
    async def loader() -> str:
        return "7"

    shop.fps.buyer_loader(loader)
    assert shop.buy(shop.client()).buyer == "7"


@pytest.mark.parametrize("found", ["guest:7", "", "x" * 129, object(), True, b"7", 7.0])
def test_an_id_that_cannot_be_one_is_told_to_the_developer(shop: Shop, found: object) -> None:
    shop.fps.buyer_loader(lambda: found)
    with pytest.raises(RuntimeError, match=r"fps\.buyer_loader returned .*: return a stable id of 1 to 128 characters"):
        shop.client().get("/mine")


def test_signing_in_brings_the_purchases_along_once(shop: Shop) -> None:
    client = shop.client()
    payment = shop.buy(client)
    guest = payment.buyer
    client.environ_base["HTTP_X_USER"] = "7"
    answer = client.get("/song")

    assert answer.text == "the song"
    assert client.get_cookie(COOKIE) is None
    moved = shop.payment(payment.reference)
    assert moved.buyer == "7"
    assert shop.ledger.journal(payment.reference)[-1].detail == {"guest": guest, "buyer": "7"}
    assert shop.client("7").get("/mine").json == [payment.reference]


def test_on_any_page_of_the_shop(shop: Shop) -> None:
    client = shop.client()
    payment = shop.buy(client)
    client.environ_base["HTTP_X_USER"] = "7"
    client.get("/no such page")

    assert shop.payment(payment.reference).buyer == "7"


def test_signing_in_in_the_middle_of_the_dance(shop: Shop) -> None:
    client = shop.client()
    payment = shop.started(client)
    client.environ_base["HTTP_X_USER"] = "7"
    answer = client.get(shop.return_path(payment), follow_redirects=True)

    assert heading(answer) == "Thank you, it is paid"
    assert shop.payment(payment.reference).buyer == "7"
    assert client.get("/song").text == "the song"


def test_after_signing_out_he_is_a_stranger(shop: Shop) -> None:
    client = shop.client("7")
    shop.buy(client)
    del client.environ_base["HTTP_X_USER"]

    assert client.get("/song").status_code == 303


def test_where_the_ledger_is_busy_the_cookie_stays_for_the_next_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = shop.client()
    payment = shop.buy(client)
    client.environ_base["HTTP_X_USER"] = "7"

    def busy(guest: str, buyer: str) -> int:
        raise LedgerBusy("locked")

    with monkeypatch.context() as locked:
        locked.setattr(shop.ledger, "adopt", busy)
        assert client.get("/buy").status_code == 200
    assert client.get_cookie(COOKIE) is not None
    client.get("/buy")
    assert shop.payment(payment.reference).buyer == "7"


# The shop's own session


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose ledger is in its own database, and whose view has an open write."""
    shop = Shop(tmp_path, db=True)
    assert shop.db is not None
    session = shop.db.session
    with shop.app.app_context():
        session.execute(text("CREATE TABLE notes (text TEXT)"))
        session.commit()

    @shop.app.get("/think-again")
    def think_again() -> list[bool]:
        session.execute(text("INSERT INTO notes VALUES ('half done')"))
        paid = shop.fps.is_paid(SONG)
        shop.fps.purchases()
        session.rollback()
        return [paid]

    yield shop
    shop.close()


def test_asking_who_owns_what_never_commits_the_shops_work(beside: Shop) -> None:
    client = beside.client()
    beside.buy(client)
    assert client.get("/think-again").json == [True]
    client.environ_base["HTTP_X_USER"] = "7"
    assert client.get("/think-again").json == [True]

    with beside.app.app_context():
        assert beside.db is not None
        assert beside.db.session.execute(text("SELECT count(*) FROM notes")).scalar() == 0


def test_our_own_pages_leave_no_transaction_of_the_shops_open(beside: Shop) -> None:
    open_ones = []
    assert beside.db is not None
    session = beside.db.session

    def loader() -> str:
        session.execute(text("SELECT * FROM notes"))
        return "7"

    beside.fps.buyer_loader(loader)
    client = beside.client()
    payment = beside.started(client)
    beside.gateway.meanwhile["pay"] = lambda: open_ones.append(session().in_transaction())
    client.get(beside.return_path(payment))

    assert open_ones == [False]


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"SESSION_COOKIE_PATH": "/all"}, "Path=/all"),
        ({"SESSION_COOKIE_DOMAIN": "localhost"}, "Domain=localhost"),
    ],
)
def test_a_guest_is_known_where_the_shops_session_is(tmp_path: Path, config: dict[str, Any], place: str) -> None:
    shop = Shop(tmp_path, config=config)
    client = shop.app.test_client(use_cookies=False)
    [made] = shop.start(client).headers.getlist("Set-Cookie")
    signed_in = client.get("/mine", headers={"X-User": "7", "Cookie": made.split(";")[0]})
    [deleted] = signed_in.headers.getlist("Set-Cookie")

    assert place in made.split("; ")
    assert deleted.startswith("fps_guest=;") and place in deleted.split("; ")
    shop.close()


def test_two_shops_on_one_host_keep_their_guests_apart(tmp_path: Path) -> None:
    shops = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shops.append(Shop(tmp_path / name, config={"SECRET_KEY": name, "FPS_GUEST_COOKIE": f"{name}_guest"}))
    one, two = shops
    browser = one.client()
    one.buy(browser)
    kept = browser.get_cookie("one_guest")
    assert kept is not None
    there = two.app.test_client(use_cookies=False)
    answer = there.get(there.get("/buy").text, headers={"Cookie": f"one_guest={kept.value}"})

    assert [each.partition("=")[0] for each in answer.headers.getlist("Set-Cookie")] == ["two_guest"]
    assert browser.get("/song").text == "the song"
    one.close()
    two.close()
