from __future__ import annotations

from datetime import datetime
from datetime import timezone

from cryptography import x509

from flask_fps.protocol import demo
from flask_fps.protocol import rsa


def test_the_demo_pair_belongs_together_and_says_what_it_is() -> None:
    assert rsa.verifies("text", rsa.sign("text", demo.PRIVATE_KEY_PEM), demo.CERTIFICATE_PEM)
    certificate = x509.load_pem_x509_certificate(demo.CERTIFICATE_PEM)
    assert "PUBLIC DEMO" in certificate.subject.rfc4514_string()
    assert certificate.not_valid_after_utc > datetime(2126, 1, 1, tzinfo=timezone.utc)
    assert rsa.load_certificate(demo.CERTIFICATE_PEM).key_size == 2048


def test_the_names_that_others_script_against() -> None:
    assert demo.ACCESS_KEY == "AKIAFPSSANDBOXDEMO01"
    assert demo.SECRET_KEY == "sandbox/demo+secret=not~a~real~key0000001"
    assert demo.SELLER_EMAIL == "seller@digitaldownload.example"
    assert demo.SANDBOX_URL == "http://127.0.0.1:8042"
    assert demo.CERTIFICATE_PATH == "/certs/090911/PKICert.pem"
