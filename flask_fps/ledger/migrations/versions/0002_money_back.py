"""Money back: refunds that are driven to their end, and reservations that are settled or cancelled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from flask_fps.ledger.columns import UTC

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("fps_payments", sa.Column("reserve", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("fps_payments", sa.Column("hold_until", UTC(), nullable=True))
    op.add_column("fps_payments", sa.Column("paid_amount", sa.BigInteger(), nullable=True))
    _make_refunds_driven()
    with op.batch_alter_table("fps_parked") as parked:
        parked.add_column(sa.Column("refund_id", KEY, nullable=True))
        parked.create_foreign_key(op.f("fk_fps_parked_refund_id"), "fps_refunds", ["refund_id"], ["id"])


def _make_refunds_driven() -> None:
    op.add_column("fps_refunds", sa.Column("said", sa.Text(), nullable=True))
    op.add_column("fps_refunds", sa.Column("lease_owner", sa.String(length=64), nullable=True))
    op.add_column("fps_refunds", sa.Column("lease_until", UTC(), nullable=True))
    op.add_column("fps_refunds", sa.Column("due_at", UTC(), nullable=True))
    op.add_column("fps_refunds", sa.Column("attempts", sa.Integer(), nullable=True))
    op.execute("UPDATE fps_refunds SET attempts = 0")
    with op.batch_alter_table("fps_refunds") as refunds:
        refunds.alter_column("attempts", existing_type=sa.Integer(), nullable=False)
    op.create_index(
        "ix_fps_refunds_due",
        "fps_refunds",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ux_fps_refunds_transaction",
        "fps_refunds",
        ["account", "gateway", "transaction_id"],
        unique=True,
        sqlite_where=sa.text("transaction_id IS NOT NULL"),
        postgresql_where=sa.text("transaction_id IS NOT NULL"),
    )
