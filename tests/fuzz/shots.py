"""One request as it goes to the wire, and what its sender meant by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from random import Random
from urllib.parse import quote
from urllib.parse import quote_plus

from tests.fuzz import texts

Pairs = list[tuple[str, str]]
FORM = "application/x-www-form-urlencoded; charset=utf-8"
_TYPES = (FORM, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "text/xml", "")


@dataclass(frozen=True)
class Shot:
    """Bytes for one connection."""

    #: Which generator made it, and whatever helps to read a report.
    label: str
    request: bytes
    #: What a signed request of the API asked for, before it was damaged on its way.
    meant: Mapping[str, str] = field(default_factory=dict)
    #: It was changed after it was signed: it may be refused or do what was meant, and nothing else.
    damaged: bool = False

    def hit(self, dice: Random) -> Shot:
        """Damaged on its way."""
        data = self.request
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            data = texts.damaged(dice, data)
        return Shot(f"{self.label}, damaged", data, self.meant, True)

    def forged(self, dice: Random) -> Shot:
        """One digit is another: the damage that somebody on the way would do."""
        data = self.request
        place = dice.choice([place for place, byte in enumerate(data) if 0x30 <= byte <= 0x39])
        changed = data[:place] + str(dice.randrange(10)).encode() + data[place + 1 :]
        return Shot(f"{self.label}, forged", changed, self.meant, True)


def encoded(dice: Random, pairs: Pairs) -> str:
    """A query string or body in one of the ways that clients write them."""
    quoted = dice.choice((quote, quote_plus, lambda text: quote(text, safe="/~:,")))
    text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs)
    return text + dice.choice(("", "", "", "", "&", "&&"))


def http(
    dice: Random, method: str, target: str, host: str, body: str = "", headers: Mapping[str, str] | None = None
) -> bytes:
    """The request with headers as one client or another would send them."""
    given: dict[str, str] = {"Host": host}
    if body or method == "POST":
        given["Content-Type"] = dice.choice(_TYPES) if dice.random() < 0.05 else FORM
        given["Content-Length"] = str(len(body.encode()))
    if dice.random() < 0.1:
        name, value = dice.choice(_ODD_HEADERS)
        given[name] = value
    given |= headers or {}
    head = "".join(f"{_cased(dice, name)}: {value}\r\n" for name, value in given.items())
    return f"{method} {target} HTTP/1.{dice.choice('1110')}\r\n{head}\r\n{body}".encode()


_ODD_HEADERS = (
    ("User-Agent", ""),
    ("User-Agent", "x" * 3000),
    ("Accept", "*/*"),
    ("Accept", "text/html"),
    ("Connection", "keep-alive"),
    ("Connection", "close"),
    ("Expect", "100-continue"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Encoding", "gzip"),
    ("Content-Length", "5"),
    ("Content-Length", "99999999"),
    ("Range", "bytes=0-3"),
    ("If-None-Match", "*"),
    ("Cookie", "fps_sandbox_session=forged; ; =x"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("Origin", "https://evil.example"),
    ("Referer", "\x80"),
)


def _cased(dice: Random, name: str) -> str:
    return dice.choice((name, name, name, name.lower(), name.upper()))
