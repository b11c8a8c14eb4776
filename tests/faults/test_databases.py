"""Rows 38 to 44 and 53: the database is locked, away, full, or says what is not so."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
import requests

from flask_fps.checkout import Decision
from flask_fps.state import ACCOUNT
from tests.faults import guards
from tests.faults.breaking import break_commits
from tests.faults.breaking import break_steps
from tests.faults.breaking import break_writes
from tests.faults.breaking import Breaker
from tests.faults.breaking import DEVICE
from tests.faults.breaking import each_in_turn
from tests.faults.breaking import FULL
from tests.faults.breaking import LOCKED
from tests.faults.rows import fails
from tests.faults.rows import row
from tests.faults.rows import without
from tests.faults.stage import Stage

ONE = [("Success", "0.10")]


@row(38, "A notification comes while the database cannot be written")
def test_row_38_a_notification_cannot_be_stored(stage: Stage) -> None:
    stage.sandbox.switches.ipn = "after"
    stage.john.buy(method="CC")
    with stage.locked():
        stage.wait(seconds=2)
        waiting = [(letter.attempts, letter.last_error) for letter in stage.sandbox.notifications]
    assert waiting == [(1, "answered 503")] * 2, waiting

    stage.sandbox.advance(timedelta(minutes=1))
    assert stage.shop.states() == ["paid"]
    assert stage.sandbox.notifications == []
    stage.settled("paid")


test_row_38_guard = fails(
    without(guards.stored_before_acknowledged, test_row_38_a_notification_cannot_be_stored),
)


@row(39, "The database is locked at any write")
@pytest.mark.parametrize("times", [1, 3])
def test_row_39_locked_at_any_write(stage: Stage, times: int) -> None:
    """Locked once, nobody notices; locked for long, browsers are asked to come again, and nothing is sent twice."""
    breaker = break_steps(stage.patch, LOCKED)

    def story(nth: int) -> None:
        answers = _buy(stage, f"buyer {nth}")
        stage.saw(f"write {nth} met a lock", bool(breaker.broken) or nth > 1)
        patient = {(answer.status_code, answer.headers.get("Retry-After")) for answer in answers}
        assert patient <= ({(303, None)} if times == 1 else {(303, None), (503, "5")}), patient

    broken = each_in_turn(breaker, story, times)
    assert broken >= 4
    _all_paid(stage, broken + 1)


test_row_39_guard = fails(without(guards.steps_are_tried_again, test_row_39_locked_at_any_write, times=1))


@row(40, "The database is away before the request is written down")
def test_row_40_away_before_the_request(stage: Stage) -> None:
    url = stage.john.agree()
    with stage.locked():
        answer = stage.john.get(url)
    assert stage.money() == []
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")

    stage.john.come_back(url)
    stage.settled("paid")
    assert stage.money() == ONE


test_row_40_guard = fails(without(guards.written_before_sent, test_row_40_away_before_the_request))


@row(41, "The database is away when the success comes back")
def test_row_41_away_when_the_answer_comes(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    answers: list[requests.Response] = []
    back = Thread(target=lambda: answers.append(stage.john.get(url)))
    with stage.holding() as pay:
        back.start()
        pay.come()
        with stage.locked():
            pay.let_go()
            back.join()

    assert answers[0].status_code == 503
    assert "please do not pay again" in answers[0].text
    assert stage.shop.states() == ["paying"]
    stage.work(minutes=1)
    assert stage.shop.states() == ["paid"], "the first re-send gets the first answer"
    stage.settled("paid")
    assert stage.money() == ONE


test_row_41_guard = fails(without(guards.a_resend_is_identical, test_row_41_away_when_the_answer_comes))


@row(42, "The disk is full at any write")
def test_row_42_full_at_any_write(stage: Stage) -> None:
    breaker = break_writes(stage.shop.engine, FULL)

    def story(nth: int) -> None:
        answers = _buy(stage, f"buyer {nth}", breaker)
        stage.saw(f"write {nth} met a full disk", bool(breaker.broken) or nth > 1)
        assert {answer.status_code for answer in answers} <= {303, 503}, [answer.text for answer in answers]

    broken = each_in_turn(breaker, story, times=10**6)
    assert broken >= 10
    _all_paid(stage, broken + 1)


test_row_42_guard = fails(without(guards.one_step_one_commit, test_row_42_full_at_any_write))


@row(43, "A commit is reported as failed and is there, or is reported as done and is not")
@pytest.mark.parametrize("said", [LOCKED, DEVICE])
def test_row_43_a_commit_that_is_there_after_all(stage: Stage, said: str) -> None:
    breaker = break_commits(stage.shop.engine, said)

    def story(nth: int) -> None:
        answers = _buy(stage, f"buyer {nth}")
        stage.saw(f"commit {nth} was reported as failed", bool(breaker.broken) or nth > 1)
        assert {answer.status_code for answer in answers} <= {303, 503}, [answer.text for answer in answers]

    broken = each_in_turn(breaker, story)
    assert broken >= 4
    _all_paid(stage, broken + 1)


@row(43, "A commit is reported as failed and is there, or is reported as done and is not")
def test_row_43_a_commit_that_is_not_there(stage: Stage) -> None:
    """The whole payment is gone; whoever compares the books is told."""
    stage.quiet()
    before = stage.back_up()
    stage.john.buy()
    stage.restore(before)
    stage.saw("money moved, and no payment knows of it", (stage.money(), stage.shop.payments()) == (ONE, []))

    [moved] = stage.sandbox.ledger()["transactions"]
    assert stage.audit() == [("orphan", moved["transactionId"])]


test_row_43_guard = fails(
    without(guards.returns_act_once, test_row_43_a_commit_that_is_there_after_all, said=LOCKED),
    without(guards.orphans_are_reported, test_row_43_a_commit_that_is_not_there),
)


@row(44, "The database is restored from a backup")
def test_row_44_restored_from_a_backup(stage: Stage) -> None:
    """What was paid after the backup is found again, and not paid a second time."""
    stage.quiet()
    url = stage.john.agree()
    backup = stage.back_up()
    stage.john.come_back(url)
    assert stage.shop.states() == ["paid"]
    stage.restore(backup)
    stage.saw("the payment was forgotten", (stage.money(), stage.shop.states()) == (ONE, ["started"]))

    stage.settled("paid")
    assert stage.money() == ONE
    assert stage.audit() == []


@row(44, "The database is restored from a backup")
@pytest.mark.parametrize(("person", "days"), [("john", 2), ("john", 9), ("guest", 0)])
def test_row_44_found_where_it_would_not_be_paid_today(stage: Stage, person: str, days: int) -> None:
    """Too late to pay, too late to send the same request again, or nobody to reach: but the money has moved."""
    stage.quiet()
    buyer = stage.somebody(person)
    url = buyer.agree()
    backup = stage.back_up()
    buyer.come_back(url)
    stage.rest()
    stage.wait(days=days)
    stage.restore(backup)
    stage.saw("the payment was forgotten", (stage.money(), stage.shop.states()) == (ONE, ["started"]))

    stage.settled("paid")
    assert stage.money() == ONE
    assert stage.audit() == []


@row(44, "The database is restored from a backup")
@pytest.mark.parametrize("days", [0.2, 2, 9])
def test_row_44_a_second_request_is_found(stage: Stage, days: float) -> None:
    """The first was refused, the second has paid, and the copy knows of neither."""
    stage.quiet()
    url = stage.john.agree()
    backup = stage.back_up()
    stage.sandbox.faults.add("Pay", "decline", code="AccessFailure")
    reference = stage.john.come_back(url)
    stage.rest()
    stage.saw("it was paid with the second request", stage.sends(reference) == [1, 1])
    stage.wait(days=days)
    stage.restore(backup)
    stage.saw("the payment was forgotten", (stage.money(), stage.shop.states()) == (ONE, ["started"]))

    stage.settled("paid")
    assert stage.money() == ONE
    assert stage.audit() == []


@row(44, "The database is restored from a backup")
@pytest.mark.parametrize("silent", [False, True])
def test_row_44_what_waited_for_its_second_request_is_asked_about(stage: Stage, silent: bool) -> None:
    """In the copy it is authorized, and too old to be paid with; it was paid in time."""
    stage.quiet()
    url = stage.john.agree()
    stage.sandbox.faults.add("Pay", "decline", code="AccessFailure")
    stage.john.come_back(url)
    backup = stage.back_up()
    stage.rest()
    stage.wait(hours=3)
    stage.restore(backup)
    stage.saw("the payment was forgotten", (stage.money(), stage.shop.states()) == (ONE, ["authorized"]))
    if silent:
        stage.sandbox.faults.add("GetAccountActivity", "503_before")
        stage.work()
        stage.fired("503_before", "GetAccountActivity")
        assert stage.shop.states() == ["authorized"]

    stage.settled("paid")
    assert stage.money() == ONE
    assert stage.audit() == []


@row(44, "The database is restored from a backup")
def test_row_44_what_was_bought_again_meanwhile_is_put_before_a_person(stage: Stage) -> None:
    """The buyer has paid twice. Neither is forgotten, and the first is never called "failed"."""
    stage.quiet()
    url = stage.john.agree()
    backup = stage.back_up()
    first = stage.john.come_back(url)
    stage.restore(backup)
    stage.shop.prices["song"] = "0.20"
    second = stage.john.buy()
    stage.saw("he has paid twice", [status for status, _ in stage.money()] == ["Success"] * 2, stage.money())
    stage.rest()

    forgotten, again = sorted(stage.shop.payments(), key=lambda payment: payment.created_at)
    [moved, _] = stage.sandbox.ledger()["transactions"]
    assert (forgotten.reference, again.reference) == (first, second)
    assert (forgotten.state.value, again.state.value) == ("authorized", "paid")
    assert forgotten.parked_reason is not None
    assert moved["transactionId"] in forgotten.parked_reason

    with stage.shop.app.app_context():
        stage.shop.fps.refund(second)
    stage.rest()
    with stage.shop.app.app_context():
        stage.shop.state.checkout.found_paid(first, moved["transactionId"], Decision("ann", "he keeps the first"))
    assert sorted(stage.shop.states()) == ["paid", "paid"]


@row(44, "The database is restored from a backup")
@pytest.mark.parametrize("settled", [None, "6.00"])
def test_row_44_what_was_held_is_found(stage: Stage, settled: str | None) -> None:
    stage.quiet()
    with stage.shop.app.test_request_context():
        link = stage.shop.fps.start_url(stage.shop.item("album"), reserve=True)
    url = stage.john.agree_to(stage.john.get(link))
    backup = stage.back_up()
    reference = stage.john.come_back(url)
    if settled:
        with stage.shop.app.app_context():
            stage.shop.fps.settle(reference, settled)
    stage.restore(backup)
    stage.saw("the payment was forgotten", stage.shop.states() == ["started"])
    stage.work(minutes=11)

    assert stage.shop.states() == ["paid" if settled else "reserved"]
    assert [amount for _, amount in stage.money()] == [settled or "7.49"]


@row(44, "The database is restored from a backup")
def test_row_44_a_search_that_is_not_answered_decides_nothing(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    backup = stage.back_up()
    stage.john.come_back(url)
    stage.wait(days=2)
    stage.restore(backup)
    stage.sandbox.faults.add("GetAccountActivity", "503_before")
    stage.work()
    stage.fired("503_before", "GetAccountActivity")
    assert stage.shop.states() == ["started"]

    stage.settled("paid")


@row(44, "The database is restored from a backup")
def test_row_44_the_comparison_names_the_payment(stage: Stage) -> None:
    stage.quiet()
    url = stage.john.agree()
    backup = stage.back_up()
    reference = stage.john.come_back(url)
    stage.restore(backup)
    stage.saw("the payment was forgotten", stage.shop.states() == ["started"])

    since = stage.shop.clock() - timedelta(days=2)
    found = [(each.kind, each.payment) for each in stage.shop.state.checkout.audit(ACCOUNT, since)]
    assert found == [("orphan", reference)]


@row(44, "The database is restored from a backup")
def test_row_44_a_comparison_that_cannot_read_a_line_says_so(stage: Stage) -> None:
    stage.quiet()
    backup = stage.back_up()
    stage.john.buy()
    [moved] = stage.sandbox.ledger()["transactions"]
    stage.sandbox.faults.add("GetTransaction", "503_before")
    assert stage.audit() == [("unread", moved["transactionId"])]
    stage.fired("503_before", "GetTransaction")
    assert stage.audit() == []

    stage.restore(backup)
    stage.sandbox.faults.add("GetTransaction", "503_before")
    assert stage.audit() == [("unread", moved["transactionId"])]
    assert stage.audit() == [("orphan", moved["transactionId"])]


test_row_44_guard = fails(
    without(guards.references_are_derived, test_row_44_restored_from_a_backup),
    without(
        guards.what_is_spent_is_looked_for, test_row_44_found_where_it_would_not_be_paid_today, person="john", days=2
    ),
)


@row(53, "What is being paid for is deleted by the shop")
def test_row_53_the_goods_are_deleted(stage: Stage) -> None:
    url = stage.john.agree()
    del stage.shop.prices["song"]
    stage.saw("the goods are gone", stage.john.get("/download/song").status_code == 404)
    reference = stage.john.come_back(url)

    stage.settled("paid")
    stage.delivered_once(reference)


@row(53, "What is being paid for is deleted by the shop")
def test_row_53_the_payment_is_deleted(stage: Stage) -> None:
    """The ledger's rows hold each other; what somebody tears out all the same is reported."""
    stage.quiet()
    reference = stage.john.buy()
    with stage.shop.engine.connect() as connection:
        refused = _delete(connection, reference)
    stage.saw("somebody tried to delete it", refused is not None)
    assert refused is True
    assert stage.shop.states() == ["paid"]

    stage.tear_out(reference)
    [moved] = stage.sandbox.ledger()["transactions"]
    assert stage.audit() == [("orphan", moved["transactionId"])]


