"""Who tells whether FPS signed a message: a judge chosen by configuration, never by the message.

The ``certificateUrl`` inside a message is compared with the configured one and never fetched: in 2010
every official SDK believed whatever certificate a message named, and whoever made his own shopped free.

FPS developer guide, *Working with Signatures*; FPS account management guide, *VerifySignature*.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Protocol
from typing import TYPE_CHECKING

from ..errors import ServiceError
from ..errors import TransportError
from . import rsa
from . import signing
from .messages import VerifySignature

if TYPE_CHECKING:
    from .client import Client

RSA_SHA1 = "RSA-SHA1"
#: The parameter that carried the signature in 2007.
AWS_SIGNATURE = "awsSignature"
#: Parameters of later signatures.
_LATER = frozenset({"signature", "signatureVersion", "signatureMethod", "certificateUrl"})


class Verifier(Protocol):
    """Tells whether FPS signed a message."""

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        """Yes, no, or ``None`` for "could not tell, ask again later".

        :param method: ``GET`` for a return, ``POST`` for a notification.
        :param url: the URL that FPS was told to send it to.
        :param params: all parameters, decoded, each once.
        :param raw: the query string or body as it came.
        """


@dataclass(frozen=True)
class PinnedCertificate:
    """Checks RSA signatures with one certificate that the shop holds itself.

    Once it is out of date it cannot tell of what its key signed, which is kept until somebody sees to it; anything else
    it still refuses.

    :param certificate_url: what a genuine message names as its certificate. Nothing is fetched from it.
    :raises RuntimeError: if the certificate cannot be used.
    """

    certificate_pem: bytes
    certificate_url: str

    def __post_init__(self) -> None:
        rsa.load_certificate(self.certificate_pem)

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        if not _is_version_2(params, self.certificate_url):
            return False
        text = signing.string_to_sign(method, *signing.address(url), _unsigned(params))
        try:
            return rsa.verifies(text, params.get("signature", ""), self.certificate_pem)
        except rsa.OutOfDate:
            return None


@dataclass(frozen=True)
class RemoteVerification:
    """Asks FPS itself (action VerifySignature), at the endpoint the client was configured with."""

    client: Client
    certificate_url: str

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        if not _is_version_2(params, self.certificate_url):
            return False
        endpoint = url.partition("#")[0].partition("?")[0]
        try:
            result = self.client.send(VerifySignature(url_end_point=endpoint, http_parameters=raw))
        except (TransportError, ServiceError):
            return None
        return {"Success": True, "Failure": False}.get(result.verification_status)


@dataclass(frozen=True)
class HmacV1:
    """Checks messages of before November 2009, signed with the caller's own secret.

    Version 1 cannot see a border between name and value, so a message that claims version 2 is refused
    here however well it is signed.
    """

    secrets: Iterable[str] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "secrets", signing.each(self.secrets))

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        if params.get("signatureVersion", "1") != "1":
            return False
        return signing.verifies_v1(_unsigned(params), params.get("signature", ""), self.secrets)


@dataclass(frozen=True)
class AwsSignature:
    """Checks returns of 2007, signed in the URL form with the caller's own secret.

    The signature came as it is, not percent-encoded, so its ``+`` has become a space. A message that carries
    any other signature is refused here; notifications were not of that time.
    """

    secrets: Iterable[str] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "secrets", signing.each(self.secrets))

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        if method != "GET" or _LATER & params.keys():
            return False
        own = {name: value for name, value in params.items() if name != AWS_SIGNATURE}
        signature = params.get(AWS_SIGNATURE, "").replace(" ", "+")
        return signing.verifies_url_form(url, own, signature, self.secrets)


@dataclass(frozen=True)
class AnyOf:
    """Several judges, for the time in which a certificate is replaced by the next: one yes is enough."""

    verifiers: tuple[Verifier, ...]

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        answers = [verifier.verify(method, url, params, raw) for verifier in self.verifiers]
        if True in answers:
            return True
        return None if None in answers else False


def _is_version_2(params: Mapping[str, str], certificate_url: str) -> bool:
    """The message claims exactly what genuine ones do; anything else is a downgrade or another's certificate."""
    return (
        params.get("signatureVersion") == "2"
        and params.get("signatureMethod") == RSA_SHA1
        and names_certificate(params.get("certificateUrl", ""), certificate_url)
    )


def names_certificate(given: str, configured: str) -> bool:
    """Is this ``certificateUrl`` the configured one, whatever its query says (FPS put a request id there)?

    It is compared as text: no parser is asked what an ``@``, a backslash or a tab in it may mean.
    """
    if not all("!" <= character <= "~" for character in given) or "\\" in given or "@" in given:
        return False
    return given.partition("?")[0] == configured.partition("?")[0]


def _unsigned(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if name != "signature"}
