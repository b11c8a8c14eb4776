"""Returns and notifications: what is genuine, and everything that only looks like it."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.errors import InvalidSignature
from flask_fps.errors import MalformedMessage
from flask_fps.errors import OutcomeUnknown
from flask_fps.protocol import demo
from flask_fps.protocol import query
from flask_fps.protocol import rsa
from flask_fps.protocol import signing
from flask_fps.protocol import wire
from flask_fps.protocol.client import Client
from flask_fps.protocol.messages import Amount
from flask_fps.protocol.messages import VerifySignatureResult
from flask_fps.protocol.outbound import HmacV1
from flask_fps.protocol.outbound import parse_notification
from flask_fps.protocol.outbound import parse_return
from flask_fps.protocol.outbound import PinnedCertificate
from flask_fps.protocol.outbound import PROTOCOL_NAMES
from flask_fps.protocol.outbound import RemoteVerification
from flask_fps.protocol.outbound import sign_outbound
from flask_fps.protocol.outbound import sign_outbound_v1
from flask_fps.protocol.outbound import verified_notification
from flask_fps.protocol.outbound import verified_return
from flask_fps.protocol.outbound import Verifier
from flask_fps.protocol.verifiers import names_certificate
from tests.protocol.service import always
from tests.protocol.service import answer
from tests.protocol.service import Service
from tests.protocol.vectors import DATA
from tests.protocol.vectors import Vector
from tests.protocol.vectors import vectors

CERTIFICATE_URL = "https://fps.amazonaws.com/certs/090911/PKICert.pem"
PINNED = PinnedCertificate(demo.CERTIFICATE_PEM, CERTIFICATE_URL)
RETURN_URL = "https://shop.example:8443/fps/return?ref=a%20b%2Bc"
IPN_URL = "https://shop.example/fps/ipn?account=eu"
TOKEN = "A5BB" * 16
SUCCESS = {"status": "SC", "tokenID": TOKEN, "callerReference": "ref-1", "expiry": "08/2030"}
PAID = {
    "notificationType": "TransactionStatus",
    "transactionId": "T" * 35,
    "transactionDate": "1254096159",
    "transactionStatus": "SUCCESS",
    "statusCode": "Success",
    "statusMessage": "fine",
    "operation": "PAY",
    "paymentMethod": "CC",
    "transactionAmount": "USD 2.22",
    "callerReference": "ref-1",
    "paymentReason": "Now and Forever - Richard Marx",
    "buyerName": "John",
    "buyerEmail": "john@example.com",
    "recipientName": "DigitalDownload",
    "recipientEmail": "seller@digitaldownload.example",
}


def returned(params: Mapping[str, str] = SUCCESS, *, url: str = RETURN_URL, named: str = CERTIFICATE_URL) -> str:
    """The query string with which FPS sends the buyer to ``url``."""
    signed = sign_outbound("GET", url, params, demo.PRIVATE_KEY_PEM, named)
    return query.append(url, signed).partition("?")[2]


def posted(params: Mapping[str, str] = PAID, *, url: str = IPN_URL) -> bytes:
    return query.join(sign_outbound("POST", url, params, demo.PRIVATE_KEY_PEM, CERTIFICATE_URL)).encode()


def resigned(params: Mapping[str, str], *, url: str = RETURN_URL) -> str:
    """The query with exactly these parameters and a signature that is right over them: an insider's work."""
    all_params = {**query.unique(query.parse(url.partition("?")[2])), **params}
    text = signing.string_to_sign("GET", *signing.address(url), all_params)
    return query.join({**all_params, "signature": rsa.sign(text, demo.PRIVATE_KEY_PEM)})


CLAIMS = {"signatureVersion": "2", "signatureMethod": "RSA-SHA1", "certificateUrl": CERTIFICATE_URL}


# ------------------------------------------------------------------------------------ what is genuine


def test_a_genuine_return() -> None:
    found = verified_return(returned(), RETURN_URL, PINNED)
    assert (found.status, found.token_id, found.caller_reference) == ("SC", TOKEN, "ref-1")
    assert (found.authorized, found.payment_method, found.expiry) == (True, "CC", "08/2030")
    assert found.params["ref"] == "a b+c"
    assert found == parse_return(returned())


