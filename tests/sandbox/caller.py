"""A caller written from the developer guide alone: it signs with the standard library, not with our signer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timezone
from urllib.parse import quote
from urllib.parse import urlencode
from urllib.parse import urlsplit

import requests

from flask_fps.sandbox.server import SandboxServer

ACCESS_KEY = "AKIAFPSSANDBOXDEMO01"
SECRET_KEY = "sandbox/demo+secret=not~a~real~key0000001"
SELLER = "seller@digitaldownload.example"
JOHN = "john@example.com"
JANE = "jane@example.com"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    reason: str
    content_type: str
    text: str

    def __getitem__(self, tag: str) -> str:
        """The text of the first element of this name."""
        found = re.search(f"<{tag}>([^<]*)</{tag}>", self.text)
        assert found, f"no {tag} in {self.text}"
        return found[1]

    def every(self, tag: str) -> list[str]:
        return re.findall(f"<{tag}>([^<]*)</{tag}>", self.text)

    @property
    def error(self) -> str:
        """The error's code, or an empty text."""
        return self["Code"] if "<Errors>" in self.text else ""


@dataclass(frozen=True)
class Caller:
    """One account's program."""

    url: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    version: str = "2010-08-28"
    method: str = "POST"
    algorithm: str = "HmacSHA256"
    #: The host that is signed, where it is not the URL's.
    host: str | None = None

    def call(self, action: str, **parameters: str) -> Answer:
        """Sign and send; ``TransactionAmount_Value`` stands for ``TransactionAmount.Value``."""
        return self.send(self.signed({"Action": action} | dotted(parameters)))

    def pay(self, token: str, reference: str = "pay-1", amount: str = "1.00", **more: str) -> Answer:
        money = {"TransactionAmount_Value": amount, "TransactionAmount_CurrencyCode": "USD"}
        return self.call("Pay", **{"SenderTokenId": token, "CallerReference": reference} | money | more)

    def signed(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """With the common parameters and a signature; what is given wins."""
        common = {
            "AWSAccessKeyId": self.access_key,
            "Version": self.version,
            "Timestamp": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "SignatureVersion": "2",
            "SignatureMethod": self.algorithm,
        }
        unsigned = common | dict(parameters)
        return unsigned | {"Signature": self.signature(unsigned)}

    def signature(self, unsigned: Mapping[str, str]) -> str:
        pairs = "&".join(
            f"{quote(name, safe='-_.~')}={quote(unsigned[name], safe='-_.~')}" for name in sorted(unsigned)
        )
        text = f"{self.method}\n{self.host or urlsplit(self.url).netloc}\n/\n{pairs}"
        digest = {"HmacSHA256": hashlib.sha256, "HmacSHA1": hashlib.sha1}.get(self.algorithm, hashlib.sha256)
        return base64.b64encode(hmac.new(self.secret_key.encode(), text.encode(), digest).digest()).decode()

    def send(self, parameters: Mapping[str, str]) -> Answer:
        """As they stand."""
        query = urlencode(parameters)
        if self.method == "GET":
            return answered(requests.get(f"{self.url}/?{query}", timeout=10))
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return answered(requests.post(f"{self.url}/", data=query, headers=headers, timeout=10))

    def but(self, **changes: str) -> Caller:
        return replace(self, **changes)


def dotted(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "."): value for name, value in parameters.items()}


def answered(response: requests.Response) -> Answer:
    return Answer(response.status_code, response.reason, response.headers["Content-Type"], response.text)


def token(
    server: SandboxServer, buyer: str = JOHN, method: str = "ABT", amount: str = "1.00", reference: str = "order-1"
) -> str:
    """A token that a buyer's confirmation made for the demo seller."""
    from flask_fps.sandbox.bank.records import Run

    request = {
        "pipelineName": "SingleUse",
        "returnURL": "http://127.0.0.1:5000/fps/return?ref=1",
        "callerReference": reference,
        "transactionAmount": amount,
        "paymentMethod": "ABT,ACH,CC",
        "paymentReason": "Now and Forever - Richard Marx",
    }
    run = server.bank.pipelines.open(SELLER, request)
    assert isinstance(run, Run)
    return server.bank.pipelines.authorize(run.run_id, buyer, method).token_id


def raw(url: str, request: bytes) -> bytes:
    """Send bytes, read until the server hangs up."""
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))
