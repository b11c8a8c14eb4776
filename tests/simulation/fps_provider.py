"""A provider of FPS's shape, in memory, with books of its own: what its documents leave open is drawn.

It speaks the messages of FPS's protocol, so that the real gateway stands before it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from flask_fps.errors import ServiceError
from flask_fps.money import Money
from flask_fps.protocol import messages
from flask_fps.protocol.codes import retryable

TOKEN_LIFE = timedelta(hours=3)
REFERENCE_LIFE = timedelta(days=7)
HOLD_LIFE = timedelta(days=7)
#: A request whose timestamp is older is not looked at.
REQUEST_LIFE = timedelta(minutes=15)
SHOP = "shop@fps.example"
STATUS = {"ABT": "SA", "ACH": "SB", "CC": "SC"}


@dataclass(kw_only=True)
class Token:
    id: str
    reference: str
    money: Money
    method: str
    given_at: datetime
    cancelled: bool = False
    used_by: str | None = None


@dataclass(kw_only=True)
class Movement:
    """One transaction."""

    id: str
    reference: str
    token: Token
    money: Money
    at: datetime
    #: ``Success``, ``Pending``, ``Reserved``, ``Cancelled`` or ``Failure``.
    status: str
    #: ``Pay``, ``Reserve``, ``Settle`` or ``Refund``.
    operation: str
    #: Where its caller wants to be told of it.
    notify_url: str
    #: Of a refund: what it gives back.
    parent: Movement | None = None


@dataclass
class Known:
    """What is remembered of a reference."""

    parameters: Mapping[str, str]
    at: datetime
    answer: Any = None
    flying: bool = True


@dataclass
class Rules:
    """The documents' silences."""

    #: The same reference while its first request is under way: ``wait``, or the code of an error.
    in_flight: str = "wait"
    #: The same reference after its request was done: ``replay`` (that is documented), or the code of an error.
    done_reference: str = "replay"
    #: The same reference after an error: ``forget``, ``replay``, or the code of an error.
    failed_reference: str = "forget"
    used_token: str = "TokenUsageError"
    expired_token: str = "IncompatibleTokens"
    #: Is a transaction in the account's activity as soon as it is made, or only after a while?
    activity_delay: timedelta = timedelta(0)


