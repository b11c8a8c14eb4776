"""What the pages of each pipeline say, and the terms that somebody reads before he agrees."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import terms
from ..bank.records import Run
from ..terms import Facts

Terms = Mapping[str, Any]


def _nothing(_run: Run, _terms: Terms) -> Facts:
    yield from ()


@dataclass(frozen=True)
class Wording:
    """One pipeline's words; ``{payee}``, ``{caller}`` and ``{amount}`` are filled in."""

    sign_in: str
    heading: str
    confirm: str
    promise: str
    #: What the amount means, beside it; ``None`` where none is shown.
    amount: str | None = ""
    #: What has been approved or cancelled.
    thing: str = "agreement"
    #: What is said of one that was not approved.
    undone: str = "Nothing was approved and nothing was charged."
    facts: Callable[[Run, Terms], Facts] = _nothing


def _multi_use(_run: Run, asked: Terms) -> Facts:
    if asked["amount"] is not None:
        lead = {"Exact": "", "Minimum": "at least ", "Maximum": "at most "}[asked["amount_type"]]
        yield "Each payment", f"{lead}{asked['amount']}"
    for one in asked["limits"]:
        yield "At most", terms.limit(one)


def _recurring(_run: Run, asked: Terms) -> Facts:
    yield "Collected", f"once in each {terms.every(asked['period'])}"


def _recipient(run: Run, asked: Terms) -> Facts:
    yield "Buyers pay you with", ", ".join(terms.METHODS[kind] for kind in run.methods)
    yield "Fee of the service", "paid by you" if asked["pays_fees"] else "paid by the shop"
    yield "The shop keeps at most", f"{asked['max_fixed_fee']} and {asked['max_variable_fee']} % of each payment"


def _postpaid(_run: Run, asked: Terms) -> Facts:
    yield "In all", f"at most {asked['cap']}"
    for one in asked["limits"]:
        yield "At most", terms.limit(one)


_LATER = "Nothing is charged on this page."
WORDINGS: Mapping[str, Wording] = {
    "SingleUse": Wording(
        "Sign in to pay {payee}",
        "Confirm your payment",
        "Confirm {amount}",
        "You allow {caller} to collect this amount once, within three hours. Nothing is charged on this page: "
        "{caller} completes the payment when you are back at its site.",
        thing="payment",
    ),
    "MultiUse": Wording(
        "Sign in to allow payments to {payee}",
        "Confirm your payments",
        "Confirm",
        f"You allow {{caller}} to collect payments within these limits without asking you again. {_LATER} You can "
        "take this back in your account at any time.",
        "in all",
        facts=_multi_use,
    ),
    "Recurring": Wording(
        "Sign in to allow regular payments to {payee}",
        "Confirm your regular payments",
        "Confirm",
        f"You allow {{caller}} to collect this amount again and again. {_LATER} You can take this back in your account "
        "at any time.",
        "each time",
        thing="subscription",
        facts=_recurring,
    ),
    "Recipient": Wording(
        "Sign in to be paid through {caller}",
        "Confirm the terms",
        "Accept these terms",
        "Buyers pay you through {caller}, which may take its fee from each payment and give refunds for you.",
        amount=None,
        facts=_recipient,
    ),
    "SetupPrepaid": Wording(
        "Sign in to set up a prepaid balance with {payee}",
        "Confirm your prepaid balance",
        "Confirm",
        f"You allow {{caller}} to fill your balance up to this amount, and to take payments from it. {_LATER}",
        "at most",
        thing="prepaid balance",
    ),
    "SetupPostpaid": Wording(
        "Sign in to pay {payee} later",
        "Confirm your line of credit",
        "Confirm",
        f"You buy from {{payee}} now and pay later: {{caller}} collects what you owe. {_LATER}",
        "credit limit",
        thing="line of credit",
        facts=_postpaid,
    ),
    "EditToken": Wording(
        "Sign in to change how you pay {payee}",
        "Confirm your payment method",
        "Confirm",
        "Payments that you have approved before are collected this way from now on. Nothing else changes.",
        amount=None,
        thing="change",
        undone="Nothing was changed: payments are collected as before.",
    ),
}
