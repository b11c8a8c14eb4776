"""Signatures judged by what foreign clients made and documents print, never by our own signer alone."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.protocol import endpoints
from flask_fps.protocol import query
from flask_fps.protocol import signing
from tests.protocol.vectors import request_bytes
from tests.protocol.vectors import Vector
from tests.protocol.vectors import vectors

ALL = vectors("boto", "php", "documented")
RECORDED = vectors("boto", "php")
V1 = [vector for vector in ALL if vector.rule == "v1"]
ALIASES = endpoints.API_HOSTS + endpoints.CBUI_HOSTS

C0 = {
    "callerKey": "AKIDEXAMPLE",
    "callerReference": "ref-1",
    "paymentMethod": "ABT,ACH,CC",
    "paymentReason": "Now and Forever - Richard Marx",
    "pipelineName": "SingleUse",
    "returnURL": "https://shop.example/return?a=1&b=c d",
    "transactionAmount": "0.10",
}


def accepted(request: bytes, secret: str, *, aliases: tuple[str, ...] = ALIASES) -> bool:
    """A server's judgement of raw bytes: it is told neither the rule nor the host, only the secret."""
    head, _, body = request.partition(b"\r\n\r\n")
    request_line, *headers = head.decode().split("\r\n")
    method, target, _ = request_line.split(" ")
    host = dict(header.split(": ", 1) for header in headers)["Host"]
    path, _, raw_query = target.partition("?")
    params = query.unique(query.parse(body if method == "POST" else raw_query))
    name, method_name = ("Signature", "SignatureMethod") if "Action" in params else ("signature", "signatureMethod")
    signature = params.pop(name, "")
    hosts = endpoints.hosts_to_try(host, port=34901, aliases=aliases)
    return signing.verifies(method, hosts, path, params, signature, [secret], params.get(method_name, ""))


def replaced(request: bytes, old: str, new: str) -> bytes:
    assert old.encode() in request
    return request.replace(old.encode(), new.encode(), 1)


def test_all_vectors_are_there() -> None:
    assert len(ALL) == 93
    assert len({vector.name for vector in ALL}) == 93


# ------------------------------------------------------------------------------------ signing


@pytest.mark.parametrize("vector", ALL, ids=str)
def test_signs_as_the_foreign_client_did(vector: Vector) -> None:
    if vector.rule == "v2":
        text = signing.string_to_sign(vector.method, vector.host, vector.path, vector.params)
        assert text == vector.string_to_sign
    elif vector.rule == "v1":
        assert signing.concatenation(vector.params) == vector.string_to_sign
        assert signing.sign_v1(vector.params, vector.secret) == vector.signature
    assert signing.hmac_signature(vector.string_to_sign, vector.secret, vector.algorithm) == vector.signature


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("HmacSHA256", "b+KouH0DtpD7S2+v5dosT/Cs3JhaGTBeBke9AQq2CRA="),
        ("HmacSHA1", "JOKxEmQ35tMJspOmilybsKHI7f4="),
    ],
)
def test_signs_a_co_branded_request(algorithm: str, expected: str) -> None:
    params = {**C0, "version": "2009-01-09", "signatureMethod": algorithm, "signatureVersion": "2"}
    assert signing.sign("GET", endpoints.CBUI_SANDBOX, params, "SECRET", algorithm) == expected


def test_signs_a_co_branded_request_in_the_form_of_2007() -> None:
    text = signing.url_form(endpoints.CBUI_PATH, C0)
    assert signing.hmac_signature(text, "SECRET", signing.HMAC_SHA1) == "39PicOQOYLujojOIVBICd2U/K7A="


def test_the_form_of_2007_is_older_than_rfc_3986() -> None:
    params = {"tilde": "~/*", "Download": "a b", "callerKey": "k"}
    assert signing.url_form("/p", params) == "/p?callerKey=k&Download=a%20b&tilde=%7E%2F%2A"


def test_signs_a_co_branded_request_by_version_1() -> None:
    assert signing.sign_v1({**C0, "version": "2009-01-09"}, "SECRET") == "Ysyv+zD8/A4gVAqi/6j5DYawMGY="


def test_version_1_sorts_ignoring_case() -> None:
    """``AWSAccessKeyId`` comes after ``Action``: sorting by bytes was the classic mistake."""
    params = {
        "AWSAccessKeyId": "not_really_an_id",
        "Action": "InstallPaymentInstruction",
        "CallerReference": "ref-1",
        "PaymentInstruction": "MyRole == 'Caller';",
        "SignatureVersion": "1",
        "Timestamp": "2008-04-17T12:00:00Z",
        "TokenType": "Unrestricted",
        "Version": "2007-01-08",
    }
    assert signing.sign_v1(params, "not_really_a_key") == "g437g95kR6ZWTz1dJFOws18GBxo="


