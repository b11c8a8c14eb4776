"""Habits of the API's old clients, each over a raw socket: hosts, spellings, encodings and times."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime
from datetime import timezone
from urllib.parse import parse_qsl
from urllib.parse import quote_plus
from urllib.parse import urlencode

import pytest

from flask_fps.protocol import outbound
from flask_fps.protocol import query
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token
from tests.sandbox.habits.wire import ask
from tests.sandbox.habits.wire import balance
from tests.sandbox.habits.wire import get
from tests.sandbox.habits.wire import netloc
from tests.sandbox.habits.wire import post
from tests.sandbox.habits.wire import written

# ----------------------------------------------------------------------------------------------- hosts


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("header", "signed"),
    [
        pytest.param("127.0.0.1:{port}", "127.0.0.1", id="Java, C# and PHP send the port and sign without"),
        pytest.param("127.0.0.1", "127.0.0.1", id="boto sends no port and signs none"),
        pytest.param("127.0.0.1:{port}", "127.0.0.1:{port}", id="flexpay sends and signs the port"),
        pytest.param("127.0.0.1", "127.0.0.1:{port}", id="a proxy took the port away"),
        pytest.param("LocalHost:{port}", "localhost", id="capitals are no part of a host"),
        pytest.param("localhost:{port}", "localhost:{port}", id="another name of this machine"),
        pytest.param("sandbox.test:{port}", "sandbox.test", id="a name of /etc/hosts"),
        pytest.param("fps.sandbox.amazonaws.com", "fps.sandbox.amazonaws.com", id="Amazon's name in /etc/hosts"),
        pytest.param("127.0.0.1:{port}", "fps.amazonaws.com", id="the production name, whatever is sent"),
        pytest.param("127.0.0.1:{port}", "fps.sandbox.amazonaws.com", id="the sandbox name, whatever is sent"),
    ],
)
def test_a_client_signs_the_host_it_believes_in(
    server: SandboxServer, caller: Caller, method: str, header: str, signed: str
) -> None:
    port = netloc(server).partition(":")[2]
    sender = caller.but(method=method, host=signed.format(port=port))
    host = header.format(port=port)
    sent = balance(sender)
    assert ask(server, get(sent, host) if method == "GET" else post(sent, host)).status == 200


@pytest.mark.parametrize("signed", ["127.0.0.1:1", "evil.example", "fps.amazonaws.com.evil.example", ""])
def test_but_not_any_host_will_do(server: SandboxServer, caller: Caller, signed: str) -> None:
    sent = balance(caller.but(method="GET", host=signed or "x"))
    assert ask(server, get(sent, netloc(server))).code == "SignatureDoesNotMatch"


# ------------------------------------------------------------------------------------------- encodings


#: What every client can send and each writes in another way.
REASON = "Now & Forever ~ 100% *Richard* Marx + (é) 'x'/y"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("safe", "space"),
    [
        pytest.param("-_.~", "%20", id="boto, C#: RFC 3986"),
        pytest.param("-_.", "+", id="PHP's http_build_query: + and %7E"),
        pytest.param("-_.*", "+", id="Java's URLEncoder: a bare star"),
        pytest.param("-_.~!*'()", "%20", id="JavaScript's encodeURIComponent"),
        pytest.param("-_.~/:,@$;", "+", id="browsers leave more as it is"),
    ],
)
def test_the_wire_may_be_encoded_otherwise_than_what_was_signed(
    server: SandboxServer, caller: Caller, method: str, safe: str, space: str
) -> None:
    sender = caller.but(method=method)
    sent = written(_pay(sender, token(server), CallerDescription=REASON), safe, space)
    host = netloc(server)
    assert ask(server, get(sent, host) if method == "GET" else post(sent, host)).status == 200
    assert server.bank.transactions.all()[0].caller_description == REASON


def test_percent_encoding_in_lower_case_is_read(server: SandboxServer, caller: Caller) -> None:
    sent = balance(caller.but(method="GET"))
    lowered = sent.replace("%2B", "%2b").replace("%3D", "%3d").replace("%2F", "%2f").replace("%3A", "%3a")
    assert ask(server, get(lowered, netloc(server))).status == 200


def test_bytes_that_were_not_encoded_at_all_are_read_as_utf8(server: SandboxServer, caller: Caller) -> None:
    sent = written(_pay(caller.but(method="GET"), token(server), CallerDescription="Marché"))
    bare = get(sent, netloc(server)).encode().replace(b"March%C3%A9", "Marché".encode())
    assert ask(server, bare).status == 200
    assert server.bank.transactions.all()[0].caller_description == "Marché"


def test_but_what_is_not_utf8_is_refused(server: SandboxServer, caller: Caller) -> None:
    """The Java library on HttpClient 4 sends Latin-1 and signs UTF-8."""
    form = written(caller.signed({"Action": "Refund", "CallerDescription": "Café"}))
    assert "CallerDescription=Caf%C3%A9" in form
    assert ask(server, post(form.replace("%C3%A9", "%E9"), netloc(server))).code == "InvalidRequest"


@pytest.mark.parametrize("form", ["{}&", "&{}", "{}&&", "&&{}&"], ids=["trailing", "leading", "two", "everywhere"])
def test_a_stray_ampersand_is_no_parameter(server: SandboxServer, caller: Caller, form: str) -> None:
    host = netloc(server)
    assert ask(server, get(form.format(balance(caller.but(method="GET"))), host)).status == 200
    assert ask(server, post(form.format(balance(caller)), host)).status == 200


@pytest.mark.parametrize("how", ["reversed", "signature first", "sorted"])
def test_parameters_come_in_any_order(server: SandboxServer, caller: Caller, how: str) -> None:
    params = caller.signed({"Action": "GetAccountBalance"})
    names = {
        "reversed": list(params)[::-1],
        "signature first": sorted(params, key=lambda name: name != "Signature"),
        "sorted": sorted(params),
    }[how]
    assert ask(server, post(written({name: params[name] for name in names}), netloc(server))).status == 200


def test_a_posted_request_may_have_some_of_its_parameters_in_the_query(server: SandboxServer, caller: Caller) -> None:
    params = caller.signed({"Action": "GetAccountBalance"})
    asked = {name: params.pop(name) for name in ("Action", "Version")}
    assert ask(server, post(written(params), netloc(server), target=f"/?{written(asked)}")).status == 200


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "content-type: application/x-www-form-urlencoded; charset=utf-8\r\n",
        "Content-Type: application/x-www-form-urlencoded;charset=UTF-8\r\n",
        "Content-Type: text/plain\r\n",
        "",
    ],
    ids=["PHP", "lower case", "C#", "another type", "none"],
)
def test_a_body_is_a_form_whatever_it_calls_itself(server: SandboxServer, caller: Caller, header: str) -> None:
    assert ask(server, post(balance(caller), netloc(server), header)).status == 200


# --------------------------------------------------------------------------------------- names and values


def test_a_filter_may_be_called_status(server: SandboxServer, caller: Caller) -> None:
    """The documentation's name, and kickstarter's; the WSDL, Java and PHP say TransactionStatus."""
    caller.pay(token(server, method="ABT", reference="a"), "a")
    caller.pay(token(server, method="CC", reference="b"), "b")
    for name in ("Status", "TransactionStatus"):
        wanted = {"Action": "GetAccountActivity", "StartDate": "2012-01-01", name: "Pending"}
        got = ask(server, post(written(caller.signed(wanted)), netloc(server)))
        assert (got.status, got.body.count("<Transaction>")) == (200, 1)


def test_the_two_names_of_one_filter_do_not_go_together(server: SandboxServer, caller: Caller) -> None:
    both = {"Status": "Pending", "TransactionStatus": "Success"}
    wanted = {"Action": "GetAccountActivity", "StartDate": "2012-01-01", **both}
    assert ask(server, post(written(caller.signed(wanted)), netloc(server))).status == 400


def test_a_response_group_is_taken_and_changes_nothing(server: SandboxServer, caller: Caller) -> None:
    wanted = {"Action": "GetAccountActivity", "StartDate": "2012-01-01", "ResponseGroup": "Detailed"}
    assert ask(server, post(written(caller.signed(wanted)), netloc(server))).status == 200


@pytest.mark.parametrize(
    "start",
    [
        *("2012-01-01", "2012-01-01Z", "2012-01-01-08:00"),
        *("2012-01-01T00:00:00", "2012-01-01T00:00:00.000Z", "2012-01-01T00:00:00.000-08:00"),
    ],
)
def test_a_date_may_lack_its_time_or_its_zone(server: SandboxServer, caller: Caller, start: str) -> None:
    """boto passes a bare date; the Java SDK whatever its ``XMLGregorianCalendar`` says, C# a bare date."""
    wanted = {"Action": "GetAccountActivity", "StartDate": start}
    assert ask(server, post(written(caller.signed(wanted)), netloc(server))).status == 200


