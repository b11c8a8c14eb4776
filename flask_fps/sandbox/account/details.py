"""One transaction, for those who took part in it: what is known of it, how it came about, what can be done by hand."""

from __future__ import annotations

from collections.abc import Iterator

from flask import abort
from flask import render_template

from .. import visitors
from ..bank.records import Account
from ..bank.records import TransactionRecord
from ..current import bank
from .activity import bears_fee
from .membership import blueprint
from .membership import member
from .membership import Page
from .rows import METHODS
from .rows import name
from .rows import Row
from .rows import row


@blueprint.get("/transactions/<transaction_id>")
@member
def transaction(person: Account, transaction_id: str) -> Page:
    record = bank().transaction(transaction_id)
    if record is None or not record.involves(person.email):
        abort(404)
    return page(person, record)


def page(person: Account, record: TransactionRecord, problem: str | None = None) -> str:
    return render_template(
        "sandbox/account/transaction.html",
        person=person,
        record=record,
        row=row(record, person),
        facts=[(label, value, look) for label, value, look in _facts(record, person) if value],
        related=_related(record, person),
        acts=bank().by_hand.acts(person.email, record),
        remains=record.amount - record.refunded,
        problem=problem,
    )


def _facts(record: TransactionRecord, person: Account) -> Iterator[tuple[str, object, str]]:
    """Label, value and look of what is known of a transaction; empty values are left out by the caller."""
    yield "From", f"{name(record.sender)} ({record.sender})", ""
    yield "To", f"{name(record.recipient)} ({record.recipient})", ""
    yield "Through", name(record.caller) if record.caller not in (record.sender, record.recipient) else "", ""
    yield "Method", METHODS.get(record.method, record.method), ""
    yield "Received", visitors.moment(record.received_at), ""
    yield "Completed", visitors.moment(record.completed_at) if record.completed_at else "", ""
    yield "Status message", record.status_message, ""
    yield "Fee", record.fees if bears_fee(record, person) and record.fees.minor else "", ""
    sells = person.email in (record.recipient, record.caller)
    yield "Fee of the marketplace", record.marketplace_fees if sells and record.marketplace_fees.minor else "", ""
    yield "Balance after it", record.balance_of(person.email), ""
    yield "Refunded", record.refunded if record.refunded.minor else "", ""
    yield "Transaction", record.transaction_id, "code"
    yield "Token", record.sender_token_id, "code"
    yield "Caller's reference", record.caller_reference if person.email != record.sender else "", "code"
    yield "Caller's note", record.caller_description, ""


def _related(record: TransactionRecord, person: Account) -> list[tuple[str, Row]]:
    """The refunds of a payment, the payment of a refund."""
    ids = [("Refund of", record.parent_id), *(("Refunded by", one) for one in record.refund_ids)]
    found = [(label, bank().transaction(one)) for label, one in ids if one]
    return [(label, row(other, person)) for label, other in found if other]
