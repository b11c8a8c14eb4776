from __future__ import annotations

import dataclasses
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_fps.config import Config
from flask_fps.config import KEYS
from flask_fps.errors import SetupError
from flask_fps.protocol import demo

CANARY = "canary-secret-value"
#: A certificate as far as config looks: PEM around base64.
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB8jCCAVugAwIBAgIBADANBgkqhkiG9w0BAQUFADA=\n-----END CERTIFICATE-----\n"
ELSEWHERE: dict[str, Any] = {
    "FPS_ENVIRONMENT": "production",
    "FPS_API_URL": "https://fps.example",
    "FPS_CBUI_URL": "https://pay.example/cobranded-ui/actions/start",
    "FPS_ACCESS_KEY": "AKIAIOSFODNN7EXAMPLE",
    "FPS_SECRET_KEY": CANARY,
    "FPS_RECIPIENT_EMAIL": "seller@shop.example",
    "FPS_EXTERNAL_URL": "https://shop.example",
    "FPS_CERTIFICATES": CERTIFICATE,
}


def problems(mapping: dict[str, Any], **options: Any) -> dict[str, str]:
    """What is said of each key, by key; every line must carry the key's anchor."""
    with pytest.raises(RuntimeError) as caught:
        Config.read(mapping, **options)
    said = {}
    for line in str(caught.value).splitlines()[1:]:
        key, sentence = line.strip().split(" ", 1)
        anchor = key.lower().replace("_", "-")
        assert key not in KEYS or sentence.endswith(f"(docs/configuration.rst#{anchor})")
        said[key] = sentence
    many = "one" if len(said) == 1 else len(said)
    assert f" {many} of its settings must change:" in str(caught.value).splitlines()[0]
    return said


def elsewhere(**changes: Any) -> dict[str, Any]:
    return {**ELSEWHERE, **changes}


def test_an_empty_config_is_the_sandbox() -> None:
    config = Config.read({})

    assert config.is_local
    assert config.gateway == "fps"
    assert config.currency == "USD"
    assert (config.access_key, config.secret_key) == (demo.ACCESS_KEY, demo.SECRET_KEY)
    assert config.recipient_email == demo.SELLER_EMAIL
    assert config.api_url == "http://127.0.0.1:8042/"
    assert config.cbui_url == "http://127.0.0.1:8042/cobranded-ui/actions/start"
    assert config.certificate_url == f"http://127.0.0.1:8042{demo.CERTIFICATE_PATH}"
    assert config.certificates is not None
    assert b"BEGIN CERTIFICATE" in config.certificates[0]
    assert config.external_url is None
    assert config.database_uri is None
    assert config.payee is None
    assert config.url_prefix == "/fps"
    assert config.payment_methods == ("ABT", "ACH", "CC")
    assert (config.api_version, config.return_signature) == ("2010-08-28", "v2")
    assert config.timeout == 10
    assert config.attempt_lifetime == timedelta(hours=24)
    assert config.handler_timeout == timedelta(minutes=10)
    assert config.order_max_age == timedelta(days=1)
    assert config.expect_handlers == ()
    assert config.recover == "pay"


@pytest.mark.parametrize("uri", ["mysql://x/y", "foo://x/y", "sqlite:/x//:://", "postgresqlx://x/y"])
def test_a_database_that_cannot_keep_the_ledger_is_refused(uri: str) -> None:
    assert problems({"FPS_DATABASE_URI": uri})["FPS_DATABASE_URI"].startswith(
        "names a database that cannot keep the ledger: use sqlite:///… or postgresql://…"
    )


def test_everything_local_derives_from_the_sandbox_url() -> None:
    config = Config.read({"FPS_SANDBOX_URL": "http://localhost:9000/"})

    assert config.api_url == "http://localhost:9000/"
    assert config.cbui_url == "http://localhost:9000/cobranded-ui/actions/start"
    assert config.certificate_url == f"http://localhost:9000{demo.CERTIFICATE_PATH}"


def test_none_counts_as_not_set() -> None:
    assert Config.read(dict.fromkeys(KEYS)) == Config.read({})


def test_other_peoples_keys_are_none_of_our_business() -> None:
    assert Config.read({"SECRET_KEY": "x", "DEBUG": True, "FPSX": 1}) == Config.read({})


def test_a_server_elsewhere() -> None:
    config = Config.read(elsewhere())

    assert not config.is_local
    assert config.api_url == "https://fps.example/"
    assert config.cbui_url == "https://pay.example/cobranded-ui/actions/start"
    assert config.certificate_url == f"https://fps.example{demo.CERTIFICATE_PATH}"
    assert config.certificates == (CERTIFICATE.encode(),)
    assert config.external_url == "https://shop.example"


