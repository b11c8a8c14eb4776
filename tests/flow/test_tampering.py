"""Everything a browser may bring: refused with a clear page, nothing changed, nothing lost, never a 500."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest
import requests

from flask_fps.protocol import demo
from flask_fps.protocol.outbound import sign_outbound
from flask_fps.testing import Sandbox
from tests.flow.shop import money
from tests.flow.shop import open_shop
from tests.flow.shop import raw
from tests.flow.shop import reference_in
from tests.flow.shop import Shop
from tests.flow.shop import Visitor

pytestmark = pytest.mark.story


@pytest.fixture
def url(john: Visitor) -> str:
    """A return of John's that was not handed in yet."""
    return john.authorize(john.want("song"))


def refused(shop: Shop, john: Visitor, sandbox: Sandbox, url: str, status: int = 400) -> str:
    """The answer to a return that must change nothing; afterwards the payment is as payable as before."""
    before = shop.payments()
    answer = john.bring(url)
    assert answer.status == status, (url, answer.text)
    assert "<h1" in answer.text
    assert "Traceback" not in answer.text
    assert shop.payments() == before
    assert money(sandbox) == []
    assert shop.delivered == []
    return answer.text


def still_payable(john: Visitor, url: str) -> None:
    reference_in(john.come_back(url))
    assert john.has("song")


def with_param(url: str, name: str, value: str | None) -> str:
    """The URL with one parameter replaced, added (if it had none) or taken out."""
    base, _, query = url.partition("?")
    pairs = [pair for pair in query.split("&") if pair.partition("=")[0] != name]
    if value is not None:
        pairs.append(f"{name}={value}")
    return f"{base}?{'&'.join(pairs)}"


def param(url: str, name: str) -> str:
    return dict(pair.split("=", 1) for pair in urlsplit(url).query.split("&"))[name]


# Start


@pytest.mark.parametrize("change", ["transactionAmount=0.01", "currencyCode=JPY", "callerReference=other"])
def test_the_signed_address_of_the_payment_pages_cannot_be_changed(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, change: str
) -> None:
    pages = john.get(john.want("song").headers["Location"]).headers["Location"]
    name, value = change.split("=")
    answer = requests.get(with_param(pages, name, value), allow_redirects=False, timeout=10)

    assert answer.status_code == 400
    assert "Invalid Signature" in answer.text
    assert fps_sandbox.ledger()["tokens"] == []


def resigned(pages: str, access_key: str, secret: str, **changes: str) -> str:
    """The address of the payment pages, signed anew by somebody else."""
    from flask_fps.protocol import query
    from flask_fps.protocol import signing

    params = dict(parse_qsl(urlsplit(pages).query)) | changes | {"callerKey": access_key}
    params.pop("signature")
    base = pages.partition("?")[0]
    params["signature"] = signing.sign("GET", base, params, secret)
    return f"{base}?{query.join(params)}"


def test_a_token_for_another_caller_does_not_pay_and_does_not_burn_the_order(
    shop: Shop, john: Visitor, mallory: Visitor, fps_sandbox: Sandbox
) -> None:
    pages = john.get(john.want("song").headers["Location"]).headers["Location"]
    account = {"email": "mallory@example.com", "password": "mallory", "access_key": "MALLORY", "secret_key": "s"}
    requests.post(f"{fps_sandbox.url}/_control/accounts", json=account, timeout=10).raise_for_status()
    start = requests.Response()
    start.status_code, start.headers["Location"] = 303, resigned(pages, "MALLORY", "s", transactionAmount="0.01")
    start.request = requests.Request("GET", shop.url).prepare()
    stolen = mallory.authorize(start)

    mallory.come_back(stolen)
    assert money(fps_sandbox) == []
    assert shop.delivered == []
    assert not mallory.has("song")
    assert not john.has("song")


FORGED_ORDERS = [
    "",
    "x",
    "..",
    "%00",
    "%ff%fe",
    "%F0%9F%92%A9",
    "eyJsIjpbXX0.aaaaaa.bbbbbb",
    "a" * 8000,
    "'%20OR%201=1--",
    "<script>alert(1)</script>",
]


def test_a_forged_order_is_refused(shop: Shop, john: Visitor) -> None:
    for token in FORGED_ORDERS:
        answer = john.bring(f"{shop.url}/fps/start?order={token}")

        assert answer.status == 400
        assert "was not made by this shop" in answer.text
        assert "<script>" not in answer.text

    assert shop.payments() == []


