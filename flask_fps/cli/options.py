"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import TypeVar

import click

from ..state import ACCOUNT

F = TypeVar("F", bound=Callable[..., Any])

account_option = click.option("--account", default=ACCOUNT, show_default=True, help="Of which account of FPS_ACCOUNTS.")


class Days(click.FloatRange):
    """A number of days, whole or not, from just above 0."""

    name = "number of days"

    def __init__(self) -> None:
        super().__init__(0, 36500, min_open=True)


def json_option(what: str) -> Callable[[F], F]:
    """``--json``.

    :param what: what it writes.
    """
    return click.option("--json", "as_json", is_flag=True, help=f"{what}, for scripts.")