def test_a_config_is_frozen_and_slotted() -> None:
    config = Config.read({})

    with pytest.raises(dataclasses.FrozenInstanceError):
        config.currency = "EUR"  # type: ignore[misc]
    assert not hasattr(config, "__dict__")


def test_every_key_is_documented() -> None:
    assert all(doc.endswith(".") for doc in KEYS.values())
    assert all(re.fullmatch("FPS_[A-Z_]+", key) for key in KEYS)


# Keys, one by one


@pytest.mark.parametrize(
    ("key", "value", "name", "read"),
    [
        ("FPS_ACCESS_KEY", "AKIA1", "access_keys", ("AKIA1",)),
        ("FPS_PAYMENT_METHODS", "ABT,CC", "payment_methods", ("ABT", "CC")),
        ("FPS_PAYMENT_METHODS", ["CC"], "payment_methods", ("CC",)),
        ("FPS_PAYMENT_METHODS", {"ACH"}, "payment_methods", ("ACH",)),
        ("FPS_TIMEOUT", 2.5, "timeout", 2.5),
        ("FPS_TIMEOUT", "3", "timeout", 3.0),
        ("FPS_ATTEMPT_LIFETIME", 90, "attempt_lifetime", timedelta(seconds=90)),
        ("FPS_ATTEMPT_LIFETIME", "90", "attempt_lifetime", timedelta(seconds=90)),
        ("FPS_HANDLER_TIMEOUT", timedelta(minutes=1), "handler_timeout", timedelta(minutes=1)),
        ("FPS_ORDER_MAX_AGE", 60, "order_max_age", timedelta(minutes=1)),
        ("FPS_DOWNLOAD_LIMIT", 5, "download_limit", 5),
        ("FPS_DOWNLOAD_LIMIT", "5", "download_limit", 5),
        ("FPS_DOWNLOAD_DAYS", 365, "download_days", 365),
        ("FPS_DOWNLOAD_WINDOW", 600, "download_window", timedelta(minutes=10)),
        ("FPS_DOWNLOAD_LINK_AGE", "60", "download_link_age", timedelta(minutes=1)),
        ("FPS_CLAIM_AGE", timedelta(days=90), "claim_age", timedelta(days=90)),
        ("FPS_CLAIM_LIMIT", "3", "claim_limit", 3),
        ("FPS_GUEST_COOKIE", "shop_a", "guest_cookie", "shop_a"),
        ("FPS_SEND_RECEIPT", print, "send_receipt", print),
        ("FPS_SEND_RECEIPT", "os.path:join", "send_receipt", os.path.join),
        ("FPS_ACCEL", {"/srv/x/../tracks/": "/protected/"}, "accel", {"/srv/tracks": "/protected"}),
        ("FPS_ACCOUNTS", {"eu": {"CURRENCY": "EUR"}}, "accounts", {"eu": {"CURRENCY": "EUR"}}),
        ("FPS_EXPECT_HANDLERS", ["mail", "licence"], "expect_handlers", ("mail", "licence")),
        ("FPS_EXPECT_HANDLERS", "mail, licence", "expect_handlers", ("mail", "licence")),
        ("FPS_EXPECT_HANDLERS", [], "expect_handlers", ()),
        ("FPS_URL_PREFIX", "/shop/pay", "url_prefix", "/shop/pay"),
        ("FPS_PAYEE", "Digital Download", "payee", "Digital Download"),
        ("FPS_API_VERSION", "2008-09-17", "api_version", "2008-09-17"),
        ("FPS_EXTERNAL_URL", "http://localhost:5000/shop/", "external_url", "http://localhost:5000/shop"),
        ("FPS_EXTERNAL_URL", "http://[::1]:5000", "external_url", "http://[::1]:5000"),
        ("FPS_EXTERNAL_URL", "http://127.0.0.2:5000", "external_url", "http://127.0.0.2:5000"),
        ("FPS_DATABASE_URI", "sqlite:////tmp/fps.sqlite", "database_uri", "sqlite:////tmp/fps.sqlite"),
        ("FPS_CERTIFICATE_URL", "http://127.0.0.1/c.pem", "certificate_url", "http://127.0.0.1/c.pem"),
        ("FPS_RECIPIENT_EMAIL", "me@shop.example", "recipient_email", "me@shop.example"),
    ],
)
def test_a_value_is_read(key: str, value: object, name: str, read: object) -> None:
    given = {"FPS_ACCESS_KEY": "AKIA1", "FPS_SECRET_KEY": "s", "FPS_RECIPIENT_EMAIL": "seller@shop.example", key: value}

    assert getattr(Config.read(given), name) == read


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("FPS_ENVIRONMENT", "prod"),
        ("FPS_ENVIRONMENT", ["local"]),
        ("FPS_GATEWAY", "paypal"),
        ("FPS_GATEWAY", 7),
        ("FPS_CURRENCY", "usd"),
        ("FPS_CURRENCY", "EUR"),
        ("FPS_CURRENCY", 840),
        ("FPS_ACCESS_KEY", ""),
        ("FPS_ACCESS_KEY", "AKIA1\n"),
        ("FPS_ACCESS_KEY", " AKIA1"),
        ("FPS_ACCESS_KEY", []),
        ("FPS_ACCESS_KEY", ["AKIA1", 7]),
        ("FPS_ACCESS_KEY", b"AKIA1"),
        ("FPS_SECRET_KEY", "sécret"),
        ("FPS_RECIPIENT_EMAIL", "seller"),
        ("FPS_RECIPIENT_EMAIL", "a@b\n"),
        ("FPS_API_VERSION", "2007-01-09"),
        ("FPS_API_VERSION", 2010),
        ("FPS_RETURN_SIGNATURE", "v3"),
        ("FPS_RETURN_SIGNATURE", "v1"),
        ("FPS_SANDBOX_URL", "http://127.0.0.1:8042/fps"),
        ("FPS_SANDBOX_URL", "127.0.0.1:8042"),
        ("FPS_SANDBOX_URL", "http://user:pw@127.0.0.1:8042"),
        ("FPS_SANDBOX_URL", "http://127.0.0.1:99999"),
        ("FPS_SANDBOX_URL", "http://127.0.0.1:8042/?x=1"),
        ("FPS_SANDBOX_URL", "http://127.0.0.1@evil.example"),
        ("FPS_SANDBOX_URL", "http://127.0.0.1\\@evil.example"),
        ("FPS_SANDBOX_URL", "http://sandbox.example"),
        ("FPS_SANDBOX_URL", "http://127.0.0.1.evil.example"),
        ("FPS_SANDBOX_URL", "ftp://127.0.0.1"),
        ("FPS_SANDBOX_URL", "http://[::1"),
        ("FPS_SANDBOX_URL", "http://"),
        ("FPS_EXTERNAL_URL", "https://shop.example"),
        ("FPS_EXTERNAL_URL", "http://192.168.0.2:5000"),
        ("FPS_EXTERNAL_URL", "/fps"),
        ("FPS_API_URL", "http://127.0.0.1:8042/"),
        ("FPS_CBUI_URL", "http://127.0.0.1:8042/"),
        ("FPS_CERTIFICATES", []),
        ("FPS_CERTIFICATES", 7),
        ("FPS_CERTIFICATES", "/no/such/file.pem"),
        ("FPS_CERTIFICATES", "no\x00such"),
        ("FPS_CERTIFICATES", "-----BEGIN CERTIFICATE-----"),
        ("FPS_CERTIFICATES", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----"),
        ("FPS_CERTIFICATES", CERTIFICATE * 2),
        ("FPS_CERTIFICATES", [CERTIFICATE, "-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----"]),
        ("FPS_CERTIFICATE_URL", "certs/PKICert.pem"),
        ("FPS_CERTIFICATE_URL", "https://fps.example/c.pem?requestId=1"),
        ("FPS_DATABASE_URI", "fps.sqlite"),
        ("FPS_DATABASE_URI", "sqlite://"),
        ("FPS_DATABASE_URI", "sqlite:///:memory:"),
        ("FPS_DATABASE_URI", "sqlite:///file:x?mode=memory&uri=true"),
        ("FPS_RECOVER", "never"),
        ("FPS_DOWNLOAD_LIMIT", 0),
        ("FPS_DOWNLOAD_LIMIT", -1),
        ("FPS_DOWNLOAD_LIMIT", True),
        ("FPS_DOWNLOAD_LIMIT", 2.5),
        ("FPS_DOWNLOAD_LIMIT", "many"),
        ("FPS_DOWNLOAD_DAYS", "٣"),
        ("FPS_DOWNLOAD_DAYS", 10_001),
        ("FPS_DOWNLOAD_WINDOW", 0),
        ("FPS_DOWNLOAD_LINK_AGE", "soon"),
        ("FPS_CLAIM_AGE", timedelta(days=366)),
        ("FPS_CLAIM_LIMIT", 0),
        ("FPS_CLAIM_LIMIT", True),
        ("FPS_CLAIM_LIMIT", "many"),
        ("FPS_GUEST_COOKIE", ""),
        ("FPS_GUEST_COOKIE", "a guest"),
        ("FPS_GUEST_COOKIE", 7),
        ("FPS_SEND_RECEIPT", 7),
        ("FPS_SEND_RECEIPT", "no.such.module:send"),
        ("FPS_SEND_RECEIPT", "os.path:nothing"),
        ("FPS_SEND_RECEIPT", "os"),
        ("FPS_SEND_RECEIPT", ""),
        ("FPS_ACCEL", "/srv"),
        ("FPS_ACCEL", {"tracks": "/protected"}),
        ("FPS_ACCEL", {"/srv": "protected"}),
        ("FPS_ACCEL", {"/srv": "/"}),
        ("FPS_ACCEL", {"/srv": 7}),
        ("FPS_URL_PREFIX", "fps"),
        ("FPS_URL_PREFIX", "/fps/"),
        ("FPS_URL_PREFIX", "/"),
        ("FPS_URL_PREFIX", ""),
        ("FPS_URL_PREFIX", "/<x>"),
        ("FPS_PAYMENT_METHODS", ""),
        ("FPS_PAYMENT_METHODS", []),
        ("FPS_PAYMENT_METHODS", "ABT,ABT"),
        ("FPS_PAYMENT_METHODS", ["VISA"]),
        ("FPS_PAYMENT_METHODS", 7),
        ("FPS_PAYEE", ""),
        ("FPS_PAYEE", "x" * 101),
        ("FPS_PAYEE", "a\nb"),
        ("FPS_TIMEOUT", 0),
        ("FPS_TIMEOUT", 61),
        ("FPS_TIMEOUT", True),
        ("FPS_TIMEOUT", "ten"),
        ("FPS_TIMEOUT", float("nan")),
        ("FPS_ATTEMPT_LIFETIME", timedelta(0)),
        ("FPS_ATTEMPT_LIFETIME", -1),
        ("FPS_ATTEMPT_LIFETIME", float("inf")),
        ("FPS_ATTEMPT_LIFETIME", timedelta.max),
        ("FPS_HANDLER_TIMEOUT", "soon"),
        ("FPS_ORDER_MAX_AGE", []),
        ("FPS_EXPECT_HANDLERS", [""]),
        ("FPS_EXPECT_HANDLERS", 7),
    ],
)
def test_a_wrong_value_is_named_with_its_fix(key: str, value: object) -> None:
    given = {"FPS_ACCESS_KEY": "AKIA1", "FPS_SECRET_KEY": "s", "FPS_RECIPIENT_EMAIL": "seller@shop.example", key: value}
    said = problems(given)

    assert key in said
    assert len(said) == 1 or key in ("FPS_ACCESS_KEY", "FPS_SECRET_KEY")


