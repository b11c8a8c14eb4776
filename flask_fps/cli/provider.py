"""``flask fps activity``, ``transaction`` and ``balance``: what FPS itself says, under this shop's keys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import click
from flask.cli import with_appcontext

from ..errors import NotSent
from ..errors import see
from ..errors import ServiceError
from ..errors import TransportError
from ..protocol.activity import transactions
from ..protocol.dialects import Speaker
from ..protocol.messages import GetAccountBalance
from ..protocol.messages import GetTransaction
from ..protocol.results import Amount
from ..protocol.results import Transaction
from ..sheets import iso
from ..state import AppState
from ..state import current_fps
from .options import account_option
from .options import Days
from .options import json_option
from .payments import MOST
from .tables import folded
from .tables import moment
from .tables import show_table

#: What to look at, where FPS did not take us for whom we said we are.
REMEDIES = {
    "AuthFailure": "check FPS_ACCESS_KEY and FPS_SECRET_KEY",
    "InvalidClientTokenId": f"check FPS_ACCESS_KEY{see('FPS_ACCESS_KEY')}",
    "SignatureDoesNotMatch": f"check FPS_SECRET_KEY, which must be that of FPS_ACCESS_KEY{see('FPS_SECRET_KEY')}",
    "RequestExpired": "check this machine's clock",
}

json_as_fps_says_it = json_option("As FPS says it")


def fps_of(state: AppState, account: str) -> Speaker:
    """FPS under an account's keys, in whatever version.

    :raises click.ClickException: there is no such account, or its gateway speaks something else.
    """
    if account not in state.gateways:
        raise click.ClickException(f"no account {account}: the accounts are {', '.join(state.gateways)}")
    gateway = state.gateways[account]
    speaker: Speaker | None = getattr(gateway, "speaker", None)
    if speaker is None:
        raise click.ClickException(f"this asks FPS, and FPS_GATEWAY is {gateway.name!r}{see('FPS_GATEWAY')}")
    return speaker


class Asking:
    """With this around it, what FPS does not or will not answer is a sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ServiceError):
            remedy = REMEDIES.get(error.code)
            raise click.ClickException(f"FPS refused this: {error}{f' ({remedy})' if remedy else ''}") from error
        if isinstance(error, TransportError):
            raise click.ClickException(f"FPS gave no answer to this: {error}{what_to_start(error)}") from error


def what_to_start(error: Exception) -> str:
    """What a sentence about this error ends with: the command to type, where the sandbox is not running."""
    missing = isinstance(error, NotSent) and current_fps().config.is_local
    return "; start the sandbox with `flask fps sandbox`" if missing else ""


@click.command(short_help="List the account's transactions as FPS has them.")
@click.option(
    "--since",
    "days",
    default=2.0,
    metavar="DAYS",
    type=Days(),
    show_default=True,
    help="How many days back.",
)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(1, MOST),
    default=200,
    show_default=True,
    help="At most this many.",
)
@account_option
@json_as_fps_says_it
@with_appcontext
def activity(days: float, limit: int, account: str, as_json: bool) -> None:
    """List the account's transactions as FPS has them, oldest first."""
    state = current_fps()
    with Asking():
        found = list(islice(transactions(fps_of(state, account), state.ledger.clock() - timedelta(days=days)), limit))
    if as_json:
        click.echo(json.dumps([plain(each) for each in found], indent=2))
    elif not found:
        click.echo("FPS lists no transaction of these days.")
    else:
        heads = ("DATE", "TRANSACTION", "OPERATION", "STATUS", "AMOUNT", "FROM", "TO", "PAYMENT")
        gives = {"TO": 0, "FROM": 0, "PAYMENT": 0, "OPERATION": 3, "DATE": 0}
        show_table(heads, _rows(state, account, found), gives=gives)


def _paid_by(state: AppState, account: str, transaction_id: str) -> str | None:
    gateway = state.gateways[account].name
    return state.ledger.operator.payment_of_transaction(account, gateway, transaction_id)


def _named_by(state: AppState, account: str, reference: str) -> str | None:
    """A ledger that was put back from a copy knows the payment, and not what paid it."""
    named = state.ledger.payment_of_intent(reference)
    return named.reference if named is not None and named.account == account else None


def _rows(state: AppState, account: str, found: Iterable[Transaction]) -> Iterator[tuple[str, ...]]:
    for each in found:
        payment = _paid_by(state, account, each.transaction_id)
        yield (
            moment(each.date_received, "%Y-%m-%d %H:%M"),
            each.transaction_id,
            each.fps_operation,
            each.transaction_status,
            money(each.transaction_amount),
            each.sender_name or "-",
            each.recipient_name or "-",
            payment or "-",
        )


@click.command(short_help="Show one transaction as FPS has it.")
@click.argument("transaction_id", metavar="TRANSACTION")
@account_option
@json_as_fps_says_it
@with_appcontext
def transaction(transaction_id: str, account: str, as_json: bool) -> None:
    """Show one transaction as FPS has it, and the payment it belongs to."""
    state = current_fps()
    with Asking():
        found = fps_of(state, account).send(GetTransaction(transaction_id=transaction_id)).transaction
    payment = _paid_by(state, account, transaction_id) or _named_by(state, account, found.caller_reference)
    if as_json:
        click.echo(json.dumps({**plain(found), "payment": payment}, indent=2))
        return
    said = (found.transaction_status, found.status_code, found.status_message)
    facts = {
        "Transaction": found.transaction_id,
        "Operation": found.fps_operation,
        "Status": " ".join(dict.fromkeys(filter(None, said))),
        "Amount": money(found.transaction_amount),
        "Fees": f"{money(found.fps_fees)} paid by the {found.fps_fees_paid_by.lower()}",
        "Method": found.payment_method,
        "From": _person(found.sender_name, found.sender_email),
        "To": _person(found.recipient_name, found.recipient_email),
        "Received": moment(found.date_received),
        "Completed": moment(found.date_completed),
        "Reference": found.caller_reference,
        "Payment": payment or "none of this ledger",
    }
    for name, value in facts.items():
        click.echo(folded(f"{name + ':':<15}{value}", indent=15))


@click.command()
@account_option
@json_as_fps_says_it
@with_appcontext
def balance(account: str, as_json: bool) -> None:
    """Show what stands in the account."""
    with Asking():
        found = fps_of(current_fps(), account).send(GetAccountBalance()).account_balance
    if as_json:
        click.echo(json.dumps(plain(found), indent=2))
        return
    rows = (
        ("Total", money(found.total_balance)),
        ("Coming in", money(found.pending_in_balance)),
        ("Going out", money(found.pending_out_balance)),
        ("To withdraw", money(found.available_balances.disburse_balance)),
        ("To refund with", money(found.available_balances.refund_balance)),
    )
    width = max(len(value) for _, value in rows)
    for name, value in rows:
        click.echo(f"{name + ':':<17}{value:>{width}}")


def money(amount: Amount) -> str:
    """To the cent, and further only where FPS charged parts of one."""
    cents = amount.value.quantize(Decimal("0.01"))
    return f"{cents if cents == amount.value else amount.value.normalize():f} {amount.currency_code}"


def _person(name: str | None, address: str | None) -> str:
    return f"{name or '-'} <{address}>" if address else name or "-"


def plain(value: Any) -> Any:
    """A message of FPS as JSON: its own fields in our spelling."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(part) for name, part in vars(value).items() if part is not None}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, Decimal) else value
