"""Whoever writes a gateway can hold the contract against it: docs/gateways.rst."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_contract_is_held_against_a_bench_that_is_named() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-k", "limits_say_what"]
    ran = subprocess.run(
        [*command, "tests/gateways/test_contract.py"],
        cwd=ROOT,
        env={**os.environ, "FPS_TEST_GATEWAY": "tests.gateways.benches:HoldBench"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "test_limits_say_what_the_provider_allows[theirs]" in ran.stdout, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
