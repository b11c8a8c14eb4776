from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.sandbox.bank import BankError
from flask_fps.sandbox.bank import gatekeeper
from flask_fps.sandbox.bank.gatekeeper import COMPARED
from flask_fps.sandbox.bank.gatekeeper import NAMES
from flask_fps.sandbox.bank.gatekeeper import parse
from flask_fps.sandbox.bank.gatekeeper import Situation

BY_CARD = Situation("Recipient", "Pay", "CC")
MISMATCH = "The transaction could not be completed because the tokens have incompatible payment instructions: {}".format


def refusal(text: str) -> BankError:
    with pytest.raises(BankError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("MyRole == 'Caller';", Situation("Caller", "Pay", "ABT"), BY_CARD),
        ("MyRole=='Caller' orSay 'Roles do not match';", Situation("Caller", "Pay", "ABT"), BY_CARD),
        (
            "MyRole=='Recipient' orSay 'Roles do not match';PaymentMethod in 'abt, ach, cc';",
            BY_CARD,
            Situation("Recipient", "Pay", "Debt"),
        ),
        ("MyRole == 'Sender';\nOperationType = 'Refund';", Situation("Sender", "Refund", "CC"), BY_CARD),
        ("OperationType != 'Refund';", BY_CARD, Situation("Recipient", "Refund", "CC")),
        ("OperationType <= 'Pay';", BY_CARD, Situation("Recipient", "Refund", "CC")),
        ("OperationType<'refund';", BY_CARD, Situation("Recipient", "Refund", "CC")),
        ("OperationType >= 'Pay';", BY_CARD, Situation("Recipient", "FundPrepaid", "CC")),
        ("MyRole > 'Caller';", BY_CARD, Situation("Caller", "Pay", "CC")),
        ("paymentmethod IN 'BA';", Situation("Recipient", "Pay", "ACH"), BY_CARD),
    ],
)
def test_the_texts_of_the_time_mean_what_they_say(text: str, allowed: Situation, refused: Situation) -> None:
    instruction = parse(text)
    instruction.check(allowed)
    assert instruction.allows(allowed)
    assert not instruction.allows(refused)


def test_a_use_against_the_instruction_is_refused_in_its_own_words() -> None:
    own = parse("PaymentMethod in 'cc'; MyRole=='Caller' orSay 'Roles do not match';")
    with pytest.raises(BankError) as caught:
        own.check(BY_CARD)
    assert (caught.value.code, caught.value.message) == ("IncompatibleTokens", MISMATCH("Roles do not match"))


def test_without_words_of_its_own_the_role_is_named() -> None:
    with pytest.raises(BankError) as caught:
        parse("MyRole == 'Caller';").check(BY_CARD)
    assert caught.value.message == MISMATCH("Assertion Failed for Recipient")


def test_the_captured_complaints() -> None:
    error = refusal("Invalid Instruction;")
    assert (error.code, error.message) == ("BadRule", "Parse errors: line 1:9: unexpected token: instruction")
    assert error.others == ("Parse errors: expecting ''', found '<EOF>'",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("MyRole == 'Caller", "expecting ''', found '<EOF>'"),
        ("MyRole == 'Caller'", "expecting ';', found '<EOF>'"),
        ("MyRole ==", "expecting ''', found '<EOF>'"),
        ("", "expecting ''', found '<EOF>'"),
        ("Amount == '1';", "line 1:1: unexpected token: amount"),
        ("MyRole == 'Caller';\n MyRole == 'Seller';", "line 2:12: unexpected token: seller"),
        ("MyRole <> 'Caller';", "line 1:9: unexpected token: >"),
        ("MyRole < 5;", "line 1:10: unexpected token: 5"),
        ("MyRole == 'Caller' and MyRole == 'Caller';", "line 1:20: unexpected token: and"),
        ("MyRole == 'Caller' orSay ;", "line 1:26: unexpected token: ;"),
        ("OperationType == 'Steal';", "line 1:18: unexpected token: steal"),
    ],
)
def test_what_is_no_instruction_is_a_bad_rule_that_says_where(text: str, complaint: str) -> None:
    error = refusal(text)
    assert (error.code, error.message) == ("BadRule", f"Parse errors: {complaint}")


def test_a_payment_method_that_does_not_exist_has_codes_of_its_own() -> None:
    assert refusal("PaymentMethod in 'abt, cash';").code == "InvalidPaymentMethod"
    assert refusal("PaymentMethod == '';").code == "PaymentMethodNotDefined"


@given(st.text(st.sampled_from("MyRole inorSay ='!<;,.abtc\n\tÄ\0"), max_size=60) | st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        instruction = parse(text)
    except BankError as error:
        assert error.code in ("BadRule", "InvalidPaymentMethod", "PaymentMethodNotDefined")
    else:
        assert instruction.statements


SPACE = st.sampled_from(["", " ", "\n", " \t "])


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, gatekeeper.Statement]:
    """A statement as somebody may write it, and what it means."""
    name = draw(st.sampled_from(sorted(NAMES)))
    values = draw(st.lists(st.sampled_from(NAMES[name]), min_size=1, max_size=3))
    sign = draw(st.sampled_from(["==", "=", " in ", *COMPARED]))
    chosen = values if sign == " in " else values[:1]
    or_say = draw(st.none() | st.text(st.characters(exclude_characters="'")))
    gap = draw(SPACE)
    said = f"{gap}orSay{gap}'{or_say}'" if or_say is not None else ""
    text = f"{gap}{name}{gap}{sign}{gap}'{(',' + gap).join(chosen)}'{said}{gap};{gap}"
    meant = gatekeeper.Statement(
        name, tuple(each.lower() for each in chosen), sign if sign in COMPARED else "in", or_say
    )
    return text, meant


Written = tuple[str, gatekeeper.Statement]


@given(st.lists(statements(), min_size=1, max_size=5))
def test_whatever_is_written_by_the_grammar_is_read_as_it_is_meant(written: list[Written]) -> None:
    text = "".join(each for each, _ in written)
    assert parse(text).statements == tuple(meant for _, meant in written)
