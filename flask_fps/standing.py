"""What a payment's page says: never "nothing was charged" unless that is proven."""

from __future__ import annotations

from dataclasses import dataclass

from .records import Payment
from .records import State


@dataclass(frozen=True)
class Text:
    """One way a payment can stand, in words."""

    standing: str
    headline: str
    message: str
    #: Seconds until the page looks again by itself.
    refresh: int | None = None
    offers_goods: bool = False
    offers_again: bool = False


OPEN = Text("open", "Waiting for your approval", "You have not approved this payment yet.", offers_again=True)
CONFIRMING = Text(
    "confirming",
    "Your payment is being confirmed",
    "The payment service has not answered yet. Please do not pay again; this page will tell you.",
    refresh=5,
)
PENDING = Text(
    "pending",
    "Your payment is on its way",
    "Your bank or card company is still working on it. You need not wait here: please do not pay again.",
    refresh=5,
)
RESERVED = Text(
    "reserved",
    "Your payment is reserved",
    "The amount is held for this order and is charged when the shop has checked it. Please do not pay again.",
    refresh=60,
)
UNAVAILABLE = Text(
    "unavailable",
    "Payment service unavailable",
    "Nothing was charged. We try again by ourselves in a moment.",
    refresh=5,
)
PAID = Text("paid", "Thank you, it is paid", "What you bought is ready.", offers_goods=True)
DELIVERING = Text(
    "delivering", "Thank you, it is paid", "We are getting your purchase ready.", refresh=5, offers_goods=True
)
DECLINED = Text(
    "declined",
    "The payment was declined",
    "Nothing was charged. You can try again with another payment method.",
    offers_again=True,
)
ABANDONED = Text("abandoned", "You left before paying", "Nothing was charged.", offers_again=True)
EXPIRED = Text("expired", "This offer has expired", "Nothing was charged.", offers_again=True)
CANCELLED = Text("expired", "This payment was not used", "Nothing was charged for it.", offers_again=True)
HELD_UP = Text(
    "delivering",
    "Thank you, it is paid",
    "Getting your purchase ready takes longer than usual. The shop has been told.",
    offers_goods=True,
)
REFUNDED = Text("refunded", "This payment was refunded", "The money goes back to you.", offers_again=True)
PARKED = Text(
    "parked",
    "We are looking into this payment",
    "Something needs a person's attention, and the shop has been told. Please do not pay again.",
)

TEXTS = {
    State.STARTED: OPEN,
    State.ABANDONED: ABANDONED,
    State.REFUSED: DECLINED,
    State.AUTHORIZED: UNAVAILABLE,
    State.PAYING: CONFIRMING,
    State.UNKNOWN: CONFIRMING,
    State.PENDING: PENDING,
    State.RESERVED: RESERVED,
    State.FAILED: DECLINED,
    State.EXPIRED: EXPIRED,
    State.CANCELLED: CANCELLED,
}


#: The buyer was sent away, and all we know of what happened is what the browser brings back.
AWAY = frozenset({State.STARTED, State.ABANDONED, State.REFUSED})


def describe(payment: Payment, *, waiting: bool = False) -> Text:
    """How this payment stands, for its buyer.

    :param waiting: something has arrived about it that could not be checked yet.
    """
    if waiting and payment.state in AWAY:
        return CONFIRMING
    if payment.state is State.PAID:
        if payment.refunded and not payment.refundable_money.minor:
            return REFUNDED
        if payment.delivered_at:
            return PAID
        return HELD_UP if payment.parked_reason else DELIVERING
    if payment.parked_reason:
        return PARKED
    return TEXTS[payment.state]
