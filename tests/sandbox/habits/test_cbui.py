"""Habits of those who made co-branded URLs, each over a raw socket as the buyer's browser sends it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import ACCESS_KEY
from tests.sandbox.habits.wire import ask
from tests.sandbox.habits.wire import get
from tests.sandbox.habits.wire import hmac_of
from tests.sandbox.habits.wire import is_opened
from tests.sandbox.habits.wire import netloc
from tests.sandbox.habits.wire import START
from tests.sandbox.habits.wire import start
from tests.sandbox.habits.wire import version_2
from tests.sandbox.habits.wire import written

WISH = {
    "callerKey": ACCESS_KEY,
    "pipelineName": "SingleUse",
    "callerReference": "order-1",
    "returnURL": "http://127.0.0.1:5000/fps/return?a=1&b=c d",
    "transactionAmount": "0.10",
    "paymentReason": "Now & Forever ~ 100% *Richard* Marx + é",
    "version": "2009-01-09",
}


def _version_1(params: Mapping[str, str]) -> dict[str, str]:
    text = "".join(name + params[name] for name in sorted(params, key=str.lower))
    return {**params, "signature": hmac_of(text, "sha1")}


def _renamed(**names: str) -> dict[str, str]:
    return {names.get(name, name): text for name, text in WISH.items()}


# ----------------------------------------------------------------------------------------------- hosts


@pytest.mark.parametrize(
    ("header", "signed"),
    [
        pytest.param("127.0.0.1:{port}", "127.0.0.1:{port}", id="Java, C# and PHP sign the port"),
        pytest.param("127.0.0.1:{port}", "127.0.0.1", id="others do not"),
        pytest.param("127.0.0.1:{port}", "authorize.payments.amazon.com", id="boto signs production's name"),
        pytest.param("127.0.0.1:{port}", "authorize.payments-sandbox.amazon.com", id="or the sandbox's"),
        pytest.param("localhost:{port}", "LOCALHOST:{port}", id="capitals are no part of a host"),
        pytest.param("authorize.payments-sandbox.amazon.com", "authorize.payments-sandbox.amazon.com", id="/etc/hosts"),
    ],
)
def test_a_client_signs_the_host_it_believes_in(server: SandboxServer, header: str, signed: str) -> None:
    port = netloc(server).partition(":")[2]
    query = written(version_2(WISH, signed.format(port=port)))
    assert is_opened(start(server, query, header.format(port=port)))


@pytest.mark.parametrize("signed", ["fps.sandbox.amazonaws.com", "authorize.payments.amazon.com.evil.example"])
def test_but_not_any_host_will_do(server: SandboxServer, signed: str) -> None:
    assert "Invalid Signature" in start(server, written(version_2(WISH, signed))).body


# --------------------------------------------------------------------------------- names and encodings


@pytest.mark.parametrize(
    "names",
    [
        pytest.param({"returnURL": "returnUrl"}, id="returnUrl: the official Ruby sample"),
        pytest.param({"callerKey": "accessKey"}, id="accessKey: Simple Pay's name"),
        pytest.param({"callerReference": "CallerReference"}, id="CallerReference: boto's mend of its issue 909"),
        pytest.param({"returnURL": "returnUrl", "callerKey": "accessKey"}, id="two at once"),
    ],
)
def test_a_name_of_the_time_stands_for_the_documented_one(server: SandboxServer, names: dict[str, str]) -> None:
    assert is_opened(start(server, written(version_2(_renamed(**names), netloc(server)))))


@pytest.mark.parametrize("name", ["ReturnURL", "RETURNURL", "callerkey", "callerreference", "PipelineName"])
def test_other_spellings_do_not(server: SandboxServer, name: str) -> None:
    original = next(each for each in WISH if each.lower() == name.lower())
    answer = start(server, written(version_2(_renamed(**{original: name}), netloc(server))))
    assert not is_opened(answer)


def test_botos_stray_caller_reference_is_signed_and_ignored(server: SandboxServer) -> None:
    """boto adds a uuid of its own beside the reference it is given."""
    stray = {**WISH, "CallerReference": "7f0c5a52-9c11-4f0e-9d3c-1a2b3c4d5e6f"}
    assert is_opened(start(server, written(version_2(stray, netloc(server)))))
    assert [run.caller_reference for run in server.bank.books.runs] == ["order-1"]


def test_a_name_that_nobody_documented_is_signed_and_ignored(server: SandboxServer) -> None:
    """The opposite of the API: remit sent collectEmailAddress, kickstarter disableGuest."""
    more = {**WISH, "collectEmailAddress": "True", "disableGuest": "True"}
    assert is_opened(start(server, written(version_2(more, netloc(server)))))


@pytest.mark.parametrize(
    ("safe", "space"),
    [
        pytest.param("-_.~", "%20", id="C#, boto: RFC 3986"),
        pytest.param("-_.", "+", id="PHP's http_build_query: + and %7E"),
        pytest.param("-_.*", "+", id="Java's URLEncoder: a bare star"),
        pytest.param("-_.~!*'()/:@,;$", "%20", id="a browser that writes the link anew"),
    ],
)
def test_the_wire_may_be_encoded_otherwise_than_what_was_signed(server: SandboxServer, safe: str, space: str) -> None:
    assert is_opened(start(server, written(version_2(WISH, netloc(server)), safe, space)))
    assert [run.reason for run in server.bank.books.runs] == [WISH["paymentReason"]]


@pytest.mark.parametrize("form", ["{}&", "&{}", "{}&&"])
def test_a_stray_ampersand_is_no_parameter(server: SandboxServer, form: str) -> None:
    """The official C# SDK ends its URL with one."""
    assert is_opened(start(server, form.format(written(version_2(WISH, netloc(server))))))