def test_version_1_settles_equal_names_by_bytes() -> None:
    assert signing.concatenation({"b": "1", "A": "2", "B": "3", "a": "4"}) == "A2a4B3b1"


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://FPS.Amazonaws.com", "fps.amazonaws.com", ""),
        ("https://fps.amazonaws.com:443/", "fps.amazonaws.com", "/"),
        ("http://shop.example:80/a", "shop.example", "/a"),
        ("http://shop.example:443/a", "shop.example:443", "/a"),
        ("https://shop.example:8443/a?b#c", "shop.example:8443", "/a"),
        ("http://[::1]:8042/", "[::1]:8042", "/"),
    ],
)
def test_address_is_what_the_host_header_says(url: str, host: str, path: str) -> None:
    assert signing.address(url) == (host, path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", "/"),
        ("/a b", "/a%20b"),
        ("/a%20b", "/a%20b"),
        ("/%7Ejohn/~", "/~john/~"),
        ("/é", "/%C3%A9"),
        ("//a", "//a"),
    ],
)
def test_the_path_is_decoded_then_encoded(path: str, line: str) -> None:
    assert signing.string_to_sign("GET", "H", path, {}) == f"GET\nh\n{line}\n"


def test_names_are_sorted_by_bytes_and_empty_values_stay() -> None:
    params = {"b": "", "B": "2", "a~": "x y", "é": "*"}
    assert signing.string_to_sign("GET", "h", "/", params).endswith("\nB=2&a~=x%20y&b=&%C3%A9=%2A")


@pytest.mark.parametrize("algorithm", ["", "HMACSHA256", "hmacsha1", "HmacMD5", "RSA-SHA1", "none"])
def test_refuses_other_algorithms(algorithm: str) -> None:
    with pytest.raises(ValueError, match="signature method"):
        signing.hmac_signature("text", "secret", algorithm)
    assert not signing.verifies("GET", ["h"], "/", {}, "", ["secret"], algorithm)


def test_an_empty_secret_signs_and_verifies_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        signing.sign("GET", "http://h/", {}, "")
    with pytest.raises(ValueError, match="empty"):
        signing.verifies_v1({}, "", [""])


# ------------------------------------------------------------------------------------ verifying


@pytest.mark.parametrize("vector", RECORDED, ids=str)
def test_accepts_the_foreign_client_s_bytes(vector: Vector) -> None:
    assert accepted(vector.request, vector.secret)


@pytest.mark.parametrize("vector", RECORDED, ids=str)
def test_refuses_any_change_of_them(vector: Vector) -> None:
    request, secret = vector.request, vector.secret
    other_method = "POST" if vector.method == "GET" else "GET"
    params = query.join({**vector.params, vector.signature_param: vector.signature})
    moved = (f"/?{params}", "") if other_method == "GET" else (vector.path, params)
    changed = [
        replaced(request, "10.00", "10.01"),
        replaced(request, "10.00", "1.000"),
        replaced(request, "ersion=", "ersioN="),
        replaced(request, "Key", "KeY"),
        replaced(request, "&", "&debug=1&"),
        replaced(request, "&currencyCode=USD" if vector.signature_param == "signature" else "&Version=2010-08-28", ""),
        request_bytes(other_method, *(moved[0], "127.0.0.1:34901", moved[1])),
    ]
    assert not any(accepted(each, secret) for each in changed)
    assert not accepted(request, secret + "x")
    assert not accepted(request, secret.swapcase())


@pytest.mark.parametrize("vector", [each for each in ALL if each.rule == "v2"], ids=str)
def test_version_2_sees_host_and_path(vector: Vector) -> None:
    def verifies(*, method: str = vector.method, host: str = vector.host, path: str = vector.path) -> bool:
        secrets = ["retired", vector.secret]
        return signing.verifies(method, [host], path, vector.params, vector.signature, secrets, vector.algorithm)

    assert verifies()
    assert verifies(host=vector.host.upper())
    assert not verifies(host="evil.example")
    assert not verifies(host=vector.host + ":1")
    assert not verifies(path=vector.path + "x")
    assert not verifies(path=vector.path + "/")
    assert not verifies(method="PUT")


