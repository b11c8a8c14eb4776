"""Alembic's entry: runs the migrations on the connection that :mod:`flask_fps.ledger.schema` hands in, or writes
them down as SQL where it hands in none."""

from __future__ import annotations

from alembic import context

from flask_fps.ledger.models import Base
from flask_fps.ledger.schema import VERSION_TABLE

given = context.config.attributes
context.configure(
    connection=given["connection"],
    dialect_name=given.get("dialect"),
    output_buffer=given.get("output"),
    literal_binds=context.is_offline_mode(),
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
