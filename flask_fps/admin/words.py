"""How the operator's pages say what the ledger knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint

from ..records import Payment
from ..records import State

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


def furnish(blueprint: Blueprint) -> None:
    """Give the pages their words."""
    words = {"look": look, "note": note, "moment": moment, "told": told}
    blueprint.context_processor(lambda: words)


def look(payment: Payment) -> str:
    return LOOKS.get(payment.state, "")


def note(payment: Payment) -> str:
    """What beside its state an operator wants to know of a payment."""
    if payment.parked_reason:
        return "parked"
    if payment.refunded:
        return f"{payment.refunded_money} given back"
    if payment.is_paid:
        return "delivered" if payment.delivered_at else "not delivered yet"
    return "superseded" if payment.superseded_by else ""


def moment(value: datetime | None) -> str:
    """``3 Nov 2026, 14:05:09 UTC``."""
    return f"{value.day} {value:%b %Y, %H:%M:%S} UTC" if value else "–"


def told(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a line of the story says beside its event."""
    return [(name, _plain(value)) for name, value in detail.items() if value not in (None, "", [])]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