@pytest.mark.parametrize(("amount", "cents"), [("1", 100), ("1.0", 100), ("0.5", 50), ("01.00", 100)])
def test_an_amount_may_have_fewer_than_two_decimals(
    server: SandboxServer, caller: Caller, amount: str, cents: int
) -> None:
    paid = _pay(caller, token(server), **{"TransactionAmount.Value": amount})
    assert ask(server, post(written(paid), netloc(server))).status == 200
    assert server.bank.transactions.all()[0].amount.minor == cents


@pytest.mark.parametrize("version", ["2008-09-17", "2010-08-28"])
def test_names_in_lower_case_are_refused_since_2008(server: SandboxServer, caller: Caller, version: str) -> None:
    asked = {"Action": "GetTokenByCaller", "callerReference": "order-1", "Version": version}
    got = ask(server, post(written(caller.signed(asked)), netloc(server)))
    assert (got.status, got.code) == (400, "InvalidRequest")
    assert f'"http://fps.amazonaws.com/doc/{version}/:callerReference"' in got.body


def test_names_in_any_case_are_taken_in_2007(server: SandboxServer, caller: Caller) -> None:
    made = token(server, reference="order-1")
    asked = {"Action": "gettokenbycaller", "callerreference": "order-1", "Version": "2007-01-08"}
    got = ask(server, post(written(caller.signed(asked)), netloc(server)))
    assert got.status == 200, got
    assert made in got.body


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        pytest.param("2011-09-20", "2010-08-28", id="kickstarter's"),
        pytest.param("2009-01-09", "2008-09-17", id="the version of the co-branded pages, as captured"),
    ],
)
def test_a_version_that_never_was_is_served_as_the_one_before(
    server: SandboxServer, caller: Caller, asked: str, served: str
) -> None:
    got = ask(server, post(balance(caller.but(version=asked)), netloc(server)))
    assert f'<GetAccountBalanceResponse xmlns="http://fps.amazonaws.com/doc/{served}/">' in got.body


