"""No path gives goods to who has not paid: every route, every kind of visitor, every tampered token, at once."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_fps import Item
from flask_fps import Payment
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import ClaimRow
from flask_fps.ledger.models import GrantRow
from flask_fps.records import State
from tests.apps import Shop

GOODS = "the very bytes that are sold "
BOOK = Item("book", "0.10", "A book", downloads=1)
OTHER = Item("other", "0.10", "Another book", downloads=5)
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
#: How a purchase may stand without giving its buyer anything.
STANDS = ("started", "pending", "failed", "revoked", "expired", "used up")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("unpaid")
    (folder / "book.txt").write_text(GOODS * 50)
    shop = Shop(folder, config={"FPS_SEND_RECEIPT": lambda payment, *, to, url: None})
    sell(shop, folder)
    yield shop
    shop.close()


def sell(shop: Shop, folder: Path) -> None:
    required = shop.fps.payment_required

    @shop.app.route("/plain", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    @required(BOOK)
    def plain() -> str:
        return GOODS

    @shop.app.route("/file")
    @required(BOOK)
    def file() -> ResponseReturnValue:
        return shop.fps.send_from_directory(folder, "book.txt")

    @shop.app.route("/async")
    @required(BOOK)
    async def asynchronous() -> str:
        return GOODS

    @shop.app.route("/stream")
    @required(BOOK)
    def stream() -> Iterator[str]:
        return iter([GOODS] * 3)

    @shop.app.route("/two")
    @required([OTHER, BOOK])
    def two() -> str:
        return GOODS

    class Methods(MethodView):
        decorators = [required(BOOK)]

        def get(self) -> str:
            return GOODS

        post = put = get

    shop.app.add_url_rule("/class", view_func=Methods.as_view("class"))


ROUTES = ("/plain", "/file", "/async", "/stream", "/two", "/class")


@pytest.fixture(autouse=True)
def empty(shop: Shop) -> None:
    clear(shop)


def clear(shop: Shop) -> None:
    with writing(shop.ledger.engine) as session:
        session.query(ClaimRow).delete()
        session.query(GrantRow).delete()


def bought(shop: Shop, client: FlaskClient, stand: str | None = None) -> Payment:
    """A purchase of the book that stands like this; ``None``: it may be downloaded once."""
    with shop.app.test_request_context():
        link = shop.fps.start_url(BOOK, order_key=f"order-{id(client)}-{next(_numbers)}")
    payment = shop.started(client, link)
    if stand == "started":
        return payment
    if stand in ("pending", "failed"):
        shop.gateway.will("pay", {"pending": "pending", "failed": "failure"}[stand])
    client.get(shop.return_path(payment))
    changes: dict[str, dict[Any, Any]] = {
        "revoked": {"revoked_at": shop.clock.now},
        "expired": {"expires_at": shop.clock.now},
        "used up": {"used": 1},
    }
    columns = changes.get(stand or "", {})
    if columns:
        with writing(shop.ledger.engine) as session:
            session.query(GrantRow).filter_by(buyer=payment.buyer).update(columns)
    assert (shop.payment(payment.reference).state is State.PAID) is (stand not in STANDS[:3])
    return payment


_numbers = iter(range(10**9))


def tokens(shop: Shop, payment: Payment, path: str) -> dict[str, str]:
    with shop.app.app_context():
        links = shop.state.links
        return {
            "file": links.write_file(payment.reference, path),
            "claim": links.write_claim(payment.reference),
            "ref": links.write_ref(payment.reference),
            "guest": links.write_guest(payment.buyer),
        }


def gives(client: FlaskClient, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> bool:
    """Does anything of the goods come back?"""
    with client.open(path, method=method, headers=headers) as answer:
        return any(piece in answer.get_data(as_text=True) for piece in ("very bytes", "are sold"))


def test_the_goods_are_there_for_who_has_paid(shop: Shop) -> None:
    """Else everything below would prove nothing."""
    for route in ("/plain", "/file", "/async", "/stream", "/class"):
        client = shop.client()
        payment = bought(shop, client)
        assert not gives(shop.client(), route)
        assert gives(shop.client(), f"{route}?fps_link={tokens(shop, payment, route)['file']}")
        assert gives(client, route)


@pytest.mark.parametrize("stand", STANDS)
def test_every_route_is_closed_to_everybody_however_the_purchase_stands(shop: Shop, stand: str) -> None:
    owner = shop.client()
    payment = bought(shop, owner, stand)
    people = [visitor(shop, who, owner) for who in ("nobody", "stranger", "another user", "buyer")]
    for route in ROUTES:
        links = ["", *(f"?fps_link={token}" for token in tokens(shop, payment, route).values())]
        for client in people:
            assert not any(gives(client, route + link) for link in links), (route, stand)
            assert not any(gives(client, route, method) for method in METHODS), (route, stand)
    assert [grant.used for grant in shop.ledger.rights.grants(payment.reference)] in (
        [],
        [0],
        [1 * (stand == "used up")],
    )


visitors = st.sampled_from(["nobody", "stranger", "another user", "buyer"])
headers = st.dictionaries(
    st.sampled_from(
        ["Range", "If-None-Match", "If-Modified-Since", "Accept", "X-Requested-With", "Sec-Purpose", "X-User"]
    ),
    st.sampled_from(["bytes=0-4", "bytes=-3", "bytes=5-", '"x"', "*", "application/json", "prefetch", "text/html"]),
    max_size=3,
)
suffixes = st.sampled_from(
    ["", "?", "?fps_link=", "?x=1", "?paid=1&reference=x", "/", "//", "?fps_link=x&fps_link=y", "%00"]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ROUTES), st.sampled_from(METHODS), visitors, st.sampled_from(STANDS), headers, suffixes)
def test_who_has_not_paid_gets_nothing(
    shop: Shop, route: str, method: str, who: str, stand: str, given_headers: dict[str, str], suffix: str
) -> None:
    owner = shop.client()
    payment = bought(shop, owner, stand)
    client = visitor(shop, who, owner)
    if who in ("nobody", "stranger"):
        given_headers.pop("X-User", None)
    assert not gives(client, route + suffix, method, given_headers)
    for token in tokens(shop, payment, route).values():
        assert not gives(client, f"{route}?fps_link={token}", method, given_headers)


def visitor(shop: Shop, who: str, owner: FlaskClient) -> FlaskClient:
    if who == "buyer":
        return owner
    client = shop.client("8" if who == "another user" else None)
    if who == "stranger":
        shop.started(client)
    return client


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_was_changed_opens_nothing(shop: Shop, data: st.DataObject) -> None:
    """A genuine token of a live purchase, changed in one place, or used for another address or purpose."""
    payment = bought(shop, shop.client())
    route = data.draw(st.sampled_from(ROUTES[:4]))
    kind = data.draw(st.sampled_from(["file", "claim", "guest"]))
    token = tokens(shop, payment, route)[kind]
    # Every token is another, so that nothing that is drawn may depend on it.
    at = data.draw(st.integers(0, 999)) % len(token.rpartition(".")[0])
    one, other = data.draw(st.lists(st.sampled_from("AZaz09-_.%/ "), min_size=2, max_size=2, unique=True))
    changed = token[:at] + (one if one != token[at] else other) + token[at + 1 :]
    client = shop.client()
    if kind == "guest":
        client.set_cookie("fps_guest", quote(changed))
        assert not gives(client, route)
    elif kind == "file":
        assert not gives(client, f"{route}?fps_link={quote(changed)}")
    else:
        client.post(f"/fps/claim/{quote(changed)}")
        assert not gives(client, route)
    elsewhere = data.draw(st.sampled_from([each for each in ROUTES if each != route]))
    assert not gives(shop.client(), f"{elsewhere}?fps_link={tokens(shop, payment, route)['file']}")
    assert shop.ledger.rights.grants(payment.reference)[0].used == 0


def test_in_another_users_session_links_open_nothing_and_a_claim_only_by_his_own_click(shop: Shop) -> None:
    payment = bought(shop, shop.client("7"))
    other = shop.client("8")
    assert not gives(other, f"/plain?fps_link={tokens(shop, payment, '/plain')['file']}")
    path = f"/fps/claim/{tokens(shop, payment, '/plain')['claim']}"
    for headers in ({}, {"Sec-Purpose": "prefetch"}):
        other.get(path, headers=headers)
        other.head(path)
        assert not gives(other, "/plain")


def test_after_its_time_every_token_is_dead(shop: Shop) -> None:
    payment = bought(shop, shop.client())
    old = tokens(shop, payment, "/plain")
    shop.clock.advance(timedelta(days=31))
    client = shop.client()
    client.post(f"/fps/claim/{old['claim']}")
    assert not gives(client, "/plain")
    assert not gives(client, f"/plain?fps_link={old['file']}")


def test_many_at_once_share_the_one_use_there_is(shop: Shop) -> None:
    """By cookie, by link and by claim, in parallel; when the window is over nobody gets more."""
    owner = shop.client()
    payment = bought(shop, owner)
    cookie = owner.get_cookie("fps_guest")
    assert cookie is not None
    made = tokens(shop, payment, "/file")
    got: list[bool] = []

    def by_cookie() -> None:
        client = shop.client()
        client.set_cookie("fps_guest", cookie.value)
        got.append(gives(client, "/file"))

    def by_link() -> None:
        got.append(gives(shop.client(), f"/file?fps_link={made['file']}", headers={"Range": "bytes=0-300"}))

    def by_claim() -> None:
        client = shop.client()
        client.post(f"/fps/claim/{made['claim']}")
        got.append(gives(client, "/file"))

    for expected in (True, False):
        got.clear()
        threads = [threading.Thread(target=work) for work in (by_cookie, by_link, by_claim) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [expected] * 9
        shop.clock.advance(timedelta(hours=1))
    assert shop.ledger.rights.grants(payment.reference)[0].used == 1


def test_no_page_of_ours_shows_a_stranger_what_was_bought(shop: Shop) -> None:
    payment = bought(shop, shop.client())
    for rule in shop.app.url_map.iter_rules():
        if "filename" in rule.arguments:
            continue
        path = re.sub("<[^>]+>", payment.reference, rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            with shop.client().open(path, method=method) as answer:
                said = answer.get_data(as_text=True)
            assert "very bytes" not in said and payment.buyer not in said
            assert "A book" not in said
