"""A gateway over a simulated provider that keeps honest books: what moved money is written there, whatever the
provider then says, and however often it is asked.

The provider is FPS's cousin: a token pays once, a reference is answered as it was the first time.
"""

from __future__ import annotations

from collections import defaultdict
from collections import deque
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from itertools import count
from typing import TypeVar
from urllib.parse import parse_qs

from flask_fps.errors import NotSent
from flask_fps.gateways import Authorization
from flask_fps.gateways import Begun
from flask_fps.gateways import Limits
from flask_fps.gateways import Notification
from flask_fps.gateways import Standing
from flask_fps.gateways import Unreachable
from flask_fps.gateways import Verdict
from flask_fps.money import Money
from flask_fps.records import Facts
from flask_fps.records import Intent
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from tests.clock import Clock

T = TypeVar("T")

US = "the shop"
AWAY = Unreachable("It does not answer.", "start it")
TOKEN_LIFE = timedelta(hours=3)
REMEMBERED = timedelta(days=7)


@dataclass(frozen=True)
class Transaction:
    """One line of the provider's books."""

    id: str
    reference: str
    token: str
    money: Money
    recipient: str
    status: Result
    date: datetime
    #: Of money that went back: the transaction it came from.
    parent: str | None = None
    chargeback: bool = False


@dataclass
class Token:
    """What a buyer agreed to."""

    id: str
    payment: str
    given_at: datetime
    used_by: str | None = None
    cancelled: bool = False


class Provider:
    """Tokens, transactions and the references it remembers."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.tokens: dict[str, Token] = {}
        self.transactions: dict[str, Transaction] = {}
        self._first: dict[str, tuple[Mapping[str, str], str, datetime]] = {}
        self._numbers = count(1)

    def authorize(self, payment: str) -> Token:
        """The buyer agrees on the provider's pages."""
        token = Token(f"TOKEN{next(self._numbers)}", payment, self.clock.now)
        self.tokens[token.id] = token
        return token

    def execute(self, parameters: Mapping[str, str], status: Result) -> Outcome:
        """Make the transaction that a request asks for, once."""
        known = self._known(parameters)
        if known:
            return known
        reference, token = parameters["reference"], self.tokens[parameters["token"]]
        if token.used_by is not None or token.cancelled or self.clock.now >= token.given_at + TOKEN_LIFE:
            return Outcome(Result.FAILURE, code="TokenUsageError")
        number, currency = parameters["amount"].split()
        transaction = Transaction(
            f"TX{next(self._numbers)}",
            reference,
            token.id,
            Money(int(number), currency),
            US,
            status,
            self.clock.now,
        )
        self.transactions[transaction.id] = transaction
        self._first[reference] = parameters, transaction.id, self.clock.now
        if status is not Result.FAILURE:
            token.used_by = transaction.id
        return self.answer(transaction.id)

    def _known(self, parameters: Mapping[str, str]) -> Outcome | None:
        known = self._first.get(parameters["reference"])
        if known is None or self.clock.now - known[2] >= REMEMBERED:
            return None
        same = dict(known[0]) == dict(parameters)
        return self.answer(known[1]) if same else Outcome(Result.UNKNOWN, code="DuplicateRequest")

    def give_back(self, parameters: Mapping[str, str], status: Result) -> Outcome:
        """Make the refund that a request asks for, once, and never of more than is left."""
        known = self._known(parameters)
        if known:
            return known
        number, currency = parameters["amount"].split()
        money = Money(int(number), currency)
        if money.minor > self.left_of(parameters["refunds"]):
            return Outcome(Result.FAILURE, code="RefundAmountExceeded")
        outcome = self.returns(parameters["refunds"], money, parameters["reference"], status)
        assert outcome.transaction_id is not None
        self._first[parameters["reference"]] = parameters, outcome.transaction_id, self.clock.now
        return outcome

    def returns(
        self, parent: str, money: Money, reference: str = "by hand", status: Result = Result.SUCCESS, **more: bool
    ) -> Outcome:
        """Money goes back, by a request or because somebody else wants it to."""
        id = f"TX{next(self._numbers)}"
        token = self.transactions[parent].token
        self.transactions[id] = Transaction(
            id, reference, token, money, "a buyer", status, self.clock.now, parent=parent, **more
        )
        return self.answer(id)

    def left_of(self, parent: str) -> int:
        """How much of a payment was not given back."""
        back = [each for each in self.transactions.values() if each.parent == parent]
        gone = sum(each.money.minor for each in back if each.status is not Result.FAILURE)
        paid = self.transactions[parent]
        return paid.money.minor - gone if paid.status is Result.SUCCESS else 0

    def take(self, parameters: Mapping[str, str], status: Result) -> Outcome:
        """Settle a reservation, once."""
        reserved = self.transactions[parameters["of"]]
        number, currency = parameters["amount"].split()
        if reserved.status is not Result.RESERVED or int(number) > reserved.money.minor:
            return Outcome(Result.FAILURE, code="InvalidTransactionState")
        self.transactions[reserved.id] = replace(reserved, money=Money(int(number), currency), status=status)
        return self.answer(reserved.id)

    def give_up(self, parameters: Mapping[str, str], status: Result = Result.CANCELLED) -> Outcome:
        """Drop a hold."""
        reserved = self.transactions[parameters["of"]]
        if reserved.status is not Result.RESERVED:
            return Outcome(Result.FAILURE, code="InvalidTransactionState")
        self.transactions[reserved.id] = replace(reserved, status=status)
        return self.answer(reserved.id)

    def end(self, id: str, status: Result) -> None:
        """One transaction ends like this, early or late."""
        self.transactions[id] = replace(self.transactions[id], status=status)

    def answer(self, id: str) -> Outcome:
        transaction = self.transactions[id]
        return Outcome(transaction.status, transaction.id, message=transaction.status.value)

    def report(self, id: str) -> Outcome:
        """What it says of a transaction when it is asked for it."""
        if id not in self.transactions:
            return Outcome(Result.UNKNOWN, message="no such transaction", absent=True)
        transaction = self.transactions[id]
        facts = Facts(
            transaction.reference,
            transaction.money,
            transaction.recipient == US,
            gives_back=transaction.parent,
            chargeback=transaction.chargeback,
        )
        return replace(self.answer(id), facts=facts, payer="john@example.com", method="CC")

    def settle(self, status: Result = Result.SUCCESS) -> None:
        """What pends ends."""
        for id, transaction in self.transactions.items():
            if transaction.status is Result.PENDING:
                self.transactions[id] = replace(transaction, status=status)

    @property
    def moved(self) -> list[Transaction]:
        """What moved money to us."""
        done = [each for each in self.transactions.values() if each.status is Result.SUCCESS]
        return [each for each in done if each.parent is None]

    @property
    def returned(self) -> list[Transaction]:
        """What moved money back, or is about to."""
        back = [each for each in self.transactions.values() if each.parent is not None]
        return [each for each in back if each.status is not Result.FAILURE]


