"""Accounts that cannot take part, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import amount
from tests.sandbox.api.authority import change_account
from tests.sandbox.api.authority import credit
from tests.sandbox.api.authority import MERCHANT
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import multi
from tests.sandbox.api.authority import recipient_tokens
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

#: Of an account, and what is said of it: by its role, or (without a dash) whatever its role.
TROUBLES: list[tuple[dict[str, Any], str]] = [
    ({"standing": "suspended"}, "InvalidAccountState_"),
    ({"standing": "closed"}, "InvalidAccountState_"),
    ({"email_verified": False}, "UnverifiedEmailAddress_"),
    ({"is_verified": False}, "UnverifiedAccount_"),
    ({"is_limited": True}, "AccountLimitsExceeded"),
]
ROLES = [(JOHN, "Sender"), (MERCHANT, "Recipient"), (SELLER, "Caller")]


@pytest.mark.parametrize(("email", "role"), ROLES)
@pytest.mark.parametrize(("trouble", "code"), TROUBLES)
def test_who_cannot_take_part(
    server: SandboxServer, caller: Caller, email: str, role: str, trouble: dict[str, Any], code: str
) -> None:
    merchant(server)
    to = {"RecipientTokenId": recipient_tokens(server).recipient.token_id}
    change_account(server, email, **trouble)
    answer = caller.pay(multi(server, recipients=(MERCHANT,)), **to)
    if role == "Caller" and code in ("UnverifiedAccount_", "AccountLimitsExceeded"):
        assert answer.status == 200
    else:
        assert answer.error == (code + role if code.endswith("_") else code)
        assert server.bank.transactions.all() == []


def test_a_personal_account_takes_no_cards(server: SandboxServer, caller: Caller) -> None:
    spent = token(server, method="CC")
    change_account(server, SELLER, is_personal=True)
    assert caller.pay(spent).error == "InvalidRecipientForCCTransaction"
    assert caller.pay(token(server, reference="order-2")).status == 200


def test_a_bank_account_must_be_verified(server: SandboxServer, caller: Caller) -> None:
    change_account(server, JOHN, bank_verified=False)
    assert caller.pay(token(server, method="ACH")).error == "UnverifiedBankAccount"


def test_a_card_expires(server: SandboxServer, caller: Caller) -> None:
    many = multi(server, method="CC", expires_at=server.bank.clock.now().replace(year=2040))
    server.advance(4 * 365 * 24 * 60 * 60)
    assert caller.pay(many, "p-1").status == 200
    server.advance(2 * 365 * 24 * 60 * 60)
    assert caller.pay(many, "p-2").error == "InactiveInstrument"


def test_a_method_may_be_gone(server: SandboxServer, caller: Caller) -> None:
    spent = token(server, method="CC")
    change_account(server, JOHN, methods=())
    assert caller.pay(spent).error == "InvalidPaymentInstrument"


def test_a_settlement_asks_the_same(server: SandboxServer, caller: Caller) -> None:
    line = credit(server)
    caller.pay(line.sender.token_id, "p-1", "5.00")
    change_account(server, JOHN, standing="closed")
    about = {"SenderTokenId": line.settlement.token_id, "CreditInstrumentId": line.instrument.instrument_id}
    answer = caller.call("SettleDebt", CallerReference="s", **about, **amount("SettlementAmount", "5.00"))
    assert answer.error == "InvalidAccountState_Sender"


@pytest.mark.parametrize(("standing", "code"), [("closed", "AccountClosed"), ("suspended", "InvalidAccountState")])
def test_who_is_shut_out_asks_in_vain(server: SandboxServer, caller: Caller, standing: str, code: str) -> None:
    change_account(server, SELLER, standing=standing)
    assert caller.call("GetAccountBalance").error == code
    assert caller.call("GetTokens").error == code
    assert caller.pay(token(server)).error == "InvalidAccountState_Caller"


def test_the_control_plane_sets_it(server: SandboxServer, caller: Caller) -> None:
    url = f"{server.url}/_control/accounts"
    told = requests.post(url, json={"email": JOHN, "standing": "suspended", "is_personal": True}, timeout=5)
    assert told.status_code == 200
    assert caller.pay(token(server)).error == "InvalidAccountState_Sender"
    for wrong in ({"standing": "tired"}, {"is_verified": "no"}):
        assert requests.post(url, json={"email": JOHN} | wrong, timeout=5).status_code == 400
    assert server.bank.account(JOHN).is_personal
