"""The warmed parent: everything imported and made, nothing open. Each life is a fork of it.

``python -m tests.crash.parent FOLDER SANDBOX_URL [SABOTAGE]`` reads a :class:`Command` as a line of JSON, forks,
and answers how the child ended. With ``once`` in place of a sabotage it reads one command, lives it itself in
this fresh interpreter, and ends.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.crash import sabotage
from tests.crash.acts import Command
from tests.crash.acts import live
from tests.crash.acts import STAYING
from tests.crash.points import Points
from tests.crash.shop import HOMES
from tests.crash.shop import make_shop
from tests.crash.shop import Shop

#: A life that lasts longer than this many seconds hangs.
LONGEST_LIFE = 60
ONCE = "once"


class Parent:
    """Forks the processes that live and die."""

    def __init__(self, folder: Path, sandbox_url: str) -> None:
        self._points = Points()
        self._points.watch_http()
        self._shops = {home: self._open(home, folder, sandbox_url) for home in HOMES}

    def _open(self, home: str, folder: Path, sandbox_url: str) -> Shop:
        (folder / home).mkdir(exist_ok=True)
        return make_shop(home, folder / home, sandbox_url, self._points)

    def run(self, command: Command) -> dict[str, Any]:
        """Live it here, in a child that is waited for, or in one that stays."""
        shop = self._shops[command.home]
        if command.here:
            return self._here(shop, command)
        return _child(shop, command)

    def _here(self, shop: Shop, command: Command) -> dict[str, Any]:
        answers = live(shop, command)
        gc.collect()
        gc.freeze()
        return {"answers": answers, "signal": 0, "error": ""}

    def watch(self, home: str) -> None:
        """From now on this shop's store has points."""
        self._points.watch_store(self._shops[home].state.ledger.engine)


def _child(shop: Shop, command: Command) -> dict[str, Any]:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _be_born(shop, command, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.readline() if command.stays else pipe.read()
    told: dict[str, Any] = json.loads(said) if said.strip() else {"answers": [], "error": ""}
    if command.stays:
        return {**told, "pid": pid, "signal": 0}
    _, status = os.waitpid(pid, 0)
    return {**told, "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}


def _be_born(shop: Shop, command: Command, pipe: int) -> None:
    """The child's whole life; it never returns, and leaves without a word to anybody, as a killed one does."""
    code = 1
    gc.disable()  # it would write to every page that is shared with the parent
    try:
        if command.stays:
            _stay(shop, command, pipe)
        else:
            signal.alarm(LONGEST_LIFE)
            _say(pipe, answers=live(shop, command), error="")
        code = 0
    except BaseException:
        _say(pipe, answers=[], error=traceback.format_exc())
    finally:
        os._exit(code)


def _stay(shop: Shop, command: Command, pipe: int) -> None:
    [[name]] = command.acts
    shop.points.arm(Path(command.log), 0)
    STAYING[name](shop, lambda value: _say(pipe, answers=[value], error=""))


def _say(pipe: int, **told: Any) -> None:
    os.write(pipe, json.dumps(told).encode() + b"\n")


def _reap(pid: int, number: int) -> dict[str, Any]:
    """End a child that stays, by its own process id."""
    os.kill(pid, number)
    os.waitpid(pid, 0)
    return {"answers": [], "signal": number, "error": ""}


def _obey(parent: Parent, order: dict[str, Any]) -> dict[str, Any]:
    if "end" in order:
        return _reap(order["end"], order["by"])
    if "watch" in order:
        parent.watch(order["watch"])
        return {"answers": [], "signal": 0, "error": ""}
    return parent.run(Command(**order))


def to_line(command: Command) -> bytes:
    return json.dumps(asdict(command)).encode() + b"\n"


def main() -> None:
    folder, sandbox_url, wish = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    logging.basicConfig(level=os.environ.get("CRASH_LOG", "CRITICAL"))
    parent = Parent(folder, sandbox_url)
    if wish == ONCE:
        _live_once(parent)
        return
    sabotage.switch_off(wish)
    for line in sys.stdin.buffer:
        _tell(_obey(parent, json.loads(line)))


def _live_once(parent: Parent) -> None:
    command = Command(**json.loads(sys.stdin.buffer.readline()))
    command.here = True
    parent.watch(command.home)
    _tell(parent.run(command))


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
