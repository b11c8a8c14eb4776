"""What an operator looks by: state, date, day of payment, payer's address, transaction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_fps_payments_created", "fps_payments", ["created_at"])
    op.create_index("ix_fps_payments_state", "fps_payments", ["state", "created_at"])
    _partial_index("ix_fps_payments_paid", "fps_payments", "paid_at")
    _partial_index("ix_fps_payments_payer", "fps_payments", "payer")
    op.create_index("ix_fps_transactions_transaction", "fps_transactions", ["transaction_id"])


def _partial_index(name: str, table: str, column: str) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
