"""The use case of 2007 as its page tells it, word for word over a real socket: nothing of it is signed by our own code.

FPS developer guide 2007-01-08, *One-Time Payment*.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl
from urllib.parse import quote
from urllib.parse import urlsplit

import pytest

from flask_fps.money import Money
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.browsing import WireBrowser
from tests.sandbox.caller import ACCESS_KEY
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SECRET_KEY
from tests.sandbox.caller import SELLER
from tests.sandbox.first_caller import FirstCaller
from tests.sandbox.first_caller import statuses

PATH = "/cobranded-ui/actions/start"
RETURN_URL = (
    "http://127.0.0.1:5000/amazonfpssdk/usecases/digitalDownload/paymentDetails.jsp"
    "?PaymentAmount=0.10&Download=Now+and+Forever+-+Richard+Marx&uniqueId=1177495829105"
)
BAND = "band@example.com"


@pytest.fixture
def first(server: SandboxServer) -> FirstCaller:
    return FirstCaller(server.url)


@pytest.fixture
def browser(server: SandboxServer) -> Iterator[WireBrowser]:
    walking = WireBrowser(server.url)
    yield walking
    walking.close()


def aws_signature(path: str, pairs: list[tuple[str, str]]) -> str:
    """As Murty's client made and checked it."""
    ordered = sorted(pairs, key=lambda pair: pair[0].lower())
    text = f"{path}?" + "&".join(f"{name}={quote(value, safe='-_.')}" for name, value in ordered)
    return base64.b64encode(hmac.new(SECRET_KEY.encode(), text.encode(), hashlib.sha1).digest()).decode()


def signed_url(server: SandboxServer, **given: str) -> str:
    pairs = [("callerKey", ACCESS_KEY), *given.items()]
    pairs.append(("awsSignature", aws_signature(PATH, pairs)))
    return f"{server.url}{PATH}?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def checked(url: str) -> dict[str, str]:
    """What came back, once its signature was held against the rest of the URL, raw as it stands there."""
    address, _, signature = url.partition("&awsSignature=")
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    assert signature == aws_signature(urlsplit(RETURN_URL).path, pairs)
    return dict(pairs)


def test_one_time_payment(server: SandboxServer, first: FirstCaller, browser: WireBrowser) -> None:
    wish = {
        "pipelineName": "SingleUse",
        "returnURL": RETURN_URL,
        "callerReference": "DigitalDownload1177495829105",
        "transactionAmount": "0.10",
        "paymentReason": "Now and Forever - Richard Marx",
        "paymentMethod": "abt,ba,cc",
    }
    back = checked(browser.approve(signed_url(server, **wish)))
    assert (back["status"], back["PaymentAmount"]) == ("SA", "0.10")
    assert back["Download"] == "Now and Forever - Richard Marx"

    paid = first.pay(
        back["tokenID"],
        "MP3DownloadId-AF12ES",
        "0.10",
        CallerDescription="DigitalDownload web site",
        MetaData="Digital Content downloaded: Now and Forever - Richard Marx",
        SenderDescription="John Customer of DigitalDownload",
        SenderReference="johndigitaldownload",
    )
    assert statuses(paid) == ("Success", "Success")
    assert first.call("GetTransaction", TransactionId=paid["TransactionId"])["SenderTokenId"] == back["tokenID"]
    activity = first.call("GetAccountActivity", StartDate="2007-01-01")
    assert activity.every("TransactionId") == [paid["TransactionId"]]
    assert str(server.bank.account(JOHN).balance) == "$999.90"


def test_another_recipient(server: SandboxServer, first: FirstCaller, browser: WireBrowser) -> None:
    john = server.bank.account(JOHN)
    server.bank.accounts.open(replace(john, email=BAND, name="The band", password="band", balance=Money(0, "USD")))
    wish = {
        "pipelineName": "Recipient",
        "returnURL": RETURN_URL,
        "callerReference": "band-1",
        "callerReferenceRefund": "band-1-refund",
        "recipientPaysFee": "True",
    }
    page = browser.sign_in(browser.open(signed_url(server, **wish)), "band")
    back = checked(browser.leave(page, "confirm"))
    assert (back["status"], len(back["refundTokenID"])) == ("SR", 64)

    bought = {
        "pipelineName": "SingleUse",
        "returnURL": RETURN_URL,
        "callerReference": "order-1",
        "transactionAmount": "1.00",
        "recipientToken": back["tokenID"],
    }
    with_another = WireBrowser(server.url)
    sender = checked(with_another.approve(signed_url(server, **bought)))["tokenID"]
    with_another.close()
    paid = first.pay(sender, RecipientTokenId=back["tokenID"])
    assert statuses(paid) == ("Success", "Success")
    assert str(server.bank.account(BAND).balance) == "$0.97"
    assert str(server.bank.account(SELLER).balance) == "$0.00"
    refunded = first.refund(paid["TransactionId"], RefundSenderTokenId=back["refundTokenID"])
    assert statuses(refunded) == ("Success", "Success")
    assert str(server.bank.account(BAND).balance) == "$0.00"
