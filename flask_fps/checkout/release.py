"""The chapter of what is not used: an authorization goes back to its buyer, whatever stops in between."""

from __future__ import annotations

from ..ledger import Release
from ..records import Result
from .desk import asked
from .desk import Desk

#: The provider has answered, one way or the other: there is nothing left to give back.
ANSWERED = frozenset({Result.CANCELLED, Result.FAILURE})


def due(desk: Desk, id: int) -> None:
    """Give one authorization back, unless somebody else does."""
    release = desk.ledger.releases.claim(id, desk.lease())
    if release is not None:
        _give_back(desk, release)


def due_of(desk: Desk, reference: str) -> None:
    """Give back what is due of one payment."""
    for id in desk.ledger.releases.due_of(reference):
        due(desk, id)


def _give_back(desk: Desk, release: Release) -> None:
    gateway = desk.gateway(release.payment)
    outcome = asked(lambda: gateway.release(release.authorization_id))
    if outcome.result in ANSWERED:
        desk.ledger.releases.ended(release, outcome.result.value, outcome.message)
    elif _has_lapsed(desk, release):
        desk.ledger.releases.ended(release, "lapsed", outcome.message)
    else:
        desk.ledger.releases.postpone(release)


def _has_lapsed(desk: Desk, release: Release) -> bool:
    limits = desk.gateway(release.payment).limits
    life = limits.hold_within if limits.holds_on_authorize else limits.pay_within
    return desk.clock() >= release.owed_since + life
