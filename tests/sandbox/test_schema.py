"""What reads every answer of these tests knows what Amazon's clients would stumble over."""

from __future__ import annotations

import pytest

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.schema import Reader
from tests.sandbox.schema import troubles

NAMESPACE = "http://fps.amazonaws.com/doc/2010-08-28/"
METADATA = "<ResponseMetadata><RequestId>1:0</RequestId></ResponseMetadata>"
PAID = "<TransactionId>1</TransactionId><TransactionStatus>Success</TransactionStatus>"


def _pay(result: str, metadata: str = METADATA) -> str:
    return f'<PayResponse xmlns="{NAMESPACE}"><PayResult>{result}</PayResult>{metadata}</PayResponse>'


def test_a_good_answer_is_no_trouble() -> None:
    assert troubles(_pay(PAID)) == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (_pay(PAID.replace("Success", "Succeeded")), "'Succeeded', which is no TransactionStatus"),
        (_pay("<TransactionStatus>Success</TransactionStatus><TransactionId>1</TransactionId>"), "Pay/PayResult has"),
        (_pay(PAID.partition("<TransactionStatus>")[0]), "Pay/PayResult has ['TransactionId']"),
        (_pay(PAID + "<Note>!</Note>"), "'Note'"),
        (_pay(PAID.replace("<TransactionId>", '<TransactionId xmlns="">')), "is in ''"),
        (_pay(PAID.replace(">1<", "><b/><")), "which is no string"),
        (_pay(PAID, ""), "Pay has ['PayResult']"),
    ],
)
def test_each_stumbling_block_is_named(answer: str, found: str) -> None:
    assert any(found in trouble for trouble in troubles(answer)), troubles(answer)


def test_a_subscription_s_unit_is_in_small_letters() -> None:
    """As ``TimeUnit`` has it: Java's SDK reads ``Month`` as nothing at all."""
    period = "<SubscriptionFrequency><Value>1</Value><TimeUnit>Month</TimeUnit></SubscriptionFrequency>"
    answer = (
        f'<GetSubscriptionDetailsResponse xmlns="{NAMESPACE}"><GetSubscriptionDetailsResult><SubscriptionDetails>'
        f"{period}</SubscriptionDetails></GetSubscriptionDetailsResult>{METADATA}</GetSubscriptionDetailsResponse>"
    )
    assert any("'Month', which is no TimeUnit" in trouble for trouble in troubles(answer))


def test_every_answer_of_a_sandbox_is_read(bank: Bank) -> None:
    reader, server = Reader(), SandboxServer(bank=bank, ticking=False)
    server.app.after_request(reader.look)
    with server:
        caller = Caller(server.url)
        caller.call("GetAccountBalance")
        reader.check()
        server.faults.add("GetAccountBalance", "garbage", value=_pay("<Note>!</Note>"))
        caller.call("GetAccountBalance")
    with pytest.raises(AssertionError, match="Pay/PayResult has"):
        reader.check()
