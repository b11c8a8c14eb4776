"""Ports of 127.0.0.1 for tests: one that is free and stays so, and one where nobody listens."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HANDED_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _HIGHEST = 10_000, 65_535


def free_port() -> int:
    """For a program that has to be told its port.

    It is none of those that the system hands to whoever connects or asks for any: nobody gets it by chance before
    the program does.
    """
    while True:
        port = secrets.choice(_asked_for_by_number())
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def closed_port() -> Iterator[int]:
    """One where connections are refused while the block runs: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def _asked_for_by_number() -> list[int]:
    first, last = map(int, _HANDED_OUT.read_text().split()) if _HANDED_OUT.exists() else (32_768, 60_999)
    every = range(_LOWEST, _HIGHEST + 1)
    return [port for port in every if not first <= port <= last] or list(every)
