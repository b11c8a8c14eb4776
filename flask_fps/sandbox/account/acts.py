"""What only a sandbox has: a transaction ended, given back or charged back by hand."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort
from flask import flash
from flask import redirect
from flask import request
from flask import url_for

from ...errors import OrderError
from ...money import Money
from ..bank.by_hand import FAILURES
from ..bank.errors import BankError
from ..bank.records import Account
from ..bank.records import TransactionRecord
from ..bank.rules import CURRENCY
from ..current import bank
from . import details
from .membership import blueprint
from .membership import member
from .membership import Page


@blueprint.post("/transactions/<transaction_id>/settle")
@member
def settle(person: Account, transaction_id: str) -> Page:
    """What waits for a bank or a card network has its answer."""
    return _done(person, transaction_id, lambda: bank().by_hand.settle(person.email, transaction_id))


@blueprint.post("/transactions/<transaction_id>/fail")
@member
def fail(person: Account, transaction_id: str) -> Page:
    code = request.form.get("code", FAILURES[0])
    return _done(person, transaction_id, lambda: bank().by_hand.fail(person.email, transaction_id, code))


@blueprint.post("/transactions/<transaction_id>/collect")
@member
def collect(person: Account, transaction_id: str) -> Page:
    """What is reserved is paid."""
    return _done(person, transaction_id, lambda: bank().by_hand.collect(person.email, transaction_id, _amount()))


@blueprint.post("/transactions/<transaction_id>/release")
@member
def release(person: Account, transaction_id: str) -> Page:
    """What is reserved is free again."""
    return _done(person, transaction_id, lambda: bank().by_hand.release(person.email, transaction_id))


@blueprint.post("/transactions/<transaction_id>/refund")
@member
def refund(person: Account, transaction_id: str) -> Page:
    note = request.form.get("note", "").strip()
    return _done(
        person, transaction_id, lambda: bank().by_hand.refund(person.email, transaction_id, _amount(), note or None)
    )


@blueprint.post("/transactions/<transaction_id>/charge-back")
@member
def charge_back(person: Account, transaction_id: str) -> Page:
    return _done(person, transaction_id, lambda: bank().by_hand.charge_back(person.email, transaction_id, _amount()))


def _done(person: Account, transaction_id: str, act: Callable[[], TransactionRecord]) -> Page:
    """Do it and show what came of it, or the same page with the reason why not."""
    try:
        record = act()
    except (BankError, OrderError) as error:
        before = bank().transaction(transaction_id)
        if before is None or not before.involves(person.email):
            abort(404)
        return details.page(person, before, getattr(error, "message", str(error))), 409
    flash(f"Done: {record.operation} of {record.amount}, {record.status}.", "ok")
    return redirect(url_for(".transaction", transaction_id=record.transaction_id), 303)


def _amount() -> Money | None:
    """What was filled in; nothing means all that remains.

    :raises OrderError: for what is no amount.
    """
    text = request.form.get("amount", "").strip().removeprefix("$")
    return Money.parse(text, CURRENCY) if text else None
