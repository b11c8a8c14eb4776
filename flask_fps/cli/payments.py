"""``flask fps list`` and ``flask fps show``: what became of each payment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click
from flask.cli import with_appcontext

from ..checkout import UNSEEN_AFTER
from ..errors import no_payment
from ..ledger import Ledger
from ..records import JournalEntry
from ..records import Payment
from ..records import Refund
from ..records import RefundState
from ..records import State
from ..sheets import iso
from ..state import AppState
from ..state import current_fps
from .options import json_option
from .tables import folded
from .tables import moment
from .tables import show_table

#: How many payments a person is shown who does not say how many.
SHOWN = 50
MOST = 10**9
#: So much of a reference must be typed.
SHORTEST = 4


@click.command("list")
@json_option("One JSON array")
@click.option("--parked", is_flag=True, help="Only those that are parked for an operator.")
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(1, MOST),
    help=f"How many; else all as JSON, and {SHOWN} for people.",
)
@with_appcontext
def list_payments(as_json: bool, parked: bool, limit: int | None) -> None:
    """List payments, newest first."""
    ledger = current_fps().ledger
    if as_json:
        click.echo(json.dumps([as_dict(payment) for payment in ledger.newest(limit, parked=parked)], indent=2))
        return
    limit = limit or SHOWN
    payments = ledger.newest(limit + 1, parked=parked)
    if not payments:
        click.echo("Nothing is parked." if parked else "No payments yet.")
        return
    heads, rows = ("REFERENCE", "STATE", "AMOUNT", "FOR", "BUYER", "STARTED", "NOTE"), map(_row, payments[:limit])
    show_table(heads, rows, gives={"BUYER": 0, "STARTED": 0, "FOR": 12}, folds=True)
    _say_what_is_not_shown(ledger, more=len(payments) > limit)


def _say_what_is_not_shown(ledger: Ledger, *, more: bool) -> None:
    if more:
        click.echo("\nThere are older ones: --limit shows more, --parked those that are parked.", err=True)
    unseen = ledger.unseen(UNSEEN_AFTER)
    if unseen:
        click.echo(f"\n{unseen} due for over five minutes, and nobody drives them: run `flask fps work`.", err=True)


@click.command(short_help="Show one payment and its story.")
@click.argument("reference")
@json_option("The payment, its journal and its refunds")
@with_appcontext
def show(reference: str, as_json: bool) -> None:
    """Show one payment and its story. The first characters of its reference will do, if no other begins so."""
    state = current_fps()
    payment, ledger = _shown(state, reference), state.ledger
    reference = payment.reference
    journal, refunds = ledger.journal(reference), ledger.refunds.of(reference)
    if as_json:
        more = {"journal": [_entry(entry) for entry in journal], "refunds": [refund_as_dict(each) for each in refunds]}
        click.echo(json.dumps({**as_dict(payment), **more}, indent=2))
        return
    for name, value in (*_facts(payment), *map(_refund, refunds)):
        click.echo(folded(f"{name + ':':<15}{value}", indent=15))
    click.echo()
    for entry in journal:
        click.echo(folded(_line(entry), indent=21))
    if not journal:
        click.echo("Its story was taken away by `flask fps prune`.")


def known(state: AppState, reference: str) -> Payment:
    """The payment of this reference.

    :raises click.ClickException: there is none.
    """
    payment = state.ledger.payment(reference)
    if payment is None:
        raise click.ClickException(no_payment(reference))
    return payment


def _shown(state: AppState, beginning: str) -> Payment:
    """The payment of this reference, or the only one whose reference begins so: to look at, and at nothing else."""
    if len(beginning) < SHORTEST or state.ledger.payment(beginning) is not None:
        return known(state, beginning)
    found = state.ledger.references_beginning(beginning, 2)
    if len(found) > 1:
        raise click.ClickException(f"more than one payment begins with {beginning!r:.80}: write more of the reference")
    return known(state, found[0] if found else beginning)


def as_dict(payment: Payment) -> dict[str, Any]:
    """A payment as scripts read it. Amounts are decimal strings in the payment's currency."""
    return {
        "reference": payment.reference,
        "state": payment.state.value,
        "order_key": payment.order_key,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "amount": str(payment.line_money(line).decimal)}
            for line in payment.items
        ],
        "amount": str(payment.amount),
        "paid_amount": str(payment.paid_money.decimal) if payment.is_paid else None,
        "currency": payment.currency,
        "account": payment.account,
        "gateway": payment.gateway,
        "buyer": payment.buyer,
        "transaction_id": payment.transaction_id,
        "refunded": str(payment.refunded_money.decimal),
        "delivered_at": iso(payment.delivered_at),
        "parked_reason": payment.parked_reason,
        "due_at": iso(payment.due_at),
    }