def test_v1_returns_need_the_version_that_had_them() -> None:
    config = Config.read({"FPS_API_VERSION": "2008-09-17", "FPS_RETURN_SIGNATURE": "v1"})

    assert config.return_signature == "v1"
    assert "2008-09-17" in problems({"FPS_RETURN_SIGNATURE": "v1"})["FPS_RETURN_SIGNATURE"]


def test_keys_rotate_as_two_lists_of_one_length() -> None:
    config = Config.read(elsewhere(FPS_ACCESS_KEY=["new", "old"], FPS_SECRET_KEY=("n", "o")))

    assert config.access_keys == ("new", "old")
    assert config.secret_keys == ("n", "o")
    assert (config.access_key, config.secret_key) == ("new", "n")
    for given in (elsewhere(FPS_ACCESS_KEY=["new", "old"]), elsewhere(FPS_SECRET_KEY=["n", "o"])):
        assert "one secret for each" in problems(given)["FPS_SECRET_KEY"]


def test_one_of_the_two_keys_alone_is_refused_in_local_too() -> None:
    account = {"FPS_RECIPIENT_EMAIL": "me@shop.example"}

    assert "is missing" in problems({"FPS_ACCESS_KEY": "mine", **account})["FPS_SECRET_KEY"]
    assert "is missing" in problems({"FPS_SECRET_KEY": "mine", **account})["FPS_ACCESS_KEY"]


