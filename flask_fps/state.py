"""What one app owns, and how the rooms that serve its requests find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask import Flask
from flask import has_app_context

from .checkout import Checkout
from .config import Config
from .gateways import Gateway
from .gateways.watched import Watcher
from .ledger import Ledger
from .links import Links
from .orders import Shop

#: The one account there is until more are configured.
ACCOUNT = "default"


@dataclass(frozen=True)
class AppState:
    """Everything the extension keeps for one app. Made by ``init_app``; nothing in it changes."""

    app: Flask
    config: Config
    ledger: Ledger
    checkout: Checkout
    links: Links
    gateway: Gateway
    #: Asked at each request: the shop's ``buyer_loader``, or ``None`` while there is none.
    buyer_loader: Callable[[], Callable[[], object] | None]
    #: Ends the shop's own read transaction, so that no lock or connection is held while we call out.
    end_request_transaction: Callable[[], None]
    #: Has the shop's session of this request written something that is not committed?
    has_open_write: Callable[[], bool]
    #: Names that ``FPS_EXPECT_HANDLERS`` wants and this process lacks.
    missing_handlers: Callable[[], tuple[str, ...]]
    upgrade: Callable[[], None]
    #: Told of every call of a gateway, in the thread that made it.
    watchers: list[Watcher]

    @property
    def terms(self) -> Shop:
        """What holds for every item that does not say otherwise."""
        return Shop(self.config.currency, self.config.download_limit, self.config.download_days)

    @property
    def payee(self) -> str:
        """Who is paid, as buyers read it."""
        return self.config.payee or self.app.name.replace("_", " ").title()


def current_fps() -> AppState:
    """The extension's state of the current app.

    :raises RuntimeError: outside an application context, or where ``init_app`` was never called.
    """
    state: Any = current_app.extensions.get("fps") if has_app_context() else None
    if state is None:
        raise RuntimeError(
            "Flask-FPS finds no app here. Either no application context is active (use `with app.app_context():`), "
            "or fps.init_app(app) was not called on this app."
        )
    found: AppState = state
    return found
