"""Puts together the gateway that speaks FPS, from an app's settings."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from .certificates import check
from .certificates import in_force
from .config import Config
from .gateways import Gateway
from .gateways.fps import FPSGateway
from .protocol.cbui import CBUI
from .protocol.client import Client
from .protocol.dialects import RoleTokens
from .protocol.messages import Pay
from .protocol.verifiers import AnyOf
from .protocol.verifiers import AwsSignature
from .protocol.verifiers import HmacV1
from .protocol.verifiers import PinnedCertificate
from .protocol.verifiers import RemoteVerification
from .protocol.verifiers import Verifier

#: ``FPS_RETURN_SIGNATURE`` -> the signature of the URL that leads to the co-branded pages.
_REQUEST_SIGNATURES = {"v2": "2", "v1": "1", "awsSignature": "awsSignature"}


def fps_gateway(config: Config, account: str, transport: Any, clock: Callable[[], datetime]) -> Gateway:
    """The gateway that speaks FPS.

    :raises SetupError: a certificate of the settings can check nothing.
    """
    check(config)
    client = Client(
        config.api_url,
        config.access_key,
        config.secret_key,
        version=config.api_version,
        timeout=config.timeout,
        clock=lambda: clock().timestamp(),
        transport=transport,
    )
    cbui = CBUI(
        config.cbui_url,
        config.access_key,
        config.secret_key,
        signature_version=_REQUEST_SIGNATURES[config.return_signature],
    )
    return FPSGateway(
        client=client,
        cbui=cbui,
        verifier=lambda: _verifier(config, client),
        recipient_email=config.recipient_email,
        methods=config.payment_methods,
        tokens=lambda: RoleTokens(config.caller_token, config.recipient_token),
        recipient_token=config.recipient_token,
        send_notify_url=client.dialect.accepts(Pay, "OverrideIPNURL"),
        probe=config.is_local,
    )


def with_stored_tokens(gateway: Gateway, stored: Callable[[], Mapping[str, str]]) -> Gateway:
    """The same gateway, which also knows the tokens for our own roles that were installed and stored.

    Those of the settings come first. A gateway that speaks no FPS has none.
    """
    if not isinstance(gateway, FPSGateway) or not gateway.client.dialect.with_caller_token:
        return gateway
    configured = gateway.tokens()

    def tokens() -> RoleTokens:
        if configured.caller and configured.recipient:
            return configured
        kept = stored()
        return RoleTokens(configured.caller or kept.get("caller"), configured.recipient or kept.get("recipient"))

    return replace(gateway, tokens=tokens)


def _verifier(config: Config, client: Client) -> Verifier:
    """The one judge of messages that the settings choose; no message chooses another.

    :raises SetupError: every certificate of the settings is out of date.
    """
    if config.return_signature == "awsSignature":
        return AwsSignature(config.secret_keys)
    if config.return_signature == "v1":
        return HmacV1(config.secret_keys)
    if config.certificates is None:
        return RemoteVerification(client, config.certificate_url)
    return AnyOf(tuple(PinnedCertificate(each, config.certificate_url) for each in in_force(config)))
