"""The story of a payment: lines are added and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ..records import State
from .models import JournalRow
from .models import PaymentRow

#: The line of a payment whose driving met an error that nobody foresaw.
STUMBLED = "not taken further"


def journal(
    session: Session,
    payment: PaymentRow,
    event: str,
    at: datetime,
    *,
    origin: State | None = None,
    to: State | None = None,
    **detail: Any,
) -> None:
    """Add a line to the payment's story. Details must never hold a secret or a whole token."""
    session.add(
        JournalRow(
            account=payment.account,
            gateway=payment.gateway,
            payment_id=payment.id,
            at=at,
            event=event,
            from_state=origin.value if origin else None,
            to_state=to.value if to else None,
            detail=detail,
        )
    )
