"""The chapter of the buyer who did not come back: ask the provider what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ..gateways import Authorization
from ..gateways import Standing
from ..ledger import Lease
from ..ledger import Proof
from ..logs import log
from ..records import Intent
from ..records import Outcome
from ..records import Payment
from ..records import Result
from . import pay
from .books import MOVED
from .books import paid_with
from .desk import ASK_AFTER
from .desk import Desk
from .finish import proof_of

#: Who authorized within this time is still being sent back.
ON_HIS_WAY = timedelta(minutes=2)
#: A payment of which the provider never told anything is parked for an operator after this.
PARK_AFTER = timedelta(days=7)


def recover(desk: Desk, payment: Payment, *, early: bool = False) -> None:
    """Ask about one payment that is still open, if it is due; pay, wait on, or end it."""
    lease = desk.lease()
    held = desk.ledger.hold(payment.reference, lease, early=early)
    if held is None:
        return
    authorization = _ask(desk, held)
    if _is_on_his_way(desk, authorization):
        desk.ledger.still_away(held, lease, next_at=desk.clock() + ON_HIS_WAY)
    elif authorization.standing is Standing.AUTHORIZED:
        _approved(desk, held, authorization, lease)
    else:
        _still_away(desk, held, authorization, lease)


def _approved(desk: Desk, payment: Payment, authorization: Authorization, lease: Lease) -> None:
    """The buyer authorized. What is spent may have paid already, and this ledger, put back from a copy, forgot it."""
    proof = proof_of(authorization)
    if not authorization.spent:
        pay.accept(desk, payment, proof)
        return
    intent, found = _moved(desk, payment, proof)
    if found.result in MOVED:
        pay.accept_moved(desk, proof, intent, found)
    elif found.result is Result.UNKNOWN and not found.absent:
        untold = replace(authorization, standing=Standing.COULD_NOT_TELL, detail=found.message)
        _still_away(desk, payment, untold, lease)
    else:
        pay.accept(desk, payment, proof)


def _moved(desk: Desk, payment: Payment, proof: Proof) -> tuple[Intent, Outcome]:
    """What the provider's books have of a request that this authorization was paid with."""
    return paid_with(desk, payment, proof.id, proof.given_at or payment.created_at)


def _is_on_his_way(desk: Desk, authorization: Authorization) -> bool:
    """The buyer authorized a moment ago, and the browser is about to bring it: wait for that."""
    if authorization.given_at is None:
        return False
    return -ON_HIS_WAY < desk.clock() - authorization.given_at < ON_HIS_WAY  # two clocks are never one


def _ask(desk: Desk, payment: Payment) -> Authorization:
    try:
        return desk.gateway(payment).recover(payment)
    except Exception as error:
        log.exception("the gateway broke and gave no answer")
        return Authorization(Standing.COULD_NOT_TELL, detail=f"{type(error).__name__}: {error}")


def _still_away(desk: Desk, payment: Payment, authorization: Authorization, lease: Lease) -> None:
    now, limits = desk.clock(), desk.gateway(payment).limits
    told = authorization.standing is not Standing.COULD_NOT_TELL
    end = payment.created_at + desk.terms.lifetime + (limits.pay_within if told else PARK_AFTER)
    if not told and now >= end:
        pay.park(desk, payment, f"the provider does not say whether the buyer agreed: {authorization.detail}", lease)
        return
    before, after = desk.ledger.still_away(payment, lease, now + ASK_AFTER.after(payment.asked), end)
    pay.tell_end(desk, after, before)
