"""The tests' own PostgreSQL ends with whoever started it, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_outlives_signals_to_the_group_and_ends_with_its_input(sent: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.pgserver"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        folder = Path(server.stdout.readline().strip())
        postgres = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        server.send_signal(sent)
        server.stdin.close()
        assert server.wait(60) == 0
    assert not folder.exists()
    assert not Path(f"/proc/{postgres}").exists()
