"""What `make run` starts: three processes, one message, and a clean end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from example_app.__main__ import flask_command
from example_app.__main__ import interrupt
from tests.ports import free_port

ROOT = Path(__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the shop, so that the developer's own instance folder stays as it is."""
    shutil.copytree(ROOT / "example_app", tmp_path / "example_app")
    return tmp_path


@contextmanager
def running(home: Path, shop: int, sandbox: int) -> Iterator[subprocess.Popen[str]]:
    ports = {"SHOP_PORT": str(shop), "SANDBOX_PORT": str(sandbox), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "example_app"],
        cwd=home,
        env={**os.environ, **ports},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"it ended without {text!r}:\n{read}")


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(home: Path, how: signal.Signals) -> None:
    shop, sandbox = free_port(), free_port()
    with running(home, shop, sandbox) as process:
        read_until(process, f"Shop ready: http://127.0.0.1:{shop}")
        guide = read_until(process, "Stop")
        assert "john@example.com / john" in guide and "flask --app example_app fps list" in guide
        assert f"FLASK_FPS_SANDBOX_URL=http://127.0.0.1:{sandbox} " in guide
        assert 'href="/download/1"' in requests.get(f"http://127.0.0.1:{shop}/", timeout=10).text
        start = requests.get(f"http://127.0.0.1:{shop}/download/1", timeout=10)
        assert start.url.startswith(f"http://127.0.0.1:{sandbox}/cobranded-ui/")
        process.send_signal(how)
        assert process.wait(60) == 0
    assert not answers(shop) and not answers(sandbox)
    assert {file.name for file in (home / "instance").iterdir()} >= {"shop.sqlite", "sandbox.sqlite", "secret_key"}


def test_a_sandbox_at_its_usual_port_needs_no_name() -> None:
    assert "FLASK_FPS_SANDBOX_URL" not in flask_command(8042)


def test_a_second_signal_does_not_break_the_ending() -> None:
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(kind) for kind in kinds]
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupt(signal.SIGTERM, None)
        assert [signal.getsignal(kind) for kind in kinds] == [signal.SIG_IGN] * 2
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(home, port, free_port()) as process:
            output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"port {port} is taken" in output and "SHOP_PORT=" in output
