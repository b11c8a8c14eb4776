"""Tokens that pay more than once, and what they are held to at Pay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.sandbox.bank.limits import Limit
from flask_fps.sandbox.bank.periods import parse
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import amount
from tests.sandbox.api.authority import balance
from tests.sandbox.api.authority import change_account
from tests.sandbox.api.authority import credit
from tests.sandbox.api.authority import every
from tests.sandbox.api.authority import gift_card
from tests.sandbox.api.authority import MERCHANT
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import multi
from tests.sandbox.api.authority import recipient_tokens
from tests.sandbox.api.authority import usd
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

DAY = 24 * 60 * 60
VIOLATED = "has violated its usage policy."


def test_a_multi_use_token_pays_until_its_cap(server: SandboxServer, caller: Caller) -> None:
    many = multi(server, cap=500)
    assert caller.pay(many, "p-1", "2.00").status == 200
    assert caller.pay(many, "p-2", "3.01").error == "TokenUsageError"
    assert VIOLATED in caller.pay(many, "p-3", "3.01").text
    assert caller.pay(many, "p-4", "3.00").status == 200
    assert caller.pay(many, "p-5", "0.01").error == "TokenUsageError"
    assert balance(server, SELLER) == "$4.90"


def test_further_limits_count_by_the_period(server: SandboxServer, caller: Caller) -> None:
    many = multi(
        server, limits=[Limit(count=2, period=parse("7 Days")), Limit(amount=usd(300), period=parse("1 Month"))]
    )
    assert caller.pay(many, "p-1").status == caller.pay(many, "p-2").status == 200
    assert caller.pay(many, "p-3").error == "TokenUsageError"
    server.advance(7 * DAY)
    assert caller.pay(many, "p-4").status == 200
    assert caller.pay(many, "p-5").error == "TokenUsageError"
    server.advance(31 * DAY)
    assert caller.pay(many, "p-6").status == 200


def test_a_limit_of_all_time_and_a_payment_once_in_all_time(server: SandboxServer, caller: Caller) -> None:
    many = multi(server, limits=[Limit(count=2, period=parse("9999 Years"))])
    once = every(server, "9000 years", 500, caller_reference="yes-2")
    server.advance(86400 * 30)
    assert [caller.pay(many, f"m{number}").error for number in (1, 2, 3)] == ["", "", "TokenUsageError"]
    assert caller.call("GetTokenUsage", TokenId=many)["Count"] == "2"
    assert [caller.pay(once, f"o{number}", "5.00").error for number in (1, 2)] == ["", "TokenUsageError"]


def test_a_token_may_ask_for_exactly_so_much(server: SandboxServer, caller: Caller) -> None:
    exact = multi(server, amount=usd(700), amount_type="Exact")
    assert caller.pay(exact, "p-1", "7.01").error == "IncompatibleTokens"
    assert caller.pay(exact, "p-2", "6.99").error == "IncompatibleTokens"
    assert caller.pay(exact, "p-3", "7.00").status == 200
    least = multi(server, amount=usd(700), amount_type="Minimum")
    assert caller.pay(least, "p-4", "6.99").error == "IncompatibleTokens"
    assert caller.pay(least, "p-5", "8.00").status == 200


def test_a_recurring_token_pays_once_in_each_period(server: SandboxServer, caller: Caller) -> None:
    monthly = every(server, "1 Month", 500)
    assert caller.pay(monthly, "p-1", "5.00").status == 200
    assert caller.pay(monthly, "p-2", "5.00").error == "TokenUsageError"
    server.advance(31 * DAY)
    assert caller.pay(monthly, "p-3", "5.00").status == 200
    assert caller.pay(monthly, "p-4", "4.00").error == "IncompatibleTokens"


def test_a_token_has_its_time(server: SandboxServer, caller: Caller) -> None:
    now = server.bank.clock.now()
    later = multi(server, starts_at=now + timedelta(days=2), expires_at=now + timedelta(days=4))
    assert caller.pay(later, "p-1").error == "IncompatibleTokens"
    server.advance(2 * DAY)
    assert caller.pay(later, "p-2").status == 200
    server.advance(2 * DAY)
    assert caller.pay(later, "p-3").error == "IncompatibleTokens"


def test_a_refused_payment_counts_for_nothing(server: SandboxServer, caller: Caller) -> None:
    many = multi(server, cap=200_000, limits=[Limit(count=1, period=parse("1 Day"))])
    assert caller.pay(many, "p-1", "1000.01").error == "InsufficientBalance"
    assert caller.pay(many, "p-2").status == 200


def test_the_usage_is_told_by_window(server: SandboxServer, caller: Caller) -> None:
    many = multi(server, cap=5000, limits=[Limit(count=2, period=parse("1 Day"))])
    caller.pay(many, "p-1", "1.50")
    server.advance(DAY)
    caller.pay(many, "p-2", "2.00")
    answer = caller.call("GetTokenUsage", TokenId=many)
    assert answer.text.count("<TokenUsageLimits>") == 2
    assert answer.every("Value") == ["3.500000", "0.000000"]
    assert (answer["Count"], answer["LastResetCount"]) == ("1", "1")
    assert len(answer.every("LastResetTimestamp")) == 2


def test_a_single_use_token_has_no_usage_to_tell(server: SandboxServer, caller: Caller) -> None:
    answer = caller.call("GetTokenUsage", TokenId=token(server))
    assert answer.error == "InvalidTokenType"
    assert answer["Message"] == 'Type of token "{0}" is invalid for this operation.'


def test_an_unlimited_token_has_an_empty_usage(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    unlimited = recipient_tokens(server).recipient.token_id
    assert "<GetTokenUsageResult></GetTokenUsageResult>" in caller.call("GetTokenUsage", TokenId=unlimited).text


def test_the_usage_of_a_stranger_s_token_is_not_told(server: SandboxServer, caller: Caller) -> None:
    other = merchant(server)
    assert other.call("GetTokenUsage", TokenId=multi(server)).error == "InvalidTokenId"


@pytest.mark.parametrize("which", ["funding", "settlement", "refund"])
def test_a_token_for_something_else_does_not_pay(server: SandboxServer, caller: Caller, which: str) -> None:
    merchant(server)
    made = {
        "funding": gift_card(server).funding,
        "settlement": credit(server).settlement,
        "refund": recipient_tokens(server).refund,
    }[which]
    assert caller.pay(made.token_id).error == "InvalidSenderRoleForAccountType"


def test_only_those_who_are_named_may_be_paid(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    to_merchant = {"RecipientTokenId": recipient_tokens(server).recipient.token_id}
    assert caller.pay(multi(server), "p-1", **to_merchant).error == "IncompatibleTokens"
    named = multi(server, recipients=(MERCHANT, JANE))
    assert caller.pay(named, "p-2").error == "IncompatibleTokens"
    assert caller.pay(named, "p-3", **to_merchant).status == 200


def test_a_cancelled_token_pays_no_more(server: SandboxServer, caller: Caller) -> None:
    many = multi(server)
    caller.pay(many, "p-1")
    assert caller.call("CancelToken", TokenId=many, ReasonText="enough").status == 200
    assert caller.pay(many, "p-2").error == "TokenNotActive_Sender"
    assert server.notifications[-1].parameters["tokenType"] == "MultiUse"


def test_many_payments_can_be_reserved(server: SandboxServer, caller: Caller) -> None:
    many = multi(server, cap=500)
    held = caller.call("Reserve", SenderTokenId=many, CallerReference="r-1", **amount("TransactionAmount", "5.00"))
    assert held["TransactionStatus"] == "Reserved"
    assert caller.pay(many, "p-1").error == "TokenUsageError"


def test_the_same_account_as_sender_and_recipient(server: SandboxServer, caller: Caller) -> None:
    change_account(server, SELLER, balance=usd(0))
    assert caller.pay(multi(server, sender=SELLER)).error == "SameSenderAndRecipient"
