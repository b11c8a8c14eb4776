"""What stands in the books. Frozen: a change is a new record in the old one's place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from decimal import Decimal

from ...money import Money
from .limits import Limit
from .limits import Usage
from .periods import Period
from .rules import CURRENCY

NOTHING = Money(0, CURRENCY)

_ZIP = re.compile(r"[0-9]{5}(-[0-9]{4})?", re.ASCII)


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
class Address:
    """Where somebody has things shipped to."""

    name: str
    line1: str
    line2: str = ""
    city: str
    state: str = ""
    zip: str = ""
    country: str
    phone: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """As one writes it on a parcel."""
        town = " ".join(part for part in (self.city, self.state, self.zip) if part)
        return tuple(line for line in (self.name, self.line1, self.line2, town, self.country, self.phone) if line)

    @property
    def is_plausible(self) -> bool:
        """False for what cannot be an address of the United States, and says that it is one."""
        american = self.country.strip().upper() in ("US", "USA", "UNITED STATES")
        return not american or _ZIP.fullmatch(self.zip.strip()) is not None


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
    #: The same for returns from the co-branded pages; ``""``: as the request was signed.
    return_signature: str = ""
    addresses: tuple[Address, ...] = ()
    #: Its e-mail address is known to be its own; without that it cannot use the co-branded pages.
    email_verified: bool = True
    #: It may ask for payments to others, as a marketplace does.
    is_marketplace: bool = True
    #: A personal account takes no cards.
    is_personal: bool = False
    #: ``active``, ``suspended`` or ``closed``.
    standing: str = "active"
    #: It has a verified bank account or card, and its bank account is verified.
    is_verified: bool = True
    bank_verified: bool = True
    #: It has sent or received as much as it may.
    is_limited: bool = False
    house: bool = False

    def method(self, kind: str) -> Method | None:
        return next((method for method in self.methods if method.kind == kind), None)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A payment token: an account's leave for one caller to do something (FPS API reference, *Token*)."""

    token_id: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted`` (TokenType).
    token_type: str
    #: What it is good for: ``Pay`` (as its sender, Reserve too), ``Receive`` (as the recipient of payments),
    #: ``Refund`` (as the sender of refunds), ``FundPrepaid``, ``SettleDebt``, or ``Own``: an account's instruction to
    #: itself, in :attr:`instruction`.
    use: str = "Pay"
    #: E-mail addresses: on whose account it is installed, for which caller, and who may be paid with it.
    sender: str
    caller: str
    recipient: str
    #: Where it may pay more than one: every one of them.
    recipients: tuple[str, ...] = ()
    #: Of the co-branded request; a namespace apart from the API's references.
    caller_reference: str
    #: The most, and where there is one the least, of a single payment.
    amount: Money
    least: Money | None = None
    #: ``ABT``, ``ACH`` or ``CC``; ``Prepaid`` or ``Debt`` where it spends an instrument.
    method: str
    #: The prepaid or credit instrument that it spends, funds or settles.
    instrument_id: str | None = None
    #: How often and for how much it may be used, and how far that has gone: as many of one as of the other.
    limits: tuple[Limit, ...] = ()
    usages: tuple[Usage, ...] = ()
    #: Of a recipient's token: which ways to pay he takes (none named: all), whether FPS's fee is his, and what the
    #: caller may take at most, in money and in percent; ``None``: nothing was agreed.
    accepts: tuple[str, ...] = ()
    pays_fees: bool = True
    max_fixed_fee: Money | None = None
    max_variable_fee: Decimal | None = None
    #: GateKeeper text of an ``Own`` token.
    instruction: str | None = None
    reason: str = ""
    friendly_name: str = ""
    created_at: datetime
    starts_at: datetime | None = None
    #: ``None``: it does not expire.
    expires_at: datetime | None
    #: The transaction that used it up.
    used_by: str | None = None
    cancelled_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Unused, not cancelled and within its life."""
        return self.used_by is None and self.cancelled_at is None and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def pays(self, email: str) -> bool:
        """May this account be paid with it?"""
        return email in (self.recipients or (self.recipient,))


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A prepaid balance or a line of credit that one recipient keeps for one sender."""

    instrument_id: str
    #: ``Prepaid`` or ``Debt``, as the payment method is called.
    kind: str
    #: E-mail addresses: who spends it, and who issued it.
    sender: str
    recipient: str
    #: The most that may be on it, or be owed.
    limit: Money
    #: What is on it, or owed.
    balance: Money
    #: What is on its way: a funding, or a settlement of the debt.
    pending: Money
    created_at: datetime
    starts_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Payments of one amount that come by themselves."""

    subscription_id: str
    #: E-mail addresses.
    sender: str
    recipient: str
    description: str
    amount: Money
    #: So many first payments are of this amount.
    promotional_amount: Money | None = None
    promotional_count: int = 0
    method: str
    frequency: Period
    lasts: Period | None = None
    started_at: datetime
    ends_at: datetime | None = None
    #: When the next payment is made; ``None``: never.
    next_at: datetime | None
    #: ``Active``, ``Cancelled`` or ``Completed``.
    status: str = "Active"
    #: Of its payments, oldest first.
    transaction_ids: tuple[str, ...] = ()
    ipn_url: str | None = None

    def amount_of(self, number: int) -> Money:
        """What the payment after so many others comes to."""
        if self.promotional_amount is not None and number < self.promotional_count:
            return self.promotional_amount
        return self.amount


@dataclass(frozen=True)
class Standing:
    """An account's balance right after a transaction moved."""

    email: str
    balance: Money


