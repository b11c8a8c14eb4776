"""How the operator's pages say what the ledger knows."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint
from markupsafe import escape
from markupsafe import Markup

from ..records import JournalEntry
from ..records import Payment
from ..records import RefundState
from ..records import State
from ..words import in_utc
from ..words import money
from ..words import say
from ..words import short_day

#: The look of a state's badge.
LOOKS = {
    State.PAID: "ok",
    State.RESERVED: "ok",
    State.UNKNOWN: "wait",
    State.PENDING: "wait",
    State.PAYING: "wait",
    State.AUTHORIZED: "wait",
    State.FAILED: "bad",
    State.REFUSED: "bad",
}
#: What a person decided, as the page says it ever after.
DECIDED = {
    "refund decided": "The refund was asked for.",
    "delivered again": "It was handed to the shop's code again.",
    "settle decided": "It was decided to take what is held.",
    "cancel decided": "It was decided to give up what is held.",
    "found paid": "It was found to be paid.",
    "found unpaid": "It was found to be unpaid.",
    "dismissed": "Somebody has seen to it.",
}
#: What the ledger calls things: read as it stands, or translated.
NAMES = frozenset(
    {
        *(state.value for state in State),
        *(state.value for state in RefundState),
        *("refund", "adopted", "chargeback"),
        *("payments", "messages", "releases", "refunds", "deliveries"),
    }
)


def furnish(blueprint: Blueprint) -> None:
    """Give the pages their words."""
    words = {
        "look": look,
        "note": note,
        "moment": moment,
        "told": told,
        "stamp": lambda value: in_utc(value, "short"),
        "short_day": short_day,
        "breakable": breakable,
    }
    blueprint.context_processor(lambda: words)


def look(payment: Payment) -> str:
    return LOOKS.get(payment.state, "")


def note(payment: Payment) -> str:
    """What beside its state an operator wants to know of a payment."""
    if payment.parked_reason:
        return say("parked")
    if payment.refunded:
        return say("%(amount)s given back", amount=money(payment.refunded_money))
    if payment.is_paid:
        return say("delivered") if payment.delivered_at else say("not delivered yet")
    return say("superseded") if payment.superseded_by else ""


def last_decision(journal: Sequence[JournalEntry]) -> JournalEntry | None:
    """What a person decided last about a payment, however often its page is loaded."""
    return next((entry for entry in reversed(journal) if entry.event in DECIDED), None)


def moment(value: datetime | None) -> str:
    """``3 Nov 2026, 14:05:09 UTC``."""
    return f"{in_utc(value)} UTC" if value else "–"


def breakable(text: str) -> Markup:
    """An e-mail address that a narrow screen breaks behind its @, and not in a word."""
    return escape(text).replace("@", Markup("@<wbr>"))


def told(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a line of the story says beside its event."""
    return [(name, _plain(value)) for name, value in detail.items() if value not in (None, "", [])]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
