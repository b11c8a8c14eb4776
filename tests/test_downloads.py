"""Downloads as visitors meet them: limits, windows, links, denials and the files themselves."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import quote
from urllib.parse import urlsplit

import pytest
from flask import redirect
from flask import render_template_string
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from sqlalchemy import event
from sqlalchemy import text
from werkzeug.test import TestResponse

from flask_fps import Item
from flask_fps import Payment
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import GrantRow
from tests.apps import heading
from tests.apps import Shop
from tests.decency import complaints

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GOODS = b"".join(bytes([n % 251]) for n in range(100_000))
ONCE = Item("once", "0.10", "Just once", downloads=1)
THRICE = Item("thrice", "0.10", "Three times", downloads=3)
WEEK = Item("week", "0.10", "A week", days=7)
SOLD = {item.sku: item for item in (ONCE, THRICE, WEEK, Item("free", "0.10", "For ever", downloads=0, days=0))}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for sku in SOLD:
        (folder / f"{sku}.mp3").write_bytes(GOODS)
    (tmp_path / "secret.txt").write_text("not for sale")
    (folder / "out.mp3").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def shop(tmp_path: Path, files: Path) -> Iterator[Shop]:
    shop = build(tmp_path, files)
    yield shop
    shop.close()


def build(tmp_path: Path, files: Path, **options: Any) -> Shop:
    shop = Shop(tmp_path, **options)

    @shop.app.route("/get/<sku>", methods=["GET", "POST"])
    @shop.fps.payment_required(lambda sku: SOLD[sku])
    def get(sku: str) -> ResponseReturnValue:
        return shop.fps.send_from_directory(files, f"{sku}.mp3", as_attachment=True, download_name="ünïque.mp3")

    @shop.app.get("/both")
    @shop.fps.payment_required([ONCE, THRICE])
    def both() -> str:
        return "both"

    return shop


def buy(shop: Shop, client: FlaskClient, path: str) -> Payment:
    """The whole dance from a view that wants to be paid for, or offers to be bought again."""
    answer = client.get(path)
    link = answer.headers.get("Location") or offered(answer)
    assert link is not None
    return shop.buy(client, link)


def offered(answer: TestResponse) -> str | None:
    """Where a page of denial offers to buy it."""
    _, found, rest = answer.text.partition('href="/fps/start?order=')
    return f"/fps/start?order={rest.partition(chr(34))[0]}" if found else None


def bytes_of(answer: TestResponse) -> bytes:
    with answer:
        return answer.data if answer.status_code in (200, 206) else b""


# Windows


def test_a_use_is_a_window_and_what_is_asked_within_it_is_free(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/thrice")
    for used in (1, 2, 3):
        for _ in range(3):
            assert bytes_of(client.get("/get/thrice")) == GOODS
        assert [grant.used for grant in shop.ledger.rights.grants(payment.reference)] == [used]
        shop.clock.advance(HOUR)
    answer = client.get("/get/thrice")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (429, "no-store")
    assert heading(answer) == "All downloads of this purchase are used"
    assert "It was sold for 3 downloads" in answer.text
    assert complaints(answer.text) == []
    journal = [entry for entry in shop.ledger.journal(payment.reference) if entry.event == "downloaded"]
    assert [entry.detail for entry in journal] == [{"sku": "thrice", "use": use} for use in (1, 2, 3)]


def test_a_download_that_is_resumed_piece_by_piece_is_one(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/once")
    pieces = []
    for start in range(0, len(GOODS), 9_973):
        answer = client.get("/get/once", headers={"Range": f"bytes={start}-{start + 9_972}"})
        assert answer.status_code == 206
        pieces.append(bytes_of(answer))

    assert b"".join(pieces) == GOODS
    assert shop.ledger.rights.grants(payment.reference)[0].used == 1


def test_ranges_are_no_way_around_the_limit(shop: Shop) -> None:
    client = shop.client()
    buy(shop, client, "/get/once")
    assert bytes_of(client.get("/get/once", headers={"Range": "bytes=0-9"})) == GOODS[:10]
    shop.clock.advance(HOUR)

    for wanted in ("bytes=10-", "bytes=0-0", "bytes=-1", "bytes=0-1,5-6", "seconds=1", "bytes=5-1"):
        assert client.get("/get/once", headers={"Range": wanted}).status_code == 429


def test_what_brings_no_goods_is_not_counted(shop: Shop, files: Path) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/once")
    with client.head("/get/once") as head:
        assert (head.status_code, head.data) == (200, b"")
    with client.get("/get/once", headers={"Range": "bytes=200000-"}) as unsatisfiable:
        assert unsatisfiable.status_code == 416
    (files / "once.mp3").rename(files / "elsewhere")
    assert client.get("/get/once").status_code == 404
    (files / "elsewhere").rename(files / "once.mp3")
    for headers in ({"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}):
        assert client.get("/get/once", headers=headers).status_code == 503
    assert shop.ledger.rights.grants(payment.reference)[0].used == 0

    with client.get("/get/once") as answer:
        etag = answer.headers["ETag"]
    shop.clock.advance(HOUR)
    with writing(shop.ledger.engine) as session:
        session.query(GrantRow).update({"downloads": 2})
    with client.get("/get/once", headers={"If-None-Match": etag}) as unchanged:
        assert unchanged.status_code == 304
    assert shop.ledger.rights.grants(payment.reference)[0].used == 1


def test_a_redirect_to_the_goods_is_counted(shop: Shop) -> None:
    shop.app.add_url_rule("/away", "away", shop.fps.payment_required(ONCE)(lambda: redirect("https://cdn.example/1")))
    client = shop.client()
    buy(shop, client, "/away")

    assert client.get("/away").status_code == 302
    shop.clock.advance(HOUR)
    assert client.get("/away").status_code == 429


def test_every_method_is_counted(shop: Shop) -> None:
    client = shop.client()
    buy(shop, client, "/get/once")
    assert bytes_of(client.post("/get/once")) == GOODS
    shop.clock.advance(HOUR)
    assert client.post("/get/once").status_code == 429


def test_parallel_requests_share_one_use_and_the_limit_holds(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/thrice")
    cookie = client.get_cookie("fps_guest")
    assert cookie is not None
    statuses: list[int] = []

    def fetch() -> None:
        other = shop.client()
        other.set_cookie("fps_guest", cookie.value)
        with other.get("/get/thrice") as answer:
            statuses.append(answer.status_code)

    for _ in range(4):
        together(fetch, 6)
        shop.clock.advance(HOUR)

    assert statuses == [200] * 18 + [429] * 6
    assert shop.ledger.rights.grants(payment.reference)[0].used == 3


def together(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_last_use_goes_to_one_and_the_other_gets_nothing(shop: Shop) -> None:
    """The use is begun, and over, while the other's view is at work."""
    bought: list[Payment] = []

    def slow() -> str:
        assert shop.ledger.rights.begin_use([shop.ledger.rights.grants(bought[0].reference)[0].id], HOUR)
        shop.clock.advance(HOUR)
        return "goods"

    shop.app.add_url_rule("/slow", "slow", shop.fps.payment_required(ONCE)(slow))
    client = shop.client()
    bought.append(buy(shop, client, "/get/once"))
    answer = client.get("/slow")
    assert (answer.status_code, "goods" in answer.text) == (429, False)


