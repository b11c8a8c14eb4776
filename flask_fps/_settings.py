"""How the value of one setting is read. Every reader raises :class:`Wrong` with the fix.

The sentence follows the key's name. No reader repeats a value that may be a secret.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult
from urllib.parse import urlsplit

from .errors import see

#: No certificate file is larger than this many bytes.
PEM_BYTES = 64 * 1024
METHODS = ("ABT", "ACH", "CC")

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_TOKEN = re.compile(r"[A-Z0-9]{64}")
_COOKIE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Wrong(Exception):
    """A value that cannot be what its key wants."""


def choice(*allowed: str) -> Callable[[Any], str]:
    """One of a few words."""

    def read(value: Any) -> str:
        if value not in allowed:
            raise Wrong(f"is {value!r:.40}: use {' or '.join(map(repr, allowed))}")
        return str(value)

    return read


def text(longest: int) -> Callable[[Any], str]:
    """A line of text."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
            raise Wrong(f"must be a text of 1 to {longest} characters")
        return value.strip()

    return read


def keys(value: Any) -> tuple[str, ...]:
    """A key, or a list of keys."""
    found = (value,) if isinstance(value, str) else value
    if isinstance(value, (int, float)):
        raise Wrong("was read as a number: from the environment only what is quoted stays text, such as '\"123\"'")
    if not isinstance(found, (tuple, list)) or not found:
        raise Wrong("must be a text or a list of texts, newest first")
    for each in found:
        if not isinstance(each, str) or not each or not each.isascii() or not each.isprintable() or " " in each:
            raise Wrong("must be the key as it was given: ASCII, not empty, no spaces or line ends around it")
    return tuple(found)


def token(value: Any) -> str:
    """A token's id as FPS gave it."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise Wrong("must be a token's id: 64 upper-case letters and digits")
    return value


def cookie_name(value: Any) -> str:
    """A token as RFC 6265, section 4.1.1, wants it."""
    if not isinstance(value, str) or not _COOKIE_NAME.fullmatch(value):
        raise Wrong("must be a cookie's name: up to 64 letters, digits, '_', '-' and '.'")
    return value


def email(value: Any) -> str:
    """An e-mail address."""
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        raise Wrong("must be an e-mail address")
    return value


def currency(value: Any) -> str:
    """An ISO 4217 code."""
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise Wrong(f"is {value!r:.40}: use a code of three capital letters such as 'USD'")
    return value


def endpoint(value: Any) -> str:
    """An absolute http or https address; it always has a path."""
    parts = _parts(value)
    if parts is None:
        raise Wrong("must be a whole address such as 'https://shop.example', without user, query or fragment")
    return str(value) if parts.path else f"{value}/"


def base_url(value: Any) -> str:
    """An address that paths are put behind: no slash at its end."""
    return endpoint(value).rstrip("/")


def origin(value: Any) -> str:
    """An address without a path."""
    if _parts(value) is None or urlsplit(base_url(value)).path:
        raise Wrong("must be a whole address without a path, such as 'http://127.0.0.1:8042'")
    return base_url(value)


def _parts(value: Any) -> SplitResult | None:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or re.search(r"[\s\\@?#]", value):
        return None
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if valid else None


def is_loopback(address: str) -> bool:
    """True for ``localhost``, 127.0.0.0/8 and ``[::1]``."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def url_prefix(value: Any) -> str:
    """The path the extension's pages stand under."""
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        raise Wrong("must be a path such as '/fps', without a slash at its end")
    return value


def database_uri(value: Any) -> str:
    """A SQLAlchemy URL of a database that outlives one connection."""
    if not isinstance(value, str) or "://" not in value:
        raise Wrong("must be a SQLAlchemy URL such as 'sqlite:////var/lib/shop/fps.sqlite'")
    if not re.match(r"(sqlite|postgres(ql)?)(\+\w+)?://", value):
        raise Wrong("names a database that cannot keep the ledger: use sqlite:///… or postgresql://…")
    if value.startswith("sqlite") and (value.endswith("://") or ":memory:" in value or "mode=memory" in value):
        raise Wrong("is a database in memory, which forgets payments: name a file")
    return value


def payment_methods(value: Any) -> tuple[str, ...]:
    """Some of ABT, ACH and CC, each once."""
    found = names(value)
    if not found or len(set(found)) != len(found) or not set(found) <= set(METHODS):
        raise Wrong(f"must be one or more of {', '.join(METHODS)}, each once")
    return found


