"""Claim links, receipts, and the page that sends new links."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask_wtf import CSRFProtect

from flask_fps import claims
from flask_fps import Item
from flask_fps import Payment
from flask_fps.checkout.claim import LETTERS_APART
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import ClaimRow
from flask_fps.ledger.models import GrantRow
from flask_fps.worker import Worker
from tests.apps import heading
from tests.apps import Shop
from tests.apps import SONG
from tests.decency import complaints

COOKIE = "fps_guest"
HOUR = timedelta(hours=1)
LIMITED = Item("limited", "0.10", "Twice", downloads=2)


@dataclass(frozen=True)
class Letter:
    payment: str
    to: str | None
    url: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path


class Post:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.broken = 0

    def __call__(self, payment: Payment, *, to: str | None, url: str) -> None:
        if self.broken:
            self.broken -= 1
            raise ConnectionError("the mail server is away")
        self.letters.append(Letter(payment.reference, to, url))

    def wait_for(self, count: int) -> list[Letter]:
        until = time.monotonic() + 60
        while len(self.letters) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.letters) == count
        return self.letters


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def shop(tmp_path: Path, post: Post) -> Iterator[Shop]:
    shop = Shop(tmp_path, config={"FPS_SEND_RECEIPT": post})
    shop.app.add_url_rule("/limited", "limited", shop.fps.payment_required(LIMITED)(lambda: "twice"))
    shop.app.add_url_rule("/mine", "mine", lambda: [each.reference for each in shop.fps.purchases()])
    yield shop
    shop.close()


def claim_path(shop: Shop, payment: Payment) -> str:
    with shop.app.test_request_context():
        return urlsplit(shop.fps.claim_url(payment)).path


def work(shop: Shop) -> None:
    with shop.app.app_context():
        Worker(shop.state).work_once()


# Claims


def test_a_claim_carries_a_purchase_to_another_browser_and_takes_it_from_nobody(shop: Shop) -> None:
    first, second = shop.client(), shop.client()
    payment = shop.buy(first)
    page = second.get(claim_path(shop, payment))
    assert (page.status_code, heading(page)) == (200, "Use your purchase in this browser")
    assert complaints(page.text) == []
    assert "Now and Forever" in page.text
    assert second.get("/song").status_code == 303  # looking is not taking
    answer = second.post(claim_path(shop, payment))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/song")
    assert answer.headers["Cache-Control"] == "no-store"
    for browser in (first, second):
        assert browser.get("/song").text == "the song"
        assert browser.get("/mine").json == [payment.reference]
        assert heading(browser.get(shop.page(payment))) == "Thank you, it is paid"
    assert shop.payment(payment.reference).buyer != guest(shop, second)
    assert "claimed" in [entry.event for entry in shop.ledger.journal(payment.reference)]
    assert shop.client().get("/song").status_code == 303


def guest(shop: Shop, client: Any) -> str:
    with shop.app.test_request_context():
        return shop.state.links.read_guest(client.get_cookie(COOKIE).value)


@pytest.mark.parametrize("sender", ["cross-site", "same-site"])
def test_a_form_on_another_site_takes_nobodys_guest_cookie_away(shop: Shop, sender: str) -> None:
    path = claim_path(shop, shop.buy(shop.client("mallory")))
    victim = shop.client()  # a browser brings no SameSite=Lax cookie to a form that another site posts
    answer = victim.post(path, headers={"Sec-Fetch-Site": sender})

    assert (answer.status_code, heading(answer)) == (200, "Use your purchase in this browser")
    assert victim.get_cookie(COOKIE) is None
    assert victim.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert victim.get_cookie(COOKIE) is not None


def test_a_link_works_in_so_many_browsers_and_then_in_no_other(tmp_path: Path) -> None:
    shop = Shop(tmp_path, config={"FPS_CLAIM_LIMIT": "2"})
    payment = shop.buy(shop.client())
    path, (first, second, third) = claim_path(shop, payment), [shop.client() for _ in range(3)]
    for browser in (first, second):
        assert browser.post(path).status_code == 303
    looked, pressed, program = (
        third.get(path),
        third.post(path),
        third.get(path, headers={"Accept": "application/json"}),
    )

    for answer in (looked, pressed):
        assert (answer.status_code, heading(answer)) == (429, "This link was used in many browsers")
        assert complaints(answer.text) == []
        assert answer.headers["Cache-Control"] == "no-store"
    assert third.get_cookie(COOKIE) is None
    assert (program.status_code, program.json["error"] if program.json else None) == (429, "claim_limit")
    for browser in (first, second):
        assert browser.post(path).status_code == 303
        assert browser.get("/song").text == "the song"

    looked_at = shop.app.test_cli_runner().invoke(args=["fps", "downloads", payment.reference])
    assert looked_at.stdout.endswith("\nClaimed by 2 browsers; FPS_CLAIM_LIMIT is 2.\n")
    took = shop.app.test_cli_runner().invoke(args=["fps", "downloads", payment.reference, "--take-back"], input="y\n")
    assert took.exit_code == 0, took.output
    assert f"Take payment {payment.reference} back from 2 browsers?" in took.stderr
    assert "Claimed by" not in took.stdout
    assert first.get("/song").status_code == 303
    assert third.post(path).status_code == 303
    assert third.get("/song").text == "the song"
    shop.close()


def test_twice_is_once(shop: Shop) -> None:
    payment, other = shop.buy(shop.client()), shop.client()
    for _ in range(3):
        other.post(claim_path(shop, payment))
    with writing(shop.ledger.engine) as session:
        assert session.query(ClaimRow).count() == 1
    assert [entry.event for entry in shop.ledger.journal(payment.reference)].count("claimed") == 1


def test_the_buyer_himself_claims_nothing(shop: Shop) -> None:
    client = shop.client("7")
    payment = shop.buy(client)
    assert client.post(claim_path(shop, payment)).status_code == 303
    with writing(shop.ledger.engine) as session:
        assert session.query(ClaimRow).count() == 0


def test_limits_count_per_purchase_whoever_downloads(shop: Shop) -> None:
    first, second = shop.client(), shop.client()
    payment = shop.buy(first, first.get("/limited").headers["Location"])
    second.post(claim_path(shop, payment))
    assert first.get("/limited").text == second.get("/limited").text == "twice"
    shop.clock.advance(HOUR)
    assert second.get("/limited").text == "twice"
    shop.clock.advance(HOUR)

    assert [browser.get("/limited").status_code for browser in (first, second)] == [429, 429]
    answer = shop.client().get(claim_path(shop, payment))
    assert (answer.status_code, heading(answer)) == (429, "All downloads of this purchase are used")


def test_a_claim_ends_with_the_refund(shop: Shop) -> None:
    payment, other = shop.buy(shop.client()), shop.client()
    other.post(claim_path(shop, payment))
    with writing(shop.ledger.engine) as session:
        session.query(GrantRow).update({"revoked_at": shop.clock.now})

    assert (other.get("/song").status_code, other.get("/mine").json) == (403, [])
    assert shop.client().get(claim_path(shop, payment)).status_code == 403
    assert shop.client().post(claim_path(shop, payment)).status_code == 403


def test_signing_in_takes_what_was_claimed_along(shop: Shop) -> None:
    payment, other, again = shop.buy(shop.client()), shop.client(), shop.client("7")
    again.post(claim_path(shop, payment))
    other.post(claim_path(shop, payment))
    other.environ_base["HTTP_X_USER"] = "7"
    assert other.get("/song").text == "the song"
    del other.environ_base["HTTP_X_USER"]

    assert other.get("/song").status_code == 303
    assert shop.client("7").get("/song").text == "the song"
    with writing(shop.ledger.engine) as session:
        assert session.query(ClaimRow).count() == 1


def test_who_claimed_it_need_not_pay_for_it(shop: Shop) -> None:
    payment, other = shop.buy(shop.client()), shop.client()
    other.post(claim_path(shop, payment))
    assert shop.start(other).headers["Location"] == "/song"


def test_only_what_is_paid_can_be_claimed(shop: Shop) -> None:
    payment = shop.started(shop.client())
    for method in ("GET", "POST"):
        assert shop.client().open(claim_path(shop, payment), method=method).status_code == 400


def test_a_claim_is_good_for_a_month(shop: Shop) -> None:
    payment = shop.buy(shop.client())
    path = claim_path(shop, payment)
    shop.clock.advance(timedelta(days=30, seconds=1))
    for method in ("GET", "POST"):
        answer = shop.client().open(path, method=method)
        assert (answer.status_code, heading(answer)) == (410, "This link is too old")
        assert 'href="/fps/links"' in answer.text


def tampered(path: str) -> list[str]:
    token = path.rpartition("/")[2]
    payload, stamp, signature = token.split(".")
    return [
        f"{payload}x.{stamp}.{signature}",
        f"{payload}.{stamp}A.{signature}",
        f"{payload}.{stamp}.{signature[::-1]}",
        payload,
        "x" * 9000,
        "%00",
        "..%2fclaim",
    ]


def test_a_changed_link_brings_nothing(shop: Shop) -> None:
    path = claim_path(shop, shop.buy(shop.client()))
    for token in tampered(path):
        for method in ("GET", "POST"):
            client = shop.client()
            assert client.open(f"/fps/claim/{token}", method=method).status_code in (400, 404)
            assert client.get("/song").status_code == 303


def test_a_token_of_one_kind_is_none_of_another(shop: Shop) -> None:
    client = shop.client()
    payment = shop.buy(client)
    links = shop.state.links
    with shop.app.app_context():
        others = [links.write_ref(payment.reference), links.write_file(payment.reference, "/song")]
        claim = links.write_claim(payment.reference)
    for token in others:
        assert shop.client().post(f"/fps/claim/{token}").status_code == 400
    for token in (claim, others[0]):
        assert shop.client().get(f"/song?fps_link={token}").status_code == 403


def test_forms_of_ours_need_no_token_of_flask_wtf(tmp_path: Path, post: Post) -> None:
    shop = Shop(tmp_path, config={"FPS_SEND_RECEIPT": post}, before=lambda shop: CSRFProtect(shop.app) and None)
    payment, other = shop.buy(shop.client()), shop.client()
    assert other.post(claim_path(shop, payment)).status_code == 303
    assert other.post("/fps/links", data={"email": "nobody@example.com"}).status_code == 200
    shop.close()


# Receipts


def test_the_buyer_is_written_to_once_he_has_paid(shop: Shop, post: Post) -> None:
    payment = shop.buy(shop.client())
    work(shop)
    [letter] = post.letters

    assert (letter.payment, letter.to) == (payment.reference, "john@example.com")
    assert letter.url.startswith("http://localhost/fps/claim/")
    other = shop.client()
    other.post(letter.path)
    assert other.get("/song").text == "the song"
    assert shop.payment(payment.reference).contact == "john@example.com"
    work(shop)
    assert len(post.letters) == 1


def test_a_mail_server_that_is_away_is_tried_again(shop: Shop, post: Post) -> None:
    post.broken = 2
    shop.buy(shop.client())
    for _ in range(3):
        work(shop)
        shop.clock.advance(HOUR)
    assert len(post.letters) == 1


def test_a_provider_that_does_not_answer_leaves_the_address_open(shop: Shop, post: Post) -> None:
    shop.gateway.will("status", "lost")
    shop.buy(shop.client())
    work(shop)
    assert [letter.to for letter in post.letters] == [None]


def test_an_address_that_the_provider_told_is_known_before_anybody_is_written_to(tmp_path: Path, post: Post) -> None:
    """Who bought before the shop wrote receipts can still ask for his link."""
    shop = Shop(tmp_path)
    shop.gateway.will("pay", "pending")
    payment = shop.buy(shop.client())
    shop.provider.settle()
    shop.notify(shop.client(), payment)
    assert shop.payment(payment.reference).contact == "john@example.com"
    shop.close()


def test_without_a_function_nobody_is_written_to(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    payment = shop.buy(shop.client())
    work(shop)
    assert "status" not in shop.gateway.calls
    assert (shop.client().get("/fps/links").status_code, shop.client().post("/fps/links").status_code) == (404, 404)
    assert shop.payment(payment.reference).contact is None
    shop.close()


def test_the_function_may_be_a_coroutine(tmp_path: Path) -> None:
    post = Post()

    async def send(payment: Payment, *, to: str | None, url: str) -> None:
        post(payment, to=to, url=url)

    shop = Shop(tmp_path, config={"FPS_SEND_RECEIPT": send})
    shop.buy(shop.client())
    work(shop)
    assert len(post.letters) == 1
    shop.close()


def test_the_shop_may_know_better_where_to_write(shop: Shop, post: Post) -> None:
    shop.fps.contact_loader(lambda: "Ann@Example.com")
    payment = shop.buy(shop.client())
    assert payment.contact == "ann@example.com"
    work(shop)
    assert [letter.to for letter in post.letters] == ["ann@example.com"]
    assert "status" not in shop.gateway.calls


@pytest.mark.parametrize("contact", [None, "ann@example.com"])
def test_a_guest_who_never_comes_back_is_charged_only_if_his_goods_can_reach_him(
    shop: Shop, post: Post, contact: str | None
) -> None:
    shop.fps.contact_loader(lambda: contact)
    payment = shop.started(shop.client())
    shop.provider.authorize(payment.reference)
    for _ in range(3):
        shop.clock.advance(HOUR / 4)
        work(shop)

    assert shop.payment(payment.reference).state.value == ("paid" if contact else "cancelled")
    assert [letter.to for letter in post.letters] == ([contact] if contact else [])
    if contact:
        phone = shop.client()
        phone.post(post.letters[0].path)
        assert phone.get("/song").text == "the song"


@pytest.mark.parametrize("found", ["ann", 7, "x" * 250 + "@x.yz", "a@b\n"])
def test_what_is_no_address_is_told_to_the_developer(shop: Shop, found: object) -> None:
    shop.fps.contact_loader(lambda: found)
    with pytest.raises(RuntimeError, match=r"fps\.contact_loader returned .*: return an e-mail address, or None"):
        shop.start(shop.client())


def test_a_shop_that_writes_to_nobody_keeps_no_address(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.fps.contact_loader(lambda: "ann@example.com")
    assert shop.started(shop.client()).contact is None
    shop.close()


# New links


def test_a_new_link_goes_to_the_stored_address_only(shop: Shop, post: Post) -> None:
    shop.buy(shop.client())
    work(shop)
    page = shop.client().get("/fps/links")
    assert (heading(page), complaints(page.text)) == ("Send me a new link", [])
    shop.client().post("/fps/links", data={"email": "  JOHN@example.com "})
    letter = post.wait_for(2)[-1]

    assert letter.to == "john@example.com"
    other = shop.client()
    other.post(letter.path)
    assert other.get("/song").text == "the song"


@pytest.mark.parametrize("address", ["john@example.com", "nobody@example.com", "john@example.com\u00a0x@y"])
def test_the_answer_tells_nothing(shop: Shop, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.buy(shop.client())
    work(shop)
    asked: list[str] = []

    def note(app: object, address: str) -> None:
        asked.append(address)
        claims._ROOM.release()

    monkeypatch.setattr(claims, "_send_anew", note)
    answer = shop.client().post("/fps/links", data={"email": address})

    if "\u00a0" in address:
        assert (answer.status_code, asked) == (422, [])
        return
    assert (answer.status_code, heading(answer)) == (200, "Look into your mail")
    assert address not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_answers_are_the_same_to_the_byte_and_wait_for_nothing(shop: Shop, post: Post) -> None:
    shop.buy(shop.client())
    work(shop)
    release, calls = threading.Event(), list[str]()
    wanted = shop.state.checkout.wanted

    def slow(address: str) -> list[Payment]:
        calls.append(address)
        assert release.wait(60)
        return wanted(address)

    object.__setattr__(shop.state.checkout, "wanted", slow)
    answers = [shop.client().post("/fps/links", data={"email": f"{who}@example.com"}) for who in ("john", "nobody")]
    assert answers[0].data == answers[1].data
    assert dict(answers[0].headers) == dict(answers[1].headers)
    assert len(post.letters) == 1
    release.set()
    post.wait_for(2)


def test_nobody_can_flood_a_mailbox(shop: Shop, post: Post) -> None:
    shop.buy(shop.client())
    work(shop)
    for _ in range(5):
        assert shop.client().post("/fps/links", data={"email": "john@example.com"}).status_code == 200
        settle()
    post.wait_for(2)
    shop.clock.advance(LETTERS_APART)
    shop.client().post("/fps/links", data={"email": "john@example.com"})
    post.wait_for(3)


def settle() -> None:
    """Until nobody works on a wish any more."""
    until = time.monotonic() + 60
    while claims._ROOM._value < 4 and time.monotonic() < until:
        time.sleep(0.01)


def test_what_was_given_back_or_never_paid_brings_no_letter(shop: Shop, post: Post) -> None:
    shop.buy(shop.client())
    work(shop)
    with writing(shop.ledger.engine) as session:
        session.query(GrantRow).update({"revoked_at": shop.clock.now})
    shop.client().post("/fps/links", data={"email": "john@example.com"})
    settle()
    assert len(post.letters) == 1


def test_too_many_wishes_at_once_are_dropped(shop: Shop, post: Post, caplog: pytest.LogCaptureFixture) -> None:
    with contention():
        assert shop.client().post("/fps/links", data={"email": "john@example.com"}).status_code == 200
    assert "dropped" in caplog.text


def test_a_thread_that_cannot_be_started_takes_no_room(shop: Shop, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    settle()
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="can't start"):
        patch.setattr(threading.Thread, "start", no_thread)
        shop.client().post("/fps/links", data={"email": "john@example.com"})

    assert claims._ROOM._value == 4


@contextmanager
def contention() -> Iterator[None]:
    """All room is taken."""
    for _ in range(4):
        assert claims._ROOM.acquire(timeout=10)
    yield
    for _ in range(4):
        claims._ROOM.release()


@pytest.mark.parametrize("address", ["", "john", "@" * 300, "a@b\n"])
def test_what_is_no_address_is_said_so(shop: Shop, address: str) -> None:
    answer = shop.client().post("/fps/links", data={"email": address})
    if address.strip() == "a@b":
        assert answer.status_code == 200  # a line end around it is no harm
        return
    assert answer.status_code == 422
    assert "This is not an e-mail address" in answer.text
    assert complaints(answer.text) == []


def test_a_letter_that_fails_is_logged_and_not_shown(shop: Shop, post: Post, caplog: pytest.LogCaptureFixture) -> None:
    shop.buy(shop.client())
    work(shop)
    post.broken = 1
    assert shop.client().post("/fps/links", data={"email": "john@example.com"}).status_code == 200
    settle()
    assert "a new link could not be sent" in caplog.text


@pytest.mark.parametrize(("repeatable", "offered"), [([True, True], False), ([True, False], True)])
def test_what_opens_no_gate_has_no_link_for_another_device(shop: Shop, repeatable: list[bool], offered: bool) -> None:
    items = [Item(f"vinyl-{index}", "0.10", "A vinyl", repeatable=each) for index, each in enumerate(repeatable)]
    client = shop.client()
    with shop.app.test_request_context():
        link = shop.fps.start_url(*items, order_key="order-1", next_url="/orders/1")
    page = client.get(shop.page(shop.buy(client, link)))

    assert 'href="/orders/1"' in page.text
    assert ("Link to this purchase" in page.text) == offered


def test_an_order_that_makes_no_payment_as_all_is_owned_is_in_the_log(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    client = shop.client()
    shop.buy(client)
    caplog.set_level("INFO", "flask_fps")
    with shop.app.test_request_context():
        links = [shop.fps.start_url(SONG, next_url="/orders/2", order_key=key) for key in ("order-2", None)]

    assert [client.get(link).headers["Location"] for link in links] == ["/orders/2", "/orders/2"]
    said = [each.getMessage() for each in caplog.records if "owned already" in each.getMessage()]
    assert said == ["order order-2 makes no payment: all of it is owned already (Item(…, repeatable=True))"]
