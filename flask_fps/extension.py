"""The extension object: wires the rooms of this package into an app."""

from __future__ import annotations

import contextvars
import logging
import os
import secrets
from collections.abc import Callable
from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import Any
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.wrappers import Response

from . import gate
from .buyers import current_buyer
from .checkout import Checkout
from .checkout import Desk
from .config import Config
from .gateways import Gateway
from .ledger import Home
from .ledger import home_of
from .ledger import Ledger
from .links import Links
from .links import secret_keys
from .orders import make_order
from .protocol.client import Client
from .records import Item
from .records import Payment
from .signals import payment_completed
from .signals import PaymentSignal
from .state import ACCOUNT
from .state import AppState
from .state import current_fps
from .views import blueprint
from .views import link_to_start

log = logging.getLogger("flask_fps")

F = TypeVar("F", bound=Callable[..., Any])
Clock = Callable[[], datetime]
#: Makes one account's gateway of the app's settings.
GatewayFactory = Callable[[Config, str, Client, Clock], Gateway]


class FPS:
    """One-time payments by Amazon FPS's dance, for a Flask shop.

    :param app: an app to initialise at once; with a factory call :meth:`init_app` instead.
    :param db: the shop's Flask-SQLAlchemy object or a SQLAlchemy Engine: the ledger lives in that
        database, and what handlers add to their ``session`` commits together with the delivery mark.
        Without it the ledger keeps a database of its own (``FPS_DATABASE_URI``).
    :param gateways: other providers by name, for ``FPS_GATEWAY``.
    :param clock: aware UTC time, for tests.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        db: Any = None,
        gateways: Mapping[str, GatewayFactory] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._db = db
        self._gateways = {"fps": fps_gateway, **(gateways or {})}
        self._clock = clock or _now
        self._buyer_loader: Callable[[], object] | None = None
        self._handlers: dict[str, Callable[[Payment], object]] = {}
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Mount the extension's pages and keep everything it needs in ``app.extensions["fps"]``.

        All ``FPS_*`` keys are read here, once. The order relative to ``db.init_app`` does not matter.

        :raises RuntimeError: wrong or missing settings, all of them with their fixes; or a second call.
        """
        if "fps" in app.extensions:
            raise RuntimeError("an FPS is already registered on this app: call init_app once, or make one FPS per app")
        config = Config.read(app.config, gateways=self._gateways, currencies=_currencies(app, self._gateways))
        if self._db is not None and config.database_uri is not None:
            raise RuntimeError("FPS_DATABASE_URI is set, but FPS(db=…) says where the ledger is: remove one of them")
        app.extensions["fps"] = self._state(app, config)
        app.register_blueprint(blueprint, url_prefix=config.url_prefix)
        app.context_processor(lambda: {"fps": self})
        if config.is_local:
            log.warning("FPS_ENVIRONMENT is 'local': the sandbox at %s, no real money", config.sandbox_url)

    def _state(self, app: Flask, config: Config) -> AppState:
        home = home_of(self._db, config.database_uri or _default_database(app), app.app_context)
        client = _client(config)
        ledger = Ledger(home, self._clock)
        desk = Desk(
            ledger=ledger,
            gateways={ACCOUNT: self._gateways[config.gateway](config, ACCOUNT, client, self._clock)},
            clock=self._clock,
            new_name=lambda: secrets.token_hex(16),
            tell=_teller(app),
            fresh=_freshener(app, config),
            handle=_handler(app),
            handlers=lambda: _bound(app, self._handlers),
            may_deliver=lambda: not self._missing_handlers(app, config),
            exchange=timedelta(seconds=config.timeout),
            attempt_lifetime=config.attempt_lifetime,
            handler_timeout=config.handler_timeout,
        )
        return AppState(
            app=app,
            config=config,
            ledger=ledger,
            checkout=Checkout(desk),
            links=Links(lambda: secret_keys(app.config), order_max_age=config.order_max_age),
            client=client,
            buyer_loader=lambda: self._buyer_loader,
            end_request_transaction=home.end_request_transaction,
            missing_handlers=lambda: self._missing_handlers(app, config),
            upgrade=lambda: _upgrade(app, home),
        )

    def _missing_handlers(self, app: Flask, config: Config) -> tuple[str, ...]:
        here = set(self._handlers) | {_name(receiver) for receiver in payment_completed.receivers_for(app)}
        return tuple(name for name in config.expect_handlers if name not in here)

    # What a shop registers

    def buyer_loader(self, loader: F) -> F:
        """Register the function that tells who is signed in: a stable id, or ``None`` for a guest."""
        self._buyer_loader = loader
        return loader

    def fulfillment(self, name: str) -> Callable[[F], F]:
        """Register a handler for work outside the database, such as a mail: ``handler(payment)``.

        It runs in no transaction, at least once: de-duplicate on ``payment.reference``. It has its own
        place in the outbox under this name and is tried again until it returns.
        """

        def register(handler: F) -> F:
            self._handlers[name] = handler
            return handler

        return register

    def payment_required(self, sold: gate.Sold | Callable[..., Any]) -> Callable[[F], F]:
        """Let only those into a view who have bought ``sold``: :func:`flask_fps.gate.payment_required`."""
        return gate.payment_required(sold)

    # What a shop asks

    def start_url(self, *items: Item, next_url: str | None = None, order_key: str | None = None) -> str:
        """The link under which these items are paid for, at the price they have now.

        It holds nothing of the visitor and may stand in a cached page; it is good for ``FPS_ORDER_MAX_AGE``.

        :param next_url: a path of the shop to offer once it is paid.
        :param order_key: the shop's own name of this order: one order, at most one success.
        :raises OrderError: for what cannot be sold.
        """
        state = current_fps()
        return link_to_start(state, make_order(items, state.config.currency, next_url=next_url, key=order_key))

    def checkout(self, *items: Item, next_url: str | None = None, order_key: str | None = None) -> Response:
        """The redirect to :meth:`start_url`, for views."""
        from flask import redirect

        return redirect(self.start_url(*items, next_url=next_url, order_key=order_key), 303)

    def is_paid(self, *items: Item) -> bool:
        """Does the buyer of this request own all of these?"""
        return gate.owns(current_fps(), items)

    def purchases(self) -> list[Payment]:
        """What the buyer of this request has paid for and still owns, newest first."""
        state = current_fps()
        buyer = current_buyer(state)
        return state.ledger.purchases(ACCOUNT, buyer) if buyer else []

    def payment(self, reference: str) -> Payment | None:
        """One payment, whoever made it; ``None`` if there is none of this reference."""
        return current_fps().ledger.payment(reference)

    @property
    def client(self) -> Client:
        """The FPS API under this shop's keys: ``fps.client.send(GetAccountBalance())``."""
        return current_fps().client

    def upgrade(self) -> None:
        """Make or upgrade the ledger's tables, as ``flask fps db upgrade`` does.

        :raises RuntimeError: the shop's own migrations would drop them; the message has the line to add.
        """
        current_fps().upgrade()