def names(value: Any) -> tuple[str, ...]:
    """A list of words, or one text with commas."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, Iterable) or isinstance(found, (bytes, dict)):
        raise Wrong("must be a list of words")
    found = list(found)
    if not all(isinstance(each, str) and each.strip() for each in found):
        raise Wrong("must be a list of words")
    return tuple(each.strip() for each in found)


def seconds(longest: float) -> Callable[[Any], float]:
    """A number of seconds above 0."""

    def read(value: Any) -> float:
        number = _number(value)
        if number is None or not 0 < number <= longest:
            raise Wrong(f"must be a number of seconds, above 0 and at most {longest:g}")
        return number

    return read


def duration(value: Any) -> timedelta:
    """A timedelta, or a number of seconds."""
    number = value.total_seconds() if isinstance(value, timedelta) else _number(value)
    if number is None or not 0 < number <= timedelta(days=365).total_seconds():
        raise Wrong("must be a number of seconds or a timedelta, above 0 and at most a year")
    return timedelta(seconds=number)


def number(value: Any) -> int:
    """A whole number above 0."""
    found = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= 10_000:
        raise Wrong(f"is {value!r:.40}: use a whole number from 1 to 10000")
    return found


def count(value: Any) -> int:
    """A whole number above 0, where leaving it out means that there is no limit."""
    try:
        return number(value)
    except Wrong as error:
        raise Wrong(f"{error}, or leave it out for no limit") from error


def function(value: Any) -> Callable[..., object]:
    """Something to call, or where it is to be imported from."""
    if isinstance(value, str):
        value = _imported(value)
    if not callable(value):
        raise Wrong("must be a function, or its name as 'package.module:function'")
    found: Callable[..., object] = value
    return found


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise Wrong(f"is {name!r:.80} and cannot be imported ({error}): write 'package.module:function'") from error


def locations(value: Any) -> dict[str, str]:
    """Folders, each with the internal address its files have for the web server."""
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        raise Wrong("must be a dict of folders and internal addresses, such as {'/srv/tracks': '/protected/tracks'}")
    for folder, address in value.items():
        if not os.path.isabs(folder) or not _PREFIX.fullmatch(address.rstrip("/")):
            raise Wrong(f"has {folder!r:.80}: {address!r:.80}: use an absolute folder and a path such as '/protected'")
    return {os.path.realpath(folder): address.rstrip("/") for folder, address in value.items()}


#: What each account may have for itself, without ``FPS_``.
OF_AN_ACCOUNT = (
    *("GATEWAY", "CURRENCY", "ACCESS_KEY", "SECRET_KEY", "RECIPIENT_EMAIL", "CALLER_TOKEN", "RECIPIENT_TOKEN"),
    *("API_VERSION", "RETURN_SIGNATURE", "API_URL", "CBUI_URL", "CERTIFICATES", "CERTIFICATE_URL", "PAYMENT_METHODS"),
)
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def accounts(value: Any) -> dict[str, dict[str, Any]]:
    """Accounts by name, each with the keys that are its own. Whether their values fit is found out later."""
    if not isinstance(value, Mapping) or not all(isinstance(each, Mapping) for each in value.values()):
        raise Wrong("must be a dict of accounts, each a dict of keys, such as {'eu': {'ACCESS_KEY': …}}")
    for name, own in value.items():
        if not isinstance(name, str) or not _ACCOUNT.fullmatch(name) or name == "default":
            raise Wrong(f"has an account {name!r:.80}: use letters, digits, - and _, and not 'default'")
        for key in sorted(str(key) for key in own if key not in OF_AN_ACCOUNT):
            close = get_close_matches(key.removeprefix("FPS_"), OF_AN_ACCOUNT, n=1)
            meant = f"did you mean {close[0]}?" if close else f"an account may have {', '.join(OF_AN_ACCOUNT)}"
            raise Wrong(f"has {key!r:.80} in {name!r}: {meant}")
    return {name: dict(own) for name, own in value.items()}


def _number(value: Any) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


def certificates(value: Any) -> tuple[bytes, ...]:
    """PEM text, a path, or a list of either; each holds one certificate."""
    found = list(value) if isinstance(value, (list, tuple)) else [value]
    if not found:
        raise Wrong("is an empty list: leave it out to have VerifySignature asked")
    return tuple(_certificate(each) for each in found)


def _certificate(value: Any) -> bytes:
    found = pem(value) if isinstance(value, (str, bytes)) else b""
    if b"-----BEGIN" not in found:
        found = _file(value)
    kinds = _BEGIN.findall(found)
    if any(kind.endswith(b"PRIVATE KEY") for kind in kinds):
        raise Wrong("holds a private key: only the certificate belongs here")
    if kinds != [b"CERTIFICATE"] or _der(found) is None:
        raise Wrong(
            f"must hold one certificate in PEM form per entry, and one entry holds {kinds.count(b'CERTIFICATE')}"
        )
    return found


def _file(value: Any) -> bytes:
    if not isinstance(value, (str, os.PathLike)):
        raise Wrong("must be PEM text or the path of a PEM file")
    try:
        with Path(value).open("rb") as file:
            return file.read(PEM_BYTES)
    except (OSError, ValueError) as error:
        raise Wrong(f"names a file that cannot be read ({getattr(error, 'strerror', None) or 'bad name'})") from error


def pem(value: str | bytes) -> bytes:
    """PEM as bytes."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else value


def same_certificate(one: str | bytes, other: str | bytes) -> bool:
    """True where both hold the same certificate, however its lines are broken."""
    return _der(pem(one)) == _der(pem(other))


def _der(found: bytes) -> bytes | None:
    body = _CERTIFICATE.search(found)
    try:
        return base64.b64decode(b"".join(body[1].split()), validate=True) if body else None
    except binascii.Error:
        return None


def report(problems: Mapping[str, str], known: Iterable[str]) -> str:
    """One message for all that is wrong, in the order of the keys, each with where its documentation stands."""
    keys = list(known)
    order = [*keys, *sorted(problems.keys() - set(keys))]
    lines = [f"  {key} {problems[key]}{see(key) if key in keys else ''}" for key in order if key in problems]
    many = "one" if len(lines) == 1 else len(lines)
    return "\n".join([f"Flask-FPS cannot start, {many} of its settings must change:", *lines])
