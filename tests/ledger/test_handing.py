from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import nullcontext
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy import Engine
from sqlalchemy import Integer
from sqlalchemy import select
from sqlalchemy import String
from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import scoped_session
from sqlalchemy.orm import Session
from sqlalchemy.orm import sessionmaker

from flask_fps.errors import LedgerBusy
from flask_fps.ledger import ClaimLost
from flask_fps.ledger import Delivery
from flask_fps.ledger import HandlerEndedTransaction
from flask_fps.ledger import Home
from flask_fps.ledger import Ledger
from flask_fps.ledger import Store
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import DeliveryRow
from flask_fps.records import Result
from tests.ledger.books import Books
from tests.ledger.books import LEASE


class ShopBase(DeclarativeBase):
    pass


class Sale(ShopBase):
    """A table of the shop's, in the ledger's database."""

    __tablename__ = "sales"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(64))


@pytest.fixture
def shop(books: Books) -> Iterator[Books]:
    ShopBase.metadata.create_all(books.engine)
    yield books
    ShopBase.metadata.drop_all(books.engine)


@pytest.fixture
def delivery(shop: Books) -> Delivery:
    _, intent = shop.paying()
    [owed] = shop.settle(intent, Result.SUCCESS).deliveries
    return owed


def sales(books: Books) -> list[str]:
    with Session(books.engine) as session:
        return list(session.scalars(select(Sale.reference)))


def state(books: Books) -> str:
    [row] = books.rows(DeliveryRow)
    return str(row.state)


def beside(books: Books, session: Any) -> Ledger:
    """The ledger of a shop whose own session this is."""
    home = Home(lambda: books.engine, lambda: nullcontext(session), lambda: None, lambda: False, own=False)
    return Ledger(Store(home, books.clock))


def sell(session: Any) -> None:
    session.add(Sale(reference="sold"))


def test_what_handlers_add_commits_with_the_mark(shop: Books, delivery: Delivery) -> None:
    seen = []

    def handler(session: Session) -> None:
        sell(session)
        seen.append((session.is_active, state(shop)))  # as others see it: nothing is committed yet

    shop.ledger.deliveries.hand_over(delivery, handler)

    assert seen == [(True, "due")]
    assert (sales(shop), state(shop)) == (["sold"], "done")
    assert shop.payment(delivery.payment.reference).delivered_at == shop.clock.now


def test_a_handler_that_raises_leaves_nothing(shop: Books, delivery: Delivery) -> None:
    def handler(session: Session) -> None:
        sell(session)
        session.flush()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        shop.ledger.deliveries.hand_over(delivery, handler)

    assert (sales(shop), state(shop)) == ([], "due")


def test_a_handler_whose_rows_are_refused_leaves_nothing(shop: Books, delivery: Delivery) -> None:
    with pytest.raises(Exception, match="(?i)not.null"):
        shop.ledger.deliveries.hand_over(delivery, lambda session: session.add(Sale(reference=None)))

    assert (sales(shop), state(shop)) == ([], "due")


@pytest.mark.parametrize("name", ["commit", "rollback", "close", "reset", "invalidate", "prepare"])
def test_a_handler_must_leave_the_end_to_the_ledger(shop: Books, delivery: Delivery, name: str) -> None:
    def handler(session: Session) -> None:
        sell(session)
        getattr(session, name)()

    with pytest.raises(HandlerEndedTransaction, match=rf"must not call session\.{name}\(\)"):
        shop.ledger.deliveries.hand_over(delivery, handler)

    assert (sales(shop), state(shop)) == ([], "due")


def test_a_refusal_that_the_handler_swallows_counts_all_the_same(shop: Books, delivery: Delivery) -> None:
    def handler(session: Session) -> None:
        sell(session)
        with suppress(HandlerEndedTransaction):
            session.commit()

    with pytest.raises(HandlerEndedTransaction, match=r"session\.commit\(\)"):
        shop.ledger.deliveries.hand_over(delivery, handler)

    assert (sales(shop), state(shop)) == ([], "due")


BACK_DOORS: dict[str, Callable[[Any], Any]] = {
    "transaction": lambda session: session.get_transaction().commit(),
    "transaction rolled back": lambda session: session.get_transaction().rollback(),
    "connection": lambda session: session.connection().commit(),
    "connection rolled back": lambda session: session.connection().rollback(),
    "connection, and on": lambda session: (session.connection().commit(), session.execute(text("SELECT 1"))),
}


@pytest.mark.parametrize("door", BACK_DOORS)
def test_a_transaction_ended_behind_the_guard_is_noticed(shop: Books, delivery: Delivery, door: str) -> None:
    with pytest.raises(Exception, match="transaction"):
        shop.ledger.deliveries.hand_over(delivery, BACK_DOORS[door])

    assert state(shop) == "due"


def test_the_session_is_the_shops_again_afterwards(shop: Books, delivery: Delivery) -> None:
    with Session(shop.engine) as session:
        ledger = beside(shop, session)
        ledger.deliveries.hand_over(delivery, sell)
        sell(session)
        session.commit()

    assert sales(shop) == ["sold", "sold"]


