"""Several accounts in one shop: each with keys of its own, and a payment keeps to one for its whole life."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from .config import Config
from .errors import see
from .errors import SetupError
from .gateways import Gateway
from .records import DEFAULT_ACCOUNT

#: Whose money it is: an account that has one of these by itself takes none of them from the plain keys.
IDENTITY = ("ACCESS_KEY", "SECRET_KEY", "RECIPIENT_EMAIL", "CALLER_TOKEN", "RECIPIENT_TOKEN")


def read(mapping: Mapping[str, Any], config: Config, gateways: Collection[str]) -> dict[str, Config]:
    """The settings of every account by name, the plain ones as ``default``.

    :raises RuntimeError: one for all that is wrong in ``FPS_ACCOUNTS``, each with its account, its key and its fix.
    """
    found, problems = {DEFAULT_ACCOUNT: config}, []
    for name, own in config.accounts.items():
        merged = _merged(mapping, own)
        try:
            found[name] = Config.read(merged, gateways=gateways, currencies=currencies(merged))
        except RuntimeError as error:
            problems.append(f"FPS_ACCOUNTS[{name!r}]: {error}")
    if problems:
        hint = f"In FPS_ACCOUNTS a key stands without its FPS_{see('FPS_ACCOUNTS')}"
        raise SetupError("\n".join([*problems, hint]))
    return found


def currencies(mapping: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What the chosen gateway is known to take before it is made; ``None`` where it must be asked."""
    return ("USD",) if mapping.get("FPS_GATEWAY", "fps") == "fps" else None


def check_currency(config: Config, gateway: Gateway) -> None:
    """Refuse prices that the gateway cannot take.

    :raises RuntimeError: naming the key and what it may be.
    """
    taken = gateway.limits.currencies
    if config.currency not in taken:
        raise SetupError(
            f"FPS_CURRENCY is {config.currency!r}: the gateway {gateway.name!r} takes {', '.join(taken)}"
            f"{see('FPS_CURRENCY')}"
        )


def _merged(mapping: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: mapping[key] for key in mapping if key.startswith("FPS_") and key != "FPS_ACCOUNTS"}
    if any(key in own for key in IDENTITY):
        plain = {key: value for key, value in plain.items() if key.removeprefix("FPS_") not in IDENTITY}
    return {**plain, **{f"FPS_{key}": value for key, value in own.items()}}
