"""Wires the rooms of this package together for one app, from its settings and what the shop registered."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from typing import Any
from weakref import WeakSet

from flask import Flask

from . import accounts
from . import claims
from . import housing
from .assembly import with_stored_tokens
from .binding import bound
from .binding import freshener
from .binding import handler
from .binding import in_context
from .binding import name_of
from .binding import teller
from .checkout import all_or_nothing
from .checkout import Checkout
from .checkout import Desk
from .checkout import Policy
from .config import Config
from .errors import see
from .errors import SetupError
from .gateways import Gateway
from .gateways.watched import watched
from .gateways.watched import Watcher
from .ledger import COMPLETED
from .ledger import home_of
from .ledger import Ledger
from .ledger import Store
from .ledger import Terms
from .links import Links
from .links import secret_keys
from .records import Item
from .records import Payment
from .signals import own_name
from .signals import payment_completed
from .signals import refuse_coroutine
from .state import AppState

Clock = Callable[[], datetime]
Handlers = dict[str, Callable[[Payment], object]]
#: So many characters of a handler's name the outbox has room for.
HANDLER_NAME_LENGTH = 128
#: And of a gateway's.
GATEWAY_NAME_LENGTH = 64
#: ``factory(config, account, transport, clock)`` makes one account's gateway; ``transport`` is what
#: :class:`~flask_fps.FPS` was given: a ``requests.Session``, or ``None`` for one of the gateway's own.
GatewayFactory = Callable[[Config, str, Any, Clock], Gateway]


@dataclass(eq=False)
class Registrations:
    """What one shop gave to its :class:`~flask_fps.FPS` and registered with it, for every app it is on.

    The loaders, the handlers and the policy may still come after ``init_app``: they are looked up when needed.
    """

    db: Any
    gateways: dict[str, GatewayFactory]
    transport: Any
    clock: Clock
    buyer_loader: Callable[[], object] | None = None
    contact_loader: Callable[[], object] | None = None
    account_loader: Callable[[tuple[Item, ...]], str | None] | None = None
    handlers: Handlers = field(default_factory=dict)
    policy: Policy = all_or_nothing
    is_on_an_app: bool = False

    def __post_init__(self) -> None:
        _MADE.add(self)

    @property
    def carried(self) -> list[str]:
        """By name, what the shop has registered."""
        loaders = ("buyer_loader", "contact_loader", "account_loader")
        policy = ["refund_policy"] if self.policy is not all_or_nothing else []
        return [
            *(name for name in loaders if getattr(self, name) is not None),
            *policy,
            *(f"fulfillment({name!r})" for name in self.handlers),
        ]

    def named_handlers(self, config: Config) -> Handlers:
        """The shop's handlers, and ours that writes to the buyer."""
        ours: Handlers = {claims.RECEIPT: claims.send_receipt} if config.send_receipt else {}
        return {**ours, **self.handlers}

    def add_handler(self, name: str, handler: Callable[[Payment], object]) -> None:
        """A function registered again under its own module and qualified name takes the earlier one's place.

        :raises SetupError: another function has this name, or this process could not call it.
        """
        refuse_coroutine(handler)
        earlier = self.handlers.get(name, handler)
        if earlier is not handler and (own_name(earlier) is None or own_name(earlier) != own_name(handler)):
            raise SetupError(
                f"fulfillment({name!r}) is {name_of(earlier)} already: give {name_of(handler)} another name"
            )
        self.handlers[name] = handler

    def missing_handlers(self, app: Flask, config: Config) -> tuple[str, ...]:
        """Names that ``FPS_EXPECT_HANDLERS`` wants and this process lacks."""
        here = set(self.handlers) | {name_of(receiver) for receiver in payment_completed.receivers_for(app)}
        return tuple(name for name in config.expect_handlers if name not in here)


#: Those of every FPS object of this process.
_MADE: WeakSet[Registrations] = WeakSet()


def unheard(db: Any) -> tuple[str, ...]:
    """What FPS objects carry that no app was given: a second object in place of ``init_app`` is easily made.

    :param db: the app's: an FPS on another database is another shop's.
    """
    alone = [each for each in _MADE if each.carried and not each.is_on_an_app]
    return tuple(", ".join(each.carried) for each in alone if each.db is None or each.db is db)


