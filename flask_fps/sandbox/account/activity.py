"""Activity: every transaction an account took part in, filtered, a page at a time or as one CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from datetime import timezone

from flask import render_template
from flask import request
from flask import Response

from ..bank.errors import BankError
from ..bank.records import Account
from ..bank.records import TransactionRecord
from ..bank.transactions import Filter
from ..bank.transactions import Page as Stretch
from ..current import bank
from .membership import blueprint
from .membership import member
from .membership import Page
from .rows import METHODS
from .rows import row

PAGE_SIZE = 25
OPERATIONS = ("Pay", "Reserve", "Settle", "Refund", "FundPrepaid", "SettleDebt", "WriteOffDebt")
STATUSES = ("Success", "Pending", "Reserved", "Failure", "Cancelled")
ROLES = {"Sender": "I paid", "Recipient": "I was paid", "Caller": "I asked for it"}
#: What a buyer calls a purchase.
PURCHASES = ("Pay", "Reserve", "Settle")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "operation": OPERATIONS,
    "method": tuple(METHODS),
    "status": STATUSES,
    "role": tuple(ROLES),
}
_COLUMNS = (
    *("Date", "Transaction", "Operation", "Status", "Status code", "Description", "With", "Method"),
    *("Amount", "Fee", "Currency", "Balance", "Caller reference", "Refund of"),
)
#: A spreadsheet takes a text for a formula that begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class BadFilter(ValueError):
    """A filter that says nothing, in words for the person."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see of his activity, as his form says it."""

    said: Mapping[str, str]

    @property
    def texts(self) -> dict[str, str]:
        """What to repeat in links and in the form; without the place in the list."""
        return {name: self.said[name] for name in ("from", "to", *_CHOICES) if self.said.get(name)}

    def wanted(self) -> Filter:
        """:raises BadFilter: for a date that is none, or a choice that was not there."""
        until = self._day("to")
        ends = [moment for moment in (until and until + timedelta(days=1, milliseconds=-1), self.before()) if moment]
        role = self._choice("role")
        return Filter(
            start=self._day("from"),
            end=min(ends, default=None),
            operation=self._choice("operation"),
            method=self._choice("method"),
            status=self._choice("status"),
            roles=(role,) if role else (),
        )

    def _choice(self, name: str) -> str | None:
        value = self.said.get(name) or None
        if value is not None and value not in _CHOICES[name]:
            raise BadFilter(f"There is no {name} {value:.40}.")
        return value

    def _day(self, name: str) -> datetime | None:
        text = self.said.get(name)
        try:
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc) if text else None
        except ValueError:
            raise BadFilter(f"{text:.40} is no date. Write it as 2026-11-03.") from None

    def before(self) -> datetime | None:
        """Where the page begins that somebody went on to."""
        text = self.said.get("before")
        try:
            moment = datetime.fromisoformat(text) if text else None
        except ValueError:
            moment = None
        return moment if moment is not None and moment.tzinfo is not None else None


@blueprint.get("/activity")
@member
def activity(person: Account) -> Page:
    asked = Asked(request.args)
    problem, found = None, Stretch((), None)
    try:
        found = _page(person, asked.wanted())
    except BadFilter as error:
        problem = str(error)
    page = render_template(
        "sandbox/account/activity.html",
        person=person,
        rows=[row(record, person) for record in found.transactions],
        asked=asked.texts,
        before=found.next_start.isoformat() if found.next_start else None,
        problem=problem,
        choices=_CHOICES,
        labels=METHODS | ROLES,
    )
    return (page, 400) if problem else page


@blueprint.get("/activity.csv")
@member
def activity_csv(person: Account) -> Page:
    """The same, whole, for a spreadsheet."""
    try:
        wanted = Asked(request.args).wanted()
        _page(person, wanted)
    except BadFilter as error:
        return Response(f"{error}\n", 400, mimetype="text/plain")
    found = bank().transactions.of_account(person.email, wanted)
    sheet = io.StringIO()
    csv.writer(sheet).writerows([_COLUMNS, *(_cells(record, person) for record in found)])
    headers = {"Content-Disposition": "attachment; filename=activity.csv", "Cache-Control": "no-store"}
    return Response(sheet.getvalue(), mimetype="text/csv", headers=headers)


@blueprint.get("/purchases")
@member
def purchases(person: Account) -> Page:
    """What this account paid for, and what of it came back."""
    found = _page(person, Filter(end=Asked(request.args).before(), roles=("Sender",)))
    rows = [row(record, person) for record in found.transactions if record.operation in PURCHASES]
    before = found.next_start.isoformat() if found.next_start else None
    return render_template("sandbox/account/purchases.html", person=person, rows=rows, before=before)


def _page(person: Account, wanted: Filter) -> Stretch:
    try:
        return bank().transactions.latest(person.email, wanted, PAGE_SIZE)
    except BankError as error:
        raise BadFilter(error.message) from error


def _cells(record: TransactionRecord, person: Account) -> Iterator[str]:
    shown = row(record, person)
    sign = "-" if shown.amount.startswith("−") else ""
    yield record.received_at.isoformat(timespec="milliseconds")
    yield from (record.transaction_id, record.operation, record.status, record.status_code)
    yield from (_plain(shown.title), _plain(shown.partner), record.method)
    yield f"{sign}{record.amount.decimal}"
    yield str(record.fees.decimal) if bears_fee(record, person) else ""
    yield record.amount.currency
    balance = record.balance_of(person.email)
    yield str(balance.decimal) if balance else ""
    yield _plain(record.caller_reference) if record.sender != person.email else ""
    yield record.parent_id or ""


def bears_fee(record: TransactionRecord, person: Account) -> bool:
    """Was the service's fee his?"""
    return record.fee_payer == person.email and record.operation != "Refund"


def _plain(text: str) -> str:
    """The text, and never a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
