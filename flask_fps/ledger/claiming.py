"""Locks that never make one worker wait for another, and the one that does wait.

On PostgreSQL by ``FOR NO KEY UPDATE``, with ``SKIP LOCKED`` where a claim is made: weaker than ``FOR UPDATE`` by
just so much that rows which point to a locked one may be written meanwhile. On SQLite every step has the write lock
already.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.orm import Session

from .engine import POSTGRESQL
from .models import Base
from .models import PaymentRow


def claim_row(session: Session, model: type[Base], id: int, *free: ColumnElement[bool], **values: Any) -> bool:
    """Write ``values`` into one row if it is ``free``; false if it is not, or somebody is just writing it."""
    conditions = (model.id == id, *free)
    if _has_row_locks(session):
        mine = select(model.id).where(*conditions).with_for_update(key_share=True, skip_locked=True)
        conditions = (model.id == mine.scalar_subquery(),)
    claimed = session.execute(
        update(model).where(*conditions).values(**values).execution_options(synchronize_session=False)
    )
    return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]


def lock_payments(session: Session, *which: ColumnElement[bool], skip: bool = False) -> bool:
    """Keep everybody else from these payments until the step ends; false if somebody keeps us from one.

    A statement of its own, before anything is read of them: what PostgreSQL reads beside a row in the very statement
    that waits for its lock is from before the wait.

    :param skip: do not wait.
    """
    if not _has_row_locks(session):
        return True
    query = select(PaymentRow.id).where(*which).order_by(PaymentRow.id)
    locked = session.scalars(query.with_for_update(key_share=True, skip_locked=skip)).all()
    return not skip or len(locked) == len(session.scalars(query).all())


def _has_row_locks(session: Session) -> bool:
    return session.get_bind().dialect.name == POSTGRESQL