def fps_gateway(config: Config, account: str, client: Client, clock: Clock) -> Gateway:
    """The gateway that speaks FPS."""
    from .gateways.fps import FPSGateway
    from .protocol.cbui import CBUI

    return FPSGateway(
        client=client,
        cbui=CBUI(
            config.cbui_url,
            config.access_key,
            config.secret_key,
            signature_version="1" if config.return_signature == "v1" else "2",
        ),
        verifier=lambda: _verifier(config, client),
        recipient_email=config.recipient_email,
        methods=config.payment_methods,
        send_notify_url=config.api_version >= "2010-08-28",
        probe=config.is_local,
    )


def _verifier(config: Config, client: Client) -> Any:
    from .protocol.outbound import HmacV1
    from .protocol.outbound import PinnedCertificate
    from .protocol.outbound import RemoteVerification

    if config.return_signature == "v1":
        return HmacV1(config.secret_keys)
    if config.certificates is None:
        return RemoteVerification(client, config.certificate_url)
    return PinnedCertificate(config.certificates[0], config.certificate_url)


def _client(config: Config) -> Client:
    return Client(
        config.api_url,
        config.access_key,
        config.secret_key,
        version=config.api_version,
        timeout=config.timeout,
    )


def _currencies(app: Flask, gateways: Mapping[str, GatewayFactory]) -> tuple[str, ...] | None:
    return ("USD",) if app.config.get("FPS_GATEWAY", "fps") == "fps" else None


