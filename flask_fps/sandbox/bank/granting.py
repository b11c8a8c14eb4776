"""The seven pipelines: what each one asks for, and what a person's yes makes of it.

FPS developer guide: the page of each pipeline. The tokens themselves are the business of ``instruments``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...money import Money
from ...protocol.pipelines import AMOUNT_TYPES
from .asked import Asked
from .asked import NotWellFormed
from .instruments import multi_use
from .instruments import postpaid
from .instruments import prepaid
from .instruments import recipient
from .instruments import recurring
from .instruments import single_use
from .instruments.consent import Consent
from .records import Instrument
from .records import Run
from .records import Token
from .rules import NOTHING
from .rules import Rules

Terms = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """What a yes made, for the books and for the return."""

    #: The token that GetTokenByCaller finds comes last.
    tokens: tuple[Token, ...]
    answer: Mapping[str, str]
    instrument: Instrument | None = None


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One of the seven."""

    #: Reads what its instrument takes.
    terms: Callable[[Asked], Terms]
    #: Which of the terms the pages show as the amount.
    amount: str | None = None
    #: The parameters that name the tokens to be; the first names the run.
    references: tuple[str, ...] = ("callerReference",)
    #: Another one that may be left out.
    optional_reference: str | None = None
    #: The parameter that names others' recipient tokens.
    recipients: str | None = None
    make: Callable[[Run, Consent, dict[str, Any], Rules], Made] | None = None
    #: Does its return repeat ``callerReference``?
    echoes: bool = True

    def headline(self, terms: Terms) -> Money:
        return terms[self.amount] if self.amount else NOTHING


def _of_single_use(asked: Asked) -> Terms:
    return {"amount": asked.payment("transactionAmount")}


def _of_multi_use(asked: Asked) -> Terms:
    if asked.flag("isRecipientCobranding") and not asked.params.get("recipientTokenList"):
        raise NotWellFormed("isRecipientCobranding")
    return {
        "cap": asked.amount("globalAmountLimit"),
        "amount": asked.maybe_payment("transactionAmount"),
        "amount_type": asked.one_of("amountType", AMOUNT_TYPES, "Exact"),
        "limits": asked.limits(),
    }


def _of_recurring(asked: Asked) -> Terms:
    return {"amount": asked.payment("transactionAmount"), "period": asked.period("recurringPeriod")}


def _of_recipient(asked: Asked) -> Terms:
    """What the caller may take has to be agreed; in 2007 it could be left out, and then it is nothing."""
    refund, fixed, percent = "callerReferenceRefund", "maxFixedFee", "maxVariableFee"

    def agreed(name: str) -> bool:
        return not asked.is_of_2007 or bool(asked.params.get(name))

    return {
        "pays_fees": asked.needed_flag("recipientPaysFee"),
        "max_fixed_fee": asked.fee(fixed) if agreed(fixed) else None,
        "max_variable_fee": asked.percentage(percent) if agreed(percent) else None,
        "refund_reference": asked.reference(refund) if asked.params.get(refund) else "",
    }


def _of_prepaid(asked: Asked) -> Terms:
    return {
        "limit": asked.payment("fundingAmount"),
        "funding_reference": asked.reference("callerReferenceFunding"),
    }


def _of_postpaid(asked: Asked) -> Terms:
    return {
        "credit_limit": asked.payment("creditLimit"),
        "cap": asked.amount("globalAmountLimit"),
        "settlement_reference": asked.reference("callerReferenceSettlement"),
        "limits": asked.limits(),
    }


def _of_edit(_: Asked) -> Terms:
    return {}


def _make_single_use(run: Run, consent: Consent, terms: dict[str, Any], rules: Rules) -> Made:
    return _made(single_use.install(consent, **terms, life=rules.token_life, recipient=run.recipient))


def _make_multi_use(run: Run, consent: Consent, terms: dict[str, Any], _rules: Rules) -> Made:
    return _made(multi_use.install(consent, **terms, recipients=run.recipients))


def _make_recurring(run: Run, consent: Consent, terms: dict[str, Any], _rules: Rules) -> Made:
    return _made(recurring.install(consent, **terms, recipient=run.recipient))


def _make_recipient(run: Run, consent: Consent, terms: dict[str, Any], _rules: Rules) -> Made:
    made = recipient.install(consent, **terms, accepts=run.methods)
    answer = {"tokenID": made.recipient.token_id, "refundTokenID": made.refund.token_id}
    return Made((made.refund, made.recipient), answer)


def _make_prepaid(_: Run, consent: Consent, terms: dict[str, Any], _rules: Rules) -> Made:
    made = prepaid.install(consent, **terms)
    answer = {
        "prepaidInstrumentID": made.instrument.instrument_id,
        "prepaidSenderTokenID": made.sender.token_id,
        "fundingTokenID": made.funding.token_id,
    }
    return Made((made.funding, made.sender), answer, made.instrument)


def _make_postpaid(_: Run, consent: Consent, terms: dict[str, Any], _rules: Rules) -> Made:
    made = postpaid.install(consent, **terms)
    answer = {
        "creditInstrumentID": made.instrument.instrument_id,
        "creditSenderTokenID": made.sender.token_id,
        "settlementTokenID": made.settlement.token_id,
    }
    return Made((made.settlement, made.sender), answer, made.instrument)


def _made(token: Token) -> Made:
    return Made((token,), {"tokenID": token.token_id})


PIPELINES: Mapping[str, Pipeline] = {
    "SingleUse": Pipeline(terms=_of_single_use, amount="amount", recipients="recipientToken", make=_make_single_use),
    "MultiUse": Pipeline(terms=_of_multi_use, amount="cap", recipients="recipientTokenList", make=_make_multi_use),
    "Recurring": Pipeline(terms=_of_recurring, amount="amount", recipients="recipientToken", make=_make_recurring),
    "Recipient": Pipeline(terms=_of_recipient, optional_reference="callerReferenceRefund", make=_make_recipient),
    "SetupPrepaid": Pipeline(
        terms=_of_prepaid,
        amount="limit",
        references=("callerReferenceSender", "callerReferenceFunding"),
        make=_make_prepaid,
        echoes=False,
    ),
    "SetupPostpaid": Pipeline(
        terms=_of_postpaid,
        amount="credit_limit",
        references=("callerReferenceSender", "callerReferenceSettlement"),
        make=_make_postpaid,
        echoes=False,
    ),
    "EditToken": Pipeline(terms=_of_edit),
}


def terms_of(run: Run, rules: Rules) -> Terms:
    """The terms again, as they were read when the run began."""
    return PIPELINES[run.pipeline].terms(Asked(run.parameters, rules, run.opened_at))