def test_an_order_changed_anywhere_is_refused(shop: Shop, john: Visitor) -> None:
    start = shop.url + john.want("song").headers["Location"]
    token = param(start, "order")
    for position in range(0, len(token), 7):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert john.bring(with_param(start, "order", changed)).status == 400
    assert john.bring(start.partition("?")[0]).status == 400
    assert shop.payments() == []


def test_two_orders_in_one_link_are_not_two_payments(shop: Shop, john: Visitor) -> None:
    start = shop.url + john.want("song").headers["Location"]
    other = param(shop.url + john.want("album").headers["Location"], "order")

    assert john.bring(f"{start}&order={other}").status in (303, 400)
    assert len(shop.payments()) <= 1


def test_a_price_in_the_link_is_not_read(shop: Shop, john: Visitor) -> None:
    start = john.want("song").headers["Location"]
    pages = john.get(f"{start}&price=0.01&amount=0.01&transactionAmount=0.01").headers["Location"]

    assert parse_qsl(urlsplit(pages).query).count(("transactionAmount", "0.10")) == 1
    assert [str(payment.money) for payment in shop.payments()] == ["$0.10"]


@pytest.mark.parametrize("settings", [{"FPS_ORDER_MAX_AGE": 3600}])
def test_an_old_link_leads_back_to_the_goods_page(
    shop: Shop, john: Visitor, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    start, without = john.want("song").headers["Location"], shop.start_url("song")
    now = time.time
    monkeypatch.setattr(shop.app.extensions["fps"].links, "_clock", lambda: now() + 3601)

    answer = john.get(start)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/download/song")
    assert john.get(without).status_code == 410
    assert shop.payments() == []


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch"}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
    ],
)
def test_looking_starts_and_finishes_nothing(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str, method: str, headers: dict[str, str]
) -> None:
    before = shop.payments()
    album = raw(f"{shop.url}/download/album", method, headers)
    assert album.status == 402
    start = shop.url + john.want("album").headers["Location"]
    for address in (start, url):
        answer = raw(address, method, headers)
        assert answer.status == 503
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers

    assert shop.payments() == before
    assert money(fps_sandbox) == []
    still_payable(john, url)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_for_these_pages(shop: Shop, john: Visitor, url: str, method: str) -> None:
    assert john.bring(url, method).status == 405
    assert john.bring(f"{shop.url}/fps/start?order=x", method).status == 405
    still_payable(john, url)


def test_an_unknown_track_is_not_found(shop: Shop, john: Visitor) -> None:
    assert john.get("/download/nothing").status_code == 404
    assert shop.payments() == []