@pytest.mark.parametrize(("status", "method"), [("SA", "ABT"), ("SB", "ACH"), ("SC", "CC")])
def test_the_status_names_the_payment_method(status: str, method: str) -> None:
    found = parse_return(f"status={status}&tokenID=x")
    assert (found.authorized, found.payment_method) == (True, method)


@pytest.mark.parametrize(
    "query_string", ["status=SA", "status=A&tokenID=x", "status=sa&tokenID=x", "status=+SA&tokenID=x"]
)
def test_nothing_else_authorizes(query_string: str) -> None:
    assert not parse_return(query_string).authorized


def test_an_abandoned_return_has_no_reference() -> None:
    found = verified_return(returned({"status": "A"}), RETURN_URL, PINNED)
    assert (found.status, found.authorized, found.caller_reference, found.token_id) == ("A", False, None, None)


def test_a_refused_return_says_why() -> None:
    params = {"status": "CE", "errorMessage": "The following input(s) are not well formed: [callerReference]"}
    found = verified_return(returned(params), RETURN_URL, PINNED)
    assert found.error_message == "The following input(s) are not well formed: [callerReference]"
    assert (
        parse_return("status=SA&tokenID=x&warningCode=InvalidShippingAddress").warning_code == "InvalidShippingAddress"
    )


def test_the_captured_return_of_a_multi_use_token() -> None:
    """Order, ``/`` raw in a value, and ``tokenID`` as FPS wrote them; the signature is not in the capture."""
    raw = (
        "expiry=08/2015&signature=x&signatureVersion=2&signatureMethod=RSA-SHA1&certificateUrl=https%3A//fps.sandbox."
        f"amazonaws.com/certs/090909/PKICert.pem&tokenID={TOKEN}&status=SC&callerReference=callerReferenceMultiUse1"
    )
    found = parse_return(raw)
    assert (found.expiry, found.token_id, found.caller_reference) == ("08/2015", TOKEN, "callerReferenceMultiUse1")


def test_encoding_and_order_on_the_wire_do_not_matter() -> None:
    pairs = query.parse(returned())
    shuffled = "&".join(f"{name}={value.replace('+', '%2b')}" for name, value in reversed(pairs)).replace(" ", "+")
    assert verified_return(shuffled.replace("\n", "%0A"), RETURN_URL, PINNED).authorized


def test_an_official_string_signed_by_openssl() -> None:
    """The sample return of Amazon's SDK over a signature that OpenSSL's command line made."""
    text = (DATA / "rsa" / "signed.txt").read_text("utf-8")
    signature = (DATA / "rsa" / "signature.txt").read_text("utf-8")
    raw = f"{text.rpartition(chr(10))[2]}&signature={query.encode(signature)}"
    verifier = PinnedCertificate(
        (DATA / "rsa" / "certificate.pem").read_bytes(), "https://fps.amazonaws.com/certs/090909/PKICert.pem"
    )
    assert verified_return(raw, "http://www.mysite.com/call_pay.jsp", verifier).status == "SC"
    with pytest.raises(InvalidSignature):
        verified_return(raw, "http://www.mysite.com/call_pay.jsp/", verifier)


def test_a_genuine_notification() -> None:
    found = verified_notification(posted(), IPN_URL, PINNED)
    assert found.transaction_amount == Amount(Decimal("2.22"))
    assert (found.notification_type, found.transaction_id) == ("TransactionStatus", "T" * 35)
    assert (found.transaction_status, found.status_code, found.status_message) == ("SUCCESS", "Success", "fine")
    assert (found.operation, found.payment_method, found.caller_reference) == ("PAY", "CC", "ref-1")
    assert (found.transaction_date, found.payment_reason) == ("1254096159", "Now and Forever - Richard Marx")
    assert (found.buyer_name, found.buyer_email) == ("John", "john@example.com")
    assert (found.recipient_name, found.recipient_email) == ("DigitalDownload", "seller@digitaldownload.example")
    assert (found.parent_transaction_id, found.token_id) == (None, None)
    assert found == parse_notification(posted())


