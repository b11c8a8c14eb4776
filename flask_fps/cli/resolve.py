"""``flask fps replay`` and ``flask fps park resolve``: what a person decides."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from flask.cli import with_appcontext

from ..checkout import Decision
from ..records import Payment
from ..state import AppState
from ..state import current_fps
from .person import by_option
from .person import confirm
from .person import yes_option

#: Said where no reason is given.
WHY = {
    "paid": "the provider confirms the transaction",
    "unpaid": "the provider knows nothing of it",
    "deliver": "what kept it from being delivered is mended",
}


@click.command(short_help="Deliver a paid payment again; no money moves.")
@click.argument("reference")
@click.option("--handler", metavar="NAME", help="Only this handler; else all of them.")
@click.option("--reason", default="asked for again", help="Stands in the payment's story.")
@by_option
@with_appcontext
def replay(reference: str, handler: str | None, reason: str, by: str) -> None:
    """Deliver a paid payment again: the shop's handlers are called once more.

    No money moves, and the provider is not asked. What was refunded is refused. It is done at once, without a question.
    """
    state = current_fps()
    payment = state.checkout.redeliver(reference, Decision(by, reason), handler=handler)
    _say_what_was_delivered(state, payment)


park = AppGroup("park", help="What is parked: `flask fps list --parked` shows it.")


@park.command(short_help="Decide about one of them.")
@click.argument("reference")
@click.option("--paid", metavar="TRANSACTION", help="This transaction paid it; the provider must say so too.")
@click.option("--unpaid", is_flag=True, help="Nothing paid it; the provider's books must hold nothing of it.")
@click.option("--deliver", is_flag=True, help="Try again what could not be delivered.")
@click.option("--dismiss", is_flag=True, help="It has been seen to in another way (with --reason).")
@click.option("--number", type=int, help="Which one was seen to, where the payment is parked for several reasons.")
@click.option("--reason", help="Why; stands in the payment's story with your name.")
@by_option
@yes_option
@with_appcontext
def resolve(
    reference: str,
    paid: str | None,
    unpaid: bool,
    deliver: bool,
    dismiss: bool,
    number: int | None,
    reason: str | None,
    by: str,
    yes: bool,
) -> None:
    """Decide about a parked payment, in one of four ways."""
    ways = {"paid": paid is not None, "unpaid": unpaid, "deliver": deliver, "dismiss": dismiss}
    chosen = [way for way, wanted in ways.items() if wanted]
    if len(chosen) != 1:
        raise click.UsageError("give one of --paid TRANSACTION, --unpaid, --deliver and --dismiss")
    [way] = chosen
    if way == "dismiss" and not (reason or "").strip():
        raise click.UsageError("--dismiss needs --reason: what was done about it?")
    decision = Decision(by, reason or WHY.get(way, ""))
    state = current_fps()
    if way == "paid":
        payment = state.checkout.found_paid(reference, paid or "", decision)
        click.echo(f"Payment {reference} is paid by transaction {payment.transaction_id}.")
        _say_what_was_delivered(state, payment)
    elif way == "unpaid":
        if not yes:
            state.checkout.check_unpaid(reference)
        confirm(f"End payment {reference} as unpaid? This is final.", yes)
        payment = state.checkout.found_unpaid(reference, decision)
        click.echo(f"Payment {reference} is {payment.state}: nothing was paid.")
    elif way == "deliver":
        _say_what_was_delivered(state, state.checkout.redeliver(reference, decision, parked=True))
    else:
        parked = state.checkout.check_dismiss(reference, number)
        confirm(f"Dismiss this of payment {reference}: {parked.text}?", yes)
        payment = state.checkout.dismiss(reference, decision, parked.number)
        left = f"is still parked: {payment.parked_reason}" if payment.parked_reason else "is not parked any more."
        click.echo(f"Payment {reference} {left}")


def _say_what_was_delivered(state: AppState, payment: Payment) -> None:
    waiting = state.ledger.operator.waiting(payment.reference)
    if not waiting:
        click.echo(f"Payment {payment.reference} is delivered.")
        return
    missing = state.missing_handlers()
    if missing:
        click.echo(f"A worker will deliver it: this process lacks the handlers {', '.join(missing)}.")
        return
    for handler, error in waiting:
        click.echo(f"{handler} is tried again by the worker{f'; it raised {error}' if error else ''}.", err=True)
    raise click.exceptions.Exit(1)
