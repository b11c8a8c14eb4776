"""When each worker was last seen."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import HeartbeatRow


def beat(session: Session, now: datetime, worker: str) -> None:
    row = session.scalar(select(HeartbeatRow).where(HeartbeatRow.worker == worker))
    if row is None:
        row = HeartbeatRow(account="", gateway="", worker=worker, started_at=now)
        session.add(row)
    row.beat_at = now


def seen_within(session: Session, now: datetime, span: timedelta) -> bool:
    newest = session.scalar(select(func.max(HeartbeatRow.beat_at)))
    return newest is not None and newest > now - span
