"""Binds the checkout to a Flask app: its signals, its contexts and its handlers."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from .checkout import Policy
from .checkout import Tell
from .config import Config
from .logs import log
from .logs import naming
from .records import Line
from .records import Payment
from .signals import payment_completed
from .signals import PaymentSignal


def teller(app: Flask) -> Tell:
    """Signals that only tell: after the commit, at most once, and whatever a receiver raises is logged."""

    def tell(signal: PaymentSignal, payment: Payment, /, **told: Any) -> None:
        known = naming(payment.reference, signal=signal.name, state=payment.state.value)
        log.info("%s: payment %s is %s", signal.name, payment.reference, payment.state, extra=known)
        with app.app_context():
            for receiver in signal.receivers_for(app):
                try:
                    app.ensure_sync(receiver)(app, payment=payment, **told)
                except Exception:
                    said = signal.name, payment.reference
                    log.exception("a receiver of %s raised; payment %s goes on", *said, extra=known)

    return tell


class HandlersFailed(Exception):
    """Receivers of ``payment_completed`` raised; all of them will be called again."""


def handler(app: Flask) -> Callable[[Payment, Any], None]:
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
                hint = _hint(error, session)
                said = name_of(receiver), payment.reference, hint
                log.exception("%s raised for payment %s%s", *said, extra=naming(payment.reference, handler=said[0]))
                errors.append(f"{name_of(receiver)}: {type(error).__name__}{hint}: {error}")
        if errors:
            raise HandlersFailed("; ".join(errors))

    return handle


def _hint(error: Exception, session: Any) -> str:
    """What to do about a mistake that is easily made."""
    if session is None and "'NoneType'" in str(error):
        return " (no session: the ledger has a database of its own: FPS(db=…), or remember payment.reference)"
    if session is not None and "database is locked" in str(error):
        return " (write through session only: another session of yours waits for this one)"
    return ""


def bound(app: Flask, handlers: Mapping[str, Callable[[Payment], object]]) -> dict[str, Callable[[Payment], None]]:
    """Named handlers as the checkout calls them. Each is looked at when it is called: whoever only needs the names
    must not be stopped by one that cannot be.
    """

    def later(handler: Callable[[Payment], object]) -> Callable[[Payment], None]:
        return lambda payment: app.ensure_sync(handler)(payment)

    return {name: later(handler) for name, handler in handlers.items()}


def in_context(app: Flask, policy: Policy) -> Policy:
    """A policy may look at the app, wherever it is asked."""

    def ask(payment: Payment, line: Line, refunded: Decimal) -> bool:
        with app.app_context():
            return bool(app.ensure_sync(policy)(payment, line, refunded))

    return ask


def freshener(app: Flask, config: Config) -> Callable[[Payment, Callable[[], None]], None]:
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


def name_of(receiver: Callable[..., Any]) -> str:
    return f"{getattr(receiver, '__module__', '?')}.{getattr(receiver, '__qualname__', repr(receiver))}"