def test_a_script_is_told_where_to_start(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    for headers in ({"Accept": "application/json"}, {"X-Requested-With": "XMLHttpRequest"}):
        answer = john.get("/download/song", **headers)
        assert answer.status_code == 402
        assert answer.json()["start_url"].startswith("/fps/start?order=")
    john.pay(answer)
    assert len(money(fps_sandbox)) == 1


# Return


CHANGES: list[tuple[str, str | None]] = [
    ("signature", None),
    ("signature", ""),
    ("signature", "AAAA"),
    ("signature", "%FF%FE"),
    ("signatureVersion", None),
    ("signatureVersion", "1"),
    ("signatureVersion", "%202"),
    ("signatureVersion", "02"),
    ("signatureMethod", None),
    ("signatureMethod", "HmacSHA1"),
    ("signatureMethod", "HmacSHA256"),
    ("signatureMethod", "rsa-sha1"),
    ("signatureMethod", "none"),
    ("certificateUrl", None),
    ("certificateUrl", "https://evil.example/PKICert.pem"),
    ("status", None),
    ("status", "SB"),
    ("status", "A"),
    ("status", "sa"),
    ("status", "%20SA"),
    ("status", "PAID"),
    ("tokenID", None),
    ("tokenID", "X" * 64),
    ("callerReference", None),
    ("callerReference", "other"),
    ("expiry", "12/2030"),
    ("next", "//evil.example"),
    ("amount", "0.01"),
    ("debug", "1"),
]


def test_a_changed_return_is_refused(shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str) -> None:
    for change in CHANGES:
        text = refused(shop, john, fps_sandbox, with_param(url, *change))

        assert "changed on the way" in text
        assert "evil.example" not in text

    still_payable(john, url)


ANSWER_NAMES = [
    "ref",
    "status",
    "tokenID",
    "signature",
    "callerReference",
    "certificateUrl",
    "signatureVersion",
    "signatureMethod",
]


def test_a_doubled_parameter_is_refused(shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str) -> None:
    for name in ANSWER_NAMES:
        for again in (name, f"{name[:-1]}%{ord(name[-1]):02X}"):
            refused(shop, john, fps_sandbox, f"{url}&{again}={param(url, name)}")
            refused(shop, john, fps_sandbox, url.replace("?", f"?{again}={param(url, name)}&", 1))

    still_payable(john, url)


def test_every_flipped_character_of_the_signature_is_noticed(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str
) -> None:
    signature = unquote(param(url, "signature"))
    for position in range(0, 300, 23):
        flipped = "A" if signature[position] != "A" else "B"
        changed = signature[:position] + flipped + signature[position + 1 :]
        refused(shop, john, fps_sandbox, with_param(url, "signature", quote(changed, safe="")))

    still_payable(john, url)


def stranger() -> tuple[bytes, bytes]:
    """A key pair that nobody configured."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public


def test_a_return_signed_by_a_stranger_is_refused(shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str) -> None:
    private, _ = stranger()
    ref = unquote(param(url, "ref"))
    base = url.partition("?")[0]
    said = {"status": "SA", "tokenID": "T" * 64, "callerReference": unquote(param(url, "callerReference"))}
    for certificate in (f"{fps_sandbox.url}{demo.CERTIFICATE_PATH}", "http://127.0.0.1:1/cert.pem"):
        signed = sign_outbound("GET", f"{base}?ref={ref}", said, private, certificate)
        refused(shop, john, fps_sandbox, f"{base}?{urlencode({'ref': ref, **signed}, quote_via=quote)}")

    still_payable(john, url)


def test_a_genuine_return_of_one_payment_is_not_one_of_another(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str
) -> None:
    other = john.authorize(john.want("album"))
    refused(shop, john, fps_sandbox, with_param(url, "ref", param(other, "ref")))
    refused(shop, john, fps_sandbox, with_param(other, "callerReference", param(url, "callerReference")))

    still_payable(john, url)


def test_the_address_itself_is_signed(shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str) -> None:
    """A return made for another path of ours, under the sandbox's own key."""
    ref = unquote(param(url, "ref"))
    here = f"{url.partition('?')[0]}/elsewhere?ref={ref}"
    said = {"status": "SA", "tokenID": "T" * 64, "callerReference": unquote(param(url, "callerReference"))}
    signed = sign_outbound("GET", here, said, demo.PRIVATE_KEY_PEM, f"{fps_sandbox.url}{demo.CERTIFICATE_PATH}")
    moved = f"{url.partition('?')[0]}?{urlencode({'ref': ref, **signed}, quote_via=quote)}"

    refused(shop, john, fps_sandbox, moved)
    still_payable(john, url)


@pytest.mark.parametrize("status", ["XX", "SA ", "Success", "RS", "SR", "NM"])
def test_a_genuine_return_with_a_status_that_is_no_success_pays_nothing(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str, status: str
) -> None:
    ref = unquote(param(url, "ref"))
    base = url.partition("?")[0]
    said = {
        "status": status,
        "tokenID": param(url, "tokenID"),
        "callerReference": unquote(param(url, "callerReference")),
    }
    signed = sign_outbound(
        "GET", f"{base}?ref={ref}", said, demo.PRIVATE_KEY_PEM, f"{fps_sandbox.url}{demo.CERTIFICATE_PATH}"
    )
    answer = john.bring(f"{base}?{urlencode({'ref': ref, **signed}, quote_via=quote)}")

    assert answer.status in (303, 400)
    assert money(fps_sandbox) == []
    assert shop.delivered == []
    still_payable(john, url)


def test_an_unknown_payment_is_not_found(shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str) -> None:
    ref = shop.app.extensions["fps"].links.write_ref("0" * 32)
    refused(shop, john, fps_sandbox, with_param(url, "ref", ref), 404)


UNMARKED = ["", "?", "?ref=", "?ref=x", "?ref=a.b", "?status=SA", "?ref=%00", "?ref[]=x", "?ref=%ff"]


def test_a_return_without_our_own_mark_is_refused(shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str) -> None:
    for query in UNMARKED:
        refused(shop, john, fps_sandbox, url.partition("?")[0] + query)


def test_a_query_over_8_kib_is_refused_before_it_is_read(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str
) -> None:
    room = 8192 - len(urlsplit(url).query) - 3
    refused(shop, john, fps_sandbox, f"{url}&x={'y' * (room + 1)}", 414)
    refused(shop, john, fps_sandbox, f"{url}&x={'y' * room}", 400)
    refused(shop, john, fps_sandbox, f"{url}&{'&'.join(['a'] * 20_000)}", 414)
    assert john.bring(f"{shop.url}/fps/start?order={'x' * 8192}").status == 414
    still_payable(john, url)


ODD_TAILS = ["&;status=A", "&a[]=1", "&a%00=1", "&%u0041=1", "&x=%FF%FE", "&x=%C0%AF", "&%%%", "&=&=&"]


def test_odd_queries_are_refused_and_never_an_error_of_ours(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, url: str
) -> None:
    for tail in ODD_TAILS:
        refused(shop, john, fps_sandbox, url + tail)

    still_payable(john, url)


# Whose it is


def test_another_browser_that_hands_in_the_return_gets_nothing_of_it(
    shop: Shop, john: Visitor, mallory: Visitor, fps_sandbox: Sandbox, url: str
) -> None:
    reference = reference_in(mallory.come_back(url))

    assert len(money(fps_sandbox)) == 1
    assert john.has("song")
    assert not mallory.has("song")
    page = mallory.get(f"/fps/payments/{reference}")
    assert page.status_code == 404
    assert "One song" not in page.text
    assert "0.10" not in page.text


def test_a_strangers_look_at_a_payment_tells_no_more_than_at_none(shop: Shop, john: Visitor, mallory: Visitor) -> None:
    reference = john.buy("song")
    mine, none = mallory.get(f"/fps/payments/{reference}"), mallory.get(f"/fps/payments/{'0' * 32}")

    assert mine.status_code == none.status_code == 404
    assert re.sub("[0-9a-f]{32}", "", mine.text) == re.sub("[0-9a-f]{32}", "", none.text)


FORGED_COOKIES = ["", "x", "a.b.c", "guest:1", "%00", "é"]


def test_a_forged_guest_cookie_is_a_stranger(shop: Shop, john: Visitor) -> None:
    john.buy("song")
    for cookie in FORGED_COOKIES:
        answer = raw(f"{shop.url}/download/song", headers={"Cookie": f"fps_guest={cookie}".encode().decode("latin-1")})

        assert answer.status == 303


def test_a_page_made_for_mallory_is_johns_order_when_john_opens_it(
    shop: Shop, john: Visitor, mallory: Visitor, fps_sandbox: Sandbox
) -> None:
    start = mallory.want("song").headers["Location"]
    mallory.get(start)
    john.pay(john.get(start))

    assert john.has("song")
    assert not mallory.has("song")
    assert len(money(fps_sandbox)) == 1


OTHER_HOSTS = ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "evil/path", "192.168.0.9"]


