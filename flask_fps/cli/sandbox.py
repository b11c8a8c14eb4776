"""``flask fps sandbox``: an FPS of one's own, to try a shop with."""

from __future__ import annotations

import click


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    short_help="Run the FPS sandbox on this machine.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def sandbox(options: tuple[str, ...]) -> None:
    """Run the FPS sandbox; takes the options of ``python -m flask_fps.sandbox``."""
    from ..sandbox.command import main

    raise SystemExit(main(list(options)))