def check_handler_name(name: object) -> None:
    """A handler has a place of its own in the outbox, under a name of its own.

    :raises SetupError: it cannot have this one.
    """
    if not isinstance(name, str) or not name.isprintable() or not 1 <= len(name) <= HANDLER_NAME_LENGTH:
        raise SetupError(
            f"fulfillment takes the handler's name, a text of 1 to {HANDLER_NAME_LENGTH} printable characters, "
            f'not {name!r:.80}: write @fps.fulfillment("mail")'
        )
    if name == COMPLETED:
        raise SetupError(
            f"fulfillment({name!r}) is the name of the signal: connect the function to it "
            "(@payment_completed.connect), or give the handler another name"
        )
    if name == claims.RECEIPT:
        raise SetupError(
            f"fulfillment({name!r}) is the name of FPS_SEND_RECEIPT's handler: give yours another name"
            f"{see('FPS_SEND_RECEIPT')}"
        )


def app_state(app: Flask, config: Config, configs: Mapping[str, Config], shop: Registrations, db: Any) -> AppState:
    """Everything the extension keeps for this app.

    :param config: of the plain ``FPS_*`` keys.
    :param configs: of each account, by name.
    :param db: the shop's database, or ``None`` for one of our own.
    """
    home = home_of(db, config.database_uri or housing.default_database(app), app.app_context)
    watchers: list[Watcher] = []
    ledger = Ledger(Store(home, shop.clock))
    gateways = {name: _gateway(name, each, shop, ledger, watchers) for name, each in configs.items()}
    desk = _desk(app, config, shop, ledger, gateways)
    ledger.store.serves = desk.serves
    return AppState(
        app=app,
        config=config,
        ledger=ledger,
        checkout=Checkout(desk),
        links=_links(app, config, shop),
        gateways=gateways,
        configs=configs,
        account_loader=lambda: shop.account_loader,
        contact_loader=lambda: shop.contact_loader,
        buyer_loader=lambda: shop.buyer_loader,
        end_request_transaction=home.end_request_transaction,
        has_open_write=home.has_open_write,
        missing_handlers=lambda: shop.missing_handlers(app, config),
        registrations=shop,
        unheard=lambda: unheard(db),
        upgrade=lambda: housing.upgrade(app, home),
        watchers=watchers,
    )


def _gateway(account: str, config: Config, shop: Registrations, ledger: Ledger, watchers: list[Watcher]) -> Gateway:
    made: Any = shop.gateways[config.gateway](config, account, shop.transport, shop.clock)
    _check_kind(made, config)
    _check_name(made, config)
    made = with_stored_tokens(made, lambda: ledger.role_tokens.get(account, made.name))
    gateway = watched(made, account, watchers)
    accounts.check_currency(config, gateway)
    return gateway


def _check_kind(made: Any, config: Config) -> None:
    """A factory that forgot its ``return`` makes ``None``."""
    lacks = [name for name in ("name", "limits", "begin", "pay", "status") if not hasattr(made, name)]
    if lacks:
        raise SetupError(
            f"the factory that FPS_GATEWAY {config.gateway!r} names returned {made!r:.80}, which is no gateway: it "
            f"lacks {', '.join(lacks)}{see('FPS_GATEWAY')}"
        )


def _check_name(gateway: Gateway, config: Config) -> None:
    """Every row of the ledger says under this name who moved the money."""
    name: object = gateway.name
    if not isinstance(name, str) or not name.isprintable() or not 1 <= len(name) <= GATEWAY_NAME_LENGTH:
        raise SetupError(
            f"the name of the gateway that FPS_GATEWAY {config.gateway!r} makes is {name!r:.80}: give it a text of "
            f"1 to {GATEWAY_NAME_LENGTH} printable characters{see('FPS_GATEWAY')}"
        )


def _desk(app: Flask, config: Config, shop: Registrations, ledger: Ledger, gateways: Mapping[str, Gateway]) -> Desk:
    return Desk(
        ledger=ledger,
        gateways=gateways,
        clock=ledger.clock,
        new_name=lambda: secrets.token_hex(16),
        tell=teller(app),
        fresh=freshener(app, config),
        handle=handler(app),
        handlers=lambda: bound(app, shop.named_handlers(config)),
        may_deliver=lambda: not shop.missing_handlers(app, config),
        exchange=timedelta(seconds=config.timeout),
        terms=Terms(config.attempt_lifetime, unattended=config.recover == "pay"),
        handler_timeout=config.handler_timeout,
        policy=lambda: in_context(app, shop.policy),
    )


def _links(app: Flask, config: Config, shop: Registrations) -> Links:
    return Links(
        lambda: secret_keys(app.config),
        order_max_age=config.order_max_age,
        file_age=config.download_link_age,
        claim_age=config.claim_age,
        clock=lambda: shop.clock().timestamp(),
    )
