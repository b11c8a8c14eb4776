"""The steps of a co-branded run as pages: what each one shows."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask import request

from .. import visitors
from ..bank.pipelines import Refusal
from ..bank.records import Account
from ..bank.records import Method
from ..bank.records import Run
from ..current import bank
from . import details
from . import shipping
from . import steps


def explained(objection: Refusal, buyer: Account, run: Run) -> str:
    """Why somebody who is signed in cannot go on, and what he can do."""
    if buyer.email_verified and objection.status == "NP" and buyer.email in run.payees:
        return f"You are signed in as {buyer.email}, which is the account to be paid. Sign in as somebody else."
    return f"The account {buyer.email} {_reason(objection, buyer, run)}. Sign in as somebody else."


def _reason(objection: Refusal, buyer: Account, run: Run) -> str:
    if not buyer.email_verified:
        return "has an e-mail address that is not verified"
    return {
        "NP": "is a personal account, which takes no cards",
        "PE": f"has no payment method that {bank().account(run.recipient).name} takes",
        "IT": "cannot change this approval any more",
        "UT": "did not give the approval that is to be changed",
        "NA": "has no payment method at all",
    }[objection.status]


def sign_in(run: Run, problem: str | None = None, email: str = "") -> str:
    people = [person for person in visitors.people() if person.email not in run.payees]
    return _step(run, "sign_in", steps.SIGN_IN, problem=problem, email=email, people=people)


def payment_method(run: Run, buyer: Account, problem: str | None = None) -> str:
    methods = bank().pipelines.methods(run.run_id, buyer.email)
    usual = bank().tokens.get(run.edits).method if run.edits else buyer.default_method
    kinds = [method.kind for method in methods]
    chosen = usual if usual in kinds else kinds[0]
    return _step(run, "payment_method", steps.METHOD, buyer=buyer, methods=methods, chosen=chosen, problem=problem)


def address(run: Run, buyer: Account, kept: dict[str, Any], problem: str | None = None) -> str:
    return _step(
        run,
        "address",
        steps.ADDRESS,
        buyer=buyer,
        fields=shipping.FIELDS,
        required=shipping.REQUIRED,
        written=request.form,
        problem=problem,
        kept=kept,
    )


def confirm(run: Run, buyer: Account, method: Method | None, problem: str | None = None) -> str:
    return _step(
        run,
        "confirm",
        steps.CONFIRM,
        buyer=buyer,
        method=method,
        may_change=len(bank().pipelines.methods(run.run_id, buyer.email)) > 1,
        facts=[*details.facts(bank(), run)],
        address=details.address(run),
        collected=details.collects_address(run),
        before=_paid_before(run, buyer),
        problem=problem,
    )


def _paid_before(run: Run, buyer: Account) -> str | None:
    """How the token that is edited has been paid so far."""
    if run.edits is None:
        return None
    kind = bank().tokens.get(run.edits).method
    method = buyer.method(kind)
    return method.label if method else kind


def _step(run: Run, name: str, now: str, **shown: Any) -> str:
    path = steps.of(run)
    described = details.described(bank(), run)
    return render_template(f"sandbox/cbui/{name}.html", steps=path, step=path.index(now) + 1, **described, **shown)
