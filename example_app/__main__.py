"""``make run``: the sandbox, the shop and a worker, started in this order and ended together.

``SHOP_PORT`` and ``SANDBOX_PORT`` move the two servers. SIGINT or SIGTERM ends all three; if one of them
ends by itself, so do the others.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
USUAL_SANDBOX = 8042
#: Seconds a server may take to answer for the first time, and to end when it is asked to.
PATIENCE = 60.0
GRACE = 10.0

GUIDE = """
Shop ready: http://{host}:{shop}

  Buy         choose a track and press "Download now"
  Pay as      john@example.com / john   (chooses how to pay), or
              jane@example.com / jane   (pays by card, as she always does)
  Shop        no account needed; or sign in as ada@shop.example / ada
  Payments    http://{host}:{sandbox}/account/   what John, Jane and the seller see
              (the seller: seller@digitaldownload.example / seller)
  Operator    http://{host}:{shop}/fps-admin/   signed in to the shop as ola@shop.example / ola, or
              {flask} --app example_app fps list
  Stop        Ctrl+C
"""


class Ended(Exception):
    """One of the processes ended by itself."""


class Processes:
    """What was started here, by name."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", *arguments]
        # A group of its own: Ctrl+C reaches this process alone, which then ends the others in order.
        self._running[name] = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True
        )

    def check(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Ended(f"the {name} ended with exit code {process.returncode}")

    def stop(self) -> None:
        """Last started, first ended: no worker meets a sandbox that is gone."""
        for process in reversed(self._running.values()):
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main() -> int:
    shop, sandbox = int(os.environ.get("SHOP_PORT", "5000")), int(os.environ.get("SANDBOX_PORT", str(USUAL_SANDBOX)))
    for name, port in (("SHOP_PORT", shop), ("SANDBOX_PORT", sandbox)):
        if answers(port):
            print(f"port {port} is taken: choose another, for example make run {name}={port + 1}", file=sys.stderr)
            return 1
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    processes = Processes()
    try:
        run(processes, shop, sandbox)
    except KeyboardInterrupt:
        return 0
    except Ended as ended:
        print(ended, file=sys.stderr)
        return 1
    finally:
        ignore_signals()
        processes.stop()


def run(processes: Processes, shop: int, sandbox: int) -> NoReturn:
    state = ROOT / "instance" / "sandbox.sqlite"
    state.parent.mkdir(exist_ok=True)
    environment = {"FLASK_APP": "example_app", "FLASK_FPS_SANDBOX_URL": f"http://{HOST}:{sandbox}"}
    start = ("flask_fps.sandbox", "--host", HOST, "--port", str(sandbox), "--state", str(state))
    processes.start("sandbox", *start, environment=environment)
    wait_for(processes, sandbox, "/account/")
    processes.start("shop", "flask", "run", "--host", HOST, "--port", str(shop), environment=environment)
    wait_for(processes, shop, "/")
    processes.start("worker", "flask", "fps", "work", environment=environment)
    print(GUIDE.format(host=HOST, shop=shop, sandbox=sandbox, flask=flask_command(sandbox)), flush=True)
    while True:
        processes.check()
        time.sleep(0.5)


def flask_command(sandbox: int) -> str:
    """What to type in another terminal; a sandbox that was moved is named, or the command would ask another one."""
    moved = "" if sandbox == USUAL_SANDBOX else f"FLASK_FPS_SANDBOX_URL=http://{HOST}:{sandbox} "
    return moved + os.path.relpath(Path(sys.executable).with_name("flask"), ROOT)


def wait_for(processes: Processes, port: int, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not serves(port, path):
        processes.check()
        if time.monotonic() > deadline:
            raise Ended(f"nothing answers on port {port} after {PATIENCE:.0f} seconds")
        time.sleep(0.1)


def serves(port: int, path: str) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def interrupt(number: int, frame: FrameType | None) -> None:
    """Once: make passes on what a terminal has sent to all already, and the second must not break the ending."""
    ignore_signals()
    raise KeyboardInterrupt


def ignore_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
