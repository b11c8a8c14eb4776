"""VerifySignature: whether a return or a notification is ours.

FPS account management guide, *Verifying the Signature*.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from ...errors import MalformedMessage
from ...protocol import query
from ...protocol.outbound import PinnedCertificate
from ..bank.errors import invalid_params
from ..settings import Settings

#: Units of UTF-16 as .NET's ``UrlEncodeUnicode`` writes them.
_DOT_NET = re.compile("(?:%u[0-9a-fA-F]{4})+")
_NEEDED = ("signature", "signatureMethod", "signatureVersion", "certificateUrl")


def is_ours(url: str, http_parameters: str, settings: Settings) -> bool:
    """Was this message signed here for this URL? No parameter says by which method it came, so both are tried.

    :raises BankError: InvalidParams, naming what the message lacks.
    """
    try:
        message = _in_utf8(http_parameters)
        params = query.unique(query.parse(message))
    except (MalformedMessage, UnicodeError):
        return False
    for name in _NEEDED:
        if not params.get(name):
            raise invalid_params(f"{name} is missing in 'HttpParameters'.")
    judge = PinnedCertificate(settings.certificate_pem, settings.certificate_url)
    try:
        return any(judge.verify(method, url, params, message) for method in ("GET", "POST"))
    except ValueError:
        return False  # what is no URL received nothing of ours


def _in_utf8(http_parameters: str) -> str:
    """The same as everybody else encodes it: Amazon's validator for C# writes ``%u00fc`` for ``%C3%BC``.

    :raises UnicodeDecodeError: for half a surrogate pair.
    """
    return _DOT_NET.sub(lambda found: quote(_text(found[0])), http_parameters)


def _text(units: str) -> str:
    return bytes.fromhex(units.replace("%u", "")).decode("utf-16-be")