test_row_53_guard = fails(without(guards.the_ledgers_rows_stay, test_row_53_the_payment_is_deleted))


def _delete(connection: object, reference: str) -> bool:
    """True if the database refused."""
    from sqlalchemy import text
    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import IntegrityError

    assert isinstance(connection, Connection)
    try:
        connection.execute(text("DELETE FROM fps_payments WHERE reference = :r"), {"r": reference})
    except IntegrityError:
        return True
    return False


def _buy(stage: Stage, name: str, breaker: Breaker | None = None) -> list[requests.Response]:
    """Start, agree and come back; whoever is asked to try again does, when the database is well again."""
    person, answers = stage.somebody(name), []
    start = person.get("/download/song").headers["Location"]
    answers.append(person.get(start))
    if answers[-1].status_code == 503:
        if breaker is not None:
            breaker.disarm()
        answers.append(person.get(start))
    url = person.agree_to(answers[-1])
    answers.append(person.get(url))
    if breaker is not None:
        breaker.disarm()
    if answers[-1].status_code == 503:
        answers.append(person.get(url))
    return answers


def _all_paid(stage: Stage, buyers: int) -> None:
    for _ in range(4):
        stage.work(minutes=5)
    assert stage.shop.states() == ["paid"] * buyers, stage.shop.states()
    assert stage.money() == ONE * buyers
    stage.judge()
