"""What a provider of another shape than FPS needs: holds to give back, signed headers, redirects that expire."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from flask_fps.ledger.models import UTC

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("fps_payments", sa.Column("redirect_until", UTC(), nullable=True))
    op.create_index(
        "ix_fps_payments_handle",
        "fps_payments",
        ["gateway_handle", "account"],
        unique=False,
        sqlite_where=sa.text("gateway_handle IS NOT NULL"),
        postgresql_where=sa.text("gateway_handle IS NOT NULL"),
    )
    op.add_column("fps_inbox", sa.Column("headers", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "fps_releases",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("authorization_id", sa.String(length=255), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("released_at", UTC(), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=32), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UTC(), nullable=True),
        sa.Column("due_at", UTC(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_releases_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_releases")),
        sa.UniqueConstraint("payment_id", "authorization_id", name=op.f("uq_fps_releases_payment_id_authorization_id")),
    )
    op.create_index(
        "ix_fps_releases_due",
        "fps_releases",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
