"""What every chapter of the checkout works with."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from typing import Any
from typing import Protocol

from ..errors import no_payment
from ..errors import OrderError
from ..errors import Refused
from ..errors import see
from ..gateways import Gateway
from ..ledger import Backoff
from ..ledger import Lease
from ..ledger import Ledger
from ..ledger import Terms
from ..logs import log
from ..money import Money
from ..records import DEFAULT_ACCOUNT
from ..records import Intent
from ..records import Kind
from ..records import Line
from ..records import Outcome
from ..records import Payment
from ..records import Result
from ..signals import PaymentSignal

#: A lease covers this many whole exchanges with the provider, and some time to write.
EXCHANGES_PER_LEASE = 3
LEASE_MARGIN = timedelta(seconds=5)
#: Of the time in which a re-send is still answered as the first was, this much may pass before a person is asked.
PARK_UNKNOWN_AFTER = 6 / 7
#: A buyer who is still away after this is asked about, then again and again with longer waits.
ASK_AFTER = Backoff(first=timedelta(minutes=10), longest=timedelta(hours=1))
#: What is due for longer than this should have been driven by a worker.
UNSEEN_AFTER = timedelta(minutes=5)
#: A worker seen within this time is at work.
WORKER_SEEN_WITHIN = timedelta(minutes=1)


#: An amount as shops write it, in a payment's own currency unless it says another.
Amount = Money | Decimal | int | str


class NoGateway(Refused, LookupError):
    """This process does not have the account, or the gateway, that a payment was made with."""


class Tell(Protocol):
    """Sends a signal that only tells, with what else it tells; never raises."""

    def __call__(self, signal: PaymentSignal, payment: Payment, /, **told: Any) -> None: ...


#: Runs a function in a fresh context of the app, bound to the payment's own address.
Fresh = Callable[[Payment, Callable[[], None]], None]
#: Calls every receiver of ``payment_completed`` with this session; raises if one of them raised.
Handle = Callable[[Payment, Any], None]
#: Asked for each line of a payment of which so much (in its main unit) was given back: does the buyer lose it?
Policy = Callable[[Payment, Line, Decimal], bool]


def all_or_nothing(payment: Payment, line: Line, refunded: Decimal) -> bool:
    """The policy of a shop that has none of its own: whoever gets all the money back loses all that was bought."""
    return refunded >= payment.paid_money.decimal


@dataclass(frozen=True)
class Desk:
    """The parts of one app's checkout; clock, randomness and transport are all passed in.

    :param gateways: by account.
    :param new_name: a fresh, unguessable name of at least 128 bits and at most 40 characters.
    :param exchange: how long one whole exchange with the provider may take.
    :param handlers: the named fulfillment handlers, asked when a payment is paid.
    :param policy: which goods a refund takes back; asked for when a refund is done or has failed after that.
    :param may_deliver: false in a process that lacks a handler it is expected to have.
    """

    ledger: Ledger
    gateways: Mapping[str, Gateway]
    clock: Callable[[], datetime]
    new_name: Callable[[], str]
    tell: Tell
    fresh: Fresh
    handle: Handle
    handlers: Callable[[], Mapping[str, Callable[[Payment], None]]]
    may_deliver: Callable[[], bool]
    exchange: timedelta
    terms: Terms
    handler_timeout: timedelta
    policy: Callable[[], Policy] = lambda: all_or_nothing

    def gateway(self, payment: Payment) -> Gateway:
        """The gateway of this payment's account.

        :raises NoGateway: the payment's account is not configured any more, or has another gateway: that one knows
            nothing of the payment, and what it says of it would be believed.
        """
        return self.gateway_at(payment.account, payment.gateway, f"payment {payment.reference} was made")

    def gateway_at(self, account: str, gateway: str, what: str) -> Gateway:
        """The gateway of an account, if it still is the one of this name; ``what`` came or was made by it.

        :raises NoGateway: as :meth:`gateway` does.
        """
        found = self.gateways.get(account)
        if found is None or found.name != gateway:
            raise NoGateway(f"{what} {self.why_unserved(account, gateway)}")
        return found

    @property
    def serves(self) -> frozenset[tuple[str, str]]:
        """The accounts, each with the gateway where it is."""
        return frozenset((account, gateway.name) for account, gateway in self.gateways.items())

    def why_unserved(self, account: str, gateway: str) -> str:
        """What keeps this process from acting for an account at a gateway, and what to do about it."""
        now_at = self.gateways.get(account)
        if now_at is None:
            return (
                f"for the account {account!r} at {gateway!r}, which is not in FPS_ACCOUNTS any more: put it back until "
                f"its payments are at their end{see('FPS_ACCOUNTS')}"
            )
        key = "FPS_GATEWAY" if account == DEFAULT_ACCOUNT else f"FPS_ACCOUNTS[{account!r}]['GATEWAY']"
        return (
            f"at {gateway!r}, and {key} is {now_at.name!r} now: put back what it was until "
            f"its payments are at their end, and give the new gateway an account of its own{see('FPS_ACCOUNTS')}"
        )

    def lease(self) -> Lease:
        """A lease in a name that nobody else ever uses."""
        lasts = self.exchange * EXCHANGES_PER_LEASE + LEASE_MARGIN
        return Lease(self.new_name(), lasts, self.clock() + lasts)

    def is_over(self, lease: Lease) -> bool:
        """Has its holder taken so long that it is another's turn to send?"""
        return lease.ends_at is not None and self.clock() >= lease.ends_at

    def intent(self, payment: Payment, authorization_id: str, number: int) -> Intent:
        """The request that pays or reserves this payment, frozen. The same payment and number give the same."""
        kind = Kind.RESERVE if payment.reserve else Kind.PAY
        frozen = self.frozen(payment, kind, payment.money, f"{payment.reference}-{number}", authorization_id)
        return replace(frozen, holds_for=self.gateway(payment).limits.hold_within) if payment.reserve else frozen

    def frozen(self, payment: Payment, kind: Kind, money: Money, reference: str, authorization_id: str) -> Intent:
        """A request about this payment's money, with every parameter that it will be sent with."""
        draft = Intent(reference, kind.value, payment.reference, money, authorization_id, {})
        return replace(draft, parameters=self.gateway(payment).freeze(payment, draft))

    def resend_window(self, payment: Payment) -> timedelta:
        """How long an unanswered request of this payment is sent again before a person is asked."""
        return self.gateway(payment).limits.resend_within * PARK_UNKNOWN_AFTER

    def send(self, payment: Payment, intent: Intent, lease: Lease) -> Outcome:
        """Send a frozen request once, and what was said. What breaks on the way proves nothing.

        A process that stood still until its lease was over sends nothing: somebody else may be at it, and the provider
        may have forgotten that it had this request before.
        """
        if self.is_over(lease):
            return Outcome(Result.UNKNOWN, message="this process stood still for too long and has sent nothing")
        gateway = self.gateway(payment)
        send = {
            Kind.PAY: gateway.pay,
            Kind.RESERVE: gateway.reserve,
            Kind.SETTLE: gateway.settle,
            Kind.CANCEL: gateway.cancel,
            Kind.REFUND: gateway.refund,
        }[Kind(intent.kind)]
        outcome = asked(lambda: send(intent))
        if intent.kind == Kind.RESERVE and outcome.result is Result.SUCCESS:  # nobody asked it to take anything
            return Outcome(Result.UNKNOWN, outcome.transaction_id, message="asked to reserve, it says that it has paid")
        return outcome


def ours(desk: Desk, reference: str) -> Payment:
    """The payment, made with an account of this process.

    :raises Refused: there is none.
    """
    payment = desk.ledger.payment(reference)
    if payment is None:
        raise Refused(no_payment(reference))
    gateway = desk.gateways.get(payment.account)
    if gateway is None or gateway.name != payment.gateway:
        raise Refused(
            f"payment {reference} was made with the account {payment.account!r} of the gateway {payment.gateway!r}, "
            "and this process does not have it: ask where it is configured"
        )
    return payment


def money_of(payment: Payment, amount: Amount | None) -> Money | None:
    """An amount in the payment's own currency.

    :raises Refused: it is none.
    :raises TypeError: for a float, which cannot hold most amounts exactly.
    """
    if amount is None or isinstance(amount, Money):
        return amount
    try:
        return Money.parse(amount, payment.currency)
    except OrderError as error:
        raise Refused(str(error)) from error


def asked(ask: Callable[[], Outcome]) -> Outcome:
    """What the provider said. Whatever breaks on the way proves nothing about the money."""
    try:
        return ask()
    except Exception as error:
        log.exception("the gateway broke and gave no answer")
        return Outcome(Result.UNKNOWN, message=f"{type(error).__name__}: {error}")
