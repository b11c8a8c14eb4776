"""What every gateway owes the checkout, whatever its provider's shape: each method, each outcome, and again."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from flask_fps.errors import TransportError
from flask_fps.gateways import Authorization
from flask_fps.gateways import Begun
from flask_fps.gateways import Gateway
from flask_fps.gateways import Limits
from flask_fps.gateways import Standing
from flask_fps.gateways import Verdict
from flask_fps.money import exponent_of
from flask_fps.money import Money
from flask_fps.records import Facts
from flask_fps.records import Intent
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from tests.gateways.benches import begin
from tests.gateways.benches import Bench
from tests.gateways.benches import HoldBench
from tests.gateways.benches import intent_of

SECOND = timedelta(seconds=1)


def authorized(bench: Bench, *, denied: bool = False, method: str | None = None) -> tuple[Payment, str]:
    """A payment that its buyer has approved, and what he approved."""
    payment = begin(bench, bench.started(denied=denied))
    authorization = bench.gateway.finish(bench.authorize(payment, method), payment)
    assert authorization.standing is Standing.AUTHORIZED
    assert authorization.id is not None
    return payment, authorization.id


def ready(bench: Bench, *, denied: bool = False, method: str | None = None) -> Intent:
    """A request that is about to pay."""
    return intent_of(bench.gateway, *authorized(bench, denied=denied, method=method))


def sent(bench: Bench, intent: Intent) -> Intent:
    """As the ledger has it once its bytes may have left."""
    return replace(intent, sends=1, first_sent_at=bench.now())


# Limits


def test_limits_say_what_the_provider_allows(bench: Bench) -> None:
    limits = bench.gateway.limits

    assert isinstance(limits, Limits)
    assert min(limits.pay_within, limits.resend_within, limits.hold_within) > timedelta(0)
    assert bench.currency in limits.currencies
    for currency in limits.currencies:
        exponent_of(currency)
    assert 1 <= len(bench.gateway.name) <= 32


# Begin


def test_begin_tells_where_to_send_the_buyer(bench: Bench) -> None:
    payment = bench.started()
    begun = bench.gateway.begin(payment)

    assert isinstance(begun, Begun)
    assert begun.redirect.startswith(("http://", "https://"))
    assert (begun.handle is not None) is bench.begin_asks
    assert begun.expires_at is None or begun.expires_at > bench.now()


def test_begin_again_leads_to_the_same_place(bench: Bench) -> None:
    payment = bench.started()

    assert bench.gateway.begin(payment) == bench.gateway.begin(payment)
    assert bench.gateway.begin(payment) != bench.gateway.begin(bench.started())


@pytest.mark.parametrize("bench", ["hold"], indirect=True)  # FPS asks nobody
def test_begin_after_a_lost_answer_begins_nothing_new(bench: Bench) -> None:
    payment = bench.started()
    assert isinstance(bench, HoldBench)
    bench.lose_answer()
    lost = bench.gateway.begin(payment)
    begun = bench.gateway.begin(payment)

    assert isinstance(lost, Outcome)
    assert lost.result is Result.UNKNOWN
    assert isinstance(begun, Begun)
    assert [each.id for each in bench.provider.sessions] == [begun.handle]


def test_begin_without_a_connection(bench: Bench) -> None:
    begun = bench.cut_off.begin(bench.started())

    if bench.begin_asks:
        assert isinstance(begun, Outcome)
        assert begun.result is Result.NOT_SENT
    else:
        assert isinstance(begun, Begun)


def test_reachable_is_none_or_a_reason(bench: Bench) -> None:
    assert bench.gateway.reachable() is None
    why = bench.cut_off.reachable()
    assert why is None or (why.sentence[-1] in ".:" and "`" not in why.sentence)


# Finish


def test_finish_proves_an_authorization_every_time(bench: Bench) -> None:
    payment = begin(bench, bench.started())
    raw = bench.authorize(payment)
    first, second = bench.gateway.finish(raw, payment), bench.gateway.finish(raw, payment)

    assert first == second
    assert first.standing is Standing.AUTHORIZED
    assert first.id
    assert first.money in (None, payment.money)
    assert first.given_at is None or first.given_at <= bench.now()
    assert bench.moved() == []


def test_finish_of_a_buyer_who_left(bench: Bench) -> None:
    payment = begin(bench, bench.started())

    assert bench.gateway.finish(bench.abandon(payment), payment).standing is Standing.ABANDONED


def test_finish_of_a_buyer_who_is_not_taken(bench: Bench) -> None:
    payment = begin(bench, bench.started())

    assert bench.gateway.finish(bench.refuse(payment), payment).standing is Standing.REFUSED


@pytest.mark.parametrize("bench", ["hold"], indirect=True)  # FPS's buyers have approved, or have not
def test_finish_of_an_approval_that_is_still_under_way(bench: Bench) -> None:
    assert isinstance(bench, HoldBench)
    payment = begin(bench, bench.started())
    raw = bench.pend(payment)
    assert bench.gateway.finish(raw, payment).standing is Standing.PENDING

    bench.authorize(payment)
    assert bench.gateway.finish(raw, payment).standing is Standing.AUTHORIZED


def test_finish_believes_nothing_that_the_provider_did_not_say(bench: Bench) -> None:
    payment, other = (begin(bench, bench.started()) for _ in range(2))
    theirs = bench.authorize(other)
    mine = bench.authorize(begin(bench, bench.started()))

    for raw in (theirs, mine, "status=SA&tokenID=X", "", "%ff", "a=1&a=2"):
        answer = bench.gateway.finish(raw, payment)
        assert answer.standing in (Standing.INVALID, Standing.ABANDONED)
        assert answer.id is None


def test_finish_that_could_not_be_checked(bench: Bench, unsure: Gateway) -> None:
    payment = begin(bench, bench.started())
    raw = bench.authorize(payment)

    assert unsure.finish(raw, payment).standing is Standing.COULD_NOT_TELL
    assert bench.gateway.finish(raw, payment).standing is Standing.AUTHORIZED


# Freeze


def test_freeze_gives_the_same_parameters_every_time(bench: Bench) -> None:
    payment, authorization = authorized(bench)

    def frozen(authorization: str, number: str, payment: Payment = payment, kind: str = "pay") -> Mapping[str, str]:
        return intent_of(bench.gateway, payment, authorization, number, kind=kind).parameters

    one = frozen(authorization, "one")
    assert one == frozen(authorization, "one")
    assert one != frozen(authorization, "two")
    assert one != frozen("another authorization", "one")
    assert one != frozen(authorization, "one", replace(payment, money=Money(11, bench.currency)))
    assert one != frozen(authorization, "one", replace(payment, transaction_id="T"), "refund")
    assert {type(text) for text in (*one, *one.values())} == {str}
    assert f"{payment.reference}-one" in one.values()
    assert not {"Timestamp", "Signature", "AWSAccessKeyId"} & set(one)


# Pay


def test_pay_moves_the_money_once_however_often_it_is_sent(bench: Bench) -> None:
    intent = ready(bench)
    outcomes = [bench.gateway.pay(intent) for _ in range(3)]

    assert {each.result for each in outcomes} == {Result.SUCCESS}
    assert len({each.transaction_id for each in outcomes}) == 1
    assert outcomes[0].transaction_id is not None
    assert bench.moved() == [(intent.reference, intent.money)]


def test_pay_is_answered_as_the_first_time_as_long_as_the_limits_say(bench: Bench) -> None:
    intent = ready(bench)
    first = bench.gateway.pay(intent)
    bench.advance(bench.gateway.limits.resend_within - SECOND)
    again = bench.gateway.pay(intent)

    assert (again.result, again.transaction_id) == (first.result, first.transaction_id)
    assert bench.moved() == [(intent.reference, intent.money)]


def test_pay_may_take_its_time(bench: Bench) -> None:
    intent = ready(bench, method="slow")
    paid = bench.gateway.pay(intent)
    assert paid.result is Result.PENDING
    assert paid.transaction_id is not None
    assert bench.gateway.pay(intent).result is Result.PENDING

    bench.settle()
    assert bench.gateway.status(paid.transaction_id).result is Result.SUCCESS
    assert bench.moved() == [(intent.reference, intent.money)]


def test_pay_that_is_refused_moves_nothing(bench: Bench) -> None:
    payment, authorization = authorized(bench)
    bench.advance(bench.gateway.limits.pay_within + SECOND)
    refused = bench.gateway.pay(intent_of(bench.gateway, payment, authorization))

    assert refused.result is Result.FAILURE
    assert refused.code
    assert not refused.retryable
    assert refused.transaction_id is None
    assert bench.moved() == []


def test_pay_that_is_refused_for_now_says_so(bench: Bench) -> None:
    payment = begin(bench, bench.started())
    authorization = bench.gateway.finish(bench.doomed(payment), payment)
    assert authorization.id is not None
    refused = bench.gateway.pay(intent_of(bench.gateway, payment, authorization.id))

    assert (refused.result, refused.retryable) == (Result.FAILURE, True)
    assert bench.moved() == []


def test_pay_of_another_request_under_a_used_reference_proves_nothing(bench: Bench) -> None:
    intent = ready(bench)
    bench.gateway.pay(intent)
    other = dict(intent.parameters)
    name = next(name for name, value in other.items() if value == intent.authorization_id)
    other[name] = authorized(bench)[1]

    assert bench.gateway.pay(replace(intent, parameters=other)).result is Result.UNKNOWN
    assert bench.moved() == [(intent.reference, intent.money)]


def test_pay_with_a_lost_answer_is_unknown_and_moved_the_money(bench: Bench) -> None:
    intent = ready(bench)
    bench.lose_answer()
    assert bench.gateway.pay(intent).result is Result.UNKNOWN
    assert bench.moved() == [(intent.reference, intent.money)]

    assert bench.gateway.pay(intent).result is Result.SUCCESS
    assert bench.moved() == [(intent.reference, intent.money)]


def test_pay_that_broke_down_is_unknown(bench: Bench) -> None:
    intent = ready(bench)
    bench.break_down()

    assert bench.gateway.pay(intent).result is Result.UNKNOWN
    assert bench.gateway.pay(intent).result is Result.SUCCESS
    assert bench.moved() == [(intent.reference, intent.money)]


def test_pay_without_a_connection_was_not_sent(bench: Bench) -> None:
    intent = ready(bench)

    assert bench.cut_off.pay(intent).result is Result.NOT_SENT
    assert bench.moved() == []


# Refund


def paid(bench: Bench, *, method: str | None = None) -> Payment:
    """A payment whose money has moved, as the ledger has it."""
    payment, authorization = authorized(bench, method=method)
    outcome = bench.gateway.pay(intent_of(bench.gateway, payment, authorization))
    if outcome.result is Result.PENDING:
        bench.settle()
    return replace(payment, transaction_id=outcome.transaction_id, authorization_id=authorization)


def going_back(bench: Bench, payment: Payment, minor: int, number: str = "r1") -> Intent:
    money = Money(minor, bench.currency)
    return intent_of(bench.gateway, payment, str(payment.authorization_id), number, kind="refund", money=money)


def ended(bench: Bench, outcome: Outcome) -> Outcome:
    """How a transaction stands once nothing pends."""
    assert outcome.transaction_id is not None
    if outcome.result is Result.PENDING:
        bench.settle()
    return bench.gateway.status(outcome.transaction_id)


def test_refund_moves_the_money_back_once_however_often_it_is_sent(bench: Bench) -> None:
    payment = paid(bench)
    intent = going_back(bench, payment, 4)
    outcomes = [bench.gateway.refund(intent) for _ in range(3)]

    assert {each.result for each in outcomes} <= {Result.PENDING, Result.SUCCESS}
    assert len({each.transaction_id for each in outcomes}) == 1
    assert bench.returned() == [(intent.reference, intent.money)]
    done = ended(bench, outcomes[0])
    assert done.result is Result.SUCCESS
    assert done.facts is not None
    assert (done.facts.reference, done.facts.money) == (intent.reference, intent.money)
    assert done.facts.gives_back == payment.transaction_id
    assert not done.facts.chargeback


def test_refund_never_gives_back_more_than_was_paid(bench: Bench) -> None:
    payment = paid(bench)
    ended(bench, bench.gateway.refund(going_back(bench, payment, payment.money.minor - 3)))
    refused = bench.gateway.refund(going_back(bench, payment, 4, "r2"))

    assert (refused.result, refused.transaction_id, refused.retryable) == (Result.FAILURE, None, False)
    ended(bench, bench.gateway.refund(going_back(bench, payment, 3, "r3")))
    assert bench.gateway.refund(going_back(bench, payment, 1, "r4")).result is Result.FAILURE
    assert sum(money.minor for _, money in bench.returned()) == payment.money.minor


def test_refund_of_what_pends_is_refused(bench: Bench) -> None:
    payment, authorization = authorized(bench, method="slow")
    pending = bench.gateway.pay(intent_of(bench.gateway, payment, authorization))
    payment = replace(payment, transaction_id=pending.transaction_id, authorization_id=authorization)

    assert bench.gateway.refund(going_back(bench, payment, 1)).result is Result.FAILURE
    assert bench.returned() == []


def test_refund_with_a_lost_answer_is_found(bench: Bench) -> None:
    payment = paid(bench)
    other, intent = going_back(bench, payment, 1, "r1"), going_back(bench, payment, 1, "r2")
    bench.gateway.refund(other)
    bench.lose_answer()
    assert bench.gateway.refund(intent).result is Result.UNKNOWN
    found = bench.gateway.find(sent(bench, intent))

    assert found.result in (Result.PENDING, Result.SUCCESS)
    assert found.facts is not None
    assert found.facts.reference == intent.reference
    assert [reference for reference, _ in bench.returned()] == [other.reference, intent.reference]


def test_refund_that_was_never_made_is_not_found(bench: Bench) -> None:
    payment = paid(bench)
    bench.gateway.refund(going_back(bench, payment, 1, "r1"))
    lost = going_back(bench, payment, 1, "r2")

    assert bench.cut_off.refund(lost).result is Result.NOT_SENT
    bench.break_down()
    assert bench.gateway.refund(lost).result is Result.UNKNOWN
    assert bench.gateway.find(sent(bench, lost)).result is Result.UNKNOWN
    assert bench.gateway.find(lost).result is Result.UNKNOWN


def test_refund_may_fail_late(bench: Bench) -> None:
    payment = paid(bench)
    intent = going_back(bench, payment, 4)
    made = bench.gateway.refund(intent)
    assert made.transaction_id is not None
    bench.fail_refund()

    assert bench.gateway.status(made.transaction_id).result is Result.FAILURE
    assert bench.returned() == []
    assert bench.gateway.refund(going_back(bench, payment, payment.money.minor, "r2")).result is not Result.FAILURE


def test_money_that_goes_back_by_hand_is_told_and_stands_in_the_books(bench: Bench) -> None:
    payment, start = paid(bench), bench.now()
    transaction = bench.give_back_by_hand(payment)
    letter = bench.letters()[-1]
    note = bench.gateway.notification(letter.body, letter.headers, letter.url)

    assert (note.verdict, note.transaction_id, note.parent) == (Verdict.VALID, transaction, payment.transaction_id)
    found = _by_id(bench.gateway.activity(start - SECOND))[transaction]
    assert found.facts is not None
    assert found.facts.gives_back == payment.transaction_id
    assert found == bench.gateway.status(transaction)


# Reserve, settle, cancel


def reserved(bench: Bench) -> Payment:
    """A payment whose money is held, as the ledger has it."""
    payment, authorization = authorized(bench)
    payment = replace(payment, reserve=True)
    held = bench.gateway.reserve(intent_of(bench.gateway, payment, authorization, kind="reserve"))
    assert held.result is Result.RESERVED
    return replace(payment, transaction_id=held.transaction_id, authorization_id=authorization)


def claim(bench: Bench, payment: Payment, kind: str, minor: int | None = None) -> Intent:
    money = Money(minor, bench.currency) if minor else None
    return intent_of(bench.gateway, payment, str(payment.authorization_id), "h1", kind=kind, money=money)


def test_reserve_holds_and_moves_nothing(bench: Bench) -> None:
    payment = reserved(bench)
    intent = intent_of(bench.gateway, payment, str(payment.authorization_id), kind="reserve")

    assert bench.gateway.reserve(intent).result is Result.RESERVED
    assert bench.moved() == []
    assert bench.gateway.limits.hold_within > timedelta(0)


@pytest.mark.parametrize("minor", [None, 7])
def test_settle_takes_what_is_held_once(bench: Bench, minor: int | None) -> None:
    payment = reserved(bench)
    intent = claim(bench, payment, "settle", minor)
    settled = bench.gateway.settle(intent)
    assert settled.result is Result.SUCCESS
    bench.gateway.settle(intent)

    assert [money for _, money in bench.moved()] == [intent.money]
    found = ended(bench, settled)
    assert found.facts is not None
    assert found.facts.money == intent.money
    assert str(found.facts.reference).startswith(payment.reference)
    assert bench.gateway.find(sent(bench, intent)).result is Result.SUCCESS


def test_settle_takes_no_more_than_is_held(bench: Bench) -> None:
    payment = reserved(bench)
    refused = bench.gateway.settle(claim(bench, payment, "settle", payment.money.minor + 1))
    assert refused.result is Result.FAILURE
    assert bench.moved() == []


def test_settle_with_a_lost_answer_is_found(bench: Bench) -> None:
    payment = reserved(bench)
    intent = claim(bench, payment, "settle")
    assert bench.gateway.find(sent(bench, intent)).result is Result.UNKNOWN
    bench.lose_answer()
    assert bench.gateway.settle(intent).result is Result.UNKNOWN
    found = bench.gateway.find(sent(bench, intent))
    assert found.result is Result.SUCCESS
    assert found.facts is not None
    assert found.facts.money == intent.money


def test_cancel_gives_the_hold_up(bench: Bench) -> None:
    payment = reserved(bench)
    intent = claim(bench, payment, "cancel")
    assert bench.gateway.find(sent(bench, intent)).result is Result.UNKNOWN
    bench.lose_answer()
    assert bench.gateway.cancel(intent).result is Result.UNKNOWN

    assert bench.gateway.find(sent(bench, intent)).result is Result.CANCELLED
    assert bench.gateway.settle(claim(bench, payment, "settle")).result is Result.FAILURE
    assert bench.moved() == []


def test_what_was_settled_is_not_cancelled(bench: Bench) -> None:
    payment = reserved(bench)
    bench.gateway.settle(claim(bench, payment, "settle"))
    assert bench.gateway.cancel(claim(bench, payment, "cancel")).result is not Result.CANCELLED
    assert [money for _, money in bench.moved()] == [payment.money]


def test_a_hold_ends_by_itself(bench: Bench) -> None:
    payment = reserved(bench)
    bench.advance(bench.gateway.limits.hold_within + SECOND)
    assert bench.gateway.settle(claim(bench, payment, "settle")).result is Result.FAILURE
    assert bench.moved() == []


def test_settle_and_cancel_without_a_connection_were_not_sent(bench: Bench) -> None:
    payment = reserved(bench)
    assert bench.cut_off.settle(claim(bench, payment, "settle")).result is Result.NOT_SENT
    assert bench.cut_off.cancel(claim(bench, payment, "cancel")).result is Result.NOT_SENT


# Release


def test_release_gives_the_authorization_back(bench: Bench) -> None:
    payment, authorization = authorized(bench)
    assert bench.is_usable(authorization)

    assert bench.gateway.release(authorization).result is Result.CANCELLED
    assert not bench.is_usable(authorization)
    assert bench.gateway.release(authorization).result in (Result.CANCELLED, Result.FAILURE)
    assert bench.gateway.pay(intent_of(bench.gateway, payment, authorization)).result is Result.FAILURE
    assert bench.moved() == []


def test_release_of_what_was_paid_with_changes_nothing(bench: Bench) -> None:
    intent = ready(bench)
    paid = bench.gateway.pay(intent)
    assert paid.transaction_id is not None

    assert bench.gateway.release(intent.authorization_id).result is Result.FAILURE
    assert bench.gateway.status(paid.transaction_id).result is Result.SUCCESS


def test_release_without_an_answer(bench: Bench) -> None:
    _, authorization = authorized(bench)
    assert bench.cut_off.release(authorization).result is Result.NOT_SENT
    bench.break_down()
    assert bench.gateway.release(authorization).result is Result.UNKNOWN
    assert bench.is_usable(authorization)
    bench.lose_answer()
    assert bench.gateway.release(authorization).result is Result.UNKNOWN
    assert not bench.is_usable(authorization)


# Status


def test_status_has_the_facts_of_what_was_paid(bench: Bench) -> None:
    intent = ready(bench)
    paid = bench.gateway.pay(intent)
    assert paid.transaction_id is not None
    status = bench.gateway.status(paid.transaction_id)

    assert (status.result, status.transaction_id) == (Result.SUCCESS, paid.transaction_id)
    assert status.facts == Facts(intent.reference, intent.money, True)
    assert status.payer == "john@example.com"
    assert status == bench.gateway.status(paid.transaction_id)


def test_status_of_what_failed_in_the_end(bench: Bench) -> None:
    intent = ready(bench, denied=True, method="slow")
    paid = bench.gateway.pay(intent)
    assert paid.transaction_id is not None
    assert bench.gateway.status(paid.transaction_id).result is Result.PENDING
    bench.settle()
    status = bench.gateway.status(paid.transaction_id)

    assert status.result is Result.FAILURE
    assert status.facts == Facts(intent.reference, intent.money, True)
    assert bench.moved() == []


def test_status_without_an_answer_is_unknown(bench: Bench) -> None:
    paid = bench.gateway.pay(ready(bench))
    assert paid.transaction_id is not None

    assert bench.gateway.status("no such transaction").result is Result.UNKNOWN
    assert bench.cut_off.status(paid.transaction_id).result is Result.UNKNOWN
    for fault in (bench.break_down, bench.lose_answer):
        fault()
        assert bench.gateway.status(paid.transaction_id).result is Result.UNKNOWN


# Find


def test_find_finds_what_a_lost_answer_was_about(bench: Bench) -> None:
    bench.gateway.pay(ready(bench))
    intent = ready(bench)
    bench.lose_answer()
    bench.gateway.pay(intent)
    bench.gateway.pay(ready(bench))
    found = bench.gateway.find(sent(bench, intent))

    assert found.result is Result.SUCCESS
    assert found.facts == Facts(intent.reference, intent.money, True)
    assert found.transaction_id is not None
    assert found == bench.gateway.find(sent(bench, intent))


def test_find_of_what_pends_or_failed(bench: Bench) -> None:
    intent = ready(bench, denied=True, method="slow")
    bench.gateway.pay(intent)
    assert bench.gateway.find(sent(bench, intent)).result is Result.PENDING
    bench.settle()

    failed = bench.gateway.find(sent(bench, intent))
    assert failed.result is Result.FAILURE
    assert failed.transaction_id is not None


def test_find_never_takes_not_found_for_a_no(bench: Bench) -> None:
    paid, intent = ready(bench), ready(bench)
    bench.gateway.pay(paid)

    assert bench.gateway.find(sent(bench, intent)).result is Result.UNKNOWN
    assert bench.gateway.find(sent(bench, intent)).absent  # looked for, and not there
    assert bench.gateway.find(intent).result is Result.UNKNOWN
    assert bench.cut_off.find(sent(bench, paid)).result is Result.UNKNOWN
    assert not bench.cut_off.find(sent(bench, paid)).absent  # nobody looked
    bench.break_down()
    assert bench.gateway.find(sent(bench, paid)).result is Result.UNKNOWN


# Activity


def test_activity_lists_every_payment_with_its_facts(bench: Bench) -> None:
    start = bench.now()
    first, second = ready(bench), ready(bench, method="slow")
    ids = [bench.gateway.pay(each).transaction_id for each in (first, second)]
    found = _by_id(bench.gateway.activity(start - SECOND))

    assert set(found) == set(ids)
    assert [found[str(each)].result for each in ids] == [Result.SUCCESS, Result.PENDING]
    assert [found[str(each)].facts for each in ids] == [
        Facts(each.reference, each.money, True) for each in (first, second)
    ]


def test_activity_begins_where_it_is_told(bench: Bench) -> None:
    bench.gateway.pay(ready(bench))
    bench.advance(timedelta(days=1))
    later = bench.now()
    paid = bench.gateway.pay(ready(bench))

    assert set(_by_id(bench.gateway.activity(later - SECOND))) == {paid.transaction_id}


def test_activity_without_an_answer_raises(bench: Bench) -> None:
    with pytest.raises(TransportError):
        list(bench.cut_off.activity(bench.now()))


# Recover


def test_recover_tells_what_a_buyer_did_who_never_came_back(bench: Bench) -> None:
    payment = begin(bench, bench.started())
    assert bench.gateway.recover(payment).standing is Standing.ABANDONED
    raw = bench.authorize(payment)
    recovered = bench.gateway.recover(payment)

    assert recovered.standing is Standing.AUTHORIZED
    assert recovered.id == bench.gateway.finish(raw, payment).id
    assert recovered == bench.gateway.recover(payment)
    assert recovered.given_at is not None
    assert abs(recovered.given_at - bench.now()) < timedelta(minutes=1)


def test_recover_of_a_payment_that_was_never_begun(bench: Bench) -> None:
    assert bench.gateway.recover(bench.started()).standing is Standing.ABANDONED


def test_recover_without_an_answer_could_not_tell(bench: Bench) -> None:
    payment = begin(bench, bench.started())
    bench.authorize(payment)

    assert bench.cut_off.recover(payment).standing is Standing.COULD_NOT_TELL
    bench.break_down()
    assert bench.gateway.recover(payment).standing is Standing.COULD_NOT_TELL
    assert bench.gateway.recover(payment).standing is Standing.AUTHORIZED


# Notifications


def test_a_notification_leads_to_its_payment(bench: Bench) -> None:
    payment, authorization = authorized(bench)
    intent = intent_of(bench.gateway, payment, authorization)
    paid = bench.gateway.pay(intent)
    letter = bench.letters()[-1]
    note = bench.gateway.notification(letter.body, letter.headers, letter.url)

    assert note == bench.gateway.notification(letter.body, letter.headers, letter.url)
    assert note.verdict is Verdict.VALID
    assert letter.url == payment.notify_url
    named = note.reference == intent.reference and note.transaction_id == paid.transaction_id
    assert named or (note.reference is None and note.handle == payment.gateway_handle is not None)
    assert note.stateless or len({each.body for each in bench.letters()}) == len(bench.letters())


def test_a_notification_that_is_not_the_providers(bench: Bench) -> None:
    bench.gateway.pay(ready(bench))
    letter = bench.letters()[-1]

    for body in (letter.body + b"0", letter.body[:-1], letter.body.replace(b"s", b"z", 1), b"", b"\xff", b"{}"):
        note = bench.gateway.notification(body, letter.headers, letter.url)
        assert note.verdict is Verdict.INVALID
        assert (note.reference, note.handle, note.transaction_id) == (None, None, None)


@pytest.mark.parametrize("bench", ["fps"], indirect=True)  # the other signs with a secret that we both know
def test_a_notification_that_could_not_be_checked(bench: Bench, unsure: Gateway) -> None:
    bench.gateway.pay(ready(bench))
    letter = bench.letters()[-1]

    note = unsure.notification(letter.body, letter.headers, letter.url)
    assert note.verdict is Verdict.COULD_NOT_TELL
    assert note.reference is None


def test_what_a_gateway_answers_is_made_to_be_kept(bench: Bench) -> None:
    """Answers are values: nothing of the provider's connection hangs on them."""
    payment = begin(bench, bench.started())
    answer = bench.gateway.finish(bench.authorize(payment), payment)

    assert answer == Authorization(
        answer.standing, answer.id, answer.money, answer.method, answer.payer, answer.given_at, answer.detail
    )


def _by_id(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    return {str(each.transaction_id): each for each in outcomes}
