from __future__ import annotations

from dataclasses import replace

import pytest

from flask_fps.money import Money
from flask_fps.records import FINAL
from flask_fps.records import Payment
from flask_fps.records import State
from flask_fps.standing import describe
from tests.clock import START

PAYMENT = Payment(
    reference="p",
    state=State.STARTED,
    items=(),
    money=Money(10, "USD"),
    buyer="john",
    account="default",
    gateway="fps",
    order_key="k",
    reason="A song",
    next_url="/song",
    return_url="https://shop.example/fps/return?ref=p",
    notify_url="https://shop.example/fps/ipn",
    created_at=START,
)
PAID = replace(PAYMENT, state=State.PAID)
#: Not one byte of a request may have left, or the provider said no, by the rules that lead to these.
PROVEN = {State.ABANDONED, State.REFUSED, State.AUTHORIZED, State.FAILED, State.EXPIRED, State.CANCELLED}


@pytest.mark.parametrize("state", State)
def test_nothing_was_charged_is_said_only_where_it_is_proven(state: State) -> None:
    text = describe(replace(PAYMENT, state=state))

    assert ("Nothing was charged" in text.message) is (state in PROVEN)
    assert ("do not pay again" in text.message) is (
        state in {State.PAYING, State.UNKNOWN, State.PENDING, State.RESERVED}
    )


@pytest.mark.parametrize("state", State)
def test_the_page_looks_again_by_itself_while_something_is_open(state: State) -> None:
    waits = state not in FINAL | {State.STARTED, State.ABANDONED, State.REFUSED}

    assert (describe(replace(PAYMENT, state=state)).refresh is not None) is (waits or state is State.PAID)


@pytest.mark.parametrize("state", State)
def test_only_who_owes_nothing_is_offered_another_try(state: State) -> None:
    again = {State.STARTED, State.ABANDONED, State.REFUSED, State.FAILED, State.EXPIRED, State.CANCELLED}

    assert describe(replace(PAYMENT, state=state)).offers_again is (state in again)


@pytest.mark.parametrize(("refunded", "standing"), [(0, "delivering"), (9, "delivering"), (10, "refunded")])
def test_what_went_back_whole_is_called_refunded(refunded: int, standing: str) -> None:
    text = describe(replace(PAID, refunded=refunded))
    assert (text.standing, text.offers_goods) == (standing, standing != "refunded")


@pytest.mark.parametrize("state", State)
def test_only_who_has_paid_is_offered_the_goods(state: State) -> None:
    assert describe(replace(PAYMENT, state=state)).offers_goods is (state is State.PAID)


@pytest.mark.parametrize("state", [state for state in State if state is not State.PAID])
def test_what_is_before_a_person_promises_nothing(state: State) -> None:
    text = describe(replace(PAYMENT, state=state, parked_reason="a secret of the shop's"))

    assert (text.standing, text.refresh, text.offers_again, text.offers_goods) == ("parked", None, False, False)
    assert "charged" not in text.message
    assert "secret" not in text.message


def test_paid_is_said_before_and_after_delivery() -> None:
    assert describe(PAID).standing == "delivering"
    assert describe(replace(PAID, delivered_at=START)).standing == "paid"
    assert describe(replace(PAID, delivered_at=START)).refresh is None


def test_paid_and_not_deliverable_is_still_paid() -> None:
    text = describe(replace(PAID, parked_reason="the handler raised"))

    assert (text.headline, text.offers_goods, text.offers_again) == ("Thank you, it is paid", True, False)


@pytest.mark.parametrize("state", [State.STARTED, State.ABANDONED, State.REFUSED])
def test_while_a_return_is_being_checked_nobody_is_told_that_he_did_not_agree(state: State) -> None:
    text = describe(replace(PAYMENT, state=state), waiting=True)

    assert (text.standing, text.offers_again) == ("confirming", False)


@pytest.mark.parametrize("state", [state for state in State if state not in ("started", "abandoned", "refused")])
def test_what_is_known_counts_more_than_what_waits(state: State) -> None:
    payment = replace(PAYMENT, state=state)

    assert describe(payment, waiting=True) == describe(payment)
