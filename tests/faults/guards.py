"""What keeps money safe, by name, and how to switch each of it off: what passes without its guard proves nothing."""

from __future__ import annotations

import importlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Guard:
    """One guard of the product."""

    name: str
    #: What it guarantees, in a sentence.
    does: str
    #: Takes it out of this process.
    off: Callable[[Patch], None]


GUARDS: dict[str, Guard] = {}


def guard(does: str) -> Callable[[Callable[[Patch], None]], Guard]:
    """Register the function that switches a guard off; its name is the guard's."""

    def register(off: Callable[[Patch], None]) -> Guard:
        GUARDS[off.__name__] = Guard(off.__name__, does, off)
        return GUARDS[off.__name__]

    return register


def find(dotted: str) -> tuple[Any, str]:
    """The object that holds the last part of a dotted name, and that part."""
    parts = dotted.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:-1]:
            found = getattr(found, part)
        return found, parts[-1]
    raise LookupError(dotted)


def put(patch: Patch, dotted: str, value: Any) -> None:
    owner, name = find(dotted)
    patch.setattr(owner, name, value)


def around(patch: Patch, dotted: str, make: Callable[[Any], Any]) -> None:
    """Put something else in place of what stands there now."""
    owner, name = find(dotted)
    patch.setattr(owner, name, make(getattr(owner, name)))


# Steps of the ledger


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


# Starts and returns


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


# The request that pays


@guard("the end of a lease is a due time: whoever died holding it is followed by the worker")
def a_lease_ends_in_a_due_time(patch: Patch) -> None:
    def forgetting(send: Callable[..., Any]) -> Callable[..., Any]:
        def undue(session: Any, now: Any, row: Any, *more: Any) -> Any:
            intent = send(session, now, row, *more)
            row.due_at = None
            return intent

        return undue

    for room in ("accepting", "leasing"):
        around(patch, f"flask_fps.ledger.{room}.send_under_lease", forgetting)


@guard("after one send without an answer no error means that nothing was charged")
def no_error_is_a_no_after_silence(patch: Patch) -> None:
    first_send = SimpleNamespace(sends=1, harmless_sends=1)
    around(
        patch,
        "flask_fps.ledger.settling._target",
        lambda target: lambda before, stored, outcome: target(before, first_send, outcome),
    )


@guard("a request that is sent again is the same to the last parameter")
def a_resend_is_identical(patch: Patch) -> None:
    _send_as(patch, lambda intent: f"{intent.reference}-{intent.sends}")


@guard("after a refusal that may pass, the next request has a reference of its own")
def a_new_request_has_a_new_reference(patch: Patch) -> None:
    _send_as(patch, lambda intent: f"{intent.payment}-1")


def _send_as(patch: Patch, reference: Callable[[Any], str]) -> None:
    def under_another_name(pay: Callable[..., Any]) -> Callable[..., Any]:
        def send(gateway: Any, intent: Any) -> Any:
            named = {**intent.parameters, "CallerReference": reference(intent)}
            return pay(gateway, replace(intent, parameters=named))

        return send

    around(patch, "flask_fps.gateways.fps.FPSGateway.pay", under_another_name)


@guard("no readable answer is unknown, never a no")
def silence_is_unknown(patch: Patch) -> None:
    from flask_fps.records import Result

    def hasty(pay: Callable[..., Any]) -> Callable[..., Any]:
        def send(gateway: Any, intent: Any) -> Any:
            outcome = pay(gateway, intent)
            return replace(outcome, result=Result.FAILURE) if outcome.result is Result.UNKNOWN else outcome

        return send

    around(patch, "flask_fps.gateways.fps.FPSGateway.pay", hasty)


@guard("an error of the service itself (HTTP 5xx) proves nothing")
def server_errors_prove_nothing(patch: Patch) -> None:
    from flask_fps.errors import OutcomeUnknown
    from flask_fps.errors import ServiceError

    def trusting(send: Callable[..., Any]) -> Callable[..., Any]:
        def believe(*args: Any) -> Any:
            try:
                return send(*args)
            except OutcomeUnknown as error:
                if "HTTP 5" not in str(error):
                    raise
                raise ServiceError("InternalError", str(error)) from error

        return believe

    around(patch, "flask_fps.protocol.client.Client.send_parameters", trusting)


@guard("an answer about another request under this reference (DuplicateRequest) proves nothing")
def duplicates_prove_nothing(patch: Patch) -> None:
    put(patch, "flask_fps.gateways.fps.SAYS_NOTHING", frozenset())


@guard("final states never move")
def final_states_never_move(patch: Patch) -> None:
    from flask_fps.records import State

    moves = importlib.import_module("flask_fps.ledger.moves").MOVES
    patch.setitem(moves, State.PAID, frozenset({State.UNKNOWN, State.FAILED, State.CANCELLED}))


