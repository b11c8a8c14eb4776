"""What is released: the wheel holds all that the package needs, and sells a song by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ("flask_fps", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
BUILD = "from setuptools import build_meta as b; print(b.build_wheel('dist')); print(b.build_sdist('dist'))"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel and sdist, built from a copy: the source tree stays as it is."""
    folder = tmp_path_factory.mktemp("release")
    for name in SOURCE:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, capture_output=True)
    return folder / "dist"


def package_files() -> set[str]:
    files = (ROOT / "flask_fps").rglob("*")
    return {str(each.relative_to(ROOT)) for each in files if each.is_file() and each.suffix != ".pyc"}


def test_the_wheel_holds_every_file_of_the_package(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {name for name in names if name.startswith("flask_fps/")} == package_files()
    for needed in (
        "py.typed",
        "static/fps.css",
        "templates/flask_fps/payment.html",
        "ledger/migrations/script.py.mako",
    ):
        assert f"flask_fps/{needed}" in names
    assert any(name.endswith("LICENSE") for name in names)


def test_the_sdist_builds_what_the_wheel_holds(dist: Path) -> None:
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert package_files() <= names
    assert {"setup.cfg", "pyproject.toml", "README.md", "LICENSE"} <= names


def test_the_story_from_the_wheel(dist: Path, tmp_path: Path) -> None:
    [wheel] = dist.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    story = tmp_path / "story"
    (story / "tests").mkdir(parents=True)
    for name in ("README.md", "setup.cfg", "tests/conftest.py", "tests/test_readme.py"):
        shutil.copy(ROOT / name, story / name)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    where = [sys.executable, "-c", "import flask_fps; print(flask_fps.__file__)"]
    found = subprocess.run(where, cwd=story, env=environment, check=True, capture_output=True, text=True).stdout
    assert found.startswith(str(tmp_path / "site"))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/test_readme.py"],
        cwd=story,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert run.returncode == 0, run.stdout
    written = (story / "tests" / "test_readme.py").read_text().count("\ndef test_")
    assert f"{written} passed" in run.stdout
