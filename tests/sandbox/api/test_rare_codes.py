"""Error codes that few requests ever met, each by the situation it was made for."""

from __future__ import annotations

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token
from tests.sandbox.first_caller import FirstCaller
from tests.sandbox.first_caller import refused


def test_two_requests_with_one_reference_at_once(server: SandboxServer, caller: Caller) -> None:
    server.switches.turn({"in_flight": "ConcurrentModification"})
    paying = token(server)
    with server.bank.references.turn(SELLER, "Pay", "pay-1"):
        assert caller.pay(paying).error == "ConcurrentModification"
    assert caller.pay(paying).status == 200


@pytest.mark.parametrize(
    ("instruction", "code"),
    [
        ("MyRole == 'Recipient'; PaymentMethod == 'Cheque';", "InvalidPaymentMethod"),
        ("MyRole == 'Recipient'; PaymentMethod == '';", "PaymentMethodNotDefined"),
    ],
)
@pytest.mark.parametrize("version", ["2007-01-08", "2010-08-28"])
def test_an_instruction_names_a_payment_method_or_none(
    server: SandboxServer, caller: Caller, version: str, instruction: str, code: str
) -> None:
    if version == "2007-01-08":
        assert refused(FirstCaller(server.url).install(instruction))[0] == code
    else:
        wish = {"PaymentInstruction": instruction, "CallerReference": "i", "TokenType": "Unrestricted"}
        assert caller.call("InstallPaymentInstruction", **wish).error == code


def test_a_stranger_gives_no_money_back(server: SandboxServer) -> None:
    first = FirstCaller(server.url)
    paid = first.pay(token(server, JOHN))["TransactionId"]
    strangers = token(server, JANE, reference="of-jane")
    assert refused(first.refund(paid, RefundSenderTokenId=strangers))[0] == "SenderNotOriginalRecipient"
    assert len(server.bank.transactions.all()) == 1
