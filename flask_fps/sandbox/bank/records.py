"""What stands in the books. Frozen: a change is a new record in the old one's place."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from ...money import Money


@dataclass(frozen=True)
class Method:
    """A way to pay that an account holder has set up."""

    #: ``ABT`` (account balance), ``ACH`` (bank account) or ``CC`` (credit card).
    kind: str
    #: For people: ``Visa ending in 1111``.
    label: str
    #: ``MM/YYYY`` of a card, as the co-branded return reports it.
    expiry: str | None = None


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody's account with the bank, or one of the bank's own (``house``)."""

    email: str
    name: str
    balance: Money
    #: In the clear: these are the public demo's, never a person's.
    password: str = ""
    methods: tuple[Method, ...] = ()
    default_method: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    #: "URL for Instant Payment Notification" of the account's settings.
    ipn_url: str | None = None
    #: How notifications to this account are signed: ``2`` (RSA) or ``1`` (HMAC, before 2011).
    ipn_signature: str = "2"
    house: bool = False

    def method(self, kind: str) -> Method | None:
        return next((method for method in self.methods if method.kind == kind), None)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A payment token: the sender's leave for one caller to move money (FPS API reference, Token)."""

    token_id: str
    token_type: str
    #: E-mail addresses of the three parties.
    sender: str
    caller: str
    recipient: str
    #: Of the co-branded request; a namespace apart from the API's references.
    caller_reference: str
    #: The most that may be paid with it.
    amount: Money
    method: str
    reason: str = ""
    friendly_name: str = ""
    created_at: datetime
    expires_at: datetime
    #: The transaction that used it up.
    used_by: str | None = None
    cancelled_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Unused, not cancelled and within its life."""
        return self.used_by is None and self.cancelled_at is None and now < self.expires_at


@dataclass(frozen=True)
class StatusChange:
    """One entry of a transaction's history."""

    at: datetime
    status: str
    code: str
    amount: Money


@dataclass(frozen=True)
class Standing:
    """An account's balance right after a transaction moved."""

    email: str
    balance: Money


@dataclass(frozen=True, kw_only=True)
class TransactionRecord:
    """One movement of money, done, under way or failed (FPS API reference, TransactionDetail)."""

    transaction_id: str
    #: FPSOperation: ``Pay``, ``Refund``, or ``Reserve``, which a Settle turns into ``Settle``.
    operation: str
    caller_reference: str
    amount: Money
    fees: Money
    #: ``Caller`` or ``Recipient``.
    fees_paid_by: str
    sender: str
    recipient: str
    caller: str
    #: The key the request was signed with.
    access_key: str
    method: str
    #: ``Pending``, ``Success``, ``Failure``, ``Reserved`` or ``Cancelled``.
    status: str
    status_code: str
    status_message: str
    received_at: datetime
    completed_at: datetime | None = None
    #: While it is pending or reserved: when that ends. A pending one ends well with ``Success``, else with the
    #: status code of a failure; a reserved one expires.
    settles_at: datetime | None = None
    ends_with: str = "Success"
    #: What is held of the sender's money, and until when; ``None`` where nothing is.
    held: Money | None = None
    held_until: datetime | None = None
    #: Its pending end is that of a Cancel.
    cancelling: bool = False
    history: tuple[StatusChange, ...] = ()
    standings: tuple[Standing, ...] = ()
    sender_token_id: str | None = None
    recipient_token_id: str | None = None
    caller_description: str | None = None
    sender_description: str | None = None
    #: The caller's own timestamp.
    caller_date: datetime | None = None
    #: Of a refund: the transaction it gives back. Of that one: its refunds.
    parent_id: str | None = None
    refund_ids: tuple[str, ...] = ()
    #: Promised back so far, amount and fee.
    refunded: Money
    fees_refunded: Money
    #: OverrideIPNURL of the request.
    ipn_url: str | None = None

    @property
    def is_pending(self) -> bool:
        return self.status == "Pending"

    def involves(self, email: str) -> bool:
        """True where the account took part in any role."""
        return email in (self.sender, self.recipient, self.caller)

    def balance_of(self, email: str) -> Money | None:
        """The account's balance right after this transaction last moved."""
        return next((standing.balance for standing in self.standings if standing.email == email), None)


@dataclass(frozen=True)
class Parameter:
    """One name and value of a stored message, in its order."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One walk through the co-branded pages."""

    run_id: str
    caller: str
    pipeline: str
    caller_reference: str
    return_url: str
    #: Which signature the return carries: ``v2``, ``v1`` or ``awsSignature``.
    era: str
    #: The whole request but its signature, for the page and for comparing a second one.
    given: tuple[Parameter, ...]
    amount: Money
    recipient: str
    reason: str
    methods: tuple[str, ...]
    opened_at: datetime
    #: How it ended: the return's status (``SA``, ``SB``, ``SC``, ``A``); ``None`` while it goes on.
    ended: str | None = None
    token_id: str | None = None

    @property
    def parameters(self) -> dict[str, str]:
        return {parameter.name: parameter.value for parameter in self.given}


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A caller's reference and the whole first answer it got."""

    account: str
    action: str
    reference: str
    #: Of every parameter that makes a request the same.
    digest: str
    status: int
    answer: str
    first_used_at: datetime


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An instant payment notification and what became of it."""

    notice_id: str
    #: Whose it is: the caller.
    account: str
    #: Where it goes; ``None``: that account has no listener.
    url: str | None
    fields: tuple[Parameter, ...]
    #: The action that caused it: ``Pay``, ``Refund``, ``CancelToken``.
    cause: str
    written_at: datetime
    due_at: datetime | None
    attempts: int = 0
    #: ``waiting``, ``overtaken`` (it lets the next one pass), ``unaddressed`` (no listener), ``delivered``,
    #: ``given_up`` or ``dropped``.
    state: str = "waiting"
    last_error: str = ""
    #: As signed for :attr:`url`; the same bytes go out again at every attempt.
    body: str | None = None
    #: So often it is posted at each attempt.
    copies: int = 1
    #: What was put in place of its true values after it was signed.
    forged: tuple[Parameter, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        return {parameter.name: parameter.value for parameter in self.fields}

    @property
    def is_open(self) -> bool:
        """It is still to be posted, at :attr:`due_at`."""
        return self.due_at is not None and self.state in ("waiting", "overtaken")

    def late(self, by: timedelta) -> Notice:
        """The same, due so much later, if it is due at all."""
        return self if self.due_at is None else replace(self, due_at=self.due_at + by)


@dataclass(frozen=True)
class Note:
    """A small fact the books keep by name."""

    name: str
    text: str
