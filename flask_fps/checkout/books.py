"""What the provider's books have of a payment, where this ledger may have forgotten it: put back from a copy, say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..ledger import INTENTS_MAX
from ..money import Money
from ..records import Facts
from ..records import Intent
from ..records import Kind
from ..records import Outcome
from ..records import Payment
from ..records import Result
from .desk import asked
from .desk import Desk

#: It has paid, or is about to, or holds the money.
MOVED = frozenset({Result.SUCCESS, Result.PENDING, Result.RESERVED})


def paid_with(desk: Desk, payment: Payment, authorization_id: str, since: datetime) -> tuple[Intent, Outcome]:
    """Which request was paid with this authorization, and what the books have of it.

    The first may have been refused and the second taken, so each that there can be is looked for. ``absent``: the
    books hold none of them. Unknown and not ``absent``: they could not be read, or not to their end.

    :param since: when the authorization was given, or earlier.
    """
    first = found = _look_for(desk, payment, authorization_id, 1, since)
    number = 1
    while found[1].absent and number < INTENTS_MAX:
        number += 1
        found = _look_for(desk, payment, authorization_id, number, since)
    return first if found[1].absent else found


def _look_for(
    desk: Desk, payment: Payment, authorization_id: str, number: int, since: datetime
) -> tuple[Intent, Outcome]:
    intent = replace(desk.intent(payment, authorization_id, number), sends=1, first_sent_at=since)
    found = asked(lambda: desk.gateway(payment).find(intent))
    other = _number_of(payment, found.facts)
    if other is not None and other != number:  # some look for the authorization alone
        return desk.intent(payment, authorization_id, other), found
    return intent, about(intent, found)


def _number_of(payment: Payment, facts: Facts | None) -> int | None:
    """Of a request that paid this payment: which one it was."""
    named = facts.reference if facts is not None else None
    owner, _, number = (named or "").rpartition("-")
    return int(number) if owner == payment.reference and number.isdecimal() else None


def about(intent: Intent, outcome: Outcome) -> Outcome:
    """An answer that is about another request of the same buyer says nothing about this one.

    A success is left as it is: :func:`settle_learned` parks it for an operator.
    """
    named = outcome.facts.reference if outcome.facts is not None else None
    if outcome.result is Result.SUCCESS or named is None or _is_about(intent, named):
        return outcome
    return Outcome(Result.UNKNOWN, message=f"transaction {outcome.transaction_id} is about {named}")


def disagreement(intent: Intent, facts: Facts | None) -> str | None:
    """What keeps a transaction from being the one we asked for, as a sentence; ``None`` if it is."""
    if facts is None:
        return "nothing else is known of it"
    if facts.reference is None or not _is_about(intent, facts.reference):
        return "it carries another reference"
    if facts.money is None:
        return "it says no amount"
    if not _is_amount(intent, facts.money):
        return f"it is about {facts.money}, not {intent.money}"
    if facts.ours is None:
        return "the answer does not say who was paid"
    return None if facts.ours else facts.other_payee


def _is_about(intent: Intent, reference: str) -> bool:
    """A hold is settled and cancelled under the reference it was made with, where the provider asks for no other."""
    if intent.kind in (Kind.SETTLE, Kind.CANCEL):
        return reference.rpartition("-")[0] == intent.payment
    return reference == intent.reference


def _is_amount(intent: Intent, money: Money) -> bool:
    """What was taken of a hold that nobody here has settled may be any part of it."""
    if intent.kind in (Kind.RESERVE, Kind.CANCEL):
        return money.currency == intent.money.currency and money.minor <= intent.money.minor
    return money == intent.money
