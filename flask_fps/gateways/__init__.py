"""The seam between the dance and whoever moves the money.

FPS's own words and order of events define it: the buyer is sent away (:meth:`Gateway.begin`), comes
back with an authorization (:meth:`Gateway.finish`), and the shop's server moves the money itself
(:meth:`Gateway.pay`). A gateway knows the provider's wire and nothing of the ledger; whoever calls it
holds no database transaction and treats every answer as evidence, not as an order.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from enum import Enum
from typing import Protocol

from ..money import Money
from ..records import Intent
from ..records import Outcome
from ..records import Payment


class Standing(str, Enum):
    """What a buyer's return says."""

    AUTHORIZED = "authorized"
    PENDING = "pending"
    ABANDONED = "abandoned"
    REFUSED = "refused"
    #: Not from the provider, changed on its way, or about something else: touch nothing.
    INVALID = "invalid"
    #: It could not be checked now; keep it and ask again.
    COULD_NOT_TELL = "could_not_tell"


class Verdict(str, Enum):
    """Whether a notification is the provider's."""

    VALID = "valid"
    INVALID = "invalid"
    COULD_NOT_TELL = "could_not_tell"


@dataclass(frozen=True)
class Limits:
    """What the provider allows: the only place where such times are written."""

    #: From authorization to the request that pays.
    pay_within: timedelta
    #: How long an identical request is still answered as the first one was.
    resend_within: timedelta
    #: How long a hold lasts before the provider drops it.
    hold_within: timedelta
    #: True where authorising already holds the money (FPS: no).
    holds_on_authorize: bool
    can_reserve: bool
    currencies: frozenset[str]


@dataclass(frozen=True)
class Begun:
    """Where to send the buyer."""

    redirect: str
    #: The provider's own name for this attempt, where it has one before the return.
    handle: str | None = None
    #: When the redirect stops working: after it a new payment is begun in place of this one.
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Unreachable:
    """Why no buyer can be sent away now, for the page that says so."""

    #: Whole and without values in it, so that a shop can translate it.
    sentence: str
    #: What helps the shop, to be typed as it stands.
    command: str | None = None


@dataclass(frozen=True)
class Authorization:
    """What a return proved."""

    standing: Standing
    #: What to pay with (FPS: the sender token id).
    id: str | None = None
    #: What the buyer authorised, where the provider says it (FPS does not).
    money: Money | None = None
    #: ``balance``, ``bank`` or ``card``, else whatever the provider calls how the buyer pays; pages show it in words.
    method: str | None = None
    payer: str | None = None
    #: When it was given, where the provider says so.
    given_at: datetime | None = None
    #: For the journal: the provider's status and message, never a secret.
    detail: str = ""
    #: :meth:`Gateway.recover` knows that it is used, given back or lapsed: then :meth:`Gateway.find` is asked whether
    #: it has moved money, before the payment is judged.
    spent: bool = False


@dataclass(frozen=True)
class Notification:
    """What the provider posted to us. It is a hint: whoever gets it asks :meth:`Gateway.status` or ``find``."""

    verdict: Verdict
    #: The reference of the intent (or of the payment) it is about.
    reference: str | None = None
    #: The provider's own name of the attempt (:attr:`Begun.handle`), where it names no reference of ours.
    handle: str | None = None
    transaction_id: str | None = None
    kind: str | None = None
    #: Of money that went back: the provider's name of the transaction it came from.
    parent: str | None = None
    detail: str = ""
    #: It says only "look again": the very same bytes may come later and mean something new.
    stateless: bool = False


class Gateway(Protocol):
    """One account at one provider. Every method may be called again with the same arguments."""

    name: str
    limits: Limits

    def begin(self, payment: Payment) -> Begun | Outcome:
        """Where to send the buyer of this payment; an :class:`Outcome` (``unknown`` or ``not_sent``) when
        the provider had to be asked and did not answer. FPS asks nobody: the URL is signed here."""

    def reachable(self) -> Unreachable | None:
        """``None``, or why it is pointless to send a buyer away now."""

    def finish(self, raw_return: str, payment: Payment) -> Authorization:
        """What this raw query string proves, verified against the return URL stored in the payment."""

    def freeze(self, payment: Payment, intent: Intent) -> Mapping[str, str]:
        """Every parameter of the request that this intent will send, but its time, key and signature.

        Asks nobody. ``intent`` has its kind, reference, amount and authorization, and no parameters yet.
        """

    def pay(self, intent: Intent) -> Outcome:
        """Send the frozen request once. ``success`` here is authority."""

    def reserve(self, intent: Intent) -> Outcome:
        """Hold the money. ``reserved``, or ``pending`` until it is held; never ``success``: nothing was taken."""

    def settle(self, intent: Intent) -> Outcome:
        """Take what is held, all or the intent's part, once. ``success``: taken; ``pending``: it will be."""

    def cancel(self, intent: Intent) -> Outcome:
        """Give up what is held. ``cancelled``: done."""

    def refund(self, intent: Intent) -> Outcome:
        """Give the intent's amount back. Often ``pending`` first; it may fail long after."""

    def release(self, authorization_id: str) -> Outcome:
        """Give an authorization back unused (FPS: CancelToken). ``cancelled``: done; ``failure``: there is nothing
        to give back any more; everything else is tried again until the authorization lapses by itself."""

    def status(self, transaction_id: str) -> Outcome:
        """What the provider says of a transaction, with its :class:`Facts`. ``unknown`` and :attr:`Outcome.absent`:
        it says that it has no such transaction; ``unknown`` alone: it did not say."""

    def find(self, intent: Intent) -> Outcome:
        """Look for the transaction of an intent whose answer was lost. Not found is ``unknown``, and also
        :attr:`Outcome.absent` where the provider's books were read to their end."""

    def activity(self, since: datetime) -> Iterable[Outcome]:
        """Every payment to or by this account since then, and every refund and chargeback of one
        (:attr:`Facts.gives_back`), as the provider has it, each with its facts. One of which the provider did not
        tell is ``unknown``, with its id and without facts.

        :raises TransportError: the provider did not answer.
        :raises ServiceError: the provider refused to say.
        """

    def recover(self, payment: Payment) -> Authorization:
        """What the provider knows of a buyer who has not come back. ``abandoned``: no such authorization
        exists; ``could_not_tell``: ask again."""

    def notification(self, body: bytes, headers: Mapping[str, str], url: str) -> Notification:
        """Judge what was posted to ``url`` (ours, never the request's own idea of it)."""


class Retries(Protocol):
    """What a gateway has besides, if it ever says :attr:`Outcome.declined_for_now`."""

    def retry(self, transaction_id: str) -> Outcome:
        """Have the provider try this very transaction again. What comes of it is asked by :meth:`Gateway.status`."""