def test_other_notifications() -> None:
    refund = parse_notification(b"status=INITIATED&operation=REFUND&parentTransactionId=P&transactionId=T")
    assert (refund.transaction_status, refund.parent_transaction_id, refund.transaction_amount) == (
        "INITIATED",
        "P",
        None,
    )
    cancelled = parse_notification(f"notificationType=TokenCancellation&tokenId={TOKEN}&callerReference=r".encode())
    assert (cancelled.notification_type, cancelled.token_id) == ("TokenCancellation", TOKEN)


@pytest.mark.parametrize("text", ["USD 2.22", "USD 2", "USD 10.000000"])
def test_amounts_of_notifications(text: str) -> None:
    amount = parse_notification(f"transactionAmount={text}".encode()).transaction_amount
    assert amount == Amount(Decimal(text[4:]), "USD")


@pytest.mark.parametrize("text", ["", "2.22", "USD", "USD ", "USD  1", "USD NaN", "USD 1e2", "USD 1,00", "USD 1 "])
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(MalformedMessage, match="amount"):
        parse_notification(query.join({"transactionAmount": text}).encode())


# ------------------------------------------------------------------------------------ what was changed


def test_every_parameter_counts() -> None:
    pairs = dict(query.parse(returned()))
    for name in pairs:
        for changed in (
            {**pairs, name: pairs[name] + "x"},
            {each: value for each, value in pairs.items() if each != name},
            {(each if each != name else each + "x"): value for each, value in pairs.items()},
            {(each if each != name else each.swapcase()): value for each, value in pairs.items()},
        ):
            with pytest.raises((InvalidSignature, MalformedMessage)):
                verified_return(query.join(changed), RETURN_URL, PINNED)


@pytest.mark.parametrize(
    "extra", ["utm_source=x", "amount=0.10", "PaymentAmount=0.10", "next=//evil", "x", "Status=SA"]
)
def test_nothing_can_be_added(extra: str) -> None:
    with pytest.raises(InvalidSignature):
        verified_return(f"{returned()}&{extra}", RETURN_URL, PINNED)


REPEATED = [
    "status=SA",
    "status=SC",
    "sta%74us=CE",
    f"tokenID={TOKEN}",
    "signature=x",
    "signatureVersion=2",
    "ref=a%20b%2Bc",
]


@pytest.mark.parametrize("extra", REPEATED)
@pytest.mark.parametrize("first", [True, False])
def test_nothing_can_be_repeated(extra: str, first: bool) -> None:
    raw = f"{extra}&{returned()}" if first else f"{returned()}&{extra}"
    with pytest.raises(MalformedMessage, match="repeated"):
        verified_return(raw, RETURN_URL, PINNED)
    with pytest.raises(MalformedMessage, match="repeated"):
        verified_notification(raw.encode(), IPN_URL, PINNED)


@pytest.mark.parametrize(
    "raw",
    ["", "&", "status", "%FF%FE", "a;b;c", "status=SC;tokenID=x", "a[]=1", "%u0041", "%00", "=" * 5000, "%" * 5000],
)
def test_nonsense_is_refused_and_breaks_nothing(raw: str) -> None:
    with pytest.raises((InvalidSignature, MalformedMessage)):
        verified_return(raw, "https://shop.example/", PINNED)
    with pytest.raises((InvalidSignature, MalformedMessage)):
        verified_notification(raw.encode(), "https://shop.example/", PINNED)


@pytest.mark.parametrize(
    "url",
    [
        RETURN_URL.replace("shop", "other"),
        RETURN_URL.replace(":8443", ""),
        RETURN_URL.replace(":8443", ":8444"),
        RETURN_URL.replace("/return", "/return/"),
        RETURN_URL.replace("/return", "/ipn"),
        RETURN_URL.replace("/return", "/Return"),
        RETURN_URL.replace("ref=a", "ref=b"),
        RETURN_URL.replace("ref=", "Ref="),
        RETURN_URL + "&more=1",
    ],
)
def test_a_return_belongs_to_one_url(url: str) -> None:
    with pytest.raises(InvalidSignature):
        verified_return(returned(), url, PINNED)


def test_host_names_and_default_ports_are_one_url() -> None:
    raw = returned(url="https://shop.example/r")
    assert verified_return(raw, "https://SHOP.example:443/r", PINNED).authorized


