"""The ledger's tables. All amounts are minor units of the row's currency, all times UTC.

Rows are facts: what comes later (a refund, a chargeback, a parking) is a row of its own, and the only
column that moves by rule is a payment's ``state`` (:mod:`flask_fps.ledger.moves`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger
from sqlalchemy import Boolean
from sqlalchemy import cast
from sqlalchemy import false
from sqlalchemy import ForeignKey
from sqlalchemy import func
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import JSON
from sqlalchemy import LargeBinary
from sqlalchemy import MetaData
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import column_property
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from ..records import PROVIDER_NAME_LENGTH
from .columns import String
from .columns import Text
from .columns import Told
from .columns import UTC

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
#: The states of which one order may hold one payment: an index forbids a second.
CLAIMING_SQL = "state IN ('paying', 'unknown', 'pending', 'reserved', 'paid') AND closed_at IS NULL"
OPEN_START_SQL = "state = 'started' AND superseded_by IS NULL"


#: Never cut: another name is another thing. What is longer does not come here (:mod:`flask_fps.gateways.fitting`).
ProviderName = String(PROVIDER_NAME_LENGTH)
Key = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UTC, dict[str, Any]: JSON, int: BigInteger}

    id: Mapped[int] = mapped_column(Key, primary_key=True)


def _partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class Owned:
    """Every row says whose money it is about."""

    account: Mapped[str] = mapped_column(String(64))
    gateway: Mapped[str] = mapped_column(String(64))


class Leased:
    """A row that one worker at a time may act upon."""

    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)


class LineRow(Owned, Base):
    __tablename__ = "fps_lines"
    __table_args__ = (UniqueConstraint("payment_id", "position"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"))
    position: Mapped[int] = mapped_column(Integer)
    sku: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(String(255))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    data: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    repeatable: Mapped[bool] = mapped_column(Boolean)
    downloads: Mapped[int | None] = mapped_column(Integer)
    days: Mapped[int | None] = mapped_column(Integer)


class RefundRow(Owned, Leased, Base):
    """Money that goes back: asked for here, or seen in the provider's books."""

    __tablename__ = "fps_refunds"
    __table_args__ = (
        UniqueConstraint("payment_id", "key"),
        _partial_index("ix_fps_refunds_due", "due_at", where="due_at IS NOT NULL"),
        _partial_index(
            "ux_fps_refunds_transaction",
            "account",
            "gateway",
            "transaction_id",
            where="transaction_id IS NOT NULL",
            unique=True,
        ),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"))
    #: The shop's, or made from the name of the transaction that gave money back.
    key: Mapped[str] = mapped_column(String(PROVIDER_NAME_LENGTH + 16))
    intent_id: Mapped[int | None] = mapped_column(ForeignKey("fps_intents.id"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    transaction_id: Mapped[str | None] = mapped_column(ProviderName)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    #: What the provider said last.
    said: Mapped[str | None] = mapped_column(Text)

    payment: Mapped[PaymentRow] = relationship(viewonly=True)


class DeliveryRow(Owned, Leased, Base):
    """The outbox: one row per paid payment and handler."""

    __tablename__ = "fps_deliveries"
    __table_args__ = (
        UniqueConstraint("payment_id", "handler"),
        _partial_index("ix_fps_deliveries_due", "due_at", where="state = 'due'"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"))
    handler: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)

    payment: Mapped[PaymentRow] = relationship(viewonly=True)


class ReleaseRow(Owned, Leased, Base):
    """An authorization that will not be paid with: the provider is told until it has answered."""

    __tablename__ = "fps_releases"
    __table_args__ = (
        UniqueConstraint("payment_id", "authorization_id"),
        _partial_index("ix_fps_releases_due", "due_at", where="released_at IS NULL"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"))
    authorization_id: Mapped[str] = mapped_column(ProviderName)
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class ParkedRow(Owned, Base):
    """What a person must look at, and what became of it."""

    __tablename__ = "fps_parked"
    __table_args__ = (_partial_index("ix_fps_parked_open", "payment_id", where="resolved_at IS NULL"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("fps_deliveries.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("fps_refunds.id"))
    reason: Mapped[str] = mapped_column(Text)
    parked_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None] = mapped_column(Text)


class PaymentRow(Owned, Leased, Base):
    """One attempt to pay one order, from ``started`` to its end."""

    __tablename__ = "fps_payments"
    __table_args__ = (
        Index("ix_fps_payments_order", "account", "order_key"),
        _partial_index("ux_fps_payments_one_success", "account", "order_key", where=CLAIMING_SQL, unique=True),
        _partial_index("ux_fps_payments_one_start", "account", "order_key", where=OPEN_START_SQL, unique=True),
        _partial_index("ix_fps_payments_due", "due_at", where="due_at IS NOT NULL"),
        Index("ix_fps_payments_buyer", "buyer", "account", "created_at"),
        _partial_index("ix_fps_payments_handle", "gateway_handle", "account", where="gateway_handle IS NOT NULL"),
        _partial_index("ix_fps_payments_contact", "contact", where="contact IS NOT NULL"),
        Index("ix_fps_payments_created", "created_at"),
        Index("ix_fps_payments_state", "state", "created_at"),
        _partial_index("ix_fps_payments_paid", "paid_at", where="paid_at IS NOT NULL"),
        _partial_index("ix_fps_payments_payer", "payer", where="payer IS NOT NULL"),
    )

    reference: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    order_key: Mapped[str] = mapped_column(String(160))
    #: False where the shop gave the key: then it never changes.
    key_is_ours: Mapped[bool] = mapped_column(Boolean)
    buyer: Mapped[str] = mapped_column(String(128))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(255))
    #: Digest of lines, amount and currency: the same wish at another price is another payment.
    snapshot: Mapped[str] = mapped_column(String(64))
    next_url: Mapped[str | None] = mapped_column(Text)
    return_url: Mapped[str] = mapped_column(Text)
    notify_url: Mapped[str] = mapped_column(Text)
    redirect_url: Mapped[str | None] = mapped_column(Text)
    #: When that address stops working, where the provider says so.
    redirect_until: Mapped[datetime | None]
    gateway_handle: Mapped[str | None] = mapped_column(ProviderName)
    authorization_id: Mapped[str | None] = mapped_column(ProviderName)
    method: Mapped[str | None] = mapped_column(Told(64))
    payer: Mapped[str | None] = mapped_column(Told(255))
    transaction_id: Mapped[str | None] = mapped_column(ProviderName)
    created_at: Mapped[datetime]
    authorized_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    superseded_by: Mapped[str | None] = mapped_column(String(64))
    #: The buyer's money is held first, and taken only when the shop says so.
    reserve: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Of a reserved payment: when the provider drops the hold.
    hold_until: Mapped[datetime | None]
    #: What was taken, where it is less than ``amount``: a reservation settled in part.
    paid_amount: Mapped[int | None]
    #: Where the buyer can be written to (lower case), and when that was done last.
    contact: Mapped[str | None] = mapped_column(String(255))
    written_at: Mapped[datetime | None]

    lines: Mapped[list[LineRow]] = relationship(order_by=LineRow.position, lazy="raise")

    if TYPE_CHECKING:  # counted from their own rows, below
        delivered_at: Mapped[datetime | None]
        parked_reason: Mapped[str | None]
        refunded: Mapped[int]


class IntentRow(Owned, Base):
    """One frozen request to move a payment's money."""

    __tablename__ = "fps_intents"

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"), index=True)
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    authorization_id: Mapped[str] = mapped_column(ProviderName)
    parameters: Mapped[dict[str, Any]]
    #: How often the bytes may have left, and how many of those sends are known to have moved nothing.
    sends: Mapped[int] = mapped_column(Integer, default=0)
    harmless_sends: Mapped[int] = mapped_column(Integer, default=0)
    first_sent_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    code: Mapped[str | None] = mapped_column(Told(64))
    created_at: Mapped[datetime]

    payment: Mapped[PaymentRow] = relationship(viewonly=True)


class TransactionRow(Owned, Base):
    """What the provider calls a transaction. One of them pays at most one order."""

    __tablename__ = "fps_transactions"
    __table_args__ = (
        UniqueConstraint("account", "gateway", "transaction_id"),
        Index("ix_fps_transactions_transaction", "transaction_id"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"), index=True)
    intent_id: Mapped[int] = mapped_column(ForeignKey("fps_intents.id"))
    transaction_id: Mapped[str] = mapped_column(ProviderName)
    status: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class GrantRow(Owned, Base):
    """The right of a buyer to a line of a paid order."""

    __tablename__ = "fps_grants"
    __table_args__ = (
        UniqueConstraint("line_id"),
        Index("ix_fps_grants_buyer", "buyer", "account", "sku"),
        Index("ix_fps_grants_payment", "payment_id"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("fps_payments.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("fps_lines.id"))
    buyer: Mapped[str] = mapped_column(String(128))
    sku: Mapped[str] = mapped_column(String(128))
    quantity: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(Text)
    downloads: Mapped[int | None] = mapped_column(Integer)
    used: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: Until then the use that was begun last goes on.
    window_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ClaimRow(Owned, Base):
    """A browser that its buyer handed a grant: the grant stays the buyer's, and uses are counted there."""

    __tablename__ = "fps_claims"
    __table_args__ = (UniqueConstraint("grant_id", "buyer"), Index("ix_fps_claims_buyer", "buyer", "account", "sku"))

    grant_id: Mapped[int] = mapped_column(ForeignKey("fps_grants.id"))
    buyer: Mapped[str] = mapped_column(String(128))
    sku: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime]


class InboxRow(Owned, Leased, Base):
    """What arrived, byte for byte, before anything was done about it."""

    __tablename__ = "fps_inbox"
    __table_args__ = (_partial_index("ix_fps_inbox_due", "due_at", where="done_at IS NULL"),)

    digest: Mapped[str] = mapped_column(String(64), unique=True)
    #: ``return`` or ``notification``.
    source: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("fps_payments.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    #: Of a notification: some providers sign there.
    headers: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)


class JournalRow(Owned, Base):
    """The story of a payment; nothing is ever changed in it."""

    __tablename__ = "fps_journal"
    __table_args__ = (Index("ix_fps_journal_payment", "payment_id", "id"),)

    payment_id: Mapped[int | None] = mapped_column(ForeignKey("fps_payments.id"))
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(64))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str | None] = mapped_column(String(16))
    detail: Mapped[dict[str, Any]]


class HeartbeatRow(Owned, Base):
    """When each worker was last seen."""

    __tablename__ = "fps_heartbeats"

    worker: Mapped[str] = mapped_column(String(128), unique=True)
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime] = mapped_column(index=True)


PaymentRow.delivered_at = column_property(
    select(func.min(DeliveryRow.delivered_at))
    .where(DeliveryRow.payment_id == PaymentRow.id, DeliveryRow.handler == "payment_completed")
    .correlate_except(DeliveryRow)
    .scalar_subquery()
)
PaymentRow.parked_reason = column_property(
    select(func.aggregate_strings(ParkedRow.reason, "; "))
    .where(ParkedRow.payment_id == PaymentRow.id, ParkedRow.resolved_at.is_(None))
    .correlate_except(ParkedRow)
    .scalar_subquery()
)
PaymentRow.refunded = column_property(
    select(cast(func.coalesce(func.sum(RefundRow.amount), 0), BigInteger))  # PostgreSQL's sum of these is a Decimal
    .where(RefundRow.payment_id == PaymentRow.id, RefundRow.state != "failed")
    .correlate_except(RefundRow)
    .scalar_subquery()
)
