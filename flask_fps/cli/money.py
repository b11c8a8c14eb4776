"""``flask fps refund``, ``settle`` and ``cancel``: what moves a payment's money, asked for by a person."""

from __future__ import annotations

import json
import re

import click
from flask.cli import with_appcontext

from ..checkout import Decision
from ..errors import OrderError
from ..money import exponent_of
from ..money import Money
from ..money import SYMBOLS
from ..records import Kind
from ..records import Payment
from ..records import Refund
from ..records import RefundState
from ..records import State
from ..state import current_fps
from .options import json_option
from .payments import as_dict
from .payments import known
from .payments import refund_as_dict
from .person import by_option
from .person import confirm
from .person import yes_option

OUTCOMES = {
    RefundState.SENDING: "could not be sent yet; the worker goes on with it",
    RefundState.UNKNOWN: "was sent, and there was no answer; the worker finds out",
    RefundState.PENDING: "is on its way; the worker watches it",
    RefundState.DONE: "is done",
}
#: ``5.00``, ``$5.00``, ``5.00 EUR`` or ``EUR 5.00``.
_NAMED = re.compile(r"(?P<before>[A-Z]{3})?\s*(?P<number>[^A-Z\s]+)\s*(?P<after>[A-Z]{3})?")


@click.command()
@click.argument("reference")
@click.argument("amount", required=False)
@click.option("--key", help="The refund's own name: the same key is the same refund, however often it is asked for.")
@by_option
@yes_option
@json_option("What became of it")
@with_appcontext
def refund(reference: str, amount: str | None, key: str | None, by: str, yes: bool, as_json: bool) -> None:
    """Give a payment back: AMOUNT of it, or all that is left."""
    state = current_fps()
    wanted = _amount(amount)
    payment = known(state, reference)
    key = state.checkout.refund_key(reference, wanted) if key is None else key
    back = state.checkout.foreseen_refund(reference, wanted, key)
    if back is None:
        click.echo(f"{key} is the key of a refund that was asked for before: this is the same one.", err=True)
    else:
        what = f"all that is left ({back})" if wanted is None else str(back)
        click.echo(f"The key of this refund is {key}: repeat it with --key, and it is the same refund.", err=True)
        confirm(f"Give back {what} of payment {reference}, {payment.reason!r}?", yes)
    made = state.checkout.refund(reference, wanted, key, _decision(by))
    if as_json:
        click.echo(json.dumps(refund_as_dict(made), indent=2))
    _say_what_became_of(made, quiet=as_json)


@click.command()
@click.argument("reference")
@click.argument("amount", required=False)
@by_option
@yes_option
@json_option("What became of it")
@with_appcontext
def settle(reference: str, amount: str | None, by: str, yes: bool, as_json: bool) -> None:
    """Take what is reserved, once: AMOUNT of it, or all. What is not taken goes back to the buyer."""
    state, wanted = current_fps(), _amount(amount)
    payment = known(state, reference)
    money = state.checkout.foreseen_of_hold(reference, Kind.SETTLE, wanted)
    if money is not None:
        what = money if wanted is None else f"{money} of {payment.money}"
        confirm(f"Take {what} that is held of payment {reference}, {payment.reason!r}? It is done once.", yes)
    settled = state.checkout.settle(reference, wanted, _decision(by))
    _say_how_it_stands(settled, as_json, State.PAID, f"is paid: {settled.paid_money} was taken")


@click.command()
@click.argument("reference")
@by_option
@yes_option
@json_option("What became of it")
@with_appcontext
def cancel(reference: str, by: str, yes: bool, as_json: bool) -> None:
    """Give up what is reserved: the buyer's money is free again."""
    state = current_fps()
    payment = known(state, reference)
    if state.checkout.foreseen_of_hold(reference, Kind.CANCEL) is not None:
        confirm(f"Give up the {payment.money} that is held of payment {reference}, {payment.reason!r}?", yes)
    cancelled = state.checkout.cancel(reference, _decision(by))
    _say_how_it_stands(cancelled, as_json, State.CANCELLED, "is cancelled: nothing was taken")


def _amount(text: str | None) -> Money | str | None:
    """What was typed; with a currency where one was typed, too."""
    if text is None:
        return None
    bare = text.strip().upper()
    for written, symbol in SYMBOLS.items():
        bare = bare.replace(symbol, f"{written} ", 1)
    found = _NAMED.fullmatch(bare)
    code: str | None = (found["before"] or found["after"]) if found else None
    if found is None or code is None:
        return text
    try:
        exponent_of(code)
        return Money.parse(found["number"], code)
    except OrderError as error:
        raise click.ClickException(str(error)) from error


def _decision(by: str) -> Decision:
    return Decision(by, "at the terminal")


def _say_what_became_of(made: Refund, *, quiet: bool) -> None:
    if made.state is RefundState.FAILED:
        raise click.ClickException(f"the refund of {made.money} failed: {made.said}")
    if not quiet:
        name = f", transaction {made.transaction_id}" if made.transaction_id else ""
        click.echo(f"The refund of {made.money} {OUTCOMES[made.state]}{name}.")


def _say_how_it_stands(payment: Payment, as_json: bool, wanted: State, done: str) -> None:
    if as_json:
        click.echo(json.dumps(as_dict(payment), indent=2))
    elif payment.state is wanted:
        click.echo(f"Payment {payment.reference} {done}.")
    else:
        click.echo(f"Payment {payment.reference} is {payment.state} still; the worker goes on with it.")
