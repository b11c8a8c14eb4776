from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import BankError
from flask_fps.sandbox.bank.errors import CallerInputError
from flask_fps.sandbox.bank.errors import RunEnded
from flask_fps.sandbox.bank.pipelines import Refusal
from flask_fps.sandbox.bank.records import Run
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

REQUEST = {
    "callerKey": "AKIAFPSSANDBOXDEMO01",
    "pipelineName": "SingleUse",
    "version": "2009-01-09",
    "returnURL": "http://127.0.0.1:5000/fps/return?ref=1",
    "callerReference": "order-1",
    "transactionAmount": "0.10",
    "paymentReason": "Now and Forever - Richard Marx",
    "paymentMethod": "ABT,ACH,CC",
    "signature": "made elsewhere",
    "signatureVersion": "2",
    "signatureMethod": "HmacSHA256",
}


def test_a_run_knows_what_is_asked(bank: Bank) -> None:
    run = _opened(bank)
    assert (str(run.amount), run.reason, run.recipient) == ("$0.10", "Now and Forever - Richard Marx", SELLER)
    assert run.methods == ("ABT", "ACH", "CC")
    assert "signature" not in run.parameters
    assert bank.pipelines.run(run.run_id) == run


def test_a_confirmation_makes_one_token(bank: Bank) -> None:
    run = _opened(bank)
    token = bank.pipelines.authorize(run.run_id, JOHN, "CC")
    assert (token.sender, token.caller, token.recipient, str(token.amount)) == (JOHN, SELLER, SELLER, "$0.10")
    assert (len(token.token_id), token.method) == (64, "CC")
    assert token.expires_at is not None
    assert token.expires_at - token.created_at == timedelta(hours=3)
    ended = bank.pipelines.run(run.run_id)
    assert ended is not None
    assert (ended.ended, ended.token_id) == ("SC", token.token_id)
    with pytest.raises(RunEnded):
        bank.pipelines.authorize(run.run_id, JOHN, "CC")
    with pytest.raises(RunEnded):
        bank.pipelines.abandon(run.run_id)
    assert len(bank.tokens.all()) == 1


def test_a_cancel_ends_the_run(bank: Bank) -> None:
    run = bank.pipelines.abandon(_opened(bank).run_id)
    assert (run.ended, run.token_id) == ("A", None)
    with pytest.raises(RunEnded):
        bank.pipelines.authorize(run.run_id, JOHN, "ABT")


def test_a_reference_used_again_goes_on_with_its_run(bank: Bank) -> None:
    assert _opened(bank, signature="a later one", signatureMethod="HmacSHA1") == _opened(bank)


@pytest.mark.parametrize(
    ("era", "message"), [("v2", "User Error: The pipeline was aborted and restarted"), ("v1", "NP")]
)
@pytest.mark.parametrize("authorized", [True, False])
def test_a_reference_whose_run_has_ended_is_aborted(bank: Bank, authorized: bool, era: str, message: str) -> None:
    run = bank.pipelines.open(SELLER, REQUEST, era=era)
    assert isinstance(run, Run)
    if authorized:
        bank.pipelines.authorize(run.run_id, JOHN, "ABT")
    else:
        bank.pipelines.abandon(run.run_id)
    assert bank.pipelines.open(SELLER, REQUEST, era=era) == Refusal("NP", message)


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize(
    "change", [{"transactionAmount": "0.01"}, {"returnURL": "http://evil.example/"}, {"more": "1"}]
)
def test_a_reference_with_other_values_is_a_callers_mistake(bank: Bank, change: dict[str, str], ended: bool) -> None:
    run = _opened(bank)
    if ended:
        bank.pipelines.abandon(run.run_id)
    refusal = bank.pipelines.open(SELLER, REQUEST | change)
    text = "The following input(s) are not well formed: [callerReference]"
    assert refusal == Refusal("CE", text, "order-1")


