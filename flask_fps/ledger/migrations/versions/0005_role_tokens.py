"""Tokens that stand for our own roles, where the provider wants them with every request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from flask_fps.ledger.columns import UTC

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "fps_role_tokens",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("token_id", sa.String(length=128), nullable=False),
        sa.Column("installed_at", UTC(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_role_tokens")),
        sa.UniqueConstraint("account", "gateway", "role", name=op.f("uq_fps_role_tokens_account_gateway_role")),
    )