@pytest.mark.parametrize(
    "vector", [each for each in ALL if each.name.startswith(("documented: H1", "documented: H3"))], ids=str
)
def test_accepts_the_documents_requests_as_bytes(vector: Vector) -> None:
    raw = (
        query.join({**vector.params, vector.signature_param: vector.signature}).replace("%20", "+").replace("%3A", ":")
    )
    request = request_bytes("GET", f"{vector.path}?{raw}&", vector.host)
    assert accepted(request, vector.secret, aliases=())
    assert not accepted(replaced(request, "=foo", "=fooo"), vector.secret)
    assert not accepted(replaced(request, "Host: ", "Host: x"), vector.secret, aliases=())
    assert not accepted(request, vector.secret + "x")


def test_a_request_for_amazon_s_host_needs_the_alias() -> None:
    [vector] = [each for each in RECORDED if each.name == "boto: cbui sv- - plain"]
    local = vector.request.replace(b"Host: authorize.payments.amazon.com", b"Host: 127.0.0.1:34901")
    assert accepted(local, vector.secret)
    assert not accepted(local, vector.secret, aliases=())


@pytest.mark.parametrize("vector", V1, ids=str)
def test_version_1_verifies_whatever_order_it_came_in(vector: Vector) -> None:
    raw = query.join(tuple(reversed(vector.params.items())))
    params = query.unique(query.parse(raw.replace("%20", "+")))
    assert signing.verifies_v1(params, vector.signature, ["other", vector.secret])
    assert not signing.verifies_v1(params, vector.signature, ["other"])
    for name, value in params.items():
        assert not signing.verifies_v1({**params, name: value + "x"}, vector.signature, [vector.secret])
        assert not signing.verifies_v1({**params, "x" + name: value}, vector.signature, [vector.secret])


COLLISIONS: list[tuple[dict[str, str], ...]] = [
    (
        {"callerReference": "order1", "status": "SA", "tokenID": "T1"},
        {"callerReference": "order1statusSAtokenIDT1"},
        {"callerReference": "order1", "statusSA": "tokenIDT1"},
        {"callerReferenceo": "rder1", "status": "SA", "tokenID": "T1"},
    ),
    (
        {"Action": "Pay", "SenderDescription": "x", "TransactionAmount": "10"},
        {"Action": "Pay", "SenderDescription": "xTransactionAmount10"},
    ),
]


@pytest.mark.parametrize("same", COLLISIONS)
def test_what_collides_under_version_1_differs_under_version_2(same: tuple[Mapping[str, str], ...]) -> None:
    assert len({signing.sign_v1(params, "secret") for params in same}) == 1
    assert len({signing.sign("GET", "http://h/", params, "secret") for params in same}) == len(same)


@given(st.text("abcXYZ=&%~+ ", min_size=1, max_size=6), st.text("abcXYZ=&%~+ ", max_size=6), st.data())
def test_no_border_can_be_moved_under_version_2(name: str, value: str, data: st.DataObject) -> None:
    both = name + value
    border = data.draw(st.integers(1, len(both)))
    moved = {both[:border]: both[border:]}
    same = moved == {name: value}
    assert (
        signing.string_to_sign("GET", "h", "/", moved) == signing.string_to_sign("GET", "h", "/", {name: value})
    ) is same


@pytest.mark.parametrize(
    "odd", ["", " ", "é", "\ud800", "\0", "A" * 10_000, "b+KouH0DtpD7S2+v5dosT/Cs3JhaGTBeBke9AQq2CRA"]
)
def test_odd_signatures_are_refused_and_never_raise(odd: str) -> None:
    assert not signing.same("b+KouH0DtpD7S2+v5dosT/Cs3JhaGTBeBke9AQq2CRA=", odd)
    assert not signing.verifies("GET", ["h"], "/", C0, odd, ["secret"], "HmacSHA256")
    assert not signing.verifies_v1(C0, odd, ["secret"])


def test_signatures_are_compared_in_constant_time() -> None:
    """A plain comparison of long texts tells where they differ; this one must not."""
    expected = "a" * 200_000
    early, late = "b" + expected[1:], expected[:-1] + "b"

    def cost(got: str) -> float:
        started = time.perf_counter()
        signing.same(expected, got)
        return time.perf_counter() - started

    rounds = [(cost(early), cost(late)) for _ in range(200)]
    early_cost, late_cost = (min(costs) for costs in zip(*rounds, strict=True))  # whatever else the machine does
    assert 0.5 < early_cost / late_cost < 2


def test_one_secret_must_not_be_taken_letter_by_letter() -> None:
    with pytest.raises(TypeError, match="list"):
        signing.verifies("GET", ["h"], "/", {}, "", "secret", "HmacSHA256")
    with pytest.raises(TypeError, match="list"):
        signing.verifies_v1({}, "", "secret")