def test_own_sandbox_keys_need_their_account() -> None:
    own = {"FPS_ACCESS_KEY": "mine", "FPS_SECRET_KEY": "s"}

    assert "FPS_RECIPIENT_EMAIL" in problems(own)
    assert Config.read({**own, "FPS_RECIPIENT_EMAIL": "me@shop.example"}).access_key == "mine"
    assert Config.read({"FPS_ACCESS_KEY": demo.ACCESS_KEY, "FPS_SECRET_KEY": demo.SECRET_KEY}) == Config.read({})


def test_certificates_come_as_text_bytes_paths_or_a_list(tmp_path: Path) -> None:
    file = tmp_path / "PKICert.pem"
    file.write_text(CERTIFICATE)
    for value in (CERTIFICATE, CERTIFICATE.encode(), file, str(file), [file], (CERTIFICATE,)):
        assert Config.read(elsewhere(FPS_CERTIFICATES=value)).certificates == (CERTIFICATE.encode(),)

    two = Config.read(elsewhere(FPS_CERTIFICATES=[file, CERTIFICATE])).certificates
    assert two == (CERTIFICATE.encode(), CERTIFICATE.encode())


def test_an_odd_certificate_file_is_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.pem"
    huge.write_text("x" * 10_000_000 + CERTIFICATE)
    der = tmp_path / "cert.der"
    der.write_bytes(b"\x30\x82\x01\x00")
    for file in (huge, der, tmp_path):
        assert "FPS_CERTIFICATES" in problems(elsewhere(FPS_CERTIFICATES=file))


