"""What each pipeline's yes makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal

import pytest

from flask_fps.money import Money
from flask_fps.sandbox.bank.codec import from_plain
from flask_fps.sandbox.bank.codec import to_plain
from flask_fps.sandbox.bank.instruments import edit_token
from flask_fps.sandbox.bank.instruments import multi_use
from flask_fps.sandbox.bank.instruments import postpaid
from flask_fps.sandbox.bank.instruments import prepaid
from flask_fps.sandbox.bank.instruments import recipient
from flask_fps.sandbox.bank.instruments import recurring
from flask_fps.sandbox.bank.instruments.consent import Consent
from flask_fps.sandbox.bank.limits import Limit
from flask_fps.sandbox.bank.periods import Period
from flask_fps.sandbox.bank.records import Token
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)
CONSENT = Consent(sender=JOHN, caller=SELLER, caller_reference="order-1", method="CC", at=NOW, reason="Songs")
MONTH = Period(1, "month")


def test_a_multi_use_token_has_a_cap_and_lives_a_year() -> None:
    token = multi_use.install(CONSENT, cap=_usd(5000))
    assert (token.token_type, token.use, token.recipient, token.method) == ("MultiUse", "Pay", SELLER, "CC")
    assert (token.amount, token.least) == (_usd(5000), None)
    assert token.limits == (Limit(amount=_usd(5000)),)
    assert token.expires_at == NOW.replace(year=2027)


@pytest.mark.parametrize(
    ("amount_type", "least", "most"), [("Exact", 700, 700), ("Minimum", 700, 5000), ("Maximum", None, 700)]
)
def test_an_amount_binds_a_multi_use_token_by_its_type(amount_type: str, least: int | None, most: int) -> None:
    token = multi_use.install(CONSENT, cap=_usd(5000), amount=_usd(700), amount_type=amount_type)
    assert token.amount == _usd(most)
    assert token.least == (None if least is None else _usd(least))


def test_a_multi_use_token_may_pay_several() -> None:
    token = multi_use.install(CONSENT, cap=_usd(5000), recipients=(JANE, SELLER), limits=[Limit(count=2, period=MONTH)])
    assert token.pays(JANE)
    assert token.pays(SELLER)
    assert not token.pays(JOHN)
    assert len(token.usages) == len(token.limits) == 2


def test_a_recurring_token_pays_once_a_period() -> None:
    begins = NOW + timedelta(days=9)
    token = recurring.install(replace(CONSENT, starts_at=begins), amount=_usd(999), period=MONTH)
    assert (token.token_type, token.amount, token.least) == ("Recurring", _usd(999), _usd(999))
    assert token.limits == (Limit(count=1, period=MONTH),)
    assert token.usages[0].started_at == token.starts_at == begins
    assert token.expires_at is None


def test_a_recipient_gets_a_token_to_be_paid_and_one_to_refund() -> None:
    made = recipient.install(
        CONSENT,
        accepts=("CC",),
        pays_fees=False,
        max_fixed_fee=_usd(50),
        max_variable_fee=Decimal("5"),
        refund_reference="order-1-refund",
    )
    assert (made.recipient.use, made.recipient.recipient, made.recipient.caller) == ("Receive", JOHN, SELLER)
    assert (made.recipient.max_fixed_fee, made.recipient.max_variable_fee) == (_usd(50), Decimal("5"))
    assert (made.refund.use, made.refund.caller_reference) == ("Refund", "order-1-refund")
    assert made.refund.token_id != made.recipient.token_id


def test_a_prepaid_instrument_is_empty_at_first() -> None:
    made = prepaid.install(CONSENT, limit=_usd(1000), funding_reference="order-1-funding")
    assert (made.instrument.kind, made.instrument.balance, made.instrument.limit) == ("Prepaid", _usd(0), _usd(1000))
    assert (made.instrument.sender, made.instrument.recipient) == (JOHN, SELLER)
    assert (made.sender.use, made.sender.method, made.sender.caller_reference) == ("Pay", "Prepaid", "order-1")
    assert (made.funding.use, made.funding.method) == ("FundPrepaid", "CC")
    assert made.funding.caller_reference == "order-1-funding"
    assert {made.sender.instrument_id, made.funding.instrument_id} == {made.instrument.instrument_id}


def test_a_credit_instrument_owes_nothing_at_first() -> None:
    made = postpaid.install(CONSENT, credit_limit=_usd(1000), cap=_usd(9000), settlement_reference="order-1-s")
    assert (made.instrument.kind, made.instrument.balance, made.instrument.limit) == ("Debt", _usd(0), _usd(1000))
    assert (made.sender.use, made.sender.method) == ("Pay", "Debt")
    assert (made.settlement.use, made.settlement.method, made.settlement.caller_reference) == (
        "SettleDebt",
        "CC",
        "order-1-s",
    )
    assert made.settlement.limits == (Limit(amount=_usd(9000)),)


def test_editing_changes_the_method_alone() -> None:
    token = multi_use.install(CONSENT, cap=_usd(5000))
    assert edit_token.change_method(token, "ABT") == replace(token, method="ABT")
    assert edit_token.change_method(token, "CC") is token


def test_who_may_edit_what() -> None:
    token = multi_use.install(CONSENT, cap=_usd(5000))
    assert edit_token.objection(token, SELLER, JOHN, NOW) is None
    assert edit_token.objection(token, SELLER, JANE, NOW) == "UT"
    assert edit_token.objection(token, JANE, JOHN, NOW) == "IT"
    assert edit_token.objection(None, SELLER, JOHN, NOW) == "IT"
    assert edit_token.objection(token, SELLER, JOHN, NOW.replace(year=2028)) == "IT"
    assert edit_token.objection(replace(token, cancelled_at=NOW), SELLER, JOHN, NOW) == "IT"
    single = CONSENT.token(token_type="SingleUse", amount=_usd(1))
    assert edit_token.objection(single, SELLER, JOHN, NOW) == "IT"
    spends = prepaid.install(CONSENT, limit=_usd(1000), funding_reference="f").sender
    assert edit_token.objection(spends, SELLER, JOHN, NOW) == "IT"


def test_tokens_outlive_the_process() -> None:
    token = recipient.install(CONSENT, max_variable_fee=Decimal("2.5")).recipient
    several = multi_use.install(CONSENT, cap=_usd(5000), limits=[Limit(count=2, period=MONTH)])
    assert from_plain(Token, to_plain(token)) == token
    assert from_plain(Token, to_plain(several)) == several


def _usd(cents: int) -> Money:
    return Money(cents, "USD")
