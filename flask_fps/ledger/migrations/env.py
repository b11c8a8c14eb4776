"""Alembic's entry: runs the migrations on the connection that :mod:`flask_fps.ledger.schema` hands in."""

from __future__ import annotations

from alembic import context

from flask_fps.ledger.models import Base
from flask_fps.ledger.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