def test_another_buyer_s_genuine_return_is_not_ours() -> None:
    """Somebody has FPS sign a return to our address, for a payment of his own."""
    theirs = returned(url=RETURN_URL.replace("ref=a", "ref=theirs"))
    with pytest.raises(InvalidSignature, match="'ref'"):
        verified_return(theirs, RETURN_URL, PINNED)


def test_a_return_is_no_notification_and_the_reverse() -> None:
    url = "https://shop.example/fps"
    as_return, as_notification = returned(url=url), posted(SUCCESS, url=url)
    assert verified_return(as_return, url, PINNED).authorized
    assert verified_notification(as_notification, url, PINNED).caller_reference == "ref-1"
    with pytest.raises(InvalidSignature):
        verified_notification(as_return.encode(), url, PINNED)
    with pytest.raises(InvalidSignature):
        verified_return(as_notification.decode(), url, PINNED)


def test_a_notification_s_own_url_parameters_are_not_signed() -> None:
    assert verified_notification(posted(url="https://shop.example/fps/ipn"), IPN_URL, PINNED).operation == "PAY"


def test_a_return_has_a_status() -> None:
    for raw in ("", "tokenID=x", "Status=SA"):
        with pytest.raises(MalformedMessage, match="no status"):
            parse_return(raw)
    with pytest.raises(MalformedMessage, match="no status"):
        verified_return(returned({"tokenID": TOKEN}), RETURN_URL, PINNED)


def test_an_unsigned_message_carries_what_it_said_for_the_log() -> None:
    with pytest.raises(InvalidSignature, match="not signed") as caught:
        verified_return("status=SA&ref=a%20b%2Bc", RETURN_URL, PINNED)
    assert caught.value.params == {"status": "SA", "ref": "a b+c"}


@given(st.integers(0, 10_000), st.sampled_from("aA0=&%+ \n~"))
def test_no_single_character_can_be_changed(place: int, character: str) -> None:
    genuine = returned()
    place %= len(genuine)
    changed = genuine[:place] + character + genuine[place + 1 :]
    try:
        same = dict(query.parse(changed)) == dict(query.parse(genuine))
        found = verified_return(changed, RETURN_URL, PINNED)
    except (InvalidSignature, MalformedMessage):
        return
    wrapped = dict(query.parse(changed))["signature"].split() == dict(query.parse(genuine))["signature"].split()
    assert same or (wrapped and found.token_id == TOKEN)


# ------------------------------------------------------------------------------------ downgrades


@pytest.mark.parametrize("version", [None, "", "1", "02", " 2", "2 ", "2.0", "3", "２"])
def test_no_other_signature_version_passes(version: str | None) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != "signatureVersion"}
    claims = claims if version is None else {**claims, "signatureVersion": version}
    with pytest.raises(InvalidSignature):
        verified_return(resigned({**SUCCESS, **claims}), RETURN_URL, PINNED)


METHODS = [
    None,
    "",
    "HmacSHA1",
    "HmacSHA256",
    "none",
    "RSA-MD5",
    "rsa-sha1",
    "RSA-SHA256",
    "RSA-SHA1 ",
    "RSA-SHA1,HmacSHA1",
]


@pytest.mark.parametrize("method", METHODS)
def test_no_other_signature_method_passes(method: str | None) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != "signatureMethod"}
    claims = claims if method is None else {**claims, "signatureMethod": method}
    with pytest.raises(InvalidSignature):
        verified_return(resigned({**SUCCESS, **claims}), RETURN_URL, PINNED)


