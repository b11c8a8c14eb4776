"""Downloads: terms of each line, uses of each grant, browsers that hold a claim, and where a buyer is written to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from flask_fps.ledger.columns import UTC

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("fps_lines", sa.Column("downloads", sa.Integer(), nullable=True))
    op.add_column("fps_lines", sa.Column("days", sa.Integer(), nullable=True))
    op.add_column("fps_grants", sa.Column("downloads", sa.Integer(), nullable=True))
    op.add_column("fps_grants", sa.Column("used", sa.Integer(), server_default="0", nullable=False))
    op.add_column("fps_grants", sa.Column("window_until", UTC(), nullable=True))
    op.add_column("fps_grants", sa.Column("expires_at", UTC(), nullable=True))
    op.drop_index("ix_fps_grants_live", table_name="fps_grants")
    op.create_index("ix_fps_grants_buyer", "fps_grants", ["buyer", "account", "sku"], unique=False)
    op.add_column("fps_payments", sa.Column("contact", sa.String(length=255), nullable=True))
    op.add_column("fps_payments", sa.Column("written_at", UTC(), nullable=True))
    op.create_index(
        "ix_fps_payments_contact",
        "fps_payments",
        ["contact"],
        unique=False,
        sqlite_where=sa.text("contact IS NOT NULL"),
        postgresql_where=sa.text("contact IS NOT NULL"),
    )
    _add_claims()


def _add_claims() -> None:
    op.create_table(
        "fps_claims",
        sa.Column("grant_id", KEY, nullable=False),
        sa.Column("buyer", sa.String(length=128), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["fps_grants.id"], name=op.f("fk_fps_claims_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_claims")),
        sa.UniqueConstraint("grant_id", "buyer", name=op.f("uq_fps_claims_grant_id_buyer")),
    )
    op.create_index("ix_fps_claims_buyer", "fps_claims", ["buyer", "account", "sku"], unique=False)