def test_references_of_two_callers_do_not_meet(bank: Bank) -> None:
    other = bank.pipelines.open(JANE, REQUEST)
    assert isinstance(other, Run)
    assert other.run_id != _opened(bank).run_id


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("transactionAmount", ["", "0", "0.00", "-1", "0.001", "1e2", "USD 1", "10000.01", "1,00", "１"]),
        ("paymentMethod", ["gold", "ABT,", "ABT;CC"]),
        ("currencyCode", ["EUR", "usd", ""]),
        ("callerReference", ["x" * 129]),
        ("recipientToken", ["A" * 64]),
        ("tax", ["much"]),
        ("giftWrapping", ["True"]),
        ("collectShippingAddress", ["maybe"]),
        ("reserve", ["1"]),
    ],
)
def test_a_bad_value_goes_back_to_the_caller(bank: Bank, name: str, values: list[str]) -> None:
    for value in values:
        refusal = bank.pipelines.open(SELLER, REQUEST | {name: value})
        assert isinstance(refusal, Refusal)
        assert (refusal.status, refusal.message) == ("CE", f"The following input(s) are not well formed: [{name}]")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"pipelineName": "singleuse"}, "are either invalid or absent:[pipelineName]"),
        ({"pipelineName": ""}, "are either invalid or absent:[pipelineName]"),
        ({"returnURL": ""}, "are either invalid or absent:[returnURL]"),
        ({"returnURL": "/fps/return"}, "are either invalid or absent:[returnURL]"),
        ({"returnURL": "javascript:alert(1)"}, "are either invalid or absent:[returnURL]"),
        ({"returnURL": "http://a:b/"}, "are either invalid or absent:[returnURL]"),
        ({"callerReference": ""}, "are not well formed:[callerReference]"),
    ],
)
def test_what_cannot_go_back_gets_an_error_page(bank: Bank, change: dict[str, str], text: str) -> None:
    with pytest.raises(CallerInputError, match="Caller Input Exception: The following input") as caught:
        bank.pipelines.open(SELLER, REQUEST | change)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [("cc", ["CC"]), ("abt,ba,cc", ["ABT", "ACH", "CC"]), ("CC, ABT", ["ABT", "CC"]), ("", ["ABT"])],
)
def test_the_methods_asked_for_in_any_spelling(bank: Bank, asked: str, kinds: list[str]) -> None:
    run = _opened(bank, paymentMethod=asked)
    assert [method.kind for method in bank.pipelines.methods(run.run_id, JOHN)] == kinds


def test_a_default_counts_only_where_the_request_allows_it(bank: Bank) -> None:
    any_method, balance = _opened(bank), _opened(bank, callerReference="order-2", paymentMethod="ABT")
    default = bank.pipelines.default_method(any_method.run_id, JANE)
    assert default is not None
    assert default.kind == "CC"
    assert bank.pipelines.default_method(any_method.run_id, JOHN) is None
    assert bank.pipelines.default_method(balance.run_id, JANE) is None


def test_the_seller_cannot_pay_himself_and_the_run_goes_on(bank: Bank) -> None:
    run = _opened(bank)
    objection = bank.pipelines.objection(run.run_id, SELLER)
    assert objection is not None
    assert objection.status == "NP"
    with pytest.raises(BankError, match="SameSenderAndRecipient"):
        bank.pipelines.authorize(run.run_id, SELLER, "ABT")
    assert bank.pipelines.objection(run.run_id, JOHN) is None
    assert bank.pipelines.authorize(run.run_id, JOHN, "ABT").sender == JOHN


def test_a_buyer_without_the_asked_method_cannot_pay(bank: Bank) -> None:
    from flask_fps.money import Money
    from flask_fps.sandbox.bank.records import Account
    from flask_fps.sandbox.bank.records import Method

    poor = Account(email="poor@example.com", name="Poor", balance=Money(0, "USD"), methods=(Method("ABT", "Balance"),))
    bank.accounts.open(poor)
    run = _opened(bank, paymentMethod="CC")
    objection = bank.pipelines.objection(run.run_id, poor.email)
    assert objection is not None
    assert objection.status == "PE"
    with pytest.raises(BankError, match="InvalidPaymentMethod"):
        bank.pipelines.authorize(run.run_id, poor.email, "ABT")


def test_a_method_outside_the_request_is_refused(bank: Bank) -> None:
    run = _opened(bank, paymentMethod="ABT")
    with pytest.raises(BankError, match="InvalidPaymentMethod"):
        bank.pipelines.authorize(run.run_id, JOHN, "CC")
    assert bank.tokens.all() == []


def _opened(bank: Bank, **change: str) -> Run:
    run = bank.pipelines.open(SELLER, REQUEST | change)
    assert isinstance(run, Run)
    return run
