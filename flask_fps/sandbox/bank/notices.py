"""Instant payment notifications as the bank writes them: who is told what.

FPS developer guide, *Instant Payment Notification*. Signing and sending is the business of ``ipn.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from ...money import Money
from ...protocol import values
from .books import ALL
from .books import Books
from .clock import SandboxClock
from .records import Account
from .records import Notice
from .records import Parameter
from .records import Token
from .records import TransactionRecord

_MINUTE = timedelta(minutes=1)
#: When it is posted again, counted from the first time: four tries in the first hour, then hourly for a day.
RETRIES = tuple(_MINUTE * minutes for minutes in (1, 5, 15, 60)) + tuple(
    timedelta(hours=hours) for hours in range(2, 25)
)
#: Nobody took these, and nothing lost them on the way.
UNTOLD = ("waiting", "overtaken", "unaddressed", "given_up")
#: FPSOperation as notifications write it.
_OPERATIONS = {
    "Pay": "PAY",
    "Refund": "REFUND",
    "Reserve": "RESERVE",
    "Settle": "SETTLE",
    "SettleDebt": "SETTLE_DEBT",
    "WriteOffDebt": "WRITE_OFF_DEBT",
    "FundPrepaid": "FUND_PREPAID",
}
#: What notifications of refunds begun on the site said beside (captured in 2009).
_BY_HAND = {"Pending": "INITIATED", "Success": "SUCCESS", "Failure": "FAILURE"}


def _untouched(notice: Notice) -> Notice:
    return notice


class Notices:
    """The desk that writes notifications and keeps them until they are acknowledged."""

    def __init__(self, books: Books, clock: SandboxClock) -> None:
        self._books = books
        self._clock = clock
        #: Asked once for each notification, as it is written: what becomes of it.
        self.fate: Callable[[Notice], Notice] = _untouched

    def tell_transaction(self, transaction: TransactionRecord, cause: str = "") -> Notice:
        """Its caller learns where it stands now, but not whose e-mail address paid somebody else.

        :param cause: an action; by default the transaction's own.
        """
        buyer, seller = self._buyer_and_seller(transaction)
        fields = {
            "notificationType": "TransactionStatus",
            "transactionId": transaction.transaction_id,
            "transactionDate": str(int(transaction.received_at.timestamp())),
            "transactionStatus": transaction.status.upper(),
            "statusCode": transaction.status_code,
            "statusMessage": transaction.status_message,
            "operation": _OPERATIONS[transaction.operation],
            "paymentMethod": transaction.method,
            "transactionAmount": _amount(transaction.amount),
            "callerReference": transaction.caller_reference,
            "paymentReason": transaction.caller_description,
            "buyerName": buyer.name,
            "buyerEmail": buyer.email if transaction.caller == seller.email else None,
            "recipientName": seller.name,
            "recipientEmail": seller.email,
            "parentTransactionId": transaction.parent_id,
            "status": _BY_HAND.get(transaction.status) if transaction.by_hand else None,
        }
        return self._write(transaction.caller, cause or transaction.operation, fields, transaction.ipn_url)

    def tell_cancelled(self, token: Token, ipn_url: str | None) -> Notice:
        """The caller a token was made for learns that it is gone."""
        customer = self._account(token.sender)
        fields: dict[str, str | None] = {
            "notificationType": "TokenCancellation",
            "tokenId": token.token_id,
            "tokenType": token.token_type,
            "callerReference": token.caller_reference,
            "customerName": customer.name,
            "customerEmail": customer.email,
            "dateInstalled": values.pacific_day(token.created_at),
        }
        return self._write(token.caller, "CancelToken", fields, ipn_url)

    def get(self, notice_id: str) -> Notice:
        """:raises LookupError: for one nobody wrote."""
        notice = self._books.notices.get(notice_id)
        if notice is None:
            raise LookupError(f"no notification is called {notice_id}")
        return notice

    def due(self) -> list[Notice]:
        """Those to post now, oldest first; one that lets another pass comes after it."""
        with self._books.change():
            due = self._books.notices.stretch("due", ALL, end=self._clock.now())
            return sorted(due, key=lambda notice: (notice.state == "overtaken", notice.notice_id))

    def undelivered(self) -> list[Notice]:
        """Those nobody acknowledged and that were not lost on the way."""
        with self._books.change():
            found = [notice for state in UNTOLD for notice in self._books.notices.find("state", state)]
            return sorted(found, key=lambda notice: notice.notice_id)

    def signed(self, notice_id: str, body: str) -> Notice:
        """Remember the bytes it goes out with."""
        with self._books.change():
            return self._books.notices.put(replace(self.get(notice_id), body=body))

    def delivered(self, notice_id: str) -> Notice:
        with self._books.change():
            notice = self.get(notice_id)
            told = replace(notice, state="delivered", due_at=None, attempts=notice.attempts + 1, last_error="")
            return self._books.notices.put(told)

    def failed(self, notice_id: str, error: str) -> Notice:
        """Nobody took it: when again, or never."""
        with self._books.change():
            notice = self.get(notice_id)
            now = self._clock.now()
            again = next((at for wait in RETRIES if (at := notice.written_at + wait) > now), None)
            state = "waiting" if again else "given_up"
            failed = replace(notice, state=state, due_at=again, attempts=notice.attempts + 1, last_error=error)
            return self._books.notices.put(failed)

    def _write(self, account: str, cause: str, fields: dict[str, str | None], override: str | None) -> Notice:
        now = self._clock.now()
        url = override or self._account(account).ipn_url
        state = "waiting" if url else "unaddressed"
        notice = Notice(
            notice_id=self._books.notice_id(),
            account=account,
            url=url,
            fields=tuple(Parameter(name, value) for name, value in fields.items() if value),
            cause=cause,
            written_at=now,
            due_at=now if state == "waiting" else None,
            state=state,
        )
        self._let_pass(account, now)
        return self._books.notices.put(self.fate(notice))

    def _let_pass(self, account: str, now: datetime) -> None:
        """There is a next one: whatever waited to be overtaken by it is due, after it."""
        for notice in self._books.notices.find("state", "overtaken"):
            if notice.account == account:
                self._books.notices.put(replace(notice, due_at=now))

    def _buyer_and_seller(self, transaction: TransactionRecord) -> tuple[Account, Account]:
        """They stay who they are when the money goes back."""
        parties = self._account(transaction.sender), self._account(transaction.recipient)
        return parties if transaction.parent_id is None else parties[::-1]

    def _account(self, email: str) -> Account:
        account = self._books.accounts.get(email)
        assert account is not None
        return account


def _amount(money: Money) -> str:
    return f"{money.currency} {money.decimal}"