@dataclass
class FPSProvider:
    clock: Callable[[], datetime]
    rules: Rules = field(default_factory=Rules)
    tokens: list[Token] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    #: By action and reference.
    references: dict[tuple[str, str], Known] = field(default_factory=dict)
    #: Codes that the next payments are refused with.
    refusals: list[str] = field(default_factory=list)
    #: ``tell(movement)``: its caller is to learn where it stands.
    tell: Callable[[Movement], None] = lambda movement: None
    _numbers: Any = field(default_factory=lambda: count(1))

    # What moves money, in two steps: a request is under way between them

    def arrive(self, action: str, parameters: Mapping[str, str]) -> Any:
        """The request is there; an answer, if nothing has to be done for it.

        :raises ServiceError: refused at once.
        """
        if "CallerReference" not in parameters:
            return None
        name = action, parameters["CallerReference"]
        known = self.references.get(name)
        if known is None or self.clock() >= known.at + REFERENCE_LIFE:
            self.references[name] = Known(parameters, self.clock())
            return None
        if dict(known.parameters) != dict(parameters):
            raise _error("DuplicateRequest")
        if known.flying:
            if self.rules.in_flight != "wait":
                raise _error(self.rules.in_flight)
            return self.finish(action, parameters)
        return self._answered(known)

    def _answered(self, known: Known) -> Any:
        if not isinstance(known.answer, ServiceError):
            if self.rules.done_reference != "replay":
                raise _error(self.rules.done_reference)
            return known.answer
        if self.rules.failed_reference == "forget":
            known.flying = True
            return None
        raise known.answer if self.rules.failed_reference == "replay" else _error(self.rules.failed_reference)

    def finish(self, action: str, parameters: Mapping[str, str]) -> Any:
        """What was asked for happens, unless it has happened meanwhile."""
        if "CallerReference" not in parameters:
            return self._do(action, parameters)
        known = self.references[action, parameters["CallerReference"]]
        if known.flying:
            known.flying = False
            try:
                known.answer = self._do(action, parameters)
            except ServiceError as error:
                known.answer = error
        if isinstance(known.answer, ServiceError):
            raise known.answer
        assert known.answer is not None
        return known.answer

    def _do(self, action: str, parameters: Mapping[str, str]) -> messages.PayResult:
        self.lapse()
        acts = {"Pay": self._pay, "Reserve": self._pay, "Settle": self._settle, "Cancel": self._drop}
        movement = self._refund(parameters) if action == "Refund" else acts[action](parameters, action)
        self.tell(movement)
        return messages.PayResult(movement.id, movement.status)

    def _pay(self, parameters: Mapping[str, str], action: str) -> Movement:
        token = self.token(parameters["SenderTokenId"])
        money = _asked(parameters, "TransactionAmount")
        if token.cancelled:
            raise _error("TokenNotActive_Sender")
        if token.used_by is not None:
            raise _error(self.rules.used_token)
        if self.clock() >= token.given_at + TOKEN_LIFE:
            raise _error(self.rules.expired_token)
        if money.currency != token.money.currency or money.minor > token.money.minor:
            raise _error("IncompatibleTokens")
        if self.refusals:
            raise _error(self.refusals.pop(0))
        at_once = "Reserved" if action == "Reserve" else "Success"
        movement = self._record(action, token, money, at_once if token.method == "ABT" else "Pending", parameters)
        token.used_by = movement.id
        return movement

    def _settle(self, parameters: Mapping[str, str], action: str) -> Movement:
        movement = self.movement(parameters["ReserveTransactionId"])
        money = _asked(parameters, "TransactionAmount")
        if (movement.operation, movement.status) != ("Reserve", "Reserved"):
            raise _error("InvalidTransactionState")
        if money.minor > movement.money.minor:
            raise _error("SettleAmountGreaterThanReserveAmount")
        if self.refusals:
            raise _error(self.refusals.pop(0))
        movement.operation, movement.money = "Settle", money
        movement.status = "Success" if movement.token.method == "ABT" else "Pending"
        return movement

    def _drop(self, parameters: Mapping[str, str], action: str) -> Movement:
        movement = self.movement(parameters["TransactionId"])
        if movement.status != "Reserved":
            raise _error("InvalidTransactionState")
        movement.status = "Cancelled"
        return movement

    def _refund(self, parameters: Mapping[str, str]) -> Movement:
        paid, money = self.movement(parameters["TransactionId"]), _asked(parameters, "RefundAmount")
        if paid.status != "Success":
            raise _error("OriginalTransactionIncomplete")
        if money.minor > self.left_of(paid):
            raise _error("RefundAmountExceeded")
        if self.refusals:
            raise _error(self.refusals.pop(0))
        return self.give_back(paid, money, parameters)

    def give_back(self, paid: Movement, money: Money, parameters: Mapping[str, str]) -> Movement:
        """By a request, or by hand."""
        return self._record("Refund", paid.token, money, "Pending", parameters, parent=paid)

    def left_of(self, paid: Movement) -> int:
        """How much of it was not given back."""
        back = [each for each in self.movements if each.parent is paid and each.status != "Failure"]
        return paid.money.minor - sum(each.money.minor for each in back)

    def _record(
        self,
        operation: str,
        token: Token,
        money: Money,
        status: str,
        parameters: Mapping[str, str],
        parent: Movement | None = None,
    ) -> Movement:
        movement = Movement(
            id=f"TX{next(self._numbers):033d}",
            reference=parameters["CallerReference"],
            token=token,
            money=money,
            at=self.clock(),
            status=status,
            operation=operation,
            notify_url=parameters["OverrideIPNURL"],
            parent=parent,
        )
        self.movements.append(movement)
        return movement

    def lapse(self) -> None:
        """Nobody has settled it in seven days."""
        for movement in self.movements:
            if movement.status == "Reserved" and self.clock() >= movement.at + HOLD_LIFE:
                movement.status = "Cancelled"
                self.tell(movement)

    # Everything else

    def ask(self, message: messages.Message[Any]) -> Any:
        """:raises ServiceError: with FPS's codes."""
        self.lapse()
        if isinstance(message, messages.GetTransaction):
            return messages.GetTransactionResult(self._detail(self.movement(message.transaction_id)))
        if isinstance(message, messages.GetAccountActivity):
            return self._activity(message.start_date)
        if isinstance(message, messages.GetTokenByCaller):
            return messages.GetTokenByCallerResult(self._by_reference(message.caller_reference or ""))
        assert isinstance(message, messages.CancelToken), message
        return self._cancel(self.token(message.token_id))

    def token(self, id: str) -> Token:
        return next(each for each in self.tokens if each.id == id)

    def movement(self, id: str) -> Movement:
        found = next((each for each in self.movements if each.id == id), None)
        if found is None:
            raise _error("InvalidTransactionId")
        return found

    def _activity(self, since: datetime) -> messages.GetAccountActivityResult:
        until = self.clock() - self.rules.activity_delay
        found = tuple(_line(each) for each in self.movements if since <= each.at <= until)
        return messages.GetAccountActivityResult(batch_size=len(found), transactions=found)

    def _by_reference(self, reference: str) -> messages.Token:
        found = next((each for each in self.tokens if each.reference == reference), None)
        if found is None:
            raise _error("InvalidCallerReference")
        usable = found.used_by is None and not found.cancelled and self.clock() < found.given_at + TOKEN_LIFE
        return messages.Token(
            token_id=found.id,
            token_status="Active" if usable else "Inactive",
            date_installed=found.given_at,
            caller_reference=reference,
            token_type="SingleUse",
        )

    def _cancel(self, token: Token) -> None:
        if token.cancelled or token.used_by is not None or self.clock() >= token.given_at + TOKEN_LIFE:
            raise _error("TokenNotActive")
        token.cancelled = True

    def _detail(self, movement: Movement) -> messages.TransactionDetail:
        return messages.TransactionDetail(
            transaction_id=movement.id,
            caller_reference=movement.reference,
            date_received=movement.at,
            transaction_amount=_amount(movement.money),
            fps_fees=_amount(Money(0, "USD")),
            fps_fees_paid_by="Recipient",
            fps_operation=movement.operation,
            payment_method=movement.token.method,
            transaction_status=movement.status,
            sender_email="john@example.com" if movement.parent is None else SHOP,
            caller_name="Shop",
            recipient_email=SHOP if movement.parent is None else "john@example.com",
            related_transaction=_related(movement),
        )

    # What buyers do, and what time does

    def approve(self, reference: str, money: Money, method: str) -> Token:
        """The token of this reference; a run that has ended makes no second one."""
        token = Token(
            id=f"T{next(self._numbers):063d}",
            reference=reference,
            money=money,
            method=method,
            given_at=self.clock(),
        )
        self.tokens.append(token)
        return token

    def end(self, movement: Movement, status: str) -> None:
        """What pends ends; a refund may fail long after it seemed to be done."""
        reserved = movement.operation == "Reserve" and status == "Success"
        movement.status = "Reserved" if reserved else status
        self.tell(movement)


