"""Runs the story's tests against the package as it is installed, outside of the source tree.

    python .ci/story.py FOLDER [PYTEST ARGUMENT...]

The tests and what they read are copied to FOLDER, the package is not: what is imported is what was installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("tests", "example_app", "docs", "setup.cfg", "README.md", "Makefile")
IGNORED = shutil.ignore_patterns("__pycache__", "instance", "_build", ".hypothesis")


def main(folder: Path, arguments: list[str]) -> int:
    """Copy, look which package is found, and run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        copy(ROOT / name, folder / name)
    where = subprocess.run(
        [sys.executable, "-c", "import flask_fps; print(flask_fps.__file__)"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    if Path(where).is_relative_to(ROOT / "flask_fps"):
        sys.exit(f"flask_fps is found at {where}: install it, and not as editable")
    print(f"The story, from {where}", flush=True)
    tests = sorted(str(each.relative_to(folder)) for each in (folder / "tests").rglob("test_*.py") if is_story(each))
    return subprocess.run([sys.executable, "-m", "pytest", "-m", "story", *tests, *arguments], cwd=folder).returncode


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=IGNORED)
    else:
        shutil.copy(source, target)


def is_story(test: Path) -> bool:
    return "mark.story" in test.read_text()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
