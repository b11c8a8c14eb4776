"""The contract of all gateways once more, spoken in API version 2007-01-08, and what that version had otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cached_property

import pytest

from flask_fps.assembly import fps_gateway
from flask_fps.config import Config
from flask_fps.gateways.fps import FPSGateway
from flask_fps.protocol.dialects import RoleTokens
from flask_fps.protocol.dialects.v2007_01_08.own_tokens import own_token
from flask_fps.records import Kind
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.sandbox.server import SandboxServer
from tests.gateways import test_contract
from tests.gateways.benches import begin
from tests.gateways.benches import FPSBench
from tests.gateways.benches import intent_of

#: What this version had not, or had otherwise: then a test of its own is below.
NOT_THEN = {
    # they are about another gateway
    "test_begin_after_a_lost_answer_begins_nothing_new",
    "test_finish_of_an_approval_that_is_still_under_way",
    # there were no notifications
    "test_money_that_goes_back_by_hand_is_told_and_stands_in_the_books",
    "test_a_notification_leads_to_its_payment",
    "test_a_notification_that_could_not_be_checked",
    # only cards were reserved on, and there was no Cancel
    "test_reserve_holds_and_moves_nothing",
    "test_settle_takes_what_is_held_once",
    "test_settle_takes_no_more_than_is_held",
    "test_settle_with_a_lost_answer_is_found",
    "test_cancel_gives_the_hold_up",
    "test_what_was_settled_is_not_cancelled",
    "test_a_hold_ends_by_itself",
    "test_settle_and_cancel_without_a_connection_were_not_sent",
    # a refund to a balance is done at once
    "test_refund_may_fail_late",
    # nobody's address was told
    "test_status_has_the_facts_of_what_was_paid",
    # a card that declines may be tried again
    "test_status_of_what_failed_in_the_end",
    "test_find_of_what_pends_or_failed",
}
CONTRACT = {name: test for name, test in vars(test_contract).items() if name.startswith("test_")}
globals().update({name: test for name, test in CONTRACT.items() if name not in NOT_THEN})


class FirstBench(FPSBench):
    """FPSGateway with tokens of its own, against the same sandbox."""

    def _open(self, url: str) -> FPSGateway:
        settings = {"FPS_API_VERSION": "2007-01-08", "FPS_SANDBOX_URL": url, "FPS_TIMEOUT": 5}
        config = Config.read({"FPS_ENVIRONMENT": "local", **settings})
        gateway = fps_gateway(config, "default", None, lambda: self._sandbox.clock.unmoved())
        assert isinstance(gateway, FPSGateway)
        return replace(gateway, probe=True, tokens=lambda: self._tokens)

    @cached_property
    def _tokens(self) -> RoleTokens:
        client = self.gateway.client
        return RoleTokens(own_token(client, "caller").token_id, own_token(client, "recipient").token_id)


@pytest.fixture
def bench(sandbox_server: SandboxServer) -> Iterator[FirstBench]:
    sandbox_server.reset()
    first = FirstBench(sandbox_server)
    assert first.gateway.tokens().caller
    yield first
    first.close()


def test_what_is_left_out_is_in_the_contract() -> None:
    assert CONTRACT.keys() >= NOT_THEN


def authorized(bench: FirstBench, method: str | None = None, *, denied: bool = False) -> tuple[Payment, str]:
    payment = bench.started(denied=denied)
    begun = begin(bench, payment)
    token = bench.gateway.finish(bench.authorize(begun, method), begun).id
    assert token is not None
    return begun, token


def test_status_has_the_facts_of_what_was_paid_but_no_address(bench: FirstBench) -> None:
    payment, token = authorized(bench)
    paid = bench.gateway.pay(intent_of(bench.gateway, payment, token))
    assert paid.result is Result.SUCCESS and paid.transaction_id
    known = bench.gateway.status(paid.transaction_id)
    assert (known.result, known.payer, known.method) == (Result.SUCCESS, None, "balance")
    assert known.facts is not None
    assert (known.facts.reference, known.facts.money, known.facts.ours) == (
        f"{payment.reference}-1",
        payment.money,
        True,
    )


def test_what_is_paid_to_another_token_is_not_ours(bench: FirstBench) -> None:
    payment, token = authorized(bench)
    paid = bench.gateway.pay(intent_of(bench.gateway, payment, token))
    stranger = replace(bench.gateway, tokens=lambda: RoleTokens("C" * 64, "R" * 64))
    known = stranger.status(paid.transaction_id or "")
    assert known.facts is not None and known.facts.ours is False


def test_what_is_declined_for_the_moment_waits_until_it_is_tried_again(bench: FirstBench) -> None:
    payment, token = authorized(bench, "slow", denied=True)
    paid = bench.gateway.pay(intent_of(bench.gateway, payment, token))
    assert paid.result is Result.PENDING and paid.transaction_id
    for _ in range(2):
        bench.advance(timedelta(days=1))
        declined = bench.gateway.status(paid.transaction_id)
        assert (declined.result, declined.declined_for_now) == (Result.PENDING, True)
    assert bench.gateway.retry(paid.transaction_id).result is Result.PENDING
    tried = bench.gateway.status(paid.transaction_id)
    assert (tried.result, tried.declined_for_now) == (Result.PENDING, False)
    again = bench.gateway.retry(paid.transaction_id)
    assert (again.result, again.code) == (Result.UNKNOWN, "InvalidTransactionState")
    bench.settle()
    assert bench.gateway.status(paid.transaction_id).result is Result.SUCCESS


def test_a_card_holds_and_is_settled_once(bench: FirstBench) -> None:
    payment, token = authorized(bench, "slow")
    reserve = intent_of(bench.gateway, payment, token, kind=Kind.RESERVE.value)
    held = bench.gateway.reserve(reserve)
    assert held.result is Result.PENDING and held.transaction_id
    bench.settle()
    assert bench.gateway.status(held.transaction_id).result is Result.RESERVED
    reserved = replace(payment, transaction_id=held.transaction_id)
    settle = intent_of(bench.gateway, reserved, token, "settle", kind=Kind.SETTLE.value)
    assert bench.gateway.settle(settle).result is Result.PENDING
    bench.settle()
    assert bench.gateway.status(held.transaction_id).result is Result.SUCCESS


def test_a_hold_cannot_be_given_up_and_ends_by_itself(bench: FirstBench) -> None:
    payment, token = authorized(bench, "slow")
    held = bench.gateway.reserve(intent_of(bench.gateway, payment, token, kind=Kind.RESERVE.value))
    bench.settle()
    reserved = replace(payment, transaction_id=held.transaction_id)
    given_up = bench.gateway.cancel(intent_of(bench.gateway, reserved, token, "cancel", kind=Kind.CANCEL.value))
    assert (given_up.result, given_up.code) == (Result.FAILURE, "InvalidAction")
    bench.advance(timedelta(days=8))
    assert bench.gateway.status(held.transaction_id or "").result is Result.FAILURE


def test_no_notification_is_believed(bench: FirstBench) -> None:
    said = bench.gateway.notification(b"status=SA&awsSignature=x", {}, "http://127.0.0.1/ipn")
    assert said.verdict.value == "invalid"


def test_without_tokens_nobody_is_sent_away(bench: FirstBench) -> None:
    assert bench.gateway.reachable() is None
    why = replace(bench.gateway, tokens=RoleTokens).reachable()
    assert why is not None and why.command == "flask fps tokens install"
