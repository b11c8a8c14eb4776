from __future__ import annotations

from flask_fps.protocol import endpoints


def test_the_historic_addresses() -> None:
    assert endpoints.API_PRODUCTION == "https://fps.amazonaws.com/"
    assert endpoints.API_SANDBOX == "https://fps.sandbox.amazonaws.com/"
    assert endpoints.CBUI_PRODUCTION == "https://authorize.payments.amazon.com/cobranded-ui/actions/start"
    assert endpoints.CBUI_SANDBOX == "https://authorize.payments-sandbox.amazon.com/cobranded-ui/actions/start"
    assert endpoints.CERTIFICATE_SANDBOX == "https://fps.sandbox.amazonaws.com/certs/090911/PKICert.pem"


def test_every_host_that_an_honest_client_may_have_signed() -> None:
    tried = endpoints.hosts_to_try("127.0.0.1", "pay.example:99", port=8042, aliases=endpoints.API_HOSTS)
    assert tried == (
        "127.0.0.1",
        "127.0.0.1:8042",
        "pay.example:99",
        "pay.example",
        "pay.example:8042",
        "fps.amazonaws.com",
        "fps.sandbox.amazonaws.com",
    )


def test_a_host_with_colons_keeps_them() -> None:
    assert endpoints.hosts_to_try("[::1]:80") == ("[::1]:80", "[::1]")
    assert endpoints.hosts_to_try("[::1]", port=8042) == ("[::1]", "[::1]:8042")
    assert endpoints.hosts_to_try("") == ("",)
