"""From rows to records: the only way anything leaves the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm import object_session
from sqlalchemy.orm import Session

from ..errors import no_payment
from ..money import Money
from ..records import Booked
from ..records import FINAL
from ..records import Intent
from ..records import IntentState
from ..records import JournalEntry
from ..records import Kind
from ..records import Line
from ..records import Payment
from ..records import Result
from ..records import State
from .claiming import lock_payments
from .models import ClaimRow
from .models import GrantRow
from .models import IntentRow
from .models import JournalRow
from .models import LineRow
from .models import ParkedRow
from .models import PaymentRow
from .models import TransactionRow
from .served import is_served
from .served import Served


def payments_with_lines() -> Select[PaymentRow]:
    """Payments and their lines in one statement."""
    return select(PaymentRow).options(joinedload(PaymentRow.lines))


def row_of(session: Session, reference: str, *, lock: bool = False) -> PaymentRow | None:
    if lock:
        lock_payments(session, PaymentRow.reference == reference)
    query = payments_with_lines().where(PaymentRow.reference == reference)
    return session.execute(query).unique().scalar_one_or_none()


def payment_of(session: Session, reference: str) -> Payment | None:
    row = row_of(session, reference)
    return payment_record(row) if row else None


def references_beginning(session: Session, text: str, limit: int) -> list[str]:
    """The references that begin so, as a person types only the first part of one."""
    found = select(PaymentRow.reference).where(PaymentRow.reference.startswith(text, autoescape=True))
    return list(session.scalars(found.order_by(PaymentRow.reference).limit(limit)))


def payment_record(row: PaymentRow) -> Payment:
    """The payment as the row has it now, with what was changed in this step."""
    _flush(row)
    return Payment(
        reference=row.reference,
        state=State(row.state),
        items=tuple(line_of(line) for line in row.lines),
        money=Money(row.amount, row.currency),
        buyer=row.buyer,
        account=row.account,
        gateway=row.gateway,
        order_key=row.order_key,
        reason=row.reason,
        next_url=row.next_url,
        return_url=row.return_url,
        notify_url=row.notify_url,
        created_at=row.created_at,
        redirect_url=row.redirect_url,
        gateway_handle=row.gateway_handle,
        authorization_id=row.authorization_id,
        method=row.method,
        transaction_id=row.transaction_id,
        payer=row.payer,
        authorized_at=row.authorized_at,
        paid_at=row.paid_at,
        delivered_at=row.delivered_at,
        due_at=row.due_at,
        asked=row.attempts,
        closed_at=row.closed_at,
        superseded_by=row.superseded_by,
        parked_reason=row.parked_reason,
        refunded=row.refunded,
        reserve=row.reserve,
        hold_until=row.hold_until,
        paid_amount=row.paid_amount,
        contact=row.contact,
    )


def _flush(row: PaymentRow) -> None:
    """A flush in the middle of reading would drop what is counted from other rows."""
    session = object_session(row)
    if session is not None:
        session.flush()


def line_of(row: LineRow) -> Line:
    return Line(row.sku, row.reason, row.quantity, row.unit_amount, row.data, row.repeatable, row.downloads, row.days)


def intent_record(row: IntentRow, payment: str) -> Intent:
    return Intent(
        reference=row.reference,
        kind=row.kind,
        payment=payment,
        money=Money(row.amount, row.currency),
        authorization_id=row.authorization_id,
        parameters=dict(row.parameters),
        state=IntentState(row.state),
        sends=row.sends,
        harmless_sends=row.harmless_sends,
        first_sent_at=row.first_sent_at,
    )


def purchases_of(session: Session, accounts: list[str], buyer: str) -> list[Payment]:
    """Paid payments of which the buyer still has a line, or was lent one, newest first."""
    kept = GrantRow.revoked_at.is_(None)
    owned = select(GrantRow.payment_id).where(GrantRow.buyer == buyer, GrantRow.account.in_(accounts), kept)
    lent = select(GrantRow.payment_id).join(ClaimRow, ClaimRow.grant_id == GrantRow.id)
    lent = lent.where(ClaimRow.buyer == buyer, ClaimRow.account.in_(accounts), kept)
    query = payments_with_lines().where(PaymentRow.id.in_(owned.union(lent))).order_by(PaymentRow.id.desc())
    return [payment_record(row) for row in session.execute(query).unique().scalars()]


def journal_of(session: Session, reference: str) -> list[JournalEntry]:
    query = (
        select(JournalRow)
        .join(PaymentRow, PaymentRow.id == JournalRow.payment_id)
        .where(PaymentRow.reference == reference)
        .order_by(JournalRow.id)
    )
    return [JournalEntry(row.at, row.event, row.detail, row.from_state, row.to_state) for row in session.scalars(query)]


def newest_payments(session: Session, limit: int | None, *, parked: bool = False) -> list[Payment]:
    query = payments_with_lines().order_by(PaymentRow.id.desc()).limit(limit)
    if parked:
        query = query.where(PaymentRow.id.in_(select(ParkedRow.payment_id).where(ParkedRow.resolved_at.is_(None))))
    return [payment_record(row) for row in session.execute(query).unique().scalars()]


def locked_row(session: Session, reference: str) -> PaymentRow:
    """The payment's row, locked until the step ends.

    :raises LookupError: there is no such payment.
    """
    row = row_of(session, reference, lock=True)
    if row is None:
        raise LookupError(no_payment(reference))
    return row


def free_row(session: Session, reference: str) -> PaymentRow | None:
    """As :func:`locked_row`, but ``None`` where another process is just writing the payment: it is not waited for.

    :raises LookupError: there is no such payment.
    """
    if not lock_payments(session, PaymentRow.reference == reference, skip=True):
        return None
    return locked_row(session, reference)


def intent_row(session: Session, reference: str) -> IntentRow:
    return session.execute(select(IntentRow).where(IntentRow.reference == reference)).scalar_one()


def newest_intent(session: Session, reference: str, kinds: Sequence[Kind]) -> Intent | None:
    query = (
        select(IntentRow)
        .join(PaymentRow, PaymentRow.id == IntentRow.payment_id)
        .where(PaymentRow.reference == reference, IntentRow.kind.in_([kind.value for kind in kinds]))
        .order_by(IntentRow.id.desc())
        .limit(1)
    )
    row = session.scalar(query)
    return intent_record(row, reference) if row else None


def payment_of_intent(session: Session, reference: str) -> Payment | None:
    query = select(PaymentRow.reference).join(IntentRow, IntentRow.payment_id == PaymentRow.id)
    owner = session.scalar(query.where(IntentRow.reference == reference))
    derived_from = reference.rpartition("-")[0]  # a ledger put back from a copy knows the payment and not its request
    return payment_of(session, owner or reference) or payment_of(session, derived_from)


def payment_by_handle(session: Session, account: str, handle: str) -> Payment | None:
    query = select(PaymentRow.reference).where(PaymentRow.gateway_handle == handle, PaymentRow.account == account)
    owner = session.scalar(query.order_by(PaymentRow.id.desc()).limit(1))
    return payment_of(session, owner) if owner else None


def unfinished_payments(session: Session, served: Served) -> list[str]:
    final = [state.value for state in FINAL]
    query = select(PaymentRow.reference).where(PaymentRow.state.not_in(final), is_served(PaymentRow, served))
    return list(session.scalars(query.order_by(PaymentRow.id)))


def transactions_since(session: Session, account: str, since: datetime) -> list[Booked]:
    query = (
        select(TransactionRow, PaymentRow.reference, PaymentRow.state, IntentRow.reference)
        .join(PaymentRow, PaymentRow.id == TransactionRow.payment_id)
        .join(IntentRow, IntentRow.id == TransactionRow.intent_id)
        .where(TransactionRow.account == account, TransactionRow.created_at >= since)
        .order_by(TransactionRow.id)
    )
    return [
        Booked(
            transaction_id=row.transaction_id,
            payment=payment,
            intent=intent,
            result=Result(row.status),
            money=Money(row.amount, row.currency),
            is_paid=state == State.PAID.value,
        )
        for row, payment, state, intent in session.execute(query)
    ]


def due_payments(session: Session, now: datetime, limit: int, served: Served) -> list[str]:
    """References of payments to be driven on, longest due first; none that somebody is at."""
    free = PaymentRow.lease_until.is_(None) | (PaymentRow.lease_until <= now)
    query = select(PaymentRow.reference).where(PaymentRow.due_at <= now, free, is_served(PaymentRow, served))
    return list(session.scalars(query.order_by(PaymentRow.due_at).limit(limit)))


def intent_of(session: Session, reference: str) -> Intent | None:
    query = select(IntentRow, PaymentRow.reference).join(PaymentRow, PaymentRow.id == IntentRow.payment_id)
    found = session.execute(query.where(IntentRow.reference == reference)).one_or_none()
    return intent_record(found[0], found[1]) if found else None