def test_another_host_is_not_where_returns_go(shop: Shop, john: Visitor) -> None:
    for host in OTHER_HOSTS:
        start = shop.url + john.want("song").headers["Location"]
        answer = raw(start, headers={"Host": host})

        assert answer.status in (400, 503)
        assert "evil.example" not in answer.headers.get("Location", "")

    assert shop.payments() == []


def test_answers_are_private(shop: Shop, john: Visitor, url: str) -> None:
    answers = [john.get(john.want("album").headers["Location"]), john.come_back(url)]
    answers.append(john.get(answers[1].headers["Location"]))
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert param(url, "tokenID") not in answers[1].headers["Location"] + answers[2].text
    cookie = next(each for each in john.session.cookies if each.name == "fps_guest")
    assert cookie.has_nonstandard_attr("HttpOnly")


# Set-up


def test_a_shop_without_its_sandbox_sends_nobody_away(fps_sandbox: Sandbox, tmp_path: Path) -> None:
    config = {"SECRET_KEY": "x", "FPS_DATABASE_URI": f"sqlite:///{tmp_path / 'x.sqlite'}", **fps_sandbox.config}
    fps_sandbox.server.stop()
    with open_shop(config) as shop:
        start = raw(f"{shop.url}/download/song").headers["Location"]
        answer = raw(shop.url + start)

        assert answer.status == 503
        assert "Nothing was charged" in answer.text
        assert "flask fps sandbox" in answer.text
        assert shop.payments() == []


def test_wrong_settings_stop_the_shop_with_all_of_them(make: Callable[[dict[str, Any]], Shop]) -> None:
    with pytest.raises(RuntimeError) as caught:
        make({"FPS_CURRENCY": "euro", "FPS_TIMEOUT": -1, "FPS_PAYMENT_METHOD": "CC", "FPS_ENVIRONMENT": "production"})
    for key in ("FPS_CURRENCY", "FPS_TIMEOUT", "FPS_PAYMENT_METHODS?", "FPS_EXTERNAL_URL", "2015-06-01"):
        assert key in str(caught.value)


@pytest.fixture
def make() -> Callable[[dict[str, Any]], Shop]:
    from tests.flow.shop import make_shop

    return make_shop
