from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_fps.testing import Sandbox
from tests.faults.nursery import Nursery
from tests.faults.stage import Stage


@pytest.fixture(scope="session")
def nursery() -> Iterator[Callable[[], Nursery]]:
    """The parent of all processes that are struck down; it is there once it is asked for."""
    found: list[Nursery] = []

    def open_nursery() -> Nursery:
        if not found:
            found.append(Nursery())
        return found[0]

    yield open_nursery
    for each in found:
        each.__exit__()


@pytest.fixture
def stage(fps_sandbox: Sandbox, tmp_path: Path, nursery: Callable[[], Nursery]) -> Iterator[Stage]:
    stage = Stage(fps_sandbox, tmp_path, nursery)
    yield stage
    stage.close()
