"""The account manager: balance, activity, transaction details, payment tokens and the default method.

FPS developer guide, *Managing Your Account*: buyers and sellers see the same pages, each his own side.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from flask import abort
from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from werkzeug.wrappers import Response

from . import visitors
from .bank.errors import BankError
from .bank.records import Account
from .bank.records import Token
from .bank.records import TransactionRecord
from .current import bank

blueprint = Blueprint("account", __name__, url_prefix="/account", template_folder="templates")
visitors.furnish(blueprint)
Page = str | tuple[str, int] | Response
#: How many rows the overview shows.
RECENT = 5
METHODS = {"ABT": "Account balance", "ACH": "Bank account", "CC": "Card"}


@dataclass(frozen=True)
class Row:
    """One transaction as one of its parties sees it."""

    transaction_id: str
    title: str
    date: datetime
    #: The other side's name.
    partner: str
    status: str
    #: With a sign: what came in, what went out.
    amount: str


def member(view: Callable[..., Page]) -> Callable[..., Page]:
    """A page of the account this browser is signed in to; a posted form must be one of ours."""

    @wraps(view)
    def page(**values: str) -> Page:
        person = visitors.signed_in()
        if person is None:
            return redirect(url_for(".sign_in"), 303)
        problem = visitors.form_problem() if request.method == "POST" else None
        if problem is not None:
            flash(problem, "bad")
            return redirect(url_for(".overview"), 303)
        return view(person, **values)

    return page


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    if request.method == "GET":
        return render_template("sandbox/account/sign_in.html", people=visitors.people(), email="", problem=None)
    email = request.form.get("email", "").strip()
    problem = visitors.form_problem()
    if problem is None and visitors.sign_in(email, request.form.get("password", "")):
        return redirect(url_for(".overview"), 303)
    shown = problem or visitors.WRONG_SIGN_IN
    return render_template("sandbox/account/sign_in.html", people=visitors.people(), email=email, problem=shown), 400


@blueprint.post("/sign-out")
@member
def sign_out(_: Account) -> Page:
    visitors.sign_out()
    return redirect(url_for(".sign_in"), 303)


@blueprint.get("/")
@member
def overview(person: Account) -> Page:
    rows = _rows(person)[:RECENT]
    return render_template("sandbox/account/overview.html", person=person, rows=rows)


@blueprint.get("/activity")
@member
def activity(person: Account) -> Page:
    return render_template("sandbox/account/activity.html", person=person, rows=_rows(person))


@blueprint.get("/transactions/<transaction_id>")
@member
def transaction(person: Account, transaction_id: str) -> Page:
    """One transaction, for those who took part in it."""
    record = bank().transaction(transaction_id)
    if record is None or not record.involves(person.email):
        abort(404)
    facts = [(label, value, look) for label, value, look in _facts(record, person) if value]
    row = _row(record, person)
    return render_template("sandbox/account/transaction.html", person=person, record=record, row=row, facts=facts)


@blueprint.get("/tokens")
@member
def tokens(person: Account) -> Page:
    """What this account has approved, and what others approved for it."""
    mine = [token for token in bank().tokens.all() if person.email in (token.sender, token.caller)]
    rows = [(token, _standing(token), f"{_name(token.sender)} to {_name(token.recipient)}") for token in reversed(mine)]
    return render_template("sandbox/account/tokens.html", person=person, rows=rows)


@blueprint.post("/tokens/<token_id>/cancel")
@member
def cancel_token(person: Account, token_id: str) -> Page:
    try:
        bank().cancel_token(person, token_id)
        flash("The token is cancelled. Nothing can be paid with it any more.", "ok")
    except BankError as error:
        flash(f"The token was not cancelled. {error.message}", "bad")
    return redirect(url_for(".tokens"), 303)


@blueprint.post("/default-method")
@member
def default_method(person: Account) -> Page:
    kind = request.form.get("paymentMethod") or None
    try:
        bank().set_default_method(person.email, kind)
        flash("Saved.", "ok")
    except LookupError:
        flash("Your account has no such payment method. Nothing was changed.", "bad")
    return redirect(url_for(".overview"), 303)


@blueprint.errorhandler(404)
def no_such_page(_: Exception) -> Page:
    text = "There is nothing here, or it is not yours to see."
    page = render_template(
        "sandbox/error.html", title="Not found", text=text, url=url_for("account.overview"), label="Your account"
    )
    return page, 404


def _rows(person: Account) -> list[Row]:
    return [_row(record, person) for record in bank().activity(person)]


def _row(record: TransactionRecord, person: Account) -> Row:
    pays = record.sender == person.email
    partner = _name(record.recipient if pays else record.sender)
    words = {"Pay": ("Payment to", "Payment from"), "Refund": ("Refund to", "Refund from")}
    lead = words.get(record.operation, (f"{record.operation} to", f"{record.operation} from"))[not pays]
    title = record.sender_description or record.caller_description or _reason(record) or f"{lead} {partner}"
    sign = "−" if pays else "+"
    return Row(record.transaction_id, title, record.received_at, partner, record.status, f"{sign}{record.amount}")


def _reason(record: TransactionRecord) -> str:
    """What the buyer read when he approved."""
    try:
        return bank().tokens.get(record.sender_token_id or "").reason
    except LookupError:
        return ""


def _facts(record: TransactionRecord, person: Account) -> Iterator[tuple[str, object, str]]:
    """Label, value and look of what is known of a transaction; empty values are left out by the caller."""
    yield "From", f"{_name(record.sender)} ({record.sender})", ""
    yield "To", f"{_name(record.recipient)} ({record.recipient})", ""
    yield "Method", METHODS.get(record.method, record.method), ""
    yield "Received", visitors.moment(record.received_at), ""
    yield "Completed", visitors.moment(record.completed_at) if record.completed_at else "", ""
    yield "Status message", record.status_message, ""
    payer_of_fee = record.recipient if record.fees_paid_by == "Recipient" else record.caller
    yield "Fee", record.fees if payer_of_fee == person.email and record.fees.minor else "", ""
    yield "Balance after it", record.balance_of(person.email), ""
    yield "Refunded", record.refunded if record.refunded.minor else "", ""
    yield "Transaction", record.transaction_id, "code"
    yield "Refund of", record.parent_id, "code"
    yield "Caller's reference", record.caller_reference if person.email != record.sender else "", "code"


def _name(email: str) -> str:
    try:
        return bank().account(email).name
    except LookupError:
        return email


def _standing(token: Token) -> str:
    if token.cancelled_at is not None:
        return "Cancelled"
    if token.used_by is not None:
        return "Used"
    return "Active" if token.is_active(bank().clock.now()) else "Expired"
