"""The first step of a payment: which payment serves this order now, or a new one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from enum import Enum
from typing import Any

from sqlalchemy import and_
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ..records import CLAIMING
from ..records import Line
from ..records import Order
from ..records import Payment
from ..records import State
from .claiming import lock_payments
from .contacts import as_contact
from .grants import is_used_up
from .grants import owned_skus
from .models import LineRow
from .models import PaymentRow
from .moves import journal
from .reading import payment_record
from .reading import payments_with_lines

#: States in which an order is being paid or was paid: its buyer is shown that payment, never sent away again.
ENGAGED = ("authorized", "paying", "unknown", "pending", "reserved", "paid")
#: Besides, the buyer may still come back to one of these, or the provider tell of an approval.
MOVING = (*ENGAGED, "started", "abandoned", "refused")


class Opening(Enum):
    """What a buyer who wants to pay an order is to be shown."""

    GOODS = "goods"
    PAGE = "page"
    STARTED = "started"
    RESUMED = "resumed"
    TAKEN = "taken"


@dataclass(frozen=True)
class Draft:
    """Everything a new payment would be made of."""

    reference: str
    account: str
    gateway: str
    order: Order
    buyer: str
    return_url: str
    notify_url: str
    #: How long a started payment is offered again.
    lifetime: timedelta
    #: When to ask the provider about a buyer who has not come back.
    ask_after: timedelta
    #: Where the buyer can be written to, where the shop knows.
    contact: str | None = None

    @property
    def order_key(self) -> str:
        return self.order.key or derived_key(self.account, self.buyer, self.order.lines)

    @property
    def snapshot(self) -> str:
        held = ["reserve"] if self.order.reserve else []
        return _digest([self.order.currency, [_terms(line) for line in self.order.lines], *held])

    def without(self, skus: Collection[str]) -> Draft:
        """The payment for all other lines."""
        return replace(self, order=self.order.without(skus))


def _terms(line: Line) -> list[Any]:
    limits = [line.downloads, line.days]
    terms = limits if limits != [None, None] else []
    return [line.sku, line.quantity, line.unit_amount, line.reason, line.data, *terms]


def derived_key(account: str, buyer: str, lines: Iterable[Line]) -> str:
    """The key of an order for which the shop gave none: who wants which goods, at whatever price."""
    goods = sorted((line.sku, line.quantity) for line in lines)
    return "fps:" + _digest([account, buyer, goods])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def open_payment(session: Session, now: datetime, draft: Draft) -> tuple[Opening, Payment | None]:
    """The payment that serves this order now.

    ``GOODS``: the buyer owns all of it already. ``PAGE``: a payment of it stands or is under way.
    ``RESUMED`` and ``STARTED``: send the buyer to pay, and only for what is not owned. ``TAKEN``: somebody else is
    paying this very order.
    """
    found = _find(session, now, draft, lock=True)
    if found.standing:
        return found.standing
    for row in found.used_up:
        row.closed_at = now
        journal(session, row, "closed", now, why="nothing is left of what it bought")
    session.flush()
    draft, started = found.draft, found.started
    if started and _still_fits(started, draft, now):
        return Opening.RESUMED, payment_record(started)
    if started:
        _supersede(session, started, draft, now)
    return Opening.STARTED, payment_record(_insert(session, draft, now))


def standing_payment(session: Session, now: datetime, draft: Draft) -> tuple[Opening, Payment | None] | None:
    """``GOODS``, ``PAGE`` or ``TAKEN``, where one of them answers this order: then nobody need be sent away."""
    return _find(session, now, draft).standing


@dataclass(frozen=True)
class _Found:
    """What there is of an order already."""

    #: What is left to be paid for.
    draft: Draft
    standing: tuple[Opening, Payment | None] | None = None
    #: A payment that waits for its buyer.
    started: PaymentRow | None = None
    #: Payments whose goods were given back or used up: they stand in nobody's way.
    used_up: tuple[PaymentRow, ...] = ()


def _find(session: Session, now: datetime, draft: Draft, *, lock: bool = False) -> _Found:
    owned = _owned(session, now, draft)
    if owned == set(draft.order.skus):
        return _Found(draft, (Opening.GOODS, None))
    if owned:  # the whole cart may be under way to be paid; if it was paid, it is what is owned of it
        whole = [row for row in _rows_of_order(session, draft, lock) if row.state != State.PAID.value]
        standing = _standing(whole, draft)
        if standing:
            return _Found(draft, standing)
        draft = draft.without(owned)
    rows = _rows_of_order(session, draft, lock)
    used_up = tuple(row for row in rows if row.state == State.PAID.value and is_used_up(session, now, row))
    rows = [row for row in rows if row not in used_up]
    return _Found(draft, _standing(rows, draft), next(iter(rows), None), used_up)


def _standing(rows: list[PaymentRow], draft: Draft) -> tuple[Opening, Payment | None] | None:
    engaged = _engaged(rows, draft)
    if engaged is None:
        return None
    return (Opening.PAGE, payment_record(engaged)) if engaged.buyer == draft.buyer else (Opening.TAKEN, None)


def _owned(session: Session, now: datetime, draft: Draft) -> set[str]:
    """What of it nobody must pay twice: the buyer may have as many of it now, and it is not sold again and again."""
    once = {line.sku: line.quantity for line in draft.order.lines if not line.repeatable}
    return owned_skus(session, now, draft.account, draft.buyer, once) if once else set()


def _rows_of_order(session: Session, draft: Draft, lock: bool) -> list[PaymentRow]:
    """What serves or engages it now; ``lock``: nobody moves any of its payments that may still be paid meanwhile."""
    order = PaymentRow.account == draft.account, PaymentRow.order_key == draft.order_key
    if lock:
        lock_payments(session, *order, PaymentRow.state.in_(MOVING), PaymentRow.closed_at.is_(None))
    which = or_(
        and_(PaymentRow.state.in_(ENGAGED), PaymentRow.closed_at.is_(None)),
        and_(PaymentRow.state == State.STARTED.value, PaymentRow.superseded_by.is_(None)),
    )
    query = payments_with_lines().where(*order, which)
    return list(session.execute(query.order_by(PaymentRow.id)).unique().scalars())


def _engaged(rows: list[PaymentRow], draft: Draft) -> PaymentRow | None:
    """The payment to show: this buyer's own before another's, one that claims the order before one that may."""
    engaged = [row for row in rows if row.state in ENGAGED]
    return max(engaged, key=lambda row: (row.buyer == draft.buyer, State(row.state) in CLAIMING), default=None)


def _still_fits(row: PaymentRow, draft: Draft, now: datetime) -> bool:
    return (
        row.buyer == draft.buyer
        and row.gateway == draft.gateway
        and row.snapshot == draft.snapshot
        and row.notify_url == draft.notify_url
        and now < row.created_at + draft.lifetime
        and (row.redirect_until is None or now < row.redirect_until)
    )


def _supersede(session: Session, row: PaymentRow, draft: Draft, now: datetime) -> None:
    session.execute(
        update(PaymentRow)
        .where(PaymentRow.id == row.id, PaymentRow.state == State.STARTED.value)
        .values(superseded_by=draft.reference)
    )
    journal(session, row, "superseded", now, by=draft.reference)


def _insert(session: Session, draft: Draft, now: datetime) -> PaymentRow:
    order, whose = draft.order, {"account": draft.account, "gateway": draft.gateway}
    row = PaymentRow(
        **whose,
        reference=draft.reference,
        state=State.STARTED.value,
        order_key=draft.order_key,
        key_is_ours=order.key is None,
        buyer=draft.buyer,
        amount=order.total.minor,
        currency=order.currency,
        reason=order.reason,
        snapshot=draft.snapshot,
        next_url=order.next_url,
        return_url=draft.return_url,
        notify_url=draft.notify_url,
        contact=as_contact(draft.contact),
        reserve=order.reserve,
        created_at=now,
        due_at=now + draft.ask_after,
        attempts=0,
        lines=[
            LineRow(
                **whose,
                position=position,
                sku=line.sku,
                reason=line.reason,
                quantity=line.quantity,
                unit_amount=line.unit_amount,
                currency=order.currency,
                data=line.data,
                repeatable=line.repeatable,
                downloads=line.downloads,
                days=line.days,
            )
            for position, line in enumerate(order.lines)
        ],
    )
    session.add(row)
    session.flush()
    for counted, none_yet in (("delivered_at", None), ("parked_reason", None), ("refunded", 0)):
        set_committed_value(row, counted, none_yet)
    journal(session, row, "started", now, to=State.STARTED, amount=str(order.total), buyer=draft.buyer)
    return row


def rekeyed(session: Session, row: PaymentRow, buyer: str) -> str:
    """The order key this payment would have, had that buyer made it."""
    lines = session.scalars(select(LineRow).where(LineRow.payment_id == row.id).order_by(LineRow.position))
    return derived_key(
        row.account,
        buyer,
        [Line(line.sku, line.reason, line.quantity, line.unit_amount) for line in lines],
    )
