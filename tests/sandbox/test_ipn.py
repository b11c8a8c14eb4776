from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import datetime
from datetime import timezone
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl
from urllib.parse import quote

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.server import SandboxServer
from flask_fps.sandbox.settings import Settings
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

HOUR = 3600


@dataclass
class Listener:
    """What a shop's listener got, and what it answers."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def messages(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(body, strict_parsing=True)) for body in self.bodies]


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            heard.headers.append(dict(self.headers))
            self.send_response(heard.answers.pop(0) if heard.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        heard.url = f"http://127.0.0.1:{http.server_port}/fps/ipn"
        thread = Thread(target=lambda: http.serve_forever(0.02))
        thread.start()
        yield heard
        http.shutdown()
        thread.join()


def test_a_card_payment_tells_twice(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    paid = caller.pay(token(server, method="CC"), OverrideIPNURL=listener.url, CallerDescription="MP3 download")
    server.tick()
    server.advance(1)
    pending, success = listener.messages()
    assert (pending["transactionStatus"], pending["statusCode"]) == ("PENDING", "PendingNetworkResponse")
    assert (success["transactionStatus"], success["statusCode"]) == ("SUCCESS", "Success")
    for name in ("signature", "certificateUrl", "transactionStatus", "statusCode", "statusMessage"):
        pending.pop(name)
        success.pop(name)
    received = server.bank.transactions.all()[0].received_at
    assert pending == success == {
        "notificationType": "TransactionStatus",
        "transactionId": paid["TransactionId"],
        "transactionDate": str(int(received.timestamp())),
        "operation": "PAY",
        "paymentMethod": "CC",
        "transactionAmount": "USD 1.00",
        "callerReference": "pay-1",
        "paymentReason": "MP3 download",
        "buyerName": "John Doe",
        "buyerEmail": JOHN,
        "recipientName": "DigitalDownload",
        "recipientEmail": SELLER,
        "signatureVersion": "2",
        "signatureMethod": "RSA-SHA1",
    }  # fmt: skip


def test_it_is_a_form_that_anyone_can_verify_with_the_served_certificate(
    server: SandboxServer, caller: Caller, listener: Listener
) -> None:
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.tick()
    [message] = listener.messages()
    assert listener.headers[0]["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert message["certificateUrl"].partition("?requestId=")[0] == f"{server.url}/certs/090911/PKICert.pem"
    pem = requests.get(message["certificateUrl"], timeout=10).content
    signature = message.pop("signature")
    assert [len(line) for line in signature.split("\n")] == [76, 76, 76, 76, 40]
    host = listener.url.split("/")[2]
    pairs = "&".join(f"{quote(name, safe='-_.~')}={quote(message[name], safe='-_.~')}" for name in sorted(message))
    key = load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    text = f"POST\n{host}\n/fps/ipn\n{pairs}".encode()
    key.verify(base64.b64decode(signature), text, padding.PKCS1v15(), hashes.SHA1())


def test_the_accounts_own_url_is_used_where_the_request_names_none(
    server: SandboxServer, caller: Caller, listener: Listener
) -> None:
    account = {"email": SELLER, "ipn_url": listener.url}
    requests.post(f"{server.url}/_control/accounts", json=account, timeout=10).raise_for_status()
    caller.pay(token(server))
    caller.pay(token(server, reference="order-2"), "pay-2", OverrideIPNURL="http://127.0.0.1:9/other")
    server.tick()
    assert [message["callerReference"] for message in listener.messages()] == ["pay-1"]
    assert [letter.url for letter in server.notifications] == ["http://127.0.0.1:9/other"]


def test_without_a_listener_it_waits_to_be_fetched(server: SandboxServer, caller: Caller) -> None:
    caller.pay(token(server))
    server.tick()
    [letter] = server.notifications
    assert (letter.url, letter.body, letter.attempts) == (None, b"", 0)
    assert letter.parameters["transactionStatus"] == "SUCCESS"
    signed = server.outbox.letter_for(letter.notice_id, "http://localhost/fps/ipn")
    assert b"&signature=" in signed.body


def test_any_2xx_acknowledges(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    listener.answers.append(204)
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.tick()
    server.advance(HOUR)
    assert len(listener.bodies) == 1
    assert server.notifications == []


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_anything_else_is_posted_again_unchanged(
    server: SandboxServer, caller: Caller, listener: Listener, answer: int
) -> None:
    listener.answers.append(answer)
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.tick()
    [letter] = server.notifications
    assert (letter.attempts, letter.last_error) == (1, f"answered {answer}")
    server.advance(59)
    assert len(listener.bodies) == 1
    server.advance(1)
    assert listener.bodies == [letter.body.decode()] * 2
    assert server.notifications == []


def test_it_is_tried_for_a_day(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    listener.answers = [500] * 100
    caller.pay(token(server), OverrideIPNURL=listener.url)
    server.tick()
    tried = [len(listener.bodies)]
    for _ in range(26 * 60):
        server.advance(60)
        tried.append(len(listener.bodies))
    minutes = [minute for minute in range(1, len(tried)) if tried[minute] > tried[minute - 1]]
    assert minutes == [1, 5, 15, *(60 * hour for hour in range(1, 25))]
    assert [letter.attempts for letter in server.notifications] == [28]


def test_a_refund_tells_of_its_payment(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    paid = caller.pay(token(server))
    caller.call("Refund", TransactionId=paid["TransactionId"], CallerReference="r-1", OverrideIPNURL=listener.url)
    server.tick()
    server.advance(1)
    pending, success = listener.messages()
    assert (pending["operation"], pending["parentTransactionId"]) == ("REFUND", paid["TransactionId"])
    assert (pending["transactionStatus"], success["transactionStatus"]) == ("PENDING", "SUCCESS")
    assert (success["buyerEmail"], success["recipientEmail"]) == (JOHN, SELLER)


def test_a_cancelled_token_tells_its_caller(server: SandboxServer, caller: Caller, listener: Listener) -> None:
    gone = token(server)
    late_in_california = datetime(2009, 9, 28, 6, 59, tzinfo=timezone.utc)
    server.bank.books.tokens.put(replace(server.bank.tokens.get(gone), created_at=late_in_california, expires_at=None))
    caller.call("CancelToken", TokenId=gone, OverrideIPNURL=listener.url)
    server.tick()
    [message] = listener.messages()
    assert message["notificationType"] == "TokenCancellation"
    assert (message["tokenId"], message["tokenType"], message["callerReference"]) == (gone, "SingleUse", "order-1")
    assert (message["customerEmail"], message["dateInstalled"]) == (JOHN, "Sep 27, 2009")


def test_an_account_may_still_want_signature_version_1(
    server: SandboxServer, caller: Caller, listener: Listener
) -> None:
    server.bank.accounts.set_ipn(SELLER, listener.url, "1")
    caller.pay(token(server))
    server.tick()
    [message] = listener.messages()
    assert "signatureVersion" not in message
    assert len(message["signature"]) == 28


def test_a_notification_may_come_before_the_answer(bank: Bank, listener: Listener) -> None:
    bank.switches.ipn = "before"
    with SandboxServer(bank=bank, ticking=False) as server:
        Caller(server.url).pay(token(server), OverrideIPNURL=listener.url)
        assert len(listener.bodies) == 1


def test_posting_can_be_switched_off(bank: Bank, listener: Listener) -> None:
    with SandboxServer(bank=bank, ticking=False, settings=Settings(post_notifications=False)) as server:
        Caller(server.url).pay(token(server), OverrideIPNURL=listener.url)
        server.tick()
        assert (len(listener.bodies), len(server.notifications)) == (0, 1)


def test_a_listener_may_ask_the_sandbox_before_it_acknowledges(bank: Bank) -> None:
    bank.switches.ipn = "before"
    with SandboxServer(bank=bank, ticking=False, settings=Settings(notification_timeout=5)) as server:
        caller, statuses = Caller(server.url), list[int]()

        class Asking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                statuses.append(caller.call("GetAccountBalance").status)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Asking) as http:
            thread = Thread(target=lambda: http.serve_forever(0.02))
            thread.start()
            caller.pay(token(server), OverrideIPNURL=f"http://127.0.0.1:{http.server_port}/")
            http.shutdown()
            thread.join()
        assert (statuses, server.notifications) == ([200], [])


def test_a_ticking_sandbox_settles_and_tells_by_itself(listener: Listener) -> None:
    with SandboxServer() as server:
        Caller(server.url).pay(token(server, method="CC"), OverrideIPNURL=listener.url)
        deadline = server.bank.clock.now().timestamp() + 60
        while len(listener.bodies) < 2 and server.bank.clock.now().timestamp() < deadline:
            time.sleep(0.01)
    assert [message["transactionStatus"] for message in listener.messages()] == ["PENDING", "SUCCESS"]


def test_the_answer_to_what_a_reset_forgot_delivers_nothing_else(bank: Bank) -> None:
    """It comes while the new day's first notification waits: that one has been told to nobody."""
    with SandboxServer(bank=bank, ticking=False) as server:
        told = list[str]()

        class Resetting(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))["operation"])
                if len(told) == 1:
                    server.reset()
                    pay("the-next-day")
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Resetting) as http:

            def pay(reference: str) -> None:
                bought = token(server, reference=reference)
                Caller(server.url).pay(bought, reference, OverrideIPNURL=f"http://127.0.0.1:{http.server_port}/")

            thread = Thread(target=lambda: http.serve_forever(0.02))
            thread.start()
            pay("the-day-before")
            server.tick()
            assert [letter.parameters["callerReference"] for letter in server.notifications] == ["the-next-day"]
            server.tick()
            http.shutdown()
            thread.join()
        assert (told, server.notifications) == (["PAY", "PAY"], [])
