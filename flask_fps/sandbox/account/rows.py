"""A transaction as one of its parties sees it: in words, with the other side's name and a sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..bank.records import Account
from ..bank.records import TransactionRecord
from ..current import bank
from ..terms import METHODS as METHODS

#: By operation: what it is to whoever pays, and to whoever is paid.
_LEADS = {
    "Pay": ("Payment to", "Payment from"),
    "Reserve": ("Reserved for", "Reserved by"),
    "Settle": ("Payment to", "Payment from"),
    "Refund": ("Refund to", "Refund from"),
    "FundPrepaid": ("Prepaid balance with", "Prepaid balance of"),
    "SettleDebt": ("Debt settled with", "Debt settled by"),
    "WriteOffDebt": ("Debt written off for", "Debt written off by"),
}


@dataclass(frozen=True)
class Row:
    """One line of an account's activity."""

    record: TransactionRecord
    title: str
    #: The other side's name.
    partner: str
    #: What came in, what went out; no sign where the money was neither his nor became his.
    amount: str

    @property
    def date(self) -> datetime:
        return self.record.received_at


def row(record: TransactionRecord, person: Account) -> Row:
    pays = record.sender == person.email
    partner = name(record.recipient if pays else record.sender)
    lead = _LEADS.get(record.operation, (f"{record.operation} to", f"{record.operation} from"))[not pays]
    title = record.sender_description or record.caller_description or _reason(record) or f"{lead} {partner}"
    sign = "−" if pays else "+" if record.recipient == person.email else ""
    return Row(record, title, partner, f"{sign}{record.amount}")


def name(email: str) -> str:
    try:
        return bank().account(email).name
    except LookupError:
        return email


def _reason(record: TransactionRecord) -> str:
    """What the buyer read when he approved."""
    try:
        return bank().tokens.get(record.sender_token_id or "").reason
    except LookupError:
        return ""
