"""Mistakes in set-up that do not stop the start: told at the first request, by the worker and by ``health``."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask

from flask_fps import FPS
from flask_fps.certificates import in_force
from flask_fps.checkup import findings
from flask_fps.config import Config
from flask_fps.errors import SetupError
from flask_fps.protocol import demo
from tests.apps import heading
from tests.apps import Shop

NO_KEY = "SECRET_KEY is not set, and Flask-FPS signs its links with it: set app.config['SECRET_KEY'] to the output of "
REAL = {
    "SECRET_KEY": "tests",
    "FPS_ENVIRONMENT": "production",
    "FPS_EXTERNAL_URL": "https://shop.example",
    "FPS_API_URL": "https://fps.example/",
    "FPS_CBUI_URL": "https://fps.example/cobranded-ui/actions/start",
    "FPS_ACCESS_KEY": "OURKEY",
    "FPS_SECRET_KEY": "our-secret",
    "FPS_RECIPIENT_EMAIL": "shop@shop.example",
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop as it runs, whose SECRET_KEY was forgotten."""
    shop = Shop(tmp_path, config={"SECRET_KEY": None, "TESTING": False})
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(key: Any, begins: int, ends: int) -> str:
    """Valid from and until so many days from now."""
    name, now = x509.Name([]), datetime.now(timezone.utc)
    of = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    dated = of.not_valid_before(now + timedelta(days=begins)).not_valid_after(now + timedelta(days=ends))
    return dated.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def config_with(certificates: Any) -> Config:
    return Config.read({**REAL, "FPS_CERTIFICATES": certificates})


# SECRET_KEY


def test_the_first_request_tells_the_log_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        shop.client().get("/static/none")

    [told] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert told.getMessage().startswith(NO_KEY)


def test_a_key_that_is_set_after_init_app_is_in_time(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.app.config["SECRET_KEY"] = "set late"

    assert shop.start(shop.client()).status_code == 303
    assert [each for each in caplog.records if each.levelno == logging.ERROR] == []


@pytest.mark.parametrize("path", ["/song", "/buy", "/fps/start?order=x", "/fps/return?ref=x"])
def test_every_page_that_needs_it_is_calm_and_names_it(shop: Shop, path: str) -> None:
    answer = shop.client().get(path)

    assert (answer.status_code, heading(answer)) == (503, "This shop is not set up yet")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "SECRET_KEY is not set" in answer.text


def test_a_buyer_of_a_real_shop_is_not_told_what_he_cannot_mend(tmp_path: Path) -> None:
    real = {"SECRET_KEY": None, "TESTING": False, "FPS_ENVIRONMENT": "production"}
    shop = Shop(tmp_path, config={**real, "FPS_EXTERNAL_URL": "https://shop.example"})
    answer = shop.client().get("/song")

    assert (answer.status_code, heading(answer)) == (503, "This shop is not set up yet")
    assert "SECRET_KEY" not in answer.text
    assert "If you have paid, it is not lost." in answer.text
    shop.close()


def test_health_and_the_worker_name_it(shop: Shop) -> None:
    run = shop.app.test_cli_runner()
    health, as_json = run.invoke(args=["fps", "health"]), run.invoke(args=["fps", "health", "--json"])

    assert (health.exit_code, as_json.exit_code) == (1, 1)
    assert health.stdout.startswith(NO_KEY)
    assert json.loads(as_json.stdout)["findings"][0].startswith(NO_KEY)
    assert run.invoke(args=["fps", "work", "--once"]).stderr.startswith(f"Warning: {NO_KEY}")


# Handlers


def test_health_names_the_handlers_that_this_process_lacks(tmp_path: Path) -> None:
    shop = Shop(tmp_path, config={"FPS_EXPECT_HANDLERS": ["mail"]})
    missing = shop.app.test_cli_runner().invoke(args=["fps", "health"])
    shop.fps.fulfillment("mail")(lambda payment: None)
    there = shop.app.test_cli_runner().invoke(args=["fps", "health"])

    assert (missing.exit_code, there.exit_code) == (1, 0)
    assert missing.stdout.startswith("FPS_EXPECT_HANDLERS names mail, which this process has not registered")
    shop.close()


# Certificates


def test_a_certificate_that_can_check_nothing_stops_the_start() -> None:
    app = Flask("shop")
    app.config.update(REAL, FPS_CERTIFICATES=certificate(ec.generate_private_key(ec.SECP256R1()), -1, 1))

    with pytest.raises(SetupError, match=r"^FPS_CERTIFICATES: .* needs an RSA key of at least 1024 bits \(docs/"):
        FPS(app)


def test_the_old_and_the_new_certificate_may_stand_side_by_side(key: rsa.RSAPrivateKey) -> None:
    old, now = certificate(key, -9, -1), certificate(key, -1, 9)

    assert in_force(config_with([now, old])) == (now.encode(),)
    assert in_force(config_with([now])) == (now.encode(),)
    assert in_force(Config.read(REAL)) == ()
    assert in_force(Config.read({})) == (demo.CERTIFICATE_PEM,)


def test_certificates_that_are_all_out_of_date_are_named(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(REAL, FPS_CERTIFICATES=certificate(key, -9, -1))
    FPS(app)
    health = app.test_cli_runner().invoke(args=["fps", "health"])

    assert health.exit_code == 1
    assert "FPS_CERTIFICATES: the FPS certificate is valid from" in health.stdout
    assert "set the one that FPS signs with now (docs/configuration.rst#fps-certificates)" in health.stdout
    app.extensions["fps"].ledger.engine.dispose()


# A second FPS


def test_what_an_fps_without_an_app_carries_is_named_at_the_first_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extension = FPS()
    extension.buyer_loader(lambda: "john")
    extension.fulfillment("mail")(lambda payment: None)
    shop = Shop(tmp_path)
    shop.client().get("/song")

    (said,) = (each.message for each in caplog.records if "buyer_loader, fulfillment('mail')" in each.message)
    assert said.startswith("an FPS object that was never given to an app carries buyer_loader")
    elsewhere = FPS(db=object())
    elsewhere.contact_loader(lambda: None)
    assert not [each for each in findings(shop.state) if "contact_loader" in each]
    extension.init_app(Flask("another", instance_path=str(tmp_path)))
    assert not [each for each in findings(shop.state) if "fulfillment('mail')" in each]
    shop.close()


def test_a_number_is_no_key(tmp_path: Path) -> None:
    shop = Shop(tmp_path, config={"SECRET_KEY": 12345})

    assert any("SECRET_KEY is of type int, and a key is text" in each for each in findings(shop.state))
    with pytest.raises(SetupError, match=r"FPS_ACCESS_KEY was read as a number: .* only what is quoted stays text"):
        Config.read({**REAL, "FPS_ACCESS_KEY": 1234567890})
    shop.close()