def test_either_all_of_several_things_is_counted_or_nothing(shop: Shop) -> None:
    client = shop.client()
    once, thrice = buy(shop, client, "/get/once"), buy(shop, client, "/get/thrice")
    assert client.get("/both").text == "both"
    shop.clock.advance(HOUR)
    assert client.get("/both").status_code == 429

    assert [shop.ledger.rights.grants(each.reference)[0].used for each in (once, thrice)] == [1, 1]


# Terms


def test_days_are_counted_from_the_payment(shop: Shop) -> None:
    client = shop.client()
    buy(shop, client, "/get/week")
    shop.clock.advance(7 * DAY - timedelta(seconds=1))
    assert bytes_of(client.get("/get/week")) == GOODS
    shop.clock.advance(timedelta(seconds=1))
    answer = client.get("/get/week")

    assert (answer.status_code, heading(answer)) == (410, "The time for this download is over")
    assert "until 8 March 2026" in answer.text


@pytest.mark.parametrize(("sku", "limit"), [("once", 1), ("thrice", 3), ("week", 2), ("free", None)])
def test_the_shops_limit_holds_where_an_item_has_none(tmp_path: Path, files: Path, sku: str, limit: int | None) -> None:
    shop = build(tmp_path, files, config={"FPS_DOWNLOAD_LIMIT": 2, "FPS_DOWNLOAD_DAYS": 30})
    payment = buy(shop, shop.client(), f"/get/{sku}")
    [grant] = shop.ledger.rights.grants(payment.reference)
    days = {"week": 7, "free": None}.get(sku, 30)

    assert (grant.downloads, grant.expires_at) == (limit, None if days is None else shop.clock.now + days * DAY)
    shop.close()


