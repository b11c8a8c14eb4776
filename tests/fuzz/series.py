"""Worlds, each from its seed, and the requests that were fired at them."""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from random import Random
from urllib.parse import urlsplit

from flask_fps.sandbox.faults import Faults
from tests.fuzz import doors
from tests.fuzz.oracle import Judge
from tests.fuzz.oracle import status
from tests.fuzz.shots import Shot
from tests.fuzz.world import World
from tests.sandbox.caller import Caller

#: Requests to each world.
SHOTS = 400


@dataclass
class Tally:
    """What became of many requests."""

    worlds: int = 0
    requests: int = 0
    #: By HTTP status; 0 is a connection that was closed without an answer.
    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.worlds += other.worlds
        self.requests += other.requests
        self.statuses += other.statuses
        self.problems += other.problems

    def __str__(self) -> str:
        went = ", ".join(f"{times} × {code or 'closed'}" for code, times in sorted(self.statuses.items()))
        return f"worlds {self.worlds}, requests {self.requests} ({went}): problems {len(self.problems)}"


def play(
    seed: str,
    number: int,
    shots: int = SHOTS,
    *,
    at: Mapping[doors.Door, int] = doors.DOORS,
    tell: bool = False,
) -> Tally:
    """Fire at one world; it ends at its first problem, since nothing after that is to be trusted."""
    dice = Random(f"{seed}/{number}")
    tally = Tally(worlds=1)
    with World() as world:
        judge = Judge(world)
        for count, shot in enumerate(doors.shot(dice, world, at) for _ in range(shots)):
            started = time.monotonic()
            answer = _fire(world, shot)
            found = judge.problems(shot, answer, time.monotonic() - started)
            tally.requests += 1
            tally.statuses[status(answer)] += 1
            if tell:
                print(f"{count}: {shot.label}: {status(answer)}")
            if found:
                tally.problems.append(_report(seed, number, count, shot, answer, found))
                return tally
            _put_right(world)
        if not _still_answers(world):
            tally.problems.append(f"--seed {seed} --world {number}: it does not answer any more")
    return tally


def quiet() -> None:
    """What the sandbox warns of is not what is looked for here."""
    logging.disable(logging.WARNING)


def _fire(world: World, shot: Shot) -> bytes:
    """Send it all, say that this was all, and read to the end."""
    parts = urlsplit(world.server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        try:
            connection.sendall(shot.request)
            with suppress(OSError):  # it has hung up already, perhaps after an answer
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return b""


def _put_right(world: World) -> None:
    """A script of faults that the control plane took would spoil what comes next, as it should."""
    faults: Faults = world.server.faults
    faults.clear()
    world.bank.switches.reset()


def _still_answers(world: World) -> bool:
    return Caller(world.server.url).call("GetAccountBalance").status == 200


def _report(seed: str, number: int, count: int, shot: Shot, answer: bytes, found: list[str]) -> str:
    told = "\n    ".join(found)
    return (
        f"--seed {seed} --world {number}, request {count} ({shot.label}):\n    {told}\n"
        f"    request {shot.request[:3000]!r}\n    answer {answer[:600]!r}"
    )
