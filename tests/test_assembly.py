"""Which tokens a gateway shows, and when there is no need of any."""

from __future__ import annotations

from datetime import datetime
from datetime import timezone
from typing import Any

import pytest
from flask import Flask

from flask_fps import FPS
from flask_fps.assembly import fps_gateway
from flask_fps.assembly import with_stored_tokens
from flask_fps.cli import fps
from flask_fps.config import Config
from flask_fps.gateways import Gateway
from flask_fps.gateways.fps import FPSGateway
from flask_fps.protocol.dialects import RoleTokens
from flask_fps.protocol.verifiers import AnyOf
from flask_fps.protocol.verifiers import AwsSignature
from flask_fps.protocol.verifiers import HmacV1

FIRST = {"FPS_API_VERSION": "2007-01-08"}
STORED = {"caller": "c" * 64, "recipient": "r" * 64}


def gateway(settings: dict[str, Any]) -> FPSGateway:
    made = fps_gateway(Config.read(settings), "default", None, lambda: datetime.now(timezone.utc))
    assert isinstance(made, FPSGateway)
    return made


def tokens(made: Gateway) -> RoleTokens:
    assert isinstance(made, FPSGateway)
    return made.tokens()


def test_stored_tokens_stand_in_for_those_that_are_not_configured() -> None:
    configured = gateway({**FIRST, "FPS_RECIPIENT_TOKEN": "R" * 64})
    assert tokens(with_stored_tokens(configured, lambda: STORED)) == RoleTokens("c" * 64, "R" * 64)
    assert tokens(with_stored_tokens(gateway(FIRST), lambda: STORED)) == RoleTokens(**STORED)


def test_nothing_is_looked_up_where_it_is_not_needed() -> None:
    def never() -> dict[str, str]:
        raise AssertionError("asked")

    both = {**FIRST, "FPS_CALLER_TOKEN": "C" * 64, "FPS_RECIPIENT_TOKEN": "R" * 64}
    assert tokens(with_stored_tokens(gateway(both), never)) == RoleTokens("C" * 64, "R" * 64)
    assert tokens(with_stored_tokens(gateway({}), never)) == RoleTokens()


@pytest.mark.parametrize(
    ("settings", "judge"),
    [
        ({}, AnyOf),
        ({"FPS_API_VERSION": "2008-09-17", "FPS_RETURN_SIGNATURE": "v1"}, HmacV1),
        (FIRST, AwsSignature),
    ],
)
def test_the_settings_choose_the_one_judge_of_messages(settings: dict[str, Any], judge: type) -> None:
    assert isinstance(gateway(settings).verifier(), judge)


@pytest.mark.parametrize(
    ("settings", "arguments", "told"),
    [
        ({}, (), "for FPS_API_VERSION 2007-01-08"),
        (FIRST, ("--account", "moon"), "moon"),
    ],
)
def test_tokens_are_for_accounts_of_the_first_version(
    settings: dict[str, Any], arguments: tuple[str, ...], told: str, tmp_path: Any
) -> None:
    app = Flask("tokens")
    app.config.update(SECRET_KEY="x", FPS_DATABASE_URI=f"sqlite:///{tmp_path / 'fps.sqlite'}", **settings)
    FPS(app)
    result = app.test_cli_runner().invoke(fps, ["tokens", "install", *arguments])
    assert result.exit_code != 0
    assert told in result.output
