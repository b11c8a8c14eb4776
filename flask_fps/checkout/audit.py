"""Holding the ledger against the provider's own books."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..gateways.fitting import fitting_outcome
from ..records import Booked
from ..records import Outcome
from ..records import RefundState
from ..records import Result
from . import refund
from .desk import asked
from .desk import Desk


@dataclass(frozen=True)
class Finding:
    """One difference between the ledger and the provider's books."""

    #: ``amount``, ``currency``, ``payee``, ``status``, ``missing``, ``orphan``, ``duplicate``, ``refund``, ``unread``.
    kind: str
    transaction_id: str
    payment: str | None
    detail: str


def audit(desk: Desk, account: str, since: datetime) -> Iterator[Finding]:
    """Every difference since then.

    ``missing``: paid here, unknown there. ``orphan``: money moved there, and no payment here has it.
    ``duplicate``: money moved twice for one payment. ``refund``: money went back, and this ledger did not know
    it; from now on it does, unless it is of no payment here. ``unread``: the provider did not tell of it, so it may
    be any of these.

    :raises TransportError: the provider did not answer; nothing is known of the rest.
    :raises ServiceError: the provider refused to say.
    """
    booked = {each.transaction_id: each for each in desk.ledger.transactions_since(account, since)}
    seen: set[str] = set()
    paid: dict[str, str] = {}
    for outcome in map(fitting_outcome, desk.gateways[account].activity(since)):
        if outcome.transaction_id is None or (outcome.result is Result.UNKNOWN and outcome.facts is None):
            yield _unread(outcome, booked)
            seen.add(outcome.transaction_id or "")
            continue
        seen.add(outcome.transaction_id)
        if outcome.facts is not None and outcome.facts.gives_back is not None:
            yield from _given_back(desk, account, outcome, outcome.transaction_id)
            continue
        here = booked.get(outcome.transaction_id)
        yield from _compare(desk, outcome, here)
        yield from _duplicate(desk, outcome, here, paid)
    for here in booked.values():
        if not here.is_paid or here.result is not Result.SUCCESS or here.transaction_id in seen:
            continue
        detail = f"{here.money} is paid here and unknown there"
        yield from _unless_known(desk, account, here.transaction_id, here.payment, detail)
    for back in desk.ledger.refunds.of_account(account, since):
        if back.state is not RefundState.DONE or back.transaction_id is None or back.transaction_id in seen:
            continue
        detail = f"{back.money} went back here, not there"
        yield from _unless_known(desk, account, back.transaction_id, back.payment, detail)


def _unless_known(desk: Desk, account: str, transaction_id: str, payment: str | None, detail: str) -> Iterator[Finding]:
    """It may be older there than here: a ledger put back from a copy learned of it a second time."""
    there = asked(lambda: desk.gateways[account].status(transaction_id))
    if there.result is Result.UNKNOWN and not there.absent:
        yield Finding("unread", transaction_id, payment, f"the provider did not tell of it: {there.message}")
    elif there.result is not Result.SUCCESS:
        yield Finding("missing", transaction_id, payment, detail)


def _unread(outcome: Outcome, booked: Mapping[str, Booked]) -> Finding:
    here = booked.get(outcome.transaction_id or "")
    detail = f"the provider did not tell of it: {outcome.message}"
    return Finding("unread", outcome.transaction_id or "-", here.payment if here else None, detail)


def _given_back(desk: Desk, account: str, outcome: Outcome, transaction_id: str) -> Iterator[Finding]:
    """Whatever is new about money that went back is taken in at once: it is the provider's own word."""
    learned = refund.learn(desk, account, outcome)
    assert outcome.facts is not None
    if not learned.ours and outcome.result is Result.SUCCESS:
        original = outcome.facts.gives_back
        owner = _owner(desk, desk.gateways[account].status(original)) if original else None
        detail = f"{outcome.facts.money} of {original} went back, which is not paid here"
        yield Finding("orphan", transaction_id, owner, detail)
    elif learned.returned is not None and learned.returned.is_news:
        back = learned.returned.refund
        yield Finding("refund", transaction_id, back.payment, f"the {back.kind} of {back.money} is {back.state} now")


def _compare(desk: Desk, outcome: Outcome, here: Booked | None) -> Iterator[Finding]:
    assert outcome.transaction_id is not None
    moved = outcome.result is Result.SUCCESS
    if here is None:
        if moved and outcome.facts is not None and outcome.facts.ours is not False:
            owner, reference = _owner(desk, outcome), outcome.facts.reference
            detail = f"{outcome.facts.money} moved" + (f", reference {reference}" if reference and not owner else "")
            yield Finding("orphan", outcome.transaction_id, owner, detail)
        return
    if moved != (here.result is Result.SUCCESS):
        detail = f"it is {here.result.value} here and {outcome.result.value} there"
        yield Finding("status", outcome.transaction_id, here.payment, detail)
    if not moved or outcome.facts is None or outcome.facts.money is None:
        return  # of what moved nothing, a provider may tell the amount that was last asked for
    if outcome.facts.money.currency != here.money.currency:
        detail = f"{here.money.currency} here and {outcome.facts.money.currency} there"
        yield Finding("currency", outcome.transaction_id, here.payment, detail)
    elif outcome.facts.money != here.money:
        yield Finding(
            "amount", outcome.transaction_id, here.payment, f"{here.money} here and {outcome.facts.money} there"
        )
    if outcome.facts.ours is False:
        yield Finding("payee", outcome.transaction_id, here.payment, outcome.facts.other_payee)


def _duplicate(desk: Desk, outcome: Outcome, here: Booked | None, paid: dict[str, str]) -> Iterator[Finding]:
    payment = here.payment if here else _owner(desk, outcome)
    if outcome.result is not Result.SUCCESS or payment is None or outcome.transaction_id is None:
        return
    first = paid.setdefault(payment, outcome.transaction_id)
    if first != outcome.transaction_id:
        yield Finding("duplicate", outcome.transaction_id, payment, f"{first} has paid it already")


def _owner(desk: Desk, outcome: Outcome) -> str | None:
    if outcome.facts is None or outcome.facts.reference is None:
        return None
    owner = desk.ledger.payment_of_intent(outcome.facts.reference)
    return owner.reference if owner else None
