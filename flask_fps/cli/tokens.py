"""``flask fps tokens``: the tokens that stand for the shop itself, which API version 2007-01-08 wants to see."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask.cli import AppGroup

from ..config import Config
from ..protocol.client import Client
from ..protocol.dialects.v2007_01_08.own_tokens import INSTRUCTIONS
from ..protocol.dialects.v2007_01_08.own_tokens import own_token
from ..state import ACCOUNT
from ..state import AppState
from ..state import current_fps
from .payments import table
from .provider import Asking

tokens = AppGroup("tokens", help="The shop's own tokens, for FPS_API_VERSION 2007-01-08.")


@tokens.command()
@click.option("--account", default=ACCOUNT, show_default=True, help="Of which account of FPS_ACCOUNTS.")
def install(account: str) -> None:
    """Make the caller's and the recipient's token and store them; what is there and works is left alone."""
    state = current_fps()
    client = _client(state, account)
    with Asking():
        click.echo(table(("ROLE", "WHAT", "TOKEN"), list(_installed(state, account, client))))


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

    :raises click.ClickException: there is no such account, or it needs none.
    """
    if account not in state.gateways:
        raise click.ClickException(f"no account {account}: the accounts are {', '.join(state.gateways)}")
    client: Client | None = getattr(state.gateways[account], "client", None)
    if client is None or not client.dialect.with_caller_token:
        raise click.ClickException("these tokens are for FPS_API_VERSION 2007-01-08: the configured one has none")
    return client
