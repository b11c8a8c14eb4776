from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest
from flask import abort
from flask import Flask
from flask import send_file
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import TestResponse

from flask_fps import FPS
from flask_fps import Item
from flask_fps.errors import LedgerBusy
from flask_fps.errors import OrderError
from flask_fps.errors import SchemaMissing
from flask_fps.errors import SetupError
from flask_fps.ledger import Rights
from tests.apps import Shop
from tests.apps import SONG

ALBUM = Item("album", 5, "The album")
FREE = "free"


def item(name: str) -> Item | None:
    if name == "nothing":
        abort(404)
    return None if name == FREE else Item(name, "0.10", name.title())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    required = shop.fps.payment_required

    @shop.app.route("/items/<path:name>", methods=["GET", "POST"])
    @required(item)
    def items(name: str) -> str:
        return f"here is {name}"

    @shop.app.get("/both")
    @required([SONG, ALBUM])
    def both() -> str:
        return "both"

    @shop.app.get("/iterator")
    @required(iter([SONG, ALBUM]))
    def iterator() -> str:
        return "both"

    @shop.app.get("/async/<name>")
    @required(item)
    async def asynchronous(name: str) -> str:
        return f"here is {name}"

    class Methods(MethodView):
        decorators = [required(item)]

        def get(self, name: str) -> str:
            return f"here is {name}"

    shop.app.add_url_rule("/methods/<name>", view_func=Methods.as_view("methods"))
    yield shop
    shop.close()


def offer(shop: Shop, answer: TestResponse) -> dict[str, Any]:
    """The order behind the link that somebody is sent to."""
    link = answer.json["start_url"] if answer.json else answer.headers["Location"]
    with shop.app.test_request_context():
        payload: dict[str, Any] = shop.state.links.read_order(parse_qs(urlsplit(link).query)["order"][0])
    return payload


@pytest.mark.parametrize("sold", ["track-1", 5, [SONG, "track-1"], {"sku": "track-1"}])
def test_a_gate_before_what_is_no_item_is_refused_where_it_is_written(shop: Shop, sold: Any) -> None:
    with pytest.raises(TypeError, match="what is sold is an Item, several Items, or None"):
        shop.fps.payment_required(sold)


def test_who_has_not_paid_is_sent_to_pay_for_what_he_wants(shop: Shop) -> None:
    answer = shop.client().get("/items/song?quality=high")

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/fps/start?order=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert offer(shop, answer)["l"] == [["song", "Song", 1, 10, None, False]]
    assert offer(shop, answer)["n"] == "/items/song?quality=high"


def test_who_has_paid_gets_it_again_and_again(shop: Shop) -> None:
    client = shop.client()
    payment = shop.started(client, client.get("/items/song").headers["Location"])
    answer = client.get(shop.return_path(payment), follow_redirects=True)
    assert "/items/song" in answer.text

    for _ in range(2):
        assert client.get("/items/song").text == "here is song"
    assert client.post("/items/song").status_code == 200
    assert client.get("/items/album").status_code == 303
    assert shop.client().get("/items/song").status_code == 303


def test_no_cache_on_the_way_hands_the_goods_to_the_next_one(shop: Shop) -> None:
    client = shop.client()
    shop.buy(client)
    answer = client.get("/song")

    assert answer.text == "the song"
    assert answer.cache_control.private
    assert "Cookie" in answer.headers["Vary"]


def test_a_file_that_may_be_kept_for_a_while_is_kept_by_nobody_else(shop: Shop) -> None:
    client = shop.client()
    shop.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    shop.app.add_url_rule("/file", "file", shop.fps.payment_required(SONG)(lambda: send_file(__file__)))
    shop.buy(client)
    with client.get("/file") as answer:
        assert answer.headers["Cache-Control"] == "max-age=60, private"


def test_the_items_may_say_that_there_is_no_such_thing_or_nothing_to_pay(shop: Shop) -> None:
    assert shop.client().get("/items/nothing").status_code == 404
    assert shop.client().get(f"/items/{FREE}").text == "here is free"


@pytest.mark.parametrize("path", ["/both", "/iterator"])
def test_all_of_several_items_must_be_paid(shop: Shop, path: str) -> None:
    client = shop.client()
    shop.buy(client)
    for _ in range(2):
        assert client.get(path).status_code == 303
    shop.buy(client, client.get(path).headers["Location"])

    for _ in range(2):
        assert client.get(path).text == "both"


