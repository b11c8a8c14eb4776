"""Sends buyers the links that open their purchases in another browser."""

from __future__ import annotations

from datetime import timedelta

from ..ledger import as_contact
from ..records import Payment
from ..records import Right
from .desk import asked
from .desk import Desk

#: No address is written to more often than this, however often somebody asks, and of so many purchases.
LETTERS_APART = timedelta(minutes=10)
#: One request sends links to at most this many purchases.
LETTERS_MAX = 10


def address_of(desk: Desk, payment: Payment) -> str | None:
    """Where the buyer can be written to; if it is not known yet, the provider is asked. Part of an address is none."""
    address = payment.contact or payment.payer
    if address is None and payment.transaction_id is not None:
        transaction_id = payment.transaction_id
        address = asked(lambda: desk.gateway(payment).status(transaction_id)).payer
    if as_contact(address) is None:
        return None
    if address is not None and payment.contact is None:
        desk.ledger.rights.reach(payment.reference, address)
    return address


def wanted(desk: Desk, address: str) -> list[Payment]:
    """The purchases of this address that still give something, and if it was not written to just now."""
    found = desk.ledger.rights.to_be_written(address, LETTERS_APART, LETTERS_MAX)
    return [payment for payment in found if gives_something(desk, payment)]


def gives_something(desk: Desk, payment: Payment) -> bool:
    """Is a right left of what it bought?"""
    now = desk.ledger.clock()
    return any(grant.right(now) is Right.HELD for grant in desk.ledger.rights.grants(payment.reference))
