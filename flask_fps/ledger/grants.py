"""Who may have what was paid for, and how often it was fetched.

A grant belongs to one buyer. A claim lends it to another browser: the same grant, the same count.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import Select
from sqlalchemy import select
from sqlalchemy import union_all
from sqlalchemy import update
from sqlalchemy.orm import Session

from ..errors import LedgerError
from ..records import covered
from ..records import Grant
from ..records import Right
from ..rights import MOST_AT_ONCE
from .journal import journal
from .models import ClaimRow
from .models import GrantRow
from .models import JournalRow
from .models import LineRow
from .models import PaymentRow
from .reading import locked_row

GRANT = (
    GrantRow.id,
    GrantRow.sku,
    GrantRow.quantity,
    GrantRow.buyer,
    PaymentRow.reference.label("payment"),
    GrantRow.created_at,
    GrantRow.downloads,
    GrantRow.used,
    GrantRow.window_until,
    GrantRow.expires_at,
    GrantRow.revoked_at,
    GrantRow.revoked_reason,
)
#: The journal's word for more uses, or more days.
RENEWED = "downloads renewed"


class NothingLeft(LedgerError):
    """Somebody else began the last use of a grant, or it ended, while this request was served."""


def held_by(session: Session, accounts: Sequence[str], buyer: str, skus: Sequence[str]) -> list[Grant]:
    """Every grant of these that this buyer has or was lent, whatever it is worth; one statement, by index."""
    own = _grants().where(GrantRow.buyer == buyer, GrantRow.account.in_(accounts), GrantRow.sku.in_(skus))
    lent = (
        _grants()
        .join(ClaimRow, ClaimRow.grant_id == GrantRow.id)
        .where(ClaimRow.buyer == buyer, ClaimRow.account.in_(accounts), ClaimRow.sku.in_(skus))
    )
    return [Grant(**row) for row in session.execute(union_all(own, lent)).mappings()]


def grants_of(session: Session, reference: str) -> list[Grant]:
    """All grants of one payment, with what the shop noted of each line."""
    query = (
        _grants(LineRow.data)
        .join(LineRow, LineRow.id == GrantRow.line_id)
        .where(PaymentRow.reference == reference)
        .order_by(LineRow.position)
    )
    return [Grant(**row) for row in session.execute(query).mappings()]


def owned_skus(session: Session, now: datetime, account: str, buyer: str, wanted: Mapping[str, int]) -> set[str]:
    """Which of these the buyer may have now, in the quantity that is wanted of each."""
    return covered(held_by(session, [account], buyer, list(wanted)), wanted, now)


def is_used_up(session: Session, now: datetime, payment: PaymentRow) -> bool:
    """Is there nothing left of what this payment bought?"""
    rights = [grant.right(now) for grant in grants_of(session, payment.reference)]
    return bool(rights) and Right.HELD not in rights


def granted(row: PaymentRow, line: LineRow, now: datetime) -> GrantRow:
    """The right to one line of a payment, on the terms under which it was sold."""
    return GrantRow(
        account=row.account,
        gateway=row.gateway,
        payment_id=row.id,
        line_id=line.id,
        buyer=row.buyer,
        sku=line.sku,
        quantity=line.quantity,
        created_at=now,
        downloads=None if line.downloads is None else line.downloads * line.quantity,
        used=0,
        expires_at=None if line.days is None else now + timedelta(days=line.days),
    )


def begin_use(session: Session, now: datetime, ids: Collection[int], window: timedelta) -> None:
    """Count one use of each, unless one is under way; of parallel requests one counts and all go on.

    :raises NothingLeft: one of them has nothing left; then none is counted.
    """
    for id in sorted(ids):
        begun = session.execute(
            update(GrantRow)
            .where(GrantRow.id == id, *_usable(now))
            .values(used=GrantRow.used + 1, window_until=now + window)
            .execution_options(synchronize_session=False)
        )
        if begun.rowcount == 1:  # type: ignore[attr-defined]
            _journal_use(session, now, id)
        elif not _is_open(session, now, id):
            raise NothingLeft("nothing is left of this purchase")


def claim(session: Session, now: datetime, reference: str, buyer: str, most: int | None = None) -> bool:
    """Lend all grants of a payment to this buyer, once; false if ``most`` others have them already."""
    payment = locked_row(session, reference)
    if not may_claim(session, reference, buyer, most):
        return False
    rows = session.scalars(select(GrantRow).where(GrantRow.payment_id == payment.id)).all()
    known = set(session.scalars(select(ClaimRow.grant_id).where(_lent_to(buyer, rows))))
    new = [row for row in rows if row.buyer != buyer and row.id not in known]
    session.add_all(
        ClaimRow(account=row.account, gateway=row.gateway, grant_id=row.id, buyer=buyer, sku=row.sku, created_at=now)
        for row in new
    )
    if new:
        journal(session, payment, "claimed", now, buyer=buyer)
    return True


def may_claim(session: Session, reference: str, buyer: str | None, most: int | None) -> bool:
    """Is it held already, or is there room for one more?"""
    if most is None or (buyer is not None and holds(session, reference, buyer)):
        return True
    return claimants(session, reference) < most


def claimants(session: Session, reference: str) -> int:
    """To how many others what this payment bought is lent."""
    lent = select(func.count(ClaimRow.buyer.distinct())).join(GrantRow, GrantRow.id == ClaimRow.grant_id)
    return session.scalar(lent.join(PaymentRow).where(PaymentRow.reference == reference)) or 0


def take_back(session: Session, now: datetime, reference: str, by: str) -> int:
    """Lend it to nobody any more; to how many it was. A link that is still good may lend it anew."""
    payment, before = locked_row(session, reference), claimants(session, reference)
    lent = select(GrantRow.id).where(GrantRow.payment_id == payment.id)
    session.execute(delete(ClaimRow).where(ClaimRow.grant_id.in_(lent)))
    journal(session, payment, "claims taken back", now, browsers=before, by=by)
    return before


def holds(session: Session, reference: str, buyer: str) -> bool:
    """Is this payment the buyer's, or was any of it lent?"""
    lent = (
        select(ClaimRow.id)
        .join(GrantRow, GrantRow.id == ClaimRow.grant_id)
        .join(PaymentRow, PaymentRow.id == GrantRow.payment_id)
        .where(PaymentRow.reference == reference, ClaimRow.buyer == buyer)
    )
    own = select(PaymentRow.id).where(PaymentRow.reference == reference, PaymentRow.buyer == buyer)
    return session.scalar(union_all(own, lent).limit(1)) is not None


