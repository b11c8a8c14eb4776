from __future__ import annotations

import subprocess
import sys
from configparser import ConfigParser
from email.message import Message
from importlib.metadata import distribution
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import cast

import pytest

import flask_fps

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def setup_cfg() -> ConfigParser:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    return config


@pytest.fixture(scope="module")
def metadata() -> Message:
    return cast(Message, distribution("Flask-FPS").metadata)


def loaded_after(statement: str) -> set[str]:
    """The modules a fresh Python has loaded after this statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(run.stdout.split())


def test_all_is_exactly_what_is_visible() -> None:
    assert dir(flask_fps) == sorted(flask_fps.__all__)
    for name in flask_fps.__all__:
        assert getattr(flask_fps, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Stripe'"):
        _ = flask_fps.Stripe


def test_importing_the_package_costs_nothing() -> None:
    loaded = loaded_after("import flask_fps")
    assert not loaded & {"flask", "sqlalchemy", "alembic", "cryptography", "requests", "flask_fps.sandbox"}


def test_the_extension_waits_with_what_it_may_never_need() -> None:
    loaded = loaded_after("from flask_fps import FPS, Item, Payment, payment_completed")
    assert not loaded & {"alembic", "cryptography", "flask_fps.sandbox", "flask_fps.testing"}


def test_the_pytest_plugin_waits_until_a_fixture_is_asked_for() -> None:
    loaded = loaded_after("import flask_fps.testing")
    assert not loaded & {"flask", "sqlalchemy", "alembic", "cryptography", "flask_fps.sandbox"}


def test_the_example_shop_uses_only_the_public_api() -> None:
    imports = [
        line.split()[1:]
        for file in (ROOT / "example_app").glob("*.py")
        for line in file.read_text().splitlines()
        if line.startswith(("from flask_fps", "import flask_fps"))
    ]
    assert imports
    for module, _, name in imports:
        assert module == "flask_fps" and name in flask_fps.__all__


def test_metadata(metadata: Message) -> None:
    assert metadata["Name"] == "Flask-FPS"
    assert metadata["Version"] == "0.1.0.dev0"
    assert metadata["Requires-Python"] == ">=3.10"
    extras = {"sandbox", "admin", "postgres", "celery", "metrics", "async", "babel", "example", "test", "docs", "dev"}
    assert extras == set(metadata.get_all("Provides-Extra", []))


def test_every_requirement_has_a_lower_bound_only(setup_cfg: ConfigParser) -> None:
    groups = [setup_cfg["options"]["install_requires"], *setup_cfg["options.extras_require"].values()]
    for requirement in "\n".join(groups).split():
        assert not {"<", "~", "!", ","} & set(requirement.split("[")[0] + requirement.partition("]")[2])
        assert ">=" in requirement or requirement.startswith(("Flask-FPS[", "types-"))


def test_tox_tries_exactly_the_lower_bounds(setup_cfg: ConfigParser) -> None:
    tried = dict(line.split("==") for line in setup_cfg["testenv:lowest"]["deps"].split())
    for requirement in setup_cfg["options"]["install_requires"].split():
        name, _, lowest = requirement.partition(">=")
        assert tried[name].startswith(lowest)


def test_entry_points() -> None:
    (command,) = entry_points(group="flask.commands", name="fps")
    (plugin,) = entry_points(group="pytest11", name="flask_fps")
    assert command.value == "flask_fps.cli:fps"
    assert plugin.value == "flask_fps.testing"


@pytest.mark.parametrize("name", ["py.typed", "static/fps.css", "templates/flask_fps/payment.html"])
def test_what_is_not_python_is_in_the_package(name: str) -> None:
    assert files("flask_fps").joinpath(name).is_file()


def test_every_file_of_the_package_is_packaged(setup_cfg: ConfigParser) -> None:
    package = ROOT / "flask_fps"
    patterns = setup_cfg["options.package_data"]["flask_fps"].split()
    data = {path for pattern in patterns for path in package.glob(pattern)}
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [path for path in files if not (is_module(path) or path in data)] == []


#: What each of these contracts lets its rooms import of ours; the contract itself lists all the others.
MAY_IMPORT = {
    "protocol": {"protocol", "errors"},
    "leaves": {"links", "signals", "errors"},
    "config": {"config", "_rules", "_settings", "errors", "protocol"},
    "sandbox": {"sandbox", "protocol", "errors", "money"},
}


@pytest.mark.parametrize("contract", MAY_IMPORT)
def test_no_room_is_forgotten_in_a_contract(setup_cfg: ConfigParser, contract: str) -> None:
    forbidden = setup_cfg[f"importlinter:contract:{contract}"]["forbidden_modules"].split()
    rooms = {path.stem for path in (ROOT / "flask_fps").iterdir() if path.suffix == ".py" or is_package(path)}
    listed = {module.removeprefix("flask_fps.") for module in forbidden} - {"protocol.*"}
    assert listed == rooms - {"__init__"} - MAY_IMPORT[contract]


def is_package(path: Path) -> bool:
    return (path / "__init__.py").exists()


def is_module(path: Path) -> bool:
    return path.suffix == ".py" and is_package(path.parent)