def test_remove_of_a_scoped_session_is_refused_too(shop: Books, delivery: Delivery) -> None:
    scoped = scoped_session(sessionmaker(shop.engine))

    def handler(session: Any) -> None:
        assert session is scoped
        sell(session)
        session.remove()

    with pytest.raises(HandlerEndedTransaction, match=r"session\.close\(\)"):
        beside(shop, scoped).deliveries.hand_over(delivery, handler)
    scoped.remove()

    assert (sales(shop), state(shop)) == ([], "due")


def test_savepoints_are_the_handlers_own(shop: Books, delivery: Delivery) -> None:
    def handler(session: Session) -> None:
        sell(session)
        with pytest.raises(ValueError, match="taken back"), session.begin_nested():
            sell(session)
            session.flush()
            raise ValueError("taken back")

    shop.ledger.deliveries.hand_over(delivery, handler)

    assert (sales(shop), state(shop)) == (["sold"], "done")


def test_who_lost_the_claim_runs_no_handler(shop: Books, delivery: Delivery) -> None:
    shop.clock.advance(LEASE)
    shop.ledger.deliveries.claim(delivery.id, shop.lease("another"))
    with pytest.raises(ClaimLost):
        shop.ledger.deliveries.hand_over(delivery, lambda session: pytest.fail("it ran"))

    assert state(shop) == "due"


def test_a_delivered_payment_is_not_delivered_again(shop: Books, delivery: Delivery) -> None:
    shop.ledger.deliveries.hand_over(delivery, sell)
    with pytest.raises(ClaimLost):
        shop.ledger.deliveries.hand_over(delivery, sell)

    assert sales(shop) == ["sold"]


def test_a_claim_lost_while_the_handler_ran_keeps_nothing_of_it(shop: Books, delivery: Delivery) -> None:
    def handler(session: Session) -> None:
        sell(session)
        session.execute(text("UPDATE fps_deliveries SET lease_owner = 'another'"))

    with pytest.raises(ClaimLost):
        shop.ledger.deliveries.hand_over(delivery, handler)

    assert (sales(shop), state(shop)) == ([], "due")


@pytest.mark.parametrize("books", ["sqlite"], indirect=True)
def test_nobody_else_writes_while_handlers_run(shop: Books, delivery: Delivery) -> None:
    impatient = create_engine(shop.engine.url, connect_args={"timeout": 0.05})

    def handler(session: Session) -> None:
        with pytest.raises(Exception, match="locked"), impatient.begin() as connection:
            connection.execute(text("DELETE FROM fps_journal"))

    shop.ledger.deliveries.hand_over(delivery, handler)
    impatient.dispose()

    assert state(shop) == "done"


@pytest.mark.parametrize("books", ["sqlite"], indirect=True)
def test_a_locked_database_is_busy_and_runs_no_handler(shop: Books, delivery: Delivery) -> None:
    impatient = create_engine(shop.engine.url, connect_args={"timeout": 0.05})
    home = Home(lambda: impatient, lambda: Session(impatient), lambda: None, lambda: False, own=False)
    with writing(shop.engine), pytest.raises(LedgerBusy):
        Ledger(Store(home, shop.clock)).deliveries.hand_over(delivery, lambda session: pytest.fail("it ran"))
    impatient.dispose()

    assert state(shop) == "due"


@pytest.mark.parametrize("books", ["sqlite"], indirect=True)
def test_a_shops_engine_that_has_begun_already_is_locked_by_a_write(shop: Books, delivery: Delivery) -> None:
    """SQLAlchemy's own recipe for SQLite makes every transaction begin by itself."""
    engine = _begins_by_itself(str(shop.engine.url))
    home = Home(lambda: engine, lambda: Session(engine), lambda: None, lambda: False, own=False)
    Ledger(Store(home, shop.clock)).deliveries.hand_over(delivery, sell)
    engine.dispose()

    assert (sales(shop), state(shop)) == (["sold"], "done")


def test_without_a_shared_session_handlers_get_none_and_the_mark_follows(shop: Books, delivery: Delivery) -> None:
    seen: list[Any] = []
    ledger = Ledger(Store(Home(lambda: shop.engine, None, lambda: None, lambda: False, own=True), shop.clock))
    ledger.deliveries.hand_over(delivery, seen.append)

    assert (seen, state(shop)) == ([None], "done")


def test_without_a_shared_session_a_handler_that_raises_leaves_no_mark(shop: Books, delivery: Delivery) -> None:
    ledger = Ledger(Store(Home(lambda: shop.engine, None, lambda: None, lambda: False, own=True), shop.clock))

    def handler(session: None) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        ledger.deliveries.hand_over(delivery, handler)

    assert state(shop) == "due"


def _begins_by_itself(url: str) -> Engine:
    from sqlalchemy import event

    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def no_implicit_begin(connection: Any, record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