def renew(
    session: Session,
    now: datetime,
    reference: str,
    downloads: int | None,
    days: int | None,
    by: str | None = None,
    *,
    renewal: str,
) -> None:
    """Give the buyer so many more uses, and so many more days from now, of everything that was not revoked.

    :param renewal: a name of its own: a step whose commit was only reported lost is taken again, and gives no more.
    :raises ValueError: neither is given, or one is out of bounds.
    """
    given = [each for each in (downloads, days) if each is not None]
    if not given or not all(type(each) is int and 1 <= each <= MOST_AT_ONCE for each in given):
        raise ValueError(f"give downloads= or days=, each a whole number from 1 to {MOST_AT_ONCE}")
    payment = locked_row(session, reference)
    if _is_renewed(session, payment, renewal):
        return
    rows = session.scalars(select(GrantRow).where(GrantRow.payment_id == payment.id, GrantRow.revoked_at.is_(None)))
    for row in rows:
        if downloads is not None and row.downloads is not None:
            row.downloads = max(row.downloads, row.used) + downloads
        if days is not None and row.expires_at is not None:
            row.expires_at = max(row.expires_at, now + timedelta(days=days))
    who: dict[str, Any] = {} if by is None else {"by": by}
    journal(session, payment, RENEWED, now, downloads=downloads, days=days, renewal=renewal, **who)


def _is_renewed(session: Session, payment: PaymentRow, renewal: str) -> bool:
    renewed = select(JournalRow.detail).where(JournalRow.payment_id == payment.id, JournalRow.event == RENEWED)
    return any(line.get("renewal") == renewal for line in session.scalars(renewed))


def _grants(*more: Any) -> Select[Any]:
    columns: tuple[Any, ...] = (*GRANT, *more)
    return select(*columns).join(PaymentRow, PaymentRow.id == GrantRow.payment_id)


def _usable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """No use is under way, and one more may be begun."""
    return (
        GrantRow.revoked_at.is_(None),
        or_(GrantRow.window_until.is_(None), GrantRow.window_until <= now),
        or_(GrantRow.expires_at.is_(None), GrantRow.expires_at > now),
        or_(GrantRow.downloads.is_(None), GrantRow.used < GrantRow.downloads),
    )


def _is_open(session: Session, now: datetime, id: int) -> bool:
    query = select(GrantRow.id).where(GrantRow.id == id, GrantRow.revoked_at.is_(None), GrantRow.window_until > now)
    return session.scalar(query) is not None


def _journal_use(session: Session, now: datetime, id: int) -> None:
    query = select(PaymentRow, GrantRow.sku, GrantRow.used).join(GrantRow, GrantRow.payment_id == PaymentRow.id)
    payment, sku, used = session.execute(query.where(GrantRow.id == id)).one()
    journal(session, payment, "downloaded", now, sku=sku, use=used)


def _lent_to(buyer: str, rows: Sequence[GrantRow]) -> ColumnElement[bool]:
    return (ClaimRow.buyer == buyer) & ClaimRow.grant_id.in_([row.id for row in rows])
