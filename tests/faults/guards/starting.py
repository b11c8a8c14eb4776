"""What holds from the start link to the frozen request."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.faults.guards.switching import around
from tests.faults.guards.switching import guard
from tests.faults.guards.switching import Patch
from tests.faults.guards.switching import put


@guard("each step of the ledger is one transaction: all of it is there, or nothing")
def one_step_one_commit(patch: Patch) -> None:
    def commit_each_statement(connection: Any) -> None:
        connection.connection.driver_connection.isolation_level = None

    put(patch, "flask_fps.ledger.engine.take_write_lock", commit_each_statement)


@guard("a token is stored together with the frozen request that will use it, its lease and its due time")
def token_and_request_in_one_commit(patch: Patch) -> None:
    def committing(authorize: Callable[..., None]) -> Callable[..., None]:
        def alone(session: Any, now: Any, row: Any, proof: Any) -> None:
            authorize(session, now, row, proof)
            row.due_at = None
            session.flush()
            session.connection().exec_driver_sql("COMMIT")

        return alone

    around(patch, "flask_fps.ledger.accepting._authorize", committing)


@guard("a start of the same order resumes the payment that is open")
def resume_what_is_open(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.opening._still_fits", lambda row, draft, now: False)


@guard("a payment that nobody authorizes expires")
def payments_expire(patch: Patch) -> None:
    from flask_fps.records import State

    moves = importlib.import_module("flask_fps.ledger.moves").MOVES
    patch.setitem(moves, State.STARTED, moves[State.STARTED] - {State.EXPIRED})


@guard("the provider is asked about a buyer who does not come back")
def ask_about_who_is_away(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.drive.recover", lambda desk, payment, early=False: None)


@guard("a payment has a due time from its first commit on")
def due_from_the_start(patch: Patch) -> None:
    from flask_fps.ledger import Backoff

    put(patch, "flask_fps.checkout.start.ASK_AFTER", Backoff(first=timedelta(days=10_000)))


@guard("the same return may be brought again and again")
def returns_may_come_again(patch: Patch) -> None:
    def once(read: Callable[..., str]) -> Callable[..., str]:
        from flask_fps.errors import Forged

        used: set[str] = set()

        def first_time(links: Any, token: str) -> str:
            if token in used:
                raise Forged("used")
            used.add(token)
            return read(links, token)

        return first_time

    around(patch, "flask_fps.links.Links.read_ref", once)


@guard("a return that could not be checked is kept and checked again, not refused")
def could_not_tell_is_not_no(patch: Patch) -> None:
    around(patch, "flask_fps.protocol.verifiers.RemoteVerification.verify", lambda verify: _settled_as(verify, False))


@guard("a return that could not be checked is not believed")
def could_not_tell_is_not_yes(patch: Patch) -> None:
    around(patch, "flask_fps.protocol.verifiers.RemoteVerification.verify", lambda verify: _settled_as(verify, True))


def _settled_as(verify: Callable[..., bool | None], verdict: bool) -> Callable[..., bool]:
    def sure(*args: Any) -> bool:
        found = verify(*args)
        return verdict if found is None else found

    return sure
