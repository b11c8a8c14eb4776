"""Tokens on one's own account, and what is told of a recipient."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flask_fps.sandbox.bank.instruments.forced import RECIPIENT
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import change_account
from tests.sandbox.api.authority import MERCHANT
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import recipient_tokens
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import token

TEXT = "MyRole == 'Caller' orSay 'Roles do not match';"


def test_an_instruction_is_installed_and_read_again(server: SandboxServer, caller: Caller) -> None:
    made = _install(caller, TokenFriendlyName="mine", PaymentReason="songs")
    found = caller.call("GetPaymentInstruction", TokenId=made["TokenId"])
    assert (found["PaymentInstruction"], found["CallerReference"]) == (TEXT, "own-1")
    assert (found["TokenFriendlyName"], found["FriendlyName"], found["PaymentReason"]) == ("mine", "mine", "songs")
    assert (found["TokenType"], found["TokenStatus"]) == ("Unrestricted", "Active")


def test_the_identical_installation_is_the_same(server: SandboxServer, caller: Caller) -> None:
    assert _install(caller).text == _install(caller).text
    assert _install(caller, TokenFriendlyName="other").error == "DuplicateRequest"
    assert len(server.bank.tokens.all()) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PaymentInstruction": "Invalid Instruction;"}, "BadRule"),
        ({"PaymentInstruction": ""}, "InvalidParams"),
        ({"TokenType": "Eternal"}, "InvalidParams"),
        ({"TokenType": "MultiUse"}, "UsageNotDefined"),
        ({"TokenType": "Recurring"}, "UsageNotDefined"),
        ({"TokenFriendlyName": "x" * 129}, "InvalidParams"),
        ({"CallerReference": "x" * 129}, "InvalidParams"),
    ],
)
def test_what_cannot_be_installed(server: SandboxServer, caller: Caller, changes: dict[str, str], code: str) -> None:
    assert _install(caller, **changes).error == code
    assert server.bank.tokens.all() == []


def test_an_instruction_hides_no_buyer_s_token(server: SandboxServer, caller: Caller) -> None:
    """The references of the co-branded pages are a namespace of their own (FPS developer guide)."""
    bought, own = token(server, reference="own-1"), _install(caller)["TokenId"]
    assert caller.call("GetTokenByCaller", CallerReference="own-1")["TokenId"] == bought != own
    alone = _install(caller, CallerReference="own-2")["TokenId"]
    assert caller.call("GetTokenByCaller", CallerReference="own-2")["TokenId"] == alone


def test_an_instruction_is_its_owner_s_alone(server: SandboxServer, caller: Caller) -> None:
    other = merchant(server)
    about = {"TokenId": _install(caller)["TokenId"]}
    assert other.call("GetPaymentInstruction", **about).error == "InvalidTokenId"
    assert other.call("CancelToken", **about).error == "TokenAccessDenied"
    assert caller.call("GetPaymentInstruction", TokenId=token(server)).error == "InvalidTokenId"
    assert caller.call("GetPaymentInstruction", TokenId="NONE").error == "InvalidParams"


def test_the_tokens_on_one_s_own_account(server: SandboxServer, caller: Caller) -> None:
    """Not those that buyers made for it."""
    token(server)
    first, second = _install(caller), _install(caller, CallerReference="own-2", TokenType="SingleUse")
    caller.call("CancelToken", TokenId=second["TokenId"])
    assert caller.call("GetTokens").every("TokenId") == [first["TokenId"]]
    assert caller.call("GetTokens", TokenStatus="Inactive").every("TokenId") == [second["TokenId"]]
    assert caller.call("GetTokens", TokenType="SingleUse").every("TokenId") == []
    assert caller.call("GetTokens", CallerReference="own-1").every("TokenId") == [first["TokenId"]]
    assert caller.call("GetTokens", TokenFriendlyName="none").every("TokenId") == []
    assert caller.call("GetTokens", TokenStatus="Gone").error == "InvalidParams"
    assert "<GetTokensResult></GetTokensResult>" in merchant(server).call("GetTokens").text


def test_what_a_merchant_gave_stands_on_his_account(server: SandboxServer, caller: Caller) -> None:
    other, made = merchant(server), recipient_tokens(server)
    assert other.call("GetTokens").every("TokenId") == [made.recipient.token_id, made.refund.token_id]
    assert other.call("CancelToken", TokenId=made.recipient.token_id).status == 200


@pytest.mark.parametrize(
    ("account", "status"),
    [
        ({}, "VerificationCompleteNoLimits"),
        ({"is_personal": True}, "VerificationComplete"),
        ({"is_verified": False}, "VerificationPending"),
        ({"email_verified": False}, "VerificationPending"),
    ],
)
def test_what_is_known_of_a_recipient(
    server: SandboxServer, caller: Caller, account: dict[str, bool], status: str
) -> None:
    merchant(server)
    made = recipient_tokens(server)
    change_account(server, MERCHANT, **account)
    asked = caller.call("GetRecipientVerificationStatus", RecipientTokenId=made.recipient.token_id)
    assert asked["RecipientVerificationStatus"] == status
    before = caller.but(version="2008-09-17")
    asked = before.call("GetRecipientVerificationStatus", RecipientTokenId=made.recipient.token_id)
    assert asked["RecipientVerificationStatus"] == status.removesuffix("NoLimits")


def test_a_recipient_whose_token_is_no_longer_good_is_refused_as_in_a_payment(
    server: SandboxServer, caller: Caller
) -> None:
    merchant(server)
    made = recipient_tokens(server)
    about = {"RecipientTokenId": made.recipient.token_id}
    server.bank.books.tokens.put(replace(made.recipient, expires_at=server.bank.clock.now()))
    assert caller.call("GetRecipientVerificationStatus", **about).error == "IncompatibleTokens"
    server.bank.books.tokens.put(replace(made.recipient, cancelled_at=server.bank.clock.now()))
    assert caller.call("GetRecipientVerificationStatus", **about).error == "TokenNotActive_Recipient"
    for forced, refused in RECIPIENT.items():
        assert caller.call("GetRecipientVerificationStatus", RecipientTokenId=forced).error == refused.code


def test_only_of_one_s_own_recipients(server: SandboxServer, caller: Caller) -> None:
    other = merchant(server)
    made = recipient_tokens(server)
    asked = {"RecipientTokenId": made.recipient.token_id}
    assert other.call("GetRecipientVerificationStatus", **asked).error == "InvalidTokenId_Recipient"
    assert caller.call("GetRecipientVerificationStatus", RecipientTokenId="NONE").error == "InvalidParams"
    sender = {"RecipientTokenId": token(server)}
    assert caller.call("GetRecipientVerificationStatus", **sender).error == "InvalidTokenId_Recipient"


def _install(caller: Caller, **changes: str) -> Answer:
    said = {"PaymentInstruction": TEXT, "CallerReference": "own-1", "TokenType": "Unrestricted"}
    return caller.call("InstallPaymentInstruction", **(said | changes))
