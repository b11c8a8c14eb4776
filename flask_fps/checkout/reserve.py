"""The chapter of what is held: the shop settles it, or cancels it; what it forgets is cancelled in time."""

from __future__ import annotations

from ..errors import LedgerBusy
from ..ledger import Claim
from ..ledger import Decision
from ..ledger import Make
from ..ledger import Windows
from ..logs import log
from ..money import Money
from ..records import Intent
from ..records import Kind
from ..records import Payment
from . import pay
from .desk import Amount
from .desk import Desk
from .desk import money_of
from .desk import ours


def settle(desk: Desk, reference: str, amount: Amount | None, decision: Decision | None = None) -> Payment:
    """Take what is held, or this much of it.

    :param decision: whose name stands in the payment's story, from the step on that asks for it.
    :raises Refused: this payment does not allow it; nothing was sent.
    :raises LedgerBusy: the database does not answer. Nothing was sent, but it may be written down: then the worker
        sends it. Asked for again, it is the same request.
    """
    return _ask(desk, Claim(reference, Kind.SETTLE, money_of(ours(desk, reference), amount), decision))


def cancel(desk: Desk, reference: str, decision: Decision | None = None) -> Payment:
    """Give up what is held. Raises as :func:`settle`."""
    return _ask(desk, Claim(ours(desk, reference).reference, Kind.CANCEL, decision=decision))


def foreseen(desk: Desk, reference: str, kind: Kind, amount: Amount | None = None) -> Money | None:
    """What :func:`settle` would take, or :func:`cancel` give up, now; ``None``: that is asked for, or done, already.

    :raises Refused: as they would.
    """
    return desk.ledger.foreseen_of_hold(Claim(reference, kind, money_of(ours(desk, reference), amount)))


def _ask(desk: Desk, claim: Claim) -> Payment:
    lease = desk.lease()
    asked = desk.ledger.ask_of_hold(claim, _maker(desk), lease)
    if asked.taken is None:
        return asked.payment
    try:
        pay.do(desk, asked.taken, lease)
        return desk.ledger.payment(claim.payment) or asked.payment
    except LedgerBusy as error:
        log.error("%s of %s was sent, and the worker goes on with it: %s", claim.kind, claim.payment, error)
        return asked.payment


def proceed(desk: Desk, payment: Payment, *, early: bool = False) -> None:
    """Take a reserved payment a step further, if it is due and nobody else does; ``early``: even before."""
    lease, limits = desk.lease(), desk.gateway(payment).limits
    windows = Windows(limits.pay_within, desk.resend_window(payment))
    taken = desk.ledger.take_hold(payment.reference, _maker(desk), lease, windows, early=early)
    if taken is not None:
        pay.do(desk, taken, lease)


def _maker(desk: Desk) -> Make:
    def make(payment: Payment, kind: Kind, money: Money, reference: str) -> Intent:
        return desk.frozen(payment, kind, money, reference, payment.authorization_id or "")

    return make
