"""What one app owns, and how the rooms that serve its requests find it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask import Flask
from flask import has_app_context

from .checkout import Checkout
from .config import Config
from .errors import OrderError
from .errors import see
from .errors import SetupError
from .gateways import Gateway
from .gateways.watched import Watcher
from .ledger import Ledger
from .links import Links
from .orders import Shop
from .records import DEFAULT_ACCOUNT
from .records import Item

#: The account of the plain ``FPS_*`` keys.
ACCOUNT = DEFAULT_ACCOUNT


@dataclass(frozen=True)
class AppState:
    """Everything the extension keeps for one app. Made by ``init_app``; nothing in it changes."""

    app: Flask
    config: Config
    ledger: Ledger
    checkout: Checkout
    links: Links
    #: Of each account, by name.
    gateways: Mapping[str, Gateway]
    configs: Mapping[str, Config]
    #: Asked at each order: the shop's ``account_loader``, or ``None`` while there is none.
    account_loader: Callable[[], Callable[[tuple[Item, ...]], str | None] | None]
    #: Asked at each request: the shop's ``buyer_loader``, or ``None`` while there is none.
    buyer_loader: Callable[[], Callable[[], object] | None]
    #: Likewise ``contact_loader``.
    contact_loader: Callable[[], Callable[[], object] | None]
    #: Ends the shop's own read transaction, so that no lock or connection is held while we call out.
    end_request_transaction: Callable[[], None]
    #: Has the shop's session of this request written something that is not committed?
    has_open_write: Callable[[], bool]
    #: Names that ``FPS_EXPECT_HANDLERS`` wants and this process lacks.
    missing_handlers: Callable[[], tuple[str, ...]]
    #: What the FPS object of this app was made of: another object's are not called here.
    registrations: object
    #: What FPS objects carry that no app was given.
    unheard: Callable[[], tuple[str, ...]]
    upgrade: Callable[[], None]
    #: Told of every call of a gateway, in the thread that made it.
    watchers: list[Watcher]

    @property
    def gateway(self) -> Gateway:
        """Of the account of the plain keys."""
        return self.gateways[ACCOUNT]

    def account_of(self, items: tuple[Item, ...]) -> str:
        """Who is paid for these, and whose books say who has bought them.

        The shop is asked for each alone, as its gates ask: else a right could be bought where nobody looks for it.

        :raises OrderError: they are sold for more than one account.
        :raises RuntimeError: the shop's ``account_loader`` named an account that is not configured.
        """
        names = sorted({self._account_of(item) for item in items} or {ACCOUNT})
        if len(names) > 1:
            raise OrderError(f"one order, one account: these items are sold for {', '.join(names)}; sell them apart")
        return names[0]

    def _account_of(self, item: Item) -> str:
        loader = self.account_loader()
        name = self.app.ensure_sync(loader)((item,)) if loader else None
        if name is None:
            return ACCOUNT
        if name not in self.gateways:
            known = ", ".join(self.gateways)
            raise SetupError(
                f"fps.account_loader returned {name!r:.80}, and the accounts are {known}: name one of them or None, "
                f"or add it to FPS_ACCOUNTS{see('FPS_ACCOUNTS')}"
            )
        return str(name)

    def terms_for(self, items: tuple[Item, ...]) -> Shop:
        """What holds for every one of these that does not say otherwise."""
        account = self.account_of(items)
        return Shop(self.configs[account].currency, self.config.download_limit, self.config.download_days, account)

    @property
    def payee(self) -> str:
        """Who is paid, as buyers read it."""
        return self.config.payee or self.app.name.replace("_", " ").title()


def free_of_writes(state: AppState, what: str) -> AppState:
    """The app's state, where our steps need not wait for the request's own.

    :raises RuntimeError: the shop's session has an open write: commit first.
    """
    if state.has_open_write():
        raise RuntimeError(f"db.session has uncommitted changes, and fps.{what}() needs the database: commit first")
    return state


def current_fps() -> AppState:
    """The extension's state of the current app.

    :raises RuntimeError: outside an application context, or where ``init_app`` was never called.
    """
    state: Any = current_app.extensions.get("fps") if has_app_context() else None
    if state is None:
        raise SetupError(
            "Flask-FPS finds no app here. Either no application context is active (use `with app.app_context():`), "
            "or fps.init_app(app) was not called on this app."
        )
    found: AppState = state
    return found
