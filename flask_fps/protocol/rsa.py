"""RSA-SHA1: how FPS signed returns and notifications from November 2009 on.

RSASSA-PKCS1-v1_5 with SHA-1, in base64 broken every 76 characters. SHA-1 is below what one would choose
today; it is what the protocol says. ``cryptography`` is imported on first use only.
"""

from __future__ import annotations

from base64 import b64decode
from base64 import b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime
from datetime import timezone
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

#: FPS used keys of 2048 and, later, 1024 bits; anything smaller can be factored by anyone.
SMALLEST_KEY = 1024


class OutOfDate(RuntimeError):
    """A certificate that is not valid yet, or not any more."""


_WHITESPACE = {ord(character): None for character in " \t\r\n"}


def sign(text: str, private_key_pem: bytes, wrap: int | None = 76) -> str:
    """The base64 signature of a text, with a newline after every ``wrap`` characters (``None``: in one line)."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1

    signature = b64encode(_private_key(private_key_pem).sign(text.encode(), PKCS1v15(), SHA1())).decode("ascii")
    if wrap is None:
        return signature
    return "\n".join(signature[start : start + wrap] for start in range(0, len(signature), wrap))


def verifies(text: str, signature: str, certificate_pem: bytes) -> bool:
    """Was this text signed by the key of this certificate?

    Spaces and line breaks in the base64 are left out, as the official SDKs did; beyond that only the one
    canonical spelling of a signature counts.

    :raises OutOfDate: it was, but the certificate is not valid now.
    :raises RuntimeError: if the certificate cannot be used; see :func:`load_certificate`.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1

    certificate = _certificate(certificate_pem)
    octets = _canonical_base64(signature)
    if octets is None:
        return False
    try:
        certificate.key.verify(octets, text.encode(), PKCS1v15(), SHA1())
    except InvalidSignature:
        return False
    certificate.check_dates()
    return True


def load_certificate(certificate_pem: bytes) -> RSAPublicKey:
    """The public key of the one X.509 certificate in this PEM text.

    :raises OutOfDate: it is not valid now.
    :raises RuntimeError: unless it is exactly one certificate, valid now, with an RSA key of at least
        1024 bits, and no private key beside it. Certificates come from configuration: this is a mistake
        in set-up, never the fault of a message.
    """
    certificate = _certificate(certificate_pem)
    certificate.check_dates()
    return certificate.key


@dataclass(frozen=True)
class _Certificate:
    key: RSAPublicKey
    begin: datetime
    end: datetime

    def check_dates(self) -> None:
        if not self.begin <= datetime.now(timezone.utc) <= self.end:
            raise OutOfDate(f"the FPS certificate is valid from {self.begin:%Y-%m-%d} to {self.end:%Y-%m-%d} only")


@lru_cache(maxsize=16)
def _certificate(certificate_pem: bytes) -> _Certificate:
    """Read once; whether it is valid is asked at each use, for a process may outlive it."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificates

    if b"PRIVATE KEY" in certificate_pem:
        raise RuntimeError("the FPS certificate file holds a private key: configure the certificate alone")
    try:
        certificates = load_pem_x509_certificates(certificate_pem)
        key = certificates[0].public_key()
    except (ValueError, TypeError) as error:
        raise RuntimeError(
            "the FPS certificate is not an X.509 certificate in PEM form: "
            "give it from BEGIN CERTIFICATE to END CERTIFICATE"
        ) from error
    if len(certificates) != 1:
        raise RuntimeError(f"the FPS certificate file holds {len(certificates)} certificates: configure exactly one")
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST_KEY:
        raise RuntimeError(f"the FPS certificate needs an RSA key of at least {SMALLEST_KEY} bits")
    return _Certificate(key, certificates[0].not_valid_before_utc, certificates[0].not_valid_after_utc)


@lru_cache(maxsize=16)
def _private_key(private_key_pem: bytes) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise RuntimeError(
            "the FPS signing key is not an unencrypted private key in PEM form: `openssl pkey` makes it one"
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise RuntimeError("the FPS signing key must be an RSA key: `openssl genrsa 2048` makes one")
    return key


def _canonical_base64(text: str) -> bytes | None:
    compact = text.translate(_WHITESPACE)
    try:
        octets = b64decode(compact, validate=True)
    except (Base64Error, ValueError):
        return None
    return octets if b64encode(octets).decode("ascii") == compact else None
