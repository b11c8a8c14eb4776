"""The sandbox an application belongs to, for its blueprints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from .bank import Bank
from .faults import Faults
from .ipn import Outbox
from .settings import Settings

EXTENSION = "fps_sandbox"


@dataclass(frozen=True)
class Sandbox:
    """What the doors of one sandbox share."""

    bank: Bank
    settings: Settings
    faults: Faults
    outbox: Outbox


def sandbox() -> Sandbox:
    return cast(Sandbox, current_app.extensions[EXTENSION])


def bank() -> Bank:
    return sandbox().bank


def settings() -> Settings:
    return sandbox().settings