@guard("each try waits longer than the one before")
def tries_back_off(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.backoff.Backoff.after", lambda backoff, attempts: timedelta(0))


@guard("what stays unknown is put before a person while its reference still counts")
def unknown_is_parked_in_time(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.pay.PARK_UNKNOWN_AFTER", 60)


@guard("refusals that may pass are tried so often and no more")
def refusals_are_counted(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling.INTENTS_MAX", 10**6)


@guard("what pends is not paid")
def pending_is_not_paid(patch: Patch) -> None:
    from flask_fps.records import Result

    patch.setitem(importlib.import_module("flask_fps.gateways.fps").RESULTS, "Pending", Result.SUCCESS)


@guard("what pends for a week is put before a person")
def pending_is_parked(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.pay.PARK_PENDING_AFTER", timedelta(days=10_000))


@guard("a lease ends by itself, whatever became of its holder")
def leases_end(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.leasing._held", lambda row, now: row.lease_until is not None)


@guard("while somebody holds a payment's lease nobody else acts for it")
def leases_keep_others_away(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.leasing._held", lambda row, now: False)


@guard("a return of a payment that has moved on only shows it")
def returns_act_once(patch: Patch) -> None:
    from flask_fps.records import State

    put(patch, "flask_fps.ledger.accepting.AWAY", frozenset(State))


@guard("a success that is learned again wins nothing again")
def a_payment_wins_once(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling._may_win", lambda session, now, row: True)


# Delivery


@guard("what is owed to the buyer is written in the commit that makes the payment paid")
def paid_and_owed_in_one_commit(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.outbox.fill", lambda *given: ())


@guard("a claim on a delivery ends by itself")
def claims_end(patch: Patch) -> None:
    from flask_fps.ledger.models import DeliveryRow

    put(patch, "flask_fps.ledger.outbox._free", lambda now: DeliveryRow.lease_until.is_(None))


@guard("what handlers write is committed with the delivery mark, or not at all")
def effect_and_mark_in_one_commit(patch: Patch) -> None:
    from sqlalchemy.orm import Session

    from flask_fps.signals import payment_completed

    def apart(app: Any) -> Callable[..., None]:
        def handle(payment: Any, session: Any) -> None:
            own = app.extensions["fps"].ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            with own, Session(own) as committing:
                for receiver in payment_completed.receivers_for(app):
                    receiver(app, payment=payment, session=committing)

        return handle

    put(patch, "flask_fps.extension.handler", apart)
    put(patch, "flask_fps.ledger.handing.take_write_lock", lambda connection: None)


@guard("a handler that raised is called again")
def failed_deliveries_come_again(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.Ledger.delivery_failed", lambda ledger, delivery, error: ledger.mark(delivery))


@guard("a handler that raises again and again is put before a person")
def failed_deliveries_are_parked(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.outbox.ATTEMPTS_MAX", 10**6)


@guard("a receiver that only listens can stop nothing")
def listeners_stop_nothing(patch: Patch) -> None:
    def naive(app: Any) -> Callable[..., None]:
        def tell(signal: Any, payment: Any) -> None:
            for receiver in signal.receivers_for(app):
                receiver(app, payment=payment)

        return tell

    put(patch, "flask_fps.extension.teller", naive)


@guard("a handler that is still running is not started again")
def a_running_handler_is_left_alone(patch: Patch) -> None:
    class Forgetful(set[Any]):
        def __contains__(self, place: object) -> bool:
            return False

    put(patch, "flask_fps.checkout.deliver._WATCH._running", Forgetful())


@guard("whoever has lost his claim writes nothing")
def lost_claims_write_nothing(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.outbox.still_ours", lambda connection, delivery: True)
    around(patch, "flask_fps.ledger.outbox.mark", lambda mark: lambda *given: (mark(*given), True)[1])


# Notifications


@guard("a notification is acted upon: the provider is asked what is true")
def notifications_are_acted_upon(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.notify.process", lambda desk, id: None)


@guard("what pends is asked about")
def pending_is_polled(patch: Patch) -> None:
    from flask_fps.records import State

    settling = importlib.import_module("flask_fps.ledger.settling")
    put(patch, "flask_fps.ledger.settling.DRIVEN", settling.DRIVEN - {State.PENDING})


@guard("a message that has come before is known again")
def messages_are_known_again(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.inbox.Arrival.digest", property(lambda arrival: secrets.token_hex(32)))


@guard("a notification is acknowledged only after it is stored")
def stored_before_acknowledged(patch: Patch) -> None:
    from flask_fps.errors import LedgerBusy
    from flask_fps.gateways import Verdict

    def polite(notify: Callable[..., Any]) -> Callable[..., Any]:
        def acknowledge(*given: Any) -> Any:
            try:
                return notify(*given)
            except LedgerBusy:
                return Verdict.VALID

        return acknowledge

    around(patch, "flask_fps.checkout.notify.notify", polite)


# Databases


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


# Surroundings


@guard("a refusal at the provider's door (keys, clock) says nothing about the payment and may pass")
def refusals_at_the_door_pass(patch: Patch) -> None:
    put(patch, "flask_fps.gateways.fps.FRONT_DOOR", frozenset())


@guard("what could not be connected was not sent, and only that")
def not_sent_is_told_from_unknown(patch: Patch) -> None:
    put(patch, "flask_fps.protocol.client._never_connected", lambda error: False)


@guard("a worker that is told to stop finishes what it has begun")
def workers_finish_their_step(patch: Patch) -> None:
    put(patch, "flask_fps.cli.work._stop_on_signals", threading.Event)


@guard("one transaction pays one payment")
def one_transaction_one_payment(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling._belongs_to_another", lambda session, row, outcome: False)


@guard("a success that was not said in answer to our own request must agree in reference, amount, currency and payee")
def learned_successes_must_agree(patch: Patch) -> None:
    put(patch, "flask_fps.checkout.pay.disagreement", lambda intent, facts: None)


@guard("what contradicts a final state is put before a person")
def contradictions_are_parked(patch: Patch) -> None:
    put(patch, "flask_fps.ledger.settling._contradiction", lambda row, target, outcome: None)


@guard("what is charged is what was priced at the start")
def the_price_is_the_snapshots(patch: Patch) -> None:
    from flask_fps.money import Money

    def current(freeze: Callable[..., Any]) -> Callable[..., Any]:
        def at_todays_price(gateway: Any, payment: Any, *given: Any) -> Any:
            return freeze(gateway, replace(payment, money=Money.parse("99", payment.currency)), *given)

        return at_todays_price

    around(patch, "flask_fps.gateways.fps.FPSGateway.freeze", current)
