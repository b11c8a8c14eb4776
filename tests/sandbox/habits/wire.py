"""Requests of old clients, to the byte, and what came back on the socket."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote
from urllib.parse import urlsplit

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import raw
from tests.sandbox.caller import SECRET_KEY

START = "/cobranded-ui/actions/start"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
#: The signature's own encoding, with which any client can write its query.
RFC_3986 = "-_.~"


@dataclass(frozen=True)
class Got:
    """One answer."""

    head: str
    body: str

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])

    @property
    def code(self) -> str:
        """The error's code, or an empty text."""
        found = re.search("<Code>([^<]+)</Code>", self.body)
        return found[1] if found else ""

    def header(self, name: str) -> str:
        found = re.search(rf"(?im)^{name}: (.*?)\r?$", self.head)
        assert found, f"no {name} in {self.head}"
        return found[1]


def ask(server: SandboxServer, request: bytes | str) -> Got:
    """Send it over a raw socket; the last answer that comes back."""
    sent = request.encode() if isinstance(request, str) else request
    return read(raw(server.url, sent))


def read(answer: bytes) -> Got:
    """The last answer of a connection."""
    text = answer.decode()
    last = text[text.rindex("HTTP/1.") :]
    head, _, body = last.partition("\r\n\r\n")
    return Got(head, body)


def netloc(server: SandboxServer) -> str:
    return urlsplit(server.url).netloc


def get(query: str, host: str, version: str = "1.1", path: str = "/") -> str:
    return f"GET {path}?{query} HTTP/{version}\r\nHost: {host}\r\n\r\n"


def post(body: str, host: str, headers: str = f"Content-Type: {FORM}\r\n", target: str = "/") -> str:
    length = len(body.encode())
    return f"POST {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"


def written(params: Mapping[str, str], safe: str = RFC_3986, space: str = "%20") -> str:
    """The parameters in their order, encoded as a client encodes them."""
    pairs = (f"{_encoded(name, safe, space)}={_encoded(text, safe, space)}" for name, text in params.items())
    return "&".join(pairs)


def _encoded(text: str, safe: str, space: str) -> str:
    encoded = quote(text, safe=safe).replace("%20", space)
    return encoded if "~" in safe else encoded.replace("~", "%7E")


def balance(caller: Caller) -> str:
    """A signed question that anybody may ask, as a query."""
    return written(caller.signed({"Action": "GetAccountBalance"}))


def hmac_of(text: str, digest: str) -> str:
    """The demo seller's."""
    return base64.b64encode(hmac.new(SECRET_KEY.encode(), text.encode(), digest).digest()).decode()


def version_2(params: Mapping[str, str], host: str, algorithm: str = "HmacSHA256") -> dict[str, str]:
    """A co-branded request with its signature."""
    named = {**params, "signatureVersion": "2", "signatureMethod": algorithm}
    pairs = written({name: named[name] for name in sorted(named)})
    signed = hmac_of(f"GET\n{host.lower()}\n{START}\n{pairs}", algorithm.removeprefix("Hmac").lower())
    return {**named, "signature": signed}


def start(server: SandboxServer, query: str, host: str = "") -> Got:
    """What a browser gets that is sent to the co-branded pages."""
    return ask(server, get(query, host or netloc(server), path=START))


def is_opened(answer: Got) -> bool:
    """The browser is led to a page of a run."""
    return answer.status in (302, 303) and "/cobranded-ui/runs/" in answer.header("Location")
