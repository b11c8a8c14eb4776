"""Identifiers in the forms FPS used (FPS API reference, Pay and Token; captured answers)."""

from __future__ import annotations

import re
import secrets
import string
import uuid

_LETTERS = (string.ascii_uppercase + string.digits).encode()
#: Seven bytes stand for each letter; the four that are left over are thrown away.
_LETTER_OF = bytes(_LETTERS[number % len(_LETTERS)] for number in range(256))
_NO_LETTER = bytes(range(256 // len(_LETTERS) * len(_LETTERS), 256))
_TOKEN = re.compile(r"[A-Z0-9]{64}")
_TRANSACTION = re.compile(r"[A-Z0-9]{35}")


def token_id() -> str:
    """64 upper-case letters and digits."""
    return _letters(64)


def transaction_id() -> str:
    """35 upper-case letters and digits that begin with two digits, as the captured ones do."""
    return "17" + _letters(33)


def request_id() -> str:
    return str(uuid.uuid4())


def run_id() -> str:
    """The unguessable name of a co-branded run."""
    return secrets.token_hex(16)


def is_token_id(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def is_transaction_id(text: str) -> bool:
    return _TRANSACTION.fullmatch(text) is not None


def _letters(count: int) -> str:
    """So many letters and digits, each as likely as the other."""
    letters = b""
    while len(letters) < count:
        letters += secrets.token_bytes(2 * count).translate(_LETTER_OF, _NO_LETTER)
    return letters[:count].decode("ascii")
