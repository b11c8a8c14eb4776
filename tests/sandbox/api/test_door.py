from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from datetime import timezone

import pytest

from flask_fps.money import Money
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import raw
from tests.sandbox.recorded import Recorded
from tests.sandbox.recorded import recorded

RECORDED = recorded("boto", "php")
SOME = RECORDED[::6]


def test_the_recorded_requests_are_there() -> None:
    assert len(RECORDED) == 42


@pytest.mark.parametrize("sent", RECORDED, ids=str)
def test_requests_of_foreign_clients_get_past_the_signature(sent: Recorded) -> None:
    with _sandbox_of(sent) as server:
        answer = raw(server.url, sent.request)
        assert b"<Code>InvalidParams</Code>" in answer
        assert b'"senderTokenId" has to be a valid token ID. Specified value: TOK1' in answer


@pytest.mark.parametrize("sent", SOME, ids=str)
def test_one_changed_letter_of_a_recorded_request_is_refused(sent: Recorded) -> None:
    with _sandbox_of(sent) as server:
        answer = raw(server.url, sent.request.replace(b"held-out-1-pay", b"held-out-2-pay"))
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"<Code>SignatureDoesNotMatch</Code>" in answer


@pytest.mark.parametrize("sent", SOME, ids=str)
def test_a_recorded_request_with_another_secret_is_refused(sent: Recorded) -> None:
    with _sandbox_of(replace(sent, secret_key=sent.secret_key + "x")) as server:
        assert b"<Code>SignatureDoesNotMatch</Code>" in raw(server.url, sent.request)


def _sandbox_of(sent: Recorded) -> SandboxServer:
    """Its clock stands at the moment the request was signed, and its key is an account's."""
    bank = Bank(SandboxClock.stopped_at(sent.moment))
    bank.accounts.open(
        Account(
            email="foreign@example.com",
            name="Foreign",
            balance=Money(0, "USD"),
            access_key=sent.access_key,
            secret_key=sent.secret_key,
        )
    )
    return SandboxServer(bank=bank, ticking=False)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("algorithm", ["HmacSHA256", "HmacSHA1"])
def test_both_verbs_and_both_algorithms_are_taken(caller: Caller, method: str, algorithm: str) -> None:
    answer = caller.but(method=method, algorithm=algorithm).call("GetAccountBalance")
    assert (answer.status, answer.reason) == (200, "OK")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "fps.amazonaws.com", "fps.sandbox.amazonaws.com", "fps.sandbox.amazonaws.com:{port}"]
)
def test_a_signature_may_cover_any_name_of_the_server(server: SandboxServer, caller: Caller, host: str) -> None:
    named = caller.but(host=host.format(port=server.settings.port))
    assert named.call("GetAccountBalance").status == 200


def test_a_signature_over_another_host_is_refused(caller: Caller) -> None:
    assert caller.but(host="fps.amazonaws.com.evil.example").call("GetAccountBalance").error == "SignatureDoesNotMatch"


def test_the_signed_verb_is_the_one_that_was_used(caller: Caller) -> None:
    signed = caller.but(method="GET").signed({"Action": "GetAccountBalance"})
    assert caller.send(signed).error == "SignatureDoesNotMatch"


@pytest.mark.parametrize("name", ["Action", "Version", "Timestamp", "SignatureVersion", "SignatureMethod"])
def test_a_missing_common_parameter_is_named(caller: Caller, name: str) -> None:
    request = caller.signed({"Action": "GetAccountBalance"})
    del request[name]
    answer = caller.send(request)
    assert (answer.status, answer.error) == (400, "MissingParameter")
    assert name in answer["Message"]


@pytest.mark.parametrize("name", ["AWSAccessKeyId", "Signature"])
def test_without_key_or_signature_there_is_no_authentication(caller: Caller, name: str) -> None:
    request = caller.signed({"Action": "GetAccountBalance"})
    del request[name]
    answer = caller.send(request)
    assert (answer.status, answer.error) == (403, "AuthFailure")


def test_an_unknown_key_is_refused_before_its_signature(caller: Caller) -> None:
    answer = caller.but(access_key="AKIANOBODY").call("GetAccountBalance")
    assert (answer.status, answer.error) == (403, "InvalidClientTokenId")


@pytest.mark.parametrize(
    "text", ["2026-11-22", "2026-11-22T10:00:00", "2026-11-22T10:00:00+00:00", "2026-13-01T10:00:00Z", "now"]
)
def test_a_timestamp_of_another_form_is_refused(caller: Caller, text: str) -> None:
    answer = caller.send(caller.signed({"Action": "GetAccountBalance", "Timestamp": text}))
    assert answer.error == "InvalidParameterValue"
    assert answer["Message"] == f"Value ({text}) for parameter Timestamp is invalid. Must be in ISO8601 format."


