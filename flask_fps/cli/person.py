"""Who sits at the terminal, and what they are asked."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from typing import Any
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

by_option = click.option(
    "--by", default=lambda: somebody(), help="Who decides this; else the name you are logged in as."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def somebody() -> str:
    """The name of who is logged in, as far as the machine knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def confirm(question: str, yes: bool) -> None:
    """Go on only if they agree. Without a terminal that is a no.

    :raises click.Abort: they do not.
    """
    if not yes:
        click.confirm(question, abort=True, err=True)
