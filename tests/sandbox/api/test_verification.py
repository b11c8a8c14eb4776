from __future__ import annotations

from urllib.parse import quote
from urllib.parse import urlencode

import pytest
import requests

from flask_fps.sandbox.ipn import Letter
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Answer
from tests.sandbox.caller import answered
from tests.sandbox.caller import Caller
from tests.sandbox.caller import token

LISTENER = "http://shop.example:8080/fps/ipn"


@pytest.fixture
def letter(server: SandboxServer, caller: Caller) -> Letter:
    """A notification that was signed here."""
    caller.pay(token(server), OverrideIPNURL=LISTENER)
    return server.notifications[0]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_validators_of_the_time_ask_without_a_signature(server: SandboxServer, letter: Letter, method: str) -> None:
    assert _ask(server, method, LISTENER, letter.body.decode())["VerificationStatus"] == "Success"


def test_a_signed_question_is_answered_too(caller: Caller, letter: Letter) -> None:
    answer = caller.call("VerifySignature", UrlEndPoint=LISTENER, HttpParameters=letter.body.decode())
    assert answer["VerificationStatus"] == "Success"


def test_a_wrong_signature_on_the_question_is_refused(caller: Caller, letter: Letter) -> None:
    wrong = caller.but(secret_key="wrong")
    answer = wrong.call("VerifySignature", UrlEndPoint=LISTENER, HttpParameters=letter.body.decode())
    assert answer.error == "SignatureDoesNotMatch"


def test_re_encoded_parameters_are_the_same_message(server: SandboxServer, letter: Letter) -> None:
    body = letter.body.decode().replace("%20", "+").replace("&", "&", 1)
    assert _ask(server, "GET", LISTENER, body)["VerificationStatus"] == "Success"


@pytest.mark.parametrize(
    ("url", "old", "new"),
    [
        (LISTENER + "/", "", ""),
        ("http://shop.example/fps/ipn", "", ""),
        ("http://evil.example:8080/fps/ipn", "", ""),
        ("not a URL", "", ""),
        ("http://[", "", ""),
        (LISTENER, "USD%201.00", "USD%209.00"),
        (LISTENER, "transactionStatus=SUCCESS", "transactionStatus=SUCCESS&more=1"),
        (LISTENER, "operation=PAY", "operation=PAY&operation=PAY"),
        (LISTENER, "signatureVersion=2", "signatureVersion=1"),
        (LISTENER, "RSA-SHA1", "HmacSHA1"),
        (LISTENER, "127.0.0.1", "127.0.0.2"),
        (LISTENER, "&signature=", "&signature=AAAA"),
    ],
)
def test_anything_else_is_a_failure(server: SandboxServer, letter: Letter, url: str, old: str, new: str) -> None:
    body = letter.body.decode()
    assert old in body
    assert _ask(server, "POST", url, body.replace(old, new))["VerificationStatus"] == "Failure"


@pytest.mark.parametrize("name", ["certificateUrl", "signature", "signatureMethod", "signatureVersion"])
def test_what_the_message_lacks_is_named(server: SandboxServer, letter: Letter, name: str) -> None:
    pairs = [pair for pair in letter.body.decode().split("&") if not pair.startswith(f"{name}=")]
    answer = _ask(server, "GET", LISTENER, "&".join(pairs))
    assert (answer.status, answer["Message"]) == (400, f"{name} is missing in 'HttpParameters'.")


def test_both_parameters_are_required(server: SandboxServer) -> None:
    answer = answered(requests.get(f"{server.url}/?Action=VerifySignature&Version=2008-09-17", timeout=10))
    assert answer["Message"] == "urlEndPoint can not be empty"


def _ask(server: SandboxServer, method: str, url: str, message: str) -> Answer:
    question = {"Action": "VerifySignature", "Version": "2010-08-28", "UrlEndPoint": url, "HttpParameters": message}
    if method == "POST":
        return answered(requests.post(f"{server.url}/", data=question, timeout=10))
    return answered(requests.get(f"{server.url}/?{urlencode(question, quote_via=quote)}", timeout=10))
