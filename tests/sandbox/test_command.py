from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.cli import FlaskGroup
from flask.cli import NoAppException

from flask_fps import FPS
from flask_fps.sandbox.command import main
from tests.sandbox.caller import Caller


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and the one line it printed."""
    command = [sys.executable, "-W", "error", "-m", "flask_fps.sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_cleanly(number: signal.Signals) -> None:
    with running() as (process, line):
        url = _url(line)
        assert "no real money" in line
        assert "john@example.com / john" in line
        assert Caller(url).call("GetAccountBalance").status == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")


def test_the_state_file_outlives_a_kill(tmp_path: Path) -> None:
    state = str(tmp_path / "books.sqlite")
    with running("--state", state) as (process, line):
        requests.post(f"{_url(line)}/_control/clock", json={"advance_seconds": 60}, timeout=10).raise_for_status()
        process.kill()
        process.communicate(timeout=60)
    with running("--state", state) as (process, line):
        now = requests.get(f"{_url(line)}/_control/clock", timeout=10).json()["now"]
        assert datetime.fromisoformat(now) - datetime.now(timezone.utc) > timedelta(seconds=50)


def test_it_signs_with_a_key_of_ones_own(tmp_path: Path) -> None:
    key, certificate = _pair(tmp_path)
    with running("--key", str(key), "--certificate", str(certificate)) as (_, line):
        served = requests.get(f"{_url(line)}/certs/090911/PKICert.pem", timeout=10).content
        assert served == certificate.read_bytes()


def test_it_speaks_https_when_told_to(tmp_path: Path) -> None:
    key, certificate = _pair(tmp_path)
    public = ("--public-url", "https://fps.sandbox.amazonaws.com")
    with running("--tls-key", str(key), "--tls-certificate", str(certificate), *public) as (_, line):
        assert "https://fps.sandbox.amazonaws.com/account/" in line


def test_what_keeps_it_from_starting_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, certificate = _pair(tmp_path)
    other, _ = _pair(tmp_path / "other")
    text = tmp_path / "text"
    text.write_text("no database")
    for arguments in (
        ["--key", str(key)],
        ["--certificate", str(certificate)],
        ["--key", str(other), "--certificate", str(certificate)],
        ["--key", str(tmp_path / "missing"), "--certificate", str(certificate)],
        ["--tls-key", str(key)],
        ["--tls-certificate", str(certificate)],
        ["--tls-key", str(other), "--tls-certificate", str(certificate)],
        ["--state", str(tmp_path / "no" / "folder")],
        ["--state", str(text)],
    ):
        assert main(["--port", "0", *arguments]) == 1
        assert capsys.readouterr().err.startswith("The sandbox cannot start: ")


def _url(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
    assert found, line
    return found[0]


def _pair(folder: Path) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    )
    paths = folder / "key.pem", folder / "certificate.pem"
    private = serialization.PrivateFormat.PKCS8
    paths[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    paths[1].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return paths


def test_without_its_extra_it_names_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_fps.sandbox.server.find_spec", lambda name: None)

    assert main(["--port", "0"]) == 1
    said = 'The sandbox cannot start: the sandbox needs its extra: pip install "Flask-FPS[sandbox]"\n'
    assert capsys.readouterr().err == said


def test_a_port_that_is_taken_comes_with_the_way_to_another(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1

    other = port + 1 if port < 65535 else port - 1
    assert f"Use --port {other} and FPS_SANDBOX_URL=http://127.0.0.1:{other}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ({"FPS_SANDBOX_URL": "http://localhost:8055"}, ("localhost", 8055)),
        ({"FPS_SANDBOX_URL": "http://127.0.0.1"}, ("127.0.0.1", 80)),
        ({}, ("127.0.0.1", 8042)),
        ({"FPS_SANDBOX_URL": "no address"}, ("127.0.0.1", 8042)),
        (None, ("127.0.0.1", 8042)),
    ],
)
@pytest.mark.parametrize("options", [[], ["--host", "127.0.0.2", "--port", "0"]])
def test_flask_fps_sandbox_listens_where_the_shop_looks_for_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, str] | None,
    address: tuple[str, int],
    options: list[str],
) -> None:
    served: list[tuple[str, int]] = []

    def serve(*, host: str, port: int, **_: object) -> int:
        served.append((host, port))
        return 0

    monkeypatch.setattr("flask_fps.sandbox.command.serve", serve)
    group = FlaskGroup(create_app=lambda: _shop(tmp_path, config), add_default_commands=False)

    assert CliRunner().invoke(group, ["fps", "sandbox", *options]).exit_code == 0
    assert served == [("127.0.0.2", 0) if options else address]


def test_its_usage_names_the_command_that_was_typed() -> None:
    said = CliRunner().invoke(FlaskGroup(), ["fps", "sandbox", "--help"]).stdout

    assert said.startswith("usage: flask fps sandbox [-h]")


def _shop(folder: Path, config: dict[str, str] | None) -> Flask:
    app = Flask("shop", instance_path=str(folder))
    app.config.update(config or {}, SECRET_KEY="tests")
    if config is None:
        raise NoAppException("there is none")
    FPS(app)
    return app
