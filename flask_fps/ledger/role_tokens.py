"""Tokens that stand for our own roles, kept once they were installed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy import String
from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import Session

from .models import Base
from .models import Owned
from .store import Store


class RoleTokenRow(Owned, Base):
    """A token that stands for our own role in every request, at a provider that wants one."""

    __tablename__ = "fps_role_tokens"
    __table_args__ = (UniqueConstraint("account", "gateway", "role"),)

    #: ``caller`` or ``recipient``.
    role: Mapped[str] = mapped_column(String(16))
    token_id: Mapped[str] = mapped_column(String(128))
    installed_at: Mapped[datetime]


class RoleTokens:
    """The shelf for them; each call is a step of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, account: str, gateway: str) -> dict[str, str]:
        """The token of each role that has one."""

        def look(session: Session) -> dict[str, str]:
            return {row.role: row.token_id for row in session.scalars(_of(account, gateway))}

        found: dict[str, str] = self._store.read(look)
        return found

    def keep(self, account: str, gateway: str, role: str, token_id: str) -> None:
        """The one token of this role from now on."""

        def put(session: Session, now: datetime) -> None:
            row = session.scalar(_of(account, gateway).where(RoleTokenRow.role == role))
            if row is None:
                row = RoleTokenRow(account=account, gateway=gateway, role=role)
                session.add(row)
            row.token_id, row.installed_at = token_id, now

        self._store.write(put)


def _of(account: str, gateway: str) -> Any:
    return select(RoleTokenRow).where(RoleTokenRow.account == account, RoleTokenRow.gateway == gateway)