def _default_database(app: Flask) -> str:
    return f"sqlite:///{os.path.join(app.instance_path, 'fps.sqlite')}"


def _teller(app: Flask) -> Callable[[PaymentSignal, Payment], None]:
    """Signals that only tell: after the commit, at most once, and whatever a receiver raises is logged."""

    def tell(signal: PaymentSignal, payment: Payment) -> None:
        with app.app_context():
            for receiver in signal.receivers_for(app):
                try:
                    app.ensure_sync(receiver)(app, payment=payment)
                except Exception:
                    log.exception("a receiver of %s raised; payment %s goes on", signal.name, payment.reference)

    return tell


class HandlersFailed(Exception):
    """Receivers of ``payment_completed`` raised; all of them will be called again."""


def _handler(app: Flask) -> Callable[[Payment, Any], None]:
    """Calls every receiver of ``payment_completed``, each in a savepoint where there is a session."""

    def call(receiver: Callable[..., Any], payment: Payment, session: Any) -> None:
        if session is None:
            app.ensure_sync(receiver)(app, payment=payment, session=None)
        else:
            with session.begin_nested():
                app.ensure_sync(receiver)(app, payment=payment, session=session)

    def handle(payment: Payment, session: Any) -> None:
        errors: list[str] = []
        for receiver in payment_completed.receivers_for(app):
            try:
                call(receiver, payment, session)
            except Exception as error:
                log.exception("%s raised for payment %s", _name(receiver), payment.reference)
                errors.append(f"{_name(receiver)}: {type(error).__name__}: {error}")
        if errors:
            raise HandlersFailed("; ".join(errors))

    return handle


def _bound(app: Flask, handlers: Mapping[str, Callable[[Payment], object]]) -> dict[str, Callable[[Payment], None]]:
    return {name: app.ensure_sync(handler) for name, handler in handlers.items()}


def _freshener(app: Flask, config: Config) -> Callable[[Payment, Callable[[], None]], None]:
    """Runs a function as in a worker, in an application context and no request, wherever it is called."""

    def fresh(payment: Payment, function: Callable[[], None]) -> None:
        base = urlsplit(config.external_url or payment.return_url.partition(f"{config.url_prefix}/return?")[0])

        def run() -> None:
            with app.app_context() as context:
                context.url_adapter = app.url_map.bind(
                    base.netloc, script_name=base.path or "/", url_scheme=base.scheme
                )
                function()

        contextvars.Context().run(run)

    return fresh


def _upgrade(app: Flask, home: Home) -> None:
    migrate = app.extensions.get("migrate")
    if not home.own and migrate is not None and not _spares_our_tables(migrate):
        raise RuntimeError(
            "this shop's `flask db migrate` would drop the ledger's tables: add "
            "`Migrate(app, db, include_name=flask_fps.not_fps)` and call it again"
        )
    home.upgrade()


def _spares_our_tables(migrate: Any) -> bool:
    include = getattr(migrate, "configure_args", {}).get("include_name")
    return include is not None and not include("fps_payments", "table", {})


def _name(receiver: Callable[..., Any]) -> str:
    return f"{getattr(receiver, '__module__', '?')}.{getattr(receiver, '__qualname__', repr(receiver))}"


def _now() -> datetime:
    return datetime.now(timezone.utc)