class ScriptedGateway:
    """The provider's wire, which does to each call what the script says; an empty script lets it through.

    For what moves money: ``success``, ``pending``, ``failure`` (recorded), ``refused``, ``refused for now`` (nothing is
    recorded), ``lost`` (done, but the answer is cut), ``lost before`` (not even done), ``not sent``, ``breaks``.
    For all others: ``lost``, ``breaks`` and, for ``release``, ``refused``.
    """

    name = "fps"
    limits = Limits(TOKEN_LIFE, REMEMBERED, timedelta(days=7), False, True, frozenset({"USD"}))

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.script: dict[str, deque[str]] = defaultdict(deque)
        #: Names of the calls, in order; of a Pay also its reference.
        self.calls: list[str] = []
        #: Run while a call is on its way, after what it does is done.
        self.meanwhile: dict[str, Callable[[], object]] = {}
        #: What it says of transactions in place of the truth.
        self.facts: Facts | None = None

    def will(self, call: str, *answers: str) -> None:
        self.script[call].extend(answers)

    def begin(self, payment: Payment) -> Begun:
        self.calls.append("begin")
        return Begun(f"https://provider.example/pay?reference={payment.reference}")

    def reachable(self) -> Unreachable | None:
        return AWAY if self._next("reachable") == "lost" else None

    def finish(self, raw_return: str, payment: Payment) -> Authorization:
        self.calls.append("finish")
        said = {name: values[0] for name, values in parse_qs(raw_return).items()}
        if self._next("finish") == "lost":
            return Authorization(Standing.COULD_NOT_TELL, detail="no answer")
        if said.get("signature") != "provider":
            return Authorization(Standing.INVALID, detail="a bad signature")
        if said["status"] in ("abandoned", "refused"):
            return Authorization(Standing(said["status"]), detail=said["status"])
        return Authorization(Standing.AUTHORIZED, said["token"], method="card")

    def freeze(self, payment: Payment, intent: Intent) -> Mapping[str, str]:
        amount = f"{intent.money.minor} {intent.money.currency}"
        if intent.kind in ("pay", "reserve"):
            return {"reference": intent.reference, "token": intent.authorization_id, "amount": amount}
        about = "refunds" if intent.kind == "refund" else "of"
        return {"reference": intent.reference, about: payment.transaction_id or "", "amount": amount}

    def pay(self, intent: Intent) -> Outcome:
        return self._move("pay", intent, Result.SUCCESS, self.provider.execute)

    def reserve(self, intent: Intent) -> Outcome:
        return self._move("reserve", intent, Result.RESERVED, self.provider.execute)

    def settle(self, intent: Intent) -> Outcome:
        return self._move("settle", intent, Result.SUCCESS, self.provider.take)

    def cancel(self, intent: Intent) -> Outcome:
        return self._move("cancel", intent, Result.CANCELLED, self.provider.give_up)

    def refund(self, intent: Intent) -> Outcome:
        return self._move("refund", intent, Result.SUCCESS, self.provider.give_back)

    def _move(
        self, call: str, intent: Intent, usual: Result, effect: Callable[[Mapping[str, str], Result], Outcome]
    ) -> Outcome:
        self.calls.append(f"{call} {intent.reference}")
        said = self._next(call) or usual.value
        if said == "not sent":
            return Outcome(Result.NOT_SENT, message="no connection")
        if said in ("lost before", "refused", "refused for now"):
            outcome = Outcome(Result.FAILURE, code="InsufficientBalance", retryable=said == "refused for now")
        else:
            outcome = effect(intent.parameters, usual if said in ("lost", "breaks") else Result(said))
        self._meanwhile(call)
        if said == "breaks":
            raise ConnectionResetError("the gateway broke")
        return Outcome(Result.UNKNOWN, message="no answer") if said.startswith("lost") else outcome

    def release(self, authorization_id: str) -> Outcome:
        self.calls.append(f"release {authorization_id}")
        said = self._next("release")
        if said != "not sent":
            self.provider.tokens[authorization_id].cancelled = True
        results = {"lost": Result.UNKNOWN, "not sent": Result.NOT_SENT, "refused": Result.FAILURE}
        return Outcome(results.get(said, Result.CANCELLED))

    def status(self, transaction_id: str) -> Outcome:
        self.calls.append(f"status {transaction_id}")
        if self._asked("status"):
            return Outcome(Result.UNKNOWN, message="no answer")
        return self._told(self.provider.report(transaction_id))

    def find(self, intent: Intent) -> Outcome:
        self.calls.append(f"find {intent.reference}")
        if self._asked("find"):
            return Outcome(Result.UNKNOWN, message="no answer")
        if "of" in intent.parameters:
            found = self._told(self.provider.report(intent.parameters["of"]))
            return Outcome(Result.UNKNOWN, message="it is still held") if found.result is Result.RESERVED else found
        for transaction in self.provider.transactions.values():
            same = transaction.reference == intent.reference
            if same if intent.kind == "refund" else transaction.token == intent.authorization_id:
                return self._told(self.provider.report(transaction.id))
        return Outcome(Result.UNKNOWN, message="nothing found", absent=True)

    def activity(self, since: datetime) -> Iterable[Outcome]:
        self.calls.append("activity")
        if self._next("activity") == "lost":
            raise NotSent("no connection")
        for transaction in self.provider.transactions.values():
            if transaction.date >= since:
                untold = Outcome(Result.UNKNOWN, transaction.id, message="no answer")
                yield untold if self._next("line") == "lost" else self._told(self.provider.report(transaction.id))

    def recover(self, payment: Payment) -> Authorization:
        self.calls.append("recover")
        if self._asked("recover"):
            return Authorization(Standing.COULD_NOT_TELL, detail="no answer")
        for token in self.provider.tokens.values():
            if token.payment == payment.reference:
                return Authorization(Standing.AUTHORIZED, token.id, given_at=token.given_at)
        return Authorization(Standing.ABANDONED, detail="no token")

    def notification(self, body: bytes, headers: Mapping[str, str], url: str) -> Notification:
        self.calls.append("notification")
        said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if self._next("notification") == "lost":
            return Notification(Verdict.COULD_NOT_TELL, detail="no answer")
        if said.get("signature") != "provider":
            return Notification(Verdict.INVALID, detail="a bad signature")
        return Notification(
            Verdict.VALID, said.get("reference"), transaction_id=said.get("transaction"), parent=said.get("parent")
        )

    def _next(self, call: str) -> str:
        return self.script[call].popleft() if self.script[call] else ""

    def _asked(self, call: str) -> bool:
        """Is there no answer?"""
        said = self._next(call)
        self._meanwhile(call)
        if said == "breaks":
            raise ConnectionResetError("the gateway broke")
        return said == "lost"

    def _meanwhile(self, call: str) -> None:
        happens = self.meanwhile.pop(call, None)
        if happens is not None:
            happens()

    def _told(self, outcome: Outcome) -> Outcome:
        return replace(outcome, facts=self.facts) if self.facts is not None else outcome
