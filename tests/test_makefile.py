"""The two commands, as far as they can be tested without making an environment again."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
Calls = list[tuple[str, ...]]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`.ci/bootstrap.py`, working in a folder of this test's own."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / ".ci" / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    for name in ("setup.cfg", "pyproject.toml"):
        (tmp_path / name).write_text("as it is")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", venv / "installed.json")
    monkeypatch.setattr(module, "UNFINISHED", venv / "unfinished")
    return module


@pytest.fixture
def calls(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The commands it would run."""
    made: Calls = []
    monkeypatch.setattr(bootstrap, "run", lambda *command, **environment: made.append(command))
    return made


@pytest.fixture
def venv(bootstrap: ModuleType) -> Path:
    folder: Path = bootstrap.VENV
    folder.mkdir()
    return folder


def installs(calls: Calls) -> list[str]:
    return [call[-1].rpartition("[")[2].rstrip("]") for call in calls if "install" in call]


def test_make_alone_lists_every_target() -> None:
    alone = ["make", "--no-print-directory"]
    listed = subprocess.run(alone, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert [line.split()[1] for line in listed.splitlines()] == phony[1].split()


def test_a_second_run_installs_nothing(bootstrap: ModuleType, calls: Calls, venv: Path) -> None:
    bootstrap.install({"test"})
    bootstrap.install({"test"})
    assert installs(calls) == ["test"]


def test_what_was_installed_stays_installed(bootstrap: ModuleType, calls: Calls, venv: Path) -> None:
    bootstrap.install({"dev"})
    bootstrap.install({"example"})
    bootstrap.install({"dev"})
    assert installs(calls) == ["dev", "dev,example"]


def test_changed_metadata_is_installed_again(bootstrap: ModuleType, calls: Calls, venv: Path) -> None:
    bootstrap.install({"test"})
    (bootstrap.ROOT / "setup.cfg").write_text("one more requirement")
    bootstrap.install(set())
    assert installs(calls) == ["test", "test"]


def test_an_installation_that_fails_leaves_no_stamp(
    bootstrap: ModuleType, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*command: str, **environment: str) -> None:
        sys.exit(1)

    monkeypatch.setattr(bootstrap, "run", fail)
    with pytest.raises(SystemExit):
        bootstrap.install({"test"})
    assert not (venv / "installed.json").exists()
    bootstrap.remove_half_made()
    assert not venv.exists()


def test_an_environment_without_pip_is_half_made(bootstrap: ModuleType, venv: Path) -> None:
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to("/nowhere/python")
    bootstrap.remove_half_made()
    assert not venv.exists()


def test_a_note_in_its_place_is_removed(bootstrap: ModuleType) -> None:
    bootstrap.VENV.write_text(".tox/lowest")
    bootstrap.remove_half_made()
    assert not bootstrap.VENV.exists()


def test_a_whole_environment_is_kept(bootstrap: ModuleType, venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    (venv / "installed.json").write_text(json.dumps({"digest": "", "extras": []}))
    bootstrap.remove_half_made()
    assert venv.exists()


def test_without_ensurepip_virtualenv_makes_it(
    bootstrap: ModuleType, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "has", lambda module: module == "pip")
    bootstrap.make_venv()
    assert [call[2:4] for call in calls] == [("pip", "install"), ("virtualenv", "--quiet")]
    assert str(bootstrap.ROOT / "build" / "bootstrap") in calls[0]


def test_without_pip_and_apt_one_line_names_the_package(
    bootstrap: ModuleType, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "has", lambda module: False)
    monkeypatch.setattr(bootstrap, "can_apt", lambda: False)
    with pytest.raises(SystemExit, match="python3-venv"):
        bootstrap.make_venv()
    assert calls == [] and not bootstrap.VENV.exists()


def test_what_the_browser_tests_need_is_installed(
    bootstrap: ModuleType, calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    monkeypatch.setattr(bootstrap, "find_library", lambda name: None)
    monkeypatch.setattr(bootstrap, "can_apt", lambda: True)
    bootstrap.ensure_browser()
    assert calls[-1][-2:] == ("chromium", "libatomic1")
    monkeypatch.setattr(bootstrap, "can_apt", lambda: False)
    bootstrap.ensure_browser()
    assert "apt-get install chromium libatomic1" in capsys.readouterr().out
