"""VerifySignature: whether a return or a notification is ours.

FPS account management guide, *Verifying the Signature*.
"""

from __future__ import annotations

from ...errors import MalformedMessage
from ...protocol import query
from ...protocol.outbound import PinnedCertificate
from ..bank.errors import invalid_params
from ..settings import Settings

_NEEDED = ("signature", "signatureMethod", "signatureVersion", "certificateUrl")


def is_ours(url: str, http_parameters: str, settings: Settings) -> bool:
    """Was this message signed here for this URL? No parameter says by which method it came, so both are tried.

    :raises BankError: InvalidParams, naming what the message lacks.
    """
    try:
        params = query.unique(query.parse(http_parameters))
    except MalformedMessage:
        return False
    for name in _NEEDED:
        if not params.get(name):
            raise invalid_params(f"{name} is missing in 'HttpParameters'.")
    judge = PinnedCertificate(settings.certificate_pem, settings.certificate_url)
    try:
        return any(judge.verify(method, url, params, http_parameters) for method in ("GET", "POST"))
    except ValueError:
        return False  # what is no URL received nothing of ours
