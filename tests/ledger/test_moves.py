from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import update

from flask_fps.errors import InvalidTransition
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import PaymentRow
from flask_fps.ledger.moves import move
from flask_fps.ledger.moves import MOVES
from flask_fps.ledger.reading import locked_row
from flask_fps.records import CLAIMING
from flask_fps.records import FINAL
from flask_fps.records import State
from tests.ledger.books import Books

#: Written out again from the design, so that a slip in the code's table shows.
ALLOWED = {
    "started": {"authorized", "abandoned", "refused", "expired"},
    "abandoned": {"authorized", "expired"},
    "refused": {"authorized", "expired"},
    "authorized": {"paying", "expired", "failed", "cancelled"},
    "paying": {"paid", "pending", "reserved", "unknown", "failed", "cancelled", "authorized"},
    "unknown": {"paid", "pending", "reserved", "failed", "cancelled"},
    "pending": {"paid", "reserved", "failed", "cancelled"},
    "reserved": {"paid", "cancelled", "failed"},
    "paid": set(),
    "failed": set(),
    "expired": set(),
    "cancelled": set(),
}


def test_every_pair_of_states_is_decided_by_the_table(books: Books) -> None:
    payment = books.started()
    for origin, to in product(State, State):
        books.force(payment, state=origin)
        if to.value in ALLOWED[origin.value]:
            _move(books, payment.reference, to)
            assert books.payment(payment.reference).state is to
        else:
            with pytest.raises(InvalidTransition) as refused:
                _move(books, payment.reference, to)
            assert (refused.value.state, refused.value.to) == (origin, to)
            assert books.payment(payment.reference).state is origin


def test_final_states_are_those_that_nothing_leaves() -> None:
    assert {state for state in State if not MOVES[state]} == FINAL


def test_what_claims_an_order_is_what_the_database_forbids_twice() -> None:
    from flask_fps.ledger.models import CLAIMING_SQL

    assert {state for state in State if f"'{state.value}'" in CLAIMING_SQL} == CLAIMING


def test_a_move_is_journalled_with_its_reason_and_its_columns(books: Books) -> None:
    payment = books.started()
    _move(books, payment.reference, State.AUTHORIZED, authorization_id="TOKEN")

    entry = books.ledger.journal(payment.reference)[-1]
    assert (entry.event, entry.from_state, entry.to_state) == ("moved", "started", "authorized")
    assert entry.detail == {"why": "a test"}
    assert entry.at == books.clock.now
    assert books.payment(payment.reference).authorization_id == "TOKEN"


def test_who_moves_second_is_refused_and_leaves_no_trace(books: Books) -> None:
    payment = books.started()
    with pytest.raises(InvalidTransition), writing(books.engine) as session:
        row = locked_row(session, payment.reference)
        session.execute(
            update(PaymentRow).values(state="abandoned").execution_options(synchronize_session=False)
        )  # as another process would, on a database without our lock
        move(session, row, State.EXPIRED, books.clock.now, why="too late")

    assert books.payment(payment.reference).state is State.STARTED
    assert books.events(payment) == ["started"]


def _move(books: Books, reference: str, to: State, **columns: object) -> None:
    with writing(books.engine) as session:
        move(session, locked_row(session, reference), to, books.clock.now, why="a test", **columns)