def test_one_seat_does_not_open_the_door_of_a_hundred(shop: Shop) -> None:
    client = shop.client()
    seats = shop.fps.payment_required(lambda number: Item("seat", 10, "A seat", quantity=number))
    shop.app.add_url_rule("/seats/<int:number>", "seats", seats(lambda number: f"{number} seats"))
    shop.buy(client, client.get("/seats/2").headers["Location"])

    assert [client.get(f"/seats/{number}").status_code for number in (1, 2, 3, 100)] == [200, 200, 303, 303]
    payment = shop.buy(client, client.get("/seats/3").headers["Location"])
    assert payment.amount == 30
    assert [client.get(f"/seats/{number}").status_code for number in (3, 5, 6)] == [200, 200, 303]
    with client, client.get("/seats/5"):
        for number, has in ((5, True), (6, False)):
            asked = Item("seat", 10, "A seat", quantity=number)
            assert (shop.fps.is_paid(asked), shop.fps.owned(asked)) == (has, {"seat"} if has else set())


@pytest.mark.parametrize("path", ["/async/song", "/methods/song"])
def test_views_of_every_kind(shop: Shop, path: str) -> None:
    client = shop.client()
    assert client.get(path).status_code == 303
    shop.buy(client)
    assert client.get(path).text == "here is song"


def test_items_may_be_found_out_asynchronously(shop: Shop) -> None:
    @shop.fps.payment_required(_async_item)
    def view(name: str) -> str:
        return f"here is {name}"

    shop.app.add_url_rule("/later/<name>", "later", view)
    client = shop.client()
    assert client.get("/later/song").status_code == 303
    shop.buy(client)
    assert client.get("/later/song").text == "here is song"


async def _async_item(name: str) -> Item:
    return Item(name, "0.10", name.title())


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"},
        {"Accept": "application/json, text/html;q=0.9"},
        {"X-Requested-With": "XMLHttpRequest"},
    ],
)
def test_a_program_is_told_in_json(shop: Shop, headers: dict[str, str]) -> None:
    answer = shop.client().get("/items/song", headers=headers)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (402, "no-store")
    assert answer.json is not None
    assert set(answer.json) == {"error", "start_url"}
    assert answer.json["error"] == "payment_required"
    assert offer(shop, answer)["n"] == "/items/song"


@pytest.mark.parametrize("accept", ["text/html", "text/html, application/json", "*/*", "text/html, */*;q=0.8", ""])
def test_a_browser_is_not(shop: Shop, accept: str) -> None:
    assert shop.client().get("/items/song", headers={"Accept": accept}).status_code == 303


@pytest.mark.parametrize(
    "headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}]
)
def test_who_only_looks_ahead_begins_nothing(shop: Shop, headers: dict[str, str]) -> None:
    answer = shop.client().get("/items/song", headers=headers)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (402, "no-store")
    assert "start?order=" not in answer.text
    assert shop.client().head("/items/song").status_code == 402


def test_only_what_can_be_repeated_follows_the_payment(shop: Shop) -> None:
    assert offer(shop, shop.client().post("/items/song"))["n"] is None


@pytest.mark.parametrize(
    ("asked", "follows"),
    [
        ("/items/song", "/items/song"),
        ("/items/song?", "/items/song"),
        ("/items/a%20song", "/items/a%20song"),
        ("/items/100%25", "/items/100%25"),
        ("/items/d%C3%BC", "/items/d%C3%BC"),
        ("/items/a%3Fb", "/items/a%3Fb"),
        ("/items/a%5Cb", "/items/a%5Cb"),
        ("/items/a/b;c,d?x=%26&y=1+2", "/items/a/b;c,d?x=%26&y=1+2"),
    ],
)
def test_back_to_the_very_same_address(shop: Shop, asked: str, follows: str) -> None:
    answer = shop.client().get(asked)

    assert offer(shop, answer)["n"] == follows
    assert shop.client().get(follows).status_code == 303


def test_an_address_too_long_to_be_repeated_is_left_out(shop: Shop) -> None:
    answer = shop.client().get("/items/song?" + "x" * 2000)

    assert answer.status_code == 303
    assert offer(shop, answer)["n"] is None


def test_a_shop_under_a_path_stays_there(shop: Shop) -> None:
    shop.app.wsgi_app = DispatcherMiddleware(Flask("none"), {"/shop": shop.app.wsgi_app})  # type: ignore[method-assign]
    answer = shop.client().get("/shop/items/song")

    assert answer.headers["Location"].startswith("/shop/fps/start?order=")
    assert offer(shop, answer)["n"] == "/shop/items/song"
    payment = shop.started(shop.client(), answer.headers["Location"])
    assert urlsplit(payment.return_url).path == "/shop/fps/return"


def test_every_refusal_prices_the_goods_anew(shop: Shop) -> None:
    prices = iter(["0.10", "0.20"])
    view = shop.fps.payment_required(lambda: Item("dear", next(prices), "Dear"))(lambda: "dear")
    shop.app.add_url_rule("/dear", "dear", view)
    client = shop.client()

    assert [offer(shop, client.get("/dear"))["l"][0][3] for _ in range(2)] == [10, 20]