@dataclass(frozen=True)
class StatusChange:
    """One entry of a transaction's history."""

    at: datetime
    status: str
    code: str
    amount: Money
    standings: tuple[Standing, ...] = ()

    def balance_of(self, email: str) -> Money | None:
        """The account's balance right after it."""
        return next((standing.balance for standing in self.standings if standing.email == email), None)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a caller of 2007-01-08 wrote on a transaction, and what shows that he is one."""

    caller_token_id: str | None = None
    sender_reference: str | None = None
    recipient_reference: str | None = None
    recipient_description: str | None = None
    meta_data: str | None = None


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
    #: The prepaid or credit instrument it spends, funds, settles or writes off.
    instrument_id: str | None = None
    caller_description: str | None = None
    sender_description: str | None = None
    #: What the sender's card statement says.
    statement: str = ""
    #: Only where the request came in 2007-01-08: then its end is a result to fetch.
    labels: Labels | None = None
    #: The caller's own timestamp.
    caller_date: datetime | None = None
    #: Of a refund: the transaction it gives back. Of that one: its refunds.
    parent_id: str | None = None
    refund_ids: tuple[str, ...] = ()
    #: Promised back so far, amount and fee.
    refunded: Money
    fees_refunded: Money
    #: What the caller takes of it, fixed and in percent, and what that is on this amount; of a refund, what he gives
    #: back. What he has given back so far.
    fixed_fee: Money | None = None
    variable_fee: Decimal | None = None
    marketplace_fees: Money = NOTHING
    marketplace_refunded: Money = NOTHING
    #: Begun in the account manager, not by a call.
    by_hand: bool = False
    #: A refund of the caller's fee alone.
    of_fee: bool = False
    #: The subscription it is a payment of.
    subscription_id: str | None = None
    #: OverrideIPNURL of the request.
    ipn_url: str | None = None

    @property
    def is_pending(self) -> bool:
        return self.status == "Pending"

    @property
    def fee_payer(self) -> str:
        """Whose account FPS's fee is taken from; of a refund, who gets it back."""
        seller = self.sender if self.operation == "Refund" else self.recipient
        return self.caller if self.fees_paid_by == "Caller" else seller

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
    #: Who may be paid, where the request names more than one.
    recipients: tuple[str, ...] = ()
    #: The token that it changes.
    edits: str | None = None
    #: Where the buyer said that it is shipped to.
    address: Address | None = None
    #: How it ended: the return's status (``SA``, ``SR``, ``SU``, ``A`` and so on); ``None`` while it goes on.
    ended: str | None = None
    token_id: str | None = None
    #: What the return says beside its status.
    answer: tuple[Parameter, ...] = ()

    @property
    def payees(self) -> tuple[str, ...]:
        """Everybody who may be paid."""
        return self.recipients or (self.recipient,)

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


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a transaction ended that did not end at once, until its caller discards it (*GetResults*)."""

    transaction_id: str
    account: str
    operation: str
    caller_reference: str
    #: ``Success``, ``Failure`` or ``TemporaryDecline``.
    status: str


@dataclass(frozen=True)
class Note:
    """A small fact the books keep by name."""

    name: str
    text: str
