"""One lane: a sandbox that never dies, a warmed parent whose children do, and the shop's files between them."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank.rules import Rules
from flask_fps.sandbox.faults import Fault
from flask_fps.sandbox.server import SandboxServer
from tests import postgres
from tests.crash.acts import Act
from tests.crash.acts import Command
from tests.crash.parent import to_line
from tests.crash.points import SENT
from tests.crash.shop import HOMES
from tests.crash.stage import Stage
from tests.crash.store import ADDRESS
from tests.crash.store import Server

ROOT = Path(__file__).parent.parent.parent
#: A bank that takes its time takes less of ours.
RULES = Rules(speed={**Rules().speed, "ACH": timedelta(minutes=20)})
#: A whole request that nobody answered after this many seconds is not waited for.
PATIENCE = 10.0


class Crashed(Exception):
    """A life ended in a way nobody asked for: the product raised, or hung."""


@dataclass(frozen=True)
class Life:
    """How one process lived."""

    answers: list[Any]
    killed: bool
    #: Names of all points that it reached, in order; the last one killed it, if it was killed.
    points: list[str]


@dataclass(frozen=True)
class Saved:
    """A moment to come back to: the shop's files and the sandbox's books."""

    home: str
    files: dict[str, bytes]
    #: Of a database that is no file, by table.
    rows: dict[str, bytes]
    books: dict[str, list[Any]]
    ahead: timedelta
    #: What will still go wrong.
    faults: list[Fault]


class Lane:
    """Use it as a context manager.

    :param sabotage: the guard of the product that is switched off.
    :param database: which of :data:`tests.database.KINDS` the shops have.
    """

    def __init__(self, sabotage: str = "", database: str = "sqlite") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="flask-fps-crash-", dir=_memory()))
        self._sabotage = sabotage
        self._sent = 0
        self._staying: dict[int, Path] = {}
        self._traffic = Traffic()
        self._databases = {home: self._make_database(home) for home in HOMES} if database == "postgresql" else {}
        self.server = self._serve()
        self._parent = self._spawn(sabotage)
        self.empty = {home: self._warm(home) for home in HOMES}

    def __enter__(self) -> Lane:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait(10)
        self.server.stop()
        for database in self._databases.values():
            database.close()
        shutil.rmtree(self.folder)

    # Lives

    def live(self, home: str, acts: Iterable[Act], kill: int = 0) -> Life:
        """Let a fresh child do these acts, and die at its n-th point."""
        log = self.folder / "points.log"
        log.unlink(missing_ok=True)
        told = self.order(self._command(home, acts, log, kill))
        points = log.read_text().splitlines() if log.exists() else []
        self._sent += points.count(SENT)
        return self._life(told, points, kill)

    def live_anew(self, home: str, acts: Iterable[Act], kill: int) -> Life:
        """As :meth:`live`, in a new interpreter."""
        log = self.folder / "points.log"
        log.unlink(missing_ok=True)
        command = self._command(home, acts, log, kill)
        done = subprocess.run(
            self._python("once"), input=to_line(command), stdout=subprocess.PIPE, cwd=ROOT, check=False, timeout=60
        )
        points = log.read_text().splitlines() if log.exists() else []
        self._sent += points.count(SENT)
        told = json.loads(done.stdout) if done.stdout else {"answers": [], "error": "", "signal": -done.returncode}
        return self._life(told, points, kill)

    def stay(self, home: str, act: str) -> tuple[int, Any]:
        """Start a child that goes on; its process id and what it announced."""
        log = self.folder / f"staying-{len(self._staying)}.log"
        log.unlink(missing_ok=True)
        told = self.order(Command(home, [[act]], log=str(log), stays=True, ahead=self._ahead()))
        if told["error"]:
            raise Crashed(told["error"])
        self._staying[told["pid"]] = log
        return told["pid"], told["answers"][0]

    def end(self, pid: int, by: int) -> None:
        """End a child that stays."""
        self._send({"end": pid, "by": by})
        self._sent += self._staying.pop(pid).read_text().splitlines().count(SENT)

    def order(self, command: Command) -> dict[str, Any]:
        return self._write(to_line(command))

    def wait_for_stragglers(self) -> None:
        """Every request that left whole has been answered, whoever sent it."""
        self._traffic.wait_for(self._sent)

    # Moments

    def save(self, home: str) -> Saved:
        files = {path.name: path.read_bytes() for path in self.files(home).iterdir() if path.suffix != ".sqlite-shm"}
        books = {name: list(shelf) for name, shelf in self.server.bank.books.shelves.items()}
        rows = self._databases[home].save() if home in self._databases else {}
        return Saved(home, files, rows, books, self.server.bank.clock.ahead, self.server.faults.left)

    def restore(self, saved: Saved) -> None:
        self.wait_for_stragglers()
        self._sent = 0
        self._traffic.reset()
        for path in self.files(saved.home).iterdir():
            path.unlink()
        for name, content in saved.files.items():
            (self.files(saved.home) / name).write_bytes(content)
        if saved.rows:
            self._databases[saved.home].restore(saved.rows)
        self._restore_books(saved)

    def files(self, home: str) -> Path:
        return self.folder / home

    def ledger(self) -> dict[str, Any]:
        """The sandbox's books, as anybody may read them."""
        with_ledger = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=10)
        try:
            with_ledger.request("GET", "/_control/ledger")
            found: dict[str, Any] = json.loads(with_ledger.getresponse().read())
            return found
        finally:
            with_ledger.close()

    def _restore_books(self, saved: Saved) -> None:
        bank = self.server.bank
        self.server.faults.clear()
        self.server.faults.script(saved.faults)
        with bank.change():
            bank.books.clear()
            for name, records in saved.books.items():
                for record in records:
                    bank.books.shelves[name].put(record)
            bank.clock.rewind(saved.ahead)

    # Making

    def _make_database(self, home: str) -> Server:
        uri = postgres.empty_database()
        self.files(home).mkdir()
        (self.files(home) / ADDRESS).write_text(uri)
        return Server(uri)

    def _serve(self) -> SandboxServer:
        server = SandboxServer(bank=Bank(rules=RULES), ticking=False)
        server.app.wsgi_app = self._traffic.counted(server.app.wsgi_app)  # type: ignore[method-assign]
        return server.start()

    def _python(self, wish: str) -> list[str]:
        return [sys.executable, "-m", "tests.crash.parent", str(self.folder), self.server.url, wish]

    def _spawn(self, sabotage: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._python(sabotage), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _warm(self, home: str) -> Saved:
        """Make the tables, buy something in the parent itself, and let go of all that this opened."""
        self._here(home, ["tables"], ["let go"])
        empty = self.save(home)
        stage = Stage(self, home)
        [answer] = self._here(home, ["start", "song", "warm"])
        url = stage.agree("song", "warm", answer["location"], "CC")
        *_, threads = self._here(home, ["get", url, "warm"], ["rest", "work"], ["let go"])
        assert threads == 1, "a warmed parent with threads cannot be forked"
        self._send({"watch": home})
        self.restore(empty)
        return empty

    def _here(self, home: str, *acts: Act) -> list[Any]:
        told = self.order(Command(home, list(acts), here=True, ahead=self._ahead()))
        answers: list[Any] = told["answers"]
        return answers

    def _ahead(self) -> float:
        return self.server.bank.clock.ahead.total_seconds()

    def _command(self, home: str, acts: Iterable[Act], log: Path, kill: int) -> Command:
        return Command(home, list(acts), log=str(log), kill=kill, ahead=self._ahead())

    def _life(self, told: dict[str, Any], points: list[str], kill: int) -> Life:
        if told["error"] or told["signal"] not in (0, 9):
            raise Crashed(told["error"] or f"ended by signal {told['signal']}: it hung at {points[-1:]}")
        killed = told["signal"] == 9
        assert killed == (0 < kill <= len(points)), "it dies where it was told to, or not at all"
        return Life(told["answers"], killed, points)

    def _send(self, order: dict[str, Any]) -> dict[str, Any]:
        return self._write(json.dumps(order).encode() + b"\n")

    def _write(self, line: bytes) -> dict[str, Any]:
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.write(line)
        self._parent.stdin.flush()
        answer = self._parent.stdout.readline()
        if not answer:
            raise Crashed("the warmed parent itself has ended")
        told: dict[str, Any] = json.loads(answer)
        return told


class Traffic:
    """Counts the requests to the API that the sandbox has answered."""

    def __init__(self) -> None:
        self._answered = 0
        self._changed = threading.Condition()

    def counted(self, application: Callable[..., Any]) -> Callable[..., Any]:
        def count(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            try:
                return application(environ, start)
            finally:
                if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("POST", "/"):
                    self._add()

        return count

    def reset(self) -> None:
        with self._changed:
            self._answered = 0

    def wait_for(self, answers: int) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._answered >= answers, PATIENCE):
                raise Crashed(f"{answers} requests were sent and {self._answered} answered")

    def _add(self) -> None:
        with self._changed:
            self._answered += 1
            self._changed.notify_all()


def _memory() -> str | None:
    """A folder in memory, where there is one: what a killed process wrote is safe with the system."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
