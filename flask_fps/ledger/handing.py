"""The transaction in which a shop's handlers and the delivery mark commit together, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ..errors import LedgerBusy
from ..errors import LedgerError
from . import outbox
from .engine import database_time
from .engine import take_write_lock

#: What only the ledger may call while handlers run.
RESERVED = ("commit", "rollback", "close", "reset", "invalidate", "prepare")


class ClaimLost(LedgerError):
    """Somebody else delivers this payment now; nothing of ours was kept."""


class HandlerEndedTransaction(LedgerError):
    """A handler ended the transaction that it shares with the delivery mark."""


def deliver_in(
    session: Any,
    engine: Engine,
    delivery: outbox.Delivery,
    now: Callable[[datetime | None], datetime],
    call: Callable[[Any], None],
) -> None:
    """Run the handlers on the shop's own session and write the mark as the last thing of that transaction.

    :param session: a Session or scoped_session of the ledger's database; it is handed to ``call`` as it is.
    :param now: the ledger's time, by what the database's clock says, where that counts.
    :raises ClaimLost: the claim was lost before the mark could be written.
    :raises HandlerEndedTransaction: a handler committed or rolled back behind the guard.
    """
    real: Session = session() if callable(session) else session
    try:
        connection = real.connection(bind_arguments={"bind": engine})
        _refuse_autocommit(connection)
        try:
            take_write_lock(connection)
            if not outbox.still_ours(connection, delivery):
                raise ClaimLost(f"delivery of {delivery.payment.reference} is claimed by another worker")
        except OperationalError as error:
            raise LedgerBusy(f"the ledger's database does not answer: {error.orig}") from error
        opened = real.get_transaction(), connection.get_transaction()
        with _guarded(real):
            call(session)
            real.flush()
        if opened != (real.get_transaction(), connection.get_transaction()) or not real.is_active:
            raise HandlerEndedTransaction(
                "a handler ended the transaction: add to `session`, and leave its end to the ledger"
            )
        if not outbox.mark(connection, now(database_time(connection)), delivery):
            raise ClaimLost(f"delivery of {delivery.payment.reference} is claimed by another worker")
        real.commit()
    except BaseException:
        real.rollback()
        raise


def _refuse_autocommit(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if getattr(driver, "autocommit", False) is True:
        raise RuntimeError(
            "the session of FPS(db=…) commits each statement by itself, so that what handlers add and the delivery "
            "mark could not be one: give the engine another isolation_level than AUTOCOMMIT"
        )


@contextmanager
def _guarded(session: Session) -> Iterator[None]:
    """Refuse the calls; a handler that swallows the refusal has raised all the same."""
    own, refused = vars(session), list[HandlerEndedTransaction]()
    for name in RESERVED:
        own[name] = _refusal(name, refused)
    try:
        yield
    finally:
        for name in RESERVED:
            own.pop(name, None)
    if refused:
        raise refused[0]


def _refusal(name: str, refused: list[HandlerEndedTransaction]) -> Callable[..., None]:
    def refuse(*_args: object, **_options: object) -> None:
        refused.append(
            HandlerEndedTransaction(
                f"a handler of payment_completed must not call session.{name}(): "
                "what it adds commits together with the delivery mark when all handlers have returned"
            )
        )
        raise refused[-1]

    return refuse
