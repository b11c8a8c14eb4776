"""Query strings and form bodies, read and written one way by everybody who signs or checks them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from urllib.parse import quote
from urllib.parse import unquote_to_bytes

from ..errors import MalformedMessage

#: Decoded names and values in the order they had on the wire.
Pairs = tuple[tuple[str, str], ...]

#: What RFC 3986 calls unreserved, besides letters and digits.
UNRESERVED = "-_.~"


def parse(raw: str | bytes) -> Pairs:
    """Read a query string or a form body: ``+`` is a space, a lone or trailing ``&`` gives no pair.

    :raises MalformedMessage: for what is not UTF-8 once it is decoded.
    """
    try:
        octets = raw.encode() if isinstance(raw, str) else raw
        return tuple(_pair(part) for part in octets.replace(b"+", b" ").split(b"&") if part)
    except UnicodeError as error:
        raise MalformedMessage("the parameters are not valid UTF-8") from error


def unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The pairs by name.

    :raises MalformedMessage: if a name is there twice: readers disagree on which one counts, so none does.
    """
    params: dict[str, str] = {}
    for name, value in pairs:
        if name in params:
            raise MalformedMessage(f"the parameter {name!r:.80} is repeated")
        params[name] = value
    return params


def encode(text: str) -> str:
    """Percent-encode as RFC 3986 says: all but ``A-Za-z0-9-_.~``, upper-case, over UTF-8."""
    if text.isalnum() and text.isascii():  # nearly every name, and three times as fast
        return text
    return quote(text, safe=UNRESERVED)


def join(params: Mapping[str, str] | Pairs) -> str:
    """``name=value&name=value``, encoded, in the order given."""
    pairs = params.items() if isinstance(params, Mapping) else params
    return "&".join([f"{encode(name)}={encode(value)}" for name, value in pairs])


def append(url: str, params: Mapping[str, str] | Pairs) -> str:
    """The URL with these parameters added before its fragment; its own query stays byte for byte."""
    if not params:
        return url
    address, mark, fragment = url.partition("#")
    return address + _separator(address) + join(params) + mark + fragment


def _pair(part: bytes) -> tuple[str, str]:
    name, _, value = part.partition(b"=")
    return unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()


def _separator(address: str) -> str:
    if "?" not in address:
        return "?"
    return "" if address.endswith(("?", "&")) else "&"