def refund_as_dict(refund: Refund) -> dict[str, Any]:
    """A refund as scripts read it."""
    return {
        "payment": refund.payment,
        "key": refund.key,
        "kind": refund.kind,
        "state": refund.state.value,
        "amount": str(refund.amount),
        "currency": refund.currency,
        "transaction_id": refund.transaction_id,
        "created_at": iso(refund.created_at),
        "settled_at": iso(refund.settled_at),
        "said": refund.said,
    }


def _refund(refund: Refund) -> tuple[str, str]:
    said = f": {refund.said}" if refund.state is RefundState.FAILED else ""
    name = "Chargeback" if refund.kind == "chargeback" else "Refund"
    by_hand = ", made at the provider" if refund.kind == "adopted" else ""
    return name, f"{refund.money} {refund.state}{said} [{refund.key}{by_hand}] {moment(refund.created_at)}"


def _row(payment: Payment) -> tuple[str, ...]:
    return (
        payment.reference,
        payment.state.value,
        str(payment.paid_money),
        _short(payment.reason, 32),
        _short(payment.buyer, 24),
        f"{payment.created_at:%Y-%m-%d %H:%M}",
        _note(payment),
    )


def _note(payment: Payment) -> str:
    if payment.parked_reason:
        return f"parked: {payment.parked_reason}"
    if payment.is_paid:
        refunded = f", {payment.refunded_money} refunded" if payment.refunded else ""
        return ("delivered" if payment.delivered_at else "not delivered yet") + refunded
    return "superseded" if payment.superseded_by else ""


def _facts(payment: Payment) -> Iterable[tuple[str, str]]:
    yield "Payment", payment.reference
    yield "State", f"{payment.state.value}{f' ({_note(payment)})' if _note(payment) else ''}"
    yield "Amount", f"{payment.money} {payment.currency}"
    for line in payment.items:
        yield "Item", f"{line.quantity} × {line.reason} [{line.sku}] {payment.line_money(line)}"
    yield "Buyer", payment.buyer
    yield "Method", payment.method or "-"
    yield "Transaction", payment.transaction_id or "-"
    yield "Started", moment(payment.created_at)
    if payment.state is State.RESERVED:
        yield "Held until", moment(payment.hold_until)
    if payment.paid_amount is not None:
        yield "Taken", f"{payment.paid_money} {payment.currency}"
    yield "Paid", moment(payment.paid_at)
    yield "Delivered", moment(payment.delivered_at)


def _line(entry: JournalEntry) -> str:
    moved = f" {entry.from_state} → {entry.to_state}" if entry.from_state else ""
    told = ", ".join(f"{name}: {_said(value)}" for name, value in entry.detail.items() if value not in (None, "", []))
    return f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.event}{moved}{f'  ({told})' if told else ''}"


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _entry(entry: JournalEntry) -> dict[str, Any]:
    return {
        "at": iso(entry.at),
        "event": entry.event,
        "from": entry.from_state,
        "to": entry.to_state,
        "detail": dict(entry.detail),
    }


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
