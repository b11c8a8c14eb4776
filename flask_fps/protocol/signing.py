"""HMAC signatures: of what callers send to FPS, and of what FPS sent back in its first years.

Version 2 (FPS developer guide, *Generating a Signature*) signs method, host, path and the sorted,
encoded parameters, so nothing of a request can be moved or renamed. Version 1 signs names and values
run together: it does not see the border between them, and FPS itself gave it up in 2011. It is here for
the messages of its time and never stands in for version 2.
"""

from __future__ import annotations

import hmac
from binascii import b2a_base64
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from urllib.parse import quote
from urllib.parse import unquote_to_bytes
from urllib.parse import urlsplit

from . import query

HMAC_SHA256 = "HmacSHA256"
HMAC_SHA1 = "HmacSHA1"

_DIGESTS = {HMAC_SHA256: "sha256", HMAC_SHA1: "sha1"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def string_to_sign(method: str, host: str, path: str, params: Mapping[str, str]) -> str:
    """The text that signature version 2 covers; ``params`` are decoded and lack the signature.

    Four lines: method, host in lower case, path (decoded, then encoded again, ``/`` kept), and the
    parameters sorted by the bytes of their names.
    """
    return "\n".join((method, host.lower(), *_path_and_pairs(path, params)))


def concatenation(params: Mapping[str, str]) -> str:
    """The text that signature version 1 covers: names and values run together, names sorted ignoring case."""
    return "".join(name + value for name, value in _ignoring_case(params))


def url_form(path: str, params: Mapping[str, str]) -> str:
    """The text that ``awsSignature`` covered in 2007: path, ``?``, encoded pairs sorted ignoring case.

    It is encoded by RFC 1738, which leaves only ``-_.`` besides letters and digits: ``~`` becomes ``%7E``.
    """
    return f"{path}?" + query.join(_ignoring_case(params)).replace("~", "%7E")


def hmac_signature(text: str, secret: str, algorithm: str = HMAC_SHA256) -> str:
    """The base64 HMAC of a text.

    :raises ValueError: for an algorithm that FPS does not know, and for an empty secret, with which
        anybody could sign.
    """
    if algorithm not in _DIGESTS:
        raise ValueError(f"{algorithm!r:.40} is not a signature method of FPS: use {' or '.join(_DIGESTS)}")
    if not secret:
        raise ValueError("the secret key is empty")
    digest = hmac.digest(secret.encode(), text.encode(), _DIGESTS[algorithm])
    return b2a_base64(digest, newline=False).decode("ascii")


def address(url: str) -> tuple[str, str]:
    """Host and path of a URL as the signed text spells them.

    The host is in lower case and keeps a port that is not its scheme's own, like the Host header that
    an HTTP client sends to that URL.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)):
        return host, parts.path
    return f"{host}:{parts.port}", parts.path


def sign(method: str, url: str, params: Mapping[str, str], secret: str, algorithm: str = HMAC_SHA256) -> str:
    """The version 2 signature of a request to ``url`` (whose own query is not looked at)."""
    return hmac_signature(string_to_sign(method, *address(url), params), secret, algorithm)


def sign_v1(params: Mapping[str, str], secret: str) -> str:
    """The version 1 signature of these parameters: always HMAC-SHA1, whatever method they name."""
    return hmac_signature(concatenation(params), secret, HMAC_SHA1)


def sign_url_form(url: str, params: Mapping[str, str], secret: str) -> str:
    """The ``awsSignature`` of 2007 for these parameters at this URL (whose own query is not looked at)."""
    return hmac_signature(url_form(_url_path(url), params), secret, HMAC_SHA1)


def same(expected: str, got: str) -> bool:
    """Compare two signatures in constant time; any text may be given."""
    return hmac.compare_digest(expected.encode("utf-8", "surrogatepass"), got.encode("utf-8", "surrogatepass"))


def verifies(
    method: str,
    hosts: Iterable[str],
    path: str,
    params: Mapping[str, str],
    signature: str,
    secrets: Iterable[str],
    algorithm: str,
) -> bool:
    """Is this the version 2 signature of the request, under one of the hosts and one of the secrets?

    Clients of the time disagree on whether the port belongs to the signed host, hence many hosts;
    while keys are rotated two secrets are good, hence many secrets.
    """
    if algorithm not in _DIGESTS:
        return False
    tail = _path_and_pairs(path, params)
    texts = ["\n".join((method, host.lower(), *tail)) for host in each(hosts)]
    return any(same(hmac_signature(text, secret, algorithm), signature) for secret in each(secrets) for text in texts)


def verifies_v1(params: Mapping[str, str], signature: str, secrets: Iterable[str]) -> bool:
    """Is this the version 1 signature of these parameters under one of the secrets?"""
    text = concatenation(params)
    return any(same(hmac_signature(text, secret, HMAC_SHA1), signature) for secret in each(secrets))


def verifies_url_form(url: str, params: Mapping[str, str], signature: str, secrets: Iterable[str]) -> bool:
    """Is this the ``awsSignature`` of these parameters at this URL, as we make it ourselves?"""
    return any(same(sign_url_form(url, params, secret), signature) for secret in each(secrets))


def verifies_any_url_form(
    path: str, params: Mapping[str, str], raw: str, signature: str, secrets: Iterable[str]
) -> bool:
    """Is this an ``awsSignature`` as any client of the time made it?

    The guide left order and encoding open: four encodings and two orders were in use, and some clients
    signed their query as they sent it.

    :param raw: that query, without the signature.
    """
    orders = (_ignoring_case(params), tuple(sorted(params.items())))
    texts = [f"{path}?{write(pairs)}" for pairs in orders for write in _URL_FORMS] + [f"{path}?{raw}"]
    made = (hmac_signature(text, secret, HMAC_SHA1) for secret in each(secrets) for text in dict.fromkeys(texts))
    return any(same(each_made, signature) for each_made in made)


def each(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts as a tuple, for several rounds over them.

    :raises TypeError: for a single str, which would be taken letter by letter.
    """
    if isinstance(texts, str):
        raise TypeError("pass a list of texts, not one text")
    return tuple(texts)


def _path_and_pairs(path: str, params: Mapping[str, str]) -> tuple[str, str]:
    """The last two lines of what version 2 covers: the same whatever the host is called."""
    encoded_path = quote(unquote_to_bytes(path) or b"/", safe="/" + query.UNRESERVED)
    return encoded_path, query.join(tuple(sorted(params.items())))


def _url_path(url: str) -> str:
    return urlsplit(url).path or "/"


def _url_form(safe: str, space: str) -> Callable[[query.Pairs], str]:
    def write(text: str) -> str:
        return quote(text, safe=safe).replace("%20", space).replace("~", "~" if "~" in safe else "%7E")

    return lambda pairs: "&".join(f"{write(name)}={write(value)}" for name, value in pairs)


#: FPYS and Murty; Java's URLEncoder; boto 1.x and remit of 2009; RFC 3986.
_URL_FORMS = (_url_form("-_.", "%20"), _url_form("-_.*", "+"), _url_form("-_.", "+"), _url_form("-_.~", "%20"))


def _ignoring_case(params: Mapping[str, str]) -> query.Pairs:
    return tuple(sorted(params.items(), key=lambda pair: (pair[0].lower(), pair[0])))