@pytest.mark.parametrize("algorithm", ["HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("claimed", ["HmacSHA1", "HmacSHA256", "RSA-SHA1"])
def test_the_certificate_is_no_secret(algorithm: str, claimed: str) -> None:
    """Everybody knows the certificate: an HMAC keyed with it must prove nothing."""
    params = {**SUCCESS, **CLAIMS, "signatureMethod": claimed, "ref": "a b+c"}
    text = signing.string_to_sign("GET", *signing.address(RETURN_URL), params)
    secret = demo.CERTIFICATE_PEM.decode()
    for keyed in (secret, secret.strip()):
        raw = query.join({**params, "signature": signing.hmac_signature(text, keyed, algorithm)})
        with pytest.raises(InvalidSignature):
            verified_return(raw, RETURN_URL, PINNED)


def test_a_right_signature_of_version_1_is_not_asked_for() -> None:
    params = sign_outbound_v1(SUCCESS, "secret", return_url=RETURN_URL)
    with pytest.raises(InvalidSignature):
        verified_return(query.join({"ref": "a b+c", **params}), RETURN_URL, PINNED)


def test_a_certificate_of_one_s_own_proves_nothing() -> None:
    """The flaw of 2010: whoever names his own certificate was believed."""
    other = PinnedCertificate((DATA / "rsa" / "certificate.pem").read_bytes(), CERTIFICATE_URL)
    with pytest.raises(InvalidSignature):
        verified_return(returned(), RETURN_URL, other)
    with pytest.raises(InvalidSignature):
        verified_return(returned(named="https://cert.evil.example/PKICert.pem"), RETURN_URL, PINNED)


FOREIGN_CERTIFICATES = [
    "",
    "https://fps.amazonaws.com.evil.example/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com@evil.example/certs/090911/PKICert.pem",
    "https://fps.sandbox.amazonaws.com/certs/090911/PKICert.pem",
    "https://fps.sandbox.amazonaws.com:443@evil.example/certs/090911/PKICert.pem",
    "https://evil.example/?x=https://fps.amazonaws.com/certs/090911/PKICert.pem",
    "https://evil.example/#https://fps.amazonaws.com/certs/090911/PKICert.pem",
    "https://evil.example\\@fps.amazonaws.com/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com:8443/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com:443/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com./certs/090911/PKICert.pem",
    "https://fps.amazonaws.com%2eevil/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com\\.evil/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com\t.evil.example/certs/090911/PKICert.pem",
    " https://fps.amazonaws.com/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com\n/certs/090911/PKICert.pem",
    "https://fps.amazonaws.com/certs/090911/PKICert.pem\n",
    "https://fps.amazonaws.com/certs/090911/PKICert.pem?\nx",
    "https://fps.amazonaws.com/certs/090911/PKICert.pem?@evil.example",
    "https://fps.amazonaws.com/certs/090911/PKICert.pem?\\evil",
    "https://fps.amazonaws.com/certs/090911/PKICert.pem#x",
    "https://fps.amazonaws.com/certs/090911/PKICert.pem;x",
    "https://fps.amazonaws.com/certs/090909/PKICert.pem",
    "https://fps.amazonaws.com/certs/x/../090911/PKICert.pem",
    "https://fps.amazonaws.com/redirect?to=https://evil.example",
    "https:fps.amazonaws.com/certs/090911/PKICert.pem",
    "https:///fps.amazonaws.com/certs/090911/PKICert.pem",
    "file:///etc/passwd",
    "http://fps.amazonaws.com/certs/090911/PKICert.pem",
    "HTTPS://FPS.AMAZONAWS.COM/certs/090911/PKICert.pem",
    "https://user:pw@fps.amazonaws.com/certs/090911/PKICert.pem",
    "https://[fps.amazonaws.com]/certs/090911/PKICert.pem",
    "https://\ufb00ps.amazonaws.com/certs/090911/PKICert.pem",
    "https://fps\u3002amazonaws.com/certs/090911/PKICert.pem",
    "https://xfps.amazonaws.com/certs/090911/PKICert.pem",
    "https://evil.fps.amazonaws.com/certs/090911/PKICert.pem",
]


@pytest.mark.parametrize("named", FOREIGN_CERTIFICATES)
def test_a_certificate_url_is_ours_or_not(named: str) -> None:
    assert not names_certificate(named, CERTIFICATE_URL)
    with pytest.raises(InvalidSignature):
        verified_return(returned(named=named), RETURN_URL, PINNED)


@pytest.mark.parametrize("added", ["", "?requestId=bjzj0uvw", "?a=1&b=%20?"])
def test_the_query_of_a_certificate_url_does_not_count(added: str) -> None:
    assert names_certificate(CERTIFICATE_URL + added, CERTIFICATE_URL)
    assert names_certificate(CERTIFICATE_URL, CERTIFICATE_URL + added)
    assert verified_return(returned(named=CERTIFICATE_URL + added), RETURN_URL, PINNED).authorized


def test_a_certificate_that_cannot_be_used_stops_the_start() -> None:
    with pytest.raises(RuntimeError, match="X.509"):
        PinnedCertificate(b"", CERTIFICATE_URL)


# ------------------------------------------------------------------------------------ version 1

V1 = [vector for vector in vectors("documented") if vector.rule == "v1"]


@pytest.mark.parametrize("vector", V1, ids=str)
def test_messages_of_before_2009_verify(vector: Vector) -> None:
    raw = query.join({**vector.params, "signature": vector.signature})
    verifier = HmacV1([vector.secret])
    if vector.method == "GET":
        assert verified_return(raw, "https://shop.example/return", verifier).params["status"]
    else:
        assert verified_notification(raw.encode(), "https://shop.example/ipn", verifier).operation == "PAY"
    with pytest.raises(InvalidSignature):
        verified_return(raw, "https://shop.example/return", HmacV1(["other"]))
    with pytest.raises(InvalidSignature):
        verified_notification((raw + "&debug=1").encode(), "https://shop.example/ipn", verifier)


@pytest.mark.parametrize("version", ["2", "02", "", "3"])
def test_version_1_never_stands_in_for_another(version: str) -> None:
    params = sign_outbound_v1({**SUCCESS, "signatureVersion": version}, "secret")
    with pytest.raises(InvalidSignature):
        verified_return(query.join(params), "https://shop.example/return", HmacV1(["secret"]))


def test_version_1_may_say_so_and_covers_the_url_s_own_parameters() -> None:
    signed = sign_outbound_v1({**SUCCESS, "signatureVersion": "1"}, "new", return_url=RETURN_URL)
    raw = query.append(RETURN_URL, signed).partition("?")[2]
    verifier = HmacV1(["new", "old"])
    assert verified_return(raw, RETURN_URL, verifier).authorized
    with pytest.raises(InvalidSignature):
        verified_return(raw.replace("ref=a", "ref=b"), RETURN_URL.replace("ref=a", "ref=b"), verifier)


def test_secrets_are_a_list_and_are_not_shown() -> None:
    assert "hush" not in repr(HmacV1(["hush"]))
    with pytest.raises(TypeError, match="list"):
        HmacV1("hush")


# ------------------------------------------------------------------------------------ VerifySignature

VERSION = "2010-08-28"
SAYS_YES = wire.render_answer("VerifySignature", VerifySignatureResult("Success"), VERSION, "id:0")
SAYS_NO = wire.render_answer("VerifySignature", VerifySignatureResult("Failure"), VERSION, "id:0")


def asked(reply: bytes, raw: str, *, url: str = RETURN_URL) -> tuple[object, list[dict[str, str]]]:
    """What came of asking the service, and what it was asked."""
    with Service(always(reply)) as service:
        client = Client(service.url, "AKID", "SECRET", timeout=5)
        try:
            verdict: object = verified_return(raw, url, RemoteVerification(client, CERTIFICATE_URL))
        except (InvalidSignature, OutcomeUnknown) as error:
            verdict = type(error)
        client.close()
        return verdict, [request.params for request in service.requests]


def test_the_service_is_asked_about_the_raw_message() -> None:
    raw = returned().replace("%20", "+")
    found, [request] = asked(answer(SAYS_YES), raw)
    assert found == parse_return(raw)
    assert request["UrlEndPoint"] == "https://shop.example:8443/fps/return"
    assert request["HttpParameters"] == raw
    assert request["Action"] == "VerifySignature"


def test_the_service_may_say_no() -> None:
    verdict, requests = asked(answer(SAYS_NO), returned())
    assert verdict is InvalidSignature
    assert len(requests) == 1


@pytest.mark.parametrize("named", FOREIGN_CERTIFICATES)
def test_a_message_never_chooses_its_own_judge(named: str) -> None:
    assert asked(answer(SAYS_YES), returned(named=named)) == (InvalidSignature, [])


@pytest.mark.parametrize("claims", [{"signatureVersion": "1"}, {"signatureMethod": "HmacSHA1"}])
def test_a_downgrade_is_not_even_asked_about(claims: dict[str, str]) -> None:
    assert asked(answer(SAYS_YES), resigned({**SUCCESS, **CLAIMS, **claims})) == (InvalidSignature, [])


STATUS = b"<VerificationStatus>Success</VerificationStatus>"
UNCLEAR = {
    "500": answer(SAYS_YES, "500 Internal Server Error"),
    "503": answer(wire.render_error("ServiceUnavailable", "m", "r"), "503 Slow Down"),
    "our keys are wrong": answer(wire.render_error("InvalidClientTokenId", "m", "r"), "403 Forbidden"),
    "redirect": answer(SAYS_YES, "302 Found", "Location: https://evil.example/"),
    "html": answer(b"<html>" + STATUS + b"</html>"),
    "empty": answer(b""),
    "success in a comment": answer(SAYS_NO.replace(b"Failure", b"Failure<!--" + STATUS + b"-->")),
    "success in an attribute": answer(SAYS_NO.replace(b"<VerificationStatus>", b'<VerificationStatus a="Success">')),
    "success in a memo": answer(
        SAYS_NO.replace(b"<VerificationStatus>Failure</VerificationStatus>", b"<M>" + STATUS + b"</M>")
    ),
    "two statuses": answer(SAYS_YES.replace(STATUS, STATUS + STATUS)),
    "yes and no": answer(SAYS_YES.replace(STATUS, STATUS + STATUS.replace(b"Success", b"Failure"))),
    "wrong namespace": answer(SAYS_YES.replace(b"2010-08-28", b"2008-09-17")),
    "other word": answer(SAYS_YES.replace(b">Success<", b">success<")),
    "answer to another question": answer(SAYS_YES.replace(b"VerifySignatureRes", b"PayRes")),
}


@pytest.mark.parametrize("reply", UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_neither_yes_nor_no_could_not_be_told(reply: bytes) -> None:
    assert asked(reply, returned())[0] is OutcomeUnknown


def test_a_service_that_is_away_could_not_be_told() -> None:
    class Refusing:
        def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> None:
            return None

    verifier: Verifier = Refusing()
    with pytest.raises(OutcomeUnknown, match="could not be checked"):
        verified_notification(posted(), IPN_URL, verifier)
    with Service(always(b"")) as service:
        gone = Client(service.url, "AKID", "SECRET", timeout=1)
    with pytest.raises(OutcomeUnknown):
        verified_return(returned(), RETURN_URL, RemoteVerification(gone, CERTIFICATE_URL))


# ------------------------------------------------------------------------------------ FPS's own side


def test_what_is_signed_is_what_is_sent() -> None:
    signed = sign_outbound(
        "GET", RETURN_URL, SUCCESS, demo.PRIVATE_KEY_PEM, CERTIFICATE_URL + "?requestId=1", wrap=None
    )
    assert list(signed) == [*SUCCESS, "signatureVersion", "signatureMethod", "certificateUrl", "signature"]
    assert "\n" not in signed["signature"]
    assert SUCCESS.items() <= signed.items()


def test_a_return_url_must_not_bring_the_service_s_own_names() -> None:
    for name in ("status", "certificateUrl"):
        with pytest.raises(MalformedMessage, match=name):
            sign_outbound("GET", f"http://h/?{name}=x", SUCCESS, demo.PRIVATE_KEY_PEM, CERTIFICATE_URL)
    with pytest.raises(MalformedMessage, match="status"):
        sign_outbound_v1(SUCCESS, "secret", return_url="http://h/?status=x")


def test_the_protocol_s_names() -> None:
    signed: dict[str, Any] = sign_outbound("POST", IPN_URL, {**PAID, **SUCCESS}, demo.PRIVATE_KEY_PEM, CERTIFICATE_URL)
    assert set(signed) <= PROTOCOL_NAMES
    assert "ref" not in PROTOCOL_NAMES


def test_version_1_is_what_the_documents_say() -> None:
    """Computed here by hand, not by the module under test."""
    digest = hmac.digest(b"secret", b"callerReferencerefstatusSA", "sha1")
    assert (
        sign_outbound_v1({"status": "SA", "callerReference": "ref"}, "secret")["signature"]
        == b64encode(digest).decode()
    )
