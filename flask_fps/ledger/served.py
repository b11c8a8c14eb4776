"""Whose rows a process can act upon: those of the accounts it has, at the gateways where they are.

An account may be taken out of the settings while its payments are not at their end, or another process of the shop may
have it: their rows stay due, and keep nobody from what can be done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_
from sqlalchemy import ColumnElement
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import true
from sqlalchemy.orm import Session

from .health import QUEUES

#: Pairs of account and gateway; ``None``: all that there are.
Served = Collection[tuple[str, str]] | None
#: What cannot be done without the provider.
ASKING = ("payments", "messages", "releases", "refunds")


@dataclass(frozen=True)
class Unserved:
    """What is due and nobody here can act upon."""

    account: str
    gateway: str
    due: int


def is_served(model: Any, served: Served) -> ColumnElement[bool]:
    """Rows of these accounts at these gateways."""
    if served is None:
        return true()
    pairs = (and_(model.account == account, model.gateway == gateway) for account, gateway in sorted(served))
    return or_(~true(), *pairs)


def unserved(session: Session, moment: datetime, served: Served) -> list[Unserved]:
    """What was due at ``moment``, of every account and gateway that is not served."""
    found: Counter[tuple[str, str]] = Counter()
    for due_at, waits in (QUEUES[name] for name in ASKING):
        owner = due_at.class_
        query = select(owner.account, owner.gateway, func.count()).where(waits, due_at <= moment)
        for account, gateway, count in session.execute(query.group_by(owner.account, owner.gateway)):
            found[account, gateway] += count
    known = set(served or found)
    return [Unserved(*whose, count) for whose, count in sorted(found.items()) if whose not in known]
