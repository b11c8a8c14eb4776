"""GateKeeper: the little language in which an account says what a token of its own is good for.

::

    MyRole == 'Recipient' orSay 'Roles do not match';
    PaymentMethod in 'abt, ach, cc';

A text is a list of statements, each ended by ``;``; all must hold when the token is used. The full grammar
of FPS is lost; this is what its guides and the clients of the time wrote. Upper and lower case are one
everywhere, as in FPS's own parser, whose complaints print a token in lower case.

FPS developer guide 2007-01-08, *Using Tokens for Payments*, *Refunds*, *InstallPaymentInstruction*.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from operator import ge
from operator import gt
from operator import le
from operator import lt
from operator import ne
from typing import NamedTuple
from typing import NoReturn

from .errors import BankError
from .errors import incompatible

ROLES = ("Caller", "Recipient", "Sender")
OPERATIONS = (
    "Pay",
    "Refund",
    "Settle",
    "SettleDebt",
    "WriteOffDebt",
    "FundPrepaid",
    "DepositFunds",
    "WithdrawFunds",
    "Reserve",
)
PAYMENT_METHODS = ("ABT", "ACH", "CC", "Debt", "Prepaid")
#: The names a statement can be about, and what they may be compared with.
NAMES = {"myrole": ROLES, "operationtype": OPERATIONS, "paymentmethod": PAYMENT_METHODS}
#: The use case of 2007 writes ``ba`` for a bank account.
_ALIASES = {"ba": "ach"}
#: Signs that compare texts, in lower case and by the alphabet.
COMPARED: Mapping[str, Callable[[str, str], bool]] = {"!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_SIGNS = ("==", "=", "in", *COMPARED)

_TOKEN = re.compile(
    r"""\s+|(?P<word>[a-z][a-z0-9_]*)|'(?P<text>[^']*)'|(?P<sign>==|!=|<=|>=|[=<>;])|(?P<other>.)""",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)


@dataclass(frozen=True)
class Situation:
    """What a token is used for."""

    #: The role it plays, one of :data:`ROLES`.
    role: str
    #: One of :data:`OPERATIONS`.
    operation: str
    #: One of :data:`PAYMENT_METHODS`.
    payment_method: str

    def value(self, name: str) -> str:
        known = {"myrole": self.role, "operationtype": self.operation, "paymentmethod": self.payment_method}
        return known[name].lower()


@dataclass(frozen=True)
class Statement:
    """One condition."""

    #: A key of :data:`NAMES`.
    name: str
    #: In lower case.
    values: tuple[str, ...]
    #: ``in`` (``==`` of one) or a key of :data:`COMPARED`.
    sign: str = "in"
    #: What a use against it is refused with.
    or_say: str | None = None

    def holds(self, situation: Situation) -> bool:
        value = situation.value(self.name)
        return value in self.values if self.sign == "in" else COMPARED[self.sign](value, self.values[0])


@dataclass(frozen=True)
class Instruction:
    """A whole text, read."""

    statements: tuple[Statement, ...]

    def check(self, situation: Situation) -> None:
        """:raises BankError: IncompatibleTokens with the words of the first statement that does not hold."""
        for statement in self.statements:
            if not statement.holds(situation):
                raise incompatible(statement.or_say or f"Assertion Failed for {situation.role}")

    def allows(self, situation: Situation) -> bool:
        """Would :meth:`check` let it pass?"""
        return all(statement.holds(situation) for statement in self.statements)


def parse(text: str) -> Instruction:
    """Read an instruction.

    :raises BankError: BadRule where it is none; InvalidPaymentMethod and PaymentMethodNotDefined for what it
        says of payment methods.
    """
    return _Parser(text).instruction()


# ------------------------------------------------------------------------------------ reading


class Token(NamedTuple):
    """A piece of the text."""

    #: ``word``, ``text`` (without its quotes), ``sign``, ``other`` or ``end``.
    kind: str
    value: str
    offset: int

    def says(self, word: str) -> bool:
        return self.kind in ("word", "sign") and self.value.lower() == word


class _Parser:
    """One pass over a text: the first thing that does not fit ends it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def instruction(self) -> Instruction:
        statements = [self._statement()]
        while self._next.kind != "end":
            statements.append(self._statement())
        return Instruction(tuple(statements))

    def _statement(self) -> Statement:
        name, values, sign = self._condition()
        or_say = None
        if self._next.says("orsay"):
            self._take()
            or_say = self._string()
        if not self._take().says(";"):
            self._unexpected(self._taken, wanted=";")
        return Statement(name, values, sign, or_say)

    def _condition(self) -> tuple[str, tuple[str, ...], str]:
        """FPS saw that the word after a name is no operator before it minded the name."""
        subject, operator = self._take(), self._take()
        if subject.kind != "word":
            self._unexpected(subject)
        if not any(operator.says(sign) for sign in _SIGNS):
            self._unexpected(operator)
        name = subject.value.lower()
        if name not in NAMES:
            self._unexpected(subject)
        written = self._string()
        values = self._values(name, written.split(",") if operator.says("in") else [written])
        return name, values, operator.value if operator.value in COMPARED else "in"

    def _values(self, name: str, written: list[str]) -> tuple[str, ...]:
        values = [each.strip().lower() for each in written]
        known = {each.lower() for each in NAMES[name]}
        found = tuple(_ALIASES.get(each, each) for each in values)
        unknown = next((each for each in found if each not in known), None)
        if unknown is None:
            return found
        if name != "paymentmethod":
            self._unexpected(self._taken)
        if not unknown:
            raise BankError("PaymentMethodNotDefined", "The payment instruction names no payment method.")
        raise BankError("InvalidPaymentMethod", f"The payment method {unknown:.64} is not valid.")

    def _string(self) -> str:
        found = self._take()
        if found.kind != "text":
            self._unexpected(found)
        return found.value

    def _take(self) -> Token:
        self._taken = self._next
        self._next = next(self._tokens, self._taken)
        return self._taken

    def _unexpected(self, found: Token, *, wanted: str = "'") -> NoReturn:
        """The captured complaints: where it went wrong, and that the text it wanted never came."""
        missing = f"expecting '{wanted}', found '<EOF>'"
        if found.kind == "end" or found.value == "'":
            raise bad_rule(missing)
        line = self._text.count("\n", 0, found.offset) + 1
        column = found.offset - self._text.rfind("\n", 0, found.offset)
        comes = found.kind == "text" or wanted in self._text[found.offset :]
        complaint = f"line {line}:{column}: unexpected token: {found.value.lower():.64}"
        raise bad_rule(complaint) if comes else bad_rule(complaint, missing)


def bad_rule(*complaints: str) -> BankError:
    """An instruction that cannot be read; FPS told every complaint by itself."""
    first, *others = (f"Parse errors: {complaint}" for complaint in complaints)
    return BankError("BadRule", first, others)


def _tokens(text: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        if found.lastgroup is not None:
            yield Token(found.lastgroup, found[found.lastgroup], found.start())
    yield Token("end", "", len(text))