# Environments


@pytest.mark.parametrize("environment", ["sandbox", "production"])
@pytest.mark.parametrize("missing", [("FPS_API_URL",), ("FPS_CBUI_URL",), ("FPS_API_URL", "FPS_CBUI_URL")])
def test_amazons_environments_are_gone(environment: str, missing: tuple[str, ...]) -> None:
    given = {key: value for key, value in elsewhere(FPS_ENVIRONMENT=environment).items() if key not in missing}
    said = problems(given)

    assert set(said) == {"FPS_ENVIRONMENT"}
    assert "Amazon ended FPS on 2015-06-01" in said["FPS_ENVIRONMENT"]


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("FPS_API_URL", "fps.amazonaws.com"),
        ("FPS_API_URL", "FPS.Sandbox.AmazonAWS.com:443"),
        ("FPS_CBUI_URL", "authorize.payments.amazon.com"),
        ("FPS_CBUI_URL", "authorize.payments-sandbox.amazon.com"),
    ],
)
def test_amazons_hosts_are_refused(key: str, host: str) -> None:
    said = problems(elsewhere(**{key: f"https://{host}/"}))

    assert set(said) == {key}
    assert "Amazon ended FPS on 2015-06-01" in said[key]


@pytest.mark.parametrize("key", ["FPS_API_URL", "FPS_CBUI_URL", "FPS_EXTERNAL_URL", "FPS_CERTIFICATE_URL"])
def test_outside_local_everything_is_https(key: str) -> None:
    assert "https" in problems(elsewhere(**{key: "http://127.0.0.1/"}))[key]


@pytest.mark.parametrize("key", ["FPS_ACCESS_KEY", "FPS_SECRET_KEY", "FPS_RECIPIENT_EMAIL", "FPS_EXTERNAL_URL"])
def test_outside_local_nothing_is_assumed(key: str) -> None:
    assert "is missing" in problems(elsewhere(**{key: None}))[key]


def test_without_certificates_the_server_is_asked() -> None:
    assert Config.read(elsewhere(FPS_CERTIFICATES=None)).certificates is None


def test_the_demo_keys_and_certificate_are_refused_outside_local() -> None:
    pem = demo.CERTIFICATE_PEM
    body = b"".join(pem.split(b"-----")[2].split())
    otherwise = b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----"
    assert set(problems(elsewhere(FPS_ACCESS_KEY=["x", demo.ACCESS_KEY], FPS_SECRET_KEY=["x", "y"]))) == {
        "FPS_ACCESS_KEY"
    }
    assert set(problems(elsewhere(FPS_SECRET_KEY=demo.SECRET_KEY))) == {"FPS_SECRET_KEY"}
    for certificate in (pem, otherwise, [CERTIFICATE, pem], pem.replace(b"\n", b"\r\n")):
        assert set(problems(elsewhere(FPS_CERTIFICATES=certificate))) == {"FPS_CERTIFICATES"}


