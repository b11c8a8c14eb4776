"""``flask fps sandbox``: an FPS of one's own, to try a shop with."""

from __future__ import annotations

import click
from flask.cli import ScriptInfo

from ..config import Config
from ..errors import SetupError


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    short_help="Run the FPS sandbox on this machine.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def sandbox(ctx: click.Context, options: tuple[str, ...]) -> None:
    """Run the FPS sandbox; takes the options of ``python -m flask_fps.sandbox``.

    It listens where the app's ``FPS_SANDBOX_URL`` says, if there is an app and the options say nothing else.
    """
    from ..sandbox.command import main

    where = _sandbox_url(ctx)
    raise SystemExit(main(list(options), name="flask fps sandbox", **({"url": where} if where else {})))


def _sandbox_url(ctx: click.Context) -> str | None:
    """The app's setting; a sandbox needs no app, nor one that is set up already."""
    try:
        app = ctx.ensure_object(ScriptInfo).load_app()
    except (click.UsageError, SetupError):
        return None
    state = app.extensions.get("fps")
    config: Config | None = state.config if state is not None else None
    return config.sandbox_url if config is not None and config.is_local else None