@pytest.mark.parametrize(("minutes", "error"), [(-14, ""), (14, ""), (-16, "RequestExpired"), (16, "RequestExpired")])
def test_a_request_is_good_for_fifteen_minutes(caller: Caller, minutes: int, error: str) -> None:
    moment = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.250Z"
    answer = caller.send(caller.signed({"Action": "GetAccountBalance", "Timestamp": text}))
    assert answer.error == error
    if error:
        assert answer["Message"] == f"Request has expired. Timestamp date is {text}"


def test_a_sandbox_moved_ahead_still_takes_requests_of_today(server: SandboxServer, caller: Caller) -> None:
    server.advance(4 * 24 * 3600)
    assert caller.call("GetAccountBalance").status == 200


@pytest.mark.parametrize(
    ("asked", "served"),
    [("2010-08-28", "2010-08-28"), ("2011-09-20", "2010-08-28"), ("2009-01-09", "2008-09-17")],
)
def test_a_version_is_served_as_the_newest_not_later(caller: Caller, asked: str, served: str) -> None:
    answer = caller.but(version=asked).call("GetAccountBalance")
    assert f'xmlns="http://fps.amazonaws.com/doc/{served}/"' in answer.text


@pytest.mark.parametrize("version", ["latest", "2006-01-01", "2010-8-28", "2009-99-99", "2009-02-30"])
def test_a_version_nobody_serves_is_refused(caller: Caller, version: str) -> None:
    assert caller.but(version=version).call("GetAccountBalance").error == "InvalidParameterValue"


def test_an_unknown_action_is_refused(caller: Caller) -> None:
    assert caller.call("PayMeTwice").error == "InvalidAction"
    assert caller.call("getAccountBalance").error == "InvalidAction"


def test_an_unknown_name_is_refused_in_the_captured_words(caller: Caller) -> None:
    answer = caller.but(version="2008-09-17").call("Pay", **{"recipient_token_id".replace("_", "-"): "X"})
    assert answer.error == "InvalidRequest"
    assert answer["Message"] == (
        "The request doesn't conform to the interface specification in the WSDL. "
        'Element/Parameter "http://fps.amazonaws.com/doc/2008-09-17/:recipient-token-id" in request is either '
        "invalid or is found at unexpected location"
    )


def test_names_are_case_sensitive(caller: Caller) -> None:
    answer = caller.call("GetTokenByCaller", callerReference="order-1")
    assert answer.error == "InvalidRequest"


def test_the_override_of_the_ipn_url_came_with_2010(caller: Caller) -> None:
    old = caller.but(version="2008-09-17").pay("A" * 64, OverrideIPNURL="http://127.0.0.1/ipn")
    new = caller.pay("A" * 64, OverrideIPNURL="http://127.0.0.1/ipn")
    assert (old.error, new.error) == ("InvalidRequest", "InvalidTokenId_Sender")


def test_a_repeated_name_is_refused(server: SandboxServer) -> None:
    answer = raw(server.url, b"GET /?Action=Pay&Action=Refund HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"<Code>InvalidRequest</Code>" in answer


def test_bad_utf8_is_refused(server: SandboxServer) -> None:
    answer = raw(server.url, b"GET /?Action=%FF HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"<Code>InvalidRequest</Code>" in answer


def test_signature_version_1_ended_with_2010(caller: Caller) -> None:
    request = {"Action": "GetAccountBalance", "SignatureVersion": "1"}
    assert caller.send(caller.signed(request)).error == "InvalidParameterValue"


@pytest.mark.parametrize("version", ["0", "3", "02"])
def test_other_signature_versions_are_refused(caller: Caller, version: str) -> None:
    old = caller.but(version="2008-09-17")
    request = {"Action": "GetAccountBalance", "SignatureVersion": version}
    assert old.send(old.signed(request)).error == "InvalidParameterValue"


def test_signature_version_1_is_checked_by_its_own_rule(caller: Caller) -> None:
    old = caller.but(version="2008-09-17")
    request = old.signed({"Action": "GetAccountBalance", "SignatureVersion": "1"})
    assert old.send(request).error == "SignatureDoesNotMatch"
    request["Signature"] = _version_1(request, old.secret_key)
    assert old.send(request).status == 200


def _version_1(request: dict[str, str], secret: str) -> str:
    import base64
    import hashlib
    import hmac

    names = sorted((name for name in request if name != "Signature"), key=str.lower)
    text = "".join(name + request[name] for name in names)
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def test_only_the_two_hmacs_are_signature_methods(caller: Caller) -> None:
    answer = caller.send(caller.signed({"Action": "GetAccountBalance", "SignatureMethod": "RSA-SHA1"}))
    assert (answer.error, "SignatureMethod" in answer["Message"]) == ("InvalidParameterValue", True)


def test_an_unsigned_question_needs_a_version_too(caller: Caller) -> None:
    assert caller.send({"Action": "VerifySignature"}).error == "MissingParameter"


def test_what_is_wrong_first_is_told_first(caller: Caller) -> None:
    """A stranger learns nothing of names or values before his signature is right."""
    request = caller.but(secret_key="wrong").signed({"Action": "Nonsense", "Version": "never", "x": "y"})
    assert caller.send(request).error == "SignatureDoesNotMatch"