def _error(code: str) -> ServiceError:
    status = 500 if code in ("InternalError", "ServiceUnavailable") else 400
    return ServiceError(code, code, http_status=status, retryable=retryable(code))


def _asked(parameters: Mapping[str, str], name: str) -> Money:
    return Money.parse(Decimal(parameters[f"{name}.Value"]), parameters[f"{name}.CurrencyCode"])


def _related(movement: Movement) -> tuple[messages.RelatedTransaction, ...]:
    if movement.parent is None:
        return ()
    return (messages.RelatedTransaction(transaction_id=movement.parent.id, relation_type="Parent"),)


def _amount(money: Money) -> messages.Amount:
    return messages.Amount(money.decimal, money.currency)


def _line(movement: Movement) -> messages.Transaction:
    return messages.Transaction(
        transaction_id=movement.id,
        caller_transaction_date=movement.at,
        date_received=movement.at,
        transaction_amount=_amount(movement.money),
        fps_operation=movement.operation,
        transaction_status=movement.status,
        original_transaction_id=movement.parent.id if movement.parent else None,
        payment_method=movement.token.method,
        caller_name="Shop",
        fps_fees=_amount(Money(0, "USD")),
        balance=_amount(Money(0, "USD")),
        sender_token_id=movement.token.id if movement.parent is None else None,
    )