def test_several_pieces_have_several_downloads(shop: Shop) -> None:
    with shop.app.test_request_context():
        link = shop.fps.start_url(Item("once", "0.10", "Just once", quantity=3, downloads=2))
    payment = shop.buy(shop.client(), link)
    assert shop.ledger.rights.grants(payment.reference)[0].downloads == 6


def test_what_was_sold_keeps_its_terms(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    client = shop.client()
    buy(shop, client, "/get/once")
    monkeypatch.setitem(SOLD, "once", Item("once", "0.10", "Now for longer", downloads=9))
    assert bytes_of(client.get("/get/once")) == GOODS
    shop.clock.advance(HOUR)
    assert client.get("/get/once").status_code == 429


@pytest.mark.parametrize("path", ["/get/once", "/get/week"])
def test_what_has_ended_can_be_bought_again_and_only_then(shop: Shop, path: str) -> None:
    client = shop.client()
    first = buy(shop, client, path)
    client.get(path).close()
    shop.clock.advance(7 * DAY)
    with shop.app.test_request_context(headers={"Cookie": cookies(client)}):
        assert not shop.fps.is_paid(SOLD[path.rpartition("/")[2]])
        assert [each.reference for each in shop.fps.purchases()] == [first.reference]
    second = buy(shop, client, path)

    assert second.reference != first.reference
    assert shop.payment(first.reference).closed_at == shop.clock.now
    assert bytes_of(client.get(path)) == GOODS
    assert len(shop.provider.moved) == 2


def test_what_is_left_of_two_purchases_counts_together(shop: Shop) -> None:
    client = shop.client()
    buy(shop, client, "/get/once")
    client.get("/get/once").close()
    shop.clock.advance(HOUR)
    buy(shop, client, "/get/once")
    assert bytes_of(client.get("/get/once")) == GOODS
    shop.clock.advance(HOUR)
    assert client.get("/get/once").status_code == 429


def test_a_refunded_purchase_says_so_and_offers_to_buy(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/free")
    revoke(shop, payment)
    answer = client.get("/get/free")

    assert (answer.status_code, heading(answer)) == (403, "This purchase was refunded")
    assert "Buy it again" in answer.text
    assert payment.reason in answer.text and str(payment.money) in answer.text, "what it is and what it costs"
    buy(shop, client, "/get/free")
    assert bytes_of(client.get("/get/free")) == GOODS


def revoke(shop: Shop, payment: Payment) -> None:
    with writing(shop.ledger.engine) as session:
        row = session.query(GrantRow).filter_by(sku=payment.items[0].sku).order_by(GrantRow.id.desc()).first()
        assert row is not None
        row.revoked_at, row.revoked_reason = shop.clock.now, "refunded"


def test_a_refund_ends_a_download_that_is_under_way(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/once")
    client.get("/get/once").close()
    revoke(shop, payment)

    assert client.get("/get/once", headers={"Range": "bytes=5-"}).status_code == 403


def test_a_shop_may_let_a_buyer_download_once_more(shop: Shop) -> None:
    client = shop.client()
    once, week = buy(shop, client, "/get/once"), buy(shop, client, "/get/week")
    client.get("/get/once").close()
    shop.clock.advance(8 * DAY)
    with shop.app.app_context():
        shop.fps.renew_downloads(once, downloads=2)
        shop.fps.renew_downloads(week, days=3)
        assert [(grant.left, grant.expires_at) for grant in shop.fps.grants(once)] == [(2, None)]
        assert [(grant.left, grant.expires_at) for grant in shop.fps.grants(week)] == [(None, shop.clock.now + 3 * DAY)]

    assert bytes_of(client.get("/get/once")) == bytes_of(client.get("/get/week")) == GOODS


@pytest.mark.parametrize(
    "given",
    [{}, {"downloads": 0}, {"downloads": -3}, {"downloads": True}, {"downloads": "2"}, {"downloads": 10_001}]
    + [{"days": -1}, {"downloads": 1, "days": 0}, {"days": 1.5}],
)
def test_what_is_no_renewal_changes_nothing(shop: Shop, given: dict[str, Any]) -> None:
    once = buy(shop, shop.client(), "/get/once")
    with shop.app.app_context():
        before = shop.fps.grants(once)
        with pytest.raises(ValueError, match="give downloads= or days=, each a whole number from 1 to 10000"):
            shop.fps.renew_downloads(once, **given)
        assert shop.fps.grants(once) == before
    assert "downloads renewed" not in [entry.event for entry in shop.ledger.journal(once.reference)]


# Denials


ENDINGS: list[tuple[str, str, int]] = [
    ("once", "download_limit", 429),
    ("week", "download_expired", 410),
    ("free", "refunded", 403),
]


@pytest.mark.parametrize(("sku", "error", "status"), ENDINGS)
def test_programs_are_told_what_is_wrong(shop: Shop, sku: str, error: str, status: int) -> None:
    client = shop.client()
    payment = buy(shop, client, f"/get/{sku}")
    client.get(f"/get/{sku}").close()
    if sku == "free":
        revoke(shop, payment)
    shop.clock.advance(7 * DAY)
    answer = client.get(f"/get/{sku}", headers={"Accept": "application/json"})

    assert answer.status_code == status
    assert answer.json is not None
    assert (answer.json["error"], set(answer.json)) == (error, {"error", "message", "start_url"})
    head = client.head(f"/get/{sku}")
    assert (head.status_code, "Location" in head.headers) == (status, False)


def test_a_shop_may_have_its_own_page_for_each_denial(tmp_path: Path, files: Path) -> None:
    shop = build(tmp_path, files)
    templates = tmp_path / "templates" / "flask_fps"
    templates.mkdir(parents=True)
    shop.app.root_path = str(tmp_path)
    (templates / "denied_download_limit.html").write_text("<h1>Ours: {{ grant.downloads }} of {{ reason }}</h1>")
    client = shop.client()
    buy(shop, client, "/get/once")
    client.get("/get/once").close()
    shop.clock.advance(HOUR)

    assert heading(client.get("/get/once")) == "Ours: 1 of download_limit"
    assert shop.client().get("/get/once").status_code == 303
    shop.close()


def test_an_open_write_of_the_view_is_told_to_the_developer(tmp_path: Path, files: Path) -> None:
    shop = build(tmp_path, files, db=True)
    assert shop.db is not None
    client = shop.client()

    def forgets() -> str:
        assert shop.db is not None
        shop.db.session.execute(text("UPDATE fps_heartbeats SET worker = worker"))
        return "goods"

    shop.app.add_url_rule("/forgets", "forgets", shop.fps.payment_required(ONCE)(forgets))
    buy(shop, client, "/forgets")
    with pytest.raises(RuntimeError, match="its download is to be counted: commit first"):
        client.get("/forgets")
    shop.close()


# Links


def link(shop: Shop, payment: Payment, sku: str = "once", **values: Any) -> str:
    with shop.app.test_request_context():
        parts = urlsplit(shop.fps.download_url(payment, "get", sku=sku, **values))
    return f"{parts.path}?{parts.query}"


def test_a_link_needs_no_cookie_and_counts_with_the_purchase(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/once")
    url = link(shop, payment, quality="high")
    with shop.client().get(url) as answer:
        assert answer.data == GOODS
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    shop.clock.advance(HOUR)

    assert shop.client().get(url).status_code == 429
    assert client.get("/get/once").status_code == 429


def test_a_link_is_good_for_one_address_and_a_day(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/free")
    url = link(shop, payment, "free")
    other = url.replace("/get/free", "/get/week")
    assert (shop.client().get(other).status_code, heading(shop.client().get(other))) == (
        403,
        "This link does not work",
    )
    assert offered(shop.client().get(other)) is not None
    shop.clock.advance(DAY + timedelta(seconds=1))
    answer = shop.client().get(url)

    assert (answer.status_code, heading(answer)) == (410, "This link is too old")
    assert bytes_of(client.get(url)) == GOODS  # it is his anyway


def test_a_link_brings_only_what_its_own_purchase_bought(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/once")
    buy(shop, client, "/get/free")
    assert shop.client().get(link(shop, payment, "free")).status_code == 303  # never paid by this payment


def test_in_the_session_of_another_buyer_a_link_opens_nothing(shop: Shop) -> None:
    payment = buy(shop, shop.client("7"), "/get/once")
    stranger = shop.client()
    shop.buy(stranger)
    for other in (shop.client("8"), stranger):
        answer = other.get(link(shop, payment))
        assert (answer.status_code, heading(answer)) == (403, "This link belongs to somebody else")
    assert bytes_of(shop.client("7").get(link(shop, payment))) == GOODS


def test_a_link_ends_with_the_refund(shop: Shop) -> None:
    payment = buy(shop, shop.client(), "/get/free")
    revoke(shop, payment)
    assert shop.client().get(link(shop, payment, "free")).status_code == 403


def test_the_token_does_not_follow_the_buyer_through_the_payment(shop: Shop) -> None:
    payment = buy(shop, shop.client(), "/get/once")
    answer = shop.client().get(link(shop, payment, "week", quality="high"))
    with shop.app.test_request_context():
        order = shop.state.links.read_order(parse_qs(urlsplit(answer.headers["Location"]).query)["order"][0])
    assert order["n"] == "/get/week?quality=high"


def test_a_rotated_key_keeps_links_alive(shop: Shop) -> None:
    payment = buy(shop, shop.client(), "/get/free")
    url = link(shop, payment, "free")
    shop.app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["tests"])
    assert bytes_of(shop.client().get(url)) == GOODS
    shop.app.config["SECRET_KEY_FALLBACKS"] = []
    assert shop.client().get(url).status_code == 403


# Files


def test_a_file_is_sent_with_its_name_its_kind_and_its_validators(shop: Shop) -> None:
    client = shop.client()
    buy(shop, client, "/get/free")
    with client.get("/get/free") as answer:
        headers = answer.headers
        assert "filename*=UTF-8''%C3%BCn%C3%AFque.mp3" in headers["Content-Disposition"]
        assert (headers["Content-Type"], headers["Accept-Ranges"]) == ("audio/mpeg", "bytes")
        assert headers["Content-Length"] == str(len(GOODS))
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert answer.cache_control.private and answer.cache_control.no_cache
        since = headers["Last-Modified"]
    with client.get("/get/free", headers={"If-Modified-Since": since}) as unchanged:
        assert (unchanged.status_code, unchanged.data) == (304, b"")
    with client.get("/get/free", headers={"Range": "bytes=5-9", "If-Range": '"another"'}) as whole:
        assert (whole.status_code, whole.data) == (200, GOODS)


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "out.mp3", "/etc/passwd", "", ".", "nothing.mp3", "a\0b", "../files/../secret.txt"],
)
def test_nothing_outside_the_folder_is_sent(shop: Shop, files: Path, path: str) -> None:
    shop.app.add_url_rule("/any", "any", lambda: shop.fps.send_from_directory(files, path))
    assert shop.client().get("/any").status_code == 404


def test_a_folder_may_be_relative_to_the_app(shop: Shop, tmp_path: Path) -> None:
    shop.app.root_path = str(tmp_path)
    shop.app.add_url_rule("/any", "any", lambda: shop.fps.send_from_directory("files", "once.mp3"))
    assert bytes_of(shop.client().get("/any")) == GOODS


def test_a_file_is_streamed_and_never_in_memory(shop: Shop, files: Path) -> None:
    size = 64 * 1024 * 1024
    with (files / "free.mp3").open("wb") as file:
        file.truncate(size)
    client = shop.client()
    buy(shop, client, "/get/free")
    tracemalloc.start()
    answer = client.get("/get/free", buffered=False)
    longest = total = 0
    for chunk in answer.response:
        longest, total = max(longest, len(chunk)), total + len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    answer.close()

    assert total == size
    assert longest <= 64 * 1024
    assert peak < 4 * 1024 * 1024


def test_nginx_may_send_it(tmp_path: Path, files: Path) -> None:
    (files / "deep ünder").mkdir()
    (files / "deep ünder" / "a?b.mp3").write_bytes(GOODS)
    shop = build(tmp_path, files, config={"FPS_ACCEL": {str(files): "/protected/"}})
    shop.app.add_url_rule("/deep", "deep", lambda: shop.fps.send_from_directory(files, "deep ünder/a?b.mp3"))
    client = shop.client()
    buy(shop, client, "/get/once")
    for headers in ({}, {"Range": "bytes=0-4"}, {"If-None-Match": "*"}):
        answer = client.get("/get/once", headers=headers)
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["X-Accel-Redirect"] == "/protected/once.mp3"
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert "%C3%BCn%C3%AFque.mp3" in answer.headers["Content-Disposition"]
        assert not {"Content-Length", "ETag", "X-Sendfile"} & set(answer.headers.keys()) - {"Content-Length"}
        assert answer.headers.get("Content-Length", "0") == "0"
    assert client.get("/deep").headers["X-Accel-Redirect"] == "/protected/deep%20%C3%BCnder/a%3Fb.mp3"
    assert "X-Accel-Redirect" not in shop.client().get("/get/once").headers
    shop.clock.advance(HOUR)
    assert "X-Accel-Redirect" not in client.get("/get/once").headers
    shop.close()


def test_apache_may_send_it(tmp_path: Path, files: Path) -> None:
    shop = build(tmp_path, files, config={"USE_X_SENDFILE": True})
    client = shop.client()
    buy(shop, client, "/get/free")
    answer = client.get("/get/free", headers={"Range": "bytes=0-4"})

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["X-Sendfile"] == str(files / "free.mp3")
    shop.close()


# What the gate costs


def test_the_gate_costs_one_indexed_query_however_much_was_bought(shop: Shop) -> None:
    client = shop.client("7")
    buy(shop, client, "/get/free")
    few = cost(shop, lambda: client.get("/get/free").close())
    with writing(shop.ledger.engine) as session:
        row = session.query(GrantRow).one()
        for number in range(1, 300):
            line = session.execute(
                text(
                    "INSERT INTO fps_lines (payment_id, position, sku, reason, quantity, unit_amount, currency,"
                    " repeatable, account, gateway) VALUES (:payment, :number, :sku, 'x', 1, 1, 'USD', 0, 'default',"
                    " 'scripted') RETURNING id"
                ),
                {"payment": row.payment_id, "number": number, "sku": f"sku-{number}"},
            ).scalar_one()
            session.add(
                GrantRow(
                    account=row.account,
                    gateway=row.gateway,
                    payment_id=row.payment_id,
                    line_id=line,
                    buyer=row.buyer,
                    sku=f"sku-{number}",
                    quantity=1,
                    created_at=row.created_at,
                )
            )
    many = cost(shop, lambda: client.get("/get/free").close())

    assert len(few) == len(many) == 1
    [plan] = many
    assert [step for step in plan if step.startswith("SCAN fps")] == []
    assert any("ix_fps_grants_buyer (buyer=? AND account=? AND sku=?)" in step for step in plan)
    assert any("ix_fps_claims_buyer (buyer=? AND account=? AND sku=?)" in step for step in plan)
    assert len(cost(shop, lambda: shop.client("8").get("/get/free"))) == 1


def cost(shop: Shop, ask: Callable[[], object]) -> list[list[str]]:
    """How SQLite answers each question that a request asks of the ledger."""
    plans: list[list[str]] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.startswith("SELECT version_num"):  # the tables' version, asked of each connection
            return
        asked = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plans.append([row[3] for row in asked.fetchall()])

    event.listen(shop.ledger.engine, "before_cursor_execute", explain)
    ask()
    event.remove(shop.ledger.engine, "before_cursor_execute", explain)
    return plans


def cookies(client: FlaskClient) -> str:
    cookie = client.get_cookie("fps_guest")
    return f"fps_guest={cookie.value}" if cookie else ""


def test_templates_may_say_how_much_is_left(shop: Shop) -> None:
    client = shop.client()
    payment = buy(shop, client, "/get/thrice")
    client.get("/get/thrice").close()
    template = "{% for grant in fps.grants(payment) %}{{ grant.left }} of {{ grant.downloads }}{% endfor %}"
    with shop.app.test_request_context():
        assert render_template_string(template, payment=payment) == "2 of 3"


@pytest.mark.parametrize("here", ["http://evil.example", "http://127.0.0.1:5000"])
def test_a_link_to_hand_on_names_the_shop_whatever_the_request_calls_it(tmp_path: Path, files: Path, here: str) -> None:
    """Who asks for a letter to somebody else chooses the ``Host`` of his own request."""
    shop = build(tmp_path, files, config={"FPS_EXTERNAL_URL": "http://localhost:5000"})
    payment = buy(shop, shop.client(), "/get/thrice")
    with shop.app.test_request_context(base_url=here):
        links = shop.fps.claim_url(payment), shop.fps.download_url(payment, "get", sku="thrice")
    for link in links:
        assert link.startswith("http://localhost:5000/")
        with shop.client().get(link) as answer:
            assert answer.status_code == 200
    shop.close()


def test_a_link_to_hand_on_is_made_in_a_task_too(tmp_path: Path, files: Path) -> None:
    shop = build(tmp_path, files, config={"FPS_EXTERNAL_URL": "http://localhost:5000"})
    payment = buy(shop, shop.client(), "/get/thrice")
    with shop.app.app_context():
        links = shop.fps.claim_url(payment), shop.fps.download_url(payment, "get", sku="thrice")
    for link in links:
        assert link.startswith("http://localhost:5000/")
        with shop.client().get(link) as answer:
            assert answer.status_code == 200
    shop.close()


def test_in_a_task_of_a_shop_without_an_address_the_key_is_named(shop: Shop) -> None:
    payment = buy(shop, shop.client(), "/get/thrice")
    for make in (shop.fps.claim_url, lambda payment: shop.fps.download_url(payment, "get", sku="thrice")):
        with shop.app.app_context(), pytest.raises(RuntimeError, match=r"set FPS_EXTERNAL_URL \(docs/configuration"):
            make(payment)


@pytest.mark.parametrize("name", ["My Song", "Déjà vu", "100%", "a?b#c"])
def test_a_link_is_good_for_any_name_that_an_address_can_have(shop: Shop, name: str) -> None:
    named = shop.fps.payment_required(lambda name: Item(name, "0.10", name))
    shop.app.add_url_rule("/named/<name>", "named", named(lambda name: f"here is {name}"))
    client = shop.client()
    payment = buy(shop, client, f"/named/{quote(name)}")
    with shop.app.test_request_context():
        link = urlsplit(shop.fps.download_url(payment, "named", name=name))

    assert shop.client().get(f"{link.path}?{link.query}").text == f"here is {name}"
    assert shop.client().get(f"/named/other?{link.query}").status_code == 403
