"""``flask fps tokens``: the tokens on the shop's own account, and those which API version 2007-01-08 wants to see."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
from flask.cli import AppGroup

from ..config import Config
from ..errors import see
from ..protocol.client import Client
from ..protocol.dialects.v2007_01_08.own_tokens import INSTRUCTIONS
from ..protocol.dialects.v2007_01_08.own_tokens import own_token
from ..protocol.messages import GetTokens
from ..state import AppState
from ..state import current_fps
from .options import account_option
from .options import json_option
from .provider import Asking
from .provider import fps_of
from .provider import json_as_fps_says_it
from .provider import plain
from .tables import moment
from .tables import show_table

tokens = AppGroup("tokens", help="The tokens on the shop's own account.")


@tokens.command(short_help="Make and store what 2007-01-08 needs, once.")
@account_option
@json_option("One JSON array")
def install(account: str, as_json: bool) -> None:
    """Make the caller's and the recipient's token and store them; what is there and works is left alone."""
    state = current_fps()
    client = _client(state, account)
    with Asking():
        made = list(_installed(state, account, client))
    if as_json:
        click.echo(json.dumps([dict(zip(("role", "what", "token"), each, strict=True)) for each in made], indent=2))
    else:
        show_table(("ROLE", "WHAT", "TOKEN"), made)


@tokens.command("list", short_help="List the tokens on the account itself.")
@click.option("--inactive", is_flag=True, help="Those that are cancelled or used up.")
@account_option
@json_as_fps_says_it
def list_tokens(inactive: bool, account: str, as_json: bool) -> None:
    """List the tokens on the account itself, as FPS has them; not those of buyers."""
    with Asking():
        found = fps_of(current_fps(), account).send(GetTokens(token_status="Inactive" if inactive else None)).tokens
    if as_json:
        click.echo(json.dumps([plain(each) for each in found], indent=2))
    elif not found:
        click.echo("FPS lists no such token on this account.")
    else:
        rows = ((t.token_id, t.token_type, t.token_status, moment(t.date_installed), t.caller_reference) for t in found)
        gives = {"REFERENCE": 0, "INSTALLED": 0, "TYPE": 0}
        show_table(("TOKEN", "TYPE", "STATUS", "INSTALLED", "REFERENCE"), rows, gives=gives)


def _installed(state: AppState, account: str, client: Client) -> Iterator[tuple[str, str, str]]:
    gateway = state.gateways[account].name
    stored = state.ledger.role_tokens.get(account, gateway)
    for role in INSTRUCTIONS:
        configured = _configured(state.configs[account], role)
        if configured is not None:
            yield role, "configured", configured
            continue
        token = own_token(client, role, stored.get(role))
        state.ledger.role_tokens.keep(account, gateway, role, token.token_id)
        yield role, token.how, token.token_id


def _configured(config: Config, role: str) -> str | None:
    return {"caller": config.caller_token, "recipient": config.recipient_token}[role]


def _client(state: AppState, account: str) -> Client:
    """The client of an account whose version knows such tokens.

    :raises click.ClickException: there is no such account, its gateway speaks something else, or it needs none.
    """
    fps_of(state, account)
    client: Client = state.gateways[account].client  # type: ignore[attr-defined]
    if not client.dialect.with_caller_token:
        said = "these tokens are for FPS_API_VERSION 2007-01-08: the configured one has none"
        raise click.ClickException(f"{said}{see('FPS_API_VERSION')}")
    return client
