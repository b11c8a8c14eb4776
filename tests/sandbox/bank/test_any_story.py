"""Whatever is asked of the bank, in whatever order: its books agree with themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_fps.money import Money
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import BankError
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.debt import WriteOffOrder
from flask_fps.sandbox.bank.feeding import FeedingOrder
from flask_fps.sandbox.bank.instruments import multi_use
from flask_fps.sandbox.bank.instruments import postpaid
from flask_fps.sandbox.bank.instruments import prepaid
from flask_fps.sandbox.bank.instruments import recipient
from flask_fps.sandbox.bank.instruments.consent import Consent
from flask_fps.sandbox.bank.payments import PayOrder
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.bank.refunds import POLICIES
from flask_fps.sandbox.bank.refunds import RefundOrder
from flask_fps.sandbox.bank.reservations import SettleOrder
from tests.sandbox.audit import Audit
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)
ACTS = ("pay", "reserve", "market", "settle", "cancel", "refund", "fund", "settle_debt", "write_off", "wait")
STEPS = st.tuples(
    st.sampled_from(ACTS),
    st.integers(0, 30),
    st.integers(-5, 60_000),
)


class Story:
    """One seller, a buyer with every kind of token, and what has happened between them."""

    def __init__(self) -> None:
        self.bank = Bank(SandboxClock.stopped_at(NOW))
        self.audit = Audit(self.bank)
        self.seller: Account = self.bank.account(SELLER)
        self.card = prepaid.install(self._consent("CC"), limit=_usd(90_000), funding_reference="funding")
        self.line = postpaid.install(
            self._consent("ABT"), credit_limit=_usd(90_000), cap=_usd(900_000), settlement_reference="settlement"
        )
        senders = [multi_use.install(self._consent(kind), cap=_usd(500_000)) for kind in ("ABT", "CC", "ACH")]
        self.senders = [*senders, self.card.sender, self.line.sender]
        self.to_jane = recipient.install(
            Consent(sender=JANE, caller=SELLER, caller_reference="jane", method="", at=NOW),
            max_fixed_fee=_usd(100),
            max_variable_fee=Decimal(20),
        ).recipient
        self.sends_to_jane = multi_use.install(self._consent("ABT"), cap=_usd(500_000), recipients=(JANE,))
        self.bank.tokens.install(*self.card, *self.line, *senders, self.to_jane, self.sends_to_jane)

    def go(self, number: int, step: str, which: int, cents: int) -> None:
        """One step; whatever is refused must leave no trace."""
        before = _everything(self.bank)
        try:
            self._steps()[step](f"reference-{number}", which, _usd(cents))
        except BankError:
            assert _everything(self.bank) == before

    def _steps(self) -> dict[str, Callable[[str, int, Money], object]]:
        return {
            "pay": lambda name, which, money: self.bank.pay(self.seller, self._order(name, which, money)),
            "reserve": lambda name, which, money: self.bank.reserve(self.seller, self._order(name, which, money)),
            "market": self._market,
            "settle": self._settle,
            "cancel": lambda _name, which, _money: self.bank.cancel(self.seller, self._any(which)),
            "refund": self._refund,
            "fund": self._fund,
            "settle_debt": self._settle_debt,
            "write_off": self._write_off,
            "wait": lambda _name, which, _money: self.bank.advance([1, 60, 300_000, 700_000][which % 4]),
        }

    def _order(self, name: str, which: int, money: Money) -> PayOrder:
        token = self.senders[which % len(self.senders)]
        return PayOrder(sender_token_id=token.token_id, amount=money, caller_reference=name)

    def _market(self, name: str, which: int, money: Money) -> object:
        order = PayOrder(
            sender_token_id=self.sends_to_jane.token_id,
            recipient_token_id=self.to_jane.token_id,
            amount=money,
            caller_reference=name,
            fees_paid_by=("Caller", "Recipient")[which % 2],
            fixed_fee=_usd(which * 5),
            variable_fee=Decimal(which) / 2,
        )
        act = self.bank.reserve if which % 3 == 0 else self.bank.pay
        return act(self.seller, order)

    def _settle(self, _name: str, which: int, money: Money) -> object:
        return self.bank.settle(self.seller, SettleOrder(transaction_id=self._any(which), amount=money))

    def _refund(self, name: str, which: int, money: Money) -> object:
        amount = None if money.minor < 0 else money
        about, policy = self._any(which), POLICIES[which % 3]
        order = RefundOrder(transaction_id=about, caller_reference=name, amount=amount, policy=policy)
        return self.bank.refund(self.seller, order)

    def _fund(self, name: str, _which: int, money: Money) -> object:
        order = FeedingOrder(
            sender_token_id=self.card.funding.token_id,
            instrument_id=self.card.instrument.instrument_id,
            amount=money,
            caller_reference=name,
        )
        return self.bank.prepaid.fund(self.seller, order)

    def _settle_debt(self, name: str, _which: int, money: Money) -> object:
        order = FeedingOrder(
            sender_token_id=self.line.settlement.token_id,
            instrument_id=self.line.instrument.instrument_id,
            amount=money,
            caller_reference=name,
        )
        return self.bank.debt.settle(self.seller, order)

    def _write_off(self, name: str, _which: int, money: Money) -> object:
        about = self.line.instrument.instrument_id
        order = WriteOffOrder(instrument_id=about, amount=money, caller_reference=name)
        return self.bank.debt.write_off(self.seller, order)

    def _any(self, which: int) -> str:
        made = self.bank.transactions.all()
        return made[which % len(made)].transaction_id if made else "17" + "X" * 33

    def _consent(self, method: str) -> Consent:
        return Consent(sender=JOHN, caller=SELLER, caller_reference=f"yes-{method}", method=method, at=NOW)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_the_books_agree_with_themselves(steps: list[tuple[str, int, int]]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        story.go(number, *step)
        story.audit.check()
    story.bank.advance(10**7)
    story.audit.check()
    assert not [one for one in story.bank.transactions.all() if one.is_pending or one.held]


def _everything(bank: Bank) -> list[list[object]]:
    return [list(shelf) for shelf in bank.books.shelves.values()]


def _usd(cents: int) -> Money:
    return Money(cents, "USD")
