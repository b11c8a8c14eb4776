from __future__ import annotations

from datetime import datetime
from datetime import timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_fps.money import Money
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import BankError
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.payments import PayOrder
from flask_fps.sandbox.bank.records import Run
from flask_fps.sandbox.bank.refunds import RefundOrder
from flask_fps.sandbox.bank.rules import Fee
from flask_fps.sandbox.bank.rules import Rules
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)


def test_the_demo_accounts(bank: Bank) -> None:
    seller, john, jane = bank.account(SELLER), bank.account(JOHN), bank.account(JANE)
    assert (seller.name, seller.access_key) == ("DigitalDownload", "AKIAFPSSANDBOXDEMO01")
    assert seller.secret_key == "sandbox/demo+secret=not~a~real~key0000001"
    assert [method.kind for method in john.methods] == ["ABT", "ACH", "CC"]
    assert (john.default_method, jane.default_method) == (None, "CC")


@pytest.mark.parametrize(
    ("email", "password", "name"),
    [
        (JOHN, "john", "John Doe"),
        (" John@Example.com ", "john", "John Doe"),
        (SELLER, "seller", "DigitalDownload"),
        (JOHN, "jane", None),
        (JOHN, "jöhn", None),
        (JOHN, "", None),
        ("nobody@example.com", "john", None),
        ("fees@sandbox.example", "", None),
    ],
)
def test_who_may_sign_in(bank: Bank, email: str, password: str, name: str | None) -> None:
    account = bank.sign_in(email, password)
    assert (account.name if account else None) == name


def test_a_default_method_is_one_of_ones_own(bank: Bank) -> None:
    assert bank.set_default_method(JOHN, "ACH").default_method == "ACH"
    assert bank.set_default_method(JOHN, None).default_method is None
    with pytest.raises(LookupError):
        bank.set_default_method(SELLER, "CC")


@pytest.mark.parametrize(
    ("method", "cents", "fee"),
    [
        ("ABT", 10, 1),
        ("ABT", 1, 1),
        ("ABT", 100, 3),
        ("ACH", 100, 7),
        ("ACH", 3, 3),
        ("CC", 100, 10),
        ("CC", 999, 55),
        ("CC", 1000, 59),
        ("Debt", 100, 0),
    ],
)
def test_the_default_fees(method: str, cents: int, fee: int) -> None:
    assert Rules().fee(method, Money(cents, "USD")) == Money(fee, "USD")


def test_fees_may_be_set() -> None:
    rules = Rules(fees={"ABT": (Fee(Decimal("0.5"), 0),)})
    with SandboxServer(bank=Bank(rules=rules), ticking=False) as server:
        Caller(server.url).pay(token(server))
        assert server.bank.transactions.all()[0].fees == Money(50, "USD")


def test_a_clock_only_moves_ahead(bank: Bank) -> None:
    with pytest.raises(ValueError, match="only moves ahead"):
        bank.advance(-1)


def test_an_account_is_opened_once(bank: Bank) -> None:
    with pytest.raises(ValueError, match="already"):
        bank.accounts.open(bank.account(JOHN))


# ------------------------------------------------------------------------------------ whatever happens

STEPS = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from(["ABT", "ACH", "CC"]), st.integers(-5, 120_000)),
    st.tuples(st.just("refund"), st.integers(0, 9), st.one_of(st.none(), st.integers(-5, 120_000))),
    st.tuples(st.just("wait"), st.just(0), st.sampled_from([1, 60, 300_000])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_no_cent_is_made_or_lost(steps: list[tuple[str, str | int, int | None]]) -> None:
    bank = Bank(SandboxClock.stopped_at(NOW))
    put_in = _sum(bank)
    for number, step in enumerate(steps):
        _walk(bank, number, *step)
        assert _sum(bank) == put_in
    bank.advance(10**6)
    assert _sum(bank) == put_in
    assert all(bank.account(email).balance.minor >= 0 for email in (JOHN, SELLER, "transit@sandbox.example"))
    for payment in bank.transactions.all():
        assert payment.refunded.minor <= payment.amount.minor
        assert not payment.is_pending


def _walk(bank: Bank, number: int, step: str, what: str | int, amount: int | None) -> None:
    seller, reference = bank.account(SELLER), f"reference-{number}"
    money = None if amount is None else Money(amount, "USD")
    try:
        if step == "wait":
            bank.advance(amount or 0)
        elif step == "pay" and money is not None:
            spent = _token(bank, str(what), reference)
            bank.pay(seller, PayOrder(sender_token_id=spent, amount=money, caller_reference=reference))
        elif transactions := bank.transactions.all():
            original = transactions[int(what) % len(transactions)].transaction_id
            bank.refund(seller, RefundOrder(transaction_id=original, caller_reference=reference, amount=money))
    except BankError:
        assert len(bank.transactions.all()) <= number


def _token(bank: Bank, method: str, reference: str) -> str:
    request = {
        "pipelineName": "SingleUse",
        "returnURL": "http://127.0.0.1:5000/",
        "callerReference": reference,
        "transactionAmount": "1000.00",
        "paymentMethod": method,
    }
    run = bank.pipelines.open(SELLER, request)
    assert isinstance(run, Run)
    return bank.pipelines.authorize(run.run_id, JOHN, method).token_id


def _sum(bank: Bank) -> int:
    return sum(account.balance.minor for account in bank.accounts.all())
