from __future__ import annotations

from base64 import b64decode
from base64 import b64encode
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from datetime import tzinfo
from hashlib import sha1
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa as keys
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from flask_fps.errors import OutcomeUnknown
from flask_fps.protocol import demo
from flask_fps.protocol import outbound
from flask_fps.protocol import query
from flask_fps.protocol import rsa
from flask_fps.protocol.verifiers import AnyOf
from flask_fps.protocol.verifiers import PinnedCertificate
from tests.protocol.vectors import DATA

TEXT = (DATA / "rsa" / "signed.txt").read_text("utf-8")
SIGNATURE = (DATA / "rsa" / "signature.txt").read_text("utf-8")
CERTIFICATE = (DATA / "rsa" / "certificate.pem").read_bytes()

#: DigestInfo of SHA-1 (RFC 8017, section 9.2, note 1).
SHA1_INFO = bytes.fromhex("3021300906052b0e03021a05000414")
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def certificate(key: Any, *, begin: timedelta = -timedelta(days=1), end: timedelta = timedelta(days=1)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now + begin, now + end)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


# ------------------------------------------------------------------------------------ signatures


def test_verifies_what_openssl_signed() -> None:
    assert SIGNATURE.count("\n") == 5
    assert rsa.verifies(TEXT, SIGNATURE, CERTIFICATE)
    assert not rsa.verifies(TEXT + " ", SIGNATURE, CERTIFICATE)
    assert not rsa.verifies(TEXT, SIGNATURE, demo.CERTIFICATE_PEM)


def test_signs_in_lines_of_76_as_the_service_did() -> None:
    signature = rsa.sign("text", demo.PRIVATE_KEY_PEM)
    assert [len(line) for line in signature.split("\n")] == [76, 76, 76, 76, 40]
    assert rsa.sign("text", demo.PRIVATE_KEY_PEM, wrap=None) == signature.replace("\n", "")
    assert rsa.verifies("text", signature, demo.CERTIFICATE_PEM)


@pytest.mark.parametrize("space", ["", "\n", "\r\n", " ", "\t"])
def test_line_breaks_in_a_signature_do_not_count(space: str) -> None:
    assert rsa.verifies(TEXT, SIGNATURE.replace("\n", space), CERTIFICATE)


def test_any_other_spelling_of_a_signature_is_refused() -> None:
    compact = SIGNATURE.replace("\n", "")
    assert compact.endswith("==")
    last = compact[-3]
    non_canonical = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    same_octets = compact[:-3] + non_canonical[non_canonical.index(last) + 1] + "=="
    assert b64decode(same_octets) == b64decode(compact)
    spellings = [
        same_octets,
        compact.rstrip("="),
        compact + "=",
        compact + "====",
        compact.replace("+", "-").replace("/", "_"),
        compact.replace("+", " "),
        compact[:10] + "\u00a0" + compact[10:],
        compact[:10] + "\0" + compact[10:],
        compact[:10] + "*" + compact[10:],
        "é" + compact,
        "\ud800",
        "",
        "=",
        b64encode(b"\0" + b64decode(compact)).decode(),
        b64encode(b64decode(compact) + b"\0").decode(),
        b64encode(b64decode(compact)[:-1]).decode(),
    ]
    assert [each for each in spellings if rsa.verifies(TEXT, each, CERTIFICATE)] == []


def test_every_bit_of_a_signature_counts() -> None:
    octets = b64decode(SIGNATURE)
    for place in range(len(octets)):
        changed = octets[:place] + bytes([octets[place] ^ 1 << place % 8]) + octets[place + 1 :]
        assert not rsa.verifies(TEXT, b64encode(changed).decode(), CERTIFICATE)


# ------------------------------------------------------------------------------------ forgeries


def sealed(block: bytes) -> str:
    """What the demo key makes of a block that only its owner could make: shapes that a checker must still refuse."""
    key = load_pem_private_key(demo.PRIVATE_KEY_PEM, None)
    assert isinstance(key, keys.RSAPrivateKey)
    numbers = key.private_numbers()
    octets = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
    return b64encode(octets).decode()


def block(
    info: bytes, *, start: bytes = b"\0\1", fill: bytes = b"\xff", stop: bytes = b"\0", after: bytes = b""
) -> bytes:
    rest = stop + info + after
    return start + fill * (256 - len(start) - len(rest)) + rest


DIGEST = sha1(b"text").digest()
NO_PARAMETERS = bytes.fromhex("301f300706052b0e03021a0414")
LONG_LENGTH = bytes.fromhex("308121300906052b0e03021a05000414")
SHAPES = {
    "hash alone": block(DIGEST),
    "sha-256 instead": block(SHA256_INFO + sha256(b"text").digest()),
    "no parameters": block(NO_PARAMETERS + DIGEST),
    "length in two bytes": block(LONG_LENGTH + DIGEST),
    "garbage after the hash": b"\0\1" + b"\xff" * 8 + b"\0" + SHA1_INFO + DIGEST + b"\x55" * (256 - 11 - 35),
    "zeros after the hash": b"\0\1" + b"\xff" * 8 + b"\0" + SHA1_INFO + DIGEST + b"\0" * (256 - 11 - 35),
    "block type 2": block(SHA1_INFO + DIGEST, start=b"\0\2"),
    "block type 0": block(SHA1_INFO + DIGEST, start=b"\0\0", fill=b"\0"),
    "other filling": block(SHA1_INFO + DIGEST, fill=b"\xfe"),
    "no end of the filling": block(SHA1_INFO + DIGEST, stop=b"\xff"),
    "first byte": block(SHA1_INFO + DIGEST, start=b"\1\1"),
}


