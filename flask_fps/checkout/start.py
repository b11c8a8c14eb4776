"""Chapter one: a buyer wants to pay an order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..gateways import Begun
from ..ledger import Draft
from ..ledger import Opening
from ..records import Order
from ..records import Payment
from ..signals import payment_started
from .desk import ASK_AFTER
from .desk import Desk


@dataclass(frozen=True)
class Addresses:
    """Where the provider is to send the buyer and its notifications: fixed in the payment when it starts."""

    return_url: Callable[[str], str]
    notify_url: str
    #: Where the shop can write to the buyer, who may never come back.
    contact: str | None = None


@dataclass(frozen=True)
class Started:
    """What to show a buyer who wants to pay."""

    opening: Opening
    payment: Payment | None = None
    #: Where to send the buyer, if the provider could be asked or need not be.
    redirect: str | None = None


def start(desk: Desk, order: Order, buyer: str, account: str, addresses: Addresses) -> Started:
    """Find or make the payment of this order; it is committed before anybody is sent anywhere."""
    opening, payment = desk.ledger.open_payment(_draft(desk, order, buyer, account, addresses))
    if payment is None or opening not in (Opening.STARTED, Opening.RESUMED):
        return Started(opening, payment)
    redirect = _begin(desk, payment)
    if opening is Opening.STARTED:
        desk.tell(payment_started, payment)
    return Started(opening, payment, redirect)


def look(desk: Desk, order: Order, buyer: str, account: str, addresses: Addresses) -> Started | None:
    """What answers this order without anybody being sent away, if anything does; nothing is made."""
    standing = desk.ledger.standing_payment(_draft(desk, order, buyer, account, addresses))
    return Started(*standing) if standing else None


def _draft(desk: Desk, order: Order, buyer: str, account: str, addresses: Addresses) -> Draft:
    reference = desk.new_name()
    return Draft(
        reference=reference,
        account=account,
        gateway=desk.gateways[account].name,
        order=order,
        buyer=buyer,
        return_url=addresses.return_url(reference),
        notify_url=addresses.notify_url,
        contact=addresses.contact,
        lifetime=desk.terms.lifetime,
        ask_after=ASK_AFTER.first,
    )


def _begin(desk: Desk, payment: Payment) -> str | None:
    if payment.redirect_url is not None:
        return payment.redirect_url
    begun = desk.gateway(payment).begin(payment)
    if not isinstance(begun, Begun):
        return None
    if begun.handle is not None or begun.expires_at is not None:
        is_awaited = desk.ledger.begun(payment, begun.redirect, begun.handle, begun.expires_at)
        return begun.redirect if is_awaited else None
    return begun.redirect