def test_parameters_come_in_any_order(server: SandboxServer) -> None:
    params = version_2(WISH, netloc(server))
    assert is_opened(start(server, written({name: params[name] for name in reversed(params)})))


@pytest.mark.parametrize("text", ["", "True", "true", "False", "FALSE"])
def test_booleans_have_any_case(server: SandboxServer, text: str) -> None:
    """Docs and SDKs write True, remit true; boto sends an empty value for None."""
    params = version_2({**WISH, "collectShippingAddress": text} if text else WISH, netloc(server))
    assert is_opened(start(server, written(params)))


@pytest.mark.parametrize("methods", ["ABT,ACH,CC", "abt,ba,cc", "CC, ABT", "cc"])
def test_payment_methods_have_any_case_and_ba_is_a_bank_account(server: SandboxServer, methods: str) -> None:
    params = version_2({**WISH, "paymentMethod": methods}, netloc(server))
    assert is_opened(start(server, written(params)))


# ------------------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize("algorithm", ["HmacSHA256", "HmacSHA1"])
def test_either_hash_is_taken(server: SandboxServer, algorithm: str) -> None:
    assert is_opened(start(server, written(version_2(WISH, netloc(server), algorithm))))


def test_the_version_of_the_pages_may_be_left_out(server: SandboxServer) -> None:
    """boto sends none unless it is told to."""
    bare = {name: text for name, text in WISH.items() if name != "version"}
    assert is_opened(start(server, written(version_2(bare, netloc(server)))))


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="the official PHP class of 2009 names no version"),
        pytest.param({"signatureVersion": "1"}, id="Java and C# name it"),
        pytest.param({"signatureVersion": "1", "signatureMethod": "HmacSHA256"}, id="and a method that is not used"),
    ],
)
def test_version_1_in_its_spellings(server: SandboxServer, more: dict[str, str]) -> None:
    assert is_opened(start(server, written(_version_1(WISH | more))))
    assert [run.era for run in server.bank.books.runs] == ["v1"]


@pytest.mark.parametrize(
    ("encoding", "space"),
    [("-_.", "%20"), ("-_.*", "+"), ("-_.", "+"), ("-_.~", "%20")],
    ids=["FPyS", "Java", "boto 1", "RFC 3986"],
)
@pytest.mark.parametrize("order", ["ignoring case", "by bytes"])
def test_the_form_of_2007_in_the_encodings_of_its_clients(
    server: SandboxServer, encoding: str, space: str, order: str
) -> None:
    params = {name: text for name, text in WISH.items() if name != "version"}
    ordered = sorted(params, key=str.lower if order == "ignoring case" else str)
    signed = f"{START}?" + written({name: params[name] for name in ordered}, encoding, space)
    query = written({**params, "awsSignature": hmac_of(signed, "sha1")})
    assert is_opened(start(server, query))
    assert [run.era for run in server.bank.books.runs] == ["awsSignature"]


def test_the_form_of_2007_with_its_signature_unescaped(server: SandboxServer) -> None:
    """A plus that was not escaped comes as a space; clients of the time sent it so."""
    for number in range(40):
        params = {**WISH, "callerReference": f"order-{number}"}
        del params["version"]
        pairs = written({name: params[name] for name in sorted(params, key=str.lower)}, "-_.")
        signature = hmac_of(f"{START}?{pairs}", "sha1")
        if "+" in signature:
            break
    assert "+" in signature
    assert is_opened(start(server, f"{pairs}&awsSignature={signature}"))


@pytest.mark.parametrize("host", ["127.0.0..1:5000", "a..example", f"{'a' * 64}.example"])
def test_a_return_address_that_is_none_gets_the_error_page(server: SandboxServer, host: str) -> None:
    answer = start(server, written(version_2({**WISH, "returnURL": f"http://{host}/"}, netloc(server))))
    assert answer.status == 400
    assert "returnURL" in answer.body


# ----------------------------------------------------------------------------------------- connections


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_browser_of_any_age(server: SandboxServer, version: str) -> None:
    query = written(version_2(WISH, netloc(server)))
    assert is_opened(ask(server, get(query, netloc(server), version, path=START)))


def test_a_browser_behind_a_proxy(server: SandboxServer) -> None:
    query = written(version_2(WISH, netloc(server)))
    assert is_opened(ask(server, get(query, netloc(server), path=server.url + START)))


def test_a_posted_form_is_refused_with_the_method_that_is_taken(server: SandboxServer) -> None:
    answer = ask(server, f"POST {START} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert answer.status == 405
    assert "GET" in answer.header("Allow")