def test_the_honest_shape_is_accepted() -> None:
    assert rsa.verifies("text", sealed(block(SHA1_INFO + DIGEST)), demo.CERTIFICATE_PEM)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_no_other_shape_is(shape: bytes) -> None:
    assert len(shape) == 256
    assert not rsa.verifies("text", sealed(shape), demo.CERTIFICATE_PEM)


def test_a_cube_root_is_no_signature() -> None:
    """Bleichenbacher 2006: with exponent 3 anybody can make a block whose front looks right."""
    pem = (DATA / "rsa" / "exponent_3.pem").read_bytes()
    front = b"\0\1" + b"\xff" * 8 + b"\0" + SHA1_INFO + DIGEST
    wanted = int.from_bytes(front + b"\xff" * (256 - len(front)), "big")
    low, high = 0, 1 << 700
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= wanted else (low, middle)
    assert (low**3).to_bytes(256, "big").startswith(front)
    assert not rsa.verifies("text", b64encode(low.to_bytes(256, "big")).decode(), pem)


# ------------------------------------------------------------------------------------ certificates


def test_a_certificate_that_cannot_be_used_is_a_mistake_in_set_up() -> None:
    small_ec = ec.generate_private_key(ec.SECP256R1())
    rsa_key = load_pem_private_key(demo.PRIVATE_KEY_PEM, None)
    one = demo.CERTIFICATE_PEM
    unusable = {
        b"": "X.509",
        b"nonsense": "X.509",
        b"x" * 10_000_000: "X.509",
        x509.load_pem_x509_certificate(one).public_bytes(Encoding.DER): "X.509",
        one.replace(b"MII", b"MIX", 1): "X.509",
        demo.PRIVATE_KEY_PEM: "private key",
        one + demo.PRIVATE_KEY_PEM: "private key",
        one + CERTIFICATE: "2 certificates",
        certificate(small_ec): "RSA key",
        (DATA / "rsa" / "rsa_512.pem").read_bytes(): "1024 bits",
        certificate(rsa_key, begin=-timedelta(days=2), end=-timedelta(days=1)): "valid from",
        certificate(rsa_key, begin=timedelta(days=1), end=timedelta(days=2)): "valid from",
    }
    for pem, reason in unusable.items():
        with pytest.raises(RuntimeError, match=reason):
            rsa.load_certificate(pem)
    assert rsa.verifies("text", rsa.sign("text", demo.PRIVATE_KEY_PEM), certificate(rsa_key))


def test_a_certificate_ends_in_the_middle_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(load_pem_private_key(demo.PRIVATE_KEY_PEM, None))
    assert rsa.load_certificate(pem).key_size == 2048
    signature = rsa.sign("text", demo.PRIVATE_KEY_PEM)
    assert rsa.verifies("text", signature, pem)
    _two_days_later(monkeypatch)
    with pytest.raises(rsa.OutOfDate, match="valid from"):
        rsa.load_certificate(pem)
    with pytest.raises(rsa.OutOfDate, match="valid from"):
        rsa.verifies("text", signature, pem)
    assert not rsa.verifies("another text", signature, pem)


def test_what_a_certificate_that_ended_has_signed_is_kept_and_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    url, named = "https://shop.example/fps/return", "https://fps.example/certs/1.pem"
    old = certificate(load_pem_private_key(demo.PRIVATE_KEY_PEM, None))
    new = certificate(keys.generate_private_key(65537, 2048), end=timedelta(days=9))
    judge = AnyOf((PinnedCertificate(old, named), PinnedCertificate(new, named)))
    params = outbound.sign_outbound("GET", url, {"status": "SA", "tokenID": "T"}, demo.PRIVATE_KEY_PEM, named)
    forged = params | {"tokenID": "U"}
    assert (judge.verify("GET", url, params, ""), judge.verify("GET", url, forged, "")) == (True, False)
    _two_days_later(monkeypatch)
    assert (judge.verify("GET", url, params, ""), judge.verify("GET", url, forged, "")) == (None, False)
    with pytest.raises(OutcomeUnknown, match="could not be checked now"):
        outbound.verified_return(query.join(params), url, judge)


def _two_days_later(monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Later:
            return super().now(tz) + timedelta(days=2)

    monkeypatch.setattr(rsa, "datetime", Later)


@pytest.mark.parametrize("pem", [b"", b"nonsense", demo.CERTIFICATE_PEM])
def test_a_key_that_cannot_sign_is_a_mistake_in_set_up(pem: bytes) -> None:
    with pytest.raises(RuntimeError, match="PEM"):
        rsa.sign("text", pem)


def test_only_an_rsa_key_signs() -> None:
    from cryptography.hazmat.primitives.serialization import NoEncryption
    from cryptography.hazmat.primitives.serialization import PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(RuntimeError, match="RSA"):
        rsa.sign("text", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