@pytest.mark.parametrize("sold", ["song", ["song"], 7])
@pytest.mark.parametrize("user", [None, "7"])
def test_what_is_no_item_is_told_to_the_developer(shop: Shop, sold: Any, user: str | None) -> None:
    shop.app.add_url_rule("/odd", "odd", shop.fps.payment_required(lambda: sold)(lambda: "goods"))

    with pytest.raises(TypeError, match="what is sold is an Item, several Items, or None"):
        shop.client(user).get("/odd")


@pytest.mark.parametrize(
    ("error", "title"),
    [(LedgerBusy("away"), "Please try again in a moment"), (SchemaMissing("no tables"), "This shop is not set up yet")],
)
def test_a_ledger_that_cannot_say_who_has_paid_is_no_error_of_the_shops(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception, title: str
) -> None:
    def held(*_: object) -> bool:
        raise error

    monkeypatch.setattr(Rights, "held", held)
    answer = shop.client("7").get("/song")

    assert (answer.status_code, title in answer.text) == (503, True)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_view_keeps_its_name(shop: Shop) -> None:
    assert shop.app.view_functions["items"].__name__ == "items"


def test_a_view_registered_without_its_gate_is_stopped_and_the_mend_is_named(shop: Shop) -> None:
    def open_door() -> str:
        return "goods for nothing"

    shop.fps.payment_required(SONG)(shop.app.get("/open")(open_door))
    shop.app.testing = True
    with pytest.raises(RuntimeError, match=r"write @app\.get\(…\) above @fps\.payment_required\(…\)"):
        shop.app.test_client().get("/open")


def test_a_view_may_stand_behind_its_gate_and_elsewhere_without_on_purpose(shop: Shop) -> None:
    def song() -> str:
        return "♪"

    shop.app.add_url_rule("/sold", "sold", shop.fps.payment_required(SONG)(song))
    shop.app.add_url_rule("/staff", "staff", song)
    client = shop.app.test_client()
    assert client.get("/staff").text == "♪"
    assert client.get("/sold").status_code == 303


@pytest.mark.parametrize("nothing", [None, [], (), iter(())])
def test_a_gate_with_nothing_to_sell_is_refused_where_it_stands(shop: Shop, nothing: Any) -> None:
    with pytest.raises(SetupError, match="would let everybody in: give it the item that is sold"):
        shop.fps.payment_required(nothing)


@pytest.mark.parametrize("nothing", [[], ()])
def test_a_function_that_finds_nothing_opens_no_gate(shop: Shop, nothing: Any) -> None:
    shop.app.add_url_rule("/list", "list", shop.fps.payment_required(lambda: nothing)(lambda: "all of it"))

    for user in (None, "john"):
        with pytest.raises(OrderError, match="which sells nothing: return an Item or several, or None"):
            shop.client(user).get("/list")


@pytest.mark.parametrize("path", ["/forgotten", "/forgotten/1"])
def test_a_gate_around_nothing_says_how_it_is_written(shop: Shop, path: str) -> None:
    gate = shop.fps.payment_required

    @shop.app.get("/forgotten", endpoint="one")
    @shop.app.get("/forgotten/<int:number>", endpoint="two")
    @gate
    def forgotten(number: int = 0) -> str:
        return "here it is"

    with pytest.raises(SetupError, match=r"^write @fps\.payment_required\(item\), with what is sold"):
        shop.client().get(path)


def test_a_coroutine_that_cannot_be_called_is_refused_before_anybody_pays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_fps.signals.find_spec", lambda name: None)

    async def asynchronous() -> Any:
        return SONG

    for gate in (
        lambda: shop.fps.payment_required(SONG)(asynchronous),
        lambda: shop.fps.payment_required(asynchronous),
    ):
        with pytest.raises(SetupError, match="asynchronous is a coroutine function, and calling it needs the extra"):
            gate()


def test_an_fps_that_the_app_was_not_given_says_so(shop: Shop) -> None:
    other = FPS()
    shop.app.add_url_rule("/other", "other", other.payment_required(SONG)(lambda: "the song"))
    asked: list[Callable[[], object]] = [
        lambda: shop.client("john").get("/other"),
        lambda: other.start_url(SONG),
        lambda: other.is_paid(SONG),
        lambda: other.payment("any"),
        lambda: other.refund("any"),
        lambda: other.reconcile(),
        lambda: other.client,
    ]

    for ask in asked:
        with shop.app.test_request_context(), pytest.raises(SetupError, match="^this FPS was never given to this app"):
            ask()