# ----------------------------------------------------------------------------------------------- times


def _moment(form: str) -> str:
    return datetime.now(timezone.utc).strftime(form)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("%Y-%m-%dT%H:%M:%SZ", id="boto, remit"),
        pytest.param("%Y-%m-%dT%H:%M:%S.750Z", id="Java, PHP: milliseconds"),
        pytest.param("%Y-%m-%dT%H:%M:%S.%fZ", id="microseconds"),
    ],
)
@pytest.mark.parametrize("version", ["2007-01-08", "2008-09-17", "2010-08-28"])
def test_a_timestamp_may_have_a_fraction(server: SandboxServer, caller: Caller, form: str, version: str) -> None:
    asked = {"Action": "GetAccountBalance", "Timestamp": _moment(form), "Version": version}
    assert ask(server, post(written(caller.signed(asked)), netloc(server))).status == 200


@pytest.mark.parametrize(
    ("version", "code"),
    [("2007-01-08", ""), ("2008-09-17", "InvalidParameterValue"), ("2010-08-28", "InvalidParameterValue")],
)
def test_a_timestamp_may_lack_its_zone_in_2007_only(
    server: SandboxServer, caller: Caller, version: str, code: str
) -> None:
    """boto 1.x sent none."""
    asked = {"Action": "GetAccountBalance", "Timestamp": _moment("%Y-%m-%dT%H:%M:%S"), "Version": version}
    assert ask(server, post(written(caller.signed(asked)), netloc(server))).code == code


# ------------------------------------------------------------------------------------ VerifySignature


def _message(http_parameters: str) -> dict[str, str]:
    endpoint = "http://127.0.0.1:5000/fps/return"
    return {"Action": "VerifySignature", "UrlEndPoint": endpoint, "HttpParameters": http_parameters}


@pytest.fixture
def http_parameters(server: SandboxServer) -> str:
    """What a return of ours carries, as it stands in the browser's address."""
    return _signed_by(server, {"status": "SC", "callerReference": "order 1", "tokenID": "A" * 64})


def _signed_by(server: SandboxServer, said: dict[str, str]) -> str:
    settings = server.settings
    return query.join(
        outbound.sign_outbound(
            "GET",
            "http://127.0.0.1:5000/fps/return",
            said,
            settings.private_key_pem,
            settings.certificate_url,
            wrap=settings.wrap,
        )
    )


