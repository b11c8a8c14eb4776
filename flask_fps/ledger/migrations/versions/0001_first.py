"""The first ledger: payments and everything that hangs on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from flask_fps.ledger.columns import UTC

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "fps_heartbeats",
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("started_at", UTC(), nullable=False),
        sa.Column("beat_at", UTC(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_heartbeats")),
        sa.UniqueConstraint("worker", name=op.f("uq_fps_heartbeats_worker")),
    )
    op.create_index(op.f("ix_fps_heartbeats_beat_at"), "fps_heartbeats", ["beat_at"], unique=False)
    op.create_table(
        "fps_payments",
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("order_key", sa.String(length=160), nullable=False),
        sa.Column("key_is_ours", sa.Boolean(), nullable=False),
        sa.Column("buyer", sa.String(length=128), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("snapshot", sa.String(length=64), nullable=False),
        sa.Column("next_url", sa.Text(), nullable=True),
        sa.Column("return_url", sa.Text(), nullable=False),
        sa.Column("notify_url", sa.Text(), nullable=False),
        sa.Column("redirect_url", sa.Text(), nullable=True),
        sa.Column("redirect_until", UTC(), nullable=True),
        sa.Column("gateway_handle", sa.String(length=512), nullable=True),
        sa.Column("authorization_id", sa.String(length=512), nullable=True),
        sa.Column("method", sa.String(length=64), nullable=True),
        sa.Column("payer", sa.String(length=255), nullable=True),
        sa.Column("transaction_id", sa.String(length=512), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("authorized_at", UTC(), nullable=True),
        sa.Column("paid_at", UTC(), nullable=True),
        sa.Column("closed_at", UTC(), nullable=True),
        sa.Column("superseded_by", sa.String(length=64), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UTC(), nullable=True),
        sa.Column("due_at", UTC(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_payments")),
        sa.UniqueConstraint("reference", name=op.f("uq_fps_payments_reference")),
    )
    op.create_index("ix_fps_payments_buyer", "fps_payments", ["buyer", "account", "created_at"], unique=False)
    op.create_index(
        "ix_fps_payments_due",
        "fps_payments",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_fps_payments_handle",
        "fps_payments",
        ["gateway_handle", "account"],
        unique=False,
        sqlite_where=sa.text("gateway_handle IS NOT NULL"),
        postgresql_where=sa.text("gateway_handle IS NOT NULL"),
    )
    op.create_index("ix_fps_payments_order", "fps_payments", ["account", "order_key"], unique=False)
    op.create_index(
        "ux_fps_payments_one_start",
        "fps_payments",
        ["account", "order_key"],
        unique=True,
        sqlite_where=sa.text("state = 'started' AND superseded_by IS NULL"),
        postgresql_where=sa.text("state = 'started' AND superseded_by IS NULL"),
    )
    op.create_index(
        "ux_fps_payments_one_success",
        "fps_payments",
        ["account", "order_key"],
        unique=True,
        sqlite_where=sa.text("state IN ('paying', 'unknown', 'pending', 'reserved', 'paid') AND closed_at IS NULL"),
        postgresql_where=sa.text("state IN ('paying', 'unknown', 'pending', 'reserved', 'paid') AND closed_at IS NULL"),
    )
    op.create_table(
        "fps_deliveries",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("handler", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("delivered_at", UTC(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UTC(), nullable=True),
        sa.Column("due_at", UTC(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_deliveries_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_deliveries")),
        sa.UniqueConstraint("payment_id", "handler", name=op.f("uq_fps_deliveries_payment_id_handler")),
    )
    op.create_index(
        "ix_fps_deliveries_due",
        "fps_deliveries",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "fps_inbox",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("received_at", UTC(), nullable=False),
        sa.Column("done_at", UTC(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UTC(), nullable=True),
        sa.Column("due_at", UTC(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_inbox_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_inbox")),
        sa.UniqueConstraint("digest", name=op.f("uq_fps_inbox_digest")),
    )
    op.create_index(
        "ix_fps_inbox_due",
        "fps_inbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(op.f("ix_fps_inbox_payment_id"), "fps_inbox", ["payment_id"], unique=False)
    op.create_table(
        "fps_intents",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("authorization_id", sa.String(length=512), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("harmless_sends", sa.Integer(), nullable=False),
        sa.Column("first_sent_at", UTC(), nullable=True),
        sa.Column("last_sent_at", UTC(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_intents_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_intents")),
        sa.UniqueConstraint("reference", name=op.f("uq_fps_intents_reference")),
    )
    op.create_index(op.f("ix_fps_intents_payment_id"), "fps_intents", ["payment_id"], unique=False)
    op.create_table(
        "fps_journal",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_journal_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_journal")),
    )
    op.create_index("ix_fps_journal_payment", "fps_journal", ["payment_id", "id"], unique=False)
    op.create_table(
        "fps_lines",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("repeatable", sa.Boolean(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_lines_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_lines")),
        sa.UniqueConstraint("payment_id", "position", name=op.f("uq_fps_lines_payment_id_position")),
    )
    op.create_table(
        "fps_releases",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("authorization_id", sa.String(length=512), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("released_at", UTC(), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
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
    op.create_table(
        "fps_grants",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("buyer", sa.String(length=128), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("revoked_at", UTC(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["fps_lines.id"], name=op.f("fk_fps_grants_line_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_grants_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_grants")),
        sa.UniqueConstraint("line_id", name=op.f("uq_fps_grants_line_id")),
    )
    op.create_index(
        "ix_fps_grants_live",
        "fps_grants",
        ["buyer", "account", "sku"],
        unique=False,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_fps_grants_payment", "fps_grants", ["payment_id"], unique=False)
    op.create_table(
        "fps_parked",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parked_at", UTC(), nullable=False),
        sa.Column("resolved_at", UTC(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["fps_deliveries.id"], name=op.f("fk_fps_parked_delivery_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_parked_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_parked")),
    )
    op.create_index(
        "ix_fps_parked_open",
        "fps_parked",
        ["payment_id"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "fps_refunds",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=528), nullable=False),
        sa.Column("intent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("transaction_id", sa.String(length=512), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("settled_at", UTC(), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["intent_id"], ["fps_intents.id"], name=op.f("fk_fps_refunds_intent_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_refunds")),
        sa.UniqueConstraint("payment_id", "key", name=op.f("uq_fps_refunds_payment_id_key")),
    )
    op.create_table(
        "fps_transactions",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("intent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transaction_id", sa.String(length=512), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["intent_id"], ["fps_intents.id"], name=op.f("fk_fps_transactions_intent_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["fps_payments.id"], name=op.f("fk_fps_transactions_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fps_transactions")),
        sa.UniqueConstraint(
            "account", "gateway", "transaction_id", name=op.f("uq_fps_transactions_account_gateway_transaction_id")
        ),
    )
    op.create_index(op.f("ix_fps_transactions_payment_id"), "fps_transactions", ["payment_id"], unique=False)
