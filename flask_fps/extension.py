"""The extension object: all that a shop calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from typing import TypeVar

from flask import Flask
from flask import redirect
from flask import Response as FileResponse
from werkzeug.wrappers import Response

from . import accounts
from . import checkup
from . import cli
from . import downloads
from . import gate
from .addresses import claim_link
from .addresses import link_to_start
from .assembly import fps_gateway
from .buyers import current_buyer
from .checkout import Amount
from .config import Config
from .errors import OrderError
from .errors import see
from .errors import SetupError
from .ledger import system_time
from .logs import log
from .orders import make_order
from .protocol.client import Client
from .records import Grant
from .records import Item
from .records import Payment
from .records import Refund
from .signals import refuse_coroutine
from .state import ACCOUNT
from .state import AppState
from .state import current_fps
from .state import free_of_writes
from .views import blueprint
from .wiring import app_state
from .wiring import check_handler_name
from .wiring import Clock
from .wiring import GatewayFactory
from .wiring import Registrations
from .worker import Pass
from .worker import Worker

F = TypeVar("F", bound=Callable[..., Any])


class FPS:
    """One-time payments by Amazon FPS's dance, for a Flask shop.

    :param app: an app to initialise at once; with a factory call :meth:`init_app` instead.
    :param db: the shop's Flask-SQLAlchemy object or a SQLAlchemy Engine: the ledger lives in that
        database, and what handlers add to their ``session`` commits together with the delivery mark.
        Without it the ledger keeps a database of its own (``FPS_DATABASE_URI``).
    :param gateways: other providers by name, for ``FPS_GATEWAY``.
    :param transport: a ``requests.Session`` for all calls to the provider, for tests.
    :param clock: aware UTC time, for tests. On PostgreSQL leases and due times go by the database's own clock: what
        counts there is by how much this one differs from the system's.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        db: Any = None,
        gateways: Mapping[str, GatewayFactory] | None = None,
        transport: Any = None,
        clock: Clock | None = None,
    ) -> None:
        known = {"fps": fps_gateway, **(gateways or {})}
        self._shop = Registrations(db=db, gateways=known, transport=transport, clock=clock or system_time)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, *, db: Any = None) -> None:
        """Mount the extension's pages and keep everything it needs in ``app.extensions["fps"]``.

        All ``FPS_*`` keys are read here, once. The order relative to ``db.init_app`` does not matter.

        :param db: this app's database, where a factory makes it: in place of that of ``FPS(db=…)``.
        :raises RuntimeError: wrong or missing settings, all of them with their fixes; a second call; or no app.
        """
        if not isinstance(app, Flask):
            raise SetupError(f"FPS(app) and init_app take the Flask app, not {type(app).__name__}: write FPS(db=db)")
        if "fps" in app.extensions:
            raise SetupError("an FPS is already registered on this app: call init_app once, or make one FPS per app")
        config = Config.read(app.config, gateways=self._shop.gateways, currencies=accounts.currencies(app.config))
        db = self._shop.db if db is None else db
        if db is not None and config.database_uri is not None:
            raise SetupError(
                "FPS_DATABASE_URI is set, but FPS(db=…) says where the ledger is: remove one of them"
                f"{see('FPS_DATABASE_URI')}"
            )
        configs = accounts.read(app.config, config, self._shop.gateways)
        app.extensions["fps"] = app_state(app, config, configs, self._shop, db)
        self._shop.is_on_an_app = True
        app.register_blueprint(blueprint, url_prefix=config.url_prefix)
        app.context_processor(lambda: {"fps": self})
        app.before_request(checkup.at_first_request())
        app.before_request(gate.refuse_open_door)
        app.cli.add_command(cli.fps)
        if config.is_local:
            _say_local(config)

    # What a shop registers

    def buyer_loader(self, loader: F) -> F:
        """Register the function that tells who is signed in: a stable id, or ``None`` for a guest."""
        self._shop.buyer_loader = loader
        return loader

    def contact_loader(self, loader: F) -> F:
        """Register the function that tells where the visitor can be written to: an e-mail address, or ``None``."""
        self._shop.contact_loader = loader
        return loader

    def account_loader(self, loader: F) -> F:
        """Register the function that tells who is paid: ``loader(items)`` gives a name of ``FPS_ACCOUNTS`` or ``None``.

        It is asked for every link and at every gate, of a cart for each item alone: the same item must always give the
        same name. An order whose items are of several accounts is refused.
        """
        self._shop.account_loader = loader
        return loader

    def fulfillment(self, name: str) -> Callable[[F], F]:
        """Register a handler for work outside the database, such as a mail: ``handler(payment)``.

        It runs in no transaction, at least once: de-duplicate on ``payment.reference``. It has its own
        place in the outbox under this name and is tried again until it returns. A factory may register it again.

        :raises RuntimeError: the name is none, or is taken, or the handler is a coroutine function and the extra
            ``async`` is not installed.
        """
        check_handler_name(name)

        def register(handler: F) -> F:
            self._shop.add_handler(name, handler)
            return handler

        return register

    def payment_required(self, sold: gate.Sold | Callable[..., Any]) -> Callable[[F], F]:
        """Let only those into a view who have bought ``sold``: :func:`flask_fps.gate.payment_required`."""
        return gate.payment_required(sold, self._state)

    def refund_policy(self, policy: F) -> F:
        """Register which goods a refund takes back: ``policy(payment, line, refunded)`` for each line.

        ``refunded`` is the Decimal that was given back in all; true: the buyer loses the line. Without a policy
        whoever gets all of it back loses all lines, and nobody else loses any. It is asked when a refund is done,
        and again if one fails after that; it must not write to the database.

        :raises RuntimeError: for a coroutine function where the extra ``async`` is not installed.
        """
        refuse_coroutine(policy)
        self._shop.policy = policy
        return policy

    # What a shop asks

    def start_url(
        self, *items: Item, next_url: str | None = None, order_key: str | None = None, reserve: bool = False
    ) -> str:
        """The link under which these items are paid for, at the price they have now.

        It holds nothing of the visitor and may stand in a cached page; it is good for ``FPS_ORDER_MAX_AGE``.

        :param next_url: a path of the shop to offer once it is paid.
        :param order_key: the shop's own name of this order: one order, at most one success.
        :param reserve: only hold the money; :meth:`settle` takes it, :meth:`cancel` gives it up.
        :raises OrderError: for what cannot be sold.
        """
        state = self._state()
        order = make_order(items, state.terms_for(items), next_url=next_url, key=order_key, reserve=reserve)
        gateway = state.gateways[order.account]
        if reserve and not gateway.limits.can_reserve:
            raise OrderError(f"the gateway {gateway.name!r} cannot reserve: leave out reserve=True")
        return link_to_start(state, order)

    def checkout(
        self, *items: Item, next_url: str | None = None, order_key: str | None = None, reserve: bool = False
    ) -> Response:
        """The redirect to :meth:`start_url`, for views."""
        return redirect(self.start_url(*items, next_url=next_url, order_key=order_key, reserve=reserve), 303)

    def is_paid(self, *items: Item) -> bool:
        """Does the buyer of this request own all of these, each in its quantity? One query for each account."""
        if None in items:
            raise TypeError("is_paid asks about Items: where None says that nothing is to pay, leave the question out")
        return gate.owns(self._state(), items)

    def owned(self, *items: Item) -> set[str]:
        """Which of these the buyer of this request may have now, by ``sku``: one query for each account."""
        return gate.owned(self._state(), items)

    def purchases(self) -> list[Payment]:
        """Paid payments of this request's buyer of which a line was not refunded, newest first.

        Those that are used up or expired are among them: :meth:`grants` tells, and :meth:`is_paid` counts what is
        still good.
        """
        state = self._state()
        buyer = current_buyer(state)
        return state.ledger.rights.purchases(list(state.gateways), buyer) if buyer else []

    def claim_url(self, payment: Payment) -> str:
        """A link that carries this purchase to whoever opens it, for ``FPS_CLAIM_AGE``; limits count together."""
        return claim_link(self._state(), _payment(payment))

    def download_url(self, payment: Payment, endpoint: str, **values: Any) -> str:
        """The whole address of a view behind the gate, good without a cookie for ``FPS_DOWNLOAD_LINK_AGE``.

        It opens this address only, for what this payment bought, within its limits. Somebody the shop knows as
        another buyer is refused.
        """
        return downloads.download_url(self._state(), _payment(payment), endpoint, **values)

    def grants(self, payment: Payment | str) -> list[Grant]:
        """The right to each line of a payment: how often and until when it may be downloaded."""
        return self._state().ledger.rights.grants(_reference(payment))

    def renew_downloads(self, payment: Payment | str, *, downloads: int | None = None, days: int | None = None) -> None:
        """Give a buyer so many more downloads, and at least so many days from now, of what has a limit.

        :raises ValueError: neither is given, or one is no whole number from 1 to 10000; nothing was changed.
        """
        self._state().ledger.rights.renew_downloads(_reference(payment), downloads, days)

    def send_from_directory(self, directory: str | os.PathLike[str], path: str, **options: Any) -> FileResponse:
        """As Flask's, for views behind the gate: Range and conditions, streamed, or handed to the web server.

        :param directory: relative to the app; a file outside of it, also by a symbolic link, is a 404.
        :param options: as :func:`flask.send_file` takes them.
        """
        return downloads.send_from_directory(self._state(), directory, path, **options)

    def payment(self, reference: str) -> Payment | None:
        """One payment, whoever made it; ``None`` if there is none of this reference."""
        return self._state().ledger.payment(reference)

    def refund(self, reference: Payment | str, amount: Amount | None = None, *, key: str | None = None) -> Refund:
        """Give a payment back, whole or in part. Never more than was paid, whoever else gives back meanwhile.

        What the provider has not answered stays under way, counts as spent, and is driven to its end by the
        worker; :data:`~flask_fps.payment_refunded` or :data:`~flask_fps.payment_refund_failed` tells.

        :param amount: in the payment's currency; ``None`` gives back all that is left.
        :param key: the shop's own name of this refund: the same key is the same refund, however often it is
            asked for. Without it one is made from payment, amount and the refunds so far.
        :raises Refused: this payment does not allow it; the message says why, and nothing was sent.
        :raises LedgerBusy: the database does not answer. Nothing was sent, but the refund may be written down, and
            the worker gives it back then: repeat it with this error's ``key`` only, or it may go back twice.
        :raises RuntimeError: the request's own session has an open write: commit first.
        """
        return free_of_writes(self._state(), "refund").checkout.refund(_reference(reference), amount, key)

    def refunds(self, reference: Payment | str) -> list[Refund]:
        """The refunds of a payment, oldest first: asked for here, made by hand at the provider, and chargebacks."""
        return self._state().ledger.refunds.of(_reference(reference))

    def settle(self, reference: Payment | str, amount: Amount | None = None) -> Payment:
        """Take what is reserved, all or a part, once: what is not taken goes back to the buyer.

        What the provider has not answered leaves the payment ``reserved`` and is driven to its end by the worker.

        :return: the payment as it stands now; ``paid`` if the provider has said so.
        :raises Refused: it is not reserved, is being settled or cancelled already, or the amount is above what is
            held; nothing was sent.
        :raises LedgerBusy: the database does not answer. Nothing was sent, but it may be written down, and the
            worker sends it then: asked for again, it is the same request.
        :raises RuntimeError: the request's own session has an open write: commit first.
        """
        return free_of_writes(self._state(), "settle").checkout.settle(_reference(reference), amount)

    def cancel(self, reference: Payment | str) -> Payment:
        """Give up what is reserved: the buyer's money is free again. Raises as :meth:`settle` does."""
        return free_of_writes(self._state(), "cancel").checkout.cancel(_reference(reference))

    def reconcile(self, limit: int | None = None, seconds: float | None = None, *, everything: bool = False) -> Pass:
        """Drive what is due once, as ``flask fps reconcile`` does: for cron and other schedulers.

        :param limit: at most so many payments.
        :param seconds: begin nothing new after this time.
        :param everything: also what waits for its next try, as ``--all`` does: for tests.
        :raises RuntimeError: the request's own session has an open write: commit first.
        """
        state = free_of_writes(self._state(), "reconcile")
        worker = Worker(state)
        until = state.ledger.clock() + timedelta(seconds=seconds) if seconds is not None else None
        return worker.reconcile(worker.unfinished(everything)[:limit], early=everything, until=until)

    @property
    def client(self) -> Client:
        """The FPS API under this shop's plain keys: ``fps.client.send(GetAccountBalance())``.

        :raises RuntimeError: the gateway of these keys does not speak FPS.
        """
        return self.client_for(ACCOUNT)

    def client_for(self, account: str) -> Client:
        """As :attr:`client`, under the keys of one of ``FPS_ACCOUNTS``.

        :raises RuntimeError: there is no such account, or its gateway does not speak FPS.
        """
        gateways = self._state().gateways
        if account not in gateways:
            known = ", ".join(gateways)
            raise SetupError(f"there is no account {account!r:.80}: the accounts are {known}{see('FPS_ACCOUNTS')}")
        client: Client | None = getattr(gateways[account], "client", None)
        if client is None:
            raise SetupError(f"fps.client speaks FPS, and FPS_GATEWAY names another gateway{see('FPS_GATEWAY')}")
        return client

    def register_admin(
        self, app: Flask, *, url_prefix: str = "/fps-admin", allow: Callable[[], object] | None = None
    ) -> None:
        """Mount the operator's pages: payments, their stories, refunds, and what is parked for an operator.

        :param allow: called before every page, in its request: true, or the name of who decides, lets them in.
            Without it the pages are closed to everybody, and so they are where it returns anything else.
        :raises RuntimeError: Flask-WTF is not installed.
        """
        try:
            from .admin import admin_blueprint
        except ImportError as error:
            raise SetupError('the operator\'s pages need Flask-WTF: pip install "Flask-FPS[admin]"') from error
        app.register_blueprint(admin_blueprint(allow), url_prefix=url_prefix)

    def upgrade(self) -> None:
        """Make or upgrade the ledger's tables, as ``flask fps db upgrade`` does.

        :raises RuntimeError: the shop's own migrations would drop them; the message has the line to add.
        """
        self._state().upgrade()

    def _state(self) -> AppState:
        """What this object keeps for the current app.

        :raises RuntimeError: it was never given to this app, so that its loaders and handlers are not called here.
        """
        state = current_fps()
        if state.registrations is not self._shop:
            raise SetupError(
                "this FPS was never given to this app, and what is registered with it is not called: "
                "call init_app on it, or use the one that was"
            )
        return state


def _reference(of: Payment | str) -> str:
    """A payment's reference, by itself or of the payment.

    :raises TypeError: it is neither.
    """
    found: object = of.reference if isinstance(of, Payment) else of
    if not isinstance(found, str):
        raise TypeError(f"this takes a Payment or its reference, not {found!r:.80}")
    return found


def _payment(found: Payment) -> Payment:
    if not isinstance(found, Payment):
        raise TypeError(f"this takes a Payment, such as fps.payment(reference) finds, not {found!r:.80}")
    return found


def _say_local(config: Config) -> None:
    if config.gateway == "fps":
        log.warning("FPS_ENVIRONMENT is 'local': the sandbox at %s, no real money", config.sandbox_url)
    else:
        log.warning(
            "FPS_ENVIRONMENT is 'local', for this machine only; what moves is what the gateway %r moves", config.gateway
        )