@pytest.mark.parametrize("version", ["2008-09-17", "2010-08-28"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_verify_signature_comes_unsigned(
    server: SandboxServer, http_parameters: str, method: str, version: str
) -> None:
    """The official PHP and Ruby validators send four parameters and no key."""
    sent = written(_message(http_parameters) | {"Version": version})
    host = netloc(server)
    got = ask(server, get(sent, host) if method == "GET" else post(sent, host))
    assert "<VerificationStatus>Success</VerificationStatus>" in got.body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_verify_signature_comes_signed(
    server: SandboxServer, caller: Caller, http_parameters: str, method: str
) -> None:
    sent = written(caller.but(method=method).signed(_message(http_parameters)))
    host = netloc(server)
    got = ask(server, get(sent, host) if method == "GET" else post(sent, host))
    assert "<VerificationStatus>Success</VerificationStatus>" in got.body


def test_a_signature_of_verify_signature_that_is_there_must_be_right(
    server: SandboxServer, caller: Caller, http_parameters: str
) -> None:
    wrong = caller.but(secret_key="wrong").signed(_message(http_parameters))
    assert ask(server, post(written(wrong), netloc(server))).code == "SignatureDoesNotMatch"


def test_the_message_to_verify_may_have_been_encoded_anew(server: SandboxServer, http_parameters: str) -> None:
    """The official PHP validator decodes what it got and encodes it in its own way."""
    anew = urlencode(parse_qsl(http_parameters, keep_blank_values=True))
    assert anew != http_parameters
    sent = written(_message(anew) | {"Version": "2010-08-28"})
    assert "<VerificationStatus>Success<" in ask(server, get(sent, netloc(server))).body


def test_the_message_to_verify_may_be_in_dot_nets_own_encoding(server: SandboxServer) -> None:
    """The official C# validator calls ``UrlEncodeUnicode``, which has ``%uXXXX`` for what is beyond ASCII."""
    message = _signed_by(server, {"status": "SC", "callerReference": "Bücher für 5 € 😀", "tokenID": "A" * 64})
    anew = "&".join(f"{name}={_url_encode_unicode(value)}" for name, value in parse_qsl(message))
    assert "callerReference=B%u00fccher+f%u00fcr+5+%u20ac+%ud83d%ude00" in anew
    sent = written(_message(anew) | {"Version": "2008-09-17"})
    assert "<VerificationStatus>Success<" in ask(server, get(sent, netloc(server))).body


@pytest.mark.parametrize("broken", ["%ud83d", "%u00fd"])
def test_but_what_it_says_must_be_what_was_signed(server: SandboxServer, http_parameters: str, broken: str) -> None:
    sent = written(_message(http_parameters.replace("order", broken)) | {"Version": "2008-09-17"})
    assert "<VerificationStatus>Failure<" in ask(server, get(sent, netloc(server))).body


def _url_encode_unicode(text: str) -> str:
    units = struct.iter_unpack(">H", text.encode("utf-16-be"))
    return "".join(quote_plus(chr(unit)) if unit < 0x80 else f"%u{unit:04x}" for (unit,) in units)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:5000/fps/return/", "http://127.0.0.1:5000/other"])
def test_another_address_received_nothing_of_ours(server: SandboxServer, http_parameters: str, endpoint: str) -> None:
    """A slash at the end is another address (remit's live specifications)."""
    sent = written(_message(http_parameters) | {"Version": "2010-08-28", "UrlEndPoint": endpoint})
    assert "<VerificationStatus>Failure<" in ask(server, get(sent, netloc(server))).body


# ------------------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    ("version", "algorithm"), [(v, a) for v in ("2008-09-17", "2010-08-28") for a in ("HmacSHA256", "HmacSHA1")]
)
def test_either_hash_is_taken(server: SandboxServer, caller: Caller, version: str, algorithm: str) -> None:
    sender = caller.but(version=version, algorithm=algorithm)
    assert ask(server, post(balance(sender), netloc(server))).status == 200


def test_expires_in_place_of_a_timestamp_is_not_known(server: SandboxServer, caller: Caller) -> None:
    """Other services of the time took it; FPS wanted a Timestamp."""
    asked = {"Action": "GetAccountBalance", "Expires": "2030-01-01T00:00:00Z"}
    assert ask(server, post(written(caller.signed(asked)), netloc(server))).code == "InvalidRequest"


def _pay(caller: Caller, token_id: str, **more: str) -> Mapping[str, str]:
    pay = {
        "Action": "Pay",
        "SenderTokenId": token_id,
        "TransactionAmount.Value": "1.00",
        "TransactionAmount.CurrencyCode": "USD",
        "CallerReference": "pay-1",
    }
    return caller.signed(pay | more)


def test_a_caller_s_own_account_is_named_nowhere_in_a_basic_request(server: SandboxServer, caller: Caller) -> None:
    """Since 2008 the caller is the recipient who names none."""
    assert ask(server, post(written(_pay(caller, token(server))), netloc(server))).status == 200
    assert server.bank.transactions.all()[0].recipient == SELLER
