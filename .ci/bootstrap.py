"""Makes the virtual environment that `make` works in, from whatever Python the machine has.

    python3 .ci/bootstrap.py [--browser] EXTRA...

``.venv`` is made by ``venv``; where Debian left ``ensurepip`` out, by virtualenv, which pip puts under
``build/``; where pip is missing too, after ``apt-get install python3-venv``. An environment whose making
or installing was cut short is removed and made anew. A stamp says what is installed: while setup.cfg and
pyproject.toml stay as they are, a second run installs nothing. ``--browser`` adds Debian's Chromium.

It runs on a bare Python, before anything is installed: standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
#: Stands while the environment is being made or changed: found at the start, the work was cut short.
UNFINISHED = VENV / "unfinished"
OLDEST = (3, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make .venv and install the project in it.")
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help="extras of setup.cfg to install")
    parser.add_argument("--browser", action="store_true", help="install Debian's Chromium where it is missing")
    options = parser.parse_args()
    if sys.version_info < OLDEST:
        sys.exit(f"Python {sys.version.split()[0]} is too old: use 3.10 or newer (make PYTHON=python3.12 ...)")
    remove_half_made()
    if not PYTHON.exists():
        make_venv()
    install(set(options.extras))
    if options.browser:
        ensure_browser()


def remove_half_made() -> None:
    whole = not UNFINISHED.exists() and PYTHON.exists() and works(PYTHON, "-m", "pip", "--version")
    if VENV.is_file():  # tox leaves a note here of where its own environment is
        VENV.unlink()
    elif VENV.exists() and not whole:
        print("removing a half-made .venv", flush=True)
        shutil.rmtree(VENV)


def make_venv() -> None:
    if not has("ensurepip") and not has("pip"):
        apt_install("python3-venv")
    print("making .venv", flush=True)
    VENV.mkdir()
    UNFINISHED.touch()
    if has("ensurepip"):
        run(sys.executable, "-m", "venv", str(VENV))
    else:
        make_venv_by_virtualenv()


def make_venv_by_virtualenv() -> None:
    tools = ROOT / "build" / "bootstrap"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(tools), "virtualenv")
    run(sys.executable, "-m", "virtualenv", "--quiet", str(VENV), PYTHONPATH=str(tools))


def install(extras: set[str]) -> None:
    digest = hashlib.sha256((ROOT / "setup.cfg").read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    installed = json.loads(STAMP.read_text()) if STAMP.exists() else {"digest": "", "extras": []}
    wanted = extras | set(installed["extras"])
    if installed["digest"] == digest and wanted == set(installed["extras"]):
        return
    print(f"installing {', '.join(sorted(wanted)) or 'the package'} in .venv", flush=True)
    UNFINISHED.touch()
    target = f"{ROOT}[{','.join(sorted(wanted))}]"
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", target]
    run(*command, PYTHONWARNINGS="ignore")  # setuptools explains editable installs at length
    STAMP.write_text(json.dumps({"digest": digest, "extras": sorted(wanted)}))
    UNFINISHED.unlink()


def ensure_browser() -> None:
    """Chromium, and the one library that Playwright's driver needs and a bare Debian lacks."""
    missing = [] if shutil.which("chromium") else ["chromium"]
    if sys.platform == "linux" and find_library("atomic") is None:
        missing.append("libatomic1")
    if missing and can_apt():
        apt_install(*missing)
    elif missing:
        names = " ".join(missing)
        print(f"{names} is missing: the browser tests are skipped (to run them: apt-get install {names})", flush=True)


def apt_install(*packages: str) -> None:
    names = " ".join(packages)
    if not can_apt():
        sys.exit(f"this needs the package {names}: install it (apt-get install {names}) and run make again")
    print(f"installing {names}", flush=True)
    run("apt-get", "update", "-qq")
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, DEBIAN_FRONTEND="noninteractive")


def can_apt() -> bool:
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def has(module: str) -> bool:
    importlib.invalidate_caches()
    return importlib.util.find_spec(module) is not None


def works(*command: str | Path) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def run(*command: str, **environment: str) -> None:
    """End with the command's own exit code where it fails: it has said why."""
    result = subprocess.run(command, env={**os.environ, **environment}, cwd=ROOT, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        sys.exit(result.returncode)


if __name__ == "__main__":
    main()
