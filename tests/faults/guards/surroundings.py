"""What holds against databases, clocks, networks and a provider that errs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faults.guards.switching import around
from tests.faults.guards.switching import guard
from tests.faults.guards.switching import Patch
from tests.faults.guards.switching import put


@guard("a step that meets a lock is tried again, and nothing but the step")
def steps_are_tried_again(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.engine.TRIES", 1)


@guard("nothing is sent that is not written down")
def written_before_sent(patch: Patch) -> None:
    from flask_fps.errors import LedgerBusy
    from flask_fps.ledger import Accepted

    def hopeful(accept: Callable[..., Any]) -> Callable[..., Any]:
        def take_in(ledger: Any, proof: Any, intent: Any, lease: Any, terms: Any) -> Any:
            try:
                return accept(ledger, proof, intent, lease, terms)
            except LedgerBusy:
                payment = ledger.payment(intent.payment)
                return Accepted(payment, payment.state, intent)

        return take_in

    around(patch, "flask_fps.ledger.Ledger.accept", hopeful)


@guard("the same payment and token always make the same request, reference and all")
def references_are_derived(patch: Patch) -> None:
    def invented(intent: Callable[..., Any]) -> Callable[..., Any]:
        def make(desk: Any, payment: Any, authorization_id: str, number: int) -> Any:
            made = intent(desk, payment, authorization_id, number)
            name = f"{payment.reference[:20]}{secrets.token_hex(6)}-{number}"
            return replace(made, reference=name, parameters={**made.parameters, "CallerReference": name})

        return make

    around(patch, "flask_fps.checkout.desk.Desk.intent", invented)


@guard("an approval that is used up is looked for in the provider's books before it is judged")
def what_is_spent_is_looked_for(patch: Patch) -> None:
    from flask_fps.records import Outcome
    from flask_fps.records import Result

    put(patch, "flask_fps.checkout.recover._moved", lambda *_: (None, Outcome(Result.UNKNOWN, absent=True)))


def _without_findings(patch: Patch, kind: str) -> None:
    def blind(audit: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: (finding for finding in audit(*given) if finding.kind != kind)

    around(patch, "flask_fps.checkout.audit", blind)


@guard("money that moved and has no payment here is reported")
def orphans_are_reported(patch: Patch) -> None:
    _without_findings(patch, "orphan")


@guard("what is paid here and unknown to the provider is reported")
def missing_transactions_are_reported(patch: Patch) -> None:
    _without_findings(patch, "missing")


@guard("a migration is done whole or not at all")
def migrations_are_one_transaction(patch: Patch) -> None:
    def without_begin(execute: Callable[..., Any]) -> Callable[..., Any]:
        def run(connection: Any, statement: str, *given: Any) -> Any:
            return None if statement == "BEGIN EXCLUSIVE" else execute(connection, statement, *given)

        return run

    around(patch, "sqlalchemy.Connection.exec_driver_sql", without_begin)


@guard("a commit is on the disk before it returns")
def commits_reach_the_disk(patch: Patch) -> None:
    def careless(prepare: Callable[..., None]) -> Callable[..., None]:
        def connect(connection: Any, record: object) -> None:
            prepare(connection, record)
            connection.execute("PRAGMA synchronous = OFF").close()

        return connect

    around(patch, "flask_fps.ledger.engine._durable_sqlite", careless)


@guard("rows of the ledger that others point to cannot be deleted")
def the_ledgers_rows_stay(patch: Patch) -> None:
    def loose(prepare: Callable[..., None]) -> Callable[..., None]:
        def connect(connection: Any, record: object) -> None:
            prepare(connection, record)
            connection.execute("PRAGMA foreign_keys = OFF").close()

        return connect

    around(patch, "flask_fps.ledger.engine._durable_sqlite", loose)


@guard("a refusal at the provider's door (keys, clock) says nothing about the payment and may pass")
def refusals_at_the_door_pass(patch: Patch) -> None:
    put(patch, "flask_fps.gateways.fps.FRONT_DOOR", frozenset())


@guard("what could not be connected was not sent, and only that")
def not_sent_is_told_from_unknown(patch: Patch) -> None:
    put(patch, "flask_fps.protocol.client._never_connected", lambda error: False)


@guard("a worker that is told to stop finishes what it has begun")
def workers_finish_their_step(patch: Patch) -> None:
    put(patch, "flask_fps.cli.work._stop_on_signals", threading.Event)


@guard("a worker that is told to stop begins nothing new")
def stopped_workers_begin_nothing(patch: Patch) -> None:
    put(patch, "flask_fps.worker.takewhile", lambda _may_begin, due: due)


@guard("one transaction pays one payment")
def one_transaction_one_payment(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling._belongs_to_another", lambda session, row, outcome: False)


@guard("a success that was not said in answer to our own request must agree in reference, amount, currency and payee")
def learned_successes_must_agree(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.books.disagreement", lambda intent, facts: None)


@guard("what contradicts a final state is parked for an operator")
def contradictions_are_parked(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling._contradiction", lambda row, target, outcome: None)


@guard("what is charged is what was priced at the start")
def the_price_is_the_snapshots(patch: Patch) -> None:
    from flask_fps.money import Money

    def current(freeze: Callable[..., Any]) -> Callable[..., Any]:
        def at_todays_price(gateway: Any, payment: Any, intent: Any) -> Any:
            return freeze(gateway, payment, replace(intent, money=Money.parse("99", payment.currency)))

        return at_todays_price

    around(patch, "flask_fps.gateways.fps.FPSGateway.freeze", current)