def test_another_gateway_has_its_own_rules() -> None:
    given = {"FPS_ENVIRONMENT": "production", "FPS_GATEWAY": "other", "FPS_EXTERNAL_URL": "https://shop.example"}
    config = Config.read({**given, "FPS_CURRENCY": "EUR"}, gateways=("fps", "other"), currencies=None)

    assert (config.gateway, config.currency) == ("other", "EUR")
    assert (config.access_keys, config.api_url, config.recipient_email) == ((), "", "")
    assert "fps" in problems(given)["FPS_GATEWAY"]
    for key, asked in (("FPS_ACCESS_KEY", "access_key"), ("FPS_SECRET_KEY", "secret_key")):
        with pytest.raises(SetupError, match=f"{key} is missing"):
            getattr(config, asked)


def test_a_wrong_environment_is_not_followed_by_guesses() -> None:
    assert set(problems({"FPS_ENVIRONMENT": "prod", "FPS_API_URL": "https://fps.example"})) == {"FPS_ENVIRONMENT"}


# The report


def test_all_problems_are_told_at_once_and_in_order() -> None:
    said = problems({"FPS_TIMEOUT": 0, "FPS_CURRENCY": "usd", "FPS_FOO": 1, "FPS_PAYMENT_METHOD": "ABT"})

    assert list(said) == ["FPS_CURRENCY", "FPS_TIMEOUT", "FPS_FOO", "FPS_PAYMENT_METHOD"]
    assert "did you mean FPS_PAYMENT_METHODS?" in said["FPS_PAYMENT_METHOD"]
    assert said["FPS_FOO"] == "is not a key of Flask-FPS: remove it"


def test_no_secret_is_shown() -> None:
    config = Config.read(elsewhere(FPS_DATABASE_URI=f"postgresql://fps:{CANARY}@db/fps"))

    assert CANARY not in repr(config)
    assert CANARY not in str(config)


@pytest.mark.parametrize(
    "changes",
    [
        {"FPS_SECRET_KEY": f"{CANARY}\n"},
        {"FPS_SECRET_KEY": [CANARY, CANARY]},
        {"FPS_SECRET_KEY": {CANARY: 1}},
        {"FPS_ACCESS_KEY": f" {CANARY}"},
        {"FPS_DATABASE_URI": f"fps:{CANARY}"},
        {"FPS_API_URL": f"https://x:{CANARY}@fps.example"},
        {"FPS_EXTERNAL_URL": f"http://x:{CANARY}@shop.example"},
        {"FPS_CERTIFICATES": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----"},
        {"FPS_CERTIFICATES": CANARY},
        {"FPS_SECRET_KEYS": CANARY},
        {"FPS_ENVIRONMENT": "local"},
    ],
)
def test_no_secret_is_in_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError) as caught:
        Config.read(elsewhere(**changes))
    assert CANARY not in str(caught.value)


def test_the_documentation_lists_every_key_with_its_anchor() -> None:
    page = (Path(__file__).parents[1] / "docs" / "configuration.rst").read_text(encoding="utf-8")

    assert set(re.findall(r"^\.\. data:: (FPS_\w+)$", page, re.MULTILINE)) == set(KEYS)
    assert {f".. _{key.lower().replace('_', '-')}:" for key in KEYS} <= set(page.splitlines())


def test_the_first_version_knows_one_signature_of_returns() -> None:
    first = Config.read({"FPS_API_VERSION": "2007-01-08"})
    assert (first.api_version, first.return_signature) == ("2007-01-08", "awsSignature")
    for other in ("v1", "v2"):
        wrong = problems({"FPS_API_VERSION": "2007-01-08", "FPS_RETURN_SIGNATURE": other})
        assert "FPS_RETURN_SIGNATURE" in wrong
    assert "2007-01-08" in problems({"FPS_RETURN_SIGNATURE": "awsSignature"})["FPS_RETURN_SIGNATURE"]


def test_a_caller_token_is_for_the_first_version() -> None:
    tokens = {"FPS_CALLER_TOKEN": "C" * 64, "FPS_RECIPIENT_TOKEN": "R" * 64}
    first = Config.read({"FPS_API_VERSION": "2007-01-08", **tokens})
    assert (first.caller_token, first.recipient_token) == ("C" * 64, "R" * 64)
    assert list(problems(tokens)) == ["FPS_CALLER_TOKEN"]
    assert list(problems({"FPS_RECIPIENT_TOKEN": "my token"})) == ["FPS_RECIPIENT_TOKEN"]
