"""Processes to be struck down: each is forked from one parent that has imported everything and opened nothing.

``python -m tests.faults.nursery`` reads a :class:`Life` as a line of JSON and answers with the child's process id;
a line that names a process id is answered by how that one stopped or ended, and what it said.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.cli import ScriptInfo

from flask_fps.cli import fps
from tests.faults import guards
from tests.faults.points import Point
from tests.faults.points import strike
from tests.faults.shop import make_shop
from tests.faults.shop import Shop

ROOT = Path(__file__).parent.parent.parent
#: A life that lasts longer than this many seconds hangs.
LONGEST_LIFE = 30


@dataclass(frozen=True)
class Life:
    """What one process of the shop does, and where it is struck."""

    folder: str
    config: dict[str, Any]
    #: ``get``, ``post``, ``work`` or ``work on``, with what it needs.
    act: list[Any]
    #: The shop's address, as its buyers know it.
    url: str
    #: How far its clock is ahead, in seconds.
    ahead: float
    point: dict[str, Any] | None = None
    unguarded: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class End:
    """How a process stopped or ended."""

    #: The signal that did it; 0: it lived to its end.
    signal: int
    stopped: bool
    #: What it answered, if it came to that.
    answer: Any


class Nursery:
    """The parent, seen from a test. Use it as a context manager."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.nursery"]
        self._parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._lock = threading.Lock()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait(10)

    def begin(self, life: Life) -> int:
        """Fork it; its process id."""
        return int(self._ask(asdict(life)))

    def wait(self, pid: int) -> End:
        """Until it stops or ends."""
        return End(**self._ask(pid))

    def _ask(self, order: Any) -> Any:
        assert self._parent.stdin is not None and self._parent.stdout is not None
        with self._lock:
            self._parent.stdin.write(json.dumps(order).encode() + b"\n")
            self._parent.stdin.flush()
            answer = self._parent.stdout.readline()
        if not answer:
            raise RuntimeError("the nursery itself has ended")
        return json.loads(answer)


def _live(shop: Shop, life: Life) -> Any:
    verb, *given = life.act
    if verb == "work":
        return str(shop.work())
    if verb == "work on":
        return _work_on(shop)
    if verb == "refund":
        with shop.app.app_context():
            return shop.fps.refund(*given).state.value
    return _asked(shop, verb, life.url, *given)


def _asked(shop: Shop, verb: str, base: str, url: str, headers: Mapping[str, str], body: str = "") -> Any:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    answer = shop.app.test_client().open(target, method=verb.upper(), base_url=base, headers=headers, data=body)
    return {"status": answer.status_code, "location": answer.headers.get("Location"), "text": answer.text}


def _work_on(shop: Shop) -> str:
    """``flask fps work``, until it is told to stop."""
    fps.main(["work", "--pause", "0.01"], obj=ScriptInfo(create_app=lambda: shop.app), standalone_mode=False)
    return "stopped"


def _be_born(life: Life, told: Path) -> None:
    """A child's whole life; it never returns, and leaves without a word to anybody, as a killed one does."""
    code = 1
    try:
        signal.alarm(LONGEST_LIFE)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        patch = pytest.MonkeyPatch()
        for name in life.unguarded:
            guards.GUARDS[name].off(patch)
        if life.point is not None:
            strike(Point(**life.point), patch)
        shop = make_shop(Path(life.folder), life.config)
        shop.url = life.url
        shop.clock.ahead = timedelta(seconds=life.ahead)
        told.write_text(json.dumps(_live(shop, life)))
        code = 0
    except BaseException:
        told.write_text(json.dumps(traceback.format_exc()))
    finally:
        os._exit(code)


def _fork(life: Life) -> int:
    pid = os.fork()
    if pid == 0:
        _be_born(life, _told(life.folder, os.getpid()))
    return pid


def _how_it_ended(pid: int, folder: str) -> dict[str, Any]:
    _, status = os.waitpid(pid, os.WUNTRACED)
    told = _told(folder, pid)
    answer = json.loads(told.read_text()) if told.exists() else None
    if os.WIFSTOPPED(status):
        return {"signal": os.WSTOPSIG(status), "stopped": True, "answer": None}
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, "stopped": False, "answer": answer}


def _told(folder: str, pid: int) -> Path:
    return Path(folder) / f"told-{pid}.json"


def main() -> None:
    folders: dict[int, str] = {}
    for line in sys.stdin.buffer:
        order = json.loads(line)
        if isinstance(order, int):
            answer: Any = _how_it_ended(order, folders[order])
        else:
            answer = _fork(Life(**order))
            folders[answer] = order["folder"]
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
